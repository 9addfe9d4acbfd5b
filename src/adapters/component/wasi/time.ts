/**
 * Virtual time: it stands still, and passes only where the guest waits for it. So it is the same on every machine, and a
 * guest that sleeps neither blocks nor spins.
 */

/** Nanoseconds in a millisecond, and in a second. */
const MILLISECOND = 1_000_000n;
const SECOND = 1_000_000_000n;

/** The greatest `instant` of `wasi:clocks/monotonic-clock`. */
const LAST_INSTANT = 2n ** 64n - 1n;

export class VirtualTime {
  /** Milliseconds since the Unix epoch at which the call began. */
  #start: bigint;
  /** Nanoseconds that the guest has waited since. */
  #waited = 0n;

  constructor(start: bigint) {
    this.#start = start;
  }

  restart(start: bigint): void {
    this.#start = start;
    this.#waited = 0n;
  }

  /** Nanoseconds from an arbitrary beginning: that of the call. */
  get instant(): bigint {
    return this.#waited;
  }

  get datetime(): { seconds: bigint; nanoseconds: number } {
    const nanoseconds = this.#start * MILLISECOND + this.#waited;
    return { seconds: nanoseconds / SECOND, nanoseconds: Number(nanoseconds % SECOND) };
  }

  /** The instant so many nanoseconds from now; the last one, where there is none. */
  after(duration: bigint): bigint {
    const instant = this.#waited + duration;
    return instant > LAST_INSTANT ? LAST_INSTANT : instant;
  }

  waitUntil(instant: bigint): void {
    if (instant > this.#waited) this.#waited = instant;
  }
}
