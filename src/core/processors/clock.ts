/** The clock of processors, for leases, retries and deadlines. Tests can control it. Deciders have no access to it. */
import { MAX_TIMER_DELAY } from '../limits.ts';

/**
 * A clock with a function to wait for a time. `TestClock` of `decidable/testing` advances only when a test advances it.
 */
export interface Clock {
  /** Returns the milliseconds since the Unix epoch. */
  now(): number;
  /**
   * Resolves when the clock reaches `time`, in milliseconds since the Unix epoch. If the signal is aborted, the promise
   * rejects with its reason.
   */
  sleepUntil(time: number, signal?: AbortSignal): Promise<void>;
}

// The functions are read when this file is loaded, because test runners replace timers to stop time, and processors
// must continue.
const { setTimeout: startTimer, clearTimeout: stopTimer, performance: machineTime } = globalThis;
const sinceStart = machineTime.now.bind(machineTime);

/** The maximum duration of one timer in milliseconds. The clock may be adjusted while a timer runs. */
const LONGEST_SLEEP = 60_000;

/** The clock of the operating system. */
export const systemClock: Clock = {
  now: () => Date.now(),
  async sleepUntil(time, signal) {
    for (let left = time - Date.now(); left > 0; left = time - Date.now()) {
      await pause(Math.min(left, LONGEST_SLEEP), signal);
    }
    signal?.throwIfAborted();
  },
};

/** Waits for a duration, even if the machine's clock is adjusted in the meantime. */
export function sleepFor(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<void> {
  if (clock !== systemClock) return clock.sleepUntil(clock.now() + milliseconds, signal);
  return pause(Math.min(milliseconds, MAX_TIMER_DELAY), signal);
}

/** Returns the milliseconds since a moment in the past. Adjustments of the machine's clock do not change them. */
export function elapsed(clock: Clock): number {
  return clock === systemClock ? sinceStart() : clock.now();
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
