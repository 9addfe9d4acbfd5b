import { DefinitionError } from './errors.ts';
import { mustBe } from './predicates.ts';

/** Checks an option that must be an integer of at least 0 or 1. @throws DefinitionError with the place. */
export function checkInteger(value: unknown, least: 0 | 1, place: string): void {
  if (Number.isInteger(value) && (value as number) >= least) return;
  throw new DefinitionError(place, mustBe(least === 0 ? 'a non-negative integer' : 'a positive integer', value));
}
