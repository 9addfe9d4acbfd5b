/**
 * Pages of messages that a reader of all events will probably request next, so that the server reads a page while the
 * caller handles the page before it.
 *
 * Stored messages never change, so a page stays valid. Only its statement that no message follows can be outdated, and
 * it is not used.
 */
import type { Page, StoredMessage } from './client.ts';

/** The number of readers whose pages are kept. Each of them keeps two pages at most. */
const MOST_READERS = 16;

/** The place of a reader. */
interface Place {
  /** The subjects that it reads. */
  readonly subject: string;
  /** The last page that it got. */
  readonly messages: readonly StoredMessage[];
  /** The page after it, or `undefined` if the page was not requested. It becomes `undefined` if the request fails. */
  readonly coming: Promise<Page | undefined> | undefined;
}

export class ReadAhead {
  #places: readonly Place[] = [];

  /**
   * Removes and returns the place of a reader that continues with this sequence number. The messages before it are
   * omitted.
   */
  take(subject: string, from: number): Omit<Place, 'subject'> | undefined {
    for (const place of this.#places) {
      const index = place.subject === subject ? indexIn(place.messages, from) : -1;
      if (index < 0) continue;
      this.#places = this.#places.filter((other) => other !== place);
      return { messages: place.messages.slice(index), coming: place.coming };
    }
    return undefined;
  }

  /** Keeps the place of a reader, instead of the place that was used least recently. */
  keep(place: Place): void {
    this.#places = [...this.#places.slice(-MOST_READERS + 1), place];
  }
}

/** Returns the index from which a reader continues, or -1 if it does not continue in this page. */
function indexIn(messages: readonly StoredMessage[], from: number): number {
  const [first, last] = [messages[0], messages.at(-1)];
  if (first === undefined || last === undefined || from < first.sequence || from > last.sequence + 1) return -1;
  const index = messages.findLastIndex(({ sequence }) => sequence < from);
  return index + 1;
}
