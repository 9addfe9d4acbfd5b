/** The bank of the processor tests, with a table and with reactors that fail or hang on demand. */
import { defineReactor, defineSystem } from 'decidable';
import { defineTables } from 'decidable/tables';
import type { Kysely } from 'kysely';
import { account, balances, transfer, transfers } from '../../../core/processors/transfers.ts';

interface Statements {
  statements: { account: string; amount: number };
}

const statements = defineTables({
  name: 'statements',
  version: '1',
  events: { Deposited: account.events.Deposited },
  create: (db: Kysely<Statements>) => [
    db.schema
      .createTable('statements')
      .addColumn('account', 'text', (column) => column.notNull())
      .addColumn('amount', 'integer', (column) => column.notNull()),
  ],
  handle: {
    Deposited: ({ insert }, { accountId, amount }) => insert('statements', { account: accountId, amount }),
  },
});

/** A deposit of this amount cannot be processed. */
const POISON = 13;
/** The reaction to a deposit of this amount ends after the next Ctrl-C. */
const UNTIL_SIGNAL = 98;
/** The reaction to a deposit of this amount never ends by itself. */
const ENDLESS = 99;

const receipts = defineReactor({
  name: 'receipts',
  version: '1',
  events: { Deposited: account.events.Deposited },
  react: {
    Deposited: async ({ amount }) => {
      if (amount === POISON && process.env['RECEIPTS'] !== 'mended') throw new Error('no receipt for 13');
      if (amount !== ENDLESS && amount !== UNTIL_SIGNAL) return;
      const signal = new Promise<unknown>((resolve) => process.once('SIGINT', resolve));
      console.log('{"event":"reacting"}');
      await (amount === ENDLESS ? new Promise(() => {}) : signal);
    },
  },
});

export const bank = defineSystem({
  name: 'bank',
  deciders: [account, transfer],
  processManagers: [transfers],
  readModels: [balances, statements],
  reactors: [receipts],
});
