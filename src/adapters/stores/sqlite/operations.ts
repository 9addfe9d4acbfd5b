import type { Database } from 'better-sqlite3';
import type { Appended, ReadAllOptions, ReadStreamOptions, Snapshot, SnapshotKey } from '../../../core/event-store.ts';
import type { Decision, Envelope, Precondition, RecordedDecision, RecordedEvent } from '../../../core/messages.ts';
import { usedAfterClose } from '../../../core/storage/arguments.ts';
import type { RecordedCommit } from '../../../core/storage/chain.ts';
import { awaitEventsAfter } from '../../../core/storage/commit-signal.ts';
import type { ReadLogOptions } from '../../../core/storage/commit-transfer.ts';
import { copyOfCommit, copyOfDecision, copyOfEvents, copyOfPrecondition } from '../../../core/storage/copies.ts';
import {
  checkReservedEvents,
  type DecidedAppend,
  RESERVATION_READ_LIMIT,
} from '../../../core/storage/exclusive-append.ts';
import type { BareCommitStore } from '../../../core/storage/guarded-store.ts';
import { snapshotChecksum } from '../../../core/storage/snapshot-checksum.ts';
import { elapsed, setImmediate, sleep } from '../../../core/storage/timers.ts';
import type { Damage, ReadCommitsOptions, ReadStreamsOptions, StreamHead } from '../../../core/storage/verify-chain.ts';
import { append, importCommit } from './append.ts';
import { type BackupOptions, backup } from './backup.ts';
import { CommitWatcher } from './commit-watcher.ts';
import { removeEmptyLog } from './empty-log.ts';
import { asAppendFailure, asStoreFailure, fileFailure, isBusy, randomDelay } from './failures.ts';
import { FileIdentity } from './file-identity.ts';
import { findDamage } from './find-damage.ts';
import { openFrozenView } from './frozen-view.ts';
import { IdCache } from './id-cache.ts';
import type { CheckedOptions } from './options.ts';
import { SqliteProcessors } from './processors.ts';
import { InlineBehind } from './processors-inline.ts';
import { type Connection, findDecision, inOneView, loadSnapshot, readAll, readStream, readStreams } from './read.ts';
import { readCommits } from './read-commits.ts';
import { readLog } from './read-log.ts';
import { prepareStatements } from './statements.ts';
import { type Write, Writer } from './writer.ts';

/** The operations on one file. Their arguments have been checked. */
export class SqliteOperations implements BareCommitStore {
  readonly #file: string;
  readonly #path: string;
  readonly #identity: FileIdentity | undefined;
  readonly #isReadOnly: boolean;
  readonly #busyTimeout: number;
  readonly #now: () => number;
  readonly #database: Database;
  readonly #connection: Connection;
  readonly #writer: Writer;
  readonly processors: SqliteProcessors;
  readonly #watcher: CommitWatcher;
  readonly #longReads = new Set<Promise<unknown>>();
  #isClosing = false;

