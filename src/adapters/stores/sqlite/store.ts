/// <reference lib="esnext.disposable" preserve="true" />
/** A store of streams in one SQLite file: the contract (wit/event-store.wit), for one machine and several processes. */
import { resolve } from 'node:path';
import type { Database } from 'better-sqlite3';
import type {
  Appended,
  EventStore,
  ReadAllOptions,
  ReadStreamOptions,
  Snapshot,
  SnapshotKey,
} from '../../../core/event-store.ts';
import type { Decision, Envelope, Precondition, RecordedDecision, RecordedEvent } from '../../../core/messages.ts';
import type { ProcessorStore } from '../../../core/processors/processor-store.ts';
import {
  appendAfterClose,
  checkAppend,
  checkCommandId,
  checkPosition,
  checkReadAll,
  checkReadCommits,
  checkReadStream,
  checkReadStreams,
  checkReservation,
  checkSnapshot,
  checkSnapshotKey,
  usedAfterClose,
} from '../../../core/storage/arguments.ts';
import type { RecordedCommit } from '../../../core/storage/chain.ts';
import { awaitEventsAfter } from '../../../core/storage/commit-signal.ts';
import { copyOfDecision, copyOfEvents, copyOfPrecondition } from '../../../core/storage/copies.ts';
import {
  checkReservedEvents,
  type DecidedAppend,
  type ExclusiveAppend,
  RESERVATION_READ_LIMIT,
} from '../../../core/storage/exclusive-append.ts';
import { snapshotChecksum } from '../../../core/storage/snapshot-checksum.ts';
import type {
  CommitSource,
  Damage,
  ReadCommitsOptions,
  ReadStreamsOptions,
  StreamHead,
} from '../../../core/storage/verify-chain.ts';
import { append } from './append.ts';
import { type BackupOptions, backup, checkBackup } from './backup.ts';
import { CommitWatcher } from './commit-watcher.ts';
import { asAppendFailure, asStoreFailure, drawnPause, fileFailure, isBusy } from './failures.ts';
import { FileIdentity } from './file-identity.ts';
import { findDamage } from './find-damage.ts';
import { openFrozenView } from './frozen-view.ts';
import { IdCache } from './id-cache.ts';
import { open } from './open.ts';
import { type CheckedOptions, checkOptions, type SqliteStoreOptions } from './options.ts';
import { SqliteProcessors } from './processors.ts';
import { type Connection, findDecision, loadSnapshot, readAll, readCommits, readStream, readStreams } from './read.ts';
import { prepareStatements } from './statements.ts';
import { elapsed, setImmediate, setTimeout } from './timers.ts';
import { Writer } from './writer.ts';

/** An event store in one SQLite file. Several processes of one machine may have it open. */
export interface SqliteStore extends EventStore, Required<ExclusiveAppend>, CommitSource, AsyncDisposable {
  /** Storage for processors, in the same file: checkpoints, documents, tables, parked events and deadlines. */
  readonly processors: ProcessorStore;

  /** Finishes the writes and backups that were begun, refuses what comes later, and closes the file. */
  close(): Promise<void>;

  /**
   * Copies the store, as it is now, to a file that does not exist. The store can be used in the meantime, and other
   * processes can write.
   *
   * @throws StoreFailureError `invalid-argument`, `closed`, or `failure` with a code such as `io`, `full` or `moved`.
   */
  backup(file: string, options?: BackupOptions): Promise<void>;
}

/**
 * Opens the store in a file, makes it, or upgrades an older format. The bytes that it returns belong to the caller.
 *
 * @example const store = createSqliteStore({ file: 'bank.db' });
 * @throws StoreFailureError `failure` whose `payload.val.code` is `not-a-store`, `newer-format`, `read-only`, `corrupt`,
 * `busy`, `full`, `io` or `unsupported-engine`.
 * @throws DefinitionError that names the option, if it is unknown or invalid.
 */
export function createSqliteStore(options: SqliteStoreOptions): SqliteStore {
  const checked = checkOptions(options);
  const path = checked.file === ':memory:' ? checked.file : resolve(checked.file);
  let database: Database | undefined;
  try {
    database = open({ ...checked, path });
    return new Store(database, path, checked);
  } catch (error) {
    database?.close();
    throw asStoreFailure(error, checked.file);
  }
}

class Store implements SqliteStore {
  readonly #file: string;
  readonly #path: string;
  readonly #identity: FileIdentity | undefined;
  readonly #busyTimeout: number;
  readonly #now: () => number;
  readonly #database: Database;
  readonly #connection: Connection;
  readonly #writer: Writer;
  readonly processors: ProcessorStore;
  readonly #watcher: CommitWatcher;
  readonly #longReads = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;

