/**
 * The errors of the event sourcer, one function for each case of `command-error` (wit/event-sourcer.wit). Failures of the
 * domain, the module, the store and the caller have different types (docs/architecture.md, "Errors are data").
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
import type { Fault, Precondition } from '../messages.ts';
import type { FieldProblem } from '../predicates.ts';

type Details = Fault['details'];
type RefusalTag = Extract<CommandError, { val: { readonly subject: string } }>['tag'];

export function invalidArgument(argument: string, message: string): CommandFailure {
  return new CommandFailure({ tag: 'invalid-argument', val: { argument, message } }, `${argument}: ${message}`);
}

export function unroutable(subject: string, message: string): CommandFailure {
  return refusal('unroutable', subject, message);
}

/** A failure whose payload is the subject and the message. */
export function refusal(tag: RefusalTag, subject: string, message: string, cause?: unknown): CommandFailure {
  return new CommandFailure({ tag, val: { subject, message } }, message, cause === undefined ? undefined : { cause });
}

export function faulty(code: string, message: string, details: Details, cause?: unknown): CommandFailure {
  return moduleEnded('fault', { code, message, details }, cause);
}

/**
 * What a module threw, as a failure of the command. A typed fault stays one; whatever else comes out of a module (a
 * `WebAssembly.RuntimeError`, an exhausted stack, a bug's `TypeError`) means that it ended abnormally: a trap.
 *
 * `place` says where in the work it happened, and `details` the same for machines.
 */
export function moduleFailure(error: unknown, place: string, details: Details): CommandFailure {
  if (isFault(error)) {
    const { code, message, details: own } = error.payload;
    return moduleEnded('fault', { code, message: `${message} (${place})`, details: [...own, ...details] }, error);
  }
  if (isRejection(error)) {
    const message = `the domain says no with ${JSON.stringify(error.code)}, but only decide may (${place})`;
    return moduleEnded('fault', { code: 'misplaced-rejection', message, details }, error);
  }
  const message = `the module ended abnormally: ${describe(error)} (${place})`;
  return moduleEnded('trap', { code: trapCode(error), message, details }, error);
}

function moduleEnded(tag: 'fault' | 'trap', val: Fault, cause: unknown): CommandFailure {
  return new CommandFailure({ tag, val }, val.message, { cause });
}

/** The trap's own code, or what can be told of it from outside. */
function trapCode(error: unknown): string {
  if (!(error instanceof Error)) return 'thrown-value';
  // A budget that ran out says which.
  if ('code' in error && typeof error.code === 'string') return error.code;
  if (isInstanceTrap(error)) return 'trap';
  if (error instanceof RangeError && /stack/i.test(error.message)) return 'stack-overflow';
  return 'unexpected-error';
}

/** Whether an instance ended, and with it every handle that points into it: a trap of the component host or of the engine. */
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
    : `it threw a ${typeof error}, which is no Error`;
}

/** A module returned a value that no store takes. @returns a fault whose message names the value. */
export function invalidReturn(code: string, place: string, { field, message }: FieldProblem): FaultError {
  const text = `${place}${field} ${message}`;
  return new FaultError({ code, message: text, details: [['value', `${place}${field}`]] });
}

/** The arguments of an append that come from the module and not from the caller, with the code of the fault. */
const FROM_MODULE: readonly (readonly [prefix: string, code: string])[] = [
  ['events', 'invalid-event'],
  ['stream', 'invalid-stream-name'],
  ['decision.outcome', 'invalid-rejection'],
  ['decision.command.', 'invalid-command'],
  ['decision.module', 'invalid-descriptor'],
  ['decision.contentType', 'invalid-descriptor'],
];

export function conflictFailure(conflict: Conflict, attempts: number, cause?: unknown): CommandFailure {
  const { stream, expected, actual } = conflict;
  const is = actual === undefined ? 'it has no events' : `its last revision is ${actual}`;
  const tries = attempts > 1 ? `, in each of ${attempts} attempts` : '';
  return new CommandFailure(
    { tag: 'conflict', val: conflict },
    `stream ${JSON.stringify(stream)} was to ${demand(expected)}, but ${is}${tries}: read it again and decide whether ` +
      'the command still makes sense',
    cause === undefined ? undefined : { cause },
  );
}

function demand(precondition: Precondition): string {
  switch (precondition.tag) {
    case 'any':
      return 'be as it may';
    case 'no-stream':
      return 'have no events';
    case 'stream-exists':
      return 'have events';
    case 'at-revision':
      return `be at revision ${precondition.val}`;
  }
}

/**
 * What a store threw; a command's own failure stays what it is. `appending`: an error without a type says nothing of whether the commit happened, so the outcome
 * is unknown; a redelivery under the same command id finds out.
 */
export function storeFailure(error: unknown, appending: boolean): CommandFailure {
  if (isCommandFailure(error)) return error;
  const payload = isAppendFailure(error) || isStoreFailure(error) ? error.payload : undefined;
  switch (payload?.tag) {
    case 'failure':
      return new CommandFailure({ tag: 'store', val: payload.val }, payload.val.message, { cause: error });
    case 'closed':
      return refusal('closed', 'store', 'the store is closing or closed: nothing was recorded', error);
    case 'invalid-argument': {
      const { argument, message } = payload.val;
      const [, code] = (appending && FROM_MODULE.find(([prefix]) => argument.startsWith(prefix))) || [];
      if (code === undefined) return invalidArgument(argument.replace(/^decision\./, 'options.'), message);
      const text = `the module returned a value that the store refuses: ${argument}: ${message}`;
      return moduleEnded('fault', { code, message: text, details: [['argument', argument]] }, error);
    }
    default: {
      const code = appending ? 'unknown-outcome' : 'unexpected';
      const unknown = appending ? '; whether it committed is unknown: send the command again under the same id' : '';
      const message = `the store failed in a way it does not name: ${describe(error)}${unknown}`;
      return new CommandFailure({ tag: 'store', val: { code, message } }, message, { cause: error });
    }
  }
}

/** The store gave what it cannot have stored. */
export function storeCorrupt(message: string): CommandFailure {
  return new CommandFailure({ tag: 'store', val: { code: 'corrupt', message } }, message);
}
