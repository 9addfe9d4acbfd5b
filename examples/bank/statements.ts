/** The statements: a read model of two tables, for questions that concern many accounts. */
import { defineTables } from 'decidable/tables';
import type { Kysely } from 'kysely';
import { account } from './account.ts';
import { transfer } from './transfer.ts';

export interface Statements {
  /** A line for each event of an account. */
  lines: {
    account_id: string;
    /** The number of the line in the account's statement, from 0. */
    number: number;
    text: 'opened' | 'deposit' | 'withdrawal' | 'closed';
    amount: number;
    /** The event's `transferId`. It begins with `transfer ` if the bank has sent the command. */
    reference: string | null;
    recorded_at: number;
  };
  transfers: {
    transfer_id: string;
    source: string;
    target: string;
    amount: number;
    status: 'requested' | 'completed' | 'compensated' | 'refused' | 'held';
    /** The reason why the transfer was not completed. */
    reason: string | null;
  };
}

export const statements = defineTables({
  name: 'bank.statements',
  version: '1.2.0',
  events: { ...account.events, ...transfer.events },

  create: (db: Kysely<Statements>) => [
    db.schema
      .createTable('lines')
      .addColumn('account_id', 'text', (column) => column.notNull())
      .addColumn('number', 'integer', (column) => column.notNull())
      .addColumn('text', 'text', (column) => column.notNull())
      .addColumn('amount', 'integer', (column) => column.notNull())
      .addColumn('reference', 'text')
      .addColumn('recorded_at', 'bigint', (column) => column.notNull())
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
    // The revision of the event is the number of the line, because each event of an account is one line.
    AccountOpened: ({ insert }, { accountId }, { revision, recordedAt }) =>
      insert('lines', {
        account_id: accountId,
        number: revision,
        text: 'opened',
        amount: 0,
        reference: null,
        recorded_at: recordedAt,
      }),
    Deposited: ({ insert }, { accountId, amount, transferId }, { revision, recordedAt }) =>
      insert('lines', {
        account_id: accountId,
        number: revision,
        text: 'deposit',
        amount,
        reference: transferId,
        recorded_at: recordedAt,
      }),
    Withdrawn: ({ insert }, { accountId, amount, transferId }, { revision, recordedAt }) =>
      insert('lines', {
        account_id: accountId,
        number: revision,
        text: 'withdrawal',
        amount,
        reference: transferId,
        recorded_at: recordedAt,
      }),
    AccountClosed: ({ insert }, { accountId }, { revision, recordedAt }) =>
      insert('lines', {
        account_id: accountId,
        number: revision,
        text: 'closed',
        amount: 0,
        reference: null,
        recorded_at: recordedAt,
      }),

    TransferRequested: ({ insert }, { transferId, from, to, amount }) =>
      insert('transfers', {
        transfer_id: transferId,
        source: from,
        target: to,
        amount,
        status: 'requested',
        reason: null,
      }),
    TransferCompleted: ({ update }, { transferId }) =>
      update('transfers', { transfer_id: transferId }, { status: 'completed', reason: null }),
    TransferCompensated: ({ update }, { transferId, reason }) =>
      update('transfers', { transfer_id: transferId }, { status: 'compensated', reason }),
    TransferRefused: ({ update }, { transferId, reason }) =>
      update('transfers', { transfer_id: transferId }, { status: 'refused', reason }),
    TransferHeld: ({ update }, { transferId, reason }) =>
      update('transfers', { transfer_id: transferId }, { status: 'held', reason }),
  },
});
