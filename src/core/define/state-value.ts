/**
 * The form of states in memory. Equal states have the same form, a state shares no object with other code, and it is
 * immutable.
 *
 * - **One form.** The fields of a record are in the order of their names and never undefined, -0 is 0, and sets and
 *   maps are in the order of their bytes. So a folded state, one from a snapshot and one from another codec are equal,
 *   with their fields in the same order.
 * - **Not shared.** A handler's objects are copied, but never frozen or kept, so a constant that `evolve` returns is
 *   not affected.
 * - **Not changed.** Lists and records are frozen, and the methods that change a date, a set or a map throw. Nothing
 *   protects the content of a `Uint8Array`, so {@link lend} returns copies of the arrays.
 *
 * An object in this form is marked, so that the unchanged parts of a state are not checked again. The mark is a private
 * field, because a `WeakSet` takes four times as long (0.2 µs for each object, most of it in the garbage collector).
 */

import type { Subject } from '../codec/codec.ts';
import { encodeMsgpack } from '../codec/msgpack-encode.ts';
import {
  compareBytes,
  compareUtf8,
  encodingFault,
  INVALID_DATE_PROBLEM,
  isRecord,
  kindProblem,
  NOT_FINITE_PROBLEM,
  NoEncoding,
  PROTO_PROBLEM,
  sizedBytes,
  sortKeys,
  TOO_DEEP,
  wellFormed,
} from '../codec/values.ts';
import { isFault } from '../errors.ts';
import { MAX_VALUE_DEPTH } from '../limits.ts';
import { Itself } from './private-fields.ts';

/** Marks objects that have the form of this file. */
class Kept extends Itself {
  readonly #holdsBytes: boolean;
  /** True if the object is a record without objects in it. */
  readonly #isFlat: boolean;
  #acceptedBy: unknown;

  constructor(value: object, holdsBytes: boolean, isFlat: boolean) {
    super(value);
    this.#holdsBytes = holdsBytes;
    this.#isFlat = isFlat;
  }

  static has(value: object): boolean {
    return #holdsBytes in value;
  }

  static holdsBytes(value: object): boolean {
    return #holdsBytes in value && value.#holdsBytes;
  }

  static isFlat(value: object): boolean {
    return #isFlat in value && value.#isFlat;
  }

  static isAcceptedBy(value: object, form: unknown): boolean {
    return #acceptedBy in value && value.#acceptedBy === form;
  }

