/** Refuses unknown options of the loader. */
import { unknownOption } from '../../core/unknown-names.ts';
import { show } from './abi/javascript-values.ts';
import { ArgumentError } from './errors.ts';

/**
 * Checks that `options` is an object and that each of its names is known.
 *
 * @param place names the object in the error: `options`, or the option that holds it.
 * @throws ArgumentError that names the nearest known option, or lists all of them.
 */
export function checkNames(place: string, options: unknown, known: object): void {
  if (typeof options !== 'object' || options === null) {
    throw new ArgumentError(place, `expected an object, got ${show(options)}`);
  }
  const unknown = unknownOption(options, known);
  if (unknown !== undefined) {
    throw new ArgumentError(place === 'options' ? unknown.name : `${place}.${unknown.name}`, unknown.message);
  }
}
