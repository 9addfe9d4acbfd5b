/**
 * Errors are data (docs/architecture.md). A function throws the error of its WIT `result`, as in the JavaScript
 * embedding. The `payload` is exactly the WIT's value. The `code` is a literal type, so that a `switch` narrows it.
 *
 * The guards check `family` instead of the class, so that they work across copies of the package.
 */
import type { CommandError } from './event-sourcer.ts';
import type { AppendError, StoreError } from './event-store.ts';
import { type JsonConvertible, type JsonValue, toJson } from './json.ts';
import type { Fault, Rejection } from './messages.ts';
import { rejectionUsed } from './rejection-use.ts';

/** The kind of an error. The guards check it. Programs that log the errors of several packages can use it too. */
export type ErrorFamily = 'rejection' | 'fault' | 'append' | 'store' | 'command' | 'definition' | 'processor';

/** The base class of the package's errors, with a literal `code` and the WIT's error value as its `payload`. */
export class DecidableError<Code extends string = string, Payload = unknown> extends Error implements JsonConvertible {
  override readonly name: string = 'DecidableError';
  /** The stable, machine-readable code of the error. */
  readonly code: Code;
  /** The error value of the WIT, or the names and values that the error is about. */
  readonly payload: Payload;
  /** The kind of the error, after `decidable/`. The guards check it. */
  readonly family: `decidable/${ErrorFamily}`;

  constructor(family: ErrorFamily, code: Code, payload: Payload, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.payload = payload;
    this.family = `decidable/${family}`;
  }

  /**
   * Returns the name, the message, the code, the payload and the cause. The stack is left out, because it contains file
   * paths of the machine.
   */
  toJSON(): JsonValue {
    return toJson(this);
  }
}

/** The domain refuses the command. `decide` throws or returns it. `code` is the rejection's code. */
export class RejectionError extends DecidableError<string, Rejection> {
  override readonly name: string = 'RejectionError';
  constructor(rejection: Rejection) {
    super('rejection', rejection.code, rejection, rejection.message);
  }
}

/** The module could not do its work. `code` is the fault's code. */
export class FaultError extends DecidableError<string, Fault> {
  override readonly name: string = 'FaultError';
  constructor(fault: Fault, options?: ErrorOptions) {
    super('fault', fault.code, fault, fault.message, options);
  }
}

/** The error of `EventStore.append`. */
export class AppendFailure extends DecidableError<AppendError['tag'], AppendError> {
  override readonly name: string = 'AppendFailure';
  constructor(payload: AppendError, message: string, options?: ErrorOptions) {
    super('append', payload.tag, payload, message, options);
  }
}

/** The error of all other functions of an event store. */
export class StoreFailure extends DecidableError<StoreError['tag'], StoreError> {
  override readonly name: string = 'StoreFailure';
  constructor(payload: StoreError, message: string, options?: ErrorOptions) {
    super('store', payload.tag, payload, message, options);
  }
}

/** The error of the event sourcer. */
export class CommandFailure extends DecidableError<CommandError['tag'], CommandError> {
  override readonly name: string = 'CommandFailure';
  constructor(payload: CommandError, message: string, options?: ErrorOptions) {
    super('command', payload.tag, payload, message, options);
  }
}

/**
 * A module, a codec or an option is invalid. It is thrown when a program sets up its parts, not while it handles
 * commands. `code` is `invalid-definition`, and `payload` names the place.
 */
export class DefinitionError extends DecidableError<'invalid-definition', DefinitionProblem> {
  override readonly name: string = 'DefinitionError';
  constructor(place: string, message: string, { names, ...options }: DefinitionErrorOptions = {}) {
    const payload = names === undefined ? { place } : { place, names };
    super('definition', 'invalid-definition', payload, `${place}: ${message}`, options);
  }
}

/** The place of an invalid definition. */
export interface DefinitionProblem {
  readonly place: string;
  /** The names that contradict each other, or that are missing. */
  readonly names?: readonly string[];
}

/** The further parts of a {@link DefinitionError}. */
export interface DefinitionErrorOptions extends ErrorOptions {
  readonly names?: readonly string[];
}

function isOf(value: unknown, family: ErrorFamily): boolean {
  return value instanceof Error && 'family' in value && value.family === `decidable/${family}`;
}

/**
 * Returns whether `value` is a {@link RejectionError}, of this or another copy of the package. Inside a decision, it
 * also marks the rejection as used. A rejection that is not returned, thrown or passed to this function is a fault.
 */
export function isRejection(value: unknown): value is RejectionError {
  if (!isOf(value, 'rejection')) return false;
  rejectionUsed(value as Error);
  return true;
}

/** Returns whether `value` is a {@link FaultError}, of this or another copy of the package. */
export function isFault(value: unknown): value is FaultError {
  return isOf(value, 'fault');
}

/** Returns whether `value` is an {@link AppendFailure}, and has this code if one is passed. */
export function isAppendFailure<Code extends AppendError['tag'] = AppendError['tag']>(
  value: unknown,
  code?: Code,
): value is AppendFailure & { readonly code: Code; readonly payload: Extract<AppendError, { tag: Code }> } {
  return isOf(value, 'append') && (code === undefined || (value as AppendFailure).code === code);
}

/** Returns whether `value` is a {@link StoreFailure}, and has this code if one is passed. */
export function isStoreFailure<Code extends StoreError['tag'] = StoreError['tag']>(
  value: unknown,
  code?: Code,
): value is StoreFailure & { readonly code: Code; readonly payload: Extract<StoreError, { tag: Code }> } {
  return isOf(value, 'store') && (code === undefined || (value as StoreFailure).code === code);
}

/** Returns whether `value` is a {@link CommandFailure}, and has this code if one is passed. */
export function isCommandFailure<Code extends CommandError['tag'] = CommandError['tag']>(
  value: unknown,
  code?: Code,
): value is CommandFailure & { readonly code: Code; readonly payload: Extract<CommandError, { tag: Code }> } {
  return isOf(value, 'command') && (code === undefined || (value as CommandFailure).code === code);
}
