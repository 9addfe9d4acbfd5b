/** Reads streams, all events, and commits. The arguments have been checked. */
import type { Database, Statement } from 'better-sqlite3';
import type { Direction, ReadAllOptions, ReadStreamOptions, Snapshot, SnapshotKey } from '../../../core/event-store.ts';
import { DEFAULT_READ_LIMIT } from '../../../core/limits.ts';
import type { Envelope, RecordedDecision, RecordedEvent, Rejection } from '../../../core/messages.ts';
import { HASH_BYTES } from '../../../core/storage/chain.ts';
import { equalBytes } from '../../../core/storage/equal-bytes.ts';
import { StoredEventContext } from '../../../core/storage/recorded-events.ts';
import { snapshotChecksum } from '../../../core/storage/snapshot-checksum.ts';
import type { ReadStreamsOptions, StreamHead } from '../../../core/storage/verify-chain.ts';
import {
  bytes,
  hashBytes,
  optionalNumber,
  optionalText,
  payloadBytes,
  text,
  uuidBytes,
  uuidText,
  wholeNumber,
} from './columns.ts';
import { damage } from './failures.ts';
import type { IdCache } from './id-cache.ts';
import type { DecisionRow, EventRow, SnapshotRow } from './rows.ts';
import { MAX_BRANCHES, prepareMerged, type Statements } from './statements.ts';

/** The parts of a connection that are used for reading. */
export interface Connection {
  readonly database: Database;
  readonly statements: Statements;
  readonly cache: IdCache;
  /** The statements of filtered reads, by direction and number of event types. They are prepared at first use. */
  readonly merged: Map<string, Statement<number[], EventRow>>;
}

/** A number that is greater than every position and revision. */
const BEYOND = Number.MAX_SAFE_INTEGER;

/**
 * Runs several statements in one transaction, so that all of them read the same state of the file. Otherwise each
 * statement would lock and unlock the file, which takes 30 times as long as finding a row.
 */
export function inOneView<Result>({ database }: Connection, read: () => Result): Result {
  return database.transaction(read)();
}

export function readStream(
  connection: Connection,
  stream: string,
  options: ReadStreamOptions,
): readonly RecordedEvent[] {
  const { streamForward, streamBackward, streamId } = connection.statements;
  const { direction, fromRevision, limit = DEFAULT_READ_LIMIT } = options;
  const id = streamId.get(stream);
  if (id === undefined) return [];
  if (direction === 'backward') {
    const rows = streamBackward.all(id, clamped(fromRevision), limit);
    checkRevisions(rows, rows[0]?.[2], -1);
    return recorded(connection, rows);
  }
  const from = clamped(fromRevision ?? 0n);
  const rows = streamForward.all(id, from, limit);
  checkRevisions(rows, from, 1);
  return recorded(connection, rows);
}

/** Checks that the revisions have no gap, because a state that is folded from a stream with a gap never existed. */
function checkRevisions(rows: readonly EventRow[], first: unknown, step: 1 | -1): void {
  if (rows.length === 0) return;
  let expected = wholeNumber(first, 'events.revision');
  for (const row of rows) {
    if (row[2] !== expected) throw damage(`events.revision is ${row[2]} and should be ${expected}`);
    expected += step;
  }
}

export function readAll(connection: Connection, options: ReadAllOptions): readonly RecordedEvent[] {
  const { direction, afterPosition, limit = DEFAULT_READ_LIMIT, categories, eventTypes, events } = options;
  const behind = direction === 'forward' ? clamped(afterPosition ?? 0n) : clamped(afterPosition);
  if (categories.length === 0 && eventTypes.length === 0 && events.length === 0) {
    const { allForward, allBackward } = connection.statements;
    return recorded(connection, (direction === 'forward' ? allForward : allBackward).all(behind, limit));
  }
  return recorded(connection, filtered(connection, direction, behind, limit, options));
}

/**
 * Reads the event types and the events in one transaction. Otherwise a reader could skip the first event of a new type
 * forever, if another process commits it and then an event of a known type between the two reads.
 */
