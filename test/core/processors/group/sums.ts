/** A system whose read model sums deposits, for groups of real processes. */
import { defineProjector, defineSystem } from 'decidable';
import { z } from 'zod';
import { account } from '../transfers.ts';

/** Called before a deposit is added. */
type OnDeposit = (deposit: { readonly accountId: string; readonly amount: number }) => void;

export function sumsOf(onDeposit: OnDeposit = () => undefined) {
  const sums = defineProjector({
    name: 'sums',
    version: '1',
    state: z.object({ sum: z.int(), deposits: z.int() }),
    events: { Deposited: account.events.Deposited },
    key: ({ data }) => data.accountId,
    initialState: { sum: 0, deposits: 0 },
    project: {
      Deposited: (document, deposit) => {
        onDeposit(deposit);
        document.sum += deposit.amount;
        document.deposits++;
      },
    },
  });
  return { sums, system: defineSystem({ name: 'sums', deciders: [account], readModels: [sums] }) };
}
