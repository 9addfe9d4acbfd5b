import type { Appended, ReadAllOptions, ReadStreamOptions, Snapshot, SnapshotKey } from '../../../core/event-store.ts';
import type { Decision, Envelope, Precondition, RecordedDecision, RecordedEvent } from '../../../core/messages.ts';
import { StatementFailed, type TableEngine } from '../../../core/processors/processor-store.ts';
import { conflict, duplicate, recordedTime, usedAfterClose } from '../../../core/storage/arguments.ts';
import type { RecordedCommit } from '../../../core/storage/chain.ts';
import { diverged, type ReadLogOptions } from '../../../core/storage/commit-transfer.ts';
import { copyOfCommit } from '../../../core/storage/copies.ts';
import {
  checkReservedEvents,
  type DecidedAppend,
  RESERVATION_READ_LIMIT,
} from '../../../core/storage/exclusive-append.ts';
import type { BareCommitStore } from '../../../core/storage/guarded-store.ts';
import { sha256 } from '../../../core/storage/sha256.ts';
import { snapshotChecksum } from '../../../core/storage/snapshot-checksum.ts';
import { quoted } from '../../../core/storage/sql-identifier.ts';
import { elapsed, sleep } from '../../../core/storage/timers.ts';
import type { Damage, ReadCommitsOptions, ReadStreamsOptions, StreamHead } from '../../../core/storage/verify-chain.ts';
import { toHex } from '../../../core/uuid.ts';
import { type AppendStatements, appendCommits, appendStatements, type NewCommit, newCommit } from './append.ts';
import { textArray } from './binary-arrays.ts';
import { storable } from './columns.ts';
import { CommitWatcher } from './commit-watcher.ts';
import type { Connection, Connections, Transaction } from './connections.ts';
import {
  asAppendFailure,
  asStoreFailure,
  isConnectionLost,
  isTransient,
  Overtaken,
  retryDelay,
  unknownOutcome,
} from './failures.ts';
import { findDamage } from './find-damage.ts';
import { listenersLock } from './functions.ts';
import { findHidingTransactions, type HidingTransaction } from './hiding-transactions.ts';
import { importCommits, importGroups, NothingToAdd } from './import.ts';
import type { CheckedOptions } from './options.ts';
import { PostgresProcessors } from './processors.ts';
import {
  findCommit,
  keyValues,
  type LastPosition,
  lastPosition,
  loadSnapshot,
  readAll,
  readCommits,
  readLog,
  readStream,
  readStreams,
} from './read.ts';
import { compileDialect, readDialect } from './read-dialect.ts';
import { type Statements, statementsOf } from './statements.ts';
import { Writer } from './writer.ts';

/** The engine of table read models for PostgreSQL, whose names have at most 63 bytes. */
const tableEngine: TableEngine = {
  compileDialect,
  longestName: 63,
  canStore: (value) => typeof value === 'boolean' || value instanceof Date,
};

/** Returns the name of the channel of a schema. It has a hash, because a channel's name can have at most 63 bytes. */
function channelOf(schema: string): string {
  return `decidable_${toHex(sha256(new TextEncoder().encode(schema))).slice(0, 32)}`;
}

/** The operations on one schema. Their arguments have been checked. */
export class PostgresOperations implements BareCommitStore {
  readonly #connections: Connections;
  readonly #schema: string;
  readonly #retryTimeout: number;
  readonly #now: (() => number) | undefined;
  readonly #statements: Statements;
  readonly #appendStatements: AppendStatements;
  readonly #writer: Writer;
  readonly processors: PostgresProcessors;
  readonly #watcher: CommitWatcher;
  /** A read of the last position that is in progress. All waiting calls share it. */
  #look: { readonly count: number; readonly last: Promise<LastPosition> } | undefined;
  readonly #unfinished = new Set<Promise<unknown>>();
  #isClosing = false;

