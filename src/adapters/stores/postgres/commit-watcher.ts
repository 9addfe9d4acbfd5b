/**
 * Detects the commits of other processes. A process that has committed notifies the others once for all commits of a
 * few milliseconds. It uses a separate connection, because a NOTIFY inside the transaction of an append would hold a
 * lock of the whole server until the commit is on disk. If the process ends before it notifies, a slow poll detects the
 * commit. If an append reports that no process listens, no notification is sent.
 *
 * The watcher listens while a caller waits, and for a few seconds afterwards.
 */
import { usedAfterClose } from '../../../core/storage/arguments.ts';
import { CommitSignal } from '../../../core/storage/commit-signal.ts';
import { clearTimeout, setTimeout, sleep } from '../../../core/storage/timers.ts';
import type { Connections } from './connections.ts';
import { retryDelay } from './failures.ts';

/** The minimum time between two notifications of a process, in milliseconds. */
const NOTIFICATION_INTERVAL = 3;

/**
 * A notification is a transaction with an id. It is not flushed to disk, because it changes nothing that has to last.
 */
const NOTIFY = `select set_config('synchronous_commit', 'off', true), pg_notify($1, '')`;

/** Milliseconds for which the connection is kept after the last wait. */
const KEEP = 5_000;

/** The parts of the store that the watcher uses. */
export interface WatcherParts {
  readonly connections: Connections;
  readonly channel: string;
  /** The expression of the key of the lock that shows appends that a process listens. */
  readonly lock: string;
  readonly listens: boolean;
  readonly pollInterval: number;
  /** Returns a string that changes with each write to the server. */
  lastTransaction(): Promise<string>;
}

export class CommitWatcher {
  readonly commits: CommitSignal = new CommitSignal((waiting) => (waiting ? this.#start() : this.#pause()));
  readonly #parts: WatcherParts;
  #isClosed = false;
  /** The last transaction that a poll found. */
  #seen: string | undefined;
  #poll: NodeJS.Timeout | undefined;
  #end: NodeJS.Timeout | undefined;
  /** The repeated checks for events that an open transaction hides. */
  #look: NodeJS.Timeout | undefined;
  #looks = 0;
  #endListening: (() => void) | undefined;
  /** The attempts to listen. They are `undefined` if the watcher listens already or does not have to. */
  #connecting: Promise<void> | undefined;
  #notifying: Promise<void> | undefined;
  #hasMore = false;

  constructor(parts: WatcherParts) {
    this.#parts = parts;
  }

  /**
   * Reports a commit of this process. Call it after each commit.
   * @param isHeard false if the commit knows that no process listens.
   */
  committed(isHeard = true): void {
    this.commits.notify();
    if (!isHeard) return;
    this.#hasMore = true;
    this.#notifying ??= this.#notify();
  }

  /**
   * Reports whether an older open transaction hides stored events from readers. Call it after each read. If that
   * transaction is not an append, no notification follows when it ends.
   */
  hidden(isHiding: boolean): void {
    if (!isHiding) {
      this.#looks = 0;
      return;
    }
    if (this.#look !== undefined || this.#isClosed) return;
    const delay = Math.min(this.#parts.pollInterval, 2 ** this.#looks++);
    this.#look = setTimeout(() => {
      this.#look = undefined;
      this.commits.notify();
    }, delay);
    if (!this.commits.isAwaited) this.#look.unref();
  }

  /** Ends all waits. Resolves when the last notification has been sent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.commits.close(usedAfterClose);
    this.#stop();
    await this.#connecting;
    await this.#notifying;
  }

  #start(): void {
    clearTimeout(this.#end);
    this.#end = undefined;
    this.#poll ??= setTimeout(() => void this.#check(), this.#parts.pollInterval);
    this.#poll.ref();
    this.#look?.ref();
    if (this.#parts.listens && this.#endListening === undefined) this.#connecting ??= this.#listen();
  }

  /** Stops listening, because no caller waits. */
  #pause(): void {
    this.#poll?.unref();
    this.#look?.unref();
    this.#end ??= setTimeout(() => this.#stop(), KEEP).unref();
  }

  #stop(): void {
    clearTimeout(this.#poll);
    clearTimeout(this.#look);
    clearTimeout(this.#end);
    this.#endListening?.();
    this.#poll = this.#look = this.#end = this.#endListening = undefined;
  }

  /** Notifies the waiters if the server was written to since the last check. */
  async #check(): Promise<void> {
    try {
      const last = await this.#parts.lastTransaction();
      if (last !== this.#seen) {
        this.#seen = last;
        this.commits.notify();
      }
    } catch {
      // The server is unreachable. The waiters try to read, and get the failure.
      this.commits.notify();
    }
    if (this.#poll === undefined || this.#isClosed) return;
    this.#poll = setTimeout(() => void this.#check(), this.#parts.pollInterval);
    if (!this.commits.isAwaited) this.#poll.unref();
  }

  /** Listens, and tries again until it succeeds or no caller waits. */
  async #listen(): Promise<void> {
    const { connections, channel, lock, pollInterval } = this.#parts;
    for (let tries = 0; this.#poll !== undefined && !this.#isClosed; tries++) {
      try {
        const end = await connections.listen(
          channel,
          lock,
          () => this.commits.notify(),
          () => this.#lost(),
        );
        this.#connecting = undefined;
        if (this.#poll === undefined || this.#isClosed) end();
        else this.#endListening = end;
        // Notifications before the LISTEN were not received.
        this.commits.notify();
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, Math.min(pollInterval, 10 + retryDelay(tries))).unref());
      }
    }
    this.#connecting = undefined;
  }

  /** Handles the loss of the listening connection. A notification may be lost with it. */
  #lost(): void {
    this.#endListening = undefined;
    if (this.#poll !== undefined && !this.#isClosed) this.#connecting ??= this.#listen();
    this.commits.notify();
  }

  /** Notifies the other processes until all commits are reported. */
  async #notify(): Promise<void> {
    const { connections, channel } = this.#parts;
    while (this.#hasMore) {
      this.#hasMore = false;
      // If it fails, the slow poll of the other processes detects the commit.
      await connections.query(NOTIFY, [channel], 'notify').catch(() => {});
      if (!this.#isClosed) await sleep(NOTIFICATION_INTERVAL);
    }
    this.#notifying = undefined;
  }
}
