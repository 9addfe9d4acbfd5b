/** Why one type does not match another, with the names that lead to the difference, outermost first. */
export interface Mismatch {
  readonly message: string;
  readonly path: readonly string[];
}

/** A difference right here. */
export function mismatch(message: string): Mismatch {
  return { message, path: [] };
}

/** A difference inside something that is called `name`. */
export function within(name: string, message: string, inner: Mismatch): Mismatch {
  return { message: `${message}: ${inner.message}`, path: [name, ...inner.path] };
}
