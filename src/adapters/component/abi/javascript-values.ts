/**
 * *Explainer.md*, "JS API": the parts of `ToJSValue` and `ToWebAssemblyValue` that do not touch a guest's memory.
 *
 * A value of the wrong type is an error of the caller, and does not trap.
 */
import { toCamelCase } from '../camel-case.ts';
import type { ValueTypeNode } from '../types/nodes.ts';
import { WrongValue } from './wrong-value.ts';

/**
 * Returns an object with all fields of a record. Copying it and assigning the fields is much faster than adding them
 * one by one, because the copy has its final shape from the start.
 */
export function recordTemplate(keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(keys.map((key) => [key, undefined]));
}

/** Implements `unpack_flags_from_int`. */
export function flagsFrom(labels: readonly string[]): (bits: number) => Record<string, unknown> {
  const keys = labels.map(toCamelCase);
  const template = recordTemplate(keys);
  return (bits) => {
    const flags = { ...template };
    for (let i = 0; i < keys.length; i++) flags[keys[i]!] = ((bits >>> i) & 1) !== 0;
    return flags;
  };
}

/**
 * Implements `pack_flags_into_int`, for an object with a boolean for each flag, or for a list or set of names. A
 * missing flag is false. If the value is missing, all flags are false, because flags are a `dictionary`.
 */
export function flagsInto(labels: readonly string[]): (value: unknown) => number {
  const keys = labels.map(toCamelCase);
  return (value) => {
    const flags = toObject(value ?? {}, 'flags');
    let bits = 0;
    if (Symbol.iterator in flags) {
      for (const name of toElements(flags)) bits |= 1 << indexOfFlag(labels, keys, name);
    } else for (let i = 0; i < keys.length; i++) if (flags[keys[i]!]) bits |= 1 << i;
    return bits;
  };
}

function indexOfFlag(labels: readonly string[], keys: readonly string[], name: unknown): number {
  const index = keys.indexOf(name as string);
  if (index >= 0) return index;
  const same = labels.indexOf(name as string);
  return same >= 0 ? same : refuseUnknownCase(name, keys);
}

/** Implements `ToNumber`, for numbers, bigints and booleans only. */
export function toNumber(value: unknown): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint' || typeof value === 'boolean') return Number(value);
  throw new WrongValue(`expected a number, got ${show(value)}`);
}

export function toBigInt(value: unknown): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'boolean' || Number.isInteger(value)) return BigInt(value as number | boolean);
  throw new WrongValue(`expected a bigint, got ${show(value)}`);
}

export function refuseNonString(value: unknown): never {
  throw new WrongValue(`expected a string, got ${show(value)}`);
}

/** Implements `char_to_i32`, for a string that is one Unicode scalar value. */
export function toCharCode(value: unknown): number {
  const code = typeof value === 'string' ? value.codePointAt(0) : refuseNonString(value);
  if (code === undefined || value !== String.fromCodePoint(code) || (code >= 0xd800 && code <= 0xdfff)) {
    throw new WrongValue(`expected a string of one Unicode scalar value, got ${show(value)}`);
  }
  return code;
}

export function toObject(value: unknown, what: string): Record<string, unknown> {
  if ((typeof value === 'object' && value !== null) || typeof value === 'function') return asRecord(value);
  throw new WrongValue(`expected an object for a ${what}, got ${show(value)}`);
}

/** Returns a property of any value, or undefined. */
export function propertyOf(value: unknown, key: PropertyKey): unknown {
  return (value as Record<PropertyKey, unknown> | null | undefined)?.[key];
}

function asRecord(value: object): Record<string, unknown> {
  return value as Record<string, unknown>;
}

/** Returns the elements of a `sequence`, which is any iterable object. */
export function toElements(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (typeof value === 'object' && value !== null && Symbol.iterator in value) {
    return Array.from(value as Iterable<unknown>);
  }
  throw new WrongValue(`expected a list, got ${show(value)}`);
}

