/**
 * The rules for values that come from outside, each of them here only. A rule chooses no error: the event sourcer
 * throws a `CommandFailure`, a store an `AppendFailure` or a store failure, a definition a `DefinitionError`.
 */
import type { Envelope, Precondition, Rejection } from './messages.ts';

const MAX_U64 = 0xffff_ffff_ffff_ffffn;
const MAX_U32 = 0xffff_ffff;

/** A text that has UTF-8: lone surrogates have none. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && value.isWellFormed();
}

/** A u64 of the contract. */
export function isU64(value: unknown): value is bigint {
  return typeof value === 'bigint' && value >= 0n && value <= MAX_U64;
}

/** A schema version, or another u32 that counts from 1. */
export function isPositiveU32(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MAX_U32;
}

/** An `AbortSignal`, recognized by its members because it may come from another realm. */
export function isSignal(value: unknown): value is AbortSignal {
  return typeof value === 'object' && value !== null && 'aborted' in value && 'addEventListener' in value;
}

/**
 * A point in time as the contract has it, in milliseconds since the Unix epoch.
 *
 * @returns `undefined` if the value is neither a valid `Date` nor a u64, or is before 1970.
 */
export function millisecondsOf(time: unknown): bigint | undefined {
  if (isU64(time)) return time;
  if (!isDate(time)) return undefined;
  const milliseconds = time.getTime();
  return milliseconds >= 0 ? BigInt(milliseconds) : undefined;
}

/** Tests the tag of the value, because a date may come from another realm. */
function isDate(value: unknown): value is Date {
  return Object.prototype.toString.call(value) === '[object Date]';
}

/** A problem of one field of a value. */
export interface FieldProblem {
  /** The field's name with a dot before it, or `''` for the value itself. */
  readonly field: string;
  /** A half-sentence that follows the place: `must be a Uint8Array, not 5`. */
  readonly message: string;
}

/** The first problem of an envelope; `undefined` if it is valid. */
export function envelopeProblem(envelope: Envelope | undefined): FieldProblem | undefined {
  if (typeof envelope !== 'object' || envelope === null) {
    return { field: '', message: mustBe('an envelope, { type, schemaVersion, payload }', envelope) };
  }
  const { type, schemaVersion, payload } = envelope;
  if (!isText(type) || type === '') {
    return { field: '.type', message: mustBe('a text that is not empty and has no lone surrogates', type) };
  }
  if (!isPositiveU32(schemaVersion)) {
    return { field: '.schemaVersion', message: mustBe('a whole number from 1', schemaVersion) };
  }
  if (!(payload instanceof Uint8Array)) return { field: '.payload', message: mustBe('a Uint8Array', payload) };
  return undefined;
}

/** The problem of a precondition; `undefined` if it is valid. */
export function preconditionProblem(precondition: Precondition): FieldProblem | undefined {
  switch (precondition?.tag) {
    case 'any':
    case 'no-stream':
    case 'stream-exists':
      return undefined;
    case 'at-revision':
      if (isU64(precondition.val)) return undefined;
      return { field: '.val', message: mustBe('a revision, a bigint from 0 as in 3n', precondition.val) };
    default:
      return {
        field: '',
        message: mustBe(
          "{ tag: 'any' }, { tag: 'no-stream' }, { tag: 'stream-exists' } or { tag: 'at-revision', val }",
          precondition,
        ),
      };
  }
}

/** The problem of a rejection; `undefined` if it is valid. */
export function rejectionProblem(rejection: Rejection): FieldProblem | undefined {
  const { code, message, details }: Partial<Rejection> = Object(rejection);
  if (!isText(code)) return { field: '.code', message: mustBe(TEXT, code) };
  if (!isText(message)) return { field: '.message', message: mustBe(TEXT, message) };
  if (!Array.isArray(details)) return { field: '.details', message: mustBe('an array', details) };
  for (const [index, detail] of details.entries()) {
    if (Array.isArray(detail) && detail.length === 2 && isText(detail[0]) && isText(detail[1])) continue;
    return { field: `.details[${index}]`, message: `must be a name and a value, both texts without lone surrogates` };
  }
  return undefined;
}

const TEXT = 'a text without lone surrogates, which have no UTF-8';

/** `must be a text, not 5`: the words that follow the place of a wrong value. */
export function mustBe(expected: string, value: unknown): string {
  return `must be ${expected}, not ${shown(value)}`;
}

/** A value in an error: short, and never what a caller may hold confidential inside of an object. */
function shown(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'string')
    return value.length > 60 ? `a text of ${value.length} characters` : JSON.stringify(value);
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null) return String(value);
  return Array.isArray(value) ? 'an array' : 'an object of another shape';
}
