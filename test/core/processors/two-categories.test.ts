/** Readers of events that have one type and different categories, on the memory store and on SQLite. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import {
  type AnyModule,
  defineDecider,
  defineEvent,
  defineEventHandler,
  defineProjector,
  defineReactor,
  defineSystem,
  describe as describeSystem,
  dispatchCommand,
  withCategory,
} from 'decidable';
import { createMemoryStore } from 'decidable/memory';
import { createSqliteStore } from 'decidable/sqlite';
import { defineTables } from 'decidable/tables';
import type { Kysely } from 'kysely';
import { z } from 'zod';

const id = z.object({ id: z.string() });
const empty = z.object({});

const order = defineDecider({
  name: 'order',
  version: '1',
  category: 'order',
  state: empty,
  commands: { CancelOrder: id },
  events: { Cancelled: z.object({ id: z.string(), cents: z.int() }) },
  streamId: ({ data }) => data.id,
  initialState: {},
  evolve: { Cancelled: () => {} },
  decide: { CancelOrder: (_state, { id }) => [{ type: 'Cancelled', data: { id, cents: 700 } }] },
});

/** A decider whose event has the same type and different data. */
const subscription = defineDecider({
  name: 'subscription',
  version: '1',
  category: 'subscription',
  state: empty,
  commands: { CancelSubscription: id },
  events: { Cancelled: z.object({ id: z.string(), reason: z.string() }) },
  streamId: ({ data }) => data.id,
  initialState: {},
  evolve: { Cancelled: () => {} },
  decide: { CancelSubscription: (_state, { id }) => [{ type: 'Cancelled', data: { id, reason: 'moved' } }] },
});

const note = defineDecider({
  name: 'note',
  version: '1',
  category: 'note',
  state: z.array(z.string()),
  commands: { Write: z.object({ id: z.string(), text: z.string() }) },
  events: { Written: z.object({ text: z.string() }) },
  streamId: ({ data }) => data.id,
  initialState: [],
  evolve: { Written: (notes, { text }) => void notes.push(text) },
  decide: { Write: (_state, { text }) => [{ type: 'Written', data: { text } }] },
});

const both = { OrderCancelled: order.events.Cancelled, SubscriptionCancelled: subscription.events.Cancelled };

/** Reads the event of one category under its own type. */
const refunds = defineProjector({
  name: 'refunds',
  version: '1',
  state: z.object({ cents: z.int() }),
  events: { Cancelled: order.events.Cancelled },
  key: () => 'all',
  initialState: { cents: 0 },
  project: {
    Cancelled: (document, { cents }) => {
      document.cents += cents;
    },
  },
});

const cancellations = defineProjector({
  name: 'cancellations',
  version: '1',
  state: z.object({ orders: z.int(), reasons: z.array(z.string()) }),
  events: both,
  key: ({ data }) => data.id,
  initialState: { orders: 0, reasons: [] },
  project: {
    OrderCancelled: (document) => {
      document.orders++;
    },
    SubscriptionCancelled: (document, { reason }) => {
      document.reasons.push(reason);
    },
  },
});

interface Tables {
  cancelled: { position: number; what: string };
}

const lines = defineTables({
  name: 'lines',
  version: '1',
  events: both,
  create: (db: Kysely<Tables>) => [
    db.schema
      .createTable('cancelled')
      .addColumn('position', 'integer', (column) => column.primaryKey())
      .addColumn('what', 'text', (column) => column.notNull()),
  ],
  handle: {
    OrderCancelled: ({ db }, { cents }, { position }) =>
      db.insertInto('cancelled').values({ position: Number(position), what: `order ${cents}` }),
    SubscriptionCancelled: ({ db }, { reason }, { position }) =>
      db.insertInto('cancelled').values({ position: Number(position), what: `subscription ${reason}` }),
  },
});

