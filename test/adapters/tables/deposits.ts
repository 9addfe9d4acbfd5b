/** Deposits to two accounts, and the context of an event, for the tests of table read models. */
import type { EventContext } from 'decidable';
import { account } from '../../core/processors/transfers.ts';

const { Open, Deposit } = account.commands;

/** Opens the accounts a and b, and deposits 5 and 7 to a, 13 and 2 to b. */
export async function fill(running: {
  dispatch(command: ReturnType<typeof Open> | ReturnType<typeof Deposit>): Promise<unknown>;
}): Promise<void> {
  for (const accountId of ['a', 'b']) await running.dispatch(Open({ accountId }));
  for (const [accountId, amount] of [
    ['a', 5],
    ['b', 13],
    ['a', 7],
    ['b', 2],
  ] as const) {
    await running.dispatch(Deposit({ accountId, amount }));
  }
}

/** The context of an event whose statements a test compares. */
export const CONTEXT: EventContext = {
  id: '018f4d1e-7a2b-5c3d-8e4f-5a6b7c8d9e10',
  stream: 'account-a',
  revision: 0n,
  position: 9n,
  recordedAt: 0n,
  correlationId: '',
  causationId: '',
};
