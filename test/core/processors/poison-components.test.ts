/** Poison events of a component that traps, uses up its fuel or returns a fault, with each policy. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { defineDecider, defineSystem, ProcessorStopped } from 'decidable';
import { createMemoryStore, type MemoryStore } from 'decidable/memory';
import { createSqliteStore, type SqliteStore } from 'decidable/sqlite';
import { z } from 'zod';
import {
  decider,
  dispatchingManager,
  type Health,
  POISON,
  processManager,
  readModel,
  readModelThatCannotRead,
} from './poison-guests.ts';

/** Its events have the category, the type and the lengths that the guests read. */
const source = defineDecider({
  name: 'source',
  version: '1',
  category: 'count',
  state: z.object({}),
  commands: { Emit: z.object({ p: z.string() }) },
  events: { count: z.object({ p: z.string() }) },
  streamId: () => '1',
  initialState: {},
  evolve: { count: () => undefined },
  decide: { Emit: (_state, data) => [{ type: 'count', data }] },
});

/** An event whose payload has this length. A record takes four bytes more than its text. */
const emit = (length: number) => source.commands.Emit({ p: 'x'.repeat(length - 4) });

type Store = MemoryStore | SqliteStore;

const ENGINES: Readonly<Record<string, () => Store>> = {
  memory: () => createMemoryStore(),
  SQLite: () => createSqliteStore({ file: ':memory:' }),
};

interface Part {
  /** The processor that fails. */
  readonly processor: string;
  system(health: Health): Promise<ReturnType<typeof defineSystem>>;
  /** The number of the processed events of each key, or their lengths. */
  processed(store: Store): Promise<readonly unknown[]>;
  /** The results of `processed`: before the poison event, after the events of the other key, and after all events. */
  readonly others: readonly unknown[];
  readonly all: (poison: number) => readonly unknown[];
}

const isReaction = (type: string): boolean => type === 'DeadlineCancelled';

async function reactionsIn(store: Store, stream: string): Promise<number> {
  const events = await store.readStream(stream, { direction: 'forward' });
  return events.filter(({ event }) => isReaction(event.type)).length;
}

const GUARD = { name: 'guard', version: 'count' };

const parts: Readonly<Record<string, Part>> = {
  'a component that is a process manager': {
    processor: 'guard',
    system: async (health) =>
      defineSystem({ name: 's', deciders: [source], processManagers: [await processManager(health)] }) as never,
    processed: (store) => Promise.all([reactionsIn(store, 'guard-count'), reactionsIn(store, 'guard-other')]),
    others: [1, 2],
    all: () => [3, 2],
  },
  'a component that is a read model': {
    processor: 'guard',
    system: async (health) =>
      defineSystem({ name: 's', deciders: [source], readModels: [await readModel(health)] }) as never,
    processed: ({ processors }) =>
      Promise.all(
        ['count', 'other'].map(async (key) => (await processors.readDocument(GUARD, key))?.state.length ?? 0),
      ),
    others: [1, 2],
    all: () => [3, 2],
  },
  'a component that decides the command of a process': {
    processor: 'guard/commands',
    system: async (health) =>
      defineSystem({
        name: 's',
        deciders: [source, await decider(health)],
        processManagers: [await dispatchingManager()],
      }) as never,
    processed: async (store) => {
      const events = await store.readStream('tally-tally', { direction: 'forward' });
      const lengths = events.map(({ event }) => event.payload.length);
      return [lengths.filter((length) => length % 2 === 0), lengths.filter((length) => length % 2 === 1)];
    },
    others: [[6], [7, 9]],
    all: (poison) => [
      [6, poison, 8],
      [7, 9],
    ],
  },
};

/** The codes of the stored reasons. The guest chooses the code of a fault. */
const CODES = { trap: /^trap$/, fuel: /^fuel-exhausted$/, fault: /^(count|tally)$/ } as const;

const NAMES = { trap: 'a trap', fuel: 'an exhausted budget', fault: 'a fault' } as const;

type Running = Awaited<ReturnType<ReturnType<typeof defineSystem>['start']>>;

async function send(running: Running, poison: number): Promise<void> {
  for (const length of [6, 7, poison, 8, 9]) await running.dispatch(emit(length) as never);
}

