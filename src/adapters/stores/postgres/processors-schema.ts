/** The tables of processors, in the schema of the store. */
import { type ColumnType, type Compilable, type Generated, type SchemaModule, sql } from 'kysely';

/** A column that is read as text and written as a number. */
type Integer = ColumnType<string, number | bigint | string, number | bigint | string>;
type NullableInteger = ColumnType<string | null, bigint | null | undefined, bigint | null>;
type Flag = ColumnType<string, boolean, boolean>;
/** A column that is read as hexadecimal text and written as bytes. */
type Bytes = ColumnType<string, Uint8Array, Uint8Array>;

export interface ProcessorTables {
  readonly subscriptions: {
    readonly id: Generated<string>;
    readonly name: string;
    readonly version: string;
    readonly kind: string;
    readonly shares: Integer;
    readonly definition: string;
    readonly active: Flag;
    /** The reason why the processor has stopped, as JSON, or null if it has not stopped. */
    readonly stopped: string | null;
    /** The statements that create and drop the tables, as JSON, or null if the subscription has no tables. */
    readonly tables: string | null;
  };
  readonly shares: {
    readonly subscription_id: string;
    readonly share: Integer;
    readonly checkpoint: NullableInteger;
    readonly holder: string | null;
    readonly token: Integer;
    readonly expires_at: Integer;
  };
  readonly members: {
    readonly member: string;
    /** The subscriptions that the member runs, as JSON. */
    readonly subscriptions: string;
    readonly expires_at: Integer;
  };
  readonly documents: {
    readonly subscription_id: string;
    readonly key: string;
    readonly state: Bytes;
    readonly position: Integer;
  };
  readonly parked_events: {
    readonly subscription_id: string;
    readonly key: string;
    readonly position: Integer;
    readonly share: Integer;
    /** The recorded event, in canonical MessagePack. */
    readonly event: Bytes;
    /** The reason as JSON, or null if the event waits for an earlier one of its key. */
    readonly reason: string | null;
    readonly attempts: Integer;
    readonly parked_at: Integer;
    readonly requested: string | null;
  };
  readonly deadlines: {
    readonly subscription_id: string;
    readonly stream: string;
    readonly id: string;
    readonly share: Integer;
    readonly due_at: Integer;
    readonly command_id: string;
    /** The command and the context of the reaction, in canonical MessagePack. */
    readonly content: Bytes;
  };
}

/** The type of text that is ordered by its UTF-8 bytes, in any locale of the database. */
const name = sql`text collate "C"`;
const bytes = sql`bytea`;

/** Returns the statements that create the tables. */
export function processorTables(schema: SchemaModule): readonly Compilable[] {
  return [
    schema
      .createTable('subscriptions')
      .addColumn('id', 'bigint', (column) => column.primaryKey().generatedAlwaysAsIdentity())
      .addColumn('name', name, (column) => column.notNull())
      .addColumn('version', name, (column) => column.notNull())
      .addColumn('kind', 'text', (column) => column.notNull())
      .addColumn('shares', 'integer', (column) => column.notNull())
      .addColumn('definition', 'text', (column) => column.notNull())
      .addColumn('active', 'boolean', (column) => column.notNull())
      .addColumn('stopped', 'text')
      .addColumn('tables', 'text')
      .addUniqueConstraint('subscriptions_are_unique', ['name', 'version']),
    schema
      .createTable('shares')
      .addColumn('subscription_id', 'bigint', (column) => column.notNull())
      .addColumn('share', 'integer', (column) => column.notNull())
      .addColumn('checkpoint', 'bigint')
      .addColumn('holder', 'text')
      .addColumn('token', 'bigint', (column) => column.notNull())
      .addColumn('expires_at', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('shares_are_unique', ['subscription_id', 'share'])
      // Each commit of a page of events moves a checkpoint. If the row's page has free space, the index does not
      // change.
      .modifyEnd(sql`with (fillfactor = 50)`),
    schema
      .createTable('members')
      .addColumn('member', name, (column) => column.primaryKey())
      .addColumn('subscriptions', 'text', (column) => column.notNull())
      .addColumn('expires_at', 'bigint', (column) => column.notNull()),
    schema
      .createTable('documents')
      .addColumn('subscription_id', 'bigint', (column) => column.notNull())
      .addColumn('key', name, (column) => column.notNull())
      .addColumn('state', bytes, (column) => column.notNull())
      .addColumn('position', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('documents_are_unique', ['subscription_id', 'key'])
      .modifyEnd(sql`with (fillfactor = 80)`),
    schema
      .createTable('parked_events')
      .addColumn('subscription_id', 'bigint', (column) => column.notNull())
      .addColumn('key', name, (column) => column.notNull())
      .addColumn('position', 'bigint', (column) => column.notNull())
      .addColumn('share', 'integer', (column) => column.notNull())
      .addColumn('event', bytes, (column) => column.notNull())
      .addColumn('reason', 'text')
      .addColumn('attempts', 'integer', (column) => column.notNull())
      .addColumn('parked_at', 'bigint', (column) => column.notNull())
      .addColumn('requested', 'text')
      .addPrimaryKeyConstraint('parked_events_are_unique', ['subscription_id', 'key', 'position']),
    schema
      .createTable('deadlines')
      .addColumn('subscription_id', 'bigint', (column) => column.notNull())
      .addColumn('stream', name, (column) => column.notNull())
      .addColumn('id', name, (column) => column.notNull())
      .addColumn('share', 'integer', (column) => column.notNull())
      .addColumn('due_at', 'bigint', (column) => column.notNull())
      .addColumn('command_id', 'text', (column) => column.notNull())
      .addColumn('content', bytes, (column) => column.notNull())
      .addPrimaryKeyConstraint('deadlines_are_unique', ['subscription_id', 'stream', 'id']),
    schema.createIndex('deadlines_by_time').on('deadlines').columns(['subscription_id', 'due_at', 'stream', 'id']),
  ];
}
