/**
 * The rules for values that callers pass. A rule returns the problem instead of throwing, because the error depends on
 * the function that checks. The event sourcer throws a `CommandFailure`, a store throws an `AppendFailure` or a
 * `StoreFailure`, and a definition throws a `DefinitionError`.
 */
import { MAX_TIMER_DELAY } from './limits.ts';
import type { Envelope, Precondition, Rejection } from './messages.ts';

const MAX_U64 = 0xffff_ffff_ffff_ffffn;
const MAX_U32 = 0xffff_ffff;

/** Returns whether the value is a string that UTF-8 can encode. Lone surrogates cannot be encoded. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && value.isWellFormed();
}

/** Returns whether the value is a u64 of the contract. */
export function isU64(value: unknown): value is bigint {
  return typeof value === 'bigint' && value >= 0n && value <= MAX_U64;
}

/** Returns whether the value is a u32 that is at least 1, such as a schema version. */
export function isPositiveU32(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MAX_U32;
}

/** Returns the problem of a number of milliseconds that a timer must be able to wait, or `undefined` if it is valid. */
export function millisecondsProblem(value: unknown, least: number): string | undefined {
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= MAX_TIMER_DELAY) return undefined;
  return mustBe(`a whole number of milliseconds from ${least} to 2^31 - 1`, value);
}

/**
 * Returns whether the value is an `AbortSignal`. The check uses the members, because the signal may come from another
 * realm.
 */
export function isSignal(value: unknown): value is AbortSignal {
  return typeof value === 'object' && value !== null && 'aborted' in value && 'addEventListener' in value;
}

/**
 * Converts a point in time to the contract's form, milliseconds since the Unix epoch.
 *
 * @returns `undefined` if the value is neither a valid `Date` nor a u64, or is before 1970.
 */
export function millisecondsOf(time: unknown): bigint | undefined {
  if (isU64(time)) return time;
  if (!isDate(time)) return undefined;
  const milliseconds = time.getTime();
  return milliseconds >= 0 ? BigInt(milliseconds) : undefined;
}

/** Returns whether the value is a date. The check uses the tag, because a date may come from another realm. */
function isDate(value: unknown): value is Date {
  return Object.prototype.toString.call(value) === '[object Date]';
}

/** A problem of one field of a value. */
export interface FieldProblem {
  /** The field's name with a dot before it, or `''` for the value itself. */
  readonly field: string;
  /** The rest of the message after the place, such as `must be a Uint8Array, not 5`. */
  readonly message: string;
}

/** Returns the first problem of an envelope, or `undefined` if it is valid. */
export function envelopeProblem(envelope: Envelope | undefined): FieldProblem | undefined {
  if (typeof envelope !== 'object' || envelope === null) {
    return { field: '', message: mustBe('an envelope, { type, schemaVersion, payload }', envelope) };
  }
  const { type, schemaVersion, payload } = envelope;
  if (!isText(type) || type === '') {
    return { field: '.type', message: mustBe('a non-empty string without lone surrogates', type) };
  }
  if (!isPositiveU32(schemaVersion)) {
    return { field: '.schemaVersion', message: mustBe('a positive integer', schemaVersion) };
  }
  if (!(payload instanceof Uint8Array)) return { field: '.payload', message: mustBe('a Uint8Array', payload) };
  return undefined;
}

/** Returns the problem of a precondition, or `undefined` if it is valid. */
export function preconditionProblem(precondition: Precondition): FieldProblem | undefined {
  switch (precondition?.tag) {
    case 'any':
    case 'no-stream':
    case 'stream-exists':
      return undefined;
    case 'at-revision':
      if (isU64(precondition.val)) return undefined;
      return {
        field: '.val',
        message: mustBe('a revision, which is a bigint of at least 0, such as 3n', precondition.val),
      };
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

/** Returns the problem of a rejection, or `undefined` if it is valid. */
export function rejectionProblem(rejection: Rejection): FieldProblem | undefined {
  const { code, message, details }: Partial<Rejection> = Object(rejection);
  if (!isText(code)) return { field: '.code', message: mustBe(TEXT, code) };
  if (!isText(message)) return { field: '.message', message: mustBe(TEXT, message) };
  if (!Array.isArray(details)) return { field: '.details', message: mustBe('an array', details) };
  for (const [index, detail] of details.entries()) {
    if (Array.isArray(detail) && detail.length === 2 && isText(detail[0]) && isText(detail[1])) continue;
    return { field: `.details[${index}]`, message: `must be a name and a value, both strings without lone surrogates` };
  }
  return undefined;
}

const TEXT = 'a string without lone surrogates, which UTF-8 cannot encode';

/** Returns the message about an invalid value, which follows its place: `must be a string, not 5`. */
export function mustBe(expected: string, value: unknown): string {
  return `must be ${expected}, not ${shown(value)}`;
}

/** Describes a value in an error. The content of an object is left out, because it may be confidential. */
function shown(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'string')
    return value.length > 60 ? `a string of ${value.length} characters` : JSON.stringify(value);
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null) return String(value);
  return Array.isArray(value) ? 'an array' : 'an object with other fields';
}
