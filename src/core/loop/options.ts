/** What callers pass, checked before anything is done: an option that cannot be meant is refused, never ignored. */
import type { CommandOptions, ReadStateOptions } from '../event-sourcer.ts';
import type { Envelope, Precondition } from '../messages.ts';
import { checkStreamName } from '../stream-name.ts';
import { invalidArgument } from './failures.ts';

/** {@link CommandOptions}, each of them optional, and what exists in the process alone. */
export type SendOptions = { readonly [Option in keyof CommandOptions]?: CommandOptions[Option] } & {
  /** Cancels the command until it is committed. */
  readonly signal?: AbortSignal | undefined;
  /** Whoever asks, as the authorizer knows them: claims, a session. Never recorded; `actor` is. */
  readonly principal?: unknown;
};

/** {@link ReadStateOptions}, each of them optional. */
export type ReadOptions = { readonly [Option in keyof ReadStateOptions]?: ReadStateOptions[Option] } & {
  /** Ends the reading. */
  readonly signal?: AbortSignal | undefined;
};

const U64_MAX = 0xffff_ffff_ffff_ffffn;
const U32_MAX = 0xffff_ffff;

/** @throws CommandFailure `invalid-argument`. */
export function checkSendOptions(options: SendOptions): void {
  checkOptions(options);
  const { commandId, correlationId, causationId, actor, expected, deadline, signal } = options;
  if (commandId !== undefined && typeof commandId !== 'string') throw notA('options.commandId', 'a text', commandId);
  checkText('options.correlationId', correlationId);
  checkText('options.causationId', causationId);
  checkText('options.actor', actor);
  if (expected !== undefined) checkExpected(expected);
  if (deadline !== undefined) checkU64('options.deadline', deadline);
  if (signal !== undefined) checkSignal(signal);
}

/** @throws CommandFailure `invalid-argument`. */
export function checkReadOptions(stream: string, options: ReadOptions): void {
  const problem = checkStreamName(stream);
  if (problem !== undefined) throw invalidArgument('stream', problem);
  checkOptions(options);
  const { module, revision, signal } = options;
  if (module !== undefined && typeof module !== 'string') throw notA('options.module', 'a text', module);
  if (revision !== undefined) checkU64('options.revision', revision);
  if (signal !== undefined) checkSignal(signal);
}

/** A bare text is what a caller may take for the command id. */
function checkOptions(options: unknown): void {
  if (typeof options !== 'object' || options === null) throw notA('options', 'an object', options);
}

/** By its members: a signal may come from another realm. */
function checkSignal(signal: unknown): void {
  if (typeof signal === 'object' && signal !== null && 'aborted' in signal && 'addEventListener' in signal) return;
  throw notA('options.signal', 'an AbortSignal', signal);
}

/** @throws CommandFailure `invalid-argument`. */
export function checkEnvelope(envelope: Envelope): void {
  if (typeof envelope !== 'object' || envelope === null) throw notA('command', 'an envelope', envelope);
  const { type, schemaVersion, payload } = envelope;
  if (typeof type !== 'string' || type === '') throw notA('command.type', 'a text that is not empty', type);
  if (!Number.isInteger(schemaVersion) || schemaVersion < 1 || schemaVersion > U32_MAX)
    throw notA('command.schemaVersion', 'an integer from 1', schemaVersion);
  if (!(payload instanceof Uint8Array)) throw notA('command.payload', 'a Uint8Array', payload);
}

function checkU64(argument: string, value: unknown): void {
  if (typeof value !== 'bigint' || value < 0n || value > U64_MAX)
    throw notA(argument, 'a bigint from 0 to 2^64 - 1', value);
}

function checkText(argument: string, value: unknown): void {
  if (value === undefined) return;
  if (typeof value !== 'string' || !value.isWellFormed()) throw notA(argument, 'a text without lone surrogates', value);
}

function checkExpected(expected: Precondition): void {
  switch (expected?.tag) {
    case 'any':
    case 'no-stream':
    case 'stream-exists':
      return;
    case 'at-revision':
      checkU64('options.expected.val', expected.val);
      return;
    default:
      throw notA('options.expected', "any, no-stream, stream-exists or at-revision, as { tag: '…' }", expected);
  }
}

function notA(argument: string, wanted: string, value: unknown): Error {
  const given = typeof value === 'object' && value !== null ? 'an object of another shape' : inWords(value);
  return invalidArgument(argument, `must be ${wanted}, not ${given}`);
}

function inWords(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
