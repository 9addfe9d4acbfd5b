/**
 * Lets the event loop run during long loops. A store in the process answers without waiting. So during a loop over such
 * a store, no timer could fire and no signal of the operating system could arrive.
 */

// The functions are read when this file is loaded, because test runners replace timers to stop time.
const { setTimeout: startTimer, setImmediate } = globalThis;

/**
 * Runs a function in the next turn. A timer waits for a millisecond, so browsers only, which have no immediates, use
 * one.
 */
const runNext: (run: () => void) => unknown = setImmediate ?? ((run) => startTimer(run, 0));

/** The maximum number of milliseconds between two turns. */
const LONGEST = 20;

/** Lets the event loop run at regular intervals. */
export class Turns {
  #last: number = performance.now();

  /** Waits for a turn of the event loop if the time since the last one exceeds the maximum. */
  async next(): Promise<void> {
    if (performance.now() - this.#last < LONGEST) return;
    await new Promise<void>((resolve) => runNext(resolve));
    this.#last = performance.now();
  }
}
