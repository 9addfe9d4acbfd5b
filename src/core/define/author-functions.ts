/**
 * The functions that an author has written for a module. The development mode of `decidable/testing` looks for
 * variables that they change. Nothing else uses them.
 */
const FUNCTIONS = new WeakMap<object, readonly AuthorFunction[]>();

export type AuthorFunction = (...args: never) => unknown;

/**
 * Records the functions of a module under its descriptor, which copies of the module share.
 * @param values functions, or objects with functions.
 */
export function recordAuthorFunctions(descriptor: object, ...values: readonly unknown[]): void {
  const all = values.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) : [value]));
  FUNCTIONS.set(
    descriptor,
    all.filter((value): value is AuthorFunction => typeof value === 'function'),
  );
}

/** Returns the recorded functions. A component has none. */
export function authorFunctionsOf(descriptor: object): readonly AuthorFunction[] {
  return FUNCTIONS.get(descriptor) ?? [];
}