  static accept(value: object, form: unknown): void {
    if (#acceptedBy in value) value.#acceptedBy = form;
  }
}

/**
 * Returns whether a part of a schema has accepted this object before. The result remains valid, because the object is
 * immutable.
 */
export function isAccepted(value: object, form: unknown): boolean {
  return Kept.isAcceptedBy(value, form);
}

/** Records that a part of a schema has accepted this object. */
export function markAccepted(value: object, form: unknown): void {
  Kept.accept(value, form);
}

/** The keys on the path to the current value. */
const trail: (string | number)[] = new Array(MAX_VALUE_DEPTH).fill(0);

/** The number of arrays of bytes that {@link keep} has found. */
let bytesSeen = 0;
/** The number of objects that {@link keep} has found. */
let objectsSeen = 0;

/**
 * Converts a value to the form of this file. The result is a copy, except for parts that have this form already. An
 * instance of a class is returned unchanged.
 *
 * @throws FaultError `unencodable-value` with the path of a part that has no encoding.
 */
export function keep(value: unknown, subject: Subject): unknown {
  try {
    return keepValue(value, 0);
  } catch (error) {
    throw encodingFault(error, value, subject);
  }
}

function keepValue(value: unknown, depth: number): unknown {
  switch (typeof value) {
    case 'string':
      return wellFormed(value, trail, depth);
    case 'number':
      if (!Number.isFinite(value)) throw new NoEncoding(trail, depth, NOT_FINITE_PROBLEM);
      return value + 0;
    case 'bigint':
      return sized(value, depth);
    case 'boolean':
      return value;
    case 'object':
      return value === null ? value : keepObject(value, depth);
    default:
      throw new NoEncoding(trail, depth, kindProblem(value));
  }
}

function sized(value: bigint, depth: number): bigint {
  if (BigInt.asIntN(64, value) !== value) sizedBytes(value, trail, depth);
  return value;
}

function keepObject(value: object, depth: number): object {
  const objectsBefore = objectsSeen;
  objectsSeen++;
  if (Kept.has(value)) {
    if (Kept.isFlat(value) && Object.isExtensible(value)) return keepCopy(value as Record<string, unknown>, depth);
    // Marked objects are frozen, except for bytes, which are copied each time.
    if (Kept.holdsBytes(value)) bytesSeen++;
    return value;
  }
  const before = bytesSeen;
  let kept: object;
  if (isRecord(value)) kept = keepRecord(value, inside(depth));
  else if (Array.isArray(value)) kept = keepList(value, inside(depth));
  else if (value instanceof Date) kept = keepDate(value, depth);
  else if (value instanceof Uint8Array) return keepBytes(value);
  else if (value instanceof Set) kept = guarded(keepSet(value, inside(depth)), SET_MUTATORS);
  else if (value instanceof Map) kept = guarded(keepMap(value, inside(depth)), MAP_MUTATORS);
  else return value;
  new Kept(kept, bytesSeen > before, objectsSeen === objectsBefore + 1 && isRecord(kept));
  return Object.freeze(kept);
}

function inside(depth: number): number {
  if (depth >= MAX_VALUE_DEPTH) throw new NoEncoding(trail, depth, TOO_DEEP);
  return depth;
}

function keepList(list: readonly unknown[], depth: number): unknown[] {
  const kept = [...list];
  for (let index = 0; index < kept.length; index++) {
    trail[depth] = index;
    kept[index] = keepValue(kept[index], depth + 1);
  }
  return kept;
}

function keepRecord(record: Readonly<Record<string, unknown>>, depth: number): object {
  // A spread would copy symbols too.
  if (Object.getOwnPropertySymbols(record).length > 0) return rebuilt(record, depth);
  return keepFields({ ...record }, depth);
}

/** Keeps a copy that {@link copyOfFlat} has made. */
function keepCopy(copy: Record<string, unknown>, depth: number): object {
  const kept = keepFields(copy, depth);
  if (kept !== copy) new Kept(kept, false, true);
  return Object.freeze(kept);
}

/** Changes the fields in place, or returns another record if they are not in order. */
function keepFields(kept: Record<string, unknown>, depth: number): object {
  let last = '';
  for (const key in kept) {
    const field = kept[key];
    if (field === undefined || compareUtf8(last, key) > 0) return rebuilt(kept, depth);
    last = key;
    const after = keepField(key, field, depth);
    if (after !== field || after === 0) kept[key] = after;
  }
  return kept;
}

/** Copies a record whose fields are out of order or partly undefined. */
function rebuilt(record: Readonly<Record<string, unknown>>, depth: number): object {
  const kept: Record<string, unknown> = {};
  for (const key of sortKeys(Object.keys(record))) {
    const field = record[key];
    if (field !== undefined) kept[key] = keepField(key, field, depth);
  }
  return kept;
}

function keepField(key: string, field: unknown, depth: number): unknown {
  trail[depth] = key;
  if (key === '__proto__') throw new NoEncoding(trail, depth + 1, PROTO_PROBLEM);
  wellFormed(key, trail, depth + 1);
  return keepValue(field, depth + 1);
}

function keepDate(date: Date, depth: number): Date {
  const time = date.getTime();
  if (Number.isNaN(time)) throw new NoEncoding(trail, depth, INVALID_DATE_PROBLEM);
  return guarded(new Date(time), DATE_MUTATORS);
}

function keepBytes(bytes: Uint8Array): Uint8Array {
  const kept = new Uint8Array(bytes);
  new Kept(kept, true, false);
  bytesSeen++;
  return kept;
}

function keepSet(set: ReadonlySet<unknown>, depth: number): Set<unknown> {
  const elements: unknown[] = [];
  for (const element of set) {
    trail[depth] = elements.length;
    elements.push(keepValue(element, depth + 1));
  }
  return new Set(inOrder(elements, (element) => element));
}

function keepMap(map: ReadonlyMap<unknown, unknown>, depth: number): Map<unknown, unknown> {
  const entries: (readonly [key: unknown, held: unknown])[] = [];
  for (const [key, held] of map) {
    trail[depth] = entries.length;
    entries.push([keepValue(key, depth + 1), keepValue(held, depth + 1)]);
  }
  return new Map(inOrder(entries, ([key]) => key));
}

/** Sorts the elements of a set or the keys of a map as MessagePack does (docs/encoding.md §2). */
function inOrder<Item>(items: Item[], keyOf: (item: Item) => unknown): Item[] {
  if (items.length < 2) return items;
  if (items.every((item) => typeof keyOf(item) === 'string')) {
    return items.sort((left, right) => compareTexts(keyOf(left) as string, keyOf(right) as string));
  }
  const encoded = items.map((item) => ({ item, bytes: orderingBytes(keyOf(item)) }));
  return encoded.sort((left, right) => compareBytes(left.bytes, right.bytes)).map(({ item }) => item);
}

/** Compares strings by their encoded bytes. MessagePack writes the length of a string first, in bytes. */
function compareTexts(left: string, right: string): number {
  return utf8Length(left) - utf8Length(right) || compareUtf8(left, right);
}

/** Returns the length in bytes of UTF-8. The string is well-formed. */
function utf8Length(text: string): number {
  let length = text.length;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    // A surrogate counts as half of its pair's four bytes. Any other unit from U+0800 on has three bytes.
    if (unit >= 0x80) length += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2;
  }
  return length;
}

