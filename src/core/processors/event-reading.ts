/** The events of a reader: the filter for the store, and the names that the reader's module has for them. */
import type { Envelope, EventName, EventSource, RecordedEvent } from '../messages.ts';
import { categoryOf } from '../stream-name.ts';

export class EventReading {
  /** The filter for the store. */
  readonly events: readonly EventName[];
  /**
   * The reader's names by category and type. The map is empty if the reader uses the original names, which is the usual
   * case.
   */
  readonly #names = new Map<string, Map<string, string>>();

  constructor(sources: readonly EventSource[]) {
    this.events = sources.map(({ category, type }) => ({ category, type }));
    for (const { category, type, name } of sources) {
      if (name === undefined || name === type) continue;
      const ofCategory = this.#names.get(category);
      if (ofCategory === undefined) this.#names.set(category, new Map([[type, name]]));
      else ofCategory.set(type, name);
    }
  }

  /** Returns the envelope for the reader's module, with the reader's name as its type. */
  envelopeOf({ context, event }: RecordedEvent): Envelope {
    return this.#names.size === 0 ? event : this.named(categoryOf(context.stream), event);
  }

  /** Returns the envelope of an event of this category, with the reader's name as its type. */
  named(category: string, event: Envelope): Envelope {
    const name = this.#names.get(category)?.get(event.type);
    return name === undefined ? event : { ...event, type: name };
  }
}
