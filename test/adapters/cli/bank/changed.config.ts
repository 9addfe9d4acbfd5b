/** The bank with balances whose code has changed and whose version has not. */
import { defineProjector, defineSystem } from 'decidable';
import { z } from 'zod';
import { account, transfer, transfers } from '../../../core/processors/transfers.ts';

const { Opened, Deposited, Withdrawn } = account.events;

const balances = defineProjector({
  name: 'balances',
  version: '1',
  state: z.object({ balance: z.int() }),
  events: { Opened, Deposited, Withdrawn },
  key: ({ data }) => data.accountId,
  initialState: { balance: 0 },
  project: {
    Opened: () => undefined,
    Deposited: (document, data) => {
      document.balance += 100 * data.amount;
    },
    Withdrawn: (document, data) => {
      document.balance -= 100 * data.amount;
    },
  },
});

export default defineSystem({
  name: 'bank',
  deciders: [account, transfer],
  processManagers: [transfers],
  readModels: [balances],
});
