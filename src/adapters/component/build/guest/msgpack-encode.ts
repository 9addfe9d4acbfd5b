/**
 * Encodes values as canonical MessagePack (docs/encoding.md §2), in one pass over the value. A guest uses it instead of
 * `core/codec/msgpack-encode.ts`, which uses msgpackr, because the engine interprets this code in 60 % of the time. A
 * test compares the bytes of both.
 *
 * All bytes are written into one buffer, and copied at the end. A call that begins while another one runs, such as one
 * of a getter, continues after the bytes of the first, and removes its own at its end.
 *
 * `trail` contains the keys down to the current value, for the path in errors.
 */

import { msgpackElements, orderedElements, orderedEntries } from '../../../../core/codec/canonical-order.ts';
import type { Subject } from '../../../../core/codec/codec.ts';
import * as Format from '../../../../core/codec/msgpack-format.ts';
import {
  bigIntegerContent,
  compareUtf8,
  encodingFault,
  INVALID_DATE_PROBLEM,
  isRecord,
  kindProblem,
  LONE_SURROGATE_PROBLEM,
  NOT_FINITE_PROBLEM,
  NoEncoding,
  PROTO_PROBLEM,
  sortKeys,
  TOO_DEEP,
} from '../../../../core/codec/values.ts';
import { MAX_VALUE_DEPTH } from '../../../../core/limits.ts';

const FIRST_BYTES = 8_192;
/** The maximum number of bytes of the buffer that is kept after a call. */
const LARGEST_KEPT_BYTES = 1_048_576;
/** The longest string that is written character by character. For a longer one, `TextEncoder` is faster. */
const SHORT_STRING = 64;
/** The maximum number of bytes of a number, or of the head of a string or a list. */
const HEAD_BYTES = 9;
const TWO_32 = 0x1_0000_0000;

const encoder = new TextEncoder();

let target: Uint8Array<ArrayBuffer> = new Uint8Array(FIRST_BYTES);
let view: DataView = new DataView(target.buffer);
/** The position after the last byte that was written. */
let end = 0;

const trail: (string | number)[] = new Array(MAX_VALUE_DEPTH).fill(0);

/** Encodes a value as canonical MessagePack. @throws FaultError `unencodable-value` with the path. */
export function encodeMsgpack(value: unknown, subject: Subject): Uint8Array {
  const start = end;
  try {
    write(value, 0);
    return target.slice(start, end);
  } catch (error) {
    throw encodingFault(error, value, subject);
  } finally {
    end = start;
    if (target.length > LARGEST_KEPT_BYTES && start === 0) replaceTarget(FIRST_BYTES);
  }
}

// Buffer -----------------------------------------------------------------------------------------------------------

function replaceTarget(length: number): void {
  target = new Uint8Array(length);
  view = new DataView(target.buffer);
}

/** Makes room for more bytes. */
function reserve(bytes: number): void {
  if (end + bytes > target.length) grow(bytes);
}

function grow(bytes: number): void {
  const old = target;
  replaceTarget(Math.max(end + bytes, old.length * 2));
  target.set(old.subarray(0, end));
}

function writeBytes(bytes: Uint8Array): void {
  reserve(bytes.length);
  target.set(bytes, end);
  end += bytes.length;
}

/** Writes the head of a value with a length, for which there are forms of 16 and of 32 bits. */
function writeLength(format16: number, length: number): void {
  if (length < 0x1_0000) {
    target[end] = format16;
    view.setUint16(end + 1, length);
    end += 3;
  } else {
    target[end] = format16 + 1;
    view.setUint32(end + 1, length);
    end += 5;
  }
}

// Values -----------------------------------------------------------------------------------------------------------

function write(value: unknown, depth: number): void {
  if (typeof value === 'string') writeString(value, depth);
  else if (typeof value === 'number') writeNumber(value, depth);
  else if (typeof value === 'object') {
    if (value === null) writeByte(Format.nil);
    else writeObject(value, depth);
  } else if (typeof value === 'bigint') writeBigInt(value, depth);
  else if (typeof value === 'boolean') writeByte(value ? Format.yes : Format.no);
  else throw new NoEncoding(trail, depth, kindProblem(value));
}

function writeByte(byte: number): void {
  reserve(1);
  target[end++] = byte;
}

function writeObject(value: object, depth: number): void {
  if (depth >= MAX_VALUE_DEPTH && !(value instanceof Date || value instanceof Uint8Array)) {
    throw new NoEncoding(trail, depth, TOO_DEEP);
  }
  if (Array.isArray(value)) writeArray(value, depth);
  else if (isRecord(value)) writeRecord(value, depth);
  else if (value instanceof Date) writeDate(value, depth);
  else if (value instanceof Uint8Array) writeBinary(value);
  else if (value instanceof Set) writeSet(value, depth);
  else if (value instanceof Map) writeMap(value, depth);
  else throw new NoEncoding(trail, depth, kindProblem(value));
}

/** Writes a string. If all characters are ASCII, the number of bytes is the number of characters. */
function writeString(text: string, depth: number): void {
  if (text.length > SHORT_STRING || !writeAscii(text)) writeLongString(text, depth);
}

