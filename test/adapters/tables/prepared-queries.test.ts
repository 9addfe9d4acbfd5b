/** Handlers of table read models whose queries are compiled once. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { defineDecider, defineSystem } from 'decidable';
import { createSqliteStore } from 'decidable/sqlite';
import { defineTables } from 'decidable/tables';
import fc from 'fast-check';
import { type Kysely, sql } from 'kysely';
import { z } from 'zod';

const folder = mkdtempSync(join(tmpdir(), 'decidable-prepared-'));
after(() => rmSync(folder, { recursive: true }));

const Sold = z.object({
  article: z.string(),
  price: z.int(),
  note: z.string().optional(),
  buyer: z.object({ name: z.string(), city: z.string() }),
});

const shop = defineDecider({
  name: 'shop',
  version: '1',
  state: z.object({}),
  commands: { Sell: Sold },
  events: { Sold },
  category: 'shop',
  streamId: () => '',
  initialState: {},
  evolve: { Sold: () => undefined },
  decide: { Sell: (_state, data) => [{ type: 'Sold', data }] },
});

interface Sales {
  sales: { position: number; article: string; price: number; note: string | null; city: string };
  totals: { article: string; total: number };
}

const create = (db: Kysely<Sales>) => [
  db.schema
    .createTable('sales')
    .addColumn('position', 'integer', (column) => column.primaryKey())
    .addColumn('article', 'text', (column) => column.notNull())
    .addColumn('price', 'integer', (column) => column.notNull())
    .addColumn('note', 'text')
    .addColumn('city', 'text', (column) => column.notNull()),
  db.schema
    .createTable('totals')
    .addColumn('article', 'text', (column) => column.primaryKey())
    .addColumn('total', 'integer', (column) => column.notNull()),
];

const events = { Sold: shop.events.Sold };

const prepared = defineTables({
  name: 'prepared',
  version: '1',
  events,
  create,
  handle: {
    Sold: {
      prepare: (db, { article, price, note, buyer }, { position }) => [
        db.insertInto('sales').values({ position, article, price, note, city: buyer.city }),
        db
          .insertInto('totals')
          .values({ article, total: price })
          .onConflict((conflict) =>
            conflict
              .column('article')
              .doUpdateSet((row) => ({ total: row('totals.total', '+', row.ref('excluded.total')) })),
          ),
      ],
    },
  },
});

const built = defineTables({
  name: 'built',
  version: '1',
  events,
  create,
  handle: {
    Sold: (db, { article, price, note, buyer }, { position }) => [
      db
        .insertInto('sales')
        .values({ position: Number(position), article, price, note: note ?? null, city: buyer.city }),
      db
        .insertInto('totals')
        .values({ article, total: price })
        .onConflict((conflict) =>
          conflict
            .column('article')
            .doUpdateSet((row) => ({ total: row('totals.total', '+', row.ref('excluded.total')) })),
        ),
    ],
  },
});

let files = 0;

describe('prepared queries', () => {
  test('write the rows that the same queries write when they are built for each event', async () => {
    const text = fc.string({ maxLength: 3 });
    const sale = fc.record({
      article: fc.constantFrom('lamp', 'chair', 'rug'),
      price: fc.integer({ min: -1_000, max: 1_000 }),
      note: fc.option(text, { nil: undefined }),
      buyer: fc.record({ name: text, city: text }),
    });
    const system = defineSystem({ name: 'shop', deciders: [shop], readModels: [prepared, built] });
    await fc.assert(
      fc.asyncProperty(fc.array(sale, { minLength: 1, maxLength: 8 }), async (sales) => {
        await using store = createSqliteStore({ file: join(folder, `${files++}.db`), durability: 'normal' });
        await using running = await system.start({ store });
        for (const data of sales) await running.dispatch(shop.commands.Sell(data));
        await running.caughtUp();
        const rows = [];
        for (const model of [prepared, built]) {
          await using reader = running.readModel(model);
          rows.push([
            await reader.db.selectFrom('sales').selectAll().orderBy('position').execute(),
            await reader.db.selectFrom('totals').selectAll().orderBy('article').execute(),
          ]);
        }
        assert.equal(rows[0]?.[0]?.length, sales.length);
        assert.deepEqual(rows[0], rows[1]);
      }),
      { numRuns: 10 },
    );
  });

  test('are compiled when the read model is defined, and not for an event', () => {
    let calls = 0;
    const counted = defineTables({
      name: 'counted',
      version: '1',
      events,
      create,
      handle: {
        Sold: {
          prepare: (db, { article }) => {
            calls++;
            return db.insertInto('totals').values({ article, total: 1 });
          },
        },
      },
    });
    const data = { article: 'lamp', price: 1, buyer: { name: 'Ada', city: 'London' } };
    const context = {
      id: '018f4d1e-7a2b-5c3d-8e4f-5a6b7c8d9e10',
      stream: 'shop',
      revision: 0n,
      position: 1n,
      recordedAt: 0n,
      correlationId: '',
      causationId: '',
    };
    for (let event = 0; event < 3; event++) {
      const [statement] = counted.statementsOf(shop.events.Sold(data), context);
      assert.deepEqual(statement?.parameters, ['lamp', 1]);
    }
    assert.equal(calls, 1);
  });

  const refused: readonly [title: string, prepare: (db: Kysely<Sales>, data: { price: never }) => never][] = [
    ['negate a value', (db, { price }) => db.insertInto('totals').values({ article: 'x', total: -price }) as never],
    [
      'put a value into a string',
      (db, { price }) => db.deleteFrom('totals').where('article', '=', `${price}`) as never,
    ],
    [
      'copy the fields of the event',
      (db, data) => db.insertInto('sales').values({ ...(data as object) } as never) as never,
    ],
    [
      'encode a value as JSON',
      (db, data) => db.deleteFrom('totals').where('article', '=', JSON.stringify(data)) as never,
    ],
    [
      'interpolate a value into raw SQL text',
      (db, { price }) => db.deleteFrom('totals').where(sql.raw(`total = ${price}`) as never) as never,
    ],
    ['return something that is not a query', () => ({ sql: 'delete from totals' }) as never],
  ];
  for (const [title, prepare] of refused) {
    test(`cannot ${title}`, () => {
      assert.throws(
        () =>
          defineTables({ name: 'sums', version: '1', events, create, handle: { Sold: { prepare: prepare as never } } }),
        { code: 'invalid-definition', payload: { place: 'sums.handle.Sold' } },
      );
    });
  }
});
