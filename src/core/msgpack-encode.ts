/**
 * Values to canonical MessagePack (docs/encoding.md §2). Written by hand, because msgpackr cannot be made canonical: it
 * writes sets as arrays, 2^32 as a float, 5 and 5n differently and a lone surrogate as invalid UTF-8; and because a sort
 * of keys in front of it would cost more than all of this.
 *
 * One buffer serves all calls and grows. `trail` holds the keys down to the value being written, for the path in errors.
 */
import {
  bigIntegerBytes,
  compareBytes,
  depthProblem,
  EQUAL_ELEMENTS_PROBLEM,
  INVALID_DATE_PROBLEM,
  isRecord,
  kindProblem,
  LONE_SURROGATE_PROBLEM,
  NOT_FINITE_PROBLEM,
  type Path,
  PROTO_PROBLEM,
  sortKeys,
  TOO_BIG_PROBLEM,
  unencodable,
} from './canonical.ts';
import type { Subject } from './codec.ts';
import { MAX_BIG_INTEGER_BYTES, MAX_VALUE_DEPTH } from './limits.ts';
import { EXTENSION, Format } from './msgpack-format.ts';

const FIRST_BUFFER_BYTES = 8_192;
/** A larger buffer is not kept for the next call. */
const LARGEST_KEPT_BUFFER_BYTES = 1_048_576;
const POOL_BYTES = 8_192;
const LARGEST_POOLED_BYTES = 1_024;
/** Longer strings are written by the engine's encoder, whose call costs as much as this many steps of our loop. */
const SHORT_STRING_UNITS = 160;
/** Whether it is deep or holds itself can only be said from the root: `depthProblem`. */
const TOO_DEEP = 'too deep';
const TWO_32 = 0x1_0000_0000;

let buffer: Uint8Array<ArrayBuffer> = new Uint8Array(FIRST_BUFFER_BYTES);
let view = new DataView(buffer.buffer);
let position = 0;
let pool: Uint8Array<ArrayBuffer> = new Uint8Array(0);
let pooled = 0;

const textEncoder = new TextEncoder();
const trail: (string | number)[] = new Array(MAX_VALUE_DEPTH).fill(0);

/** Thrown from the depths, where the subject is not known, and turned into a fault at the top. */
class NoEncoding {
  readonly path: Path;
  readonly problem: string;
  constructor(depth: number, problem: string) {
    this.path = trail.slice(0, depth);
    this.problem = problem;
  }
}

/** @throws FaultError `unencodable-value` with the path. */
export function encodeMsgpack(value: unknown, subject: Subject): Uint8Array {
  // A getter that encodes something itself writes behind what is here, and leaves it as it was.
  const start = position;
  try {
    writeValue(value, 0);
    return takeBytes(start);
  } catch (error) {
    if (!(error instanceof NoEncoding)) throw error;
    throw unencodable(
      error.path,
      error.problem === TOO_DEEP ? depthProblem(value, error.path) : error.problem,
      subject,
    );
  } finally {
    position = start;
    if (start === 0 && buffer.length > LARGEST_KEPT_BUFFER_BYTES) replaceBuffer(FIRST_BUFFER_BYTES);
  }
}

/**
 * A copy of what was written. Up to 64 bytes the engine keeps a typed array within its own heap; above, an array of its
 * own costs more than all the encoding (0.4 µs), so medium ones share a pool, as node's own Buffers do.
 */
function takeBytes(start: number): Uint8Array {
  const length = position - start;
  if (length <= 64 || length > LARGEST_POOLED_BYTES) return buffer.slice(start, position);
  if (pooled + length > pool.length) {
    pool = new Uint8Array(POOL_BYTES);
    pooled = 0;
  }
  const bytes = pool.subarray(pooled, pooled + length);
  pooled += length;
  bytes.set(buffer.subarray(start, position));
  return bytes;
}

function replaceBuffer(bytes: number): void {
  const next = new Uint8Array(bytes);
  next.set(buffer.subarray(0, position));
  buffer = next;
  view = new DataView(next.buffer);
}

/** Before every write: all writes up to the next call fit in `bytes`. */
function reserve(bytes: number): void {
  if (position + bytes > buffer.length) replaceBuffer(Math.max(buffer.length * 2, position + bytes));
}

