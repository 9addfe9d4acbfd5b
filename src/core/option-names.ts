/**
 * Refuses unknown options of definitions and configurations. Without this check, a caller who writes `comandId`
 * believes that the command is idempotent, and a caller who writes `readonly` believes that the file is protected.
 */
import { DefinitionError } from './errors.ts';
import { unknownOption } from './unknown-names.ts';

/**
 * Checks that `options` is an object and that each of its names is known.
 *
 * @param place the name of the object in the error, such as `createMemoryStore` or `bank.account`.
 * @throws DefinitionError with the place `<place>.<name>`.
 */
export function checkOptionNames(
  options: unknown,
  known: Readonly<Record<string, true>>,
  place: string,
): asserts options is object {
  if (typeof options !== 'object' || options === null) {
    throw new DefinitionError(place, `expected an object, got ${options === null ? 'null' : typeof options}`);
  }
  const unknown = unknownOption(options, known);
  if (unknown !== undefined) throw new DefinitionError(`${place}.${unknown.name}`, unknown.message);
}
