/**
 * What a memory store holds: little for each command, because what lives long is what the garbage collector pays for.
 * Contexts, decision records and bigints are made when someone reads. Nothing is changed once it is written, but for the
 * snapshots.
 */
import type { Snapshot, SnapshotKey } from '../../../core/event-store.ts';
import type { Decision, Envelope, RecordedDecision, RecordedEvent } from '../../../core/messages.ts';
import { StoredEventContext } from '../../../core/recorded.ts';

export interface Stream {
  readonly name: string;
  readonly category: string;
  /** The stream's place in {@link Contents.streams}, from 0. */
  readonly index: number;
  /** By revision: the commit that the event came with. */
  readonly events: StoredCommit[];
  readonly commits: StoredCommit[];
}

export interface StoredCommit {
  readonly of: Stream;
  /** The commit's place in its stream, from 0. */
  readonly index: number;
  /** As it was given, but for the bytes of the command, which are the caller's. */
  readonly decision: Decision;
  readonly command: Envelope;
  readonly events: readonly Envelope[];
  /** Of the first event, where there is one. */
  readonly revision: number;
  readonly position: number;
  readonly recordedAt: number;
  readonly hash: Uint8Array;
}

export interface Contents {
  /** In the order of their first commits. */
  readonly streams: Stream[];
  readonly byName: Map<string, Stream>;
  /** By position, which counts from 1: the commit that the event at index + 1 came with. */
  readonly events: StoredCommit[];
  readonly byCommand: Map<string, StoredCommit>;
  readonly snapshots: Map<string, Snapshot>;
  readonly bytes: Bytes;
}

export function empty(): Contents {
  return {
    streams: [],
    byName: new Map(),
    events: [],
    byCommand: new Map(),
    snapshots: new Map(),
    bytes: new Bytes(),
  };
}

/** Bytes of a block; larger texts get a block of their own. */
const BLOCK = 65_536;

/** Copies of bytes, many to a block: a buffer for each would weigh more than what is in it. */
export class Bytes {
  #block = new ArrayBuffer(BLOCK);
  #end = 0;

  copyOf(bytes: Uint8Array): Uint8Array {
    const { length } = bytes;
    if (length > BLOCK / 8) return new Uint8Array(bytes);
    if (this.#end + length > BLOCK) {
      this.#block = new ArrayBuffer(BLOCK);
      this.#end = 0;
    }
    const copy = new Uint8Array(this.#block, this.#end, length);
    copy.set(bytes);
    this.#end += length;
    return copy;
  }
}

export function lastRevision(stream: Stream | undefined): bigint | undefined {
  return stream === undefined || stream.events.length === 0 ? undefined : BigInt(stream.events.length - 1);
}

/** The event at `index` of a commit. */
export function recordedEvent(commit: StoredCommit, index: number): RecordedEvent {
  const { of, decision, events, revision, position, recordedAt } = commit;
  const context = new StoredEventContext(
    of.name,
    BigInt(revision + index),
    BigInt(position + index),
    BigInt(recordedAt),
    decision.correlationId,
    decision.commandId,
    index,
  );
  return { context, event: events[index]!, contentType: decision.contentType };
}

export function recordedDecision(commit: StoredCommit): RecordedDecision {
  const { of, decision, command, events, revision, recordedAt, hash } = commit;
  return {
    stream: of.name,
    decision: { ...decision, command },
    firstRevision: events.length === 0 ? undefined : BigInt(revision),
    eventCount: events.length,
    recordedAt: BigInt(recordedAt),
    hash,
  };
}

/** Texts of any content, told apart: each stands behind its length. */
export function snapshotName({ moduleName, moduleVersion, stream }: SnapshotKey): string {
  return `${moduleName.length}:${moduleName}${moduleVersion.length}:${moduleVersion}${stream}`;
}
