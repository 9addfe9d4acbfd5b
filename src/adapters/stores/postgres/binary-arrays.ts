/**
 * Arrays in the binary format of PostgreSQL's protocol (`array_recv`). The driver writes an array as text, in which
 * each byte of a payload takes two digits. It sends a Buffer unchanged, so an array in a Buffer needs half as many
 * bytes and is not parsed.
 */
import { Buffer } from 'node:buffer';
import { writeUuid } from '../../../core/uuid.ts';

/** The object ids of the element types (pg_type.dat). */
const BYTEA = 17;
const INT8 = 20;
const INT4 = 23;
const TEXT = 25;
const UUID = 2950;

const HEADER = 20;

function header(buffer: Buffer, type: number, length: number): number {
  buffer.writeInt32BE(1, 0); // dimensions
  buffer.writeInt32BE(0, 4); // no nulls
  buffer.writeInt32BE(type, 8);
  buffer.writeInt32BE(length, 12);
  buffer.writeInt32BE(1, 16); // the first index
  return HEADER;
}

function emptyArray(type: number): Buffer {
  const buffer = Buffer.alloc(12);
  buffer.writeInt32BE(type, 8);
  return buffer;
}

export function byteaArray(items: readonly Uint8Array[]): Buffer {
  if (items.length === 0) return emptyArray(BYTEA);
  const buffer = Buffer.allocUnsafe(items.reduce((size, { length }) => size + 4 + length, HEADER));
  let at = header(buffer, BYTEA, items.length);
  for (const item of items) {
    at = buffer.writeInt32BE(item.length, at);
    buffer.set(item, at);
    at += item.length;
  }
  return buffer;
}

export function textArray(items: readonly string[]): Buffer {
  if (items.length === 0) return emptyArray(TEXT);
  const buffer = Buffer.allocUnsafe(items.reduce((size, item) => size + 4 + Buffer.byteLength(item), HEADER));
  let at = header(buffer, TEXT, items.length);
  for (const item of items) {
    const length = buffer.write(item, at + 4);
    buffer.writeInt32BE(length, at);
    at += 4 + length;
  }
  return buffer;
}

export function uuidArray(items: readonly string[]): Buffer {
  if (items.length === 0) return emptyArray(UUID);
  const buffer = Buffer.allocUnsafe(HEADER + items.length * 20);
  let at = header(buffer, UUID, items.length);
  for (const item of items) {
    at = buffer.writeInt32BE(16, at);
    writeUuid(item, buffer, at);
    at += 16;
  }
  return buffer;
}

export function int4Array(items: readonly number[]): Buffer {
  if (items.length === 0) return emptyArray(INT4);
  const buffer = Buffer.allocUnsafe(HEADER + items.length * 8);
  let at = header(buffer, INT4, items.length);
  for (const item of items) {
    at = buffer.writeInt32BE(4, at);
    at = buffer.writeInt32BE(item, at);
  }
  return buffer;
}

export function int8Array(items: readonly bigint[]): Buffer {
  if (items.length === 0) return emptyArray(INT8);
  const buffer = Buffer.allocUnsafe(HEADER + items.length * 12);
  let at = header(buffer, INT8, items.length);
  for (const item of items) {
    at = buffer.writeInt32BE(8, at);
    at = buffer.writeBigInt64BE(item, at);
  }
  return buffer;
}
