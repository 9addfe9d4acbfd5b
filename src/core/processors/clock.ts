/** Time for processors: leases, retries and deadlines. Tests set it; deciders never see it. */

/** A clock that can be waited on. `TestClock` of `decidable/testing` moves only when a test moves it. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Resolves when the clock has reached `time`, in milliseconds since the Unix epoch. Aborting rejects with the reason. */
  sleepUntil(time: number, signal?: AbortSignal): Promise<void>;
}

// Taken when the module is loaded, because test runners replace timers to stop time, and processors must not stop with it.
const { setTimeout: startTimer, clearTimeout: stopTimer } = globalThis;

/** A timer of more than 2^31 - 1 milliseconds fires immediately. The clock may also be stepped while a timer runs. */
const LONGEST_SLEEP = 60_000;

const LONGEST_TIMER = 2 ** 31 - 1;

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  async sleepUntil(time, signal) {
    for (let left = time - Date.now(); left > 0; left = time - Date.now()) {
      await pause(Math.min(left, LONGEST_SLEEP), signal);
    }
    signal?.throwIfAborted();
  },
};

/** Waits for a time span. If the machine's clock is stepped in the meantime, the span stays the same. */
export function sleepFor(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<void> {
  if (clock !== systemClock) return clock.sleepUntil(clock.now() + milliseconds, signal);
  return pause(Math.min(milliseconds, LONGEST_TIMER), signal);
}

function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      stopTimer(timer);
      reject(signal?.reason);
    };
    const timer = startTimer(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, milliseconds);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