function writeValue(value: unknown, depth: number): void {
  if (typeof value === 'string') writeString(value, depth);
  else if (typeof value === 'number') writeNumber(value, depth);
  else if (typeof value === 'object') {
    if (value === null) writeByte(Format.nil);
    else writeObject(value, depth);
  } else if (typeof value === 'bigint') writeBigint(value, depth);
  else if (typeof value === 'boolean') writeByte(value ? Format.true : Format.false);
  else throw new NoEncoding(depth, kindProblem(value));
}

function writeObject(value: object, depth: number): void {
  if (depth >= MAX_VALUE_DEPTH && !(value instanceof Date || value instanceof Uint8Array)) {
    throw new NoEncoding(depth, TOO_DEEP);
  }
  if (Array.isArray(value)) writeArray(value, depth);
  else if (isRecord(value)) writeRecord(value, depth);
  else if (value instanceof Date) writeDate(value, depth);
  else if (value instanceof Uint8Array) writeBinary(value);
  else if (value instanceof Set) writeSet(value, depth);
  else if (value instanceof Map) writeMap(value, depth);
  else throw new NoEncoding(depth, kindProblem(value));
}

function writeByte(byte: number): void {
  reserve(1);
  buffer[position++] = byte;
}

function writeNumber(value: number, depth: number): void {
  reserve(9);
  // Both -0 and 0 pass as 0.
  if ((value | 0) === value && value >= -32 && value < 128) buffer[position++] = value;
  else if (Number.isInteger(value) && value >= -0x8000_0000_0000_0000 && value < 0x1_0000_0000_0000_0000) {
    writeInteger(value);
  } else if (Number.isFinite(value)) {
    buffer[position] = Format.float64;
    view.setFloat64(position + 1, value);
    position += 9;
  } else throw new NoEncoding(depth, NOT_FINITE_PROBLEM);
}

/** An integer of 64 bits outside the one-byte forms, in the shortest form. Nine bytes are reserved. */
function writeInteger(value: number): void {
  if (value >= 0) {
    if (value < 0x80) buffer[position++] = value;
    else if (value < 0x100) writeHead8(Format.uint8, value);
    else if (value < 0x1_0000) writeHead16(Format.uint16, value);
    else if (value < TWO_32) writeHead32(Format.uint32, value);
    else writeHead64(Format.uint64, Math.floor(value / TWO_32), value % TWO_32);
  } else if (value >= -0x20) buffer[position++] = value;
  else if (value >= -0x80) writeHead8(Format.int8, value);
  else if (value >= -0x8000) writeHead16(Format.int16, value);
  else if (value >= -0x8000_0000) writeHead32(Format.int32, value);
  else {
    const high = Math.floor(value / TWO_32);
    writeHead64(Format.int64, high, value - high * TWO_32);
  }
}

function writeBigint(value: bigint, depth: number): void {
  reserve(9);
  const number = Number(value);
  // What rounds to a safe integer was one: rounding starts above.
  if (Number.isSafeInteger(number)) writeInteger(number);
  else if (BigInt.asUintN(64, value) === value) {
    writeHead64(Format.uint64, Number(value >> 32n), Number(value & 0xffff_ffffn));
  } else if (BigInt.asIntN(64, value) === value) {
    writeHead64(Format.int64, Number(value >> 32n), Number(value & 0xffff_ffffn));
  } else writeBigInteger(value, depth);
}

/** Outside 64 bits: two's complement, big-endian, no more bytes than the sign needs. */
function writeBigInteger(value: bigint, depth: number): void {
  const length = bigIntegerBytes(value);
  if (length > MAX_BIG_INTEGER_BYTES) throw new NoEncoding(depth, TOO_BIG_PROBLEM);
  writeExtensionHead(EXTENSION.bigInteger, length);
  const digits = BigInt.asUintN(length * 8, value)
    .toString(16)
    .padStart(length * 2, '0');
  reserve(length);
  for (let index = 0; index < length; index++) {
    buffer[position++] = Number.parseInt(digits.slice(index * 2, index * 2 + 2), 16);
  }
}

function writeHead8(format: number, value: number): void {
  buffer[position] = format;
  buffer[position + 1] = value;
  position += 2;
}

function writeHead16(format: number, value: number): void {
  buffer[position] = format;
  buffer[position + 1] = value >> 8;
  buffer[position + 2] = value;
  position += 3;
}

function writeHead32(format: number, value: number): void {
  buffer[position] = format;
  view.setUint32(position + 1, value);
  position += 5;
}

function writeHead64(format: number, high: number, low: number): void {
  buffer[position] = format;
  view.setUint32(position + 1, high);
  view.setUint32(position + 5, low);
  position += 9;
}

