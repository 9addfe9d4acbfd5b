/**
 * Folding with drafts: a handler changes its draft, or returns the state that replaces it. The drafts are immer's for
 * every state, small or large, and behave as immer's documentation says.
 *
 * immer takes 0.5 to 1 µs for one changed field, most of that for making and revoking proxies. A copy of a small state
 * would take a tenth of it, and was used once; but a handler can see the difference (`{ ...draft }` after a change, a
 * child as the result, `current`, `original`, `Object.defineProperty`), so that a state behaved in another way when it
 * grew.
 *
 * One draft for many events would be cheaper too, but wrong, because the next event would change a value in place that
 * this one put in.
 */
import { enableMapSet, Immer } from 'immer';
import { lend } from './state-value.ts';

// States may hold maps and sets. Loading the plugin changes nothing for other users of immer.
enableMapSet();

/**
 * Our own instance, so that a program's settings of immer do not reach the folding. It freezes nothing, because it
 * would freeze the handler's own objects too; `keep` makes a frozen copy of the result.
 */
const immer = new Immer({ autoFreeze: false });

/** Changes a draft, or returns the value that replaces it. */
// biome-ignore lint/suspicious/noConfusingVoidType: a handler that changes its draft returns nothing.
export type Recipe = (draft: never, data: never, extra: never) => unknown | void;

/**
 * Returns the value after a handler. It may hold objects of the handler, and `keep` makes a state from it. `state`
 * itself is unchanged.
 *
 * @throws the errors of the handler, unchanged.
 */
export function fold(state: unknown, recipe: Recipe, data: unknown, extra?: unknown): unknown {
  const base = lend(state);
  const run = (draft: unknown): unknown => refuseThenable(recipe(draft as never, data as never, extra as never));
  // immer has no drafts of dates and binary.
  if (base instanceof Date || base instanceof Uint8Array) return run(base) ?? base;
  return immer.produce(base, run);
}

/** TypeScript refuses an asynchronous handler. One that circumvents the types would store a promise as its state. */
function refuseThenable(result: unknown): unknown {
  if (typeof result !== 'object' || result === null || !('then' in result) || typeof result.then !== 'function')
    return result;
  throw new TypeError('the handler is asynchronous, but a fold does not wait; return the state and not a promise');
}
