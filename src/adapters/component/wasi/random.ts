/**
 * `wasi:random`: numbers that are derived from a seed. Block n of an interface is the SHA-256 of the interface's name,
 * a zero byte, the seed, a zero byte and n as a big-endian u32. The bytes of the blocks are used in order.
 */
import { sha256 } from '../../../core/storage/sha256.ts';
import { Trap } from '../errors.ts';
import type { InterfacesOf } from './grantable.ts';
import { MAX_RANDOM_BYTES } from './limits.ts';

const encoder = new TextEncoder();
const NOTHING = new Uint8Array(0);

class RandomBytes {
  readonly #name: string;
  #seed: string;
  /** The beginning of each block. It is computed with the first block, because most calls need no random numbers. */
  #prefix: Uint8Array | undefined;
  #blocks = 0;
  #rest: Uint8Array = NOTHING;

  constructor(name: string, seed: string) {
    this.#name = name;
    this.#seed = seed;
  }

  restart(seed: string): void {
    this.#seed = seed;
    this.#prefix = undefined;
    this.#blocks = 0;
    this.#rest = NOTHING;
  }

  take(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    for (let at = 0; at < count; ) {
      if (this.#rest.length === 0) this.#rest = this.#nextBlock();
      const taken = this.#rest.subarray(0, count - at);
      bytes.set(taken, at);
      at += taken.length;
      this.#rest = this.#rest.subarray(taken.length);
    }
    return bytes;
  }

  takeU64(): bigint {
    return new DataView(this.take(8).buffer).getBigUint64(0);
  }

  #nextBlock(): Uint8Array {
    const prefix = (this.#prefix ??= encoder.encode(`${this.#name}\0${this.#seed}\0`));
    const content = new Uint8Array(prefix.length + 4);
    content.set(prefix);
    new DataView(content.buffer).setUint32(prefix.length, this.#blocks++);
    return sha256(content);
  }
}

/**
 * The three interfaces of `wasi:random`. Each has its own numbers, and those of `insecure-seed` are always the same.
 */
export class VirtualRandom {
  readonly #random: RandomBytes;
  readonly #insecure: RandomBytes;

  constructor(seed: string) {
    this.#random = new RandomBytes('wasi:random/random', seed);
    this.#insecure = new RandomBytes('wasi:random/insecure', seed);
  }

  restart(seed: string): void {
    this.#random.restart(seed);
    this.#insecure.restart(seed);
  }

  interfaces(): InterfacesOf<'random'> {
    const [random, insecure] = [this.#random, this.#insecure];
    return {
      'wasi:random/random': {
        getRandomBytes: (length: bigint): Uint8Array => random.take(countOf(length)),
        getRandomU64: (): bigint => random.takeU64(),
      },
      'wasi:random/insecure': {
        getInsecureRandomBytes: (length: bigint): Uint8Array => insecure.take(countOf(length)),
        getInsecureRandomU64: (): bigint => insecure.takeU64(),
      },
      'wasi:random/insecure-seed': {
        // A language runtime reads the seed once, when it first creates a hash map. If the seed depended on the
        // command, the order of a map would depend on which command an instance decided first.
        insecureSeed: (): [bigint, bigint] => {
          const constant = new RandomBytes('wasi:random/insecure-seed', '');
          return [constant.takeU64(), constant.takeU64()];
        },
      },
    };
  }
}

function countOf(length: bigint): number {
  if (length > MAX_RANDOM_BYTES)
    throw new Trap(`the guest requested ${length} random bytes in one call; at most ${MAX_RANDOM_BYTES} are allowed`);
  return Number(length);
}
