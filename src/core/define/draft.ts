/**
 * Folds with drafts: a handler changes its draft, or returns the state that replaces it. The drafts are immer's, and
 * behave as immer documents. The draft of a flat state is made only if a handler needs it (`flat-draft.ts`).
 *
 * A copy instead of a draft would be faster. But a handler can observe the difference (`{ ...draft }` after a change, a
 * child as the result, `current`, `original`, `Object.defineProperty`).
 *
 * One draft for many events would be cheaper too. It would be wrong, because a later event could change a value in
 * place that an earlier event had put into the state.
 */
import { enableMapSet, Immer } from 'immer';
import { produceFlat } from './flat-draft.ts';
import { isFlat, lend } from './state-value.ts';

// States may contain maps and sets. Loading the plugin changes nothing for other users of immer.
enableMapSet();

/**
 * A separate instance, so that a program's immer settings do not affect folding. It does not freeze results, because it
 * would freeze the handler's own objects too. `keep` makes a frozen copy of the result.
 */
const immer = new Immer({ autoFreeze: false });

/** Changes a draft, or returns the value that replaces it. */
// biome-ignore lint/suspicious/noConfusingVoidType: a handler that changes its draft returns nothing.
export type Recipe = (draft: never, data: never, extra: never) => unknown | void;

/**
 * Runs the handler and returns the new value. The value may contain objects of the handler, so `keep` makes a state
 * from it. `state` itself is unchanged.
 *
 * @throws the errors of the handler, unchanged.
 */
export function fold(state: unknown, recipe: Recipe, data: unknown, extra?: unknown): unknown {
  const base = lend(state);
  const run = (draft: unknown): unknown => refuseThenable(recipe(draft as never, data as never, extra as never));
  // immer cannot make drafts of dates and byte arrays.
  if (base instanceof Date || base instanceof Uint8Array) return run(base) ?? base;
  return isFlat(base) ? produceFlat(immer, base, run) : immer.produce(base, run);
}

/**
 * Refuses a promise. The types refuse an asynchronous handler, but an untyped handler could otherwise store a promise
 * as its state.
 */
function refuseThenable(result: unknown): unknown {
  if (typeof result !== 'object' || result === null || !('then' in result) || typeof result.then !== 'function')
    return result;
  throw new TypeError('the handler returned a promise, but folding is synchronous; return the state itself');
}
