/** The bank as one value: its deciders, and everything that reacts to their events. */
import { type CommandHandler, defineSystem } from 'decidable';
import { account } from './account.ts';
import { balances } from './balances.ts';
import { receiptsIn } from './receipts.ts';
import { statements } from './statements.ts';
import { transfer } from './transfer.ts';
import { transferProcess } from './transfer-process.ts';

/** The folder of the receipts by default, in the current folder. */
export const RECEIPTS_FOLDER = 'receipts';

export const bank = defineSystem({
  name: 'bank',
  deciders: [account, transfer],
  processManagers: [transferProcess],
  readModels: [balances, statements],
  reactors: [receiptsIn(RECEIPTS_FOLDER)],
});

/** A module that decides what `account` decides, in whatever language it is written. */
export type AccountModule = CommandHandler<unknown, unknown, unknown>;

/** The same bank with another module for the accounts, and another folder for the receipts. */
export function bankWith(accounts: AccountModule, receiptsFolder: string) {
  const { name, processManagers, readModels } = bank;
  return defineSystem({
    name,
    deciders: [accounts, transfer],
    processManagers,
    readModels,
    reactors: [receiptsIn(receiptsFolder)],
  });
}

/** A bank that runs. */
export type RunningBank = Awaited<ReturnType<ReturnType<typeof bankWith>['start']>>;
