/**
 * Defines the values that have an encoding, and the errors for all other values. All codecs share this model
 * (docs/encoding.md §1): null, booleans, integers, floats, strings, binary, lists, records, dates, sets and maps.
 *
 * Equal values have equal bytes. Therefore 5 and 5n are the same integer, -0 is 0, a record's fields have no order, and
 * a field that is `undefined` is absent. NaN has no encoding, because it is not equal to itself. A lone surrogate has
 * no encoding, because other languages cannot represent it.
 */

import { FaultError } from '../errors.ts';
import { MAX_BIG_INTEGER_BYTES, MAX_VALUE_DEPTH } from '../limits.ts';
import type { Subject } from './codec.ts';

/** A place in a value: the keys and indexes from its root. */
export type Path = readonly (string | number)[];

const PLAIN_KEY = /^[A-Za-z_$][\w$]*$/;

/** Writes a path as `.lines[2].price`. Keys that are not identifiers are quoted in brackets. */
export function stepsText(path: readonly PropertyKey[]): string {
  let text = '';
  for (const step of path) {
    const key = String(step);
    if (typeof step === 'number') text += `[${key}]`;
    else text += PLAIN_KEY.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
  }
  return text;
}

function subjectText(subject: Subject): string {
  return `${subject.kind} ${subject.type}`;
}

/** Makes the error for a value without an encoding. `problem` follows the path in the message. */
export function unencodable(path: Path, problem: string, subject: Subject): FaultError {
  const place = `$${stepsText(path)}`;
  return new FaultError({
    code: 'unencodable-value',
    message: `${subjectText(subject)} cannot be encoded: ${place} ${problem}`,
    details: [
      ['subject', subjectText(subject)],
      ['path', place],
      ['problem', problem],
    ],
  });
}

/**
 * The reason why a value has no encoding. The recursive functions of an encoder throw it, because they do not get the
 * subject. {@link encodingFault} converts it to a fault.
 */
export class NoEncoding {
  readonly path: Path;
  readonly problem: string;
  /** Makes the reason. @param trail the keys from the root to the current value, of which `depth` are its path. */
  constructor(trail: Path, depth: number, problem: string) {
    this.path = trail.slice(0, depth);
    this.problem = problem;
  }
}

/**
 * A placeholder for the message of {@link depthProblem}, which determines from the root whether the value is too deep
 * or contains itself.
 */
export const TOO_DEEP = 'too deep';

/** Returns the fault for a {@link NoEncoding} of a part of `root`. Any other error is returned unchanged. */
export function encodingFault(error: unknown, root: unknown, subject: Subject): unknown {
  if (!(error instanceof NoEncoding)) return error;
  const { path, problem } = error;
  return unencodable(path, problem === TOO_DEEP ? depthProblem(root, path) : problem, subject);
}

/**
 * The reason why bytes have no value. The inner functions of a decoder throw it, because they do not get the subject.
 * The decoder converts it to a fault.
 */
export class NoValue {
  /** The position of the problem, in the units in which the decoder reads. */
  readonly offset: number;
  readonly problem: string;

  constructor(offset: number, problem: string) {
    this.offset = offset;
    this.problem = problem;
  }
}

/** Returns the error for invalid bytes. `offset` is the offset of the first invalid byte. */
export function undecodable(offset: number, problem: string, subject: Subject, cause?: unknown): FaultError {
  return new FaultError(
    {
      code: 'undecodable-payload',
      message: `${subjectText(subject)} cannot be decoded: ${problem} (at byte ${offset})`,
      details: [
        ['subject', subjectText(subject)],
        ['schema-version', String(subject.schemaVersion)],
        ['offset', String(offset)],
        ['problem', problem],
      ],
    },
    cause === undefined ? {} : { cause },
  );
}

/**
 * Compares two strings by their UTF-8 bytes, which is the order of their code points. The order of UTF-16 units differs
 * if a surrogate is compared with a unit from U+E000 up. Such a unit is greater than every surrogate, but its code
 * point is smaller than that of every surrogate pair.
 */
export function compareUtf8(left: string, right: string): number {
  const shorter = Math.min(left.length, right.length);
  for (let index = 0; index < shorter; index++) {
    const a = left.charCodeAt(index);
    const b = right.charCodeAt(index);
    if (a !== b) return a >= 0xd800 && b >= 0xd800 && isSurrogate(a) !== isSurrogate(b) ? b - a : a - b;
  }
  return left.length - right.length;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}

