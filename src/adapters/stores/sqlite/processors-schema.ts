/**
 * The tables of processors (docs/sqlite-format.md). Their format version is separate from that of the event store,
 * because they may be in another file, and because a store without processors does not have them.
 */
import { type Compilable, type Generated, type Kysely, sql } from 'kysely';
import { compilerFor } from './schema.ts';

/** The tables. Integers are numbers, because positions, tokens and times stay below 2^53. */
export interface ProcessorTables {
  readonly subscriptions: {
    readonly id: Generated<number>;
    readonly name: string;
    readonly version: string;
    readonly kind: string;
    readonly shares: number;
    readonly definition: string;
    readonly active: number;
    /** The reason why the processor has stopped, as JSON, or null if it has not stopped. */
    readonly stopped: string | null;
    /** The statements that create and drop the tables, as JSON, or null if the subscription has no tables. */
    readonly tables: string | null;
  };
  readonly shares: {
    readonly subscription_id: number;
    readonly share: number;
    readonly checkpoint: number | null;
    readonly holder: string | null;
    readonly token: number;
    readonly expires_at: number;
  };
  readonly members: {
    readonly member: string;
    /** The subscriptions that the member runs, as JSON. */
    readonly subscriptions: string;
    readonly expires_at: number;
  };
  readonly documents: {
    readonly subscription_id: number;
    readonly key: string;
    readonly state: Uint8Array;
    readonly position: number;
  };
  readonly parked_events: {
    readonly subscription_id: number;
    readonly key: string;
    readonly position: number;
    readonly share: number;
    /** The recorded event, in canonical MessagePack. */
    readonly event: Uint8Array;
    /** The reason as JSON, or null if the event waits for an earlier one of its key. */
    readonly reason: string | null;
    readonly attempts: number;
    readonly parked_at: number;
    readonly requested: string | null;
  };
  readonly deadlines: {
    readonly subscription_id: number;
    readonly stream: string;
    readonly id: string;
    readonly share: number;
    readonly due_at: number;
    readonly command_id: string;
    /** The command and the context of the reaction, in canonical MessagePack. */
    readonly content: Uint8Array;
  };
}

export const processorCompiler: Kysely<ProcessorTables> = compilerFor();

const strict = sql`strict`;
const strictWithoutRowid = sql`strict, without rowid`;
const { schema } = processorCompiler;

/** The migrations. `PROCESSOR_MIGRATIONS[n]` upgrades the tables from format n to n + 1. */
export const PROCESSOR_MIGRATIONS: readonly (readonly Compilable[])[] = [
  [
    schema
      .createTable('subscriptions')
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('version', 'text', (column) => column.notNull())
      .addColumn('kind', 'text', (column) => column.notNull())
      .addColumn('shares', 'integer', (column) => column.notNull())
      .addColumn('definition', 'text', (column) => column.notNull())
      .addColumn('active', 'integer', (column) => column.notNull())
      .addColumn('stopped', 'text')
      .addColumn('tables', 'text')
      .addUniqueConstraint('subscriptions_are_unique', ['name', 'version'])
      .modifyEnd(strict),
    schema
      .createTable('shares')
      .addColumn('subscription_id', 'integer', (column) => column.notNull().references('subscriptions.id'))
      .addColumn('share', 'integer', (column) => column.notNull())
      .addColumn('checkpoint', 'integer')
      .addColumn('holder', 'text')
      .addColumn('token', 'integer', (column) => column.notNull())
      .addColumn('expires_at', 'integer', (column) => column.notNull())
      .addPrimaryKeyConstraint('shares_are_unique', ['subscription_id', 'share'])
      .modifyEnd(strictWithoutRowid),
    schema
      .createTable('members')
      .addColumn('member', 'text', (column) => column.primaryKey().notNull())
      .addColumn('subscriptions', 'text', (column) => column.notNull())
      .addColumn('expires_at', 'integer', (column) => column.notNull())
      .modifyEnd(strictWithoutRowid),
    schema
      .createTable('documents')
      .addColumn('subscription_id', 'integer', (column) => column.notNull().references('subscriptions.id'))
      .addColumn('key', 'text', (column) => column.notNull())
      .addColumn('state', 'blob', (column) => column.notNull())
      .addColumn('position', 'integer', (column) => column.notNull())
      .addPrimaryKeyConstraint('documents_are_unique', ['subscription_id', 'key'])
      .modifyEnd(strictWithoutRowid),
    schema
      .createTable('parked_events')
      .addColumn('subscription_id', 'integer', (column) => column.notNull().references('subscriptions.id'))
      .addColumn('key', 'text', (column) => column.notNull())
      .addColumn('position', 'integer', (column) => column.notNull())
      .addColumn('share', 'integer', (column) => column.notNull())
      .addColumn('event', 'blob', (column) => column.notNull())
      .addColumn('reason', 'text')
      .addColumn('attempts', 'integer', (column) => column.notNull())
      .addColumn('parked_at', 'integer', (column) => column.notNull())
      .addColumn('requested', 'text')
      .addPrimaryKeyConstraint('parked_events_are_unique', ['subscription_id', 'key', 'position'])
      .modifyEnd(strictWithoutRowid),
    schema
      .createTable('deadlines')
      .addColumn('subscription_id', 'integer', (column) => column.notNull().references('subscriptions.id'))
      .addColumn('stream', 'text', (column) => column.notNull())
      .addColumn('id', 'text', (column) => column.notNull())
      .addColumn('share', 'integer', (column) => column.notNull())
      .addColumn('due_at', 'integer', (column) => column.notNull())
      .addColumn('command_id', 'text', (column) => column.notNull())
      .addColumn('content', 'blob', (column) => column.notNull())
      .addPrimaryKeyConstraint('deadlines_are_unique', ['subscription_id', 'stream', 'id'])
      .modifyEnd(strictWithoutRowid),
    schema.createIndex('deadlines_by_time').on('deadlines').columns(['subscription_id', 'due_at', 'stream', 'id']),
  ],
];
