/** The reason why one type does not match another, with the names that lead to the difference, outermost first. */
export interface Mismatch {
  readonly message: string;
  readonly path: readonly string[];
}

/** Returns a mismatch of the types themselves. */
export function mismatch(message: string): Mismatch {
  return { message, path: [] };
}

/** Returns a mismatch inside the part with the name `name`. */
export function within(name: string, message: string, inner: Mismatch): Mismatch {
  return { message: `${message}: ${inner.message}`, path: [name, ...inner.path] };
}
