/** Parked events whose key was unknown when they were parked. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { defineDecider, defineProjector, defineSystem } from 'decidable';
import { createMemoryStore } from 'decidable/memory';
import { createSqliteStore } from 'decidable/sqlite';
import { z } from 'zod';

const folder = mkdtempSync(join(tmpdir(), 'decidable-parked-'));
after(() => rmSync(folder, { recursive: true }));

const stores = {
  memory: () => createMemoryStore(),
  SQLite: () => createSqliteStore({ file: join(folder, 'orders.db'), durability: 'normal' }),
};

const order = defineDecider({
  name: 'order',
  version: '1',
  category: 'order',
  streamId: ({ data }) => data.orderId,
  state: z.object({}),
  commands: { Place: z.object({ orderId: z.string(), article: z.string() }) },
  events: { Placed: z.object({ article: z.string() }) },
  initialState: {},
  evolve: { Placed: () => {} },
  decide: { Place: (_state, { article }) => [{ type: 'Placed', data: { article } }] },
});

/** Counts the orders of each article. While it has the bug, it cannot determine the key of an event. */
function counting() {
  const bug = { isFixed: false };
  const counts = defineProjector({
    name: 'counts',
    version: '1',
    state: z.object({ orders: z.int() }),
    events: order.events,
    key: ({ data }) => {
      if (!bug.isFixed) throw new Error('a bug');
      return data.article;
    },
    initialState: { orders: 0 },
    project: {
      Placed: (document) => {
        document.orders++;
      },
    },
  });
  return { bug, counts, system: defineSystem({ name: 'shop', deciders: [order], readModels: [counts] }) };
}

for (const [name, open] of Object.entries(stores)) {
  describe(`events without a key on the ${name} store`, () => {
    test('are processed after a retry by the member that holds the share of their true key', async () => {
      await using store = open();
      const { bug, counts, system } = counting();
      const options = { store, lease: 300, failurePolicy: { retries: 0, finally: 'park' } } as const;
      await using first = await system.start(options);
      await using second = await system.start(options);
      const subscription = { name: 'counts', version: '1' };
      const holders = async () => (await store.processors.listShares(subscription)).map(({ holder }) => holder);
      while (new Set(await holders()).size !== 2) await nextTurn();

      const place = (orderId: string) => first.dispatch(order.commands.Place({ orderId, article: 'lamp' }));
      for (let orders = 0; orders < 16; orders++) await place(`${orders}`);
      await first.caughtUp();
      assert.equal((await first.parked.list()).length, 16);

      bug.isFixed = true;
      // Now a member caches the document in memory.
      await first.caughtUp((await place('readable')).position);
      for (const { key } of await first.parked.list()) await first.parked.retry(subscription, key);
      await second.settled();
      await place('last');
      await second.settled();
      assert.deepEqual(await first.readModel(counts).get('lamp'), { orders: 18 });
      assert.deepEqual(await first.parked.list(), []);
    });
  });
}