/** Writes a short string, if all its characters are ASCII. Returns whether it has written it. */
function writeAscii(text: string): boolean {
  const length = text.length;
  reserve(length + HEAD_BYTES);
  const bytes = target;
  let at = end + (length < 32 ? 1 : 2);
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index);
    if (code > 0x7f) return false;
    bytes[at++] = code;
  }
  if (length < 32) bytes[end] = Format.fixstr | length;
  else {
    bytes[end] = Format.str8;
    bytes[end + 1] = length;
  }
  end = at;
  return true;
}

function writeLongString(text: string, depth: number): void {
  if (!text.isWellFormed()) throw new NoEncoding(trail, depth, LONE_SURROGATE_PROBLEM);
  // A character has at most 3 bytes, so the head has at most the size of that of a string of 3 bytes each.
  reserve(text.length * 3 + HEAD_BYTES);
  const expected = stringHead(text.length);
  const { written } = encoder.encodeInto(text, target.subarray(end + expected));
  const head = stringHead(written);
  if (head > expected) target.copyWithin(end + head, end + expected, end + expected + written);
  if (written < 32) target[end] = Format.fixstr | written;
  else if (written < 0x100) {
    target[end] = Format.str8;
    target[end + 1] = written;
  } else {
    writeLength(Format.str16, written);
    end -= head;
  }
  end += head + written;
}

/** Returns the number of bytes of the head of a string. */
function stringHead(bytes: number): number {
  if (bytes < 32) return 1;
  if (bytes < 0x100) return 2;
  return bytes < 0x1_0000 ? 3 : 5;
}

function writeNumber(value: number, depth: number): void {
  reserve(HEAD_BYTES);
  if ((value | 0) === value) {
    if (value >= 0) writeNatural(value);
    else writeNegative(value);
  } else if (value >>> 0 === value) writeNatural(value);
  else if (!Number.isFinite(value)) throw new NoEncoding(trail, depth, NOT_FINITE_PROBLEM);
  else if (Number.isInteger(value) && value >= -0x8000_0000_0000_0000 && value < 0x1_0000_0000_0000_0000) {
    const high = Math.floor(value / TWO_32);
    writeLong(value < 0 ? Format.int64 : Format.uint64, high, value - high * TWO_32);
  } else {
    target[end] = Format.float64;
    view.setFloat64(end + 1, value);
    end += 9;
  }
}

/** Writes an integer from 0 to 2^32 - 1 in its shortest form. */
function writeNatural(value: number): void {
  if (value < 0x80) target[end++] = value;
  else if (value < 0x100) {
    target[end] = Format.uint8;
    target[end + 1] = value;
    end += 2;
  } else writeLength(Format.uint16, value);
}

/** Writes an integer from -2^31 to -1 in its shortest form. */
function writeNegative(value: number): void {
  if (value >= -0x20) target[end++] = value;
  else if (value >= -0x80) {
    target[end] = Format.int8;
    target[end + 1] = value;
    end += 2;
  } else if (value >= -0x8000) {
    target[end] = Format.int16;
    view.setInt16(end + 1, value);
    end += 3;
  } else {
    target[end] = Format.int32;
    view.setInt32(end + 1, value);
    end += 5;
  }
}

/** Writes 64 bits. The lowest 32 bits of each half are written. */
function writeLong(format: number, high: number, low: number): void {
  target[end] = format;
  view.setUint32(end + 1, high);
  view.setUint32(end + 5, low);
  end += 9;
}

function writeBigInt(value: bigint, depth: number): void {
  const number = Number(value);
  // Conversions to a number round only above 53 bits, so a result of 32 bits is exact.
  if ((number | 0) === number || number >>> 0 === number) {
    writeNumber(number, depth);
    return;
  }
  const isNegative = value < 0n;
  const bits = isNegative ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value);
  if (bits !== value) {
    writeBigInteger(value, depth);
    return;
  }
  reserve(HEAD_BYTES);
  writeLong(isNegative ? Format.int64 : Format.uint64, Number(value >> 32n), Number(value & 0xffff_ffffn));
}

function writeBigInteger(value: bigint, depth: number): void {
  const content = bigIntegerContent(value, trail, depth);
  writeExtensionHead(Format.BIG_INTEGER, content.length);
  writeBytes(content);
}

function writeArray(array: readonly unknown[], depth: number): void {
  const length = array.length;
  writeCollectionHead(Format.fixarray, length);
  for (let index = 0; index < length; index++) {
    trail[depth] = index;
    write(array[index], depth + 1);
  }
}

/** Writes a record, whose fields are in the order of their keys. Undefined fields are left out. */
function writeRecord(record: Readonly<Record<string, unknown>>, depth: number): void {
  const keys = Object.keys(record);
  if (!isSorted(keys)) sortKeys(keys);
  const length = keys.length;
  if (length >= 16) {
    writeLargeRecord(record, keys, depth);
    return;
  }
  reserve(1);
  const head = end++;
  let count = 0;
  for (let index = 0; index < length; index++) {
    const key = keys[index]!;
    const value = record[key];
    if (value === undefined) continue;
    count++;
    writeField(key, value, depth);
  }
  target[head] = Format.fixmap | count;
}

