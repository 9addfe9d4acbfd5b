/** The parts of a thrown error that can be text. */
export interface Thrown {
  readonly name: string;
  readonly message: string;
  readonly code?: unknown;
}

/** Returns the error that `call` throws, or undefined. */
export async function thrownBy(call: () => unknown): Promise<Thrown | undefined> {
  try {
    await call();
    return undefined;
  } catch (error) {
    const { name, message, code } = error as Thrown;
    return { name, message, code };
  }
}