export function toTuple(value: unknown, length: number): readonly unknown[] {
  return requireLength(toElements(value), length, 'tuple');
}

export function requireLength<List extends ArrayLike<unknown>>(list: List, length: number, what: string): List {
  if (list.length === length) return list;
  throw new WrongValue(`expected a ${what} of ${length} elements, got ${list.length}`);
}

/**
 * Returns the function that lists the pairs of a map. The map is a `Map`, another iterable of pairs, or an object whose
 * properties are the pairs.
 */
export function toPairs({ kind }: ValueTypeNode): (value: unknown) => readonly unknown[] {
  return (value) => {
    if (typeof value !== 'object' || value === null || Symbol.iterator in value) return toElements(value);
    const entries = Object.entries(value);
    return kind === 'string' || kind === 'char' ? entries : entries.map(([key, each]) => [keyFrom(kind, key), each]);
  };
}

/** Converts a key of an object, which is always a string, to the key type of a map. */
function keyFrom(kind: string, text: string): unknown {
  if (kind === 'bool') return text !== 'false';
  return /^-?\d+$/.test(text) ? BigInt(text) : text;
}

/**
 * Returns true if an option is an object, `{ tag: 'none' }` or `{ tag: 'some', val }`, because `undefined` could be its
 * payload too. The outer of two nested options is such an object, which is never `undefined`. So a third option around
 * them is not tagged, as in jco.
 */
export function isTaggedOption({ kind, element }: ValueTypeNode): boolean {
  return kind === 'option' && element.kind === 'option' && !isTaggedOption(element);
}

/** Returns the functions that return the index of the case of a JavaScript value, and its payload (`match_case`). */
export function matchCase(type: ValueTypeNode): {
  indexOf: (value: unknown) => number;
  payloadOf: (value: unknown) => unknown;
} {
  switch (type.kind) {
    case 'enum': {
      const indices = new Map<unknown, number>(type.labels.map((label, index) => [label, index]));
      return {
        indexOf: (value) => indices.get(value) ?? refuseUnknownCase(value, type.labels),
        payloadOf: () => undefined,
      };
    }
    case 'option':
      if (isTaggedOption(type)) return { indexOf: (value) => (isNone(value) ? 0 : tagIndex(value, SOME)), payloadOf };
      return { indexOf: (value) => (isNone(value) ? 0 : 1), payloadOf: (value) => value };
    case 'variant': {
      const indices = new Map<unknown, number>(type.labels.map((label, index) => [label, index]));
      return { indexOf: (value) => tagIndex(value, indices), payloadOf };
    }
    default:
      return { indexOf: (value) => tagIndex(value, OK_ERR), payloadOf };
  }
}

const SOME = new Map<unknown, number>([
  ['none', 0],
  ['some', 1],
]);
const OK_ERR = new Map<unknown, number>([
  ['ok', 0],
  ['err', 1],
]);

function isNone(value: unknown): boolean {
  return value === undefined || value === null;
}

function tagIndex(value: unknown, indices: ReadonlyMap<unknown, number>): number {
  const { tag } = toObject(value, 'variant');
  return indices.get(tag) ?? refuseUnknownCase(tag, [...indices.keys()]);
}

function payloadOf(value: unknown): unknown {
  return toObject(value, 'variant').val;
}

function refuseUnknownCase(value: unknown, labels: readonly unknown[]): never {
  throw new WrongValue(`expected one of ${labels.slice(0, 20).join(', ')}, got ${show(value)}`);
}

/** Returns whether `value` is an `Error` of this or another realm. Jest runs each test file in a separate realm. */
export function isError(value: unknown): value is Error {
  return value instanceof Error || /^\[object (Error|DOMException)\]$/.test(Object.prototype.toString.call(value));
}

/** Returns a value as text for a message. Long text is shortened. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === 'function') return `function ${value.name}`;
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  return String(value);
}
