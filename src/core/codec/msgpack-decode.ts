/**
 * Decodes MessagePack strictly. Invalid bytes are refused with their offset, and nothing is allocated before its bytes
 * are known to exist. msgpackr is used for encoding only. Its decoder removes the byte order mark from long strings,
 * replaces invalid UTF-8, and accepts duplicate keys. It decodes dates and sets with the extension that was registered
 * last in the process. A strict check before msgpackr's decoder would need all of this file except the creation of
 * values (docs/decisions.md §21).
 *
 * Forms that are valid but not canonical are accepted (unsorted keys, longer integers, float32), because libraries of
 * other languages write them. A command's identity is not affected, because its value is encoded again.
 */

import { isFault } from '../errors.ts';
import { MAX_BIG_INTEGER_BYTES, MAX_VALUE_DEPTH } from '../limits.ts';
import { toHex } from '../uuid.ts';
import type { Subject } from './codec.ts';
import { encodeMsgpack } from './msgpack-encode.ts';
import * as Format from './msgpack-format.ts';
import { NOT_FINITE_PROBLEM, NoValue, normalFloat, PROTO_PROBLEM, undecodable } from './values.ts';

const TWO_32 = 0x1_0000_0000;

let source: Uint8Array = new Uint8Array(0);
let position = 0;
/** The offset of the end of the bytes, or of the extension that is being read. */
let end = 0;

/** Decodes a value from MessagePack. @throws FaultError `undecodable-payload` with the byte offset. */
export function decodeMsgpack(bytes: Uint8Array, subject: Subject): unknown {
  source = bytes;
  position = 0;
  end = bytes.length;
  try {
    const value = readValue(0);
    if (position < end) throw new NoValue(position, `${end - position} bytes follow the value`);
    return value;
  } catch (error) {
    if (!(error instanceof NoValue)) throw error;
    throw undecodable(error.offset, error.problem, subject);
  } finally {
    source = EMPTY;
  }
}

const EMPTY = new Uint8Array(0);

/** Checks that this many bytes follow. @throws NoValue that names what was being read, if the bytes end too early. */
function need(bytes: number, what: string): void {
  if (end - position < bytes)
    throw new NoValue(position, `${what} needs ${bytes} bytes, and ${end - position} are left`);
}

function readValue(depth: number): unknown {
  need(1, 'a value');
  const at = position;
  const byte = source[position++]!;
  if (byte < 0x80) return byte;
  if (byte >= 0xe0) return byte - 0x100;
  if (byte >= Format.fixstr && byte < Format.nil) return readString(byte & 0x1f);
  if (byte < Format.fixarray) return readRecord(byte & 0x0f, at, depth);
  if (byte < Format.fixstr) return readArray(byte & 0x0f, at, depth);
  switch (byte) {
    case Format.nil:
      return null;
    case Format.no:
      return false;
    case Format.yes:
      return true;
    case Format.bin8:
      return readBinary(readUint(1));
    case Format.bin16:
      return readBinary(readUint(2));
    case Format.bin32:
      return readBinary(readUint(4));
    case Format.ext8:
      return readExtension(readUint(1), at, depth);
    case Format.ext16:
      return readExtension(readUint(2), at, depth);
    case Format.ext32:
      return readExtension(readUint(4), at, depth);
    case Format.float32:
      return readFloat(4, at);
    case Format.float64:
      return readFloat(8, at);
    case Format.uint8:
      return readUint(1);
    case Format.uint16:
      return readUint(2);
    case Format.uint32:
      return readUint(4);
    case Format.uint64:
      return integerOf(readUint(4), readUint(4));
    case Format.int8:
      return (readUint(1) << 24) >> 24;
    case Format.int16:
      return (readUint(2) << 16) >> 16;
    case Format.int32:
      return readUint(4) | 0;
    case Format.int64:
      return integerOf(readUint(4) | 0, readUint(4));
    case Format.fixext1:
      return readExtension(1, at, depth);
    case Format.fixext2:
      return readExtension(2, at, depth);
    case Format.fixext4:
      return readExtension(4, at, depth);
    case Format.fixext8:
      return readExtension(8, at, depth);
    case Format.fixext16:
      return readExtension(16, at, depth);
    case Format.str8:
      return readString(readUint(1));
    case Format.str16:
      return readString(readUint(2));
    case Format.str32:
      return readString(readUint(4));
    case Format.array16:
      return readArray(readUint(2), at, depth);
    case Format.array32:
      return readArray(readUint(4), at, depth);
    case Format.map16:
      return readRecord(readUint(2), at, depth);
    case Format.map32:
      return readRecord(readUint(4), at, depth);
    default:
      throw new NoValue(at, 'the byte 0xc1 is not used in MessagePack');
  }
}

function readUint(bytes: 1 | 2 | 4): number {
  need(bytes, 'a number or a length');
  const at = position;
  position += bytes;
  if (bytes === 1) return source[at]!;
  if (bytes === 2) return source[at]! * 0x100 + source[at + 1]!;
  return source[at]! * 0x100_0000 + source[at + 1]! * 0x1_0000 + source[at + 2]! * 0x100 + source[at + 3]!;
}