  constructor(connections: Connections, { schema, listen, pollInterval, retryTimeout, now }: CheckedOptions) {
    this.#connections = connections;
    this.#schema = schema;
    this.#retryTimeout = retryTimeout;
    this.#now = now;
    this.#statements = statementsOf(schema);
    this.#appendStatements = appendStatements(schema);
    this.#watcher = new CommitWatcher({
      connections,
      channel: channelOf(schema),
      lock: listenersLock(quoted(schema)),
      listens: listen,
      pollInterval,
      lastTransaction: async () => (await lastPosition(connections, this.#statements)).transaction,
    });
    this.#writer = new Writer({
      connections,
      statements: this.#appendStatements,
      retryTimeout,
      find: (commandId) => this.#retried(() => findCommit(connections, this.#statements, commandId)),
      committed: (isHeard) => this.#watcher.committed(isHeard),
    });
    this.processors = new PostgresProcessors({
      schema,
      commits: this.#watcher.commits,
      tables: { readDialect: () => readDialect(connections, schema), engine: tableEngine },
      checkOpen: () => {
        if (this.#isClosing) throw usedAfterClose();
      },
      write: (run) => this.#write(run),
      read: (read) => {
        if (this.#isClosing) return Promise.reject(usedAfterClose());
        return this.#read(read);
      },
    });
  }

  async append(
    stream: string,
    events: readonly Envelope[],
    precondition: Precondition,
    decision: Decision,
  ): Promise<Appended> {
    return this.#writer.append(this.#newCommit(stream, { events, precondition, decision }));
  }

  #newCommit(stream: string, { events, precondition, decision }: DecidedAppend): NewCommit {
    const recordedAt = this.#now === undefined ? undefined : recordedTime(this.#now());
    return newCommit(stream, events, precondition, decision, recordedAt);
  }

  async appendExclusively(
    stream: string,
    after: bigint | undefined,
    decide: (events: readonly RecordedEvent[]) => DecidedAppend,
  ): Promise<Appended> {
    return this.#finished(this.#appendExclusively(stream, after, decide));
  }

  async #appendExclusively(
    stream: string,
    after: bigint | undefined,
    decide: (events: readonly RecordedEvent[]) => DecidedAppend,
  ): Promise<Appended> {
    const since = elapsed();
    for (let tries = 0; ; tries++) {
      /** The commit of the decision. `decide`, which is called at most once, sets it. */
      let commit: NewCommit | undefined;
      try {
        const appended = await this.#connections.transaction(async (connection) => {
          await this.#lock(connection, stream);
          const fromRevision = after === undefined ? 0n : after + 1n;
          const options = { direction: 'forward', fromRevision, limit: RESERVATION_READ_LIMIT } as const;
          const missed = await readStream(connection, this.#statements, stream, options);
          checkReservedEvents(stream, after, missed);
          commit = this.#newCommit(stream, decide(missed));
          return this.#appendOne(connection, commit);
        });
        if (commit !== undefined && commit.eventCount > 0) this.#watcher.committed();
        return appended;
      } catch (error) {
        // The decision was made for the events that were read. If it is sent again, the server finds the stored commit,
        // or a conflict.
        if (commit !== undefined && isTransient(error)) {
          return this.#writer.append(commit, isConnectionLost(error) ? error : undefined);
        }
        if (!isTransient(error) || elapsed() - since >= this.#retryTimeout) throw asAppendFailure(error);
      }
      await sleep(retryDelay(tries));
    }
  }

  /** Locks a stream. @throws Overtaken */
  async #lock(connection: Connection, stream: string): Promise<void> {
    const streams = textArray([stream]);
    const [locked] = await connection.query(this.#statements.lockStreams, [streams]);
    const [head] = await connection.query(this.#statements.headsOf, [streams]);
    if (BigInt(head?.[4] ?? -1) >= BigInt(locked?.[0] ?? 0)) throw new Overtaken();
  }

  async #appendOne(connection: Connection, commit: NewCommit): Promise<Appended> {
    const { outcomes } = await appendCommits(connection, this.#appendStatements, [commit]);
    const [outcome] = outcomes;
    switch (outcome!.kind) {
      case 'accepted':
        return outcome!.appended;
      case 'conflict':
        throw conflict(commit.stream, commit.precondition, outcome!.actual);
      case 'overtaken':
        throw new Overtaken();
      case 'duplicate': {
        const stored = await findCommit(connection, this.#statements, commit.commandId);
        throw duplicate(stored!.recorded);
      }
    }
  }

  readStream(stream: string, options: ReadStreamOptions): Promise<readonly RecordedEvent[]> {
    return this.#read((connection) => readStream(connection, this.#statements, stream, options));
  }

  readAll(options: ReadAllOptions): Promise<readonly RecordedEvent[]> {
    return this.#read((connection) => readAll(connection, this.#statements, options));
  }

  async awaitEvents(afterPosition: bigint | undefined, signal?: AbortSignal): Promise<bigint> {
    const { commits } = this.#watcher;
    signal?.throwIfAborted();
    for (;;) {
      const { count } = commits;
      if (this.#isClosing) throw usedAfterClose();
      const { position, isHiding } = await this.#lookAt(count);
      if (position !== undefined && (afterPosition === undefined || position > afterPosition)) return position;
      signal?.throwIfAborted();
      this.#watcher.hidden(isHiding);
      await commits.wait(count, signal);
    }
  }

  #lookAt(count: number): Promise<LastPosition> {
    if (this.#look?.count === count) return this.#look.last;
    const last = this.#read((connection) => lastPosition(connection, this.#statements));
    const look = { count, last };
    this.#look = look;
    const end = (): void => {
      if (this.#look === look) this.#look = undefined;
    };
    last.then(end, end);
    return last;
  }

  findDecision(commandId: string): Promise<RecordedDecision | undefined> {
    return this.#read(async (connection) => {
      const found = await findCommit(connection, this.#statements, commandId);
      return found?.recorded;
    });
  }

  loadSnapshot(key: SnapshotKey): Promise<Snapshot | undefined> {
    return this.#read((connection) => loadSnapshot(connection, this.#statements, key));
  }

  async saveSnapshot(key: SnapshotKey, snapshot: Snapshot): Promise<void> {
    const { revision, contentType } = snapshot;
    const checksum = snapshotChecksum(key, snapshot);
    const state = new Uint8Array(snapshot.state);
    const values = [...keyValues(key), revision, storable(contentType), state, checksum];
    // Saving twice has the effect of saving once.
    await this.#read((connection) => connection.query(this.#statements.saveSnapshot, values, 'save-snapshot'));
  }

  async dropSnapshot(key: SnapshotKey): Promise<void> {
    await this.#read((connection) => connection.query(this.#statements.dropSnapshot, keyValues(key), 'drop-snapshot'));
  }

  readCommits(stream: string, options: ReadCommitsOptions): Promise<readonly RecordedCommit[]> {
    return this.#read((connection) => readCommits(connection, this.#statements, stream, options));
  }

  readStreams(options: ReadStreamsOptions): Promise<readonly StreamHead[]> {
    return this.#read((connection) => readStreams(connection, this.#statements, options));
  }

  hidingTransactions(): Promise<readonly HidingTransaction[]> {
    return this.#read((connection) => findHidingTransactions(connection, quoted(this.#schema)));
  }

  readLog(options: ReadLogOptions): Promise<readonly RecordedCommit[]> {
    return this.#read((connection) => readLog(connection, this.#statements, options));
  }

  findDamage(): Promise<Damage | undefined> {
    return this.#read(() =>
      this.#connections.transaction((transaction) => findDamage(transaction, quoted(this.#schema))),
    );
  }

  async importCommits(commits: readonly RecordedCommit[]): Promise<void> {
    for (const group of importGroups(commits.map(copyOfCommit))) {
      const refused = await this.#import(group);
      if (refused !== undefined) throw diverged(refused);
    }
  }

  /**
   * Adds commits. Commits that are already stored are skipped, so the call can be repeated. Returns the first commit
   * that does not follow the previous one.
   */
  async #import(commits: readonly RecordedCommit[]): Promise<RecordedCommit | undefined> {
    let refused: RecordedCommit | undefined;
    await this.#read(async () => {
      try {
        refused = await this.#connections.transaction((transaction) =>
          importCommits(transaction, this.#statements, commits),
        );
      } catch (error) {
        if (!(error instanceof NothingToAdd)) throw error;
        refused = error.refused;
      }
    });
    this.#watcher.committed();
    return refused;
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    const watching = this.#watcher.close();
    await this.#writer.drained();
    await Promise.allSettled(this.#unfinished);
    await watching;
    await this.#connections.close();
  }

  /** Runs statements that may be repeated. `close` waits for them. */
  async #read<Result>(read: (connection: Connection) => Promise<Result>): Promise<Result> {
    try {
      return await this.#finished(this.#retried(() => read(this.#connections)));
    } catch (error) {
      throw asStoreFailure(error);
    }
  }

  /** Runs a transaction of processors. It is repeated if it is known that nothing was written. */
  async #write<Result>(run: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    if (this.#isClosing) throw usedAfterClose();
    const repeated = this.#retried(
      () => this.#connections.transaction(run),
      (error) => isTransient(error) && !isConnectionLost(error),
    );
    try {
      const result = await this.#finished(repeated);
      this.#watcher.committed();
      return result;
    } catch (error) {
      if (error instanceof StatementFailed) throw error;
      throw asStoreFailure(isConnectionLost(error) ? unknownOutcome(error) : error);
    }
  }

  /** Repeats an operation that failed because of a lost connection or of other transactions. */
  async #retried<Result>(run: () => Promise<Result>, isRepeatable = isTransient): Promise<Result> {
    const since = elapsed();
    for (let tries = 0; ; tries++) {
      try {
        return await run();
      } catch (error) {
        if (!isRepeatable(error) || elapsed() - since >= this.#retryTimeout) throw error;
      }
      await sleep(retryDelay(tries));
    }
  }

  async #finished<Result>(running: Promise<Result>): Promise<Result> {
    this.#unfinished.add(running);
    try {
      return await running;
    } finally {
      this.#unfinished.delete(running);
    }
  }
}
