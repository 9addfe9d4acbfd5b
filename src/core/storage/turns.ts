/**
 * Lets the event loop run during long loops. A store in the process answers without waiting. So during a loop over such
 * a store, no timer could fire and no signal of the operating system could arrive.
 */

// Taken when the module is loaded, because test runners replace timers to stop time.
const { setTimeout: startTimer } = globalThis;

/** The longest time in milliseconds between two turns. */
const LONGEST = 20;

/** Lets the event loop run from time to time. */
export class Turns {
  #last: number = performance.now();

  /** Waits for a turn of the event loop if the last one was a while ago. */
  async next(): Promise<void> {
    if (performance.now() - this.#last < LONGEST) return;
    await new Promise<void>((resolve) => startTimer(resolve, 0));
    this.#last = performance.now();
  }
}
