/** Checks the values of columns as they are read. The driver returns each value as text. */
import { Buffer } from 'node:buffer';
import { damage } from './failures.ts';

/** The text of a column. A NULL column is null. */
export type Column = string | null | undefined;

/** Reads a count, a revision, an index or a time. */
export function wholeNumber(value: Column, column: string): number {
  const number = value === null || value === undefined ? Number.NaN : Number(value);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw damage(`${column} is not a whole number`);
}

/** Reads a position or a revision. */
export function integer(value: Column, column: string): bigint {
  if (value === null || value === undefined || !/^\d+$/.test(value)) throw damage(`${column} is not a whole number`);
  return BigInt(value);
}

export function optionalInteger(value: Column, column: string): bigint | undefined {
  return value === null || value === undefined ? undefined : integer(value, column);
}

export function text(value: Column, column: string): string {
  if (typeof value === 'string') return value;
  throw damage(`${column} is not text`);
}

/**
 * Reads bytes in either format of bytea. A database or a role can have the setting `bytea_output = escape`, and a
 * pooler does not let a client change it.
 */
export function bytes(value: Column, column: string, length?: number): Uint8Array {
  if (typeof value !== 'string') throw damage(`${column} is not binary`);
  const buffer = value.startsWith('\\x') ? Buffer.from(value.slice(2), 'hex') : unescaped(value);
  if (length !== undefined && buffer.length !== length) throw damage(`${column} does not have ${length} bytes`);
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

/**
 * Reads the escape format: a backslash is doubled, and bytes that are not printable are three octal digits after one.
 */
function unescaped(value: string): Buffer {
  const plain = value.replaceAll(/\\(?:\\|[0-3][0-7]{2})/g, (found) =>
    found === '\\\\' ? '\\' : String.fromCharCode(Number.parseInt(found.slice(1), 8)),
  );
  return Buffer.from(plain, 'latin1');
}

/**
 * Converts a string to one that PostgreSQL can store, because text in PostgreSQL cannot contain NUL. NUL becomes U+0001
 * U+0001, and U+0001 becomes U+0001 U+0002, which keeps the order of the strings. Other strings are unchanged.
 */
export function storable(text: string): string {
  return CONTROLS.test(text) ? text.replaceAll('\u0001', '\u0001\u0002').replaceAll('\0', '\u0001\u0001') : text;
}

/** Converts the result of {@link storable} back. */
export function restored(stored: string): string {
  if (!stored.includes('\u0001')) return stored;
  return stored.replaceAll('\u0001\u0001', '\0').replaceAll('\u0001\u0002', '\u0001');
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these two characters are the subject
const CONTROLS = /[\0\u0001]/;

/**
 * Returns the parameter for a category that a caller requests. Names of streams have no NUL and are stored as they are,
 * and so are their categories. A name with NUL is replaced by one that no category has.
 */
export function categoryParameter(category: string): string {
  return category.includes('\0') ? '-' : category;
}
