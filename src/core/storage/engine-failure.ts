/** The failures inside a store, before they become the errors of its functions. */
import { AppendFailure, StoreFailure } from '../errors.ts';
import type { StoreFault } from '../event-store.ts';

/**
 * A failure of the engine of a store: its file, its database or its server. `append` throws it as an `AppendFailure`,
 * and all other functions throw it as a `StoreFailure`.
 */
export class EngineFailure extends Error {
  override readonly name: string = 'EngineFailure';
  readonly failure: StoreFault;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.failure = { code, message };
  }
}

/** Converts an `EngineFailure` to the error of `append`. Other errors are returned unchanged. */
export function toAppendFailure(error: unknown): unknown {
  if (!(error instanceof EngineFailure)) return error;
  return new AppendFailure({ tag: 'failure', val: error.failure }, error.message, { cause: error.cause });
}

/** Converts an `EngineFailure` to the error of all functions except `append`. Other errors are returned unchanged. */
export function toStoreFailure(error: unknown): unknown {
  if (!(error instanceof EngineFailure)) return error;
  return new StoreFailure({ tag: 'failure', val: error.failure }, error.message, { cause: error.cause });
}
