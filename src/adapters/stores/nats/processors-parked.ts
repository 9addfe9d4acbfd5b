/** The parked events of versions. Each event is one value. */
import { listedParked, subscriptionKey } from '../../../core/processors/listing.ts';
import type { ParkedEvent, ParkedFilter, SubscriptionId } from '../../../core/processors/processor-store.ts';
import { CONFLICT, type ProcessorAccess } from './processors-access.ts';
import { parkedOf, parkedValue } from './processors-values.ts';
import type { NewValue } from './state-values.ts';

interface StoredParked {
  readonly subject: string;
  readonly sequence: number;
  readonly event: ParkedEvent;
}

export class ParkedEvents {
  readonly #access: ProcessorAccess;

  constructor(access: ProcessorAccess) {
    this.#access = access;
  }

  list(filter: ParkedFilter): Promise<readonly ParkedEvent[]> {
    const { subscription, key } = filter;
    return this.#access.work(async () => {
      const { values, subjects } = this.#access;
      const found: ParkedEvent[] = [];
      for (const { name, versions } of await this.#access.allVersions()) {
        for (const { id, version } of versions) {
          const owner = { name, version };
          if (subscription !== undefined && subscriptionKey(owner) !== subscriptionKey(subscription)) continue;
          found.push(...(await values.list(subjects.parkedOf(id, key))).map((value) => parkedOf(owner, value)));
        }
      }
      return listedParked(found, filter);
    });
  }

  requestRetry(subscription: SubscriptionId, key: string): Promise<number> {
    return this.#change(subscription, key, (events) =>
      events.map(({ subject, sequence, event }) => parkedValue(subject, { ...event, requested: 'retry' }, sequence)),
    );
  }

  drop(subscription: SubscriptionId, key: string, which: 'first' | 'all'): Promise<number> {
    return this.#change(subscription, key, (events) =>
      (which === 'all' ? events : events.slice(0, 1)).map(({ subject, sequence }) => ({
        subject,
        guard: sequence,
        record: undefined,
      })),
    );
  }

  /** Replaces the parked events of a key, and returns the number of written values. */
  #change(
    subscription: SubscriptionId,
    key: string,
    change: (events: readonly StoredParked[]) => readonly NewValue[],
  ): Promise<number> {
    return this.#access.change(async () => {
      const found = await this.#access.version(subscription);
      if (found === undefined) return 0;
      const { values, subjects } = this.#access;
      const parked = (await values.list(subjects.parkedOf(found.id, key)))
        .map((value) => ({ ...value, event: parkedOf(subscription, value) }))
        .sort((a, b) => (a.event.event.context.position < b.event.event.context.position ? -1 : 1));
      const changes = change(parked);
      if (changes.length === 0) return 0;
      return (await this.#access.write(changes)) === CONFLICT ? CONFLICT : changes.length;
    });
  }
}
