/**
 * The command ids of old commits in blocks, so that a process that starts need not read all commits. A block has the
 * last 64 bits of the id of each of 16,384 messages in the order of their numbers, and zeros for the parts of large
 * commits. Its content follows from the stream of commits alone, so two processes that write the same block write the
 * same bytes.
 */
import type { IdBits } from './command-ids.ts';
import type { StateValues } from './state-values.ts';
import type { Subjects } from './subjects.ts';

/**
 * The number of messages of one block. A block has 128 KiB, so it fits into one message with any usual `max_payload`.
 */
export const SEGMENT = 16_384;
/** The bytes of an id in a block. */
export const BITS_BYTES = 8;

export class IdSegments {
  readonly #subjects: Subjects;
  readonly #values: StateValues;

  constructor(subjects: Subjects, values: StateValues) {
    this.#subjects = subjects;
    this.#values = values;
  }

  /**
   * Reads the blocks in order, up to the first missing block.
   *
   * @param take called with the id of each message.
   * @returns the number of the last message.
   */
  async read(take: (id: IdBits, sequence: number) => void): Promise<number> {
    const blocks = await this.#blocks();
    for (const [segment, view] of blocks.entries()) {
      for (let index = 0; index < SEGMENT; index++) {
        const id = idAt(view, index);
        if (id.high !== 0 || id.low !== 0) take(id, segment * SEGMENT + index + 1);
      }
    }
    return blocks.length * SEGMENT;
  }

  /** Reads the blocks. Returns a function that returns the id of a message, or `undefined` if no block has it. */
  async load(): Promise<(sequence: number) => IdBits | undefined> {
    const blocks = await this.#blocks();
    return (sequence) => {
      const view = blocks[Math.floor((sequence - 1) / SEGMENT)];
      return view === undefined ? undefined : idAt(view, (sequence - 1) % SEGMENT);
    };
  }

  async #blocks(): Promise<readonly DataView[]> {
    const found = new Map<number, Uint8Array>();
    for (const { record, bytes } of await this.#values.list(this.#subjects.state('ids', '*'))) {
      found.set((record as { segment: number }).segment, bytes);
    }
    const blocks: DataView[] = [];
    for (let bytes = found.get(0); bytes?.length === SEGMENT * BITS_BYTES; bytes = found.get(blocks.length)) {
      blocks.push(new DataView(bytes.buffer, bytes.byteOffset));
    }
    return blocks;
  }

  /** Writes a block whose messages are all stored, unless the block exists already. */
  async write(segment: number, bytes: Uint8Array): Promise<void> {
    const subject = this.#subjects.state('ids', String(segment));
    if ((await this.#values.get(subject)).value !== undefined) return;
    await this.#values.write([{ subject, guard: 0, record: { segment }, bytes }]);
  }
}

function idAt(view: DataView, index: number): IdBits {
  return { high: view.getInt32(index * BITS_BYTES), low: view.getInt32(index * BITS_BYTES + 4) };
}
