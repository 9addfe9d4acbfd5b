/**
 * A process manager of transfers, which `components/event-handler` can replace. A withdrawal whose transfer id is
 * `<id> to <account>` is deposited to that account. If the account refuses it, the money returns to its source.
 */
import { defineEventHandler, dispatchCommand, endProcess } from 'decidable';
import { z } from 'zod';
import { account } from '../bank/account.ts';

const { Withdrawn, Deposited } = account.events;
const { Deposit } = account.commands;

const SEPARATOR = ' to ';

export const transfers = defineEventHandler({
  name: 'system.transfers',
  version: '1.0.0',
  state: z.object({
    amount: z.int(),
    from: z.string(),
    /** The number of deposits that were refused: by the target, and then by the source. */
    refusals: z.int(),
  }),
  events: { Withdrawn, Deposited },
  commands: { Deposit },
  key: ({ data: { transferId } }) => (transferId?.includes(SEPARATOR) ? transferId : undefined),
  initialState: { amount: 0, from: '', refusals: 0 },
  evolve: {
    Withdrawn: (state, { accountId, amount }) => {
      Object.assign(state, { amount, from: accountId });
    },
  },
  handle: {
    Withdrawn: (_state, { amount, transferId = '' }) => [
      dispatchCommand(Deposit({ accountId: targetOf(transferId), amount, transferId })),
    ],
    Deposited: () => [endProcess()],
  },
  rejected: {
    Deposit: {
      evolve: (state) => {
        state.refusals += 1;
      },
      handle: ({ amount, from, refusals }, { data }) => {
        if (refusals > 1) return [endProcess()];
        return [dispatchCommand(Deposit({ ...data, accountId: from, amount }))];
      },
    },
  },
});

function targetOf(transferId: string): string {
  return transferId.slice(transferId.indexOf(SEPARATOR) + SEPARATOR.length);
}