/**
 * Returns a number if it is safe, and otherwise a bigint (docs/encoding.md §1.2). The schema's type is restored later
 * (`define/zod-integers.ts`).
 */
function integerOf(high: number, low: number): number | bigint {
  const number = high * TWO_32 + low;
  return Number.isSafeInteger(number) ? number : (BigInt(high) << 32n) | BigInt(low);
}

const floatBytes = new DataView(new ArrayBuffer(8));

function readFloat(bytes: 4 | 8, at: number): number | bigint {
  need(bytes, 'a float');
  for (let index = 0; index < bytes; index++) floatBytes.setUint8(index, source[position++]!);
  const value = bytes === 4 ? floatBytes.getFloat32(0) : floatBytes.getFloat64(0);
  if (!Number.isFinite(value)) throw new NoValue(at, `the float ${NOT_FINITE_PROBLEM}`);
  return normalFloat(value);
}

function readBinary(length: number): Uint8Array {
  need(length, 'binary');
  // The bytes are always a copy and a plain Uint8Array, because the source may be part of a larger buffer, or a Buffer,
  // whose `slice` is a view.
  const bytes = new Uint8Array(length);
  bytes.set(source.subarray(position, position + length));
  position += length;
  return bytes;
}

function readArray(length: number, at: number, depth: number): unknown[] {
  if (depth >= MAX_VALUE_DEPTH) throw new NoValue(at, `an array is nested deeper than ${MAX_VALUE_DEPTH} levels`);
  need(length, 'an array of this length');
  const array: unknown[] = [];
  for (let index = 0; index < length; index++) array.push(readValue(depth + 1));
  return array;
}

function readRecord(length: number, at: number, depth: number): Record<string, unknown> {
  if (depth >= MAX_VALUE_DEPTH) throw new NoValue(at, `a map is nested deeper than ${MAX_VALUE_DEPTH} levels`);
  need(length * 2, 'a map of this length');
  const record: Record<string, unknown> = {};
  let last = '';
  for (let index = 0; index < length; index++) {
    const keyAt = position;
    const key = readKey();
    // Keys in ascending order are distinct. UTF-16 may order two keys differently, which only causes a needless
    // look-up.
    if (index > 0 && key <= last && Object.hasOwn(record, key))
      throw new NoValue(keyAt, `the key ${JSON.stringify(key)} is duplicated`);
    if (key === '__proto__') throw new NoValue(keyAt, `a key ${PROTO_PROBLEM}`);
    record[key] = readValue(depth + 1);
    if (key > last) last = key;
  }
  return record;
}

/**
 * The maximum length of a string that is decoded in JavaScript. A call of the engine's decoder costs as much as this
 * many bytes.
 */
const SHORT_STRING_BYTES = 32;
const textDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function readString(length: number): string {
  need(length, 'a string');
  const at = position;
  position += length;
  return length <= SHORT_STRING_BYTES && isAscii(at, position) ? asciiText(at, position) : decodeText(at);
}

function isAscii(from: number, to: number): boolean {
  const bytes = source;
  for (let index = from; index < to; index++) if (bytes[index]! >= 0x80) return false;
  return true;
}

/** Decodes eight units at a time. The engine makes such a string far faster than one that grows by single units. */
function asciiText(from: number, to: number): string {
  const b = source;
  let text = '';
  let i = from;
  for (; i + 8 <= to; i += 8) {
    text += String.fromCharCode(b[i]!, b[i + 1]!, b[i + 2]!, b[i + 3]!, b[i + 4]!, b[i + 5]!, b[i + 6]!, b[i + 7]!);
  }
  for (; i + 3 <= to; i += 3) text += String.fromCharCode(b[i]!, b[i + 1]!, b[i + 2]!);
  for (; i < to; i++) text += String.fromCharCode(b[i]!);
  return text;
}

function decodeText(at: number): string {
  try {
    return textDecoder.decode(source.subarray(at, position));
  } catch {
    throw new NoValue(at, 'a string is not valid UTF-8');
  }
}

/**
 * The size of the cache of keys. Keys repeat, and comparing the bytes with a recent key is cheaper than making a new
 * string, which the engine must look up in its table of names. The content of a slot is only a hint.
 */
const KEY_SLOTS = 1_024;
const knownKeys: string[] = new Array(KEY_SLOTS).fill('');

function readKey(): string {
  need(1, 'a key');
  const at = position;
  const byte = source[position++]!;
  if (byte >= Format.fixstr && byte < Format.nil) return readShortKey(byte & 0x1f);
  if (byte === Format.str8) return readString(readUint(1));
  if (byte === Format.str16) return readString(readUint(2));
  if (byte === Format.str32) return readString(readUint(4));
  throw new NoValue(at, 'a key is not a string; encode a map with other keys as an extension (docs/encoding.md §2)');
}

