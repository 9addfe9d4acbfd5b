/** The difference between two types, with the names that lead to it, outermost first. */
export interface Mismatch {
  readonly message: string;
  readonly path: readonly string[];
}

/** Returns a difference of the types themselves. */
export function mismatch(message: string): Mismatch {
  return { message, path: [] };
}

/** Returns a difference inside the part with this name. */
export function within(name: string, message: string, inner: Mismatch): Mismatch {
  return { message: `${message}: ${inner.message}`, path: [name, ...inner.path] };
}
