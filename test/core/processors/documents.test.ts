/** Document read models, run by members of a group. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  createEventSourcer,
  defineDecider,
  defineProjector,
  dropDocument,
  type FailurePolicy,
  reject,
} from 'decidable';
import { createMemoryStore, type MemoryStore } from 'decidable/memory';
import { z } from 'zod';
import { systemClock } from '../../../src/core/processors/clock.ts';
import { Documents } from '../../../src/core/processors/documents.ts';
import { EventReading } from '../../../src/core/processors/event-reading.ts';
import { completePolicy } from '../../../src/core/processors/failure-policy.ts';
import { Member } from '../../../src/core/processors/member.ts';
import { Runner } from '../../../src/core/processors/runner.ts';

const counterId = z.string();
const by = z.int();

const counter = defineDecider({
  name: 'test.counter',
  version: '1.0.0',
  state: z.object({ value: z.int() }),
  commands: { Add: z.object({ counterId, by }), Remove: z.object({ counterId }) },
  events: { Added: z.object({ counterId, by }), Removed: z.object({ counterId }) },
  category: 'counter',
  streamId: ({ data }) => data.counterId,
  initialState: { value: 0 },
  evolve: {
    Added: (state, data) => {
      state.value += data.by;
    },
    Removed: (state) => {
      state.value = 0;
    },
  },
  decide: {
    Add: (_state, data) => (data.by === 0 ? reject('nothing-to-add') : [{ type: 'Added', data }]),
    Remove: (_state, data) => [{ type: 'Removed', data }],
  },
});

const totals = defineProjector({
  name: 'totals',
  version: '1',
  state: z.object({ total: z.int(), events: z.int() }),
  events: counter.events,
  key: ({ data }) => data.counterId,
  initialState: { total: 0, events: 0 },
  project: {
    Added: (document, data) => {
      if (data.by === 13) throw new Error('thirteen cannot be added');
      document.total += data.by;
      document.events++;
    },
    Removed: () => dropDocument,
  },
});

/** The same read model with handles for documents, as a component has them. `project` consumes its handle. */
function withHandles(): { readonly model: typeof totals; open(): number } {
  const { types, projector } = totals;
  const opened = new Map<number, unknown>();
  let next = 0;
  const open = (state: unknown): never => {
    opened.set(++next, state);
    return next as never;
  };
  const consume = (handle: unknown): never => {
    const state = opened.get(handle as number);
    if (!opened.delete(handle as number)) throw new Error(`${handle} is not a handle`);
    return state as never;
  };
  const model = {
    ...totals,
    types: {
      ...types,
      state: {
        fromBytes: (bytes: Uint8Array) => open(types.state.fromBytes(bytes)),
        toBytes: (handle: unknown) => types.state.toBytes(opened.get(handle as number) as never),
        drop: consume,
      },
    },
    projector: {
      ...projector,
      initialState: () => open(projector.initialState()),
      project: (handle: unknown, event: never, context: never) => {
        const state = projector.project(consume(handle), event, context);
        return state === undefined ? undefined : open(state);
      },
    },
  };
  return { model: model as never, open: () => opened.size };
}

function runnerOf(store: MemoryStore, policy: FailurePolicy = {}, shares = 4, model = totals): Runner {
  const processor = new Documents(
    model as never,
    store.processors,
    '{}',
    new EventReading(totals.projector.describe().events),
  );
  return new Runner({
    store,
    processors: store.processors,
    processor,
    shares,
    policy: completePolicy({ firstDelay: 1, ...policy }, 'policy'),
    clock: systemClock,
    observer: {},
  });
}

async function run(store: MemoryStore, ...runners: Runner[]): Promise<() => Promise<void>> {
  for (const runner of runners) {
    const { subscription, kind, definition } = runner.processor;
    await store.processors.openSubscription({ subscription, kind, definition, shares: runner.shares });
    runner.start();
  }
  const members = runners.map(
    (runner, index) => new Member(`member-${index}`, store.processors, [runner], systemClock, 10_000),
  );
  for (const member of members) await member.start();
  return async () => {
    await Promise.all(runners.map((runner) => runner.stop()));
    for (const member of members) await member.stop();
  };
}

async function caughtUp(store: MemoryStore, runner: Runner): Promise<void> {
  const last = (
    await store.readAll({ direction: 'backward', limit: 1, categories: [], eventTypes: [], events: [] })
  )[0]!.context.position;
  for (;;) {
    const changed = store.processors.awaitChange();
    const shares = await store.processors.listShares(runner.processor.subscription);
    if (shares.every(({ checkpoint }) => checkpoint !== undefined && checkpoint >= last)) return;
    await changed;
  }
}

async function documents(store: MemoryStore, runner: Runner): Promise<Record<string, unknown>> {
  const found = await store.processors.listDocuments(runner.processor.subscription);
  return Object.fromEntries(found.map(({ key, state }) => [key, totals.types.state.fromBytes(state)]));
}

