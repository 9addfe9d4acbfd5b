/** The queries of `find-damage.ts`, built and typed by Kysely. */
import type { Database, Statement } from 'better-sqlite3';
import { sql } from 'kysely';
import { concatenated, PackedBytes, parts } from './packed-bytes.ts';
import type { SnapshotRow } from './rows.ts';
import { bound, compiler } from './schema.ts';
import { rows, values } from './statements.ts';

/** The columns of a decision that the search for damage reads. */
export class AuditedDecisions {
  readonly #packed: PackedBytes;
  id = 0;
  streamId = 0;
  commandTypeId = 0;
  eventCount = 0;
  /** The last revision, or -1. */
  revision = -1;
  /** The bytes with the command id, and its offset. */
  bytes: Uint8Array;
  at = 0;

  constructor(page: Uint8Array | null | undefined) {
    this.#packed = new PackedBytes(page);
    this.bytes = this.#packed.bytes;
  }

  /** Reads the next decision. Returns false at the end of the page. */
  next(): boolean {
    const packed = this.#packed;
    if (packed.isAtEnd) return false;
    this.id = packed.integer();
    this.streamId = packed.integer();
    this.commandTypeId = packed.part();
    this.eventCount = packed.part();
    this.revision = packed.integer() - 1;
    this.at = packed.skip(UUID_BYTES);
    return true;
  }
}

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
  /** Selects a page of {@link AuditedDecisions}. */
  readonly decisions: Statement<[afterId: number, limit: number], Uint8Array | null>;
  readonly events: Statement<[afterPosition: number, limit: number], AuditedEvent>;
  readonly snapshots: Statement<[afterRowid: number, limit: number], AuditedSnapshot>;
}

const UUID_BYTES = 16;

const number = bound<number>();

const decisionColumns = sql`char(${parts(sql.ref('id'))}, ${parts(sql.ref('stream_id'))}, command_type_id, event_count,
  ${parts(sql`ifnull(revision, -1) + 1`)}) || command_id`;

export function prepareAuditStatements(database: Database): AuditStatements {
  const decisions = compiler
    .selectFrom('decisions')
    .select(decisionColumns.as('packed'))
    .where('id', '>', number)
    .orderBy('id')
    .limit(number);
  return {
    streams: rows(
      database,
      compiler.selectFrom('streams').select(['id', 'name']).where('id', '>', number).orderBy('id').limit(number),
    ),
    eventTypes: rows(database, compiler.selectFrom('event_types').select(['id', 'category'])),
    commandTypes: values(database, compiler.selectFrom('command_types').select('id')),
    decisions: values(database, compiler.selectFrom(decisions.as('rows')).select(concatenated)),
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