/** Reads all fields first, because the size of the head depends on the number of those that are not undefined. */
function writeLargeRecord(record: Readonly<Record<string, unknown>>, keys: readonly string[], depth: number): void {
  const values = keys.map((key) => record[key]);
  writeCollectionHead(Format.fixmap, values.filter((value) => value !== undefined).length);
  for (let index = 0; index < keys.length; index++) {
    if (values[index] !== undefined) writeField(keys[index]!, values[index], depth);
  }
}

/** The maximum number of keys in the cache. */
const KNOWN_KEYS = 1_000;
/** The bytes of recent keys. Keys repeat, and copying bytes takes a tenth of the time of writing characters. */
const knownKeys = new Map<string, Uint8Array>();

function writeField(key: string, value: unknown, depth: number): void {
  trail[depth] = key;
  const known = knownKeys.get(key);
  if (known === undefined) writeKey(key, depth);
  else {
    if (end + known.length > target.length) grow(known.length);
    target.set(known, end);
    end += known.length;
  }
  write(value, depth + 1);
}

function writeKey(key: string, depth: number): void {
  if (key === '__proto__') throw new NoEncoding(trail, depth + 1, PROTO_PROBLEM);
  const start = end;
  writeString(key, depth + 1);
  if (key.length > SHORT_STRING) return;
  if (knownKeys.size >= KNOWN_KEYS) knownKeys.clear();
  knownKeys.set(key, target.slice(start, end));
}

function isSorted(keys: readonly string[]): boolean {
  for (let index = 1; index < keys.length; index++) if (compareUtf8(keys[index - 1]!, keys[index]!) > 0) return false;
  return true;
}

/** Writes the head of an array or a map. */
function writeCollectionHead(fixed: typeof Format.fixarray | typeof Format.fixmap, length: number): void {
  reserve(HEAD_BYTES);
  if (length < 16) target[end++] = fixed | length;
  else writeLength(fixed === Format.fixarray ? Format.array16 : Format.map16, length);
}

/** Writes the timestamp extension of the MessagePack specification in its shortest form. */
function writeDate(value: Date, depth: number): void {
  const time = value.getTime();
  if (Number.isNaN(time)) throw new NoEncoding(trail, depth, INVALID_DATE_PROBLEM);
  const seconds = Math.floor(time / 1000);
  const nanoseconds = (time - seconds * 1000) * 1_000_000;
  const high = Math.floor(seconds / TWO_32);
  const words =
    nanoseconds === 0 && high === 0 ? [] : high >= 0 && high < 4 ? [nanoseconds * 4 + high] : [nanoseconds, high];
  words.push(seconds - high * TWO_32);
  writeExtensionHead(Format.TIMESTAMP, words.length * 4);
  reserve(words.length * 4);
  for (const word of words) {
    view.setUint32(end, word);
    end += 4;
  }
}

/** Writes an array of the elements in the order of their bytes. */
function writeSet(value: ReadonlySet<unknown>, depth: number): void {
  const elements = orderedElements(value, msgpackElements(trail, depth, encodeApart));
  writeCollectionExtension(Format.SET, Format.fixarray, elements.length, elements);
}

/** Writes a map with keys of any kind, in the order of their bytes. */
function writeMap(value: ReadonlyMap<unknown, unknown>, depth: number): void {
  const entries = orderedEntries(value, msgpackElements(trail, depth, encodeApart));
  writeCollectionExtension(Format.MAP, Format.fixmap, entries.length, entries.flat());
}

function encodeApart(value: unknown, depth: number): Uint8Array {
  const start = end;
  write(value, depth);
  const bytes = target.slice(start, end);
  end = start;
  return bytes;
}

function writeCollectionExtension(
  type: number,
  fixed: typeof Format.fixarray | typeof Format.fixmap,
  length: number,
  parts: readonly Uint8Array[],
): void {
  const head = length < 16 ? 1 : length < 0x1_0000 ? 3 : 5;
  writeExtensionHead(
    type,
    parts.reduce((sum, part) => sum + part.length, head),
  );
  writeCollectionHead(fixed, length);
  for (const part of parts) writeBytes(part);
}

/** The lengths for which an extension's format is a single byte. */
const FIXED_LENGTHS = [1, 2, 4, 8, 16];

function writeExtensionHead(type: number, length: number): void {
  reserve(HEAD_BYTES);
  const fixed = FIXED_LENGTHS.indexOf(length);
  if (fixed >= 0) target[end++] = Format.fixext1 + fixed;
  else if (length < 0x100) {
    target[end] = Format.ext8;
    target[end + 1] = length;
    end += 2;
  } else writeLength(Format.ext16, length);
  target[end++] = type;
}

function writeBinary(value: Uint8Array): void {
  const length = value.length;
  reserve(HEAD_BYTES);
  if (length < 0x100) {
    target[end] = Format.bin8;
    target[end + 1] = length;
    end += 2;
  } else writeLength(Format.bin16, length);
  writeBytes(value);
}
