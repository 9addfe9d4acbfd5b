/** The read model of the bank: one document for each account, folded from all events of the store. */
import assert from 'node:assert/strict';
import { defineProjector, type EventStore, type ModuleEventSourcer, readPages } from 'decidable';
import { z } from 'zod';
import { AccountClosed, AccountOpened, account, Deposited, Withdrawn } from './account.ts';

export const Balance = z.object({ owner: z.string(), balance: z.int(), open: z.boolean() });
export type Balance = z.infer<typeof Balance>;

export const balances = defineProjector({
  name: 'bank.balances',
  version: '1.0.0',
  state: Balance,
  events: { AccountOpened, Deposited, Withdrawn, AccountClosed },
  key: (event) => event.data.accountId,
  initialState: { owner: '', balance: 0, open: false },
  project: {
    AccountOpened: (document, { owner }) => {
      document.owner = owner;
      document.open = true;
    },
    Deposited: (document, { amount }) => {
      document.balance += amount;
    },
    Withdrawn: (document, { amount }) => {
      document.balance -= amount;
    },
    AccountClosed: (document) => {
      document.open = false;
    },
  },
});

export interface Ledger {
  /** The balances by account id. */
  readonly accounts: ReadonlyMap<string, Balance>;
  /** The number of events that were folded. */
  readonly events: number;
}

/** Folds all events of the accounts. */
export async function readLedger(store: EventStore): Promise<Ledger> {
  const { types, projector } = balances;
  const accounts = new Map<string, Balance>();
  let events = 0;
  for await (const page of readPages(store, { categories: ['account'] })) {
    for (const { event: envelope, context } of page) {
      const event = types.event.fromEnvelope(envelope);
      const key = projector.key(event);
      if (key === undefined) continue;
      const next = projector.project(accounts.get(key) ?? projector.initialState(), event, context);
      if (next === undefined) accounts.delete(key);
      else accounts.set(key, next);
    }
    events += page.length;
  }
  return { accounts, events };
}

/**
 * Compares the read model with the states of the decider. The first was folded from all events of the store, the second from
 * each stream, and both must agree on every account.
 */
export async function checkBalances(
  { accounts }: Ledger,
  sourcer: Pick<ModuleEventSourcer<never>, 'readState'>,
): Promise<void> {
  for (const [id, { balance, open }] of accounts) {
    const folded = await sourcer.readState(`account-${id}`);
    const state = account.types.state.fromBytes(folded.state);
    assert.deepEqual({ balance: state.balance, open: state.status === 'open' }, { balance, open }, `account ${id}`);
  }
}
