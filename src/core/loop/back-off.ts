/**
 * The pause before a command is decided again. The first retry waits only one turn of the event loop, because one
 * conflict is normal if the cached state was stale. Later pauses are random, from an interval that doubles up to {@link
 * MAX_RETRY_DELAY}, so that writers that collided do not collide again.
 */
import { MAX_RETRY_DELAY } from '../limits.ts';

// The functions are read when this file is loaded, so that a test that mocks timers does not stop a retry.
const { setTimeout: startTimer, setImmediate: startImmediate } = globalThis as {
  setTimeout: (wake: () => void, milliseconds: number) => unknown;
  /** The function of Node, which is undefined in browsers. */
  setImmediate?: (wake: () => void) => unknown;
};

/** Waits before the next decision. @param conflicts the number of the command's conflicts so far, from 1. */
export function backOff(conflicts: number): Promise<void> {
  const longest = conflicts === 1 ? 0 : Math.min(2 ** conflicts, MAX_RETRY_DELAY);
  return new Promise((resolve) => {
    if (longest === 0 && startImmediate !== undefined) startImmediate(resolve);
    else startTimer(resolve, Math.random() * longest);
  });
}
