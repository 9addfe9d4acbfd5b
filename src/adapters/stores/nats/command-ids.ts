/**
 * The command ids of all commits, in memory: 8 to 16 bytes for each. A table finds the sequence numbers of the commits
 * whose ids have the same 32 bits as an id. The caller compares the whole id with the id in the message, so a collision
 * costs only one more request.
 */
import { mixBits } from '../../../core/storage/mix-bits.ts';
import { hexDigit } from '../../../core/uuid.ts';

const FIRST_SLOTS = 1_024;
/** The content of an empty slot. It is not a sequence number, because these begin at 1. */
const EMPTY = 0;

export class CommandIds {
  #keys = new Uint32Array(FIRST_SLOTS);
  #sequences = new Uint32Array(FIRST_SLOTS);
  #count = 0;
  /** Senders choose ids, so they must not be able to predict which ids share a slot. */
  readonly #seed = Math.trunc(Math.random() * 2 ** 32) >>> 0;

  get size(): number {
    return this.#count;
  }

  /** Returns the sequence numbers of the commits that may have this id. */
  find(id: IdBits): readonly number[] {
    const key = this.#key(id);
    const mask = this.#keys.length - 1;
    let found: number[] | undefined;
    for (let slot = slotOf(key, mask); this.#sequences[slot] !== EMPTY; slot = (slot + 1) & mask) {
      if (this.#keys[slot] === key) (found ??= []).push(this.#sequences[slot]!);
    }
    return found ?? NONE;
  }

  add(id: IdBits, sequence: number): void {
    if (sequence >= 2 ** 32)
      throw new RangeError('the index of command ids is full at 4,294,967,295 messages; append to another store');
    if (2 * (this.#count + 1) > this.#keys.length) this.#grow();
    this.#count++;
    this.#place(this.#key(id), sequence);
  }

  #place(key: number, sequence: number): void {
    const mask = this.#keys.length - 1;
    let slot = slotOf(key, mask);
    while (this.#sequences[slot] !== EMPTY) slot = (slot + 1) & mask;
    this.#keys[slot] = key;
    this.#sequences[slot] = sequence;
  }

  #grow(): void {
    const [keys, sequences] = [this.#keys, this.#sequences];
    this.#keys = new Uint32Array(keys.length * 2);
    this.#sequences = new Uint32Array(keys.length * 2);
    for (let slot = 0; slot < keys.length; slot++) {
      if (sequences[slot] !== EMPTY) this.#place(keys[slot]!, sequences[slot]!);
    }
  }

  #key({ low, high }: IdBits): number {
    return mixBits(mixBits(this.#seed ^ low) ^ high) >>> 0;
  }
}

const NONE: readonly number[] = Object.freeze([]);

/** The last 64 bits of an id. In many ids, the first bits are a time. */
export interface IdBits {
  readonly low: number;
  readonly high: number;
}

/** Returns the last 64 bits of an id. @param uuid in lower-case text. */
export function idBits(uuid: string): IdBits {
  return {
    high: (digits(uuid, 19, 4) << 16) | digits(uuid, 24, 4),
    low: (digits(uuid, 28, 4) << 16) | digits(uuid, 32, 4),
  };
}

function digits(text: string, from: number, count: number): number {
  let value = 0;
  for (let at = from; at < from + count; at++) value = (value << 4) | hexDigit(text.charCodeAt(at));
  return value;
}

/** Returns the slot of a key. The slot does not depend on the bits by which neighbours are compared. */
function slotOf(key: number, mask: number): number {
  return Math.imul(key, 0x9e3779b1) & mask;
}