/** Sends a note with a number for each cancellation. Its state is folded from both events. */
const scribe = defineEventHandler({
  name: 'scribe',
  version: '1',
  state: z.object({ seen: z.int() }),
  events: both,
  commands: note.commands,
  key: ({ data }) => data.id,
  initialState: { seen: 0 },
  evolve: {
    OrderCancelled: (state) => void state.seen++,
    SubscriptionCancelled: (state) => void state.seen++,
  },
  handle: {
    OrderCancelled: ({ seen }, { id, cents }) => [
      dispatchCommand(note.commands.Write({ id, text: `${seen}: order ${cents}` })),
    ],
    SubscriptionCancelled: ({ seen }, { id, reason }) => [
      dispatchCommand(note.commands.Write({ id, text: `${seen}: subscription ${reason}` })),
    ],
  },
});

const watching = (seen: string[]) =>
  defineReactor({
    name: 'watcher',
    version: '1',
    events: both,
    react: {
      OrderCancelled: ({ cents }) => void seen.push(`order ${cents}`),
      SubscriptionCancelled: ({ reason }) => void seen.push(`subscription ${reason}`),
    },
  });

for (const [name, create] of [
  ['memory', () => createMemoryStore()],
  ['SQLite', () => createSqliteStore({ file: ':memory:' })],
] as const) {
  describe(`events of one type and two categories on ${name}`, () => {
    test('are distinguished by read models, process managers and reactors', async () => {
      await using store = create();
      const seen: string[] = [];
      const system = defineSystem({
        name: 'shop',
        deciders: [order, subscription, note],
        processManagers: [scribe],
        readModels: [refunds, cancellations],
        reactors: [watching(seen)],
      });
      await using running = await system.start({ store });
      await running.dispatch(order.commands.CancelOrder({ id: '1' }));
      await running.dispatch(subscription.commands.CancelSubscription({ id: '1' }));
      await running.settled();
      assert.deepEqual(await running.readModel(refunds).get('all'), { cents: 700 });
      assert.deepEqual(await running.readModel(cancellations).get('1'), { orders: 1, reasons: ['moved'] });
      assert.deepEqual(seen.sort(), ['order 700', 'subscription moved']);
      const { state } = await running.sourcer.state(note, 'note-1');
      assert.deepEqual(state.map((text) => text.slice(3)).sort(), ['order 700', 'subscription moved']);
      assert.deepEqual(
        state.map((text) => text.slice(0, 1)),
        ['1', '2'],
      );
    });
  });
}

test('a table read model distinguishes events of one type and two categories', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'decidable-categories-'));
  t.after(() => rmSync(folder, { recursive: true }));
  await using store = createSqliteStore({ file: join(folder, 'shop.db') });
  const system = defineSystem({ name: 'shop', deciders: [order, subscription], readModels: [lines] });
  await using running = await system.start({ store });
  await running.dispatch(order.commands.CancelOrder({ id: '1' }));
  await running.dispatch(subscription.commands.CancelSubscription({ id: '1' }));
  await running.settled();
  await using reader = running.readModel(lines);
  const found = await reader.db.selectFrom('cancelled').select('what').orderBy('position').execute();
  assert.deepEqual(
    found.map(({ what }) => what),
    ['order 700', 'subscription moved'],
  );
});

test('the description of a system shows the category of an event', () => {
  const deciders: readonly AnyModule[] = [order, subscription];
  const { flows, readModels } = describeSystem(
    defineSystem({ name: 'shop', deciders, readModels: [refunds, cancellations] }),
  );
  assert.deepEqual(flows, [
    { from: 'order', message: 'Cancelled', to: 'refunds' },
    { from: 'order', message: 'Cancelled', to: 'cancellations' },
    { from: 'subscription', message: 'Cancelled', to: 'cancellations' },
  ]);
  assert.deepEqual(readModels[0]?.events, [{ category: 'order', type: 'Cancelled' }]);
});

