/**
 * Encodes values as canonical MessagePack (docs/encoding.md §2) with msgpackr. One pass first checks the value and
 * converts it to a form that msgpackr writes canonically. A plain value whose keys are in order is passed unchanged.
 *
 * Values that msgpackr cannot write canonically are passed to it as finished bytes ({@link Encoded}):
 * - integers of 64 bits, because it writes those from 2^32 to 2^63 in a signed form, and compares bigints with numbers,
 *   which QuickJS does wrongly if both are negative;
 * - integers outside 64 bits, which it writes in steps of 8 bytes;
 * - sets and maps, which it does not sort (a set becomes an array);
 * - dates and binary, for which it first tries the extensions that are registered in the process.
 *
 * A library cannot use msgpackr's own mechanism, an extension type with `pack` and `unpack`. Types are registered for
 * the whole process, and msgpackr uses 0x42 and 0x73 itself.
 *
 * `trail` contains the keys down to the current value, for the path in errors.
 */
import { addExtension, Packr, RESET_BUFFER_MODE, REUSE_BUFFER_MODE } from 'msgpackr/pack';
import { MAX_VALUE_DEPTH } from '../limits.ts';
import { msgpackElements, orderedElements, orderedEntries } from './canonical-order.ts';
import type { Subject } from './codec.ts';
import * as Format from './msgpack-format.ts';
import {
  bigIntegerContent,
  compareUtf8,
  encodingFault,
  INVALID_DATE_PROBLEM,
  isRecord,
  kindProblem,
  NOT_FINITE_PROBLEM,
  NoEncoding,
  PROTO_PROBLEM,
  sortKeys,
  TOO_DEEP,
  wellFormed,
} from './values.ts';

const POOL_BYTES = 8_192;
const LARGEST_POOLED_BYTES = 1_024;
/**
 * The maximum number of bytes of the buffer that msgpackr may keep after a call. The buffer grows to several times the
 * largest value and never shrinks.
 */
const LARGEST_KEPT_BYTES = 1_048_576;
const FIRST_BYTES = 8_192;
const TWO_32 = 0x1_0000_0000;

/** MessagePack that is already encoded. */
class Encoded {
  readonly parts: readonly Bytes[];
  readonly length: number;
  constructor(parts: readonly Bytes[]) {
    this.parts = parts;
    this.length = bytesIn(parts);
  }
}

/** Bytes to write. A few bytes are faster in an array. The lowest eight bits of its numbers are written. */
type Bytes = Uint8Array | readonly number[];

/** The second argument that msgpackr passes to an extension's `pack`. It is missing in msgpackr's types. */
type Allocate = (bytes: number) => { readonly target: Uint8Array; readonly position: number };

addExtension({
  Class: Encoded,
  // A type is required but never written. This one fits in no byte, so other uses of msgpackr in the process are
  // unaffected.
  type: 0x100,
  pack: ((value: Encoded, allocate: Allocate) => {
    let { target, position } = allocate(value.length);
    for (const part of value.parts) {
      if (part instanceof Uint8Array) target.set(part, position);
      else for (let index = 0; index < part.length; index++) target[position + index] = part[index]!;
      position += part.length;
    }
  }) as (value: Encoded) => Uint8Array,
});

const packr = new Packr({ useRecords: false, variableMapSize: true, useToJSON: false });

let pool: Uint8Array<ArrayBuffer> = new Uint8Array(0);
let pooled = 0;

const trail: (string | number)[] = new Array(MAX_VALUE_DEPTH).fill(0);

/** Encodes a value as canonical MessagePack. @throws FaultError `unencodable-value` with the path. */
export function encodeMsgpack(value: unknown, subject: Subject): Uint8Array {
  try {
    return copyOf(pack(prepare(value, 0)));
  } catch (error) {
    throw encodingFault(error, value, subject);
  }
}

/** The buffer of msgpackr. The bytes of the last value begin at `start` and end before `end`. */
interface Packed extends Uint8Array {
  readonly start: number;
  readonly end: number;
}

/**
 * Encodes a value, and returns bytes that are valid until the next call, because msgpackr writes everything into one
 * buffer. With these modes msgpackr returns the buffer itself. A view for each value would take a fifth of the time.
 */
function pack(prepared: unknown): Packed {
  return packr.pack(prepared, RESET_BUFFER_MODE | REUSE_BUFFER_MODE) as Packed;
}

/**
 * Copies the bytes. The engine keeps a typed array of up to 64 bytes within its own heap. A larger array costs 0.4 µs,
 * so arrays of medium size share a pool, as Node's Buffers do.
 */
