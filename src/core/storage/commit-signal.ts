/** Waits for commits without polling. Stores implement `awaitEvents` with it. */

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** Resolves promises at the next commit. */
export class CommitSignal {
  readonly #waiters = new Set<Waiter>();
  #count = 0;
  #closed: (() => Error) | undefined;
  readonly #onWaiting: ((waiting: boolean) => void) | undefined;

  /**
   * Makes a signal without waiters.
   * @param onWaiting called with `true` when the first waiter is added, and with `false` when the last one is removed.
   */
  constructor(onWaiting?: (waiting: boolean) => void) {
    this.#onWaiting = onWaiting;
  }

  /**
   * The number of times that {@link notify} was called. Read this count before you read the store, and pass it to
   * {@link wait}.
   */
  get count(): number {
    return this.#count;
  }

  /** True if a caller of {@link wait} is waiting. */
  get isAwaited(): boolean {
    return this.#waiters.size > 0;
  }

  /**
   * Resolves as soon as {@link notify} has been called since `count` was read, so that a commit between reading the
   * store and waiting is not missed. If `signal` is aborted, the promise rejects with its reason.
   */
  wait(count: number, signal?: AbortSignal): Promise<void> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed());
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (count !== this.#count) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const onAbort = (): void => this.#leave(waiter, () => reject(signal?.reason));
      const waiter: Waiter = {
        resolve: () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
        reject: (reason) => {
          signal?.removeEventListener('abort', onAbort);
          reject(reason);
        },
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiters.add(waiter);
      if (this.#waiters.size === 1) this.#onWaiting?.(true);
    });
  }

  /** Resolves all waiters after a possible commit. */
  notify(): void {
    this.#count++;
    if (this.#waiters.size === 0) return;
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const waiter of waiters) waiter.resolve();
    this.#onWaiting?.(false);
  }

  /** Rejects all present and future waiters. */
  close(error: () => Error): void {
    this.#closed = error;
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const waiter of waiters) waiter.reject(error());
    if (waiters.length > 0) this.#onWaiting?.(false);
  }

  #leave(waiter: Waiter, end: () => void): void {
    if (!this.#waiters.delete(waiter)) return;
    end();
    if (this.#waiters.size === 0) this.#onWaiting?.(false);
  }
}

/**
 * Implements `awaitEvents` of a store. The function reads the last position after each commit, until that position is
 * after the given one.
 *
 * @param lastPosition reads the position of the store's last event, or `undefined` if the store has no events.
 */
export async function awaitEventsAfter(
  lastPosition: () => bigint | undefined | Promise<bigint | undefined>,
  commits: CommitSignal,
  afterPosition: bigint | undefined,
  signal: AbortSignal | undefined,
): Promise<bigint> {
  signal?.throwIfAborted();
  for (;;) {
    const { count } = commits;
    const last = await lastPosition();
    if (last !== undefined && (afterPosition === undefined || last > afterPosition)) return last;
    await commits.wait(count, signal);
  }
}