function writeString(value: string, depth: number): void {
  if (value.length > SHORT_STRING_UNITS) writeLongString(value, depth);
  else writeShortString(value, depth);
}

function writeShortString(value: string, depth: number): void {
  const units = value.length;
  reserve(5 + units * 3);
  const bytes = buffer;
  const start = position;
  const head = units < 32 ? 1 : 2;
  let at = start + head;
  let index = 0;
  for (; index < units; index++) {
    const unit = value.charCodeAt(index);
    if (unit >= 0x80) break;
    bytes[at++] = unit;
  }
  if (index < units) at = writeUnits(value, index, at, depth);
  position = at;
  writeStringHead(start, head, at - start - head);
}

/** The units from `index` on as UTF-8, from `at` on; gives where it ends. */
function writeUnits(value: string, from: number, at: number, depth: number): number {
  for (let index = from; index < value.length; index++) {
    const unit = value.charCodeAt(index);
    if (unit < 0x80) buffer[at++] = unit;
    else if (unit < 0x800) {
      buffer[at++] = 0xc0 | (unit >> 6);
      buffer[at++] = 0x80 | (unit & 0x3f);
    } else if (unit < 0xd800 || unit > 0xdfff) {
      buffer[at++] = 0xe0 | (unit >> 12);
      buffer[at++] = 0x80 | ((unit >> 6) & 0x3f);
      buffer[at++] = 0x80 | (unit & 0x3f);
    } else {
      const point = value.codePointAt(index)!;
      if (unit > 0xdbff || point < 0x1_0000) throw new NoEncoding(depth, LONE_SURROGATE_PROBLEM);
      index++;
      buffer[at++] = 0xf0 | (point >> 18);
      buffer[at++] = 0x80 | ((point >> 12) & 0x3f);
      buffer[at++] = 0x80 | ((point >> 6) & 0x3f);
      buffer[at++] = 0x80 | (point & 0x3f);
    }
  }
  return at;
}

function writeLongString(value: string, depth: number): void {
  if (!value.isWellFormed()) throw new NoEncoding(depth, LONE_SURROGATE_PROBLEM);
  reserve(5 + value.length * 3);
  const start = position;
  const { written } = textEncoder.encodeInto(value, buffer.subarray(start + 5));
  position = start + 5 + written;
  writeStringHead(start, 5, written);
}

/** Writes the head of a string whose bytes begin `room` after `start`, and moves them where the head is of other size. */
function writeStringHead(start: number, room: number, bytes: number): void {
  const head = bytes < 32 ? 1 : bytes < 0x100 ? 2 : bytes < 0x1_0000 ? 3 : 5;
  if (head !== room) {
    buffer.copyWithin(start + head, start + room, position);
  }
  position = start;
  if (head === 1) buffer[position++] = Format.fixstr | bytes;
  else if (head === 2) writeHead8(Format.str8, bytes);
  else if (head === 3) writeHead16(Format.str16, bytes);
  else writeHead32(Format.str32, bytes);
  position += bytes;
}

function writeBinary(value: Uint8Array): void {
  const length = value.length;
  reserve(5 + length);
  if (length < 0x100) writeHead8(Format.bin8, length);
  else if (length < 0x1_0000) writeHead16(Format.bin16, length);
  else writeHead32(Format.bin32, length);
  buffer.set(value, position);
  position += length;
}

function writeArray(value: readonly unknown[], depth: number): void {
  const length = value.length;
  writeArrayHead(length);
  for (let index = 0; index < length; index++) {
    trail[depth] = index;
    writeValue(value[index], depth + 1);
  }
}

function writeArrayHead(length: number): void {
  reserve(5);
  if (length < 16) buffer[position++] = Format.fixarray | length;
  else if (length < 0x1_0000) writeHead16(Format.array16, length);
  else writeHead32(Format.array32, length);
}

function writeMapHead(length: number): void {
  reserve(5);
  if (length < 16) buffer[position++] = Format.fixmap | length;
  else if (length < 0x1_0000) writeHead16(Format.map16, length);
  else writeHead32(Format.map32, length);
}

function writeRecord(record: Readonly<Record<string, unknown>>, depth: number): void {
  const keys = sortKeys(Object.keys(record));
  let length = keys.length;
  writeMapHead(length);
  const head = position - 1;
  for (const key of keys) {
    trail[depth] = key;
    const value = record[key];
    if (value === undefined) {
      length--;
      continue;
    }
    if (key === '__proto__') throw new NoEncoding(depth + 1, PROTO_PROBLEM);
    writeString(key, depth + 1);
    writeValue(value, depth + 1);
  }
  if (length !== keys.length) shortenMapHead(head, keys.length, length);
}

