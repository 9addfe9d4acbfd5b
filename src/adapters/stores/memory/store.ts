/// <reference lib="esnext.disposable" preserve="true" />
/** The event store in memory. It implements the contract (wit/event-store.wit) without a file. */
import { DefinitionError } from '../../../core/errors.ts';
import type { Appended, ReadAllOptions, ReadStreamOptions, Snapshot, SnapshotKey } from '../../../core/event-store.ts';
import type { Decision, Envelope, Precondition, RecordedDecision, RecordedEvent } from '../../../core/messages.ts';
import { checkOptionNames } from '../../../core/option-names.ts';
import { mustBe } from '../../../core/predicates.ts';
import type { ProcessorStore } from '../../../core/processors/processor-store.ts';
import { usedAfterClose } from '../../../core/storage/arguments.ts';
import type { RecordedCommit } from '../../../core/storage/chain.ts';
import { awaitEventsAfter, CommitSignal } from '../../../core/storage/commit-signal.ts';
import type { ReadLogOptions } from '../../../core/storage/commit-transfer.ts';
import {
  checkReservedEvents,
  type DecidedAppend,
  RESERVATION_READ_LIMIT,
} from '../../../core/storage/exclusive-append.ts';
import { type BareCommitStore, type CommitStore, GuardedCommitStore } from '../../../core/storage/guarded-store.ts';
import { snapshotName } from '../../../core/storage/snapshot-checksum.ts';
import type { ReadCommitsOptions, ReadStreamsOptions, StreamHead } from '../../../core/storage/verify-chain.ts';
import type { OptionNames } from '../../../core/unknown-names.ts';
import { append, importCommit } from './append.ts';
import { empty, lastPosition } from './contents.ts';
import { MemoryProcessors } from './processors.ts';
import { findDecision, readAll, readCommits, readLog, readStream, readStreams } from './read.ts';

/** The options of `createMemoryStore`. */
export interface MemoryStoreOptions {
  /**
   * Returns the time of a commit, in milliseconds since the Unix epoch.
   * @default Date.now
   */
  readonly now?: (() => number) | undefined;
}

const NAMES: OptionNames<MemoryStoreOptions> = { now: true };

/** An event store in the memory of the process. Its contents are lost when the process ends. */
export interface MemoryStore extends CommitStore {
  /** Storage for processors: checkpoints, documents, parked events and deadlines. `defineSystem(…).start` uses it. */
  readonly processors: ProcessorStore;

  /** Refuses later calls, and drops the contents of the store. */
  close(): Promise<void>;
}

/**
 * Makes an empty store. Do not change the bytes that it returns, because it does not copy them.
 *
 * @example const store = createMemoryStore();
 * @throws DefinitionError if an option is invalid or unknown.
 */
export function createMemoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  checkOptionNames(options, NAMES, 'createMemoryStore');
  const { now = Date.now } = options;
  if (typeof now !== 'function') throw new DefinitionError('createMemoryStore.now', mustBe('a function', now));
  return new Store(now);
}

class Store extends GuardedCommitStore implements MemoryStore {
  readonly processors: ProcessorStore;

  constructor(now: () => number) {
    const operations = new MemoryOperations(now);
    super(operations);
    this.processors = new MemoryProcessors(operations.changes, () => {
      if (this.isClosed) throw usedAfterClose();
    });
  }
}

/** The operations of the store. An append is synchronous, so no other write can happen between its steps. */
class MemoryOperations implements BareCommitStore {
  readonly #now: () => number;
  readonly #contents = empty();
  readonly #commits = new CommitSignal();
  /** Signals commits of processors. */
  readonly changes: CommitSignal = new CommitSignal();

  constructor(now: () => number) {
    this.#now = now;
  }

  async append(
    stream: string,
    events: readonly Envelope[],
    precondition: Precondition,
    decision: Decision,
  ): Promise<Appended> {
    const appended = append(this.#contents, stream, events, precondition, decision, this.#now());
    if (events.length > 0) this.#commits.notify();
    return appended;
  }

  async appendExclusively(
    stream: string,
    after: bigint | undefined,
    decide: (events: readonly RecordedEvent[]) => DecidedAppend,
  ): Promise<Appended> {
    const fromRevision = after === undefined ? 0n : after + 1n;
    const options = { direction: 'forward', fromRevision, limit: RESERVATION_READ_LIMIT } as const;
    const missed = readStream(this.#contents, stream, options);
    checkReservedEvents(stream, after, missed);
    const { events, precondition, decision } = decide(missed);
    return this.append(stream, events, precondition, decision);
  }

  async readStream(stream: string, options: ReadStreamOptions): Promise<readonly RecordedEvent[]> {
    return readStream(this.#contents, stream, options);
  }

  async readAll(options: ReadAllOptions): Promise<readonly RecordedEvent[]> {
    return readAll(this.#contents, options);
  }

  async awaitEvents(afterPosition: bigint | undefined, signal?: AbortSignal): Promise<bigint> {
    return awaitEventsAfter(() => lastPosition(this.#contents), this.#commits, afterPosition, signal);
  }

  async findDecision(commandId: string): Promise<RecordedDecision | undefined> {
    return findDecision(this.#contents, commandId);
  }

  async loadSnapshot(key: SnapshotKey): Promise<Snapshot | undefined> {
    return this.#contents.snapshots.get(snapshotName(key));
  }

  async saveSnapshot(key: SnapshotKey, { revision, contentType, state }: Snapshot): Promise<void> {
    const { snapshots } = this.#contents;
    const name = snapshotName(key);
    const stored = snapshots.get(name);
    if (stored !== undefined && stored.revision > revision) return;
    snapshots.set(name, { revision, contentType, state: new Uint8Array(state) });
  }

  async dropSnapshot(key: SnapshotKey): Promise<void> {
    this.#contents.snapshots.delete(snapshotName(key));
  }

  async readCommits(stream: string, options: ReadCommitsOptions): Promise<readonly RecordedCommit[]> {
    return readCommits(this.#contents, stream, options);
  }

  async readStreams(options: ReadStreamsOptions): Promise<readonly StreamHead[]> {
    return readStreams(this.#contents, options);
  }

  async readLog(options: ReadLogOptions): Promise<readonly RecordedCommit[]> {
    return readLog(this.#contents, options);
  }

  async importCommits(commits: readonly RecordedCommit[]): Promise<void> {
    let hasEvents = false;
    try {
      for (const commit of commits) {
        if (importCommit(this.#contents, commit) && commit.events.length > 0) hasEvents = true;
      }
    } finally {
      if (hasEvents) this.#commits.notify();
    }
  }

  async close(): Promise<void> {
    this.#commits.close(usedAfterClose);
    this.changes.close(usedAfterClose);
  }
}
