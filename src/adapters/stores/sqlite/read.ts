/** Reading: by stream, over all events, and commit by commit. The arguments have been checked. */
import type { Database, Statement } from 'better-sqlite3';
import type { Direction, ReadAllOptions, ReadStreamOptions } from '../../../core/event-store.ts';
import { DEFAULT_READ_LIMIT } from '../../../core/limits.ts';
import type { Envelope, RecordedDecision, RecordedEvent, Rejection } from '../../../core/messages.ts';
import type { RecordedCommit } from '../../../core/storage/chain.ts';
import { StoredEventContext } from '../../../core/storage/recorded-events.ts';
import type { ReadCommitsOptions, ReadStreamsOptions, StreamHead } from '../../../core/storage/verify-chain.ts';
import { contradiction } from './failures.ts';
import type { IdCache } from './id-cache.ts';
import { type DecisionRow, type EventRow, MAX_BRANCHES, prepareMerged, type Statements } from './statements.ts';

/** The parts of a connection that reads use. */
export interface Connection {
  readonly file: string;
  readonly database: Database;
  readonly statements: Statements;
  readonly cache: IdCache;
  /** Statements of filtered reads, by direction and number of event types; prepared at first use. */
  readonly merged: Map<string, Statement<number[], EventRow>>;
}

/** Beyond every position and revision that a number can hold. */
const BEYOND = Number.MAX_SAFE_INTEGER;

export function readStream(
  connection: Connection,
  stream: string,
  options: ReadStreamOptions,
): readonly RecordedEvent[] {
  const { streamForward, streamBackward, streamId } = connection.statements;
  const { direction, fromRevision, limit = DEFAULT_READ_LIMIT } = options;
  const id = streamId.get(stream);
  if (id === undefined) return [];
  const rows =
    direction === 'forward'
      ? streamForward.all(id, clamped(fromRevision ?? 0n), limit)
      : streamBackward.all(id, clamped(fromRevision), limit);
  return recorded(connection, rows);
}

export function readAll(connection: Connection, options: ReadAllOptions): readonly RecordedEvent[] {
  const { direction, afterPosition, limit = DEFAULT_READ_LIMIT, categories, eventTypes } = options;
  const behind = direction === 'forward' ? clamped(afterPosition ?? 0n) : clamped(afterPosition);
  if (categories.length === 0 && eventTypes.length === 0) {
    const { allForward, allBackward } = connection.statements;
    return recorded(connection, (direction === 'forward' ? allForward : allBackward).all(behind, limit));
  }
  return recorded(connection, filtered(connection, direction, behind, limit, categories, eventTypes));
}

/**
 * Reads the event types and the events in one view of the file. Otherwise the first event of a new type could be
 * skipped for ever, if another process commits it, followed by an event of a known type, between the two reads.
 */
function filtered(
  { database, statements, merged }: Connection,
  direction: Direction,
  behind: number,
  limit: number,
  categories: readonly string[],
  eventTypes: readonly string[],
): EventRow[] {
  statements.beginRead.run();
  try {
    const types = idsOf(statements, categories, eventTypes);
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
    if (database.inTransaction) statements.endRead.run();
  }
}

function idsOf(statements: Statements, categories: readonly string[], eventTypes: readonly string[]): number[] {
  const { eventTypesOfCategories, eventTypesOfNames, eventTypesOfBoth } = statements;
  if (eventTypes.length === 0) return eventTypesOfCategories.all(JSON.stringify(categories));
  if (categories.length === 0) return eventTypesOfNames.all(JSON.stringify(eventTypes));
  return eventTypesOfBoth.all(JSON.stringify(categories), JSON.stringify(eventTypes));
}

/** Converts a bigint to the number in the file. `undefined` becomes a number that is greater than all. */
function clamped(value: bigint | undefined): number {
  return value === undefined || value > BigInt(BEYOND) ? BEYOND : Number(value);
}

/** Adjacent events of one decision share the objects that are made for it. */
function recorded({ cache }: Connection, rows: readonly EventRow[]): readonly RecordedEvent[] {
  cache.meetStreams(rows.map((row) => row[1]));
  const found: RecordedEvent[] = [];
  let commandId = '';
  let causationId = '';
  let correlationId = '';
  let recordedAt = 0n;
  let contentType = '';
  let stream = '';
  for (const row of rows) {
    if (row[5] !== commandId) {
      commandId = row[5];
      causationId = uuidText(commandId);
      correlationId = row[8] ?? causationId;
      recordedAt = BigInt(row[9]);
      contentType = cache.commandType(row[6])[3];
      stream = cache.streamName(row[1]);
    }
    const { type, schemaVersion } = cache.eventType(row[3]);
    const context = new StoredEventContext(
      stream,
      BigInt(row[2]),
      BigInt(row[0]),
      recordedAt,
      correlationId,
      causationId,
      row[7],
    );
    const payload = typeof row[4] === 'string' ? hexBytes(row[4]) : plain(row[4]);
    found.push({ context, event: { type, schemaVersion, payload }, contentType });
  }
  return found;
}

export function findDecision(connection: Connection, commandId: string): RecordedDecision | undefined {
  const row = connection.statements.decisionByCommand.get(uuidBytes(commandId));
  return row === undefined ? undefined : recordedDecision(connection, row);
}