function readShortKey(length: number): string {
  need(length, 'a key');
  const bytes = source;
  const at = position;
  const mixed = length * 131 + bytes[at]! * 31 + bytes[at + (length >> 1)]! * 7 + bytes[at + length - 1]!;
  const slot = length === 0 ? 0 : mixed % KEY_SLOTS;
  const known = knownKeys[slot]!;
  if (known.length === length) {
    let index = 0;
    while (index < length && known.charCodeAt(index) === bytes[at + index]) index++;
    if (index === length) {
      position += length;
      return known;
    }
  }
  const key = readString(length);
  if (key.length === length) knownKeys[slot] = interned(key);
  return key;
}

/** Returns the engine's internalized copy of a name, which objects use as their key. */
function interned(key: string): string {
  return Object.keys({ [key]: 0 })[0]!;
}

function readExtension(length: number, at: number, depth: number): unknown {
  need(length + 1, 'an extension');
  const type = source[position++]!;
  switch (type) {
    case Format.TIMESTAMP:
      return readTimestamp(length, at);
    case Format.BIG_INTEGER:
      return readBigInteger(length, at);
    case Format.SET:
      return readCollection(length, at, depth, readSet);
    case Format.MAP:
      return readCollection(length, at, depth, readMap);
    default:
      throw new NoValue(at, `the extension type ${type > 0x7f ? type - 0x100 : type} is unknown`);
  }
}

/** Reads the three forms of MessagePack's timestamp, within the range and the precision of a Date. */
function readTimestamp(length: number, at: number): Date {
  let nanoseconds = 0;
  let seconds: number;
  if (length === 4) seconds = readUint(4);
  else if (length === 8) {
    const high = readUint(4);
    nanoseconds = Math.floor(high / 4);
    seconds = (high % 4) * TWO_32 + readUint(4);
  } else if (length === 12) {
    nanoseconds = readUint(4);
    seconds = (readUint(4) | 0) * TWO_32 + readUint(4);
  } else throw new NoValue(at, `a timestamp has 4, 8 or 12 bytes, not ${length}`);
  if (nanoseconds > 999_999_999) throw new NoValue(at, 'a timestamp has more than 999999999 nanoseconds');
  if (nanoseconds % 1_000_000 !== 0) throw new NoValue(at, 'a timestamp is finer than milliseconds');
  const date = new Date(seconds * 1000 + nanoseconds / 1_000_000);
  if (Number.isNaN(date.getTime())) throw new NoValue(at, 'a timestamp is outside the range of dates');
  return date;
}

function readBigInteger(length: number, at: number): number | bigint {
  if (length > MAX_BIG_INTEGER_BYTES) throw new NoValue(at, `an integer has more than ${MAX_BIG_INTEGER_BYTES} bytes`);
  if (length === 0) throw new NoValue(at, 'an integer has no bytes');
  position += length;
  const hex = toHex(source.subarray(position - length, position));
  const value = BigInt.asIntN(length * 8, BigInt(`0x${hex}`));
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

let insideCollection = false;

/**
 * Reads a set or a map. The outermost collection is encoded again, because the encoder refuses equal elements.
 * JavaScript itself compares objects only by identity.
 */
function readCollection<T>(length: number, at: number, depth: number, read: (at: number, depth: number) => T): T {
  const outermost = !insideCollection;
  const outerEnd = end;
  end = position + length;
  insideCollection = true;
  try {
    const value = read(at, depth);
    if (position < end)
      throw new NoValue(position, `${end - position} bytes follow a set or a map within its extension`);
    if (outermost) requireDistinct(value, at);
    return value;
  } finally {
    end = outerEnd;
    if (outermost) insideCollection = false;
  }
}

function requireDistinct(value: unknown, at: number): void {
  try {
    encodeMsgpack(value, { kind: 'state', type: 'collection', schemaVersion: 1 });
  } catch (error) {
    throw isFault(error) ? new NoValue(at, EQUAL_PROBLEM) : error;
  }
}

const EQUAL_PROBLEM = 'a set or a map contains two elements or keys that are equal';

function readSet(at: number, depth: number): Set<unknown> {
  const elements = readValue(depth);
  if (!Array.isArray(elements)) throw new NoValue(at, 'a set does not contain an array of its elements');
  const set = new Set(elements);
  if (set.size < elements.length) throw new NoValue(at, EQUAL_PROBLEM);
  return set;
}

function readMap(at: number, depth: number): Map<unknown, unknown> {
  if (depth >= MAX_VALUE_DEPTH) throw new NoValue(at, `a map is nested deeper than ${MAX_VALUE_DEPTH} levels`);
  need(1, 'a map');
  const head = source[position++]!;
  let length: number;
  if (head >= Format.fixmap && head < Format.fixarray) length = head & 0x0f;
  else if (head === Format.map16) length = readUint(2);
  else if (head === Format.map32) length = readUint(4);
  else throw new NoValue(at, 'a map extension does not contain a map');
  need(length * 2, 'a map of this length');
  const map = new Map<unknown, unknown>();
  for (let index = 0; index < length; index++) {
    const key = readValue(depth + 1);
    if (map.has(key)) throw new NoValue(at, EQUAL_PROBLEM);
    map.set(key, readValue(depth + 1));
  }
  return map;
}
