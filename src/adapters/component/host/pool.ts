/**
 * One instance serves all calls, because JavaScript calls one function at a time. If it traps, the next call creates a
 * new one. On the main thread of a page, browsers refuse to create a large instance synchronously. There, the next call
 * starts creating it and traps, and so do all calls until the instance is ready.
 *
 * The value of a handle is its number in the instance, plus 2^28 for each earlier instance. One comparison therefore
 * shows whether the instance of a handle has ended.
 */
import { isTrap, Trap } from '../index.ts';
import { endsInstance, type HandleKind, mayHaveSurvived, noLiveHandle, StaleHandle } from './failures.ts';
import { type Guest, type GuestTemplate, type Handle, isAlive, makeGuest, makeGuestSync } from './guest.ts';
import { HANDLES_PER_INSTANCE } from './limits.ts';

export class Pool {
  readonly #template: GuestTemplate;
  #guest: Guest | undefined;
  #base = 0;
  #failure: unknown;
  #instances = 1;
  /** True while the next instance is created asynchronously. */
  #isReplacing = false;

  constructor(template: GuestTemplate, first: Guest) {
    this.#template = template;
    this.#guest = first;
  }

  /** The number of instances that were created. */
  get instances(): number {
    return this.#instances;
  }

  /** The number of handles that the host holds into the current instance. */
  get handles(): number {
    return this.#guest?.handleCount ?? 0;
  }

  /**
   * Returns the current instance, or a new one if the last one trapped.
   * @throws LinkError | Trap if it cannot start.
   */
  get guest(): Guest {
    return this.#guest ?? this.#replace();
  }

  /**
   * Returns the number of a handle in the current instance.
   * @throws StaleHandle if the handle's instance has ended.
   * @throws ValueError if `handle` is not a handle. (Arithmetic would convert other values to a number.)
   */
  numberOf(handle: Handle, kind: HandleKind): number {
    if (!isHandle(handle)) throw noLiveHandle(kind, handle);
    const number = handle - this.#base;
    if (number < 0) throw new StaleHandle(handle, this.#failure);
    return number;
  }

  /**
   * The first handle of the current instance. Read it before the call that returns a number. An import that calls the
   * module back ends the instance. The number must then not become a handle of the next instance.
   */
  get base(): Handle {
    return this.#base;
  }

  /** Returns the handles for a list of numbers. For the first instance, it returns the same list. */
  handlesOf(base: Handle, numbers: readonly number[]): readonly Handle[] {
    return base === 0 ? numbers : numbers.map((number) => number + base);
  }

  /**
   * Returns whether the handle's instance still exists. If it does not, its handles have already been dropped.
   *
   * @throws ValueError
   */
  isLive(handle: Handle, kind: HandleKind): boolean {
    if (!isHandle(handle)) throw noLiveHandle(kind, handle);
    return this.#guest !== undefined && handle >= this.#base;
  }

  /** Handles the error of a call, which may end the instance. Returns the error to throw. */
  handleFailure(thrown: unknown): unknown {
    const guest = this.#guest;
    // An import called the module back, which ended the instance during this call.
    if (guest === undefined) return isOfDisposed(thrown) ? this.#failure : thrown;
    const error = guest.explain(thrown);
    if (endsInstance(error) || (mayHaveSurvived(error) && !isAlive(guest))) {
      this.#guest = undefined;
      this.#failure = error;
      guest.dispose();
      this.#base += HANDLES_PER_INSTANCE;
    }
    return error;
  }

  #replace(): Guest {
    if (this.#isReplacing) throw this.#notReady();
    try {
      return this.#install(makeGuestSync(this.#template));
    } catch (error) {
      // This is the error text of V8. No other engine has this limit.
      if (!(error instanceof RangeError && /main thread/.test(error.message))) throw error;
      this.#isReplacing = true;
      void this.#replaceLater();
      throw this.#notReady();
    }
  }

  async #replaceLater(): Promise<void> {
    try {
      this.#install(await makeGuest(this.#template));
    } catch (error) {
      this.#failure = error;
    } finally {
      this.#isReplacing = false;
    }
  }

  #install(guest: Guest): Guest {
    this.#guest = guest;
    this.#instances++;
    return guest;
  }

  #notReady(): Trap {
    const message = 'the instance that trapped is being replaced asynchronously, because it is large; try again later';
    return new Trap(message, { code: 'instance-not-ready', cause: this.#failure });
  }
}

/** Returns whether a trap comes from an instance that the host disposed, or has such a trap as its cause. */
function isOfDisposed(error: unknown): boolean {
  return isTrap(error) && (error.code === 'disposed' || isOfDisposed(error.cause));
}

function isHandle(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0;
}
