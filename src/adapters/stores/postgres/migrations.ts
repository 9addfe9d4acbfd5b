/**
 * The migrations from each format version to the next. A step is never changed after its
 * release, because databases that it made exist. A schema is migrated in one transaction, under a lock, so that only
 * one of several processes that start simultaneously migrates it.
 */
import { type Compilable, sql } from 'kysely';
import { EngineFailure } from '../../../core/storage/engine-failure.ts';
import { quoted } from '../../../core/storage/sql-identifier.ts';
import type { Connection, Connections, Transaction } from './connections.ts';
import type { Row } from './driver.ts';
import { isServerError } from './failures.ts';
import { functionsOf, POSITION_BITS } from './functions.ts';
import type { CheckedOptions } from './options.ts';
import { processorTables } from './processors-schema.ts';
import { compilerFor, type Tables } from './schema.ts';

/** The oldest server that has functions with bodies of standard SQL, and transaction ids of 64 bits. */
const OLDEST_SERVER = 140_000;

/** The type of text that is compared by its UTF-8 bytes, in any locale of the database. */
const name = sql`text collate "C"`;
const bytes = sql`bytea`;

/**
 * Returns the migrations. `migrations(schema)[n]` migrates a schema from format version n to n + 1. An empty schema has
 * version 0.
 */
function migrations(schemaName: string): readonly (readonly Compilable[])[] {
  const compiler = compilerFor<Tables>(schemaName);
  const { schema } = compiler;
  return [
    [
      schema
        .createTable('store')
        .addColumn('format', 'integer', (column) => column.notNull())
        .addColumn('xid_offset', 'bigint', (column) => column.notNull()),
      schema
        .createTable('streams')
        .addColumn('id', 'bigint', (column) => column.primaryKey())
        .addColumn('name', name, (column) => column.notNull().unique())
        .addColumn('revision', 'bigint', (column) => column.notNull())
        .addColumn('commits', 'bigint', (column) => column.notNull())
        .addColumn('hash', bytes, (column) => column.notNull())
        .addColumn('position', 'bigint', (column) => column.notNull())
        .addColumn('positions_hash', bytes, (column) => column.notNull())
        // A head changes with each commit of its stream. If its page has free space, the indexes do not change.
        .modifyEnd(sql`with (fillfactor = 70)`),
      schema
        .createTable('commits')
        .addColumn('command_id', 'uuid', (column) => column.primaryKey())
        .addColumn('stream_id', 'bigint', (column) => column.notNull())
        .addColumn('stream', name, (column) => column.notNull())
        .addColumn('number', 'bigint', (column) => column.notNull())
        .addColumn('revision', 'bigint', (column) => column.notNull())
        .addColumn('event_count', 'integer', (column) => column.notNull())
        .addColumn('position', 'bigint', (column) => column.notNull())
        .addColumn('recorded_at', 'bigint', (column) => column.notNull())
        .addColumn('event_type_id', 'integer', (column) => column.notNull())
        .addColumn('hash', bytes, (column) => column.notNull())
        .addColumn('content', bytes, (column) => column.notNull()),
      schema
        .createIndex('commits_with_events')
        .unique()
        .on('commits')
        .columns(['stream_id', 'revision'])
        .where(sql<boolean>`event_count > 0`),
      schema
        .createIndex('commits_without_events')
        .unique()
        .on('commits')
        .columns(['stream_id', 'revision', 'number'])
        .where(sql<boolean>`event_count = 0`),
      schema
        .createIndex('commits_by_position')
        .unique()
        .on('commits')
        .column('position')
        .where(sql<boolean>`event_count > 0`),
      // With this index, readers of events skip the rejections. There may be millions of them.
      schema
        .createIndex('commits_without_events_by_position')
        .unique()
        .on('commits')
        .column('position')
        .where(sql<boolean>`event_count = 0`),
      schema
        .createIndex('commits_of_one_type')
        .on('commits')
        .columns(['event_type_id', 'position'])
        .where(sql<boolean>`event_type_id > 0`),
      schema
        .createTable('event_types')
        .addColumn('id', 'integer', (column) => column.primaryKey().generatedAlwaysAsIdentity())
        .addColumn('category', name, (column) => column.notNull())
        .addColumn('type', name, (column) => column.notNull())
        .addUniqueConstraint('event_types_are_unique', ['category', 'type']),
      schema
        .createTable('commits_by_type')
        .addColumn('event_type_id', 'integer', (column) => column.notNull())
        .addColumn('position', 'bigint', (column) => column.notNull())
        .addColumn('events', 'integer', (column) => column.notNull())
        .addPrimaryKeyConstraint('commits_by_type_are_unique', ['event_type_id', 'position']),
      schema
        .createTable('snapshots')
        .addColumn('stream', name, (column) => column.notNull())
        .addColumn('module_name', name, (column) => column.notNull())
        .addColumn('module_version', name, (column) => column.notNull())
        .addColumn('revision', 'bigint', (column) => column.notNull())
        .addColumn('content_type', 'text', (column) => column.notNull())
        .addColumn('state', bytes, (column) => column.notNull())
        .addColumn('checksum', bytes, (column) => column.notNull())
        .addPrimaryKeyConstraint('snapshots_are_unique', ['stream', 'module_name', 'module_version']),
      ...processorTables(schema),
    ],
  ];
}

/** The version of the schemas that this package writes. */
const FORMAT_VERSION = 1;

