/**
 * The axes along which a store grows, and the operations that users wait for. Each covers three orders of magnitude.
 */
import { createEventSourcer, isStoreFailure, subscribe } from 'decidable';
import type { OpenedStore } from 'decidable/stores';
import { ALL, append, type Chart, counting, inBulk, Points, type Stores, sampled, scattered } from './scale.ts';

/** Measures one axis. `quick` leaves out the largest sizes. */
export type Axis = (stores: Stores, quick: boolean, tell: (line: string) => void) => Promise<Chart | undefined>;

function powers(first: number, last: number): readonly number[] {
  const sizes: number[] = [];
  for (let size = first; size <= last; size *= 10) sizes.push(size);
  return sizes;
}

const SAMPLES = 300;

const streams: Axis = async (stores, quick, tell) => {
  const points = new Points(tell);
  await using store = await stores.open();
  let made = 0;
  for (const size of powers(100, quick ? 10_000 : 100_000)) {
    const before = made;
    await inBulk(size - before, (index) => append(store, `${before + index}`));
    made = size;
    const some = (sample: number) => `${scattered(sample, size)}`;
    points.add(
      'append to some stream',
      size,
      await sampled(stores.clock, SAMPLES, (sample) => append(store, some(sample))),
    );
    points.add('append to a new stream', size, await sampled(stores.clock, SAMPLES, () => append(store, `${made++}`)));
    const read = (sample: number) =>
      store.readStream(`counter-${some(sample)}`, { direction: 'forward', fromRevision: 0n, limit: 10 });
    points.add('read some stream', size, await sampled(stores.clock, SAMPLES, read));
  }
  return { name: 'streams', title: 'Streams of a store', x: 'streams', series: points.all };
};

const streamLength: Axis = async (stores, quick, tell) => {
  const points = new Points(tell);
  await using store = await stores.open();
  const { Count, CountWithSnapshot } = counting.commands;
  for (const size of powers(10, quick ? 1_000 : 100_000)) {
    const [plain, snapped] = [`plain${size}`, `snapped${size}`];
    for (const id of [plain, snapped]) {
      const commit = Math.min(size, 1_000);
      await inBulk(size / commit, () => append(store, id, commit));
    }
    const rounds = size > 10_000 ? 5 : 15;
    for (const [name, command] of [
      ['first command: folds the stream', Count({ counter: plain, by: 1 })],
      ['first command, with a snapshot', CountWithSnapshot({ counter: snapped, by: 1 })],
    ] as const) {
      const first = async (): Promise<void> => {
        const sourcer = createEventSourcer({ store, modules: [counting] });
        await sourcer.dispatch(command);
        await sourcer.close();
      };
      await first(); // The first one stores the snapshot.
      points.add(name, size, await sampled(stores.clock, rounds, first));
    }
    const sourcer = createEventSourcer({ store, modules: [counting] });
    await sourcer.dispatch(Count({ counter: plain, by: 1 }));
    const next = () => sourcer.dispatch(Count({ counter: plain, by: 1 }));
    points.add('next command: has the state', size, await sampled(stores.clock, SAMPLES, next));
    await sourcer.close();
  }
  return { name: 'stream-length', title: 'Events of a stream', x: 'events of the stream', series: points.all };
};

const RARE = 100;

const events: Axis = async (stores, quick, tell) => {
  const points = new Points(tell);
  await using store = await stores.open();
  let made = 0;
  for (const size of powers(1_000, quick ? 100_000 : 1_000_000)) {
    await inBulk((size - made) / RARE, async (index) => {
      const id = `${scattered(index, 1_000)}`;
      await append(store, id, RARE - 1);
      await append(store, id, 1, 'Noted');
    });
    made = size;
    const position = (sample: number) => BigInt(scattered(sample * 31, size));
    const page = (sample: number, eventTypes: readonly string[]) =>
      store.readAll({ ...ALL, afterPosition: position(sample), limit: 100, eventTypes });
    points.add(
      'append',
      size,
      await sampled(stores.clock, SAMPLES, (sample) => append(store, `${scattered(sample, 1_000)}`)),
    );
    points.add('read 100 events', size, await sampled(stores.clock, SAMPLES, (sample) => page(sample, [])));
    points.add(
      'read 100 events of a rare type',
      size,
      await sampled(stores.clock, SAMPLES, (sample) => page(sample, ['Noted'])),
    );
    let read = 0;
    const all = await sampled(stores.clock, 1, async () => {
      for await (const page of subscribe(store)) {
        read += page.events.length;
        if (page.position === page.head) return;
      }
    });
    points.add('catch up, each event', size, all / read);
  }
  return { name: 'events', title: 'Events of a store', x: 'events', series: points.all };
};