describe('a document read model', () => {
  test('contains the sum of the events of each key', async () => {
    await using store = createMemoryStore();
    const sourcer = createEventSourcer({ store, modules: [counter] });
    for (const [counterId, by] of [
      ['a', 1],
      ['b', 2],
      ['a', 3],
    ] as const)
      await sourcer.dispatch(counter.commands.Add({ counterId, by }));
    const runner = runnerOf(store);
    const stop = await run(store, runner);
    await caughtUp(store, runner);
    assert.deepEqual(await documents(store, runner), { a: { total: 4, events: 2 }, b: { total: 2, events: 1 } });
    await sourcer.dispatch(counter.commands.Add({ counterId: 'b', by: 5 }));
    await sourcer.dispatch(counter.commands.Remove({ counterId: 'a' }));
    await caughtUp(store, runner);
    assert.deepEqual(await documents(store, runner), { b: { total: 7, events: 2 } });
    await stop();
  });

  test('skips an event that a document has folded before the checkpoint moved', async () => {
    await using store = createMemoryStore();
    const sourcer = createEventSourcer({ store, modules: [counter] });
    for (const by of [1, 2, 4]) await sourcer.dispatch(counter.commands.Add({ counterId: 'a', by }));
    const runner = runnerOf(store, {}, 1);
    const { subscription, kind, definition } = runner.processor;
    await store.processors.openSubscription({ subscription, kind, definition, shares: 1 });
    const [free] = await store.processors.listShares(subscription);
    const held = await store.processors.claimShare(free!, 'dead', 0, 1);
    // A store may write the documents of a large page in parts, and the member may end after the first of them.
    await store.processors.commit({
      fences: [{ ...held!, before: undefined, checkpoint: 0n }],
      documents: [{ subscription, key: 'a', state: totals.types.state.toBytes({ total: 3, events: 2 }), position: 2n }],
    });
    const stop = await run(store, runner);
    await caughtUp(store, runner);
    assert.deepEqual(await documents(store, runner), { a: { total: 7, events: 3 } });
    await stop();
  });

  test('is divided among the members of a group, and the members together hold the same documents', async () => {
    await using store = createMemoryStore();
    const sourcer = createEventSourcer({ store, modules: [counter] });
    const runners = [runnerOf(store), runnerOf(store), runnerOf(store)];
    const stop = await run(store, ...runners);
    const expected: Record<string, unknown> = {};
    for (let index = 0; index < 60; index++) {
      const counterId = `c${index % 20}`;
      await sourcer.dispatch(counter.commands.Add({ counterId, by: 1 }));
      expected[counterId] = { total: Math.floor(index / 20) + 1, events: Math.floor(index / 20) + 1 };
    }
    await caughtUp(store, runners[0]!);
    assert.deepEqual(await documents(store, runners[0]!), expected);
    assert.equal(
      runners.reduce((sum, runner) => sum + runner.processedEvents, 0),
      60,
    );
    await stop();
  });

  test('parks an event that fails and the later events of its key, and continues with other keys', async () => {
    await using store = createMemoryStore();
    const sourcer = createEventSourcer({ store, modules: [counter] });
    for (const [counterId, by] of [
      ['a', 1],
      ['a', 13],
      ['b', 2],
      ['a', 3],
    ] as const)
      await sourcer.dispatch(counter.commands.Add({ counterId, by }));
    const runner = runnerOf(store, { finally: 'park' });
    const stop = await run(store, runner);
    await caughtUp(store, runner);
    assert.deepEqual(await documents(store, runner), { a: { total: 1, events: 1 }, b: { total: 2, events: 1 } });
    const parked = await store.processors.listParked();
    assert.deepEqual(
      parked.map(({ key, event, reason }) => [key, event.context.revision, reason?.code]),
      [
        ['a', 1n, 'project-failed'],
        ['a', 2n, undefined],
      ],
    );
    await store.processors.dropParked(runner.processor.subscription, 'a', 'first');
    runner.refresh();
    while ((await store.processors.listParked()).length > 0) await store.processors.awaitChange();
    assert.deepEqual(await documents(store, runner), { a: { total: 4, events: 2 }, b: { total: 2, events: 1 } });
    await stop();
  });

  test('with handles for documents folds again without the event that failed, and releases every handle', async () => {
    await using store = createMemoryStore();
    const sourcer = createEventSourcer({ store, modules: [counter] });
    const { model, open } = withHandles();
    await sourcer.dispatch(counter.commands.Add({ counterId: 'a', by: 1 }));
    const earlier = runnerOf(store, {}, 4, model);
    const stopEarlier = await run(store, earlier);
    await caughtUp(store, earlier);
    await stopEarlier();
    earlier.processor.sharesLost?.();
    // These four events are in one page.
    for (const by of [2, 3, 13, 4]) await sourcer.dispatch(counter.commands.Add({ counterId: 'a', by }));
    const runner = runnerOf(store, { finally: 'park' }, 4, model);
    const stop = await run(store, runner);
    await caughtUp(store, runner);
    assert.deepEqual(await documents(store, runner), { a: { total: 6, events: 3 } });
    assert.equal((await store.processors.listParked()).length, 2);
    assert.equal(open(), 1);
    runner.processor.sharesLost?.();
    assert.equal(open(), 0);
    await stop();
  });

  test('stops at an event that fails, and keeps the reason', async () => {
    await using store = createMemoryStore();
    const sourcer = createEventSourcer({ store, modules: [counter] });
    for (const [counterId, by] of [
      ['b', 2],
      ['a', 13],
      ['b', 2],
    ] as const)
      await sourcer.dispatch(counter.commands.Add({ counterId, by }));
    const runner = runnerOf(store);
    const stop = await run(store, runner);
    for (let stopped: unknown; stopped === undefined; ) {
      const changed = store.processors.awaitChange();
      stopped = (await store.processors.listSubscriptions())[0]!.stopped;
      if (stopped === undefined) await changed;
    }
    assert.deepEqual([runner.failure?.code, runner.failure?.position], ['project-failed', 2n]);
    assert.deepEqual(await documents(store, runner), { b: { total: 2, events: 1 } });
    await stop();
  });
});