for (const [part, { processor, system, processed, others, all }] of Object.entries(parts)) {
  for (const [failure, poison] of Object.entries(POISON)) {
    const code = CODES[failure as keyof typeof CODES];
    for (const [engine, open] of Object.entries(ENGINES))
      describe(`an event at which ${part} ends in ${NAMES[failure as keyof typeof NAMES]}, on ${engine}`, () => {
        test('stops the processor with its reason, and a corrected component processes everything once', async () => {
          await using store = open();
          {
            await using running = await (await system('ill')).start({ store, failurePolicy: { retries: 0 } });
            await send(running, poison);
            await assert.rejects(
              running.settled(),
              (error) => error instanceof ProcessorStopped && error.processor.name === processor,
            );
            const status = (await running.status()).find(({ name }) => name === processor);
            assert.ok(status?.stopped !== undefined);
            assert.match(status.stopped.code, code);
            assert.ok(status.stopped.position !== undefined);
            assert.deepEqual((await processed(store))[0], others[0]);
          }
          const mended = await system('healthy');
          await using running = await mended.start({ store, acceptChanges: ['guard'] });
          await running.settled();
          assert.deepEqual(await processed(store), all(poison));
        });

        test('is parked with the later events of its key, and a corrected component processes them in order', async () => {
          await using store = open();
          const failurePolicy = { retries: 0, finally: 'park' } as const;
          {
            await using running = await (await system('ill')).start({ store, failurePolicy });
            await send(running, poison);
            await running.settled();
            const parked = await running.parked.list();
            assert.deepEqual(
              parked.map(({ subscription, reason }) => [subscription.name, reason !== undefined]),
              [
                [processor, true],
                [processor, false],
              ],
            );
            assert.match(parked[0]?.reason?.code ?? '', code);
            assert.deepEqual(await processed(store), others);
          }
          const mended = await system('healthy');
          await using running = await mended.start({ store, failurePolicy, acceptChanges: ['guard'] });
          const [first] = await running.parked.list();
          await running.parked.retry(first!.subscription, first!.key);
          await running.settled();
          assert.deepEqual(await running.parked.list(), []);
          assert.deepEqual(await processed(store), all(poison));
        });
      });
  }
}

test('a trap of a component that reads an event loses no document that it had in memory', async () => {
  await using store = createMemoryStore();
  const model = await readModelThatCannotRead();
  const system = defineSystem({ name: 's', deciders: [source], readModels: [model] });
  await using running = await system.start({ store, failurePolicy: { retries: 0, finally: 'park' } });
  for (const length of [6, 7]) await running.dispatch(emit(length));
  await running.settled();
  // The documents are in memory now, as handles of the instance that traps.
  for (const length of [POISON.trap, 8, 9, 11]) await running.dispatch(emit(length));
  await running.settled();
  const parked = await running.parked.list();
  assert.deepEqual(
    parked.map(({ key, reason }) => [key, reason?.code]),
    [['count-1', 'trap']],
  );
  assert.deepEqual(await parts['a component that is a read model']!.processed(store), [2, 3]);
});

test('a trap in another use of the instance, after a page was folded, repeats the page', async () => {
  await using store = createMemoryStore();
  const model = await readModelThatCannotRead();
  let traps = 0;
  const project: typeof model.projector.project = (...given) => {
    const state = model.projector.project(...given);
    // The instance is also used by other processors, such as a rebuild. One of them runs before the page is encoded.
    if (traps++ === 0) {
      queueMicrotask(() => {
        const payload = new Uint8Array(POISON.trap);
        assert.throws(() => model.types.event.fromEnvelope({ type: 'count', schemaVersion: 1, payload }));
      });
    }
    return state;
  };
  const shared = { ...model, projector: { ...model.projector, project } };
  const system = defineSystem({ name: 's', deciders: [source], readModels: [shared] });
  await using running = await system.start({ store, failurePolicy: { retries: 0 } });
  for (const length of [6, 7, 8, 9, 11]) await running.dispatch(emit(length));
  await running.settled();
  assert.deepEqual(await parts['a component that is a read model']!.processed(store), [2, 3]);
});
