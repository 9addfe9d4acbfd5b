/**
 * The errors of the event sourcer, one function for each case of `command-error` (wit/event-sourcer.wit). Failures of
 * the domain, the module, the store and the caller have different types (docs/architecture.md, "Errors are data").
 */
import {
  CommandFailure,
  FaultError,
  isAppendFailure,
  isCommandFailure,
  isFault,
  isRejection,
  isStoreFailure,
} from '../errors.ts';
import type { CommandError } from '../event-sourcer.ts';
import type { Conflict } from '../event-store.ts';
import type { Fault } from '../messages.ts';
import type { FieldProblem } from '../predicates.ts';
import { preconditionText } from '../storage/arguments.ts';

type Details = Fault['details'];
type RefusalTag = Extract<CommandError, { val: { readonly subject: string } }>['tag'];

export function invalidArgument(argument: string, message: string): CommandFailure {
  return new CommandFailure({ tag: 'invalid-argument', val: { argument, message } }, `${argument}: ${message}`);
}

/** Makes a failure whose payload is a subject and a message. */
export function refused(tag: RefusalTag, subject: string, message: string, cause?: unknown): CommandFailure {
  return new CommandFailure({ tag, val: { subject, message } }, message, cause === undefined ? undefined : { cause });
}

export function unroutable(subject: string, message: string): CommandFailure {
  return refused('unroutable', subject, message);
}

export function commandFault(fault: Fault, cause?: unknown): CommandFailure {
  return new CommandFailure({ tag: 'fault', val: fault }, fault.message, { cause });
}

function commandTrap(trap: Fault, cause: unknown): CommandFailure {
  return new CommandFailure({ tag: 'trap', val: trap }, trap.message, { cause });
}

/**
 * Converts an error that a module threw into the failure of the command. A typed fault remains a fault. Any other error
 * (a `WebAssembly.RuntimeError`, an exhausted stack, the `TypeError` of a bug) means that the module ended abnormally,
 * which is a trap.
 *
 * @param place the work during which the error occurred, for the message.
 * @param details the same work, as names and values.
 */
export function moduleFailure(error: unknown, place: string, details: Details): CommandFailure {
  if (isFault(error)) {
    const { code, message, details: own } = error.payload;
    return commandFault({ code, message: `${message} (${place})`, details: [...own, ...details] }, error);
  }
  if (isRejection(error)) {
    const message = `the module rejected with ${JSON.stringify(error.code)}, but only decide may reject (${place})`;
    return commandFault({ code: 'unexpected-rejection', message, details }, error);
  }
  const message = `the module ended abnormally: ${describe(error)} (${place})`;
  return commandTrap({ code: trapCode(error), message, details }, error);
}

/** Returns the trap's own code, or a code that describes the error. */
function trapCode(error: unknown): string {
  if (!(error instanceof Error)) return 'unexpected-exception';
  // An exhausted budget has its own code.
  if ('code' in error && typeof error.code === 'string') return error.code;
  if (isInstanceTrap(error)) return 'trap';
  if (error instanceof RangeError && /stack/i.test(error.message)) return 'stack-overflow';
  return 'unexpected-exception';
}

/**
 * Returns whether the error means that an instance ended and its handles are invalid. This is true for traps of the
 * component host and of the engine.
 */
export function isInstanceTrap(error: unknown): boolean {
  return error instanceof Error && (isTrapFamily(error) || error.name === 'RuntimeError');
}

function isTrapFamily(error: Error): boolean {
  return 'family' in error && error.family === 'decidable/trap';
}

function describe(error: unknown): string {
  if (error instanceof Error) return `${error.name}: ${error.message}`;
  return typeof error === 'string'
    ? `it threw ${JSON.stringify(error)}`
    : `it threw a value of type ${typeof error}, which is not an Error`;
}

/** Makes the fault for an invalid value that a module returned. The message names the value. */
export function invalidReturn(code: string, place: string, { field, message }: FieldProblem): FaultError {
  const text = `${place}${field} ${message}`;
  return new FaultError({ code, message: text, details: [['value', `${place}${field}`]] });
}

/**
 * The arguments of an append that come from the module, with the code of the fault if the store refuses such an
 * argument.
 */
const FROM_MODULE: readonly (readonly [prefix: string, code: string])[] = [
  ['events', 'invalid-event'],
  ['stream', 'invalid-stream-name'],
  ['decision.outcome', 'invalid-rejection'],
  ['decision.command.', 'invalid-command'],
  ['decision.module', 'invalid-descriptor'],
  ['decision.contentType', 'invalid-descriptor'],
];

export function conflictFailure(conflict: Conflict, attempts: number, cause?: unknown): CommandFailure {
  const { stream, precondition, actual } = conflict;
  const found = actual === undefined ? 'it has no events' : `its last revision is ${actual}`;
  const tries = attempts > 1 ? ` in each of ${attempts} attempts` : '';
  return new CommandFailure(
    { tag: 'conflict', val: conflict },
    `expected stream ${JSON.stringify(stream)} ${preconditionText(precondition)}, but ${found}${tries}; ` +
      'read the stream before you send the command again',
    cause === undefined ? undefined : { cause },
  );
}

/**
 * Converts an error of a store into the failure of the command. A `CommandFailure` is returned unchanged.
 *
 * @param appending true if the store was appending. After an untyped error the outcome is then unknown, because the
 * commit may have happened. A second delivery with the same command id returns the outcome.
 */
export function asCommandFailure(error: unknown, appending: boolean): CommandFailure {
  if (isCommandFailure(error)) return error;
  // An inline read model could not process the events.
  if (isFault(error)) return commandFault(error.payload, error);
  const payload = isAppendFailure(error) || isStoreFailure(error) ? error.payload : undefined;
  switch (payload?.tag) {
    case 'failure':
      return new CommandFailure({ tag: 'store', val: payload.val }, payload.val.message, { cause: error });
    case 'closed':
      return refused('closed', 'store', 'the store is closing or closed, and nothing was recorded', error);
    case 'invalid-argument': {
      const { argument, message } = payload.val;
      const [, code] = (appending && FROM_MODULE.find(([prefix]) => argument.startsWith(prefix))) || [];
      if (code === undefined) return invalidArgument(argument.replace(/^decision\./, 'options.'), message);
      const text = `the module returned a value that the store refuses: ${argument}: ${message}`;
      return commandFault({ code, message: text, details: [['argument', argument]] }, error);
    }
    default: {
      const code = appending ? 'unknown-outcome' : 'unexpected';
      const advice = appending
        ? '; it may have committed the decision, so send the command again with the same command id'
        : '';
      const message = `the store threw an error without a code: ${describe(error)}${advice}`;
      return new CommandFailure({ tag: 'store', val: { code, message } }, message, { cause: error });
    }
  }
}

/** Makes the failure for contradictory data of a store. */
export function storeCorrupt(message: string): CommandFailure {
  return new CommandFailure({ tag: 'store', val: { code: 'corrupt', message } }, message);
}
