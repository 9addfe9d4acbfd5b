/** What a call into a guest throws, as what the contract lets a module throw. */
import { FaultError, RejectionError } from '../../../core/errors.ts';
import type { Fault, Rejection } from '../../../core/messages.ts';
import { show } from '../abi/javascript-values.ts';
import { isComponentError, isLinkError, isTrap, Trap, ValueError } from '../index.ts';

/**
 * A handle belongs to an instance that trapped and was replaced. The error is a trap (`stale-handle`), so that the event
 * sourcer drops the states that it keeps of the module, and loads them again.
 */
export class StaleHandle extends Trap {
  override readonly name: string = 'StaleHandle';
  declare readonly code: 'stale-handle';

  constructor(handle: number, cause: unknown) {
    super(
      `handle ${handle} belongs to an instance that trapped and was replaced: load the state again from its events`,
      {
        code: 'stale-handle',
        cause,
      },
    );
  }
}

/** What a handle is of. */
export type HandleKind = 'command' | 'event' | 'state';

/** What was given for a handle is none, or is used up: in the loader's words, whoever finds it out. */
export function noLiveHandle(kind: HandleKind, given: unknown, why: string = 'it is not a live handle'): ValueError {
  return new ValueError(`expected an own handle of ${kind}, got ${show(given)}: ${why}`);
}

/** Whether the instance is done for. The `error` case of a result is an answer. */
export function endsInstance(error: unknown): boolean {
  if (isTrap(error)) return !(error instanceof StaleHandle);
  return !isComponentError(error) && !isDoubtful(error);
}

/**
 * What the loader says of a value that cannot be passed. On the way in it has not reached the guest; on the way out (the
 * host's table of handles is full) the instance is done for.
 */
export function isDoubtful(error: unknown): boolean {
  return error instanceof TypeError || error instanceof RangeError;
}

/** A failed call of a function whose error is a fault. */
export function faultOf(error: unknown): unknown {
  return isComponentError(error) ? new FaultError(error.payload as Fault, { cause: error }) : asTrap(error);
}

/** A failed `decide`, whose error is a rejection. */
export function rejectionOf(error: unknown): unknown {
  return isComponentError(error) ? new RejectionError(error.payload as Rejection) : asTrap(error);
}

/** What an import of the component threw has ended the instance, like a trap of its own. */
function asTrap(error: unknown): unknown {
  if (isTrap(error) || isLinkError(error) || isDoubtful(error)) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new Trap(`an import of the component failed: ${message}`, { cause: error });
}
