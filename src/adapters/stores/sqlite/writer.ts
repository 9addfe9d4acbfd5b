/**
 * Group commit. Writes that arrive together share a transaction. No write is acknowledged before the COMMIT has
 * returned.
 *
 * Savepoints are not needed, because a write makes all its checks before it changes a row. So a conflict or a duplicate
 * does not have to be undone. A later failure (a full disk, a torn page) fails the whole transaction. It is rolled
 * back, and each of its writes is repeated in a separate transaction, so that one write does not affect the others.
 */
import type { Database, Statement } from 'better-sqlite3';
import { DecidableError } from '../../../core/errors.ts';
import { EngineFailure } from '../../../core/storage/engine-failure.ts';
import { elapsed, setImmediate, setTimeout } from '../../../core/storage/timers.ts';
import { commitFailure, fileFailure, isBusy, isDriverError, randomDelay } from './failures.ts';

/** The maximum number of writes in one transaction. It limits the time for which the event loop is blocked. */
const MAX_GROUP = 1_000;

/**
 * The number of microtasks for which a write waits for other writes before the transaction begins. Callers whose writes
 * were acknowledged together continue together, but need different numbers of steps. A turn of the event loop would
 * collect more writes, but would delay a single command by several microseconds.
 */
const ROUNDS = 4;

/**
 * Fairness between processes. SQLite has no queue of writers. Each writer tries until the lock is free, and a process
 * that writes continuously holds it nearly all the time. So a process that has written for `TURN` milliseconds releases
 * the lock for `PAUSE`, which is longer than others wait between two attempts. It does so only if another process has
 * committed within the last `SHARED` milliseconds, so that a single process is not slower.
 */
const TURN = 10;
const PAUSE = 4;
const SHARED = 2_000;

/** A write and the callbacks for its outcome. */
export interface Write {
  /**
   * Runs inside the transaction. It throws an error of the driver, or any other error only before it has changed a row.
   */
  run(): void;
  /** Called after the commit. */
  acknowledge(): void;
  fail(error: unknown): void;
}

/** The functions that are called for the writer's transactions. */
export interface TransactionListener {
  /** Called first in each transaction. Returns whether another connection has committed since the last transaction. */
  began(): boolean;
  /**
   * Called last in each transaction. If it throws, the transaction is rolled back and its writes fail with the error.
   */
  committing(): void;
  /** Called after a transaction was committed, before its writes are acknowledged. It must not throw. */
  committed(): void;
  /** Called after a transaction was rolled back. */
  undone(): void;
}

export class Writer {
  readonly #file: string;
  readonly #busyTimeout: number;
  readonly #listener: TransactionListener;
  readonly #database: Database;
  readonly #begin: Statement<[]>;
  readonly #commit: Statement<[]>;
  readonly #rollback: Statement<[]>;
  #queue: Write[] = [];
  /** The number of writes at the head of the queue that run in separate transactions. */
  #singly = 0;
  #flushing = false;
  #grouped = false;
  /** The time of the first attempt to begin that failed because another process was writing. */
  #busySince: number | undefined;
  #waiting: (() => void)[] = [];
  /**
   * The times at which the current turn began, the last transaction ended, and a commit of another process was last
   * found.
   */
  #turnBegan = 0;
  #lastEnd = 0;
  #lastForeign = Number.NEGATIVE_INFINITY;

  constructor(database: Database, file: string, busyTimeout: number, listener: TransactionListener) {
    this.#database = database;
    this.#file = file;
    this.#busyTimeout = busyTimeout;
    this.#listener = listener;
    this.#begin = database.prepare<[]>('BEGIN IMMEDIATE');
    this.#commit = database.prepare<[]>('COMMIT');
    this.#rollback = database.prepare<[]>('ROLLBACK');
  }

  add(write: Write): void {
    this.#queue.push(write);
    if (this.#flushing) return;
    this.#flushing = true;
    // If the last writes arrived together, more writes may arrive in this turn of the event loop.
    if (this.#grouped) setImmediate(this.#flush);
    else this.#wait(ROUNDS);
  }

  /** Resolves when the queue is empty. */
  drained(): Promise<void> {
    return this.#flushing ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve();
  }

  #wait(rounds: number): void {
    if (rounds === 0) this.#flush();
    else queueMicrotask(() => this.#wait(rounds - 1));
  }

  readonly #flush = (): void => {
    const now = elapsed();
    if (now - this.#lastEnd >= PAUSE) this.#turnBegan = now;
    else if (now - this.#turnBegan >= TURN && now - this.#lastForeign < SHARED) {
      setTimeout(this.#flush, PAUSE);
      return;
    }
    const failure = this.#tryToBegin();
    if (isBusy(failure)) {
      this.#busySince ??= elapsed();
      if (elapsed() - this.#busySince < this.#busyTimeout) {
        setTimeout(this.#flush, randomDelay());
        return;
      }
    }
    this.#busySince = undefined;
    const group = this.#nextGroup();
    if (failure === undefined) this.#transact(group);
    else for (const write of group) write.fail(fileFailure(failure, this.#file));
    this.#lastEnd = elapsed();
    this.#grouped = group.length > 1;
    if (this.#queue.length > 0) {
      setImmediate(this.#flush);
      return;
    }
    this.#flushing = false;
    for (const resolve of this.#waiting.splice(0)) resolve();
  };

  #nextGroup(): readonly Write[] {
    if (this.#singly > 0) {
      this.#singly--;
      return this.#queue.splice(0, 1);
    }
    if (this.#queue.length > MAX_GROUP) return this.#queue.splice(0, MAX_GROUP);
    const group = this.#queue;
    this.#queue = [];
    return group;
  }

  #tryToBegin(): unknown {
    try {
      this.#begin.run();
      if (this.#listener.began()) this.#lastForeign = elapsed();
      return undefined;
    } catch (error) {
      this.#undo();
      return error;
    }
  }

  #transact(group: readonly Write[]): void {
    let refused: Map<Write, unknown> | undefined;
    for (const write of group) {
      try {
        write.run();
      } catch (error) {
        if (error instanceof DecidableError || error instanceof EngineFailure) {
          refused ??= new Map();
          refused.set(write, error);
          continue;
        }
        this.#undo();
        if (group.length === 1) {
          write.fail(fileFailure(error, this.#file));
        } else {
          this.#queue.unshift(...group);
          this.#singly += group.length;
        }
        return;
      }
    }
    try {
      this.#listener.committing();
      this.#commit.run();
    } catch (error) {
      this.#undo();
      // Refused writes fail too, because the rows that caused the refusal may have been rolled back.
      for (const write of group) write.fail(commitFailure(error, this.#file));
      return;
    }
    this.#listener.committed();
    for (const write of group) {
      if (refused?.has(write)) write.fail(refused.get(write));
      else write.acknowledge();
    }
  }

  /**
   * Rolls the transaction back, unless SQLite has done it (https://www.sqlite.org/lang_transaction.html §3.1). If the
   * rollback fails, the next BEGIN fails too. Uncommitted changes are not visible to anyone.
   */
  #undo(): void {
    try {
      if (this.#database.inTransaction) this.#rollback.run();
    } catch (error) {
      if (!isDriverError(error)) throw error;
    } finally {
      this.#listener.undone();
    }
  }
}
