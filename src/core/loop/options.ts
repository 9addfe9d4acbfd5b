/** Validates the arguments of calls before any work is done. Invalid and unknown options throw an error. */
import type { Message } from '../define/message.ts';
import type { CommandOptions, ReadStateOptions } from '../event-sourcer.ts';
import type { Envelope, Precondition } from '../messages.ts';
import {
  envelopeProblem,
  type FieldProblem,
  isSignal,
  isText,
  isU64,
  millisecondsOf,
  mustBe,
  preconditionProblem,
} from '../predicates.ts';
import { checkStreamName } from '../stream-name.ts';
import { type OptionNames, unknownOption } from '../unknown-names.ts';
import { invalidArgument } from './failures.ts';

/** The options of a command: those of the contract, and those that are available only in the process. */
export interface DispatchOptions extends Omit<CommandOptions, 'deadline'> {
  /**
   * The command fails with `deadline-exceeded` if it is not committed by this time. A `bigint` is in milliseconds since
   * the Unix epoch.
   */
  readonly deadline?: Date | bigint | undefined;
  /** Cancels the command if it is not committed yet. */
  readonly signal?: AbortSignal | undefined;
  /** The sender for the authorizer, such as claims or a session. Unlike `actor`, it is never recorded. */
  readonly principal?: unknown;
}

/** The options of a read: those of the contract, and those that are available only in the process. */
export interface StateOptions extends ReadStateOptions {
  /** Cancels the read. */
  readonly signal?: AbortSignal | undefined;
}

const DISPATCH_OPTIONS: OptionNames<DispatchOptions> = {
  commandId: true,
  correlationId: true,
  causationId: true,
  actor: true,
  precondition: true,
  deadline: true,
  signal: true,
  principal: true,
};
const READ_STATE_OPTIONS: OptionNames<StateOptions> = { module: true, revision: true, signal: true };
const STATE_OPTIONS: OptionNames<Omit<StateOptions, 'module'>> = { revision: true, signal: true };

/**
 * The options of one command, checked. They are a copy, because the caller may change the object while the command
 * waits.
 */
export interface CheckedOptions {
  readonly commandId: string | undefined;
  readonly correlationId: string | undefined;
  readonly causationId: string | undefined;
  readonly actor: string | undefined;
  readonly precondition: Precondition | undefined;
  readonly deadline: bigint | undefined;
  readonly signal: AbortSignal | undefined;
  readonly principal: unknown;
}

const WITHOUT_OPTIONS: CheckedOptions = {
  commandId: undefined,
  correlationId: undefined,
  causationId: undefined,
  actor: undefined,
  precondition: undefined,
  deadline: undefined,
  signal: undefined,
  principal: undefined,
};

/** Checks and copies the options of a command. @throws CommandFailure `invalid-argument`. */
export function checkedOptions(options: DispatchOptions | undefined): CheckedOptions {
  if (options === undefined) return WITHOUT_OPTIONS;
  checkNames(options, DISPATCH_OPTIONS);
  const { commandId, correlationId, causationId, actor, precondition, deadline, signal } = options;
  if (commandId !== undefined && typeof commandId !== 'string') throw wrong('options.commandId', 'a string', commandId);
  checkText('options.correlationId', correlationId);
  checkText('options.causationId', causationId);
  checkText('options.actor', actor);
  if (precondition !== undefined) refuse('options.precondition', preconditionProblem(precondition));
  const time = deadline === undefined ? undefined : millisecondsOf(deadline);
  if (deadline !== undefined && time === undefined) {
    throw wrong(
      'options.deadline',
      'a Date of 1970 or later, or milliseconds since the Unix epoch as a bigint',
      deadline,
    );
  }
  checkSignal(signal);
  return {
    commandId,
    correlationId,
    causationId,
    actor,
    precondition: precondition === undefined ? undefined : { ...precondition },
    deadline: time,
    signal,
    principal: options.principal,
  };
}

/** Checks the options of `readState`. @throws CommandFailure `invalid-argument`. */
export function checkReadOptions(stream: string, options: StateOptions): void {
  checkRead(stream, options, READ_STATE_OPTIONS);
  if (options.module !== undefined && typeof options.module !== 'string') {
    throw wrong('options.module', 'the name of a module', options.module);
  }
}

/** Checks the options of `state`, whose first argument is the module. @throws CommandFailure `invalid-argument`. */
export function checkStateOptions(stream: string, options: Omit<StateOptions, 'module'>): void {
  checkRead(stream, options, STATE_OPTIONS);
}

function checkRead(stream: string, options: StateOptions, known: Readonly<Record<string, true>>): void {
  const problem = checkStreamName(stream);
  if (problem !== undefined) throw invalidArgument('stream', problem);
  checkNames(options, known);
  const { revision, signal } = options;
  if (revision !== undefined && !isU64(revision)) {
    throw wrong('options.revision', 'a revision, which is a bigint of at least 0, such as 3n', revision);
  }
  checkSignal(signal);
}

/** Checks the names of options. A string is refused too, because a caller may pass a command id by mistake. */
function checkNames(options: unknown, known: Readonly<Record<string, true>>): void {
  if (typeof options !== 'object' || options === null) throw wrong('options', 'an object', options);
  const unknown = unknownOption(options, known);
  if (unknown !== undefined) throw invalidArgument(`options.${unknown.name}`, unknown.message);
}

function checkSignal(signal: unknown): void {
  if (signal !== undefined && !isSignal(signal)) throw wrong('options.signal', 'an AbortSignal', signal);
}

function checkText(argument: string, value: unknown): void {
  if (value !== undefined && !isText(value)) throw wrong(argument, 'a string without lone surrogates', value);
}

/**
 * Checks an envelope and copies it with its bytes, because the caller may reuse the buffer.
 *
 * @throws CommandFailure `invalid-argument`.
 */
export function checkedEnvelope(command: Envelope): Envelope {
  refuse('command', envelopeProblem(command));
  const { type, schemaVersion, payload } = command;
  return { type, schemaVersion, payload: new Uint8Array(payload) };
}

/** Checks a message and copies it without its prototype. @throws CommandFailure `invalid-argument`. */
export function checkedMessage(command: unknown): Message {
  if (typeof command !== 'object' || command === null || !('type' in command) || !('data' in command)) {
    throw wrong('command', 'a message, { type, data }; send bytes with handleCommand', command);
  }
  for (const field in command) {
    if (field === 'type' || field === 'data') continue;
    const hint = Object.hasOwn(DISPATCH_OPTIONS, field) ? '; pass options as the second argument' : '';
    throw invalidArgument(`command.${field}`, `is not a field of a message; a message has only type and data${hint}`);
  }
  const { type, data } = command;
  if (typeof type !== 'string') throw wrong('command.type', 'a string', type);
  return { type, data };
}

function refuse(argument: string, problem: FieldProblem | undefined): void {
  if (problem !== undefined) throw invalidArgument(argument + problem.field, problem.message);
}

function wrong(argument: string, expected: string, value: unknown): Error {
  return invalidArgument(argument, mustBe(expected, value));
}
