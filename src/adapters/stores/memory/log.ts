/**
 * Commits one behind the other in blocks of bytes, each as the chain has it: the hash of the commit before it in its
 * stream, its canonical content, and its own hash. Twenty small objects for each commit cost more than its hash, because
 * the garbage collector moves all that stays; bytes in blocks it never looks at.
 */

/** Bytes of a block; a commit of more than an eighth has a block of its own. */
const BLOCK = 65_536;

export class Log {
  readonly #blocks: Uint8Array[] = [];
  /** The block that is being filled, and how far. */
  #filling = -1;
  #end = BLOCK;

  /** Keeps a copy. @returns where it is. */
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

  /** The block that holds what is at an address. */
  block(address: number): Uint8Array {
    return this.#blocks[Math.floor(address / BLOCK)]!;
  }

  /** Where in its block it starts. */
  offset(address: number): number {
    return address % BLOCK;
  }
}
