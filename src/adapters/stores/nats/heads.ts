/**
 * The ends of the streams that were read or written most recently. A head may be outdated, so the server checks it when
 * a commit is stored.
 */
import type { Head } from './commit-message.ts';

const MOST_HEADS = 20_000;

export class Heads {
  readonly #heads = new Map<string, Head>();

  get(stream: string): Head | undefined {
    return this.#heads.get(stream);
  }

  /** Keeps a head, unless a later head of the stream is known. */
  set(stream: string, head: Head): void {
    const known = this.#heads.get(stream);
    if (known !== undefined && known.sequence > head.sequence) return;
    // A map keeps the order of insertion, so the first head is the one that was used least recently.
    this.#heads.delete(stream);
    this.#heads.set(stream, head);
    if (this.#heads.size > MOST_HEADS) for (const [oldest] of this.#heads.entries().take(1)) this.#heads.delete(oldest);
  }

  delete(stream: string): void {
    this.#heads.delete(stream);
  }
}
