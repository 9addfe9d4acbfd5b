/**
 * The timers of the store, which are read when this file is loaded. A test that replaces the global timers (node:test,
 * Jest and Sinon can) moves the time of the program under test, and must not stop the store's own work.
 */
const { performance } = globalThis;
const { now } = performance;

export const setTimeout: typeof globalThis.setTimeout = globalThis.setTimeout;

/** Milliseconds since a moment in the past. The clock never runs backward. */
export const elapsed: () => number = now.bind(performance);
