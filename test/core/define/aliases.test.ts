/** Messages with former names. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  createEventSourcer,
  defineCommand,
  defineDecider,
  defineEvent,
  defineEventHandler,
  defineProjector,
  defineSystem,
  dispatchCommand,
  msgpack,
  upcastFrom,
  withCategory,
} from 'decidable';
import { createMemoryStore } from 'decidable/memory';
import { storedEvent, testDecider, testProjector } from 'decidable/testing';
import { z } from 'zod';

const Seats = z.object({ seats: z.int() });

/** The first release of the module. */
const before = defineDecider({
  name: 'concert',
  version: '1',
  state: z.object({ sold: z.int() }),
  commands: { Buy: Seats },
  events: { Bought: Seats },
  category: 'concert',
  streamId: () => '1',
  initialState: { sold: 0 },
  evolve: {
    Bought: (state, { seats }) => {
      state.sold += seats;
    },
  },
  decide: { Buy: (_state, { seats }) => [{ type: 'Bought', data: { seats } }] },
});

/** The second release has other names, and the event has a new field. */
const Reserve = defineCommand('Reserve', Seats, { aliases: ['Buy', 'Order'] });
const Reserved = defineEvent('Reserved', z.object({ seats: z.int(), by: z.string() }), {
  schemaVersion: 2,
  upcast: { 1: upcastFrom(Seats, ({ seats }) => ({ seats, by: 'unknown' })) },
  aliases: ['Bought'],
});

const after = defineDecider({
  name: 'concert',
  version: '2',
  state: z.object({ sold: z.int() }),
  commands: { Reserve },
  events: { Reserved },
  category: 'concert',
  streamId: () => '1',
  initialState: { sold: 0 },
  evolve: {
    Reserved: (state, { seats }) => {
      state.sold += seats;
    },
  },
  decide: { Reserve: (_state, { seats }) => [Reserved({ seats, by: 'Ada' })] },
});

const sold = defineProjector({
  name: 'sold',
  version: '1',
  state: z.object({ seats: z.int() }),
  events: { Reserved: after.events.Reserved },
  key: () => 'all',
  initialState: { seats: 0 },
  project: {
    Reserved: (document, { seats }) => {
      document.seats += seats;
    },
  },
});

const buy = (type: string) => ({
  type,
  schemaVersion: 1,
  payload: msgpack.encode({ seats: 2 }, { kind: 'command', type, schemaVersion: 1 }),
});

/** A store with an event and a command under their former names. */
async function storeOfBefore() {
  const store = createMemoryStore();
  const sourcer = createEventSourcer({ store, modules: [before] });
  await sourcer.dispatch({ type: 'Buy', data: { seats: 2 } }, { commandId: 'first' });
  await sourcer.close();
  return store;
}

describe('an event with a former name', () => {
  test('is folded if it was stored under that name, and its old versions are upcast', () => {
    const { given } = testDecider(after);
    given(storedEvent('Bought', 1, { seats: 2 }), storedEvent('Bought', 2, { seats: 1, by: 'Bo' }))
      .when(Reserve({ seats: 1 }))
      .then(Reserved({ seats: 1, by: 'Ada' }))
      .thenState({ sold: 4 });
  });

  test('is projected', () =>
    testProjector(sold)
      .given(storedEvent('Bought', 1, { seats: 2 }))
      .then({ all: { seats: 2 } }));

  test('keeps its stored name, and new events have the new one', async () => {
    await using store = await storeOfBefore();
    await using sourcer = createEventSourcer({ store, modules: [after] });
    const { events } = await sourcer.dispatch(Reserve({ seats: 3 }));
    assert.deepEqual(
      events.map(({ event }) => event.type),
      ['Reserved'],
    );
    const stored = await store.readStream('concert-1', { direction: 'forward' });
    assert.deepEqual(
      stored.map(({ event }) => event.type),
      ['Bought', 'Reserved'],
    );
    const { state } = await sourcer.state(after, 'concert-1');
    assert.deepEqual(state, { sold: 5 });
  });

  test('is among the events that a system reads', async () => {
    await using store = await storeOfBefore();
    const watcher = defineEventHandler({
      name: 'watcher',
      version: '1',
      state: z.int(),
      events: { Reserved: after.events.Reserved },
      commands: { Reserve },
      key: () => 'all',
      initialState: 0,
      evolve: { Reserved: (count) => count + 1 },
      handle: { Reserved: (count, { seats }) => (count === 1 ? [dispatchCommand(Reserve({ seats }))] : []) },
    });
    const system = defineSystem({ name: 'tickets', deciders: [after], processManagers: [watcher], readModels: [sold] });
    await using running = await system.start({ store });
    await running.settled();
    assert.deepEqual(await running.readModel(sold).get('all'), { seats: 4 });
  });
});

describe('a command with a former name', () => {
  test('is decided if it is sent under that name', async () => {
    await using store = createMemoryStore();
    await using sourcer = createEventSourcer({ store, modules: [after] });
    assert.equal((await sourcer.handleCommand(buy('Order'))).outcome.tag, 'accepted');
  });

  test('is recognized as a duplicate under each of its names', async () => {
    await using store = await storeOfBefore();
    await using sourcer = createEventSourcer({ store, modules: [after] });
    for (const type of ['Buy', 'Order', 'Reserve']) {
      const { duplicate } = await sourcer.handleCommand(buy(type), { commandId: 'first' });
      assert.equal(duplicate, true, type);
    }
    await assert.rejects(sourcer.dispatch(Reserve({ seats: 9 }), { commandId: 'first' }), {
      code: 'command-id-reused',
    });
  });

  test('has its new name if a caller creates it', () => {
    assert.deepEqual(after.command('Buy', { seats: 1 }), Reserve({ seats: 1 }));
  });
});

describe('former names', () => {
  test('are part of the descriptors, so that hosts route and read them', () => {
    const { commands, events } = after.routing.describe();
    assert.deepEqual(
      commands.map(({ type }) => type),
      ['Reserve', 'Buy', 'Order'],
    );
    assert.deepEqual(events, [
      { type: 'Reserved', schemaVersion: 2 },
      { type: 'Bought', schemaVersion: 2 },
    ]);
    assert.deepEqual(sold.projector.describe().events, [
      { category: 'concert', type: 'Reserved', name: undefined },
      { category: 'concert', type: 'Bought', name: 'Reserved' },
    ]);
  });

  test('are refused if they are not strings, or occur twice', () => {
    for (const aliases of [[''], ['Paid'], ['Bought', 'Bought'], [5], 'Bought']) {
      assert.throws(() => defineEvent('Paid', Seats, { aliases: aliases as string[] }), { code: 'invalid-definition' });
    }
  });

  test('are refused if another message of the module has them', () => {
    const { Reserved } = after.events;
    const events = { Reserved, Bought: withCategory(defineEvent('Bought', Seats), 'concert') };
    const handlers = { Reserved: () => {}, Bought: () => {} };
    assert.throws(() => defineProjector({ ...common, events, project: handlers }), {
      payload: { place: 'x.events.Bought' },
    });
    const Also = withCategory(defineEvent('Also', Seats, { aliases: ['Bought'] }), 'concert');
    assert.throws(
      () => defineProjector({ ...common, events: { Reserved, Also }, project: { Reserved: () => {}, Also: () => {} } }),
      { payload: { place: 'x.events.Also' } },
    );
  });
});

const common = { name: 'x', version: '1', state: Seats, key: () => 'all', initialState: { seats: 0 } };
