/**
 * The state that the two parts of a guest share: the part that prepares the globals, and the part that calls the
 * module. They are separate programs, because the globals must be ready before the first file of the module is
 * evaluated.
 */

/** A use of something that a component does not have. */
export interface Refusal {
  /** `Date.now()`, for example. */
  readonly name: string;
  readonly message: string;
  /** True for clocks and random numbers, which must not be read even if the module ignores the error. */
  readonly isIndeterminate: boolean;
}

export interface Guard {
  /**
   * The first refused use since the last call began. A library may catch the error and continue with a different
   * result, so each call checks this field after its end.
   */
  refused: Refusal | undefined;
}

const KEY = Symbol.for('decidable/guest/guard');

/** Returns the guard of this guest. */
export function guardOf(): Guard {
  const holder = globalThis as { [KEY]?: Guard };
  holder[KEY] ??= { refused: undefined };
  return holder[KEY];
}
