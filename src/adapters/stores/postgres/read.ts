/** Reads one stream, all events, and commits. The arguments have been checked. */
import type { Appended, ReadAllOptions, ReadStreamOptions, Snapshot, SnapshotKey } from '../../../core/event-store.ts';
import { DEFAULT_READ_LIMIT } from '../../../core/limits.ts';
import type { RecordedDecision, RecordedEvent } from '../../../core/messages.ts';
import { HASH_BYTES, type RecordedCommit } from '../../../core/storage/chain.ts';
import { readDecided, readDecidedEvents } from '../../../core/storage/commit-reader.ts';
import type { ReadLogOptions } from '../../../core/storage/commit-transfer.ts';
import { equalBytes } from '../../../core/storage/equal-bytes.ts';
import { eventFilter } from '../../../core/storage/event-filter.ts';
import { StoredEventContext } from '../../../core/storage/recorded-events.ts';
import { snapshotChecksum } from '../../../core/storage/snapshot-checksum.ts';
import type { ReadCommitsOptions, ReadStreamsOptions, StreamHead } from '../../../core/storage/verify-chain.ts';
import { textArray } from './binary-arrays.ts';
import {
  bytes,
  categoryParameter,
  integer,
  optionalInteger,
  restored,
  storable,
  text,
  wholeNumber,
} from './columns.ts';
import type { Connection } from './connections.ts';
import type { Row } from './driver.ts';
import { damage } from './failures.ts';
import type { Statements } from './statements.ts';
import type { StoredCommit } from './writer.ts';

/** A number higher than every revision and position. Small numbers can be added to it without exceeding 64 bits. */
const BEYOND = 2n ** 62n;

function clamped(value: bigint | undefined): bigint {
  return value === undefined || value > BEYOND ? BEYOND : value;
}

export async function readStream(
  connection: Connection,
  statements: Statements,
  stream: string,
  { direction, fromRevision, limit = DEFAULT_READ_LIMIT }: ReadStreamOptions,
): Promise<readonly RecordedEvent[]> {
  const isForward = direction === 'forward';
  const from = isForward ? clamped(fromRevision ?? 0n) : clamped(fromRevision);
  const rows = isForward
    ? await connection.query(statements.streamForward, [stream, from, limit], 'stream-forward')
    : await connection.query(statements.streamBackward, [stream, from, limit], 'stream-backward');
  const found = new FoundEvents(isForward, limit, ({ context: { revision } }) =>
    isForward ? revision >= from : revision <= from,
  );
  let expected: bigint | undefined;
  for (const [revision, position, recordedAt, content] of rows) {
    const first = integer(revision, 'commits.revision');
    const events = eventsOf(stream, first, position, recordedAt, content);
    const [lower, upper] = [first, first + BigInt(events.length)];
    // A state that is folded from a stream with a gap never existed.
    if (expected !== undefined && expected !== (isForward ? lower : upper)) {
      throw damage(`the events of stream ${JSON.stringify(stream)} have a gap at revision ${expected}`);
    }
    expected = isForward ? upper : lower;
    if (!found.add(events)) break;
  }
  const [first] = found.events;
  const isGap = isForward && first !== undefined && first.context.revision !== from;
  if (isGap) throw damage(`the event at revision ${from} of stream ${JSON.stringify(stream)} is missing`);
  return found.events;
}