function copyOf(packed: Packed): Uint8Array {
  const { start, end } = packed;
  const length = end - start;
  if (length <= 64) {
    const bytes = new Uint8Array(length);
    for (let index = 0; index < length; index++) bytes[index] = packed[start + index]!;
    return bytes;
  }
  if (length > LARGEST_POOLED_BYTES) {
    const bytes = new Uint8Array(packed.subarray(start, end));
    if (packed.buffer.byteLength > LARGEST_KEPT_BYTES) packr.useBuffer(newBuffer());
    return bytes;
  }
  if (pooled + length > pool.length) {
    pool = new Uint8Array(POOL_BYTES);
    pooled = 0;
  }
  const bytes = pool.subarray(pooled, pooled + length);
  pooled += length;
  bytes.set(packed.subarray(start, end));
  return bytes;
}

/** Returns a `Buffer` on Node, because msgpackr writes strings by methods of `Buffer` there. */
function newBuffer(): Uint8Array {
  const { Buffer } = globalThis as { Buffer?: { allocUnsafeSlow(bytes: number): Uint8Array } };
  return Buffer?.allocUnsafeSlow(FIRST_BYTES) ?? new Uint8Array(FIRST_BYTES);
}

/** Converts the value to a form that msgpackr writes canonically. Returns the same object if nothing has to change. */
function prepare(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return wellFormed(value, trail, depth);
  if (typeof value === 'number') return prepareNumber(value, depth);
  if (typeof value === 'object') return value === null ? value : prepareObject(value, depth);
  if (typeof value === 'bigint') return prepareInteger(value, depth);
  if (typeof value === 'boolean') return value;
  throw new NoEncoding(trail, depth, kindProblem(value));
}

function prepareObject(value: object, depth: number): unknown {
  if (depth >= MAX_VALUE_DEPTH && !(value instanceof Date || value instanceof Uint8Array)) {
    throw new NoEncoding(trail, depth, TOO_DEEP);
  }
  if (Array.isArray(value)) return prepareArray(value, depth);
  if (isRecord(value)) return prepareRecord(value, depth);
  if (value instanceof Date) return encodedDate(value, depth);
  if (value instanceof Uint8Array) return encodedBinary(value);
  if (value instanceof Set) return encodedSet(value, depth);
  if (value instanceof Map) return encodedMap(value, depth);
  throw new NoEncoding(trail, depth, kindProblem(value));
}

function prepareNumber(value: number, depth: number): unknown {
  // msgpackr writes 32 bits in the shortest form, and -0 as 0.
  if ((value | 0) === value || value >>> 0 === value) return value;
  if (!Number.isFinite(value)) throw new NoEncoding(trail, depth, NOT_FINITE_PROBLEM);
  const isInteger = Number.isInteger(value) && value >= -0x8000_0000_0000_0000 && value < 0x1_0000_0000_0000_0000;
  if (!isInteger) return value;
  const high = Math.floor(value / TWO_32);
  return new Encoded([[value < 0 ? Format.int64 : Format.uint64], word(high), word(value - high * TWO_32)]);
}

function prepareInteger(value: bigint, depth: number): unknown {
  const number = Number(value);
  // Conversions to a number round only above 53 bits, so a result of 32 bits is exact.
  if ((number | 0) === number || number >>> 0 === number) return number;
  const isNegative = value < 0n;
  const bits = isNegative ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value);
  if (bits !== value) return encodedExtension(Format.BIG_INTEGER, [bigIntegerContent(value, trail, depth)]);
  const [high, low] = [Number(value >> 32n), Number(value & 0xffff_ffffn)];
  return new Encoded([[isNegative ? Format.int64 : Format.uint64], word(high), word(low)]);
}

/** Returns a number as 32 bits, big-endian. */
function word(value: number): readonly number[] {
  return [value >>> 24, value >>> 16, value >>> 8, value];
}

function prepareArray(array: readonly unknown[], depth: number): readonly unknown[] {
  let copy: unknown[] | undefined;
  for (let index = 0; index < array.length; index++) {
    trail[depth] = index;
    const value = array[index];
    const prepared = prepare(value, depth + 1);
    if (prepared !== value) (copy ??= array.slice())[index] = prepared;
  }
  return copy ?? array;
}

function prepareRecord(record: Readonly<Record<string, unknown>>, depth: number): object {
  if (!isInOrder(record)) return fieldsInOrder(record, sortKeys(Object.keys(record)), depth);
  let copy: Record<string, unknown> | undefined;
  for (const key in record) {
    const value = record[key];
    if (value === undefined) return fieldsInOrder(record, Object.keys(record), depth);
    const prepared = prepareField(key, value, depth);
    if (prepared !== value) (copy ??= { ...record })[key] = prepared;
  }
  return copy ?? record;
}

