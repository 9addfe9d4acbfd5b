/**
 * The timers of the stores, read when this file is loaded. A test may replace the global timers (node:test, Jest and
 * Sinon can) to control the time of the program under test, but the store's own work must continue.
 */
const { performance } = globalThis;
const { now } = performance;

export const clearInterval: typeof globalThis.clearInterval = globalThis.clearInterval;
export const clearTimeout: typeof globalThis.clearTimeout = globalThis.clearTimeout;
export const setImmediate: typeof globalThis.setImmediate = globalThis.setImmediate;
export const setInterval: typeof globalThis.setInterval = globalThis.setInterval;
export const setTimeout: typeof globalThis.setTimeout = globalThis.setTimeout;

/** Returns the milliseconds of a monotonic clock. */
export const elapsed: () => number = now.bind(performance);

/** Returns the milliseconds since the Unix epoch. */
export const wallClock: () => number = Date.now;

/** Waits for a number of milliseconds. */
export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
