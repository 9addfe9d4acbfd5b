import { defineProjector } from 'decidable';
import { z } from 'zod';
import { account } from './transfers.ts';

/** A read model that sums the deposits of each account. @param counted returns the number that an amount adds. */
export function sumsOf(counted: (amount: number) => number) {
  return defineProjector({
    name: 'sums',
    version: '1',
    state: z.object({ sum: z.int() }),
    events: { Deposited: account.events.Deposited },
    key: ({ data }) => data.accountId,
    initialState: { sum: 0 },
    project: {
      Deposited: (document, { amount }) => {
        document.sum += counted(amount);
      },
    },
  });
}
