/** Reading without paging by hand: a store's events one after another, or page by page where every nanosecond counts. */
import type { Direction, EventStore } from '../event-store.ts';
import { DEFAULT_READ_LIMIT } from '../limits.ts';
import type { RecordedEvent } from '../messages.ts';

/** What to read, and how; undefined has the meaning that it has in the options of the store's own functions. */
export interface EventsOfOptions {
  readonly direction?: Direction | undefined;
  /** Only the events of this stream. Undefined: those of all streams, in the order of their positions. */
  readonly stream?: string | undefined;
  /** With `stream`: the first revision to read, inclusive. */
  readonly fromRevision?: bigint | undefined;
  /** Without `stream`: read on behind this position, exclusive. */
  readonly afterPosition?: bigint | undefined;
  /** Without `stream`: only streams of these categories. */
  readonly categories?: readonly string[] | undefined;
  /** Without `stream`: only events of these types. */
  readonly eventTypes?: readonly string[] | undefined;
  /** Events to read at once: more cost memory, fewer cost time. Undefined: 1,000. */
  readonly pageSize?: number | undefined;
  /** Ends the reading with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** The events, one after another. Nothing is held between two of them that would have to be released. */
export async function* eventsOf(store: EventStore, options: EventsOfOptions = {}): AsyncGenerator<RecordedEvent> {
  for await (const page of pagesOf(store, options)) yield* page;
}

/** The events in arrays of at most the page size, none empty: for replays, where a promise for each event is too many. */
export async function* pagesOf(
  store: EventStore,
  options: EventsOfOptions = {},
): AsyncGenerator<readonly RecordedEvent[]> {
  const { direction = 'forward', stream, categories = [], eventTypes = [], signal } = options;
  const limit = options.pageSize ?? DEFAULT_READ_LIMIT;
  let { fromRevision, afterPosition } = options;
  for (;;) {
    signal?.throwIfAborted();
    const page =
      stream === undefined
        ? await store.readAll({ direction, afterPosition, limit, categories, eventTypes })
        : await store.readStream(stream, { direction, fromRevision, limit });
    const last = page.at(-1)?.context;
    if (last === undefined) return;
    yield page;
    if (page.length < limit) return;
    if (direction === 'backward' && stream !== undefined && last.revision === 0n) return;
    afterPosition = last.position;
    fromRevision = direction === 'forward' ? last.revision + 1n : last.revision - 1n;
  }
}
