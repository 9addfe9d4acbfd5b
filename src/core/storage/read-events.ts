/** Reads events without paging by hand. The caller gets single events, or pages if the time for each event matters. */
import { StoreFailure } from '../errors.ts';
import type { Direction, EventStore } from '../event-store.ts';
import { DEFAULT_READ_LIMIT } from '../limits.ts';
import type { EventName, RecordedEvent } from '../messages.ts';
import type { OptionNames } from '../option-names.ts';
import { isPositiveU32, isSignal, mustBe } from '../predicates.ts';
import { checkNames } from './arguments.ts';

/** The events to read. `undefined` means the same as in the options of the store's own functions. */
export interface ReadEventsOptions {
  readonly direction?: Direction | undefined;
  /**
   * Reads only the events of this stream. Without it, the events of all streams are read in the order of their
   * positions.
   */
  readonly stream?: string | undefined;
  /** The first revision to read, inclusive. Only with `stream`. */
  readonly fromRevision?: bigint | undefined;
  /** Continues after this position, exclusive. Not with `stream`. */
  readonly afterPosition?: bigint | undefined;
  /** Reads only streams of these categories. Not with `stream`. */
  readonly categories?: readonly string[] | undefined;
  /** Reads only events of these types. Not with `stream`. */
  readonly eventTypes?: readonly string[] | undefined;
  /** Reads only these events, known by category and type. Not with `stream`. */
  readonly events?: readonly EventName[] | undefined;
  /**
   * The most events of one page. A large page costs memory, a small one costs time.
   * @default 1000
   */
  readonly pageSize?: number | undefined;
  /** Ends the read with the signal's reason. */
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

/** Returns the position of the store's last event; undefined if the store has none. */
export async function lastPosition(store: Pick<EventStore, 'readAll'>): Promise<bigint | undefined> {
  const filter = { categories: [], eventTypes: [], events: [] };
  const [last] = await store.readAll({ direction: 'backward', limit: 1, ...filter });
  return last?.context.position;
}

/**
 * Reads events one after another. No resource is held between two events, so the caller may stop at any event.
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
 * Reads events in arrays of at most the page size. No array is empty. It is meant for replays, in which a promise for
 * each event costs too much.
 *
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
    throw invalid(name, stream === undefined ? 'needs the option stream' : 'has no effect together with stream');
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
