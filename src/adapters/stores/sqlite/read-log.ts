/**
 * Reads the commits of all streams in their order. Positions follow the order of the decisions, so one statement reads
 * the events of a whole page. A statement for each commit would take several times as long.
 */
import type { Database, Statement } from 'better-sqlite3';
import { DEFAULT_READ_LIMIT } from '../../../core/limits.ts';
import type { Envelope } from '../../../core/messages.ts';
import type { RecordedCommit } from '../../../core/storage/chain.ts';
import type { ReadLogOptions } from '../../../core/storage/commit-transfer.ts';
import { payloadBytes, uuidBytes, wholeNumber } from './columns.ts';
import { type Connection, eventsOfDecision, nextRevision, recordedDecision } from './read.ts';
import { type DecisionRow, payloadOf } from './rows.ts';
import { bound, compiler } from './schema.ts';
import { rows } from './statements.ts';

type LogEventRow = [decisionId: unknown, eventTypeId: unknown, payload: unknown];

/** Selects events in the order of positions, beginning with the event of a stream at a revision. */
type LogEvents = Statement<[streamId: number, revision: number, limit: number], LogEventRow>;

const prepared = new WeakMap<Database, LogEvents>();

export function readLog(connection: Connection, options: ReadLogOptions): readonly RecordedCommit[] {
  const { statements } = connection;
  const { direction = 'forward', after, limit = DEFAULT_READ_LIMIT } = options;
  let id = direction === 'forward' ? 0 : Number.MAX_SAFE_INTEGER;
  if (after !== undefined) {
    const row = statements.decisionByCommand.get(uuidBytes(after));
    if (row === undefined) return [];
    id = row[0];
  }
  if (direction === 'forward') return commitsOf(connection, statements.logForward.all(id, limit));
  return commitsOf(connection, statements.logBackward.all(id, limit).reverse()).toReversed();
}

/** Returns the commits of decisions that follow one another. */
function commitsOf(connection: Connection, decisions: readonly DecisionRow[]): readonly RecordedCommit[] {
  const counts = decisions.map((row) => wholeNumber(row[6], 'decisions.event_count'));
  const events = eventsOf(connection, decisions, counts);
  let at = 0;
  return decisions.map((row, index) => {
    const own = events.slice(at, (at += counts[index]!));
    // In a damaged file, the rows may not match.
    const isOwn = own.length === counts[index] && own.every(([decision]) => decision === row[0]);
    return {
      decision: recordedDecision(connection, row),
      events: isOwn ? own.map((event) => envelopeOf(connection, event)) : eventsOfDecision(connection, row),
    };
  });
}

function eventsOf(
  { database }: Connection,
  decisions: readonly DecisionRow[],
  counts: readonly number[],
): readonly LogEventRow[] {
  const first = decisions[counts.findIndex((count) => count > 0)];
  if (first === undefined) return [];
  const revision = nextRevision(first) - wholeNumber(first[6], 'decisions.event_count');
  const total = counts.reduce((sum, count) => sum + count, 0);
  const statement = prepared.get(database) ?? prepare(database);
  return statement.all(wholeNumber(first[2], 'decisions.stream_id'), revision, total);
}

function prepare(database: Database): LogEvents {
  const first = compiler
    .selectFrom('events')
    .select('position')
    .where('stream_id', '=', bound<number>())
    .where('revision', '=', bound<number>());
  const statement: LogEvents = rows(
    database,
    compiler
      .selectFrom('events')
      .select(['decision_id', 'event_type_id', payloadOf('events')])
      .where('position', '>=', first)
      .orderBy('position')
      .limit(bound<number>()),
  );
  prepared.set(database, statement);
  return statement;
}

function envelopeOf({ cache }: Connection, [, eventType, payload]: LogEventRow): Envelope {
  const { type, schemaVersion } = cache.eventType(eventType);
  return { type, schemaVersion, payload: payloadBytes(payload, 'events.payload') };
}
