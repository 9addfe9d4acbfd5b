/**
 * The migrations from each format version to the next (docs/sqlite-format.md). A step must not change after its
 * release, because files exist that it has migrated. A file is migrated in one transaction.
 */
import { type Compilable, sql } from 'kysely';
import { compiler } from './schema.ts';

/**
 * The bytes `Dcdb` in the file's header, which identify the application of a SQLite database (PRAGMA application_id).
 */
export const APPLICATION_ID = 0x44636462;

const strict = sql`strict`;
const { schema } = compiler;

/** The migrations. `MIGRATIONS[n]` migrates a file from format version n to n + 1. An empty file has version 0. */
export const MIGRATIONS: readonly (readonly Compilable[])[] = [
  [
    schema
      .createTable('streams')
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .addColumn('name', 'text', (column) => column.notNull().unique())
      .modifyEnd(strict),
    schema
      .createTable('event_types')
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .addColumn('category', 'text', (column) => column.notNull())
      .addColumn('type', 'text', (column) => column.notNull())
      .addColumn('schema_version', 'integer', (column) => column.notNull())
      .addUniqueConstraint('event_types_are_unique', ['category', 'type', 'schema_version'])
      .modifyEnd(strict),
    schema
      .createTable('command_types')
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .addColumn('module_name', 'text', (column) => column.notNull())
      .addColumn('module_version', 'text', (column) => column.notNull())
      .addColumn('module_digest', 'blob')
      .addColumn('content_type', 'text', (column) => column.notNull())
      .addColumn('type', 'text', (column) => column.notNull())
      .addColumn('schema_version', 'integer', (column) => column.notNull())
      .modifyEnd(strict),
    schema
      .createTable('decisions')
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .addColumn('command_id', 'blob', (column) => column.notNull().unique())
      .addColumn('stream_id', 'integer', (column) => column.notNull().references('streams.id'))
      .addColumn('command_type_id', 'integer', (column) => column.notNull().references('command_types.id'))
      .addColumn('payload', 'blob', (column) => column.notNull())
      .addColumn('seen_revision', 'integer')
      .addColumn('event_count', 'integer', (column) => column.notNull())
      .addColumn('revision', 'integer')
      .addColumn('rejection', 'text')
      .addColumn('causation_id', 'text')
      .addColumn('correlation_id', 'text')
      .addColumn('actor', 'text')
      .addColumn('key_id', 'text')
      .addColumn('recorded_at', 'integer', (column) => column.notNull())
      .addColumn('hash', 'blob', (column) => column.notNull())
      .modifyEnd(strict),
    // Decisions with events are found by their events. An index of all decisions would make each append a tenth slower.
    schema
      .createIndex('decisions_without_events')
      .on('decisions')
      .column('stream_id')
      .where(sql<boolean>`event_count = 0`),
    schema
      .createTable('events')
      .addColumn('position', 'integer', (column) => column.primaryKey())
      .addColumn('stream_id', 'integer', (column) => column.notNull().references('streams.id'))
      .addColumn('revision', 'integer', (column) => column.notNull())
      .addColumn('decision_id', 'integer', (column) => column.notNull().references('decisions.id'))
      .addColumn('event_type_id', 'integer', (column) => column.notNull().references('event_types.id'))
      .addColumn('payload', 'blob', (column) => column.notNull())
      .addUniqueConstraint('events_by_stream', ['stream_id', 'revision'])
      .modifyEnd(strict),
  ],
  [
    schema.createIndex('events_by_type').on('events').column('event_type_id'),
    schema
      .createTable('snapshots')
      .addColumn('stream', 'text', (column) => column.notNull())
      .addColumn('module_name', 'text', (column) => column.notNull())
      .addColumn('module_version', 'text', (column) => column.notNull())
      .addColumn('revision', 'integer', (column) => column.notNull())
      .addColumn('content_type', 'text', (column) => column.notNull())
      .addColumn('state', 'blob', (column) => column.notNull())
      .addUniqueConstraint('snapshots_are_unique', ['stream', 'module_name', 'module_version'])
      .modifyEnd(strict),
  ],
  [
    // Snapshots only save work. Those without a checksum are dropped.
    schema.dropTable('snapshots'),
    schema
      .createTable('snapshots')
      .addColumn('stream', 'text', (column) => column.notNull())
      .addColumn('module_name', 'text', (column) => column.notNull())
      .addColumn('module_version', 'text', (column) => column.notNull())
      .addColumn('revision', 'integer', (column) => column.notNull())
      .addColumn('content_type', 'text', (column) => column.notNull())
      .addColumn('state', 'blob', (column) => column.notNull())
      .addColumn('checksum', 'blob', (column) => column.notNull())
      .addUniqueConstraint('snapshots_are_unique', ['stream', 'module_name', 'module_version'])
      .modifyEnd(strict),
    // Version 2 skipped an id for each duplicate command. Without such gaps, a missing decision can be detected.
    schema
      .createTable('renumbered')
      .addColumn('old_id', 'integer', (column) => column.primaryKey())
      .addColumn('new_id', 'integer', (column) => column.notNull())
      .modifyEnd(strict),
    compiler
      .insertInto('renumbered')
      .columns(['old_id', 'new_id'])
      .expression(
        compiler
          .selectFrom(
            compiler
              .selectFrom('decisions')
              .select(['id', sql<number>`row_number() over (order by id)`.as('new_id')])
              .as('numbered'),
          )
          .select(['id', 'new_id'])
          .whereRef('id', '<>', 'new_id'),
      ),
    compiler
      .updateTable('events')
      .set({
        decision_id: (row) =>
          row.selectFrom('renumbered').select('new_id').whereRef('old_id', '=', 'events.decision_id'),
      })
      .where('decision_id', 'in', compiler.selectFrom('renumbered').select('old_id')),
    // This needs two steps, because a new id may be the old id of a row that has not changed yet.
    compiler
      .updateTable('decisions')
      .set({
        id: (row) =>
          row.selectFrom('renumbered').select(sql<number>`-new_id`.as('moved')).whereRef('old_id', '=', 'decisions.id'),
      })
      .where('id', 'in', compiler.selectFrom('renumbered').select('old_id')),
    compiler.updateTable('decisions').set({ id: sql<number>`-id` }).where('id', '<', sql.lit(0)),
    schema.dropTable('renumbered'),
  ],
];

/** The version of the files that this package writes (PRAGMA user_version). */
export const FORMAT_VERSION: number = MIGRATIONS.length;
