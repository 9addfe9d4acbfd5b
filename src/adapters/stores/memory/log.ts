/**
 * Stores commits one after another in blocks of bytes. A commit is stored as the previous hash in its stream, its
 * canonical content, and its own hash. Twenty small objects for each commit would cost more than its hash, because the
 * garbage collector moves all live objects. It never scans the bytes of blocks.
 */

/** The size of a block in bytes. A commit that is larger than an eighth of it has a separate block. */
const BLOCK = 65_536;

export class Log {
  readonly #blocks: Uint8Array[] = [];
  /** The index of the block that is being filled. */
  #filling = -1;
  #end = BLOCK;

  /** Stores a copy of a commit. @returns its address. */
  add(chained: Uint8Array, hash: Uint8Array): number {
    const size = chained.length + hash.length;
    if (size > BLOCK / 8) {
      const own = new Uint8Array(size);
      own.set(chained);
      own.set(hash, chained.length);
      return (this.#blocks.push(own) - 1) * BLOCK;
    }
    if (this.#end + size > BLOCK) {
      this.#filling = this.#blocks.push(new Uint8Array(BLOCK)) - 1;
      this.#end = 0;
    }
    const block = this.#blocks[this.#filling]!;
    const start = this.#end;
    block.set(chained, start);
    block.set(hash, start + chained.length);
    this.#end = start + size;
    return this.#filling * BLOCK + start;
  }

  /** Returns the block that contains an address. */
  block(address: number): Uint8Array {
    return this.#blocks[Math.floor(address / BLOCK)]!;
  }

  /** Returns the offset of an address in its block. */
  offset(address: number): number {
    return address % BLOCK;
  }
}
