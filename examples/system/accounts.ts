/** A read model of the accounts, which `components/projector` can replace. A document is the state of an account. */
import { defineProjector } from 'decidable';
import { Account, account } from '../bank/account.ts';

export const accounts = defineProjector({
  name: 'system.accounts',
  version: '1.0.0',
  state: Account,
  events: account.events,
  key: (event) => event.data.accountId,
  initialState: { status: 'none', owner: '', balance: 0 },
  project: {
    AccountOpened: (document, { owner }) => {
      document.status = 'open';
      document.owner = owner;
    },
    Deposited: (document, { amount }) => {
      document.balance += amount;
    },
    Withdrawn: (document, { amount }) => {
      document.balance -= amount;
    },
    AccountClosed: (document) => {
      document.status = 'closed';
    },
  },
});
