/**
 * Subscriptions: past and future events as one sequence of pages. All code that reacts to events reads them in this
 * way, and no code polls a store.
 */
import { checkInteger } from '../check-integer.ts';
import type { EventStore, ReadAllOptions } from '../event-store.ts';
import { DEFAULT_READ_LIMIT } from '../limits.ts';
import type { EventName, RecordedEvent } from '../messages.ts';
import { checkOptionNames } from '../option-names.ts';
import type { OptionNames } from '../unknown-names.ts';

/** Selects the events of a subscription, and the position at which it starts. */
export interface SubscribeOptions {
  /**
   * Starts after this position.
   * @default the beginning of the store
   */
  readonly after?: bigint | undefined;
  /**
   * Reads only streams of these categories, or all streams if the list is empty or absent. The store applies the
   * filter.
   */
  readonly categories?: readonly string[] | undefined;
  /** Reads only events of these types, or all events if the list is empty or absent. The store applies the filter. */
  readonly eventTypes?: readonly string[] | undefined;
  /**
   * Reads only these events, by category and type, or all events if the list is empty or absent. The store applies the
   * filter.
   */
  readonly events?: readonly EventName[] | undefined;
  /**
   * The maximum number of events of a page.
   * @default 1000
   */
  readonly pageSize?: number | undefined;
  /** Cancels the subscription, even while it waits. The iteration then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Some events of a subscription, in the order of their positions. */
export interface SubscriptionPage {
  /** The events. If it is empty, the position has only moved past events that the filter excludes. */
  readonly events: readonly RecordedEvent[];
  /**
   * The position up to which the subscription has read the store, including events that the filter excludes. Store it
   * as the checkpoint, and pass it as `after` to continue.
   */
  readonly position: bigint;
  /**
   * The position of the store's last event when the page was read. If it equals `position`, the reader has caught up.
   */
  readonly head: bigint;
}

const NAMES: OptionNames<SubscribeOptions> = {
  after: true,
  categories: true,
  eventTypes: true,
  events: true,
  pageSize: true,
  signal: true,
};

/**
 * Reads the events of a store after a position, and continues with those that are appended later, in this process or in
 * another one. Each event is read exactly once, past and new events alike.
 *
 * The next page is read when the loop requests it, so a slow reader delays only itself. Leaving the loop ends the
 * subscription.
 *
 * ```ts
 * for await (const { events, position } of subscribe(store, { categories: ['account'], signal })) {
 *   for (const { context, event } of events) console.log(context.stream, event.type);
 * }
 * ```
 *
 * @throws DefinitionError if an option is invalid or unknown.
 * @throws StoreFailure if the store fails, or is closed while the subscription waits.
 */
export function subscribe(store: EventStore, options: SubscribeOptions = {}): AsyncGenerator<SubscriptionPage, never> {
  checkOptionNames(options, NAMES, 'subscribe');
  const { after, categories = [], eventTypes = [], events = [], pageSize = DEFAULT_READ_LIMIT, signal } = options;
  checkInteger(pageSize, 1, 'subscribe.pageSize');
  return pages(store, after, { categories, eventTypes, events }, pageSize, signal);
}

function latest(one: bigint, other: bigint): bigint {
  if (one > other) return one;
  return other;
}

async function* pages(
  store: EventStore,
  after: bigint | undefined,
  filter: Pick<ReadAllOptions, 'categories' | 'eventTypes' | 'events'>,
  limit: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<SubscriptionPage, never> {
  let position = after;
  for (;;) {
    // The head is read before the page, so a short page has all events up to the head.
    const head = await store.awaitEvents(position, signal);
    while (position === undefined || position < head) {
      signal?.throwIfAborted();
      const events = await store.readAll({
        direction: 'forward',
        afterPosition: position,
        limit,
        ...filter,
      });
      const last: bigint | undefined = events.at(-1)?.context.position;
      position = events.length === limit || (last !== undefined && last > head) ? last! : head;
      yield { events, position, head: latest(position, head) };
    }
  }
}