/**
 * Creates or upgrades the tables of a schema, and makes sure that positions grow on this server.
 *
 * @throws EngineFailure `newer-format`, `not-found`, `not-a-store`, `read-only` or `unsupported-engine`.
 */
export async function prepareSchema(
  connections: Connections,
  { schema, create, readOnly }: CheckedOptions,
): Promise<void> {
  const [row] = await connections.query(
    `select current_setting('server_version_num'), current_setting('server_encoding'), $1::boolean`,
    [true],
  );
  const [server, encoding, isTrue] = row ?? [];
  if (isTrue !== 't') {
    const message =
      'the client does not return columns as text; use a Client of the package pg without `binary`, and not pg-native';
    throw new EngineFailure('unsupported-engine', message);
  }
  if (Number(server) < OLDEST_SERVER) {
    throw new EngineFailure('unsupported-engine', 'the store needs PostgreSQL 14 or newer; upgrade the server');
  }
  if (encoding !== 'UTF8') {
    throw new EngineFailure(
      'unsupported-engine',
      `expected a database with the encoding UTF8, got ${encoding}; create another database`,
    );
  }
  const version = await formatOf(connections, schema);
  if (version === 0 && !create) {
    throw new EngineFailure(
      'not-found',
      `schema ${schema} has no store; use another schema, or create the store with \`create: true\``,
    );
  }
  if (readOnly) {
    if (version === FORMAT_VERSION) return;
    throw new EngineFailure(
      'read-only',
      `schema ${schema} has format version ${version}, and this package reads version ${FORMAT_VERSION}; open it once for writing to upgrade it`,
    );
  }
  if (version < FORMAT_VERSION) {
    await connections.transaction((connection) => migrate(connection, schema));
  }
  await keepPositionsGrowing(connections, schema);
}

/** Returns the format version of the schema, or 0 if it has no store. */
async function formatOf(connection: Connection, schema: string): Promise<number> {
  const table = `${quoted(schema)}.store`;
  // to_regclass would use a cache, which lacks a table that another process created while this one waited.
  const [[exists] = []] = await connection.query(
    `select exists (
      select from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relname = 'store'
    )`,
    [schema],
  );
  if (exists !== 't') return 0;
  let rows: readonly Row[] = [];
  try {
    rows = await connection.query(`select format from ${table}`);
  } catch (error) {
    if (!isServerError(error) || error.code !== '42703') throw error;
  }
  const version = Number(rows[0]?.[0]);
  if (!Number.isInteger(version) || version < 1) {
    throw new EngineFailure(
      'not-a-store',
      `schema ${schema} has a table "store" that is not a store of this package; use another schema`,
    );
  }
  if (version > FORMAT_VERSION) {
    throw new EngineFailure(
      'newer-format',
      `schema ${schema} has format version ${version}, and this package reads versions up to ${FORMAT_VERSION}; install a newer version`,
    );
  }
  return version;
}

async function migrate(connection: Transaction, schema: string): Promise<void> {
  await lockSchema(connection, schema);
  const version = await formatOf(connection, schema);
  if (version === FORMAT_VERSION) return;
  const [[hasSchema] = []] = await connection.query('select count(*) from pg_namespace where nspname = $1', [schema]);
  // CREATE SCHEMA IF NOT EXISTS needs the privilege to create schemas, even if the schema exists.
  if (hasSchema === '0') await connection.query(`create schema ${quoted(schema)}`);
  const changes = migrations(schema).slice(version).flat();
  try {
    await connection.runAll([...changes.map((change) => change.compile().sql), ...functionsOf(quoted(schema))]);
  } catch (error) {
    if (!isServerError(error) || error.code !== '42P07') throw error;
    throw new EngineFailure(
      'not-a-store',
      `schema ${schema} has other contents: ${error.message}; use another schema`,
      {
        cause: error,
      },
    );
  }
  if (version === 0) {
    await connection.query(`insert into ${quoted(schema)}.store (format, xid_offset) values ($1, 0)`, [FORMAT_VERSION]);
  } else {
    await connection.query(`update ${quoted(schema)}.store set format = $1`, [FORMAT_VERSION]);
  }
}

/** Takes a lock that is held until the end of the transaction. */
async function lockSchema(connection: Connection, schema: string): Promise<void> {
  await connection.query(`select pg_advisory_xact_lock(hashtextextended($1, 0))`, [`decidable ${schema}`]);
}

/**
 * Makes sure that positions grow on this server. A position begins with the id of a transaction. The ids of another
 * server, on which a dump is restored, may be lower. So ids are counted from an offset, which is raised if the last
 * position is not below the next transaction.
 */
async function keepPositionsGrowing(connections: Connections, schema: string): Promise<void> {
  const own = quoted(schema);
  const last = `(select greatest(
      (select max(position) from ${own}.commits where event_count > 0),
      (select max(position) from ${own}.commits where event_count = 0)
    ) >> ${POSITION_BITS})`;
  const isBehind = `select ${last} >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint + xid_offset from ${own}.store`;
  const [[behind] = []] = await connections.query(isBehind);
  if (behind !== 't') return;
  await connections.transaction(async (connection) => {
    await lockSchema(connection, schema);
    // No append runs between the check and the change.
    await connection.query(`lock table ${own}.store, ${own}.streams in access exclusive mode`);
    const [[still] = []] = await connection.query(isBehind);
    if (still !== 't') return;
    await connection.query(
      `update ${own}.store set xid_offset = 1 - pg_snapshot_xmin(pg_current_snapshot())::text::bigint + ${last}`,
    );
  });
}
