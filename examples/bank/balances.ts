/** The balances: a read model of documents, one for each account. */
import { defineProjector } from 'decidable';
import { z } from 'zod';
import { account } from './account.ts';

export const Balance = z.object({ owner: z.string(), balance: z.int(), open: z.boolean() });
export type Balance = z.infer<typeof Balance>;

export const balances = defineProjector({
  name: 'bank.balances',
  version: '1.0.0',
  state: Balance,
  events: account.events,
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
