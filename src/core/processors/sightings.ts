/**
 * Detects members that have ended, by the time that has elapsed in this process. If the clock is set back by a year, a
 * lease does not expire for a year. But a value that did not change for the length of a lease belongs to a member that
 * has ended, regardless of the clock.
 */
import { type Clock, elapsed } from './clock.ts';

export class Sightings {
  readonly #clock: Clock;
  readonly #lease: number;
  #seen = new Map<string, { readonly value: string; readonly since: number }>();
  #before = this.#seen;

  /**
   * Makes an empty record of checks.
   * @param lease the milliseconds within which a running member changes its values.
   */
  constructor(clock: Clock, lease: number) {
    this.#clock = clock;
    this.#lease = lease;
  }

  /** Begins a round of checks. A place that is not checked in a round is removed. */
  begin(): void {
    this.#before = this.#seen;
    this.#seen = new Map();
  }

  /** Checks a value. Returns whether it has not changed for the length of a lease. */
  isSilent(place: string, value: string): boolean {
    const now = elapsed(this.#clock);
    const last = this.#before.get(place);
    const since = last?.value === value ? last.since : now;
    this.#seen.set(place, { value, since });
    return now - since >= this.#lease;
  }
}
