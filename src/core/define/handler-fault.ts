/** Errors that a handler of a module throws: they are faults of the module. */
import { FaultError, isFault } from '../errors.ts';

/** The text of a thrown value, for the message of the fault that it becomes. */
export function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** The fault of a module whose handler threw; a fault is returned as it is. `place` names the handler: `evolve.Deposited`. */
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
