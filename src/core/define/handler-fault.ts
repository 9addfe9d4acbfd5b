/** Converts errors of a module's handlers to faults of the module. */
import { FaultError, isFault } from '../errors.ts';

/** Describes a thrown value, for the message of the fault. */
export function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/**
 * Returns the fault of a handler that threw. A fault is returned unchanged. `place` names the handler:
 * `evolve.Deposited`.
 */
export function faultOf(cause: unknown, code: string, place: string, type: string): FaultError {
  if (isFault(cause)) return cause;
  return new FaultError(
    {
      code,
      message: `${place} failed: ${textOf(cause)}`,
      details: [
        ['type', type],
        ['cause', textOf(cause)],
      ],
    },
    { cause },
  );
}