export async function readAll(
  connection: Connection,
  statements: Statements,
  options: ReadAllOptions,
): Promise<readonly RecordedEvent[]> {
  const { direction, afterPosition, limit = DEFAULT_READ_LIMIT, categories, eventTypes, events: names } = options;
  const isForward = direction === 'forward';
  const after = isForward ? (afterPosition ?? -1n) : clamped(afterPosition);
  const isWanted = eventFilter(options);
  const found = new FoundEvents(isForward, limit, (event) => {
    const { position } = event.context;
    return (isForward ? position > after : position < after) && isWanted(event.event.type, event.context.stream);
  });
  let rows: readonly Row[];
  if (categories.length === 0 && eventTypes.length === 0 && names.length === 0) {
    rows = isForward
      ? await connection.query(statements.allForward, [after, limit], 'all-forward')
      : await connection.query(statements.allBackward, [after, limit], 'all-backward');
  } else {
    const values = [
      after,
      limit,
      textArray(categories.map(categoryParameter)),
      textArray(eventTypes.map(storable)),
      textArray(names.map(({ category }) => categoryParameter(category))),
      textArray(names.map(({ type }) => storable(type))),
    ];
    rows = isForward
      ? await connection.query(statements.someForward, values, 'some-forward')
      : await connection.query(statements.someBackward, values, 'some-backward');
  }
  for (const [name, revision, position, recordedAt, content] of rows) {
    const stream = text(name, 'commits.stream');
    if (!found.add(eventsOf(stream, integer(revision, 'commits.revision'), position, recordedAt, content))) break;
  }
  return found.events;
}

/** Collects the events of commits, up to a limit. */
class FoundEvents {
  readonly events: RecordedEvent[] = [];
  readonly #isForward: boolean;
  readonly #limit: number;
  readonly #isWanted: (event: RecordedEvent) => boolean;

  constructor(isForward: boolean, limit: number, isWanted: (event: RecordedEvent) => boolean) {
    this.#isForward = isForward;
    this.#limit = limit;
    this.#isWanted = isWanted;
  }

