/**
 * Two other processes append to one file while subscribers of this process start, stop and resume. No subscriber misses
 * an event, receives it twice or receives it too early.
 */

import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type EventStore, type RecordedEvent, type SubscribeOptions, subscribe } from 'decidable';
import { createSqliteStore } from 'decidable/sqlite';
import fc from 'fast-check';
import { FORWARD } from './commands.ts';
import type { Burst, PlannedCommit } from './processes/appender.ts';

const folder = mkdtempSync(join(tmpdir(), 'decidable-subscribers-'));
after(() => rmSync(folder, { recursive: true }));

/** Another process that appends commits. */
class Writer {
  readonly #child: ChildProcess;
  readonly #appended = new Map<number, () => void>();
  readonly #end: Promise<unknown[]>;
  #bursts = 0;

  constructor(durability: 'normal' | 'full') {
    this.#child = fork(new URL('processes/appender.ts', import.meta.url), [durability], {
      execArgv: ['--conditions=decidable-source', '--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#end = once(this.#child, 'exit');
    this.#child.on('message', (number) => this.#appended.get(Number(number))?.());
  }

  /** Returns when the process has appended these commits. Fails if the process ends first. */
  async append(file: string, commits: readonly PlannedCommit[]): Promise<void> {
    const burst: Burst = { number: this.#bursts++, file, commits };
    const appended = new Promise<void>((resolve) => this.#appended.set(burst.number, resolve));
    this.#child.send(burst);
    const ended = this.#end.then((how) => assert.fail(`the writer ended: ${how.join(' ')}`));
    await Promise.race([appended, ended]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    assert.deepEqual(await this.#end, [0, null]);
  }
}

/** Each filter, and the same filter as a function. */
const filters: readonly (readonly [SubscribeOptions, (event: RecordedEvent) => boolean])[] = [
  [{}, () => true],
  [{ categories: ['a'] }, ({ context }) => context.stream.startsWith('a-')],
  [{ eventTypes: ['Rare'] }, ({ event }) => event.type === 'Rare'],
  [
    { events: [{ category: 'b', type: 'Frequent' }] },
    ({ context, event }) => context.stream.startsWith('b-') && event.type === 'Frequent',
  ],
];

const type = fc.constantFrom('Rare', 'Frequent', 'Frequent', 'Frequent');
const commit: fc.Arbitrary<PlannedCommit> = fc.record({
  stream: fc.constantFrom('a-1', 'a-2', 'b-1'),
  types: fc.array(type, { minLength: 1, maxLength: 4 }),
});
const burst = fc.record({ isFirst: fc.boolean(), commits: fc.array(commit, { minLength: 1, maxLength: 8 }) });
const bursts = fc.array(burst, { minLength: 4, maxLength: 20, size: 'max' });
const subscriber = fc.record({
  start: fc.nat(),
  filter: fc.constantFrom(...filters),
  pageSize: fc.integer({ min: 1, max: 7 }),
  // A subscriber stops after so many pages, and again after it has resumed. It leaves its loop, or is cancelled.
  stops: fc.array(fc.record({ pages: fc.integer({ min: 1, max: 6 }), isCanceled: fc.boolean() }), {
    minLength: 1,
    maxLength: 5,
  }),
});
type Subscriber = typeof subscriber extends fc.Arbitrary<infer Value> ? Value : never;

interface Run {
  readonly store: EventStore;
  /** The position of the last event that the writers append. */
  readonly end: bigint;
  /** Makes one of the writers append the next burst. Returns when the burst is appended. */
  readonly nextBurst: () => Promise<void>;
  /** Ends the run. */
  readonly signal: AbortSignal;
}

/** Reads up to the last event. Stops and resumes on the way, and remembers only the position of its last page. */
async function readToEnd(run: Run, { filter, pageSize, stops }: Subscriber, start: bigint): Promise<RecordedEvent[]> {
  const seen: RecordedEvent[] = [];
  let position = start;
  for (let life = 0; position < run.end; life++) {
    const { pages, isCanceled } = stops[life % stops.length]!;
    const controller = new AbortController();
    const signal = AbortSignal.any([run.signal, controller.signal]);
    const reading = subscribe(run.store, { ...filter[0], after: position, pageSize, signal });
    for (let page = 0; page < pages && position < run.end; page++) {
      const { value } = await reading.next();
      seen.push(...value.events);
      position = value.position;
      // A subscriber that has caught up waits, so each burst wakes a subscriber or arrives while it reads.
      if (position === value.head) void run.nextBurst();
    }
    if (isCanceled) {
      // The cancelled request may still return a page. The subscriber ignores it and reads it again after it resumes.
      const cancelled = reading.next().catch((error) => assert.equal(error, controller.signal.reason));
      controller.abort(new Error('cancelled'));
      await cancelled;
    }
    await reading.return(undefined as never);
    // Another process appends while this subscriber is stopped.
    await run.nextBurst();
  }
  return seen;
}

const sizeOf = (commits: readonly PlannedCommit[]): number => commits.flatMap(({ types }) => types).length;

// A subscriber that is never woken waits forever, until the timeout ends it.
test('subscribers that start, stop and resume while other processes append read each event once and in order', {
  timeout: 120_000,
}, async (test) => {
  await using one = new Writer('full');
  await using other = new Writer('normal');
  let files = 0;
  const property = fc.asyncProperty(
    bursts,
    fc.array(subscriber, { minLength: 1, maxLength: 4 }),
    async (plan, readers) => {
      const file = join(folder, `${files++}.db`);
      await using store = createSqliteStore({ file, busyTimeout: 600_000 });
      const failure = new AbortController();
      let bursts = 0;
      const nextBurst = async (): Promise<void> => {
        const burst = plan[bursts++];
        if (burst === undefined) return;
        const writer = burst.isFirst ? one : other;
        await writer.append(file, burst.commits).catch((error) => failure.abort(error));
      };
      // The writers append the other bursts when a subscriber has caught up or has stopped.
      const begun = Promise.all([nextBurst(), nextBurst()]);

      // In a SQLite file, positions count from 1 without gaps.
      const end = sizeOf(plan.flatMap(({ commits }) => commits));
      const run: Run = { store, end: BigInt(end), nextBurst, signal: AbortSignal.any([test.signal, failure.signal]) };
      const starts = readers.map(({ start }) => BigInt(start % sizeOf(plan[0]!.commits)));
      const seen = await Promise.all(readers.map((reader, index) => readToEnd(run, reader, starts[index]!)));
      await begun;

      const all = await store.readAll(FORWARD);
      assert.equal(all.length, end);
      for (const [index, { filter }] of readers.entries()) {
        const expected = all.filter((event) => event.context.position > starts[index]! && filter[1](event));
        assert.deepEqual(seen[index], expected);
      }
    },
  );
  // The processes interleave differently each time, so fast-check cannot shrink a failure.
  await fc.assert(property, { numRuns: 12, endOnFailure: true });
});
