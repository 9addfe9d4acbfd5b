/** Refuses options that no code reads, because the caller who wrote one believes that it has an effect. */
import { show } from './abi/javascript-values.ts';
import { ArgumentError } from './errors.ts';

/** The names of the options of an interface. The type makes the list complete. */
export type OptionNames<Options> = { readonly [Name in keyof Options]-?: true };

/**
 * Checks that `options` is an object and that each of its names is known.
 *
 * @param place names the object in the error: `options`, or the option that holds it.
 * @throws ArgumentError that lists the known names.
 */
export function checkNames(place: string, options: unknown, known: object): void {
  if (typeof options !== 'object' || options === null) {
    throw new ArgumentError(place, `expected an object, got ${show(options)}`);
  }
  // Inherited names count too, because reading an option by its name finds them.
  for (const name in options) {
    if (Object.hasOwn(known, name)) continue;
    const option = place === 'options' ? name : `${place}.${name}`;
    throw new ArgumentError(option, `unknown option; the options are ${Object.keys(known).join(', ')}`);
  }
}