  /** Adds the wanted events of a commit. Returns false if the limit is reached. */
  add(ofCommit: RecordedEvent[]): boolean {
    if (!this.#isForward) ofCommit.reverse();
    for (const event of ofCommit) {
      if (!this.#isWanted(event)) continue;
      if (this.events.length >= this.#limit) return false;
      this.events.push(event);
    }
    return this.events.length < this.#limit;
  }
}

/** Returns the events of one commit. They share its objects. */
function eventsOf(
  stream: string,
  firstRevision: bigint,
  position: string | null | undefined,
  recordedAt: string | null | undefined,
  content: string | null | undefined,
): RecordedEvent[] {
  const first = integer(position, 'commits.position');
  const time = BigInt(wholeNumber(recordedAt, 'commits.recorded_at'));
  const { commandId, contentType, correlationId, events } = decoded(() =>
    readDecidedEvents(bytes(content, 'commits.content')),
  );
  return events.map((event, index) => {
    const offset = BigInt(index);
    const context = new StoredEventContext(
      stream,
      firstRevision + offset,
      first + offset,
      time,
      correlationId,
      commandId,
      index,
    );
    return { context, event, contentType };
  });
}

/** Decodes the content of a commit. @throws DamagedRow */
export function decodedCommit(content: string | null | undefined): ReturnType<typeof readDecided> {
  return decoded(() => readDecided(bytes(content, 'commits.content')));
}

function decoded<Result>(decode: () => Result): Result {
  try {
    return decode();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw damage(`commits.content cannot be read: ${error.message}`);
  }
}

/** Returns the position of the last visible event, or undefined if the store has no visible events. */
export async function lastPosition(connection: Connection, statements: Statements): Promise<LastPosition> {
  const [row] = await connection.query(statements.lastPosition, [], 'last-position');
  const count = optionalInteger(row?.[1], 'commits.event_count');
  const first = optionalInteger(row?.[0], 'commits.position');
  return {
    position: first === undefined || count === undefined ? undefined : first + count - 1n,
    isHiding: row?.[2] === 't',
    transaction: text(row?.[3], 'pg_snapshot_xmax'),
  };
}

/** The last position that is visible to readers. */
export interface LastPosition {
  /** The position of the last event, or undefined if the store has no visible events. */
  readonly position: bigint | undefined;
  /** True if later events are stored, and an older transaction is still open. */
  readonly isHiding: boolean;
  /** The id of the next transaction of the server. If it is the same as before, nothing was written. */
  readonly transaction: string;
}

export async function findCommit(
  connection: Connection,
  statements: Statements,
  commandId: string,
): Promise<StoredCommit | undefined> {
  const [row] = await connection.query(statements.commitOfCommand, [commandId], 'commit-of-command');
  if (row === undefined) return undefined;
  const { decision: recorded } = recordedCommit(row);
  if (recorded.decision.commandId !== commandId) {
    throw damage(`the commit of command ${commandId} has the decision of command ${recorded.decision.commandId}`);
  }
  const { firstRevision, eventCount, recordedAt, hash } = recorded;
  const next = integer(row[1], 'commits.revision') + BigInt(eventCount);
  const appended: Appended = {
    firstRevision,
    firstPosition: eventCount > 0 ? integer(row[3], 'commits.position') : undefined,
    revision: next === 0n ? undefined : next - 1n,
    recordedAt,
    hash,
  };
  return { recorded, appended, content: bytes(row[6], 'commits.content') };
}

/** Converts a row of name, revision, event count, position, time, hash and content. */
function recordedCommit([name, revision, count, , recordedAt, hash, content]: Row): RecordedCommit {
  const { decision, events } = decodedCommit(content);
  const eventCount = wholeNumber(count, 'commits.event_count');
  const recorded: RecordedDecision = {
    stream: text(name, 'streams.name'),
    decision,
    firstRevision: eventCount === 0 ? undefined : integer(revision, 'commits.revision'),
    eventCount,
    recordedAt: BigInt(wholeNumber(recordedAt, 'commits.recorded_at')),
    hash: bytes(hash, 'commits.hash', HASH_BYTES),
  };
  return { decision: recorded, events };
}

export async function readCommits(
  connection: Connection,
  statements: Statements,
  stream: string,
  { after, limit = DEFAULT_READ_LIMIT }: ReadCommitsOptions,
): Promise<readonly RecordedCommit[]> {
  const rows = await connection.query(statements.commits, [stream, after ?? null, limit], 'commits');
  return rows.map(recordedCommit);
}

export async function readLog(
  connection: Connection,
  statements: Statements,
  { direction = 'forward', after, limit = DEFAULT_READ_LIMIT }: ReadLogOptions,
): Promise<readonly RecordedCommit[]> {
  const rows =
    direction === 'forward'
      ? await connection.query(statements.logForward, [after ?? null, limit], 'log-forward')
      : await connection.query(statements.logBackward, [after ?? null, limit], 'log-backward');
  return rows.map(recordedCommit);
}

export async function readStreams(
  connection: Connection,
  statements: Statements,
  { after, limit = DEFAULT_READ_LIMIT }: ReadStreamsOptions,
): Promise<readonly StreamHead[]> {
  const rows = await connection.query(statements.streams, [after ?? null, limit], 'streams');
  return rows.map(([name, revision, hash]) => ({
    stream: text(name, 'streams.name'),
    revision: revision === '-1' ? undefined : integer(revision, 'streams.revision'),
    hash: bytes(hash, 'streams.hash', HASH_BYTES),
  }));
}

/** Returns the values of the columns of a key. */
export function keyValues({ stream, moduleName, moduleVersion }: SnapshotKey): string[] {
  return [stream, storable(moduleName), storable(moduleVersion)];
}

export async function loadSnapshot(
  connection: Connection,
  statements: Statements,
  key: SnapshotKey,
): Promise<Snapshot | undefined> {
  const [row] = await connection.query(statements.loadSnapshot, keyValues(key), 'load-snapshot');
  return row === undefined ? undefined : checkedSnapshot(key, row);
}

/** Returns the snapshot, after comparing it with its checksum. */
export function checkedSnapshot(key: SnapshotKey, [revision, contentType, state, checksum]: Row): Snapshot {
  const snapshot = {
    revision: integer(revision, 'snapshots.revision'),
    contentType: restored(text(contentType, 'snapshots.content_type')),
    state: bytes(state, 'snapshots.state'),
  };
  if (equalBytes(snapshotChecksum(key, snapshot), bytes(checksum, 'snapshots.checksum'))) return snapshot;
  throw damage(`the snapshot of ${JSON.stringify(key.stream)} for ${key.moduleName} ${key.moduleVersion} was changed`);
}
