/**
 * One instance serves all calls: JavaScript calls one function at a time, so that a second would serve nobody. Where it
 * traps, the next call makes a new one. On the main thread of a page, browsers make no large instance at once: there the next
 * call begins it and traps, and those that come once it is there find it.
 *
 * A handle is its number in the instance, plus 2^28 for each instance before: so that a handle of an instance that is gone
 * is told from one of its successor by a comparison.
 */
import { isTrap, Trap } from '../index.ts';
import { endsInstance, type HandleKind, isDoubtful, noLiveHandle, StaleHandle } from './failures.ts';
import { type Guest, type GuestTemplate, type Handle, isAlive, makeGuest, makeGuestSync } from './guest.ts';
import { HANDLES_OF_AN_INSTANCE } from './limits.ts';

export class Pool {
  readonly #template: GuestTemplate;
  #guest: Guest | undefined;
  #base = 0;
  #failure: unknown;
  #instances = 1;
  /** The next instance is being made, beside what the page does. */
  #isComing = false;

  constructor(template: GuestTemplate, first: Guest) {
    this.#template = template;
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

  /**
   * The number of a handle in the instance of now.
   * @throws StaleHandle where the handle's instance is gone.
   * @throws TypeError where it is no handle at all: of what is no number, any number could be made.
   */
  numberOf(handle: Handle, kind: HandleKind): number {
    if (!isHandle(handle)) throw noLiveHandle(kind, handle);
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

  /** Whether the handle's instance is still there; if not, everything of it is dropped already. @throws TypeError */
  isLive(handle: Handle, kind: HandleKind): boolean {
    if (!isHandle(handle)) throw noLiveHandle(kind, handle);
    return this.#guest !== undefined && handle >= this.#base;
  }

  /** Takes note of what a call threw, and gives back what it means. */
  failed(thrown: unknown): unknown {
    const guest = this.#guest;
    // An import called the module back, which ended the instance while this call was running in it.
    if (guest === undefined) return isOfDisposed(thrown) ? this.#failure : thrown;
    const error = guest.explain(thrown);
    if (endsInstance(error) || (isDoubtful(error) && !isAlive(guest))) {
      this.#guest = undefined;
      this.#failure = error;
      guest.dispose();
      this.#base += HANDLES_OF_AN_INSTANCE;
    }
    return error;
  }

  #replace(): Guest {
    if (this.#isComing) throw this.#notYet();
    try {
      return this.#install(makeGuestSync(this.#template));
    } catch (error) {
      // V8's words, and no other engine has that rule.
      if (!(error instanceof RangeError && /main thread/.test(error.message))) throw error;
      this.#isComing = true;
      void this.#replaceLater();
      throw this.#notYet();
    }
  }

  async #replaceLater(): Promise<void> {
    try {
      this.#install(await makeGuest(this.#template));
    } catch (error) {
      this.#failure = error;
    } finally {
      this.#isComing = false;
    }
  }

  #install(guest: Guest): Guest {
    this.#guest = guest;
    this.#instances++;
    return guest;
  }

  #notYet(): Trap {
    const message =
      'the instance that trapped is being replaced: one so large is not made at once here. Try again later';
    return new Trap(message, { code: 'instance-not-ready', cause: this.#failure });
  }
}

/** Whether a trap comes from an instance that the host disposed, or has one as its cause. */
function isOfDisposed(error: unknown): boolean {
  return isTrap(error) && (error.code === 'disposed' || isOfDisposed(error.cause));
}

function isHandle(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0;
}
