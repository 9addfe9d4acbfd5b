/** Changes of tables that handlers describe as data. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { defineDecider, defineSystem } from 'decidable';
import { createSqliteStore } from 'decidable/sqlite';
import { defineTables, type TableHandler } from 'decidable/tables';
import fc from 'fast-check';
import type { Kysely } from 'kysely';
import { z } from 'zod';
import { CONTEXT } from './deposits.ts';

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
  totals: { article: string; total: number; last: string | null };
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
    .addColumn('total', 'integer', (column) => column.notNull())
    .addColumn('last', 'text'),
];

const events = { Sold: shop.events.Sold };

/** A sale whose price is even changes a row, and another one removes rows. */
const changes = defineTables({
  name: 'changes',
  version: '1',
  events,
  create,
  handle: {
    Sold: ({ insert, upsert, update, remove, add }, { article, price, note, buyer }, { position }) => [
      insert('sales', { position, article, price, note, city: buyer.city }),
      upsert('totals', { article }, { total: add(price), last: note }),
      price % 2 === 0
        ? update('sales', { article, city: buyer.city }, { note: 'even', price: add(1) })
        : remove('sales', { article, price: -price }),
    ],
  },
});

/** The same changes as queries. */
const queries = defineTables({
  name: 'queries',
  version: '1',
  events,
  create,
  handle: {
    Sold: ({ db }, { article, price, note, buyer }, { position }) => [
      db
        .insertInto('sales')
        .values({ position: Number(position), article, price, note: note ?? null, city: buyer.city }),
      db
        .insertInto('totals')
        .values({ article, total: price, last: note ?? null })
        .onConflict((conflict) =>
          conflict.column('article').doUpdateSet((row) => ({
            total: row('totals.total', '+', row.ref('excluded.total')),
            last: note ?? null,
          })),
        ),
      price % 2 === 0
        ? db
            .updateTable('sales')
            .set((row) => ({ note: 'even', price: row('price', '+', 1) }))
            .where('article', '=', article)
            .where('city', '=', buyer.city)
        : db.deleteFrom('sales').where('article', '=', article).where('price', '=', -price),
    ],
  },
});

let files = 0;

const context = { ...CONTEXT, stream: 'shop', position: 1n };
const sold = shop.events.Sold({ article: 'lamp', price: 1, buyer: { name: 'Ada', city: 'London' } });
type Sale = z.infer<typeof Sold>;

/** Returns the statements of a handler for one sale. */
function statementsOf(handler: TableHandler<Sales, Sale>) {
  const model = defineTables({ name: 'sums', version: '1', events, create, handle: { Sold: handler as never } });
  return model.statementsOf(sold, context);
}