/** Compares two byte sequences. If one begins with the other, the shorter one comes first. */
export function compareBytes(left: Uint8Array, right: Uint8Array): number {
  const shorter = Math.min(left.length, right.length);
  for (let index = 0; index < shorter; index++) {
    const difference = left[index]! - right[index]!;
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/**
 * Sorts keys in place, by insertion sort if they are few. Most records have few fields, and they are mostly in order
 * already.
 */
export function sortKeys(keys: string[]): string[] {
  for (let index = 1; index < keys.length; index++) {
    if (compareUtf8(keys[index - 1]!, keys[index]!) < 0) continue;
    if (keys.length > 16) return keys.sort(compareUtf8);
    const key = keys[index]!;
    let at = index;
    for (; at > 0 && compareUtf8(keys[at - 1]!, key) > 0; at--) keys[at] = keys[at - 1]!;
    keys[at] = key;
  }
  return keys;
}

/** Returns whether the value is neither an object nor a function. */
export function isPrimitive(value: unknown): boolean {
  return (typeof value !== 'object' && typeof value !== 'function') || value === null;
}

/** Returns whether the object was made by a literal, by `Object.create(null)`, or by a literal of another realm. */
export function isRecord(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return true;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(Object(prototype), 'isPrototypeOf');
}

/**
 * Describes why a value exceeds {@link MAX_VALUE_DEPTH}. The value is either nested too deeply, or contains itself.
 *
 * @param path the path from `root` down to the first value that is too deep.
 */
export function depthProblem(root: unknown, path: Path): string {
  const ancestors = new Set<unknown>();
  let value = root;
  for (const step of path) {
    if (ancestors.has(value)) return CYCLE_PROBLEM;
    ancestors.add(value);
    value = childOf(value, step);
  }
  if (ancestors.has(value)) return CYCLE_PROBLEM;
  return `is nested deeper than ${MAX_VALUE_DEPTH} levels`;
}

function childOf(value: unknown, step: string | number): unknown {
  if (value instanceof Set || value instanceof Map) return [...value.values()][Number(step)];
  return typeof value === 'object' && value !== null ? Reflect.get(value, step) : undefined;
}

/** Describes the problem of a value whose kind has no encoding. */
export function kindProblem(value: unknown): string {
  if (value === undefined) return 'is undefined, which is allowed only in fields of records; omit it or use null';
  if (typeof value === 'function')
    return 'is a function, but commands, events and states contain only data; leave it out';
  if (typeof value === 'symbol') return 'is a symbol, but commands, events and states contain only data; leave it out';
  const name = Object.getPrototypeOf(value)?.constructor?.name || 'a class';
  return `is an instance of ${name}; use a plain object, an array, a Date, a Set, a Map or a Uint8Array`;
}

/** The key `__proto__` is refused, because it sets a prototype when a careless program copies it. */
export const PROTO_PROBLEM = 'is named __proto__, which is not allowed in a record; rename it';
const CYCLE_PROBLEM = 'contains itself; break the cycle, for example with an id';
export const NOT_FINITE_PROBLEM = 'is NaN or infinite, which has no encoding; use null or a finite number';
export const LONE_SURROGATE_PROBLEM = 'contains a lone surrogate, which UTF-8 cannot encode';
export const INVALID_DATE_PROBLEM = 'is an invalid Date, which has no encoding';
export const TOO_BIG_PROBLEM: string = `is an integer of more than ${MAX_BIG_INTEGER_BYTES} bytes, which is the limit`;

/** Returns the text. @throws NoEncoding if it contains a lone surrogate. */
export function wellFormed(text: string, trail: Path, depth: number): string {
  if (!text.isWellFormed()) throw new NoEncoding(trail, depth, LONE_SURROGATE_PROBLEM);
  return text;
}

/** Returns the number of bytes of an integer in the shortest two's complement. */
export function bigIntegerBytes(value: bigint): number {
  const hex = (value < 0n ? ~value : value).toString(16);
  const bits = (hex.length - 1) * 4 + Number.parseInt(hex[0]!, 16).toString(2).length + 1;
  return Math.ceil(bits / 8);
}

/**
 * Returns an integer outside 64 bits in the shortest two's complement, big-endian.
 * @throws NoEncoding if it has too many bytes.
 */
export function bigIntegerContent(value: bigint, trail: Path, depth: number): Uint8Array {
  const content = new Uint8Array(sizedBytes(value, trail, depth));
  const digits = BigInt.asUintN(content.length * 8, value)
    .toString(16)
    .padStart(content.length * 2, '0');
  for (let index = 0; index < content.length; index++) {
    content[index] = Number.parseInt(digits.slice(index * 2, index * 2 + 2), 16);
  }
  return content;
}

/** Returns the number of bytes of an integer outside 64 bits. @throws NoEncoding if they are too many. */
export function sizedBytes(value: bigint, trail: Path, depth: number): number {
  const length = bigIntegerBytes(value);
  if (length > MAX_BIG_INTEGER_BYTES) throw new NoEncoding(trail, depth, TOO_BIG_PROBLEM);
  return length;
}

/**
 * Converts a float that represents an integer to that integer, and -0 to 0. Encoders of other languages write such
 * floats.
 */
export function normalFloat(value: number): number | bigint {
  const isLong = Number.isInteger(value) && !Number.isSafeInteger(value) && value >= -(2 ** 63) && value < 2 ** 64;
  return isLong ? BigInt(value) : value + 0;
}