/**
 * Returns a map, which msgpackr writes like a record. A map keeps the order of insertion, but an object lists keys such
 * as "10" first.
 */
function fieldsInOrder(record: Readonly<Record<string, unknown>>, keys: readonly string[], depth: number): object {
  const fields = new Map<string, unknown>();
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index]!;
    const value = record[key];
    if (value !== undefined) fields.set(key, prepareField(key, value, depth));
  }
  return fields;
}

function prepareField(key: string, value: unknown, depth: number): unknown {
  trail[depth] = key;
  if (key === '__proto__') throw new NoEncoding(trail, depth + 1, PROTO_PROBLEM);
  wellFormed(key, trail, depth + 1);
  return prepare(value, depth + 1);
}

/**
 * Returns whether the fields are in the order of their names. A list of the names would cost 120 bytes for a record.
 */
function isInOrder(record: Readonly<Record<string, unknown>>): boolean {
  let last = '';
  for (const key in record) {
    if (compareUtf8(last, key) > 0) return false;
    last = key;
  }
  return true;
}

/** Encodes the timestamp extension of the MessagePack specification in its shortest form. */
function encodedDate(value: Date, depth: number): Encoded {
  const time = value.getTime();
  if (Number.isNaN(time)) throw new NoEncoding(trail, depth, INVALID_DATE_PROBLEM);
  const seconds = Math.floor(time / 1000);
  const nanoseconds = (time - seconds * 1000) * 1_000_000;
  const high = Math.floor(seconds / TWO_32);
  const low = seconds - high * TWO_32;
  const content = word(low);
  if (nanoseconds === 0 && high === 0) return encodedExtension(Format.TIMESTAMP, [content]);
  if (high >= 0 && high < 4) return encodedExtension(Format.TIMESTAMP, [word(nanoseconds * 4 + high), content]);
  return encodedExtension(Format.TIMESTAMP, [word(nanoseconds), word(high), content]);
}

/** Encodes an array of the elements in the order of their bytes. */
function encodedSet(value: ReadonlySet<unknown>, depth: number): Encoded {
  const elements = orderedElements(value, msgpackElements(trail, depth, encodeApart));
  return encodedExtension(Format.SET, [collectionHead(Format.fixarray, elements.length), ...elements]);
}

/** Encodes a map with keys of any kind, in the order of their bytes. */
function encodedMap(value: ReadonlyMap<unknown, unknown>, depth: number): Encoded {
  const entries = orderedEntries(value, msgpackElements(trail, depth, encodeApart));
  return encodedExtension(Format.MAP, [collectionHead(Format.fixmap, entries.length), ...entries.flat()]);
}

function encodeApart(value: unknown, depth: number): Uint8Array {
  return copyOf(pack(prepare(value, depth)));
}

/** Encodes the head of an array or a map. */
function collectionHead(fixed: typeof Format.fixarray | typeof Format.fixmap, length: number): readonly number[] {
  if (length < 16) return [fixed | length];
  return longHead(fixed === Format.fixarray ? Format.array16 : Format.map16, length);
}

/** Encodes a length of 16 bits, or a length of 32 bits with the next format. */
function longHead(format: number, length: number): readonly number[] {
  return length < 0x1_0000
    ? [format, length >> 8, length]
    : [format + 1, length >> 24, length >> 16, length >> 8, length];
}

function encodedExtension(type: number, content: readonly Bytes[]): Encoded {
  return new Encoded([extensionHead(bytesIn(content)), [type], ...content]);
}

/** The lengths for which an extension's format is a single byte. */
const FIXED_LENGTHS = [1, 2, 4, 8, 16];

function extensionHead(length: number): readonly number[] {
  const fixed = FIXED_LENGTHS.indexOf(length);
  if (fixed >= 0) return [Format.fixext1 + fixed];
  return length < 0x100 ? [Format.ext8, length] : longHead(Format.ext16, length);
}

function bytesIn(parts: readonly Bytes[]): number {
  let sum = 0;
  for (const part of parts) sum += part.length;
  return sum;
}

/** Encodes binary, because msgpackr would use an extension for `Uint8Array` that other code has registered. */
function encodedBinary(value: Uint8Array): Encoded {
  const length = value.length;
  return new Encoded([length < 0x100 ? [Format.bin8, length] : longHead(Format.bin16, length), value]);
}
