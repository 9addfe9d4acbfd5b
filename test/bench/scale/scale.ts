/** The common parts of the measurements of `npm run scale`: fresh stores, samples, and the shape of the results. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commandUuid, defineCommand, defineDecider, type Envelope, type ReadAllOptions } from 'decidable';
import { type OpenedStore, openStore } from 'decidable/stores';
import { Packr } from 'msgpackr';
import { z } from 'zod';
import { type Clock, median } from '../measure.ts';

/** One line of a chart. `x` grows by powers of ten, and `y` is in microseconds. */
export interface Series {
  readonly name: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

/** The measurement of one axis. */
export interface Chart {
  /** Part of the name of its file. */
  readonly name: string;
  readonly title: string;
  readonly x: string;
  readonly series: readonly Series[];
}

/** The file that the measurement of one store writes. */
export interface ScaleResult {
  readonly store: string;
  readonly address: string;
  readonly clock: Clock;
  readonly machine: string;
  readonly date: string;
  readonly charts: readonly Chart[];
}

/** The stores of one engine, and the clock that measures them. */
export class Stores implements Disposable {
  readonly clock: Clock;
  readonly #pattern: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'decidable-scale-'));
  #made = 0;

  /** @param pattern an address. `{folder}` becomes a new folder, and `{n}` another number for each store. */
  constructor(pattern: string, clock: Clock) {
    this.#pattern = pattern;
    this.clock = clock;
  }

  /** False if each store is in the memory of its process. */
  get isShared(): boolean {
    return this.#pattern !== 'memory:';
  }

  /** The address of a store that does not exist yet. */
  fresh(): string {
    return this.#pattern.replaceAll('{folder}', this.#folder).replaceAll('{n}', `${this.#made++}`);
  }

  open(address: string = this.fresh()): Promise<OpenedStore> {
    return openStore(address);
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Collects points under the names of series. */
export class Points {
  readonly #series = new Map<string, { x: number; y: number }[]>();
  readonly #tell: (line: string) => void;

  constructor(tell: (line: string) => void) {
    this.#tell = tell;
  }

  add(name: string, x: number, y: number): void {
    const points = this.#series.get(name) ?? [];
    this.#series.set(name, points);
    points.push({ x, y: Number(y.toPrecision(4)) });
    this.#tell(`  ${x.toLocaleString('en')}: ${name} ${y.toPrecision(3)} µs`);
  }

  get all(): readonly Series[] {
    return [...this.#series].map(([name, points]) => ({ name, points }));
  }
}

/**
 * Runs `once` one time after another, and returns the median in microseconds. Medians leave out pauses of the machine.
 */
export async function sampled(
  clock: Clock,
  samples: number,
  once: (sample: number) => Promise<unknown>,
): Promise<number> {
  const times: number[] = [];
  for (let sample = 0; sample < samples; sample++) {
    const start = microseconds(clock);
    await once(sample);
    times.push(microseconds(clock) - start);
  }
  return median(times);
}

function microseconds(clock: Clock): number {
  if (clock === 'wall') return 1_000 * performance.now();
  const { user, system } = process.cpuUsage();
  return user + system;
}

export const ALL: Omit<ReadAllOptions, 'afterPosition' | 'limit'> = {
  direction: 'forward',
  categories: [],
  eventTypes: [],
  events: [],
};

const Counted = z.object({ by: z.int() });
const counter = z.string();

/** A decider with the smallest state, so that the store is measured and not the decider. */
export const counting = defineDecider({
  name: 'counting',
  version: '1',
  state: z.object({ sum: z.int() }),
  commands: {
    Count: z.object({ counter, by: z.int() }),
    CountWithSnapshot: defineCommand('CountWithSnapshot', z.object({ counter, by: z.int() }), {
      snapshot: { every: 100 },
    }),
  },
  events: { Counted },
  category: 'counter',
  streamId: ({ data }) => data.counter,
  initialState: { sum: 0 },
  evolve: {
    Counted: (state, { by }) => {
      state.sum += by;
    },
  },
  decide: {
    Count: (_state, { by }) => [{ type: 'Counted', data: { by } }],
    CountWithSnapshot: (_state, { by }) => [{ type: 'Counted', data: { by } }],
  },
});

const packr = new Packr({ useRecords: false, variableMapSize: true });
const payload = packr.pack({ by: 1 });
let commands = 0;

/** Appends events to a stream in one commit, as a decision of {@link counting}. */
export function append(store: OpenedStore, id: string, events = 1, type = 'Counted'): Promise<unknown> {
  const commandId = commandUuid(`scale ${process.pid} ${commands++}`);
  const envelopes: readonly Envelope[] = Array.from({ length: events }, () => ({ type, schemaVersion: 1, payload }));
  return store.append(
    `counter-${id}`,
    envelopes,
    { tag: 'any' },
    {
      commandId,
      command: { type: 'Count', schemaVersion: 1, payload },
      contentType: 'application/vnd.msgpack',
      module: { name: 'counting', version: '1' },
      outcome: { tag: 'accepted' },
      correlationId: commandId,
    },
  );
}

/** Runs `count` calls, 200 at the same time. */
export async function inBulk(count: number, call: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) await call(next++);
  };
  await Promise.all(Array.from({ length: Math.min(200, count) }, lane));
}

/** Numbers from 0 below `end` in an order that looks random and is the same in each run. */
export function scattered(index: number, end: number): number {
  return (index * 7_919 + 13) % end;
}