  constructor(database: Database, path: string, options: CheckedOptions) {
    const { file, busyTimeout, now } = options;
    const statements = prepareStatements(database);
    const cache = new IdCache(statements);
    const identity = database.memory ? undefined : new FileIdentity(path, options);
    this.#identity = identity;
    this.#path = path;
    this.#file = file;
    this.#busyTimeout = busyTimeout;
    this.#now = now;
    this.#database = database;
    this.#connection = { database, statements, cache, merged: new Map() };
    this.#writer = new Writer(database, file, busyTimeout, {
      began: () => cache.began(),
      committing: () => identity?.check(),
      undone: () => cache.clear(),
    });
    this.#watcher = new CommitWatcher(path, () => {
      try {
        return statements.dataVersion.get();
      } catch {
        return undefined; // Another process recovers or closes the file just now: the next look will tell.
      }
    });
    this.processors = new SqliteProcessors({
      name: file,
      database,
      commits: this.#watcher.commits,
      write: (run) => {
        this.#open();
        return this.#write(run);
      },
      read: (read) => {
        this.#open();
        return this.#read(read);
      },
    });
  }

  append(
    stream: string,
    events: readonly Envelope[],
    precondition: Precondition,
    decision: Decision,
  ): Promise<Appended> {
    return new Promise((resolve, reject) => {
      if (this.#closing !== undefined) throw appendAfterClose();
      checkAppend(stream, events, precondition, decision);
      const ownEvents = copyOfEvents(events);
      const ownPrecondition = copyOfPrecondition(precondition);
      const ownDecision = copyOfDecision(decision);
      let appended: Appended;
      this.#writer.add({
        run: () => {
          appended = append(this.#connection, stream, ownEvents, ownPrecondition, ownDecision, this.#now());
        },
        acknowledge: () => {
          resolve(appended);
          this.#watcher.committed();
        },
        fail: (error) => reject(asAppendFailure(error, this.#file)),
      });
    });
  }

  appendExclusively(
    stream: string,
    after: bigint | undefined,
    decide: (events: readonly RecordedEvent[]) => DecidedAppend,
  ): Promise<Appended> {
    return new Promise((resolve, reject) => {
      if (this.#closing !== undefined) throw appendAfterClose();
      checkReservation(stream, after);
      const decideHere = once(decide);
      let appended: Appended;
      this.#writer.add({
        run: () => {
          // BEGIN IMMEDIATE keeps other processes out until the COMMIT. A write that runs a second time, because its
          // group was rolled back, keeps its decision; the precondition tells if that came too late.
          const { events, precondition, decision } = decideHere(this.#missedEvents(stream, after));
          checkAppend(stream, events, precondition, decision);
          appended = append(this.#connection, stream, events, precondition, decision, this.#now());
        },
        acknowledge: () => {
          resolve(appended);
          this.#watcher.committed();
        },
        fail: (error) => reject(asAppendFailure(error, this.#file)),
      });
    });
  }

  async readStream(stream: string, options: ReadStreamOptions): Promise<readonly RecordedEvent[]> {
    this.#open();
    checkReadStream(stream, options);
    return this.#read(() => readStream(this.#connection, stream, options));
  }

  async readAll(options: ReadAllOptions): Promise<readonly RecordedEvent[]> {
    this.#open();
    checkReadAll(options);
    return this.#read(() => readAll(this.#connection, options));
  }

  async awaitEvents(afterPosition: bigint | undefined, signal?: AbortSignal): Promise<bigint> {
    this.#open();
    checkPosition(afterPosition, 'afterPosition');
    const lastPosition = async (): Promise<bigint | undefined> => {
      this.#open();
      const last = await this.#read(() => this.#connection.statements.lastPosition.get());
      return typeof last === 'number' ? BigInt(last) : undefined;
    };
    return awaitEventsAfter(lastPosition, this.#watcher.commits, afterPosition, signal);
  }

  async findDecision(commandId: string): Promise<RecordedDecision | undefined> {
    this.#open();
    checkCommandId(commandId);
    return this.#read(() => findDecision(this.#connection, commandId));
  }

  async loadSnapshot(key: SnapshotKey): Promise<Snapshot | undefined> {
    this.#open();
    checkSnapshotKey(key);
    return this.#read(() => loadSnapshot(this.#connection, key));
  }

  async saveSnapshot(key: SnapshotKey, snapshot: Snapshot): Promise<void> {
    this.#open();
    checkSnapshotKey(key);
    checkSnapshot(snapshot);
    const { stream, moduleName, moduleVersion } = key;
    const { revision, contentType } = snapshot;
    const checksum = snapshotChecksum(key, snapshot);
    const state = new Uint8Array(snapshot.state);
    const { saveSnapshot } = this.#connection.statements;
    await this.#write(() =>
      saveSnapshot.run(stream, moduleName, moduleVersion, Number(revision), contentType, state, checksum),
    );
  }

  async dropSnapshot(key: SnapshotKey): Promise<void> {
    this.#open();
    checkSnapshotKey(key);
    const { dropSnapshot } = this.#connection.statements;
    await this.#write(() => dropSnapshot.run(key.stream, key.moduleName, key.moduleVersion));
  }

  async readCommits(stream: string, options: ReadCommitsOptions = {}): Promise<readonly RecordedCommit[]> {
    this.#open();
    checkReadCommits(stream, options);
    return this.#read(() => readCommits(this.#connection, stream, options));
  }

  async readStreams(options: ReadStreamsOptions = {}): Promise<readonly StreamHead[]> {
    this.#open();
    checkReadStreams(options);
    return this.#read(() => readStreams(this.#connection, options));
  }

  async findDamage(): Promise<Damage | undefined> {
    this.#open();
    const running = this.#findDamage();
    this.#longReads.add(running);
    try {
      return await running;
    } catch (error) {
      throw asStoreFailure(error, this.#file);
    } finally {
      this.#longReads.delete(running);
    }
  }

  async #findDamage(): Promise<Damage | undefined> {
    // The check that follows reads the commits through this connection: it must not find what memory remembers.
    this.#connection.cache.clear();
    const view = await this.#frozenView();
    try {
      const steps = findDamage(view, this.#file);
      for (;;) {
        const step = steps.next();
        if (step.done === true) return step.value;
        // A store in memory has no frozen view: it is checked in one turn.
        if (view !== this.#database) await new Promise((resolve) => setImmediate(resolve));
      }
    } finally {
      if (view !== this.#database) view.close();
    }
  }

  async backup(file: string, options: BackupOptions = {}): Promise<void> {
    this.#open();
    checkBackup(file, options);
    const running = this.#backup(file, options);
    this.#longReads.add(running);
    try {
      await running;
    } catch (error) {
      throw asStoreFailure(error, file);
    } finally {
      this.#longReads.delete(running);
    }
  }

  async #backup(file: string, options: BackupOptions): Promise<void> {
    const view = await this.#frozenView();
    try {
      await backup(view, file, options);
    } finally {
      if (view !== this.#database) view.close();
    }
  }

  /** The store's own connection if the store is in memory: no other connection can change it. */
  async #frozenView(): Promise<Database> {
    if (this.#database.memory) return this.#database;
    return this.#read(() => {
      this.#identity?.checkNow();
      return openFrozenView(this.#path);
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#watcher.close();
    await this.#writer.drained();
    await Promise.allSettled(this.#longReads);
    try {
      this.#database.close();
    } catch (error) {
      throw asStoreFailure(fileFailure(error, this.#file), this.#file);
    }
  }

  #open(): void {
    if (this.#closing !== undefined) throw usedAfterClose();
  }

  #missedEvents(stream: string, after: bigint | undefined): readonly RecordedEvent[] {
    const fromRevision = after === undefined ? 0n : after + 1n;
    const options = { direction: 'forward', fromRevision, limit: RESERVATION_READ_LIMIT } as const;
    const missed = readStream(this.#connection, stream, options);
    checkReservedEvents(stream, after, missed);
    return missed;
  }

  /** Readers wait for nobody, but for who recovers the log after a crash, or closes the file as the last one. */
  async #read<Result>(read: () => Result): Promise<Result> {
    const since = elapsed();
    for (;;) {
      try {
        return read();
      } catch (error) {
        if (!isBusy(error) || elapsed() - since > this.#busyTimeout) throw asStoreFailure(error, this.#file);
      }
      await new Promise((resolve) => setTimeout(resolve, drawnPause()));
      this.#open();
    }
  }

  #write(run: () => void): Promise<void> {
    return new Promise((acknowledge, reject) => {
      this.#writer.add({
        run,
        acknowledge: () => {
          acknowledge();
          this.#watcher.committed();
        },
        fail: (error) => reject(asStoreFailure(error, this.#file)),
      });
    });
  }
}

/** Calls a function at most once. Later calls return or throw what the first one did. */
function once<Argument, Result>(call: (argument: Argument) => Result): (argument: Argument) => Result {
  let outcome: (() => Result) | undefined;
  return (argument) => {
    if (outcome === undefined) {
      try {
        const result = call(argument);
        outcome = () => result;
      } catch (error) {
        outcome = () => {
          throw error;
        };
      }
    }
    return outcome();
  };
}
