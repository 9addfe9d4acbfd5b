import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createEventSourcer, defineCommand, defineDecider, msgpack, reject } from 'decidable';
import { createMemoryStore } from 'decidable/memory';
import { z } from 'zod';
import { failsWith } from './failing.ts';
import { tillModule } from './till.ts';

describe('a typed command', () => {
  const Empty = defineCommand('Empty', z.object({ basketId: z.string() }), { precondition: 'stream-exists' });
  const basket = defineDecider({
    name: 'shop.basket',
    version: '1',
    state: z.object({ items: z.array(z.string()) }),
    commands: {
      Add: z.object({ basketId: z.string(), item: z.string().min(1), count: z.int().default(1) }),
      Empty,
    },
    events: { Added: z.object({ item: z.string(), count: z.int() }), Emptied: z.object({}) },
    category: 'basket',
    streamId: (command) => command.data.basketId,
    initialState: { items: [] },
    evolve: {
      Added: (draft, { item }) => {
        draft.items.push(item);
      },
      Emptied: () => ({ items: [] }),
    },
    decide: {
      Add: (state, { item, count }) =>
        state.items.includes(item) ? reject('already-there') : [{ type: 'Added', data: { item, count } }],
      Empty: () => [{ type: 'Emptied', data: {} }],
    },
  });
  const start = () => {
    const store = createMemoryStore();
    return { store, sourcer: createEventSourcer({ store, modules: [basket] }) };
  };

  test('is decided and recorded as the output of its schema', async () => {
    const { sourcer, store } = start();
    const given = { type: 'Add', data: { basketId: '1', item: 'tea', unknown: true } } as never;
    const { commandId, events } = await sourcer.dispatch(given);
    assert.deepEqual(msgpack.decode(events[0]!.event.payload, { kind: 'event', type: 'Added', schemaVersion: 1 }), {
      item: 'tea',
      count: 1,
    });
    const recorded = await store.findDecision(commandId);
    assert.deepEqual(
      msgpack.decode(recorded!.decision.command.payload, { kind: 'command', type: 'Add', schemaVersion: 1 }),
      { basketId: '1', item: 'tea', count: 1 },
    );
  });

  test('is decided as a replay would read it, in any form of its values', async () => {
    const seen: unknown[] = [];
    const tray = defineDecider({
      name: 'tray',
      version: '1',
      state: z.object({}),
      commands: { Put: z.object({ thing: z.unknown(), weight: z.number(), label: z.string().optional() }) },
      events: { Lain: z.object({}) },
      category: 'tray',
      streamId: () => '',
      initialState: {},
      evolve: { Lain: () => {} },
      decide: {
        Put: (_state, data) => {
          seen.push(data);
          return [];
        },
      },
    });
    const sourcer = createEventSourcer({ store: createMemoryStore(), modules: [tray] });
    const put = tray.commands.Put({ weight: -0, thing: { b: 5n, a: new Set([2n]) }, label: undefined });
    await sourcer.dispatch(put);
    await sourcer.handleCommand(tray.types.command.toEnvelope(put));
    assert.deepEqual(seen[0], seen[1]);
    assert.deepEqual(seen[0], { thing: { a: new Set([2]), b: 5 }, weight: 0 });
  });

  test('is the same command as its bytes', async () => {
    const { sourcer } = start();
    const add = basket.commands.Add({ basketId: '1', item: 'tea', count: 2 });
    await sourcer.dispatch(add, { commandId: '1' });
    const again = await sourcer.handleCommand(basket.types.command.toEnvelope(add), { commandId: '1' });
    assert.equal(again.duplicate, true);
  });

  test('fails with a fault that has the path of the value if it has a wrong shape', async () => {
    const { sourcer, store } = start();
    const { payload } = await failsWith(
      sourcer.dispatch(basket.commands.Add({ basketId: '1', item: '', count: 1 })),
      'fault',
    );
    assert.equal(payload.val.code, 'invalid-shape');
    assert.match(payload.val.message, /Add\.data\.item/);
    assert.deepEqual(await store.readStreams(), []);
    for (const command of [undefined, 'Add', { data: {} }, { type: 7, data: {} }])
      await failsWith(sourcer.dispatch(command as never), 'invalid-argument');
  });

  test('is encoded and decoded if its module has no canonicalCommand', async () => {
    const { types, decider, routing } = basket;
    const sourcer = createEventSourcer({ store: createMemoryStore(), modules: [{ types, decider, routing }] });
    const first = await sourcer.dispatch({ type: 'Add', data: { basketId: '1', item: 'tea', count: 1 } });
    assert.equal(first.revision, 0n);
  });

  test('is refused by a module whose commands are handles', async () => {
    const till = tillModule();
    const sourcer = createEventSourcer({ store: createMemoryStore(), modules: [till] });
    const command = { type: 'PayIn', data: { till: 'a', amount: 1 } };
    const { payload } = await failsWith(sourcer.dispatch(command as never), 'invalid-argument');
    assert.equal(payload.val.argument, 'command');
    assert.equal(till.calls.size, 0);
  });

  test('leads to a state that can be read as a value and does not change later', async () => {
    const { sourcer } = start();
    const empty = await sourcer.state(basket, 'basket-1');
    assert.deepEqual(
      { ...empty },
      { stream: 'basket-1', module: 'shop.basket', state: { items: [] }, revision: undefined },
    );
    await sourcer.dispatch(basket.commands.Add({ basketId: '1', item: 'tea', count: 1 }));
    const before = await sourcer.state(basket, 'basket-1');
    await sourcer.dispatch(basket.commands.Add({ basketId: '1', item: 'milk', count: 1 }));
    const after = await sourcer.state(basket, 'basket-1');
    const first = await sourcer.state(basket, 'basket-1', { revision: 0n });
    assert.deepEqual([before.state, before.revision], [{ items: ['tea'] }, 0n]);
    assert.deepEqual([after.state, after.revision], [{ items: ['tea', 'milk'] }, 1n]);
    assert.deepEqual([first.state, first.revision], [{ items: ['tea'] }, 0n]);
    await failsWith(sourcer.state(tillModule() as never, 'basket-1'), 'unroutable');
  });

  test('does not compile if no module accepts it', async () => {
    const { sourcer } = start();
    // @ts-expect-error: no module of this event sourcer accepts the command.
    await failsWith(sourcer.dispatch({ type: 'Remove', data: {} }), 'unroutable');
    // @ts-expect-error: the item is a string.
    await failsWith(sourcer.dispatch({ type: 'Add', data: { basketId: '1', item: 7, count: 1 } }), 'fault');
  });
});
