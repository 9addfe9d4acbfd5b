/** Compares the streams of a store with heads that were saved elsewhere. */
import type { StreamHead } from '../storage/stream-chain.ts';

/**
 * The heads that must still exist. If they are in the order of the store, only few of them are in memory. In other
 * orders, the skipped heads are kept in memory.
 */
export class ExpectedHeads {
  readonly #heads: AsyncIterator<StreamHead> | Iterator<StreamHead>;
  readonly #passed = new Map<string, StreamHead>();
  #hasEnded = false;

  constructor(heads: AsyncIterable<StreamHead> | Iterable<StreamHead>) {
    this.#heads = Symbol.asyncIterator in heads ? heads[Symbol.asyncIterator]() : heads[Symbol.iterator]();
  }

  /** Returns the expected head of a stream, or `undefined` if no head is expected, as for a new stream. */
  async take(stream: string): Promise<StreamHead | undefined> {
    const passed = this.#passed.get(stream);
    if (passed !== undefined) {
      this.#passed.delete(stream);
      return passed;
    }
    for (let head = await this.#next(); head !== undefined; head = await this.#next()) {
      if (head.stream === stream) return head;
      this.#passed.set(head.stream, head);
    }
    return undefined;
  }

  /** Returns a head whose stream was not taken, and for which `isExpected` returns true. */
  async missing(isExpected: (stream: string) => boolean): Promise<StreamHead | undefined> {
    for (const head of this.#passed.values()) if (isExpected(head.stream)) return head;
    for (let head = await this.#next(); head !== undefined; head = await this.#next()) {
      if (isExpected(head.stream)) return head;
    }
    return undefined;
  }

  /** Ends the reading of the heads. */
  async end(): Promise<void> {
    await this.#heads.return?.();
  }

  async #next(): Promise<StreamHead | undefined> {
    if (this.#hasEnded) return undefined;
    const { done, value } = await this.#heads.next();
    if (done === true) this.#hasEnded = true;
    return done === true ? undefined : value;
  }
}
