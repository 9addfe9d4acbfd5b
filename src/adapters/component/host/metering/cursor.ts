/** Reads a core module without checks, because the loader or the engine has already validated it. */

export class Cursor {
  readonly bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  byte(): number {
    return this.bytes[this.at++]!;
  }

  /** Reads an unsigned LEB128 of up to 32 bits. */
  unsigned(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      // After the end, the byte is undefined, and the loop must end.
      if (!(byte >= 0x80)) return value;
    }
  }

  /** Reads an unsigned LEB128 of up to 64 bits. */
  unsigned64(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (!(byte >= 0x80)) return value;
    }
  }

  /** Skips any LEB128. */
  skipNumber(): void {
    while (this.byte() >= 0x80);
  }

  skip(count: number): void {
    this.at += count;
  }

  /** Calls `each` once for each element of the vector at the cursor. */
  repeat(each: () => void): void {
    for (let count = this.unsigned(); count > 0; count--) each();
  }

  skipName(): void {
    this.skip(this.unsigned());
  }

  /**
   * Returns whether the name at the cursor begins with an ASCII string. Afterwards the cursor may be at any position in
   * the name.
   */
  startsWithName(text: string): boolean {
    if (this.unsigned() < text.length) return false;
    for (let index = 0; index < text.length; index++) if (this.byte() !== text.charCodeAt(index)) return false;
    return true;
  }

  /** Skips a `valtype`, `storagetype` or `reftype`: one byte, or a byte and a heap type. */
  skipValueType(): void {
    const byte = this.byte();
    if (byte === 0x63 || byte === 0x64) this.skipNumber();
  }

  /** Returns the bytes over which `skip` moves the cursor. */
  taken(skip: () => void): Uint8Array {
    const start = this.at;
    skip();
    return this.bytes.subarray(start, this.at);
  }
}

export function unsignedBytes(value: number | bigint): number[] {
  const bytes: number[] = [];
  let rest = BigInt(value);
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return bytes;
}

export function signedBytes(value: number | bigint): number[] {
  const bytes: number[] = [];
  for (let rest = BigInt(value); ; ) {
    const byte = Number(rest & 0x7fn);
    rest >>= 7n;
    const isLast = (rest === 0n && (byte & 0x40) === 0) || (rest === -1n && (byte & 0x40) !== 0);
    bytes.push(isLast ? byte : byte | 0x80);
    if (isLast) return bytes;
  }
}