function filtered(
  { database, statements, merged }: Connection,
  direction: Direction,
  behind: number,
  limit: number,
  filter: ReadAllOptions,
): EventRow[] {
  // An inline read model reads in the transaction of an append.
  const isWriting = database.inTransaction;
  if (!isWriting) statements.beginRead.run();
  try {
    const types = idsOf(statements, filter);
    if (types.length === 0) return [];
    if (types.length > MAX_BRANCHES) {
      const scan = direction === 'forward' ? statements.scanForward : statements.scanBackward;
      return scan.all(JSON.stringify(types), behind, limit);
    }
    const name = `${direction} ${types.length}`;
    let statement = merged.get(name);
    if (statement === undefined) {
      statement = prepareMerged(database, direction, types.length);
      merged.set(name, statement);
    }
    return statement.all(...types.flatMap((type) => [type, behind, limit]), limit);
  } finally {
    if (!isWriting && database.inTransaction) statements.endRead.run();
  }
}

function idsOf(statements: Statements, { categories, eventTypes, events }: ReadAllOptions): number[] {
  const { eventTypesOfCategories, eventTypesOfNames, eventTypesOfBoth, eventTypesOfEvents } = statements;
  if (events.length > 0) {
    const wanted = events.filter(
      ({ category, type }) =>
        (categories.length === 0 || categories.includes(category)) &&
        (eventTypes.length === 0 || eventTypes.includes(type)),
    );
    return eventTypesOfEvents.all(JSON.stringify(wanted.map(({ category, type }) => [category, type])));
  }
  if (eventTypes.length === 0) return eventTypesOfCategories.all(JSON.stringify(categories));
  if (categories.length === 0) return eventTypesOfNames.all(JSON.stringify(eventTypes));
  return eventTypesOfBoth.all(JSON.stringify(categories), JSON.stringify(eventTypes));
}

/** Converts a bigint to a number. `undefined` becomes a number that is greater than all others. */
function clamped(value: bigint | undefined): number {
  return value === undefined || value > BigInt(BEYOND) ? BEYOND : Number(value);
}

/** Converts rows to events. Adjacent events of one decision share the objects of the decision. */
function recorded({ cache }: Connection, rows: readonly EventRow[]): readonly RecordedEvent[] {
  cache.cacheStreamNames(rows);
  const found: RecordedEvent[] = [];
  let commandHex: unknown;
  let causationId = '';
  let correlationId = '';
  let recordedAt = 0n;
  let contentType = '';
  let stream = '';
  for (const row of rows) {
    if (row[5] !== commandHex) {
      commandHex = row[5];
      if (commandHex === '') throw damage(`the event at position ${row[0]} does not belong to its decision`);
      causationId = uuidText(commandHex, 'decisions.command_id');
      correlationId = optionalText(row[8], 'decisions.correlation_id') ?? causationId;
      recordedAt = BigInt(wholeNumber(row[9], 'decisions.recorded_at'));
      contentType = cache.commandType(row[6]).contentType;
      stream = cache.streamName(row[1]);
    }
    const { type, schemaVersion } = cache.eventType(row[3]);
    const context = new StoredEventContext(
      stream,
      BigInt(wholeNumber(row[2], 'events.revision')),
      BigInt(wholeNumber(row[0], 'events.position')),
      recordedAt,
      correlationId,
      causationId,
      wholeNumber(row[7], 'decisions.event_count'),
    );
    const payload = payloadBytes(row[4], 'events.payload');
    found.push({ context, event: { type, schemaVersion, payload }, contentType });
  }
  return found;
}

export function findDecision(connection: Connection, commandId: string): RecordedDecision | undefined {
  const row = connection.statements.decisionByCommand.get(uuidBytes(commandId));
  if (row === undefined) return undefined;
  const found = recordedDecision(connection, row);
  if (found.decision.commandId === commandId) return found;
  throw damage(`the index of command ids maps ${commandId} to the decision of ${found.decision.commandId}`);
}

