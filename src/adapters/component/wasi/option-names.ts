/** Options that nobody reads are mistakes: who wrote one believes that it is in force. */
import { show } from '../abi/javascript-values.ts';

/**
 * Whether `options` is an object, and all of it is known. `place` is its own name.
 *
 * @throws TypeError that says which names there are.
 */
export function checkNames(place: string, options: unknown, names: readonly string[]): void {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`${place}: expected an object, got ${show(options)}`);
  }
  const unknown = Object.keys(options).find((name) => !names.includes(name));
  if (unknown === undefined) return;
  throw new TypeError(`${place}: there is no ${show(unknown)}; there are ${names.join(', ')}`);
}
