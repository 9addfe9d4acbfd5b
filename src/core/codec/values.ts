/**
 * The values that have an encoding, and how they are named when one has none. All codecs share this model
 * (docs/encoding.md §1): null, booleans, integers, floats, strings, binary, lists, records, dates, sets and maps.
 *
 * Equal values give equal bytes. Therefore 5 and 5n are one integer, -0 is 0, a record's fields have no order, a field
 * that is `undefined` is absent, and what has no equal (NaN) or no meaning elsewhere (a lone surrogate) has no encoding.
 */

import { FaultError } from '../errors.ts';
import { MAX_BIG_INTEGER_BYTES, MAX_VALUE_DEPTH } from '../limits.ts';
import type { Subject } from './codec.ts';

/** Where in a value: the keys and indices from its root. */
export type Path = readonly (string | number)[];

const PLAIN_KEY = /^[A-Za-z_$][\w$]*$/;

/** `.lines[2].price`; keys that are no plain names stand in brackets, quoted. */
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

/** What a codec throws for a value without an encoding. `problem` completes "holds …" and says what to do. */
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

/** What a codec throws for bytes without a value, with the offset of the first byte of what is wrong. */
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
 * The order of two strings by their UTF-8 bytes, which is the order of their code points. UTF-16 agrees except where a
 * surrogate meets a unit from U+E000 up: those stand above all surrogates as units, and below them as code points.
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

/** The order of bytes, the shorter first where one begins with the other. */
export function compareBytes(left: Uint8Array, right: Uint8Array): number {
  const shorter = Math.min(left.length, right.length);
  for (let index = 0; index < shorter; index++) {
    const difference = left[index]! - right[index]!;
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** Sorted in place where they are not. Most records have few fields, written in one order. */
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

/** Whether this is a record: made by a literal, by `Object.create(null)`, or by a literal of another realm. */
export function isRecord(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return true;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(Object(prototype), 'isPrototypeOf');
}

/**
 * Why a value is nested deeper than {@link MAX_VALUE_DEPTH}: it is, or it holds itself. `path` leads from `root` down to
 * the value that is one too deep.
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

/** What is said of a value that has no encoding at all, by its kind. */
export function kindProblem(value: unknown): string {
  if (value === undefined) return 'is undefined: only a field of a record may be, and is then absent';
  if (typeof value === 'function') return 'is a function: commands, events and states are data';
  if (typeof value === 'symbol') return 'is a symbol: commands, events and states are data';
  const name = Object.getPrototypeOf(value)?.constructor?.name || 'a class';
  return `is an instance of ${name}: use a plain object, an array, a Date, a Set, a Map or a Uint8Array`;
}

/** Said of the key `__proto__`, which sets a prototype wherever a careless program copies it. */
export const PROTO_PROBLEM = 'is named __proto__, which no record may hold';
/** Said of a value that comes again below itself. */
const CYCLE_PROBLEM = 'holds itself: break the cycle, refer by an id';
/** Said of NaN and the infinities. */
export const NOT_FINITE_PROBLEM = 'is NaN or infinite, which has no encoding';
/** Said of strings. */
export const LONE_SURROGATE_PROBLEM = 'holds a lone surrogate, which is no Unicode text';
/** Said of dates. */
export const INVALID_DATE_PROBLEM = 'is an invalid Date';
/** Said of integers. */
export const TOO_BIG_PROBLEM: string = `is an integer of more than ${MAX_BIG_INTEGER_BYTES} bytes`;
/** Said of sets and maps: two objects, one value. */
export const EQUAL_ELEMENTS_PROBLEM = 'holds elements or keys that are different objects and equal values, as 5 and 5n';

/** Bytes of an integer in two's complement, with no more than the sign needs. */
export function bigIntegerBytes(value: bigint): number {
  const hex = (value < 0n ? ~value : value).toString(16);
  const bits = (hex.length - 1) * 4 + Number.parseInt(hex[0]!, 16).toString(2).length + 1;
  return Math.ceil(bits / 8);
}

/** A float that some other writer used for an integer is that integer; -0 is 0. */
export function normalFloat(value: number): number | bigint {
  const isLong = Number.isInteger(value) && !Number.isSafeInteger(value) && value >= -(2 ** 63) && value < 2 ** 64;
  return isLong ? BigInt(value) : value + 0;
}
