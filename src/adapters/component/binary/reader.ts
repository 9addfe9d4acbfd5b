import { remember } from '../engine/name-cache.ts';
import { MalformedError } from '../errors.ts';
import { maxNameLength } from '../limits.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const nothing: readonly never[] = [];

/**
 * The maximum length of a list that is allocated before its elements are read. A hostile input may announce any number
 * of elements.
 */
const shortList = 64;

/** Recently decoded names, by a hash of their bytes. */
const names = new Map<number, { readonly name: string; readonly bytes: Uint8Array }>();

/**
 * Reads one range of the input. Every read names its subject, stays inside the range, and fails with the absolute
 * offset in the input. Readers of nested ranges share the bytes, so nothing is copied.
 */
export class Reader {
  readonly bytes: Uint8Array<ArrayBuffer>;
  position: number;
  readonly end: number;

  constructor(bytes: Uint8Array<ArrayBuffer>, position: number = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.position = position;
    this.end = end;
  }

  fail(message: string, offset: number = this.position): never {
    throw new MalformedError(message, offset);
  }

  /** Throws the error for the byte before the position, which the grammar does not allow. */
  badByte(what: string, byte: number, offset: number = this.position - 1): never {
    throw new MalformedError(`invalid leading byte (0x${byte.toString(16)}) for ${what}`, offset);
  }

  #endOfFile(what: string): never {
    throw new MalformedError(`unexpected end-of-file while reading ${what}`, this.position);
  }

  get done(): boolean {
    return this.position >= this.end;
  }

  u8(what: string): number {
    if (this.position >= this.end) this.#endOfFile(what);
    return this.bytes[this.position++] as number;
  }

  /** Reads a byte that must be `expected`. */
  byte(what: string, expected: number): void {
    const byte = this.u8(what);
    if (byte !== expected) this.badByte(what, byte);
  }

  peek(what: string): number {
    if (this.position >= this.end) this.#endOfFile(what);
    return this.bytes[this.position] as number;
  }

  /** Reads a `u32`. Source: *WebAssembly 3.0*, "Binary Format / Values / Integers". */
  u32(what: string): number {
    const byte = this.u8(what);
    return byte < 0x80 ? byte : this.#u32Rest(what, byte & 0x7f);
  }

  #u32Rest(what: string, low: number): number {
    let value = low;
    for (let shift = 7; shift < 35; shift += 7) {
      const byte = this.u8(what);
      if (shift === 28 && byte > 0x0f) {
        this.fail(
          `${byte > 0x7f ? 'integer representation too long' : 'integer too large'} for ${what}`,
          this.position - 1,
        );
      }
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    return value;
  }

  /** Reads `u64`, for the limits of 64-bit memories and tables. */
  u64(what: string): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.u8(what);
      if (shift === 63n && byte > 1) {
        this.fail(
          `${byte > 0x7f ? 'integer representation too long' : 'integer too large'} for ${what}`,
          this.position - 1,
        );
      }
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }

  /** Reads a nonnegative `s33`, which is a type index. A negative number would be the opcode of a type. */
  index33(what: string): number {
    const offset = this.position;
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.u8(what);
      if (shift === 28 && byte > 0x0f) this.fail(`integer too large for ${what}`, offset);
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) {
        if ((byte & 0x40) !== 0 && shift < 28) this.badByte(what, byte, offset);
        break;
      }
    }
    return value;
  }

  /** Skips a LEB128 number of up to 64 bits. */
  skipLeb(what: string): void {
    for (let count = 0; this.u8(what) > 0x7f; ) {
      if (++count >= 10) this.fail(`integer representation too long for ${what}`);
    }
  }

  skip(length: number, what: string): void {
    if (length > this.end - this.position) this.#endOfFile(what);
    this.position += length;
  }

  /** Reads a flag, which is `0x00` or `0x01`. */
  flag(what: string): boolean {
    const byte = this.u8(what);
    if (byte > 1) this.fail(`invalid boolean value (0x${byte.toString(16)}) for ${what}`, this.position - 1);
    return byte === 1;
  }

  /** Reads the first byte of a `<T>?`. Returns whether a `T` follows. */
  optional(what: string): boolean {
    const byte = this.u8(what);
    if (byte > 1) this.badByte(what, byte);
    return byte === 1;
  }

  /** Reads a `core:name`, which is a length and that many bytes of UTF-8. */
  name(what: string): string {
    const start = this.position;
    const length = this.u32(what);
    if (length > maxNameLength) this.fail(`${what} is longer than ${maxNameLength} bytes`, start);
    const from = this.position;
    this.skip(length, what);
    let hash = length;
    // The hash is over at most 16 bytes, including the last one.
    const step = (length >> 4) + 1;
    for (let at = this.position - 1; at >= from; at -= step) hash = (Math.imul(hash, 31) + this.bytes[at]!) | 0;
    const known = names.get(hash);
    if (known !== undefined && this.#isAt(from, known.bytes)) return known.name;
    const bytes = this.bytes.slice(from, this.position);
    try {
      const name = utf8.decode(bytes);
      remember(names, hash, { name, bytes }, length);
      return name;
    } catch {
      return this.fail(`malformed UTF-8 encoding of ${what}`, from);
    }
  }

  /** Returns whether the bytes from `from` up to the position are equal to `bytes`. */
  #isAt(from: number, bytes: Uint8Array): boolean {
    const { length } = bytes;
    if (length !== this.position - from) return false;
    for (let index = 0; index < length; index++) if (bytes[index] !== this.bytes[from + index]) return false;
    return true;
  }

  /** Reads the length of a `vec`, which is at most `max`. Each element has at least one byte. */
  count(what: string, max: number): number {
    const offset = this.position;
    const count = this.u32(what);
    if (count > max) {
      if (count > this.end - this.position) this.#endOfFile(what);
      this.fail(`the number of ${what} exceeds ${max}`, offset);
    }
    if (count > this.end - this.position) this.#endOfFile(what);
    return count;
  }

  /** Reads a `vec(B)`. */
  vec<Element>(what: string, max: number, element: (reader: Reader) => Element): readonly Element[] {
    const count = this.count(what, max);
    if (count === 0) return nothing;
    // A short list is created with its final length, because the first `push` allocates seventeen elements.
    const list = count > shortList ? [] : new Array<Element>(count);
    for (let index = 0; index < count; index++) list[index] = element(this);
    return list;
  }

  /** Reads a length. Returns a reader of that many bytes, which this reader skips. */
  sized(what: string): Reader {
    const length = this.u32(what);
    const from = this.position;
    this.skip(length, what);
    return new Reader(this.bytes, from, this.position);
  }

  /** Returns a view of the bytes from `from` up to the position. */
  since(from: number): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(from, this.position);
  }
}