export function recordedDecision({ cache }: Connection, row: DecisionRow): RecordedDecision {
  const [, id, streamId, commandTypeId, payload, seen, count, lastRevision, rejection, causationId] = row;
  const { module, contentType, type, schemaVersion } = cache.commandType(commandTypeId);
  const commandId = uuidText(id, 'decisions.command_id');
  const seenRevision = optionalNumber(seen, 'decisions.seen_revision');
  const eventCount = wholeNumber(count, 'decisions.event_count');
  const revision = optionalNumber(lastRevision, 'decisions.revision');
  return {
    stream: cache.streamName(streamId),
    decision: {
      commandId,
      command: { type, schemaVersion, payload: payloadBytes(payload, 'decisions.payload') },
      contentType,
      module,
      seenRevision: seenRevision === undefined ? undefined : BigInt(seenRevision),
      outcome: rejection === null ? { tag: 'accepted' } : { tag: 'rejected', val: rejectionOf(rejection, commandId) },
      causationId: optionalText(causationId, 'decisions.causation_id'),
      correlationId: optionalText(row[10], 'decisions.correlation_id') ?? commandId,
      actor: optionalText(row[11], 'decisions.actor'),
      keyId: optionalText(row[12], 'decisions.key_id'),
    },
    firstRevision: eventCount === 0 ? undefined : firstRevision(eventCount, revision, commandId),
    eventCount,
    recordedAt: BigInt(wholeNumber(row[13], 'decisions.recorded_at')),
    hash: hashBytes(row[14], 'decisions.hash'),
  };
}

function firstRevision(eventCount: number, revision: number | undefined, commandId: string): bigint {
  const first = (revision ?? -1) - eventCount + 1;
  if (first >= 0) return BigInt(first);
  throw damage(`the decision of command ${commandId} cannot have ${eventCount} events up to revision ${revision}`);
}

export function rejectionOf(json: unknown, commandId: string): Rejection {
  const { code, message, details } = parsed(text(json, 'decisions.rejection'));
  if (typeof code === 'string' && typeof message === 'string' && isDetails(details)) return { code, message, details };
  throw damage(`the rejection of command ${commandId} is incomplete`);
}

function parsed(json: string): Partial<Record<keyof Rejection, unknown>> {
  try {
    return Object(JSON.parse(json));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw damage('decisions.rejection is not JSON');
  }
}

function isDetails(value: unknown): value is Rejection['details'] {
  return (
    Array.isArray(value) &&
    value.every((pair) => Array.isArray(pair) && pair.length === 2 && pair.every((part) => typeof part === 'string'))
  );
}

export function nextRevision(row: DecisionRow): number {
  return (optionalNumber(row[7], 'decisions.revision') ?? -1) + 1;
}

export function eventsOfDecision({ statements, cache }: Connection, row: DecisionRow): readonly Envelope[] {
  const eventCount = wholeNumber(row[6], 'decisions.event_count');
  if (eventCount === 0) return [];
  const last = nextRevision(row) - 1;
  return statements.payloads
    .all(wholeNumber(row[2], 'decisions.stream_id'), last - eventCount, last)
    .map(([eventType, payload]) => {
      const { type, schemaVersion } = cache.eventType(eventType);
      return { type, schemaVersion, payload: payloadBytes(payload, 'events.payload') };
    });
}

export function readStreams({ statements }: Connection, options: ReadStreamsOptions): readonly StreamHead[] {
  const after = options.after === undefined ? 0 : statements.streamId.get(options.after);
  if (after === undefined) return [];
  return statements.streams.all(after, options.limit ?? DEFAULT_READ_LIMIT).map(([id, name]) => {
    const stream = text(name, 'streams.name');
    const head = statements.head.get(id, id);
    if (head === undefined) throw damage(`stream ${JSON.stringify(stream)} has no decisions`);
    const revision = optionalNumber(head[0], 'decisions.revision');
    return {
      stream,
      revision: revision === undefined ? undefined : BigInt(revision),
      hash: bytes(head[1], 'decisions.hash', HASH_BYTES),
    };
  });
}

export function loadSnapshot({ statements }: Connection, key: SnapshotKey): Snapshot | undefined {
  const row = statements.loadSnapshot.get(key.stream, key.moduleName, key.moduleVersion);
  return row === undefined ? undefined : checkedSnapshot(key, row);
}

/** Returns the snapshot, after comparing it with its checksum. */
export function checkedSnapshot(key: SnapshotKey, row: SnapshotRow): Snapshot {
  const [revision, contentType, state, checksum] = row;
  const snapshot = {
    revision: BigInt(wholeNumber(revision, 'snapshots.revision')),
    contentType: text(contentType, 'snapshots.content_type'),
    state: bytes(state, 'snapshots.state'),
  };
  const expected = snapshotChecksum(key, snapshot);
  if (equalBytes(expected, bytes(checksum, 'snapshots.checksum', expected.length))) return snapshot;
  throw damage(`the snapshot of ${JSON.stringify(key.stream)} for ${key.moduleName} ${key.moduleVersion} was changed`);
}