  constructor(database: Database, path: string, options: CheckedOptions) {
    const { file, readOnly, busyTimeout, durability, now } = options;
    const statements = prepareStatements(database);
    const cache = new IdCache(statements);
    const identity = database.memory ? undefined : new FileIdentity(path, options);
    this.#identity = identity;
    this.#path = path;
    this.#file = file;
    this.#isReadOnly = readOnly;
    this.#busyTimeout = busyTimeout;
    this.#now = now;
    this.#database = database;
    this.#connection = { database, statements, cache, merged: new Map() };
    this.#writer = new Writer(database, file, busyTimeout, {
      began: () => cache.began(),
      committing: () => identity?.check(),
      committed: () => {
        if (durability === 'full') this.#watcher.touchLog();
      },
      undone: () => cache.clear(),
    });
    this.#watcher = new CommitWatcher(path, () => {
      try {
        return statements.dataVersion.get();
      } catch {
        return undefined; // Another process is recovering or closing the file. The next check reads the version again.
      }
    });
    this.processors = new SqliteProcessors({
      name: file,
      database,
      commits: this.#watcher.commits,
      write: (run) => {
        this.#refuseIfClosing();
        return this.#write(run);
      },
      read: (read) => {
        this.#refuseIfClosing();
        return this.#read(read);
      },
      events: {
        lastPosition: () => {
          const last = statements.lastPosition.get();
          return typeof last === 'number' ? BigInt(last) : undefined;
        },
        readAll: (options) => readAll(this.#connection, options),
      },
    });
  }

  append(
    stream: string,
    events: readonly Envelope[],
    precondition: Precondition,
    decision: Decision,
  ): Promise<Appended> {
    const own = {
      events: copyOfEvents(events),
      precondition: copyOfPrecondition(precondition),
      decision: copyOfDecision(decision),
    };
    return this.#append(stream, () => own);
  }

  appendExclusively(
    stream: string,
    after: bigint | undefined,
    decide: (events: readonly RecordedEvent[]) => DecidedAppend,
  ): Promise<Appended> {
    const decideHere = once(decide);
    // BEGIN IMMEDIATE keeps other processes out until the COMMIT. A write that runs again because its group was rolled
    // back keeps its decision, and the precondition detects whether it is outdated.
    return this.#append(stream, () => decideHere(this.#missedEvents(stream, after)));
  }

  /** Writes an append. `decided` is called in the transaction, possibly several times. */
  #append(stream: string, decided: () => DecidedAppend): Promise<Appended> {
    return new Promise((resolve, reject) => {
      let appended: Appended;
      const write: Write = {
        run: () => {
          const { events, precondition, decision } = decided();
          appended = append(this.#connection, stream, events, precondition, decision, this.#now());
          if (events.length > 0) this.processors.project();
        },
        acknowledge: () => {
          resolve(appended);
          this.#watcher.committed();
        },
        fail: (error) => this.#failAppend(error, write, reject),
      };
      this.#writer.add(write);
    });
  }

  /**
   * Fails an append. If inline read models have missed too many events, the append is repeated after they have caught
   * up.
   */
  #failAppend(error: unknown, append: Write, reject: (error: unknown) => void): void {
    const fail = (reason: unknown): void => reject(asAppendFailure(reason, this.#file));
    if (error instanceof InlineBehind) this.processors.catchUpInline().then(() => this.#writer.add(append), fail);
    else fail(error);
  }

  readStream(stream: string, options: ReadStreamOptions): Promise<readonly RecordedEvent[]> {
    return this.#read(() => readStream(this.#connection, stream, options));
  }

  readAll(options: ReadAllOptions): Promise<readonly RecordedEvent[]> {
    return this.#read(() => readAll(this.#connection, options));
  }

  async awaitEvents(afterPosition: bigint | undefined, signal?: AbortSignal): Promise<bigint> {
    const lastPosition = async (): Promise<bigint | undefined> => {
      this.#refuseIfClosing();
      const last = await this.#read(() => this.#connection.statements.lastPosition.get());
      return typeof last === 'number' ? BigInt(last) : undefined;
    };
    return awaitEventsAfter(lastPosition, this.#watcher.commits, afterPosition, signal);
  }

  findDecision(commandId: string): Promise<RecordedDecision | undefined> {
    return this.#read(() => findDecision(this.#connection, commandId));
  }

  loadSnapshot(key: SnapshotKey): Promise<Snapshot | undefined> {
    return this.#read(() => loadSnapshot(this.#connection, key));
  }

  async saveSnapshot(key: SnapshotKey, snapshot: Snapshot): Promise<void> {
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
    const { dropSnapshot } = this.#connection.statements;
    await this.#write(() => dropSnapshot.run(key.stream, key.moduleName, key.moduleVersion));
  }

  readCommits(stream: string, options: ReadCommitsOptions): Promise<readonly RecordedCommit[]> {
    return this.#read(() => inOneView(this.#connection, () => readCommits(this.#connection, stream, options)));
  }

  readStreams(options: ReadStreamsOptions): Promise<readonly StreamHead[]> {
    return this.#read(() => inOneView(this.#connection, () => readStreams(this.#connection, options)));
  }

  readLog(options: ReadLogOptions): Promise<readonly RecordedCommit[]> {
    return this.#read(() => inOneView(this.#connection, () => readLog(this.#connection, options)));
  }

  importCommits(commits: readonly RecordedCommit[]): Promise<void> {
    return new Promise((resolve, reject) => {
      const own = commits.map(copyOfCommit);
      this.#writer.add({
        run: () => {
          for (const commit of own) importCommit(this.#connection, commit);
        },
        acknowledge: () => {
          resolve();
          this.#watcher.committed();
        },
        fail: (error) => {
          reject(asStoreFailure(error, this.#file));
          this.#watcher.committed(); // The commits before a refused one are stored.
        },
      });
    });
  }

  async findDamage(): Promise<Damage | undefined> {
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
    // The following check reads the commits through this connection, and must not use cached rows.
    this.#connection.cache.clear();
    const view = await this.#frozenView();
    try {
      const steps = findDamage(view, this.#file);
      for (;;) {
        const step = steps.next();
        if (step.done === true) return step.value;
        // A store in memory has no frozen view, so it is checked in one turn of the event loop.
        if (view !== this.#database) await new Promise((resolve) => setImmediate(resolve));
      }
    } finally {
      if (view !== this.#database) view.close();
    }
  }

  async backup(file: string, options: BackupOptions): Promise<void> {
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

  /**
   * Opens a frozen view. For a store in memory, returns the store's own connection, because no other connection can
   * change the store.
   */
  async #frozenView(): Promise<Database> {
    if (this.#database.memory) return this.#database;
    return this.#read(() => {
      this.#identity?.checkNow();
      return openFrozenView(this.#path);
    });
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#watcher.close();
    await this.#writer.drained();
    await Promise.allSettled(this.#longReads);
    try {
      this.#database.close();
      if (this.#isReadOnly && !this.#database.memory) removeEmptyLog(this.#path);
    } catch (error) {
      throw asStoreFailure(fileFailure(error, this.#file), this.#file);
    }
  }

  #refuseIfClosing(): void {
    if (this.#isClosing) throw usedAfterClose();
  }

  #missedEvents(stream: string, after: bigint | undefined): readonly RecordedEvent[] {
    const fromRevision = after === undefined ? 0n : after + 1n;
    const options = { direction: 'forward', fromRevision, limit: RESERVATION_READ_LIMIT } as const;
    const missed = readStream(this.#connection, stream, options);
    checkReservedEvents(stream, after, missed);
    return missed;
  }

  /**
   * Runs a read. A reader waits only for a process that recovers the log after a crash, or that closes the file as the
   * last one.
   */
  async #read<Result>(read: () => Result): Promise<Result> {
    const since = elapsed();
    for (;;) {
      try {
        return read();
      } catch (error) {
        if (!isBusy(error) || elapsed() - since > this.#busyTimeout) throw asStoreFailure(error, this.#file);
      }
      await sleep(randomDelay());
      this.#refuseIfClosing();
    }
  }

  #write<Result>(run: () => Result): Promise<Result> {
    return new Promise((acknowledge, reject) => {
      let result: Result;
      this.#writer.add({
        run: () => {
          result = run();
        },
        acknowledge: () => {
          acknowledge(result);
          this.#watcher.committed();
        },
        fail: (error) => reject(asStoreFailure(error, this.#file)),
      });
    });
  }
}

/** Calls a function at most once. Later calls return the same result or throw the same error. */
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
