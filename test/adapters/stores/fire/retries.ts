/** Repeats calls while a server is stopped, as a program does. */
import { setTimeout } from 'node:timers/promises';

/** The codes of failures that end when the server returns. */
const PASSING: ReadonlySet<unknown> = new Set(['io', 'busy', 'unknown-outcome']);

/** Milliseconds between two attempts. */
const PAUSE = 50;

/**
 * Calls a function until it succeeds. A command must have an id, so that it is decided once.
 * @throws any error but the failure of a store that does not respond.
 */
export async function untilItResponds<Result>(attempt: () => Promise<Result>): Promise<Result> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      const { payload } = error as { readonly payload?: { readonly val?: { readonly code?: unknown } } };
      if (!PASSING.has(payload?.val?.code)) throw error;
    }
    await setTimeout(PAUSE);
  }
}
