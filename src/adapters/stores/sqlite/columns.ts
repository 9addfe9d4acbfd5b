/**
 * Checks the values of columns when they are read. The schema fixes their types, but a damaged page can contain
 * anything. Without the check, a wrong type would cause a wrong value or an error without a code.
 */

import { HASH_BYTES } from '../../../core/storage/chain.ts';
import { hexDigit, writeUuid } from '../../../core/uuid.ts';
import { damage } from './failures.ts';

/** Checks a revision, a position, a count, an id or a time. */
export function wholeNumber(value: unknown, column: string): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw damage(`${column} is not an integer`);
}

export function optionalNumber(value: unknown, column: string): number | undefined {
  return value === null ? undefined : wholeNumber(value, column);
}

export function text(value: unknown, column: string): string {
  if (typeof value === 'string') return value;
  throw damage(`${column} is not a string`);
}

export function optionalText(value: unknown, column: string): string | undefined {
  return value === null ? undefined : text(value, column);
}

/**
 * Converts bytes to a plain Uint8Array. The driver returns a Buffer, whose `slice` does not copy, and which is not
 * deeply equal to a Uint8Array.
 */
export function bytes(value: unknown, column: string, length?: number): Uint8Array {
  if (!(value instanceof Uint8Array)) throw damage(`${column} is not binary`);
  if (length !== undefined && value.length !== length) throw damage(`${column} does not have ${length} bytes`);
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
}

/** Returns the bytes of a payload, which the queries select as hexadecimal digits if it is small. */
export function payloadBytes(value: unknown, column: string): Uint8Array {
  return typeof value === 'string' ? hexBytes(value) : bytes(value, column);
}

/** Returns the bytes of a hash from its hexadecimal digits. */
export function hashBytes(hexadecimal: unknown, column: string): Uint8Array {
  if (typeof hexadecimal === 'string' && hexadecimal.length === 2 * HASH_BYTES) return hexBytes(hexadecimal);
  throw damage(`${column} does not have ${HASH_BYTES} bytes`);
}

/** Returns the 16 bytes of a UUID. */
export function uuidBytes(uuid: string, into: Uint8Array = new Uint8Array(16)): Uint8Array {
  writeUuid(uuid, into, 0);
  return into;
}

/** Returns the string form of a UUID, from its hexadecimal digits in either case. */
export function uuidText(hexadecimal: unknown, column: string): string {
  if (typeof hexadecimal !== 'string' || hexadecimal.length !== 32) throw damage(`${column} is not a UUID`);
  const hex = hexadecimal.toLowerCase();
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function hexBytes(hex: string): Uint8Array {
  const decoded = new Uint8Array(hex.length / 2);
  for (let byte = 0, at = 0; byte < decoded.length; byte++, at += 2) {
    decoded[byte] = (hexDigit(hex.charCodeAt(at)) << 4) | hexDigit(hex.charCodeAt(at + 1));
  }
  return decoded;
}