function recordedDecision({ file, cache }: Connection, row: DecisionRow): RecordedDecision {
  const [, id, streamId, commandTypeId, payload, seen, eventCount, revision, rejection, causation] = row;
  const [name, version, digest, contentType, type, schemaVersion] = cache.commandType(commandTypeId);
  const commandId = uuidText(id.toString('hex'));
  return {
    stream: cache.streamName(streamId),
    decision: {
      commandId,
      command: { type, schemaVersion, payload: plain(payload) },
      contentType,
      module: { name, version, digest: digest === null ? undefined : plain(digest) },
      seenRevision: seen === null ? undefined : BigInt(seen),
      outcome:
        rejection === null ? { tag: 'accepted' } : { tag: 'rejected', val: rejectionOf(rejection, file, commandId) },
      causationId: causation ?? undefined,
      correlationId: row[10] ?? commandId,
      actor: row[11] ?? undefined,
      keyId: row[12] ?? undefined,
    },
    firstRevision: eventCount === 0 || revision === null ? undefined : BigInt(revision - eventCount + 1),
    eventCount,
    recordedAt: BigInt(row[13]),
    hash: plain(row[14]),
  };
}

function rejectionOf(json: string, file: string, commandId: string): Rejection {
  try {
    const { code, message, details } = JSON.parse(json);
    return { code, message, details };
  } catch {
    throw contradiction(file, `the rejection of command ${commandId} is not JSON`);
  }
}

export function readCommits(
  connection: Connection,
  stream: string,
  options: ReadCommitsOptions,
): readonly RecordedCommit[] {
  const { statements } = connection;
  const streamId = statements.streamId.get(stream);
  if (streamId === undefined) return [];
  let after = 0;
  let next = 0;
  if (options.after !== undefined) {
    const row = statements.decisionByCommand.get(uuidBytes(options.after));
    if (row === undefined || row[2] !== streamId) return [];
    after = row[0];
    next = (row[7] ?? -1) + 1;
  }
  const commits: RecordedCommit[] = [];
  const limit = options.limit ?? DEFAULT_READ_LIMIT;
  // Two rows of commits in the order of their ids: those with events, found by their first, and those without.
  let withEvents = decisionOfEvent(connection, streamId, next);
  let without = statements.nextWithoutEvents.get(streamId, after);
  while (commits.length < limit) {
    let row: DecisionRow;
    if (withEvents !== undefined && (without === undefined || withEvents[0] < without[0])) {
      row = withEvents;
      withEvents = decisionOfEvent(connection, streamId, (row[7] ?? next) + 1);
    } else if (without !== undefined) {
      row = without;
      without = statements.nextWithoutEvents.get(streamId, row[0]);
    } else {
      break;
    }
    commits.push({ decision: recordedDecision(connection, row), events: eventsOfDecision(connection, row) });
  }
  return commits;
}

/** Returns `undefined` if the event does not exist. */
function decisionOfEvent(
  { file, statements }: Connection,
  streamId: number,
  revision: number,
): DecisionRow | undefined {
  const row = statements.decisionOfEvent.get(streamId, revision);
  if (row?.[0] === null) throw contradiction(file, `event ${revision} of stream id ${streamId} has no decision`);
  return row;
}

function eventsOfDecision({ statements, cache }: Connection, row: DecisionRow): readonly Envelope[] {
  const [streamId, eventCount, revision] = [row[2], row[6], row[7] ?? -1];
  if (eventCount === 0) return [];
  return statements.payloads.all(streamId, revision - eventCount, revision).map(([eventType, payload]) => {
    const { type, schemaVersion } = cache.eventType(eventType);
    return { type, schemaVersion, payload: plain(payload) };
  });
}

export function readStreams(connection: Connection, options: ReadStreamsOptions): readonly StreamHead[] {
  const { file, statements } = connection;
  const after = options.after === undefined ? 0 : statements.streamId.get(options.after);
  if (after === undefined) return [];
  return statements.streams.all(after, options.limit ?? DEFAULT_READ_LIMIT).map(([id, stream]) => {
    const head = statements.head.get(id, id);
    if (head === undefined) throw contradiction(file, `stream ${JSON.stringify(stream)} has no decisions`);
    const [revision, hash] = head;
    return { stream, revision: revision === null ? undefined : BigInt(revision), hash: plain(hash) };
  });
}

/** Bytes as the contract has them: a Buffer is a Uint8Array whose `slice` does not copy, and which equals none. */
export function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The 16 bytes of a UUID in text: a byte for every two digits, hyphens stepped over. */
export function uuidBytes(uuid: string, bytes: Uint8Array = new Uint8Array(16)): Uint8Array {
  for (let byte = 0, at = 0; byte < 16; byte++, at += 2) {
    if (byte === 4 || byte === 6 || byte === 8 || byte === 10) at++;
    bytes[byte] = (digit(uuid.charCodeAt(at)) << 4) | digit(uuid.charCodeAt(at + 1));
  }
  return bytes;
}

function hexBytes(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length / 2);
  for (let byte = 0, at = 0; byte < bytes.length; byte++, at += 2) {
    bytes[byte] = (digit(hex.charCodeAt(at)) << 4) | digit(hex.charCodeAt(at + 1));
  }
  return bytes;
}

/** The value of a hexadecimal digit: letters have bit 6 set, and `a` ends in 1. */
function digit(code: number): number {
  return (code & 15) + (code >> 6) * 9;
}

/** The text of a UUID, of its hexadecimal digits in either case. */
function uuidText(hexadecimal: string): string {
  const hex = hexadecimal.toLowerCase();
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