const subscribers: Axis = async (stores, quick, tell) => {
  const points = new Points(tell);
  for (const size of powers(1, quick ? 100 : 1_000)) {
    await using store = await stores.open();
    const waiting = await Waiting.on(Array.from({ length: size }, () => store));
    const all = await sampled(stores.clock, 30, () => waiting.round(() => append(store, '1')));
    points.add('from an append until all have it', size, all);
    points.add('… for each subscriber', size, all / size);
    await waiting.end();
  }
  return { name: 'subscribers', title: 'Subscribers in one process', x: 'subscribers', series: points.all };
};

const connections: Axis = async (stores, quick, tell) => {
  if (!stores.isShared) return undefined;
  const points = new Points(tell);
  for (const size of powers(1, quick ? 100 : 1_000)) {
    const address = stores.fresh();
    await using writer = await stores.open(address);
    await append(writer, '1');
    const readers: OpenedStore[] = [];
    try {
      for (let index = 0; index < size; index++) readers.push(await stores.open(address));
      const appendOne = (): Promise<unknown> => append(writer, '1');
      const alone = await sampled(stores.clock, SAMPLES, appendOne);
      const waiting = await Waiting.on(readers);
      const all = await sampled(stores.clock, 30, () => waiting.round(appendOne));
      points.add('append, nobody waits', size, alone);
      points.add('from an append until all have it', size, all);
      points.add('… for each connection', size, all / size);
      await waiting.end();
    } catch (error) {
      if (!isStoreFailure(error)) throw error;
      // The line ends at the limit of the server.
      tell(`  ${size.toLocaleString('en')}: refused: ${error.message}`);
      for (const reader of readers) await reader.close();
      break;
    }
    for (const reader of readers) await reader.close();
  }
  return {
    name: 'connections',
    title: 'Connections with a subscriber, as of one process each',
    x: 'connections',
    series: points.all,
  };
};

/** Subscribers that have caught up and wait. */
class Waiting {
  readonly #ended = new AbortController();
  readonly #loops: Promise<unknown>[];
  #missing: number;
  #all: (() => void) | undefined;

  private constructor(stores: readonly OpenedStore[]) {
    this.#missing = stores.length;
    this.#loops = stores.map((store) => this.#follow(store));
    for (const loop of this.#loops) loop.catch(() => {}); // `on` and `round` report it
  }

  /** Resolves when each subscriber has read all existing events. */
  static async on(stores: readonly OpenedStore[]): Promise<Waiting> {
    const [first] = stores;
    await append(first!, '1');
    const waiting = new Waiting(stores);
    await Promise.race([waiting.#everyone(), Promise.all(waiting.#loops)]);
    return waiting;
  }

  /** Resolves when each subscriber has received the event that `cause` appends. */
  async round(cause: () => Promise<unknown>): Promise<void> {
    this.#missing = this.#loops.length;
    const everyone = this.#everyone();
    await cause();
    await Promise.race([everyone, Promise.all(this.#loops)]);
  }

  async end(): Promise<void> {
    this.#ended.abort();
    await Promise.allSettled(this.#loops);
  }

  #everyone(): Promise<void> {
    return new Promise((resolve) => {
      this.#all = resolve;
    });
  }

  async #follow(store: OpenedStore): Promise<void> {
    for await (const { position, head } of subscribe(store, { signal: this.#ended.signal })) {
      if (position === head && --this.#missing === 0) this.#all?.();
    }
  }
}

export const AXES: Readonly<Record<string, Axis>> = {
  streams,
  'stream-length': streamLength,
  events,
  subscribers,
  connections,
};
