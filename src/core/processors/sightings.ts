/**
 * The signs of life of other members, by the time that has passed here. A lease that ends at a time of the clock never
 * ends if the clock was stepped backward by a year. A value that did not change for the length of a lease belongs to
 * nobody who lives, whatever the clock says.
 */
import { type Clock, elapsed } from './clock.ts';

export class Sightings {
  readonly #clock: Clock;
  readonly #lease: number;
  #seen = new Map<string, { readonly value: string; readonly since: number }>();
  #before = this.#seen;

  /** @param lease the milliseconds within which a member that lives changes its values. */
  constructor(clock: Clock, lease: number) {
    this.#clock = clock;
    this.#lease = lease;
  }

  /** Begins a look. A place that is left out of a look is forgotten. */
  begin(): void {
    this.#before = this.#seen;
    this.#seen = new Map();
  }

  /** Looks at a value, and returns whether it has not changed for the length of a lease. */
  isSilent(place: string, value: string): boolean {
    const now = elapsed(this.#clock);
    const last = this.#before.get(place);
    const since = last?.value === value ? last.since : now;
    this.#seen.set(place, { value, since });
    return now - since >= this.#lease;
  }
}
