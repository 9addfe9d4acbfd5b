/** What was thrown, as far as text can hold it. */
export interface Thrown {
  readonly name: string;
  readonly message: string;
  readonly code?: unknown;
}

/** Undefined where nothing was thrown. */
export async function thrownBy(call: () => unknown): Promise<Thrown | undefined> {
  try {
    await call();
    return undefined;
  } catch (error) {
    const { name, message, code } = error as Thrown;
    return { name, message, code };
  }
}
