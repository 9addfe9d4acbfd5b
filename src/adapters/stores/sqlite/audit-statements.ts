/** The queries of `find-damage.ts`, built and typed by Kysely. */
import type { Database, Statement } from 'better-sqlite3';
import type { SnapshotRow } from './rows.ts';
import { bound, compiler } from './schema.ts';
import { rows, values } from './statements.ts';

/** The columns of a decision. Their types are unknown until they are checked. */
export type AuditedDecision = [
  id: number,
  streamId: unknown,
  commandTypeId: unknown,
  eventCount: unknown,
  revision: unknown,
];

export type AuditedEvent = [
  position: number,
  streamId: unknown,
  revision: unknown,
  decisionId: unknown,
  eventTypeId: unknown,
];

/** The columns of a snapshot. The id of the stream is null if the stream does not exist. */
type AuditedSnapshot = [
  rowid: number,
  stream: unknown,
  moduleName: unknown,
  moduleVersion: unknown,
  streamId: number | null,
  ...SnapshotRow,
];

export interface AuditStatements {
  readonly streams: Statement<[afterId: number, limit: number], [id: number, name: unknown]>;
  readonly eventTypes: Statement<[], [id: number, category: unknown]>;
  readonly commandTypes: Statement<[], number>;
  readonly decisions: Statement<[afterId: number, limit: number], AuditedDecision>;
  readonly events: Statement<[afterPosition: number, limit: number], AuditedEvent>;
  readonly snapshots: Statement<[afterRowid: number, limit: number], AuditedSnapshot>;
}

const number = bound<number>();

export function prepareAuditStatements(database: Database): AuditStatements {
  return {
    streams: rows(
      database,
      compiler.selectFrom('streams').select(['id', 'name']).where('id', '>', number).orderBy('id').limit(number),
    ),
    eventTypes: rows(database, compiler.selectFrom('event_types').select(['id', 'category'])),
    commandTypes: values(database, compiler.selectFrom('command_types').select('id')),
    decisions: rows(
      database,
      compiler
        .selectFrom('decisions')
        .select(['id', 'stream_id', 'command_type_id', 'event_count', 'revision'])
        .where('id', '>', number)
        .orderBy('id')
        .limit(number),
    ),
    events: rows(
      database,
      compiler
        .selectFrom('events')
        .select(['position', 'stream_id', 'revision', 'decision_id', 'event_type_id'])
        .where('position', '>', number)
        .orderBy('position')
        .limit(number),
    ),
    snapshots: rows(
      database,
      compiler
        .selectFrom('snapshots')
        .leftJoin('streams', 'streams.name', 'snapshots.stream')
        .select([
          'snapshots.rowid',
          'snapshots.stream',
          'snapshots.module_name',
          'snapshots.module_version',
          'streams.id',
          'snapshots.revision',
          'snapshots.content_type',
          'snapshots.state',
          'snapshots.checksum',
        ])
        .where('snapshots.rowid', '>', number)
        .orderBy('snapshots.rowid')
        .limit(number),
    ),
  };
}
