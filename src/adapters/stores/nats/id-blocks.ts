/**
 * The command ids of the newest commits, in the blocks that a process writes when they are complete (id-segments.ts).
 * The process collects them as it learns of the commits, so it reads no message again.
 */
import type { IdBits } from './command-ids.ts';
import { BITS_BYTES, SEGMENT } from './id-segments.ts';

/** A block with the ids of all of its messages. */
export interface CompleteBlock {
  readonly segment: number;
  readonly bytes: Uint8Array;
}

export class IdBlocks {
  readonly #blocks = new Map<number, DataView>();
  /** The number of the first block that is not complete. */
  #next = 0;

  /** Adds the id of a message. */
  set({ high, low }: IdBits, sequence: number): void {
    const segment = Math.floor((sequence - 1) / SEGMENT);
    if (segment < this.#next) return;
    const view = this.#blocks.get(segment) ?? this.#begin(segment);
    const at = ((sequence - 1) % SEGMENT) * BITS_BYTES;
    view.setInt32(at, high);
    view.setInt32(at + 4, low);
  }

  /** Drops the blocks whose messages end at this sequence number or before it, because they are stored. */
  skipTo(sequence: number): void {
    this.#next = Math.floor(sequence / SEGMENT);
    for (const segment of this.#blocks.keys()) if (segment < this.#next) this.#blocks.delete(segment);
  }

  /** Removes and returns the blocks that are complete because all messages up to this one were added. */
  takeUpTo(sequence: number): readonly CompleteBlock[] {
    if (sequence < (this.#next + 1) * SEGMENT) return NONE;
    const complete: CompleteBlock[] = [];
    for (; (this.#next + 1) * SEGMENT <= sequence; this.#next++) {
      const view = this.#blocks.get(this.#next) ?? this.#begin(this.#next);
      this.#blocks.delete(this.#next);
      complete.push({ segment: this.#next, bytes: new Uint8Array(view.buffer) });
    }
    return complete;
  }

  #begin(segment: number): DataView {
    const view = new DataView(new ArrayBuffer(SEGMENT * BITS_BYTES));
    this.#blocks.set(segment, view);
    return view;
  }
}

const NONE: readonly CompleteBlock[] = Object.freeze([]);
