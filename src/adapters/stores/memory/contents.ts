/** What a memory store holds. Everything is written once and never changed, but for the snapshots. */
import type { RecordedCommit } from '../../../core/chain.ts';
import type { Snapshot, SnapshotKey } from '../../../core/event-store.ts';
import type { RecordedEvent } from '../../../core/messages.ts';

export interface Stream {
  readonly name: string;
  readonly category: string;
  /** The stream's place in {@link Contents.streams}, from 0. */
  readonly index: number;
  readonly events: RecordedEvent[];
  readonly commits: StoredCommit[];
}

export interface StoredCommit extends RecordedCommit {
  /** The commit's place in its stream, from 0. */
  readonly index: number;
  readonly of: Stream;
}

export interface Contents {
  /** In the order of their first commits. */
  readonly streams: Stream[];
  readonly byName: Map<string, Stream>;
  /** Positions count from 1: the event at position p is at index p - 1. */
  readonly events: RecordedEvent[];
  readonly byCommand: Map<string, StoredCommit>;
  readonly snapshots: Map<string, Snapshot>;
}

export function empty(): Contents {
  return { streams: [], byName: new Map(), events: [], byCommand: new Map(), snapshots: new Map() };
}

export function lastRevision(stream: Stream | undefined): bigint | undefined {
  return stream === undefined || stream.events.length === 0 ? undefined : BigInt(stream.events.length - 1);
}

/** Texts of any content, told apart: each stands behind its length. */
export function snapshotName({ moduleName, moduleVersion, stream }: SnapshotKey): string {
  return `${moduleName.length}:${moduleName}${moduleVersion.length}:${moduleVersion}${stream}`;
}
