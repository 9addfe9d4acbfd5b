/**
 * Reads all events of a stream or a store, without manual paging. The caller gets single events, or pages for speed.
 */
import { StoreFailure } from '../errors.ts';
import type { Direction, EventStore } from '../event-store.ts';
import { DEFAULT_READ_LIMIT } from '../limits.ts';
import type { EventName, RecordedEvent } from '../messages.ts';
import { isPositiveU32, isSignal, mustBe } from '../predicates.ts';
import type { OptionNames } from '../unknown-names.ts';
import { checkNames } from './arguments.ts';

/** Selects the events to read. `undefined` has the same meaning as in the options of the store's functions. */
export interface ReadEventsOptions {
  /**
   * The order of the events.
   * @default 'forward'
   */
  readonly direction?: Direction | undefined;
  /**
   * Reads only the events of this stream. Without it, the events of all streams are read in the order of their
   * positions.
   */
  readonly stream?: string | undefined;
  /** The first revision to read, inclusive. This option requires `stream`. */
  readonly fromRevision?: bigint | undefined;
  /** Continues after this position, exclusive. This option cannot be combined with `stream`. */
  readonly afterPosition?: bigint | undefined;
  /** Reads only streams of these categories. This option cannot be combined with `stream`. */
  readonly categories?: readonly string[] | undefined;
  /** Reads only events of these types. This option cannot be combined with `stream`. */
  readonly eventTypes?: readonly string[] | undefined;
  /** Reads only these events, by category and type. This option cannot be combined with `stream`. */
  readonly events?: readonly EventName[] | undefined;
  /**
   * The maximum number of events of one page. Larger pages use more memory, and smaller ones take more time.
   * @default 1000
   */
  readonly pageSize?: number | undefined;
  /** Cancels the read, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const NAMES: OptionNames<ReadEventsOptions> = {
  direction: true,
  stream: true,
  fromRevision: true,
  afterPosition: true,
  categories: true,
  eventTypes: true,
  events: true,
  pageSize: true,
  signal: true,
};

/** Returns the position of the store's last event, or undefined if the store has no events. */
export async function lastPosition(store: Pick<EventStore, 'readAll'>): Promise<bigint | undefined> {
  const filter = { categories: [], eventTypes: [], events: [] };
  const [last] = await store.readAll({ direction: 'backward', limit: 1, ...filter });
  return last?.context.position;
}

/**
 * Reads events one by one. No resource is held between two events, so the caller may stop at any event.
 *
 * @example for await (const { event, context } of readEvents(store, { stream: 'concert-7' })) console.log(event.type);
 * @throws StoreFailure `invalid-argument` immediately, if an option is invalid, unknown or without effect.
 */
export function readEvents(store: EventStore, options: ReadEventsOptions = {}): AsyncGenerator<RecordedEvent> {
  return oneByOne(readPages(store, options));
}

async function* oneByOne(pages: AsyncIterable<readonly RecordedEvent[]>): AsyncGenerator<RecordedEvent> {
  for await (const page of pages) yield* page;
}

/**
 * Reads events in arrays of at most the page size. No array is empty. Use this function for replays, in which a promise
 * for each event would cost too much.
 *
 * @example for await (const events of readPages(store, { categories: ['account'] })) console.log(events.length);
 * @throws StoreFailure `invalid-argument` immediately, if an option is invalid, unknown or without effect.
 */
export function readPages(
  store: EventStore,
  options: ReadEventsOptions = {},
): AsyncGenerator<readonly RecordedEvent[]> {
  checkNames(options, NAMES);
  const { stream, pageSize, signal } = options;
  if (pageSize !== undefined && !isPositiveU32(pageSize)) {
    throw invalid('pageSize', mustBe('a positive integer', pageSize));
  }
  if (signal !== undefined && !isSignal(signal)) throw invalid('signal', mustBe('an AbortSignal', signal));
  const others = stream === undefined ? (['fromRevision'] as const) : WITHOUT_STREAM;
  for (const name of others) {
    if (options[name] === undefined) continue;
    throw invalid(
      name,
      stream === undefined ? 'requires the option stream' : 'cannot be combined with stream; omit one of the two',
    );
  }
  // The options are copied, because the caller may change the object between two pages.
  return pages(store, { ...options });
}

const WITHOUT_STREAM = ['afterPosition', 'categories', 'eventTypes', 'events'] as const;

async function* pages(store: EventStore, options: ReadEventsOptions): AsyncGenerator<readonly RecordedEvent[]> {
  const { direction = 'forward', stream, categories = [], eventTypes = [], events = [], signal } = options;
  const limit = options.pageSize ?? DEFAULT_READ_LIMIT;
  let { fromRevision, afterPosition } = options;
  for (;;) {
    signal?.throwIfAborted();
    const page =
      stream === undefined
        ? await store.readAll({ direction, afterPosition, limit, categories, eventTypes, events })
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

function invalid(option: keyof ReadEventsOptions, message: string): StoreFailure {
  const argument = `options.${option}`;
  return new StoreFailure({ tag: 'invalid-argument', val: { argument, message } }, `${argument}: ${message}`);
}