describe('the definition of a reader', () => {
  const reading = (events: Record<string, unknown>) =>
    defineProjector({
      name: 'reader',
      version: '1',
      state: empty,
      events: events as never,
      key: () => 'all',
      initialState: {},
      project: Object.fromEntries(Object.keys(events).map((name) => [name, () => undefined])) as never,
    });
  const refused = (events: Record<string, unknown>, place: string): void => {
    assert.throws(() => reading(events), { code: 'invalid-definition', payload: { place } });
  };

  test('is refused if an event has no category', () => {
    refused({ Cancelled: defineEvent('Cancelled', id) }, 'reader.events.Cancelled');
    refused({ Cancelled: id }, 'reader.events.Cancelled');
  });

  test('is refused if a command is among the events', () => {
    refused({ CancelOrder: order.commands.CancelOrder }, 'reader.events.CancelOrder');
  });

  test('is refused if one event has two names', () => {
    refused({ One: order.events.Cancelled, Other: order.events.Cancelled }, 'reader.events.Other');
  });

  test('accepts an event that withCategory created', () => {
    const { projector } = reading({ Gone: withCategory(defineEvent('Cancelled', id), 'order') });
    assert.deepEqual(projector.describe().events, [{ category: 'order', type: 'Cancelled', name: 'Gone' }]);
  });

  test('creates messages with the names of the reader', () => {
    const message = cancellations.events.SubscriptionCancelled({ id: '1', reason: 'moved' });
    assert.equal(message.type, 'SubscriptionCancelled');
    assert.equal(cancellations.projector.key(message), '1');
  });

  test('is refused by a system whose deciders make the event in another category', () => {
    const define = () => defineSystem({ name: 'shop', deciders: [subscription], readModels: [refunds] });
    assert.throws(define, {
      code: 'invalid-definition',
      payload: { place: 'shop.refunds', names: ['order.Cancelled'] },
    });
  });

  test('is refused by a system if it reads no event', () => {
    const define = () => defineSystem({ name: 'shop', deciders: [order], readModels: [reading({})] });
    assert.throws(define, { code: 'invalid-definition', payload: { place: 'shop.reader' } });
  });
});

test('a process keeps its state if a new version of its manager has other names for the events', async () => {
  await using store = createMemoryStore();
  const parts = {
    name: 'refunding',
    state: z.object({ cents: z.int() }),
    commands: { Write: note.commands.Write },
    initialState: { cents: 0 },
  };
  const first = defineEventHandler({
    ...parts,
    version: '1',
    events: { Cancelled: order.events.Cancelled },
    key: ({ data }) => data.id,
    evolve: { Cancelled: (state, { cents }) => void Object.assign(state, { cents }) },
    handle: { Cancelled: () => [] },
    rejected: { Write: 'ignore' },
  });
  const second = defineEventHandler({
    ...parts,
    version: '2',
    // This is the former name of the order's event.
    events: { OrderCancelled: order.events.Cancelled, Cancelled: subscription.events.Cancelled },
    key: ({ data }) => data.id,
    evolve: { OrderCancelled: (state, { cents }) => void Object.assign(state, { cents }) },
    handle: {
      OrderCancelled: () => [],
      Cancelled: ({ cents }, { id, reason }) => [
        dispatchCommand(note.commands.Write({ id, text: `${cents} because ${reason}` })),
      ],
    },
    rejected: { Write: 'ignore' },
  });
  const deciders = [order, subscription, note] as const;
  {
    const system = defineSystem({ name: 's', deciders, processManagers: [first] });
    await using running = await system.start({ store });
    await running.dispatch(order.commands.CancelOrder({ id: '1' }));
    await running.settled();
  }
  const system = defineSystem({ name: 's', deciders, processManagers: [second] });
  await using running = await system.start({ store });
  await running.dispatch(subscription.commands.CancelSubscription({ id: '1' }));
  await running.settled();
  const [written] = await store.readStream('note-1', { direction: 'forward' });
  assert.deepEqual(note.types.event.fromEnvelope(written!.event).data, { text: '700 because moved' });
});

test('a decision of a process records the category and the type of its event', async () => {
  await using store = createMemoryStore();
  const system = defineSystem({ name: 's', deciders: [order, subscription, note], processManagers: [scribe] });
  await using running = await system.start({ store });
  await running.dispatch(order.commands.CancelOrder({ id: '1' }));
  await running.dispatch(subscription.commands.CancelSubscription({ id: '1' }));
  await running.settled();
  const streams = (await store.readStreams()).filter(({ stream }) => stream.startsWith('scribe-'));
  const commits = (await Promise.all(streams.map(({ stream }) => store.readCommits(stream)))).flat();
  assert.deepEqual(commits.map(({ decision }) => decision.decision.command.type).sort(), [
    'order.Cancelled',
    'subscription.Cancelled',
  ]);
});