const NO_BYTES = new Uint8Array(0);

/**
 * Returns the bytes by which a key is sorted. An instance of a class has no encoding, so such keys keep their order.
 */
function orderingBytes(key: unknown): Uint8Array {
  try {
    return encodeMsgpack(key, { kind: 'state', type: 'key', schemaVersion: 1 });
  } catch (error) {
    if (isFault(error)) return NO_BYTES;
    throw error;
  }
}

function mutatorsOf(prototype: object, isMutator: (name: string) => boolean): readonly string[] {
  return Object.getOwnPropertyNames(prototype).filter(isMutator);
}

const DATE_MUTATORS = mutatorsOf(Date.prototype, (name) => name.startsWith('set'));
/** The methods that change a map. `getOrInsert` and `getOrInsertComputed` are part of ECMAScript 2026. */
const MAP_MUTATORS = mutatorsOf(Map.prototype, (name) => /^(set|delete|clear|getOrInsert\w*)$/.test(name));
const SET_MUTATORS = mutatorsOf(Set.prototype, (name) => /^(add|delete|clear)$/.test(name));

const GUARD: PropertyDescriptor = {
  value: () => {
    throw new TypeError(
      'a date, set or map of a state is immutable; make a new date, or change sets and maps in the draft of evolve',
    );
  },
};

/**
 * Replaces the methods by own properties, because some test runners treat objects with different prototypes as unequal.
 * They cost 2 µs for a date, once for each date that enters a state.
 */
function guarded<Value extends object>(value: Value, mutators: readonly string[]): Value {
  for (let index = 0; index < mutators.length; index++) Object.defineProperty(value, mutators[index]!, GUARD);
  return value;
}

/**
 * Returns a copy of a flat state, for a draft. The values that are set in it must not be objects. {@link keep} makes
 * the copy itself a state, so no other code may have a reference to it. {@link finishFlat} skips the check of every
 * field.
 */
export function copyOfFlat(state: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const copy = { ...state };
  new Kept(copy, false, true);
  return copy;
}

/** Makes a state from a result of {@link copyOfFlat}, whose fields were replaced only by values in the right form. */
export function finishFlat(copy: Record<string, unknown>): Readonly<Record<string, unknown>> {
  return Object.freeze(copy);
}

/**
 * Returns whether a value that is not an object has the form of this file, so that {@link keep} would not change it.
 */
export function isKeptLeaf(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed();
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0);
    case 'bigint':
      return BigInt.asIntN(64, value) === value;
    default:
      return typeof value === 'boolean' || value === null;
  }
}

/** Returns whether the state is a record without objects in it. */
export function isFlat(state: unknown): state is Record<string, unknown> {
  return typeof state === 'object' && state !== null && Kept.isFlat(state);
}

/**
 * Returns the state for a handler: the same object, or a copy if it contains arrays of bytes, which the handler could
 * change. The copy takes time in proportion to the parts that contain bytes.
 */
export function lend(state: unknown): unknown {
  return typeof state === 'object' && state !== null && Kept.holdsBytes(state) ? lentCopy(state) : state;
}

function lentCopy(value: object): object {
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (Array.isArray(value)) return Object.freeze(value.map(lend));
  if (value instanceof Set) return Object.freeze(guarded(new Set([...value].map(lend)), SET_MUTATORS));
  if (value instanceof Map) {
    const entries = [...value].map(([key, held]): [unknown, unknown] => [lend(key), lend(held)]);
    return Object.freeze(guarded(new Map(entries), MAP_MUTATORS));
  }
  const copy: Record<string, unknown> = { ...value };
  for (const key of Object.keys(copy)) copy[key] = lend(copy[key]);
  return Object.freeze(copy);
}
