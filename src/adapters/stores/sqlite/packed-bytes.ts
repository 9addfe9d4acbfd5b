/**
 * Rows as one sequence of bytes: SQLite concatenates their columns, so that the driver makes one value for a page of
 * rows instead of one for each column.
 *
 * Integers are the UTF-8 forms of `char()`, which writes several of them in one call. Blobs and texts keep their bytes
 * when they are concatenated. In a damaged file, an integer can be too large for its form, and is then read as 65,533.
 */
import { type AliasedRawBuilder, type RawBuilder, sql } from 'kysely';
import { damage } from './failures.ts';

const PART_BITS = 20;
/** The number of different parts of an integer. `char()` accepts integers up to 1,114,111. */
export const PART: number = 2 ** PART_BITS;

/** Returns the arguments of `char()` for an integer from 0 to 2^40. {@link PackedBytes.integer} reads it. */
export function parts(integer: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`(${integer}) >> ${sql.lit(PART_BITS)}, (${integer}) & ${sql.lit(PART - 1)}`;
}

/** Returns the last of the {@link parts}. */
export function lastPart(integer: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`(${integer}) & ${sql.lit(PART - 1)}`;
}

/** Concatenates the column `packed` of all rows. */
export const concatenated: AliasedRawBuilder<Uint8Array | null, 'page'> =
  sql<Uint8Array | null>`cast(group_concat(packed, '') as blob)`.as('page');

/** Reads the values of a page. The bytes that it returns are views of the page. */
export class PackedBytes {
  readonly bytes: Uint8Array;
  /** The offset of the next value. */
  at: number = 0;

  constructor(bytes: Uint8Array | null | undefined) {
    this.bytes = bytes ?? new Uint8Array();
  }

  get isAtEnd(): boolean {
    return this.at === this.bytes.length;
  }

  /** Reads an integer that is one argument of `char()`. */
  part(): number {
    const { bytes } = this;
    const first = bytes[this.at++];
    if (first === undefined) throw incomplete();
    if (first < 0x80) return first;
    let rest = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    let value = first & (0x3f >> rest);
    for (; rest > 0; rest--) value = (value << 6) | (bytes[this.at++]! & 0x3f);
    return value;
  }

  /** Reads an integer of two {@link parts}. */
  integer(): number {
    return this.part() * PART + this.part();
  }

  /** Returns the offset of the next bytes, and continues after them. */
  skip(length: number): number {
    const { at } = this;
    this.at = at + length;
    if (this.at > this.bytes.length) throw incomplete();
    return at;
  }

  view(length: number): Uint8Array {
    const { buffer, byteOffset } = this.bytes;
    return new Uint8Array(buffer, byteOffset + this.skip(length), length);
  }
}

function incomplete(): Error {
  return damage('a row does not have the expected columns');
}
