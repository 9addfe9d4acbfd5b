/**
 * Lets the event loop run during long loops. A store in the process answers without waiting. So during a loop over such
 * a store, no timer could fire and no signal of the operating system could arrive.
 */

// The function is read when this file is loaded, because test runners replace timers to stop time.
const { setTimeout: startTimer } = globalThis;

/** The maximum number of milliseconds between two turns. */
const LONGEST = 20;

/** Lets the event loop run at regular intervals. */
export class Turns {
  #last: number = performance.now();

  /** Waits for a turn of the event loop if the time since the last one exceeds the maximum. */
  async next(): Promise<void> {
    if (performance.now() - this.#last < LONGEST) return;
    await new Promise<void>((resolve) => startTimer(resolve, 0));
    this.#last = performance.now();
  }
}
