/** The statements: a read model of two tables, for questions that concern many accounts. */
import { defineTables } from 'decidable/tables';
import type { Kysely } from 'kysely';
import { account } from './account.ts';
import { transfer } from './transfer.ts';
import { transferOf } from './transfer-process.ts';

export interface Statements {
  /** A line for each event of an account. */
  lines: {
    account_id: string;
    /** The place of the line in the account's statement, from 0. */
    number: number;
    text: 'opened' | 'deposit' | 'withdrawal' | 'closed';
    amount: number;
    /** The transfer to which the line belongs. */
    transfer_id: string | null;
    recorded_at: number;
  };
  transfers: {
    transfer_id: string;
    source: string;
    target: string;
    amount: number;
    status: 'requested' | 'completed' | 'compensated' | 'refused' | 'held';
    /** Why it was not completed. */
    reason: string | null;
  };
}

type Line = Omit<Statements['lines'], 'number' | 'recorded_at'>;

export const statements = defineTables({
  name: 'bank.statements',
  version: '1.0.0',
  events: { ...account.events, ...transfer.events },

  create: (db: Kysely<Statements>) => [
    db.schema
      .createTable('lines')
      .addColumn('account_id', 'text', (column) => column.notNull())
      .addColumn('number', 'integer', (column) => column.notNull())
      .addColumn('text', 'text', (column) => column.notNull())
      .addColumn('amount', 'integer', (column) => column.notNull())
      .addColumn('transfer_id', 'text')
      .addColumn('recorded_at', 'integer', (column) => column.notNull())
      .addPrimaryKeyConstraint('lines_key', ['account_id', 'number']),
    db.schema
      .createTable('transfers')
      .addColumn('transfer_id', 'text', (column) => column.primaryKey())
      .addColumn('source', 'text', (column) => column.notNull())
      .addColumn('target', 'text', (column) => column.notNull())
      .addColumn('amount', 'integer', (column) => column.notNull())
      .addColumn('status', 'text', (column) => column.notNull())
      .addColumn('reason', 'text'),
  ],

  handle: {
    AccountOpened: (db, { accountId }, context) =>
      insertLine(db, { account_id: accountId, text: 'opened', amount: 0, transfer_id: null }, context),
    Deposited: (db, data, context) =>
      insertLine(
        db,
        { account_id: data.accountId, text: 'deposit', amount: data.amount, transfer_id: transferOf(data) ?? null },
        context,
      ),
    Withdrawn: (db, data, context) =>
      insertLine(
        db,
        { account_id: data.accountId, text: 'withdrawal', amount: data.amount, transfer_id: transferOf(data) ?? null },
        context,
      ),
    AccountClosed: (db, { accountId }, context) =>
      insertLine(db, { account_id: accountId, text: 'closed', amount: 0, transfer_id: null }, context),

    TransferRequested: (db, { transferId, from, to, amount }) =>
      db
        .insertInto('transfers')
        .values({ transfer_id: transferId, source: from, target: to, amount, status: 'requested', reason: null }),
    TransferCompleted: (db, { transferId }) => setStatus(db, transferId, 'completed', null),
    TransferCompensated: (db, { transferId, reason }) => setStatus(db, transferId, 'compensated', reason),
    TransferRefused: (db, { transferId, reason }) => setStatus(db, transferId, 'refused', reason),
    TransferHeld: (db, { transferId, reason }) => setStatus(db, transferId, 'held', reason),
  },
});

/** The revision of the event is the number of the line, because each event of an account is one line. */
function insertLine(
  db: Kysely<Statements>,
  line: Line,
  { revision, recordedAt }: { readonly revision: bigint; readonly recordedAt: bigint },
) {
  return db.insertInto('lines').values({ ...line, number: Number(revision), recorded_at: Number(recordedAt) });
}

function setStatus(
  db: Kysely<Statements>,
  transferId: string,
  status: Statements['transfers']['status'],
  reason: string | null,
) {
  return db.updateTable('transfers').set({ status, reason }).where('transfer_id', '=', transferId);
}
