/**
 * *CanonicalABI.md*, `load_list_from_valid_range` and `store_list_into_valid_range` for numbers: ranges of bytes are
 * copied as a whole, and become typed arrays in JavaScript. (Typed arrays have the byte order of the engine, which is
 * little-endian on all machines that run WebAssembly.)
 */
import type { ValueTypeNode } from '../types/nodes.ts';
import type { Context } from './canonical-options.ts';
import { toBigInt, toElements, toNumber } from './javascript-values.ts';
import type { Representation } from './staging.ts';
import { within } from './wrong-value.ts';

export type NumberKind = 'u8' | 's8' | 'u16' | 's16' | 'u32' | 's32' | 'u64' | 's64' | 'f32' | 'f64';

type Numbers =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | BigUint64Array
  | BigInt64Array
  | Float32Array
  | Float64Array;

type NumbersConstructor = {
  readonly name: string;
  new (buffer: ArrayBufferLike, offset?: number, length?: number): Numbers;
};

const CONSTRUCTORS: Record<NumberKind, NumbersConstructor & { readonly BYTES_PER_ELEMENT: number }> = {
  u8: Uint8Array,
  s8: Int8Array,
  u16: Uint16Array,
  s16: Int16Array,
  u32: Uint32Array,
  s32: Int32Array,
  u64: BigUint64Array,
  s64: BigInt64Array,
  f32: Float32Array,
  f64: Float64Array,
};

/** Returns the kind of number if lists of this type are copied as a whole, and undefined for all other types. */
export function numberKindOf(type: ValueTypeNode): NumberKind | undefined {
  return Object.hasOwn(CONSTRUCTORS, type.kind) ? (type.kind as NumberKind) : undefined;
}

/**
 * Loads a list of numbers. `direct` values are views, because they are lowered before their component can run again.
 */
export function loadNumbers(
  kind: NumberKind,
  representation: Representation,
): (cx: Context, ptr: number, length: number) => Numbers {
  const Constructor = CONSTRUCTORS[kind];
  if (representation === 'direct') {
    return (cx, ptr, length) => new Constructor(cx.memory.bytes.buffer, ptr, length);
  }
  if (kind === 'u8') return (cx, ptr, length) => cx.memory.bytes.slice(ptr, ptr + length);
  const size = Constructor.BYTES_PER_ELEMENT;
  if (kind === 'f32' || kind === 'f64') {
    return (cx, ptr, length) => {
      const floats = new Constructor(cx.memory.bytes.slice(ptr, ptr + length * size).buffer);
      canonicalizeNans(floats);
      return floats;
    };
  }
  return (cx, ptr, length) => new Constructor(cx.memory.bytes.slice(ptr, ptr + length * size).buffer);
}

/**
 * Creates a typed array from numbers that were lifted one by one. The numbers of a fixed-length list may be core
 * values.
 */
export function numbersFrom(kind: NumberKind, values: readonly unknown[]): Numbers {
  const Constructor = CONSTRUCTORS[kind];
  const numbers = new Constructor(new ArrayBuffer(values.length * Constructor.BYTES_PER_ELEMENT));
  (numbers as { set(values: readonly unknown[]): void }).set(values);
  return numbers;
}

/** Makes lists equal in all engines, because engines differ in the sign and payload of a NaN. */
function canonicalizeNans(floats: Numbers): void {
  for (let i = 0; i < floats.length; i++) if (Number.isNaN(floats[i])) floats[i] = Number.NaN;
}

/**
 * Returns the function that prepares a value for `storeNumbers`. It returns a typed array if the bytes can be copied,
 * and otherwise a list of the elements. Any buffer of bytes can be a `list<u8>`.
 */
export function toNumberList(kind: NumberKind): (value: unknown) => ArrayLike<unknown> {
  const Constructor = CONSTRUCTORS[kind];
  const { name } = Constructor;
  return (value) => {
    if (value instanceof Constructor) return value;
    if (kind === 'u8') return bytesIn(value) ?? toElements(value);
    // A typed array of another realm is not an instance of the class here.
    if (nameOfTypedArray(value) !== name) return toElements(value);
    const { buffer, byteOffset, length } = value as Numbers;
    return new Constructor(buffer, byteOffset, length);
  };
}

/**
 * Returns the bytes of a buffer, a `DataView` or an array of bytes. The value may belong to another realm or be shared.
 * Returns undefined for all other values.
 */
function bytesIn(value: unknown): Uint8Array | undefined {
  if (ArrayBuffer.isView(value)) {
    const name = nameOfTypedArray(value);
    if (name !== undefined && name !== 'Uint8Array' && name !== 'Uint8ClampedArray') return undefined;
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  }
  return isBuffer(value) ? new Uint8Array(value) : undefined;
}

function isBuffer(value: unknown): value is ArrayBufferLike {
  return /^\[object (Shared)?ArrayBuffer\]$/.test(Object.prototype.toString.call(value));
}

const { get: typedArrayName } = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  Symbol.toStringTag,
) as { readonly get: () => string | undefined };

/**
 * Returns the name of the class of a typed array of any realm, and undefined for other values, such as a `DataView`.
 */
export function nameOfTypedArray(value: unknown): string | undefined {
  return typedArrayName.call(value);
}

export function storeBytes(cx: Context, values: ArrayLike<unknown>, ptr: number): void {
  const { bytes } = cx.memory;
  if (values instanceof Uint8Array) {
    const { length } = values;
    if (length > SMALL) bytes.set(values, ptr);
    else for (let i = 0; i < length; i++) bytes[ptr + i] = values[i]!;
    return;
  }
  let i = 0;
  try {
    for (; i < values.length; i++) bytes[ptr + i] = toNumber(values[i]);
  } catch (error) {
    throw within(error, i);
  }
}

/** The maximum number of bytes for which a loop is faster than `set`. */
const SMALL = 24;

export function storeNumbers(kind: NumberKind): (cx: Context, values: ArrayLike<unknown>, ptr: number) => void {
  const Constructor = CONSTRUCTORS[kind];
  const isFloat = kind === 'f32' || kind === 'f64';
  if (kind === 'u8') return storeBytes;
  const convert: (value: unknown) => number | bigint = kind === 'u64' || kind === 's64' ? toBigInt : toNumber;
  return (cx, values, ptr) => {
    const target = new Constructor(cx.memory.bytes.buffer, ptr, values.length);
    // `Constructor` is of the kind of `convert`, and of the kind of `values` if they are a typed array.
    const assign = target as { set(values: ArrayLike<unknown>): void; [index: number]: unknown };
    if (values instanceof Constructor) assign.set(values);
    else assignAll(assign, values, convert);
    if (isFloat) canonicalizeNans(target);
  };
}

function assignAll(
  target: { [index: number]: unknown },
  values: ArrayLike<unknown>,
  convert: (value: unknown) => unknown,
): void {
  let i = 0;
  try {
    for (; i < values.length; i++) target[i] = convert(values[i]);
  } catch (error) {
    throw within(error, i);
  }
}
