/** A clock that moves only when a test moves it. */
import { DefinitionError } from '../../core/errors.ts';
import type { Clock } from '../../core/index.ts';

/** A duration, which is the sum of its parts. */
export interface Duration {
  readonly days?: number;
  readonly hours?: number;
  readonly minutes?: number;
  readonly seconds?: number;
  readonly milliseconds?: number;
}

const UNITS: Readonly<Record<keyof Duration, number>> = {
  days: 86_400_000,
  hours: 3_600_000,
  minutes: 60_000,
  seconds: 1_000,
  milliseconds: 1,
};

/** Converts a duration to milliseconds. @throws DefinitionError if a unit is unknown. */
export function millisecondsOf(duration: Duration): number {
  let total = 0;
  for (const [unit, value] of Object.entries(duration)) {
    const factor = UNITS[unit as keyof Duration];
    if (factor === undefined) {
      throw new DefinitionError(`duration.${unit}`, `is not a unit of time; use ${Object.keys(UNITS).join(', ')}`);
    }
    total += factor * value;
  }
  return total;
}

interface Sleeper {
  readonly time: number;
  readonly wake: () => void;
}

/**
 * A clock for tests of systems. Its time does not change until a test moves it.
 *
 * @example
 * const clock = new TestClock(new Date('2026-01-01'));
 * await using running = await bank.start({ store: createMemoryStore({ now: () => clock.now() }), clock });
 * clock.advance({ days: 3 });
 */
export class TestClock implements Clock {
  #now: number;
  readonly #sleepers = new Set<Sleeper>();

  /**
   * Makes a clock that starts at a given time.
   * @param start a date, or milliseconds since the Unix epoch. By default 2026-01-01, 00:00 UTC.
   */
  constructor(start: Date | number = Date.UTC(2026, 0, 1)) {
    this.#now = typeof start === 'number' ? start : start.getTime();
  }

  now(): number {
    return this.#now;
  }

  sleepUntil(time: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (time <= this.#now) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#sleepers.delete(sleeper);
        reject(signal?.reason);
      };
      const sleeper: Sleeper = {
        time,
        wake: () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#sleepers.add(sleeper);
    });
  }

  /** Moves the clock forward. A negative duration moves it backward. */
  advance(duration: Duration): void {
    this.set(this.#now + millisecondsOf(duration));
  }

  /** Sets the clock, as an administrator or a time server would. */
  set(time: Date | number): void {
    this.#now = typeof time === 'number' ? time : time.getTime();
    for (const sleeper of [...this.#sleepers]) {
      if (sleeper.time > this.#now) continue;
      this.#sleepers.delete(sleeper);
      sleeper.wake();
    }
  }
}
