/** Reading a core module that the loader or the engine has accepted: nothing has to be checked again, only found. */

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

  /** An unsigned LEB128 of up to 32 bits. */
  unsigned(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      // Behind the end there is no byte, and no end to look for.
      if (!(byte >= 0x80)) return value;
    }
  }

  /** An unsigned LEB128 of up to 64 bits. */
  unsigned64(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (!(byte >= 0x80)) return value;
    }
  }

  /** Any LEB128. */
  skipNumber(): void {
    while (this.byte() >= 0x80);
  }

  skip(count: number): void {
    this.at += count;
  }

  /** Calls `each` as often as the vector at the cursor has elements. */
  repeat(each: () => void): void {
    for (let count = this.unsigned(); count > 0; count--) each();
  }

  skipName(): void {
    this.skip(this.unsigned());
  }

  /** Whether the name at the cursor begins with an ASCII text. The cursor is somewhere in the name afterwards. */
  startsWithName(text: string): boolean {
    if (this.unsigned() < text.length) return false;
    for (let index = 0; index < text.length; index++) if (this.byte() !== text.charCodeAt(index)) return false;
    return true;
  }

  /** `valtype`, `storagetype` and `reftype`: one byte, or a byte and a heap type. */
  skipValueType(): void {
    const byte = this.byte();
    if (byte === 0x63 || byte === 0x64) this.skipNumber();
  }

  /** What `skip` moves the cursor over. */
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
