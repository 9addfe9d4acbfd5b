/**
 * One instance serves all calls: JavaScript calls one function at a time, so that a second would serve nobody. Where it
 * traps, the next call makes a new one.
 *
 * A handle is its number in the instance, plus 2^28 for each instance before: so that a handle of an instance that is gone
 * is told from one of its successor by a comparison.
 */
import { endsInstance, isDoubtful, StaleHandle } from './failures.ts';
import { answers, type Blueprint, type Guest, type Handle, makeGuestSync } from './guest.ts';
import { HANDLES_OF_AN_INSTANCE } from './limits.ts';

export class Pool {
  readonly #blueprint: Blueprint;
  #guest: Guest | undefined;
  #base = 0;
  #failure: unknown;
  #instances = 1;

  constructor(blueprint: Blueprint, first: Guest) {
    this.#blueprint = blueprint;
    this.#guest = first;
  }

  /** How many instances there have been. */
  get instances(): number {
    return this.#instances;
  }

  /** How many handles the host holds into the instance of now. */
  get handles(): number {
    return this.#guest?.handleCount ?? 0;
  }

  /** The instance of now: a new one, where the last has trapped. @throws LinkError | Trap where it cannot start. */
  get guest(): Guest {
    return this.#guest ?? this.#replace();
  }

  /** The number of a handle in the instance of now. @throws StaleHandle where the handle's instance is gone. */
  numberOf(handle: Handle): number {
    const number = handle - this.#base;
    if (number < 0) throw new StaleHandle(handle, this.#failure);
    return number;
  }

  /**
   * What the handles of the instance of now begin with. To be read before the call that gives a number: an import that calls
   * the module back ends the instance, and what its call gives then must not be taken for a handle of the next one.
   */
  get base(): Handle {
    return this.#base;
  }

  /** The handles of a list of numbers, which is the guest's own answer where there was no instance before. */
  handlesOf(base: Handle, numbers: readonly number[]): readonly Handle[] {
    return base === 0 ? numbers : numbers.map((number) => number + base);
  }

  /** Whether the handle's instance is still there; if not, everything of it is dropped already. */
  isLive(handle: Handle): boolean {
    return this.#guest !== undefined && handle >= this.#base;
  }

  /** Takes note of what a call threw, and gives back what it means. */
  failed(thrown: unknown): unknown {
    const guest = this.#guest;
    if (guest === undefined) return thrown;
    const error = guest.explain(thrown);
    if (endsInstance(error) || (isDoubtful(error) && !answers(guest))) {
      this.#guest = undefined;
      this.#failure = error;
      this.#base += HANDLES_OF_AN_INSTANCE;
    }
    return error;
  }

  #replace(): Guest {
    this.#guest = makeGuestSync(this.#blueprint);
    this.#instances++;
    return this.#guest;
  }
}