describe('changes of tables', () => {
  test('write the rows that the same Kysely queries write', async () => {
    const text = fc.string({ maxLength: 3 });
    const sale = fc.record({
      article: fc.constantFrom('lamp', 'chair', 'rug'),
      price: fc.integer({ min: -4, max: 4 }),
      note: fc.option(text, { nil: undefined }),
      buyer: fc.record({ name: text, city: fc.constantFrom('London', 'Oslo') }),
    });
    const system = defineSystem({ name: 'shop', deciders: [shop], readModels: [changes, queries] });
    await fc.assert(
      fc.asyncProperty(fc.array(sale, { minLength: 1, maxLength: 12 }), async (sales) => {
        await using store = createSqliteStore({ file: join(folder, `${files++}.db`), durability: 'normal' });
        await using running = await system.start({ store });
        for (const data of sales) await running.dispatch(shop.commands.Sell(data));
        await running.caughtUp();
        const rows = [];
        for (const model of [changes, queries]) {
          await using reader = running.readModel(model);
          rows.push([
            await reader.db.selectFrom('sales').selectAll().orderBy('position').execute(),
            await reader.db.selectFrom('totals').selectAll().orderBy('article').execute(),
          ]);
        }
        assert.equal(rows[0]?.[1]?.length, new Set(sales.map(({ article }) => article)).size);
        assert.deepEqual(rows[0], rows[1]);
      }),
      { numRuns: 15 },
    );
  });

  test('are a statement and its parameters', () => {
    assert.deepEqual(
      statementsOf(({ insert, upsert, update, remove, add }, { article, note }, { position }) => [
        insert('sales', { position, article, price: 1, note, city: 'Oslo' }),
        upsert('totals', { article }, { total: add(2), last: 'x' }),
        upsert('totals', { article, total: 3 }, { last: null }),
        update('totals', { article }, { last: undefined, total: add(4n) }),
        remove('totals', { article, last: 'x' }),
      ]),
      [
        {
          sql: 'insert into "sums@1/sales" ("position", "article", "price", "note", "city") values (?, ?, ?, ?, ?)',
          parameters: [1n, 'lamp', 1, null, 'Oslo'],
        },
        {
          sql:
            'insert into "sums@1/totals" ("article", "total", "last") values (?, ?, ?) on conflict ("article") ' +
            'do update set "total" = "sums@1/totals"."total" + excluded."total", "last" = excluded."last"',
          parameters: ['lamp', 2, 'x'],
        },
        {
          sql:
            'insert into "sums@1/totals" ("article", "total", "last") values (?, ?, ?) ' +
            'on conflict ("article", "total") do update set "last" = excluded."last"',
          parameters: ['lamp', 3, null],
        },
        {
          sql: 'update "sums@1/totals" set "last" = ?, "total" = "total" + ? where "article" = ?',
          parameters: [null, 4n, 'lamp'],
        },
        {
          sql: 'delete from "sums@1/totals" where "article" = ? and "last" = ?',
          parameters: ['lamp', 'x'],
        },
      ],
    );
  });

  test('differ only in their parameters if they have the same columns', () => {
    const [added, replaced, addedAgain] = statementsOf(({ upsert, add }, { article }) => [
      upsert('totals', { article }, { total: add(1), last: null }),
      upsert('totals', { article }, { total: 1, last: null }),
      upsert('totals', { article: 'rug' }, { total: add(2), last: '' }),
    ]);
    assert.notEqual(added?.sql, replaced?.sql);
    assert.deepEqual(addedAgain, { sql: added?.sql, parameters: ['rug', 2, ''] });
  });

  test('only insert a row that is missing if no other columns are upserted', () => {
    const [statement] = statementsOf(({ upsert }, { article }) =>
      upsert('totals', { article, total: 1, last: 'x' }, {}),
    );
    assert.match(statement!.sql, /on conflict \("article", "total", "last"\) do nothing$/);
  });

  test('keep each value in its column if columns have numbers as names', () => {
    const numbered = defineTables({
      name: 'numbered',
      version: '1',
      events,
      create: (db: Kysely<{ cells: { row: string; 2: number; 1: number } }>) => [
        db.schema
          .createTable('cells')
          .addColumn('row', 'text', (column) => column.primaryKey())
          .addColumn('2', 'integer')
          .addColumn('1', 'integer'),
      ],
      handle: { Sold: ({ upsert }, { article }) => upsert('cells', { row: article }, { 2: 20, 1: 10 }) },
    });
    assert.deepEqual(numbered.statementsOf(sold, context), [
      {
        sql:
          'insert into "numbered@1/cells" ("1", "2", "row") values (?, ?, ?) on conflict ("row") ' +
          'do update set "1" = excluded."1", "2" = excluded."2"',
        parameters: [10, 20, 'lamp'],
      },
    ]);
  });

  const refused: readonly [title: string, handler: TableHandler<Sales, Sale>, place: string][] = [
    ['name an unknown table', ({ insert }) => insert('sails' as 'sales', {} as never), 'insert'],
    ['insert a row without columns', ({ insert }) => insert('sales', {} as never), 'insert sales'],
    ['update rows without a key', ({ update }) => update('sales', {}, { price: 1 }), 'update sales'],
    ['update no column', ({ update }) => update('sales', { article: 'lamp' }, {}), 'update sales'],
    ['remove rows without a key', ({ remove }) => remove('sales', {}), 'remove sales'],
    [
      'have a key without a value',
      ({ remove }, { note }) => remove('sales', { article: 'lamp', note: note! }),
      'remove sales.note',
    ],
    [
      'change a column of the key',
      ({ update }) => update('sales', { article: 'lamp' }, { article: 'rug' } as never),
      'update sales.article',
    ],
  ];
  for (const [title, handler, place] of refused) {
    test(`cannot ${title}`, () => {
      assert.throws(() => statementsOf(handler), { code: 'invalid-definition', payload: { place } });
    });
  }

  for (const returned of [{ table: 'sales' }, null]) {
    test(`cannot be ${JSON.stringify(returned)}`, () => {
      assert.throws(() => statementsOf(() => [returned] as never), { code: 'invalid-change' });
    });
  }

  test('are checked by the types of the tables', () => {
    const handlers: readonly TableHandler<Sales, Sale>[] = [
      // @ts-expect-error no such table
      ({ insert }) => insert('sails', { article: 'lamp' }),
      // @ts-expect-error a column is missing
      ({ insert }) => insert('sales', { article: 'lamp' }),
      // @ts-expect-error no such column
      ({ upsert }, { article }) => upsert('totals', { article }, { total: 1, last: null, first: null }),
      // @ts-expect-error a column is missing
      ({ upsert }, { article }) => upsert('totals', { article }, { last: null }),
      // @ts-expect-error the value has another type
      ({ upsert }, { article }) => upsert('totals', { article }, { total: '1', last: null }),
      // @ts-expect-error only numbers are added
      ({ upsert, add }, { article }) => upsert('totals', { article }, { total: 1, last: add(1) }),
      // @ts-expect-error the column is in the key
      ({ update }, { article }) => update('totals', { article }, { article, total: 1 }),
      // @ts-expect-error no such column in the key
      ({ remove }, { article }) => remove('totals', { articel: article }),
      // @ts-expect-error a key has no nulls
      ({ remove }) => remove('totals', { last: null }),
    ];
    assert.equal(handlers.length, 9);
  });
});
