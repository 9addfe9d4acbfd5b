/**
 * The checks that every store needs. A call is refused if the store is closed or an argument is invalid. An adapter
 * implements only the operations ({@link BareStore}), and its store extends one of the classes here.
 */
import type { Appended, EventStore, ReadAllOptions, ReadStreamOptions, Snapshot, SnapshotKey } from '../event-store.ts';
import type { Decision, Envelope, Precondition, RecordedDecision, RecordedEvent } from '../messages.ts';
import {
  appendAfterClose,
  checkAppend,
  checkCommandId,
  checkImport,
  checkPosition,
  checkReadAll,
  checkReadCommits,
  checkReadLog,
  checkReadStream,
  checkReadStreams,
  checkReservation,
  checkSnapshot,
  checkSnapshotKey,
  usedAfterClose,
} from './arguments.ts';
import type { RecordedCommit } from './chain.ts';
import type { CommitImport, CommitLog, ReadLogOptions } from './commit-transfer.ts';
import type { DecidedAppend, ExclusiveAppend } from './exclusive-append.ts';
import type { CommitSource, Damage, ReadCommitsOptions, ReadStreamsOptions, StreamHead } from './verify-chain.ts';

/** A store whose commits can be verified and copied, and whose streams can be reserved for one append. */
export interface CommitStore
  extends EventStore,
    Required<ExclusiveAppend>,
    CommitSource,
    CommitLog,
    CommitImport,
    AsyncDisposable {
  /** Finishes accepted work, and refuses later calls. */
  close(): Promise<void>;
}

/** The operations of a store. Their arguments are valid, and no operation is called after `close`. */
export interface BareStore extends EventStore {
  /** Finishes accepted work, and rejects callers that wait for events with `closed`. It is called once. */
  close(): Promise<void>;
}

/** The operations of a {@link CommitStore}. */
export interface BareCommitStore extends BareStore, Omit<CommitStore, keyof AsyncDisposable> {
  readCommits(stream: string, options: ReadCommitsOptions): Promise<readonly RecordedCommit[]>;
  readStreams(options: ReadStreamsOptions): Promise<readonly StreamHead[]>;
  readLog(options: ReadLogOptions): Promise<readonly RecordedCommit[]>;
}

/**
 * An event store that checks every call before it reaches the operations of an adapter.
 *
 * @example const store = new GuardedStore(new MyOperations());
 */
export class GuardedStore implements EventStore, AsyncDisposable {
  readonly #bare: BareStore;
  #closing: Promise<void> | undefined;

  constructor(bare: BareStore) {
    this.#bare = bare;
  }

  append(
    stream: string,
    events: readonly Envelope[],
    precondition: Precondition,
    decision: Decision,
  ): Promise<Appended> {
    try {
      if (this.#closing !== undefined) throw appendAfterClose();
      checkAppend(stream, events, precondition, decision);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#bare.append(stream, events, precondition, decision);
  }

  readStream(stream: string, options: ReadStreamOptions): Promise<readonly RecordedEvent[]> {
    return this.guarded(
      () => checkReadStream(stream, options),
      () => this.#bare.readStream(stream, options),
    );
  }

  readAll(options: ReadAllOptions): Promise<readonly RecordedEvent[]> {
    return this.guarded(
      () => checkReadAll(options),
      () => this.#bare.readAll(options),
    );
  }

  awaitEvents(afterPosition: bigint | undefined, signal?: AbortSignal): Promise<bigint> {
    return this.guarded(
      () => checkPosition(afterPosition, 'afterPosition'),
      () => this.#bare.awaitEvents(afterPosition, signal),
    );
  }

  findDecision(commandId: string): Promise<RecordedDecision | undefined> {
    return this.guarded(
      () => checkCommandId(commandId),
      () => this.#bare.findDecision(commandId),
    );
  }

  loadSnapshot(key: SnapshotKey): Promise<Snapshot | undefined> {
    return this.guarded(
      () => checkSnapshotKey(key),
      () => this.#bare.loadSnapshot(key),
    );
  }

  saveSnapshot(key: SnapshotKey, snapshot: Snapshot): Promise<void> {
    return this.guarded(
      () => {
        checkSnapshotKey(key);
        checkSnapshot(snapshot);
      },
      () => this.#bare.saveSnapshot(key, snapshot),
    );
  }

  dropSnapshot(key: SnapshotKey): Promise<void> {
    return this.guarded(
      () => checkSnapshotKey(key),
      () => this.#bare.dropSnapshot(key),
    );
  }

  /** Finishes accepted work and refuses later calls. Later calls of `close` return the same promise. */
  close(): Promise<void> {
    this.#closing ??= this.#bare.close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** True as soon as `close` was called. */
  protected get isClosed(): boolean {
    return this.#closing !== undefined;
  }

  /**
   * Calls an operation if the store is open and the arguments are valid. An adapter uses this method for its further
   * operations.
   */
  protected guarded<Result>(check: () => void, call: () => Promise<Result>): Promise<Result> {
    try {
      if (this.isClosed) throw usedAfterClose();
      check();
    } catch (error) {
      return Promise.reject(error);
    }
    return call();
  }
}

/**
 * A guarded store that can be verified ({@link CommitSource}) and copied ({@link CommitLog}, {@link CommitImport}), and
 * that reserves streams ({@link ExclusiveAppend}).
 */
export class GuardedCommitStore extends GuardedStore implements CommitStore {
  readonly #bare: BareCommitStore;

  constructor(bare: BareCommitStore) {
    super(bare);
    this.#bare = bare;
  }

  appendExclusively(
    stream: string,
    after: bigint | undefined,
    decide: (events: readonly RecordedEvent[]) => DecidedAppend,
  ): Promise<Appended> {
    try {
      if (this.isClosed) throw appendAfterClose();
      checkReservation(stream, after);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#bare.appendExclusively(stream, after, (events) => {
      const decided = decide(events);
      checkAppend(stream, decided.events, decided.precondition, decided.decision);
      return decided;
    });
  }

  readCommits(stream: string, options: ReadCommitsOptions = {}): Promise<readonly RecordedCommit[]> {
    return this.guarded(
      () => checkReadCommits(stream, options),
      () => this.#bare.readCommits(stream, options),
    );
  }

  readStreams(options: ReadStreamsOptions = {}): Promise<readonly StreamHead[]> {
    return this.guarded(
      () => checkReadStreams(options),
      () => this.#bare.readStreams(options),
    );
  }

  readLog(options: ReadLogOptions = {}): Promise<readonly RecordedCommit[]> {
    return this.guarded(
      () => checkReadLog(options),
      () => this.#bare.readLog(options),
    );
  }

  importCommits(commits: readonly RecordedCommit[]): Promise<void> {
    return this.guarded(
      () => checkImport(commits),
      () => this.#bare.importCommits(commits),
    );
  }

  findDamage(): Promise<Damage | undefined> {
    return this.guarded(
      () => {},
      async () => this.#bare.findDamage?.(),
    );
  }
}
