/** Converts the errors of a call into a guest to those that the contract allows a module to throw. */
import { FaultError, RejectionError } from '../../../core/errors.ts';
import type { Fault, Rejection } from '../../../core/messages.ts';
import { show } from '../abi/javascript-values.ts';
import {
  ComponentError,
  type ImportObject,
  isComponentError,
  isLinkError,
  isTrap,
  LinkError,
  Trap,
  ValueError,
} from '../index.ts';
import { isWasi03 } from '../linking/import-problems.ts';
import { findImport } from '../linking/names.ts';

/**
 * A handle belongs to an instance that trapped and was replaced. The error is a trap (`stale-handle`), so that the
 * event sourcer drops the states that it keeps of the module, and loads them again.
 */
export class StaleHandle extends Trap {
  override readonly name: string = 'StaleHandle';
  declare readonly code: 'stale-handle';

  constructor(handle: number, cause: unknown) {
    super(
      `handle ${handle} belongs to an instance that trapped and was replaced; load the state again from its events`,
      {
        code: 'stale-handle',
        cause,
      },
    );
  }
}

/** The resource type of a handle. */
export type HandleKind = 'command' | 'event' | 'state';

/** Returns the error for a value that is not a live handle. The loader's error for such a value has the same text. */
export function noLiveHandle(kind: HandleKind, given: unknown, why: string = 'it is not a live handle'): ValueError {
  return new ValueError(`expected an own handle of ${kind}, got ${show(given)}: ${why}`, [kind]);
}

/** Returns whether the error ends the instance. The `error` case of a result does not. */
export function endsInstance(error: unknown): boolean {
  if (isTrap(error)) return !(error instanceof StaleHandle);
  return !isComponentError(error) && !mayHaveSurvived(error);
}

/**
 * Returns whether the instance may have survived the error, which is about a value that cannot be passed. An invalid
 * argument has not reached the guest. But if the host's table of handles is too full for a result, the instance has
 * ended.
 */
export function mayHaveSurvived(error: unknown): boolean {
  return error instanceof TypeError || error instanceof RangeError;
}

/**
 * A fault of a guest that implements another contract. It is an error of the guest, so the instance continues. `decide`
 * may throw it too, although the contract of this package allows only a rejection there.
 */
export class GuestFault extends ComponentError {
  declare readonly payload: Fault;

  constructor(fault: Fault) {
    super(fault, fault.message);
  }
}

/** Converts the error of a function whose `error` case is a fault. */
export function faultOf(error: unknown): unknown {
  return isComponentError(error) ? new FaultError(error.payload as Fault, { cause: error }) : asTrap(error);
}

/** Converts the error of `decide`, whose `error` case is a rejection. */
export function rejectionOf(error: unknown): unknown {
  if (error instanceof GuestFault) return new FaultError(error.payload, { cause: error });
  return isComponentError(error) ? new RejectionError(error.payload as Rejection) : asTrap(error);
}

/** Converts an error that an import of the component threw to a trap, because such an error ends the instance too. */
function asTrap(error: unknown): unknown {
  if (isTrap(error) || isLinkError(error) || mayHaveSurvived(error)) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new Trap(`an import of the component failed: ${message}`, { cause: error });
}

/** Adds a hint to the error if the guest needs WASI and the host does not pass it. */
export function withWasiHint(
  error: unknown,
  { wasi, imports }: { readonly wasi: unknown; readonly imports: ImportObject },
): unknown {
  if (wasi !== undefined || !isLinkError(error)) return error;
  const isMissing = (name: string | undefined): boolean =>
    name?.startsWith('wasi:') === true && !isWasi03(name) && findImport(imports, name) === undefined;
  if (!error.problems.some(({ path }) => isMissing(path[0]))) return error;
  const hint = 'The guest needs WASI; pass the option wasi: () => virtualWasi({ grant: LANGUAGE_RUNTIME })';
  const message = `${error.message}\n${hint}`;
  return new LinkError(message, error.path, { cause: error }, error.problems);
}
