/**
 * What a memory store holds: for each commit its bytes, and numbers that lead to them. Contexts, decision records, texts
 * and bigints are made when someone reads. Nothing is changed once it is written, but for the snapshots.
 */

import type { Snapshot, SnapshotKey } from '../../../core/event-store.ts';
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
  /** The stream's place in {@link Contents.streams}, from 0. */
  readonly index: number;
  /** By revision: the number of the commit that the event came with. */
  readonly events: number[];
  /** The numbers of its commits, ascending. */
  readonly commits: number[];
  /** The hash of its last commit. */
  hash: Uint8Array;
}

export interface Contents {
  /** In the order of their first commits. */
  readonly streams: Stream[];
  readonly byName: Map<string, Stream>;
  /** By position, which counts from 1: the number of the commit that the event at index + 1 came with. */
  readonly events: number[];
  /** Commits are numbered from 0, in the order of the appends. */
  readonly commands: CommandIds;
  /** By a commit's number: where it is in the log. */
  readonly addresses: number[];
  /** By a commit's number: the position of its first event, where there is one. */
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

/** `undefined`: the store has no events. */
export function lastPosition({ events }: Contents): bigint | undefined {
  return events.length === 0 ? undefined : BigInt(events.length);
}

export function commitOf({ addresses, log }: Contents, number: number): ReadCommit {
  const address = addresses[number]!;
  return readCommit(log.block(address), log.offset(address));
}

export function eventsOf({ addresses, log }: Contents, number: number): CommitEvents {
  const address = addresses[number]!;
  return readCommitEvents(log.block(address), log.offset(address));
}

/** The event at `index` of a commit whose first event has this position. */
export function recordedEvent(commit: CommitEvents, position: number, index: number): RecordedEvent {
  const { stream, firstRevision, recordedAt, commandId, contentType, correlationId, events } = commit;
  const context = new StoredEventContext(
    stream,
    firstRevision! + BigInt(index), // a commit with events has one
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

/** Texts of any content, told apart: each stands behind its length. */
export function snapshotName({ moduleName, moduleVersion, stream }: SnapshotKey): string {
  return `${moduleName.length}:${moduleName}${moduleVersion.length}:${moduleVersion}${stream}`;
}