/** Some fields were undefined: the head that ends at `last` counted them. */
function shortenMapHead(last: number, counted: number, length: number): void {
  const room = counted < 16 ? 1 : counted < 0x1_0000 ? 3 : 5;
  const head = length < 16 ? 1 : length < 0x1_0000 ? 3 : 5;
  const start = last + 1 - room;
  if (head !== room) buffer.copyWithin(start + head, start + room, position);
  const end = position - room + head;
  position = start;
  writeMapHead(length);
  position = end;
}

/** The timestamp extension of the MessagePack specification, in the shortest of its forms. */
function writeDate(value: Date, depth: number): void {
  const time = value.getTime();
  if (Number.isNaN(time)) throw new NoEncoding(depth, INVALID_DATE_PROBLEM);
  const seconds = Math.floor(time / 1000);
  const nanoseconds = (time - seconds * 1000) * 1_000_000;
  reserve(15);
  if (nanoseconds === 0 && seconds >= 0 && seconds < TWO_32) {
    writeExtensionHead(EXTENSION.timestamp, 4);
    view.setUint32(position, seconds);
    position += 4;
  } else if (seconds >= 0 && seconds < 4 * TWO_32) {
    writeExtensionHead(EXTENSION.timestamp, 8);
    view.setUint32(position, nanoseconds * 4 + Math.floor(seconds / TWO_32));
    view.setUint32(position + 4, seconds % TWO_32);
    position += 8;
  } else {
    writeExtensionHead(EXTENSION.timestamp, 12);
    const high = Math.floor(seconds / TWO_32);
    view.setUint32(position, nanoseconds);
    view.setUint32(position + 4, high);
    view.setUint32(position + 8, seconds - high * TWO_32);
    position += 12;
  }
}

/** Head of an extension; six bytes at most. */
function writeExtensionHead(type: number, length: number): void {
  reserve(6);
  const fixed = [1, 2, 4, 8, 16].indexOf(length);
  if (fixed >= 0) buffer[position++] = Format.fixext1 + fixed;
  else if (length < 0x100) writeHead8(Format.ext8, length);
  else if (length < 0x1_0000) writeHead16(Format.ext16, length);
  else writeHead32(Format.ext32, length);
  buffer[position++] = type;
}

/** An array of the elements in the order of their bytes. */
function writeSet(value: ReadonlySet<unknown>, depth: number): void {
  const elements: Uint8Array[] = [];
  for (const element of value) {
    trail[depth] = elements.length;
    elements.push(encodeApart(element, depth + 1));
  }
  elements.sort(compareBytes);
  refuseEqual(elements, depth);
  writeCollection(EXTENSION.set, elements.length, elements, writeArrayHead);
}

/** A map with keys of any kind, in the order of their bytes. */
function writeMap(value: ReadonlyMap<unknown, unknown>, depth: number): void {
  const entries: { key: Uint8Array; value: Uint8Array }[] = [];
  for (const [key, held] of value) {
    trail[depth] = entries.length;
    entries.push({ key: encodeApart(key, depth + 1), value: encodeApart(held, depth + 1) });
  }
  entries.sort((left, right) => compareBytes(left.key, right.key));
  refuseEqual(
    entries.map((entry) => entry.key),
    depth,
  );
  const parts = entries.flatMap((entry) => [entry.key, entry.value]);
  writeCollection(EXTENSION.map, entries.length, parts, writeMapHead);
}

function encodeApart(value: unknown, depth: number): Uint8Array {
  const start = position;
  writeValue(value, depth);
  const bytes = buffer.slice(start, position);
  position = start;
  return bytes;
}

function refuseEqual(sorted: readonly Uint8Array[], depth: number): void {
  for (let index = 1; index < sorted.length; index++) {
    if (compareBytes(sorted[index - 1]!, sorted[index]!) === 0) {
      throw new NoEncoding(depth, EQUAL_ELEMENTS_PROBLEM);
    }
  }
}

function writeCollection(
  type: number,
  length: number,
  parts: readonly Uint8Array[],
  writeHead: (n: number) => void,
): void {
  const head = length < 16 ? 1 : length < 0x1_0000 ? 3 : 5;
  const bytes = parts.reduce((sum, part) => sum + part.length, head);
  writeExtensionHead(type, bytes);
  writeHead(length);
  reserve(bytes);
  for (const part of parts) {
    buffer.set(part, position);
    position += part.length;
  }
}
