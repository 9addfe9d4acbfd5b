/**
 * `event-store` (wit/event-store.wit): streams of events, the decisions they come from, and snapshots. Effects are
 * promises; decisions never are.
 */
import type { Decision, Envelope, Precondition, RecordedDecision, RecordedEvent } from './messages.ts';

/** The stream is not as the precondition demands. Nothing was written. */
export interface Conflict {
  readonly stream: string;
  readonly expected: Precondition;
  /** The stream's last revision; undefined: it has no events. */
  readonly actual: bigint | undefined;
}

/** What the caller passed cannot be meant: a stream name outside the rule, more than 1,000 events … */
export interface InvalidArgument {
  /** Which argument: `stream`, `events[3].type`. */
  readonly argument: string;
  readonly message: string;
}

/** The store could not do its work. Nothing was written, unless `code` is `unknown-outcome`. */
export interface StoreFailure {
  /**
   * Stable and machine-readable: `read-only`, `full`, `busy`, `corrupt`, `newer-format`, `not-a-store`, `io`,
   * `unsupported-engine`, `unknown-outcome`.
   */
  readonly code: string;
  readonly message: string;
}

/** What reading and snapshots can fail with. */
export type StoreError =
  | { readonly tag: 'invalid-argument'; readonly val: InvalidArgument }
  | { readonly tag: 'failure'; readonly val: StoreFailure }
  /** The store is closing or closed. */
  | { readonly tag: 'closed' };

/** What appending can fail with. */
export type AppendError =
  | { readonly tag: 'conflict'; readonly val: Conflict }
  /** The command id is known, whatever the precondition: this is what was recorded first. */
  | { readonly tag: 'duplicate'; readonly val: RecordedDecision }
  | { readonly tag: 'invalid-argument'; readonly val: InvalidArgument }
  | { readonly tag: 'failure'; readonly val: StoreFailure }
  | { readonly tag: 'closed' };

/** What an append did. */
export interface Appended {
  /** The revision of the first new event; undefined: there were no events. */
  readonly firstRevision: bigint | undefined;
  /** The position of the first new event; the others follow it, in order. Undefined: there were no events. */
  readonly firstPosition: bigint | undefined;
  /** The stream's last revision now; undefined: it has no events. */
  readonly revision: bigint | undefined;
  readonly recordedAt: bigint;
  /** SHA-256 over the hash of the commit before this one in the stream and the content of this one. */
  readonly hash: Uint8Array;
}

/** Forward: in the order of appending. Backward: the newest first. */
export type Direction = 'forward' | 'backward';

/** Which part of a stream to read. */
export interface ReadStreamOptions {
  readonly direction: Direction;
  /** The first revision to read, inclusive; undefined: the stream's first event, or its last one backward. */
  readonly fromRevision: bigint | undefined;
  /** At most so many events; undefined: 1,000. A shorter list than the limit ends the stream. */
  readonly limit: number | undefined;
}

/** Which part of the store to read. */
export interface ReadAllOptions {
  readonly direction: Direction;
  /** Read on behind this position, exclusive; undefined: from the first event, or from the last one backward. */
  readonly afterPosition: bigint | undefined;
  /** At most so many events; undefined: 1,000. A shorter list than the limit ends the store. */
  readonly limit: number | undefined;
  /** Only streams of these categories; empty: all. */
  readonly categories: readonly string[];
  /** Only events of these types; empty: all. */
  readonly eventTypes: readonly string[];
}

/** A snapshot belongs to one version of one module: another version folds anew. */
export interface SnapshotKey {
  readonly moduleName: string;
  readonly moduleVersion: string;
  readonly stream: string;
}

/** A stored state. */
export interface Snapshot {
  /** The last revision that the state has folded. */
  readonly revision: bigint;
  readonly contentType: string;
  readonly state: Uint8Array;
}

/** The storage that the event sourcer needs. A store adapter implements exactly this. */
export interface EventStore {
  /**
   * Appends the events of one decision with its record, atomically. A command id is looked up before the precondition.
   * @throws AppendFailure whose `payload` is an {@link AppendError}.
   */
  append(
    stream: string,
    events: readonly Envelope[],
    precondition: Precondition,
    decision: Decision,
  ): Promise<Appended>;

  /** @throws StoreFailureError whose `payload` is a {@link StoreError}. */
  readStream(stream: string, options: ReadStreamOptions): Promise<readonly RecordedEvent[]>;

  /**
   * In the order of positions. A reader that has seen a position never later finds a new event at or below it.
   * @throws StoreFailureError whose `payload` is a {@link StoreError}.
   */
  readAll(options: ReadAllOptions): Promise<readonly RecordedEvent[]>;

  /**
   * Waits until the store holds an event after this position, and returns the position of the store's last event. If the
   * store holds such an event already, it returns without waiting. `undefined`: any event is enough.
   *
   * `subscribe` is built on it; no other code waits for events. Aborting `signal` rejects with the signal's reason.
   * Closing the store rejects with `closed`.
   * @throws StoreFailureError whose `payload` is a {@link StoreError}.
   */
  awaitEvents(afterPosition: bigint | undefined, signal?: AbortSignal): Promise<bigint>;

  /** @throws StoreFailureError whose `payload` is a {@link StoreError}. */
  findDecision(commandId: string): Promise<RecordedDecision | undefined>;

  /** @throws StoreFailureError whose `payload` is a {@link StoreError}. */
  loadSnapshot(key: SnapshotKey): Promise<Snapshot | undefined>;

  /**
   * Replaces the one with this key, unless that one is of a later revision.
   * @throws StoreFailureError whose `payload` is a {@link StoreError}.
   */
  saveSnapshot(key: SnapshotKey, snapshot: Snapshot): Promise<void>;

  /** @throws StoreFailureError whose `payload` is a {@link StoreError}. */
  dropSnapshot(key: SnapshotKey): Promise<void>;
}
