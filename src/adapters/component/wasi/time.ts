/**
 * Virtual time, which passes only while the guest waits. So it is the same on every machine, and a guest that sleeps
 * neither blocks nor spins.
 */
import type { Datetime } from './nodes.ts';

/** Nanoseconds in a millisecond, and in a second. */
const MILLISECOND = 1_000_000n;
const SECOND = 1_000_000_000n;

/**
 * The `instant` at which a call begins: an hour. Go refuses a monotonic clock that shows 0, and programs subtract a
 * pause or a timeout from the instant at which they start.
 */
const FIRST_INSTANT = 3_600n * SECOND;

/** The greatest `instant` of `wasi:clocks/monotonic-clock`. */
const LAST_INSTANT = 2n ** 64n - 1n;

export class VirtualTime {
  /** Milliseconds since the Unix epoch at which the call began. */
  #start: bigint;
  /** Nanoseconds that the guest has waited since then. */
  #waited = 0n;

  constructor(start: bigint) {
    this.#start = start;
  }

  restart(start: bigint): void {
    this.#start = start;
    this.#waited = 0n;
  }

  /** Nanoseconds since an arbitrary origin, which is one hour before the call. */
  get instant(): bigint {
    return FIRST_INSTANT + this.#waited;
  }

  get datetime(): Datetime {
    const nanoseconds = this.#start * MILLISECOND + this.#waited;
    return { seconds: nanoseconds / SECOND, nanoseconds: Number(nanoseconds % SECOND) };
  }

  /** Returns the instant `duration` nanoseconds from now, or the last representable instant. */
  after(duration: bigint): bigint {
    const instant = this.instant + duration;
    return instant > LAST_INSTANT ? LAST_INSTANT : instant;
  }

  waitUntil(instant: bigint): void {
    if (instant > this.instant) this.#waited = instant - FIRST_INSTANT;
  }
}
