/** The bank as one value: its deciders, and everything that reacts to their events. */
import { type AnyModule, defineSystem } from 'decidable';
import { account } from './account.ts';
import { balances } from './balances.ts';
import { receiptsIn } from './receipts.ts';
import { statements } from './statements.ts';
import { transfer } from './transfer.ts';
import { transferProcess } from './transfer-process.ts';

/** The default folder of the receipts, relative to the current folder. */
export const RECEIPTS_FOLDER = 'receipts';

export const bank = defineSystem({
  name: 'bank',
  deciders: [account, transfer],
  processManagers: [transferProcess],
  readModels: [balances, statements],
  reactors: [receiptsIn(RECEIPTS_FOLDER)],
});

/**
 * Returns the same bank with another module for the accounts, such as a component, and another folder for the receipts.
 */
export function bankWith<const Accounts extends AnyModule>(accounts: Accounts, receiptsFolder: string) {
  const { name, processManagers, readModels } = bank;
  return defineSystem({
    name,
    deciders: [accounts, transfer],
    processManagers,
    readModels,
    reactors: [receiptsIn(receiptsFolder)],
  });
}

/** A running bank, with any module for the accounts. */
export type RunningBank = Awaited<ReturnType<ReturnType<typeof bankWith<AnyModule>>['start']>>;
