/**
 * The contents of a memory store: the bytes of each commit, and indexes of numbers. Contexts, decision records, strings
 * and bigints are made during a read. Only snapshots change after they are written.
 */
import type { Snapshot } from '../../../core/event-store.ts';
import type { RecordedDecision, RecordedEvent } from '../../../core/messages.ts';
import { HASH_BYTES } from '../../../core/storage/chain.ts';
import {
  type CommitEvents,
  type ReadCommit,
  readCommit,
  readCommitEvents,
} from '../../../core/storage/commit-reader.ts';
import { StoredEventContext } from '../../../core/storage/recorded-events.ts';
import { CommandIds } from './command-ids.ts';
import { Log } from './log.ts';

export interface Stream {
  readonly name: string;
  readonly category: string;
  /** The stream's index in {@link Contents.streams}, from 0. */
  readonly index: number;
  /** The number of each event's commit, by revision. */
  readonly events: number[];
  /** The numbers of the stream's commits, ascending. */
  readonly commits: number[];
  /** The hash of the stream's last commit. */
  hash: Uint8Array;
}

export interface Contents {
  /** The streams in the order of their first commits. */
  readonly streams: Stream[];
  readonly byName: Map<string, Stream>;
  /** The number of each event's commit. Positions count from 1, so the event at position 1 is at index 0. */
  readonly events: number[];
  /** The command ids of all commits. Commits are numbered from 0 in the order of the appends. */
  readonly commands: CommandIds;
  /** The address of each commit in the log, by the commit's number. */
  readonly addresses: number[];
  /** The position of each commit's first event, if the commit has events, by the commit's number. */
  readonly positions: number[];
  readonly log: Log;
  readonly snapshots: Map<string, Snapshot>;
}

export function empty(): Contents {
  return {
    streams: [],
    byName: new Map(),
    events: [],
    commands: new CommandIds(),
    addresses: [],
    positions: [],
    log: new Log(),
    snapshots: new Map(),
  };
}

export function lastRevision(stream: Stream | undefined): bigint | undefined {
  return stream === undefined || stream.events.length === 0 ? undefined : BigInt(stream.events.length - 1);
}

/** Returns the position of the last event, or `undefined` if the store has no events. */
export function lastPosition({ events }: Contents): bigint | undefined {
  return events.length === 0 ? undefined : BigInt(events.length);
}

export function commitOf({ addresses, log }: Contents, number: number): ReadCommit {
  const address = addresses[number]!;
  return readCommit(log.block(address), log.offset(address));
}

export function commitEvents({ addresses, log }: Contents, number: number): CommitEvents {
  const address = addresses[number]!;
  return readCommitEvents(log.block(address), log.offset(address));
}

/** Returns the event at `index` of a commit whose first event has the given position. */
export function recordedEvent(commit: CommitEvents, position: number, index: number): RecordedEvent {
  const { stream, firstRevision, recordedAt, commandId, contentType, correlationId, events } = commit;
  const context = new StoredEventContext(
    stream,
    firstRevision! + BigInt(index), // A commit with events has a first revision.
    BigInt(position + index),
    recordedAt,
    correlationId,
    commandId,
    index,
  );
  return { context, event: events[index]!, contentType };
}

export function recordedDecision(contents: Contents, number: number, commit: ReadCommit): RecordedDecision {
  const { stream, decision, events, firstRevision, recordedAt, end } = commit;
  const hash = contents.log.block(contents.addresses[number]!).subarray(end, end + HASH_BYTES);
  return { stream, decision, firstRevision, eventCount: events.length, recordedAt, hash };
}
