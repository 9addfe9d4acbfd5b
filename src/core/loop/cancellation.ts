/**
 * Cancels a command that is not committed yet (docs/architecture.md, "Cancellation"), by its `AbortSignal` or its
 * deadline. The object exists only if the caller passed one of the two. A waiting command ends immediately. A read that
 * the store has begun is not interrupted.
 */
import type { CommandFailure } from '../errors.ts';
import { MAX_TIMER_DELAY } from '../limits.ts';
import { asCommandFailure, refused } from './failures.ts';

export class Cancellation {
  readonly #signal: AbortSignal | undefined;
  readonly #deadline: bigint | undefined;
  /** The work that is cancelled, for the message. */
  readonly #subject: string;
  readonly #waiting: PromiseWithResolvers<never> = Promise.withResolvers<never>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(signal: AbortSignal | undefined, deadline: bigint | undefined, subject: string) {
    this.#signal = signal;
    this.#deadline = deadline;
    this.#subject = subject;
    // Without this handler, a rejection that no code awaits would end the process.
    this.#waiting.promise.catch(() => {});
    signal?.addEventListener('abort', this.#wake, { once: true });
    if (deadline === undefined) return;
    const delay = Number(deadline) - Date.now();
    // The checks between the steps find a deadline that is too late for a timer.
    if (delay > 0 && delay <= MAX_TIMER_DELAY) this.#timer = setTimeout(this.#wake, delay);
  }

  /**
   * Checks that the work is not cancelled.
   * @throws CommandFailure `cancelled` or `deadline-exceeded` if the work is cancelled.
   */
  check(): void {
    const reason = this.#reason();
    if (reason !== undefined) throw reason;
  }

  /** Returns the outcome of the promise, or rejects with the cancellation if it comes first. */
  race<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this.#waiting.promise]);
  }

  /** Removes the listeners. It must be called at the end, because the signal may outlive the command. */
  end(): void {
    this.#signal?.removeEventListener('abort', this.#wake);
    clearTimeout(this.#timer);
  }

  #reason(): CommandFailure | undefined {
    if (this.#signal?.aborted)
      return refused(
        'cancelled',
        this.#subject,
        `${this.#subject} was cancelled before it was committed, and nothing was recorded`,
        this.#signal.reason,
      );
    // A timer may fire a fraction of a millisecond early, so the clock decides.
    if (this.#deadline !== undefined && BigInt(Date.now()) >= this.#deadline)
      return refused(
        'deadline-exceeded',
        this.#subject,
        `the deadline ${this.#deadline} of ${this.#subject} passed before it was committed, and nothing was recorded`,
      );
    return undefined;
  }

  readonly #wake = (): void => {
    const reason = this.#reason();
    if (reason !== undefined) this.#waiting.reject(reason);
    else this.#timer = setTimeout(this.#wake, 1);
  };
}

/**
 * Reads from a store until the command is cancelled.
 *
 * @throws CommandFailure `store`, `closed`, `invalid-argument`, `cancelled` or `deadline-exceeded`.
 */
export async function readStore<T>(read: () => Promise<T>, cancellation: Cancellation | undefined): Promise<T> {
  try {
    if (cancellation === undefined) return await read();
    cancellation.check();
    return await cancellation.race(read());
  } catch (error) {
    throw asCommandFailure(error, false);
  }
}
