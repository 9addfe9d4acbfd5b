/**
 * `event-store` (wit/event-store.wit): streams of events, the decisions that they come from, and snapshots. The
 * functions of a store have effects, so they return promises. The functions of a module have no effects, so they are
 * synchronous.
 */
import type { Decision, Envelope, EventName, Precondition, RecordedDecision, RecordedEvent } from './messages.ts';

/** The stream does not meet the precondition. Nothing was written. */
export interface Conflict {
  readonly stream: string;
  /** The precondition that the stream does not meet. */
  readonly precondition: Precondition;
  /** The stream's last revision, or undefined if the stream has no events. */
  readonly actual?: bigint | undefined;
}

/** An argument is invalid, for example a malformed stream name or more than 1,000 events. */
export interface InvalidArgument {
  /** Names the argument: `stream`, `events[3].type`. */
  readonly argument: string;
  /** The expected and the given value, for a person to read. */
  readonly message: string;
}

/** The store could not do its work. Nothing was written, unless `code` is `unknown-outcome`. */
export interface StoreFault {
  /**
   * A stable, machine-readable code: `not-found`, `read-only`, `full`, `busy`, `corrupt`, `newer-format`,
   * `not-a-store`, `io`, `moved`, `unsupported-engine`, `unknown-outcome`, `diverged`.
   */
  readonly code: string;
  /** The reason, for a person to read. */
  readonly message: string;
}

/** The errors of all functions except `append`. */
export type StoreError =
  /** An argument is invalid. */
  | { readonly tag: 'invalid-argument'; readonly val: InvalidArgument }
  /** The store could not do its work. */
  | { readonly tag: 'failure'; readonly val: StoreFault }
  /** The store is closing or closed. */
  | { readonly tag: 'closed' };

/** The errors of `append`. */
export type AppendError =
  /** The stream does not meet the precondition. Nothing was written. */
  | { readonly tag: 'conflict'; readonly val: Conflict }
  /** The store already has this decision with the same command id. The id is checked before the precondition. */
  | { readonly tag: 'duplicate'; readonly val: RecordedDecision }
  /** An argument is invalid. Nothing was written. */
  | { readonly tag: 'invalid-argument'; readonly val: InvalidArgument }
  /** The store could not do its work. */
  | { readonly tag: 'failure'; readonly val: StoreFault }
  /** The store is closing or closed. */
  | { readonly tag: 'closed' };

/** The result of an append. */
export interface Appended {
  /** The revision of the first new event, or undefined if the append had no events. */
  readonly firstRevision?: bigint | undefined;
  /**
   * The position of the first new event, or undefined if the append had no events. The other events follow it, in
   * order.
   */
  readonly firstPosition?: bigint | undefined;
  /** The stream's last revision after the append, or undefined if the stream has no events. */
  readonly revision?: bigint | undefined;
  /** The time of the commit, in milliseconds since the Unix epoch. */
  readonly recordedAt: bigint;
  /** SHA-256 over the hash of the stream's previous commit and the content of this one. */
  readonly hash: Uint8Array;
}

/** The order of a read. `forward` begins with the oldest event, `backward` with the newest. */
export type Direction = 'forward' | 'backward';

/** Selects a part of a stream. */
export interface ReadStreamOptions {
  /** The order of the revisions. */
  readonly direction: Direction;
  /**
   * The revision at which to begin, inclusive.
   * @default the stream's first event, or its last event if read backward
   */
  readonly fromRevision?: bigint | undefined;
  /**
   * The maximum number of events to return. A shorter list means that the end was reached.
   * @default 1000
   */
  readonly limit?: number | undefined;
}

/** Selects a part of the store. */
export interface ReadAllOptions {
  /** The order of the positions. */
  readonly direction: Direction;
  /**
   * The position after which to begin, exclusive.
   * @default the beginning of the store, or its end if read backward
   */
  readonly afterPosition?: bigint | undefined;
  /**
   * The maximum number of events to return. A shorter list means that the end was reached.
   * @default 1000
   */
  readonly limit?: number | undefined;
  /** Returns only events of these categories of streams, or of all categories if the list is empty. */
  readonly categories: readonly string[];
  /** Returns only events of these types, or of all types if the list is empty. */
  readonly eventTypes: readonly string[];
  /** Returns only these events, or all events if the list is empty. An event must pass all three filters. */
  readonly events: readonly EventName[];
}

/** The key of a snapshot. A snapshot belongs to one version of one module. Other versions do not find it. */
export interface SnapshotKey {
  readonly moduleName: string;
  readonly moduleVersion: string;
  readonly stream: string;
}

/** A stored state. */
export interface Snapshot {
  /** The last revision that is folded into the state. */
  readonly revision: bigint;
  /** The content type of `state`. */
  readonly contentType: string;
  /** The state's bytes, encoded by the module. */
  readonly state: Uint8Array;
}

/** The store that the event sourcer needs. A store adapter implements this interface. */
export interface EventStore {
  /**
   * Appends the events of one decision and its record, atomically. The command id is checked before the precondition.
   * @throws AppendFailure whose `payload` is an {@link AppendError}.
   */
  append(
    stream: string,
    events: readonly Envelope[],
    precondition: Precondition,
    decision: Decision,
  ): Promise<Appended>;

  /**
   * Returns events of one stream, in the order of their revisions.
   * @throws StoreFailure whose `payload` is a {@link StoreError}.
   */
  readStream(stream: string, options: ReadStreamOptions): Promise<readonly RecordedEvent[]>;

  /**
   * Returns events in the order of positions. After a reader has read a position, no new event appears at or below that
   * position.
   * @throws StoreFailure whose `payload` is a {@link StoreError}.
   */
  readAll(options: ReadAllOptions): Promise<readonly RecordedEvent[]>;

  /**
   * Waits until the store has an event after this position, and returns the position of the store's last event. If the
   * store already has such an event, the function returns without waiting. Without a position, any event suffices.
   *
   * If `signal` is aborted, the promise rejects with the signal's reason. If the store is closed, it rejects with
   * `closed`. Everything in this package that waits for events, such as `subscribe`, uses this function.
   * @throws StoreFailure whose `payload` is a {@link StoreError}.
   */
  awaitEvents(afterPosition: bigint | undefined, signal?: AbortSignal): Promise<bigint>;

  /**
   * Returns the decision on the command with this id, or undefined if the command was not decided.
   * @throws StoreFailure whose `payload` is a {@link StoreError}.
   */
  findDecision(commandId: string): Promise<RecordedDecision | undefined>;

  /**
   * Returns the snapshot with this key, or undefined if it does not exist.
   * @throws StoreFailure whose `payload` is a {@link StoreError}.
   */
  loadSnapshot(key: SnapshotKey): Promise<Snapshot | undefined>;

  /**
   * Replaces the snapshot with this key, unless that one has a later revision.
   * @throws StoreFailure whose `payload` is a {@link StoreError}.
   */
  saveSnapshot(key: SnapshotKey, snapshot: Snapshot): Promise<void>;

  /**
   * Deletes the snapshot with this key, if it exists.
   * @throws StoreFailure whose `payload` is a {@link StoreError}.
   */
  dropSnapshot(key: SnapshotKey): Promise<void>;
}
