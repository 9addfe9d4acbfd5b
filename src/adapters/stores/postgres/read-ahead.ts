/**
 * Pages that a reader of all events will probably request next, so that the server reads a page while this process
 * decodes and handles the page before it.
 *
 * No event can appear before the last event of a page, and stored events never change. So a full page stays valid. A
 * page that is not full can be outdated, and is not used.
 */
import type { Row } from './driver.ts';

/** The number of readers whose places are kept. */
const MOST_READERS = 16;

/** The number of characters of a page above which the next page is not requested, because it needs as much memory. */
const MOST_CHARACTERS = 4_194_304;

/** The place at which a reader will continue. */
interface Place {
  /** The filter and the limit of its pages, as text. */
  readonly reader: string;
  readonly after: bigint;
  /** The rows of its next page, or `undefined` if they were not requested. A failed request returns `undefined` too. */
  readonly coming: Promise<readonly Row[] | undefined> | undefined;
}

export class ReadAhead {
  #places: readonly Place[] = [];

  /** Removes and returns the place of a reader that continues after this position. */
  take(reader: string, after: bigint): Place | undefined {
    const place = this.#places.find((other) => other.reader === reader && other.after === after);
    if (place !== undefined) this.#places = this.#places.filter((other) => other !== place);
    return place;
  }

  /** Keeps the place of a reader, instead of the oldest one. */
  keep(place: Place): void {
    this.#places = [...this.#places.slice(-MOST_READERS + 1), place];
  }
}

/** Returns whether the next page of a reader may be requested before it asks for it. `content` is the last column. */
export function isSmall(rows: readonly Row[]): boolean {
  let characters = 0;
  for (const row of rows) characters += row.at(-1)?.length ?? 0;
  return characters <= MOST_CHARACTERS;
}
