/** Sentences about a table read model. Sentences that are false must fail, and show their parts. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { defineDecider, type EventContext } from 'decidable';
import { defineTables } from 'decidable/tables';
import { ExpectationError, storedEvent, testTables } from 'decidable/testing';
import type { Kysely } from 'kysely';
import { z } from 'zod';

const shelf = defineDecider({
  name: 'shelf',
  version: '1',
  category: 'shelf',
  state: z.object({}),
  commands: {},
  events: {
    Stocked: z.object({ article: z.string(), pieces: z.int(), code: z.bigint() }),
    Cleared: z.object({ article: z.string() }),
    Seen: z.object({}),
  },
  streamId: () => '1',
  initialState: {},
  evolve: { Stocked: () => undefined, Cleared: () => undefined, Seen: () => undefined },
  decide: {},
});
const { Stocked, Cleared, Seen } = shelf.events;

interface Stock {
  stock: { article: string; pieces: number; code: number | bigint; photo: Uint8Array | null; revision: number };
}

const stock = defineTables({
  name: 'stock',
  version: '1',
  events: { Stocked, Cleared, Seen },
  create: (db: Kysely<Stock>) => [
    db.schema
      .createTable('stock')
      .addColumn('article', 'text', (column) => column.primaryKey())
      .addColumn('pieces', 'integer')
      .addColumn('code', 'integer')
      .addColumn('photo', 'blob')
      .addColumn('revision', 'integer'),
  ],
  handle: {
    Stocked: ({ db }, { article, pieces, code }, { revision }) =>
      db
        .insertInto('stock')
        .values({ article, pieces, code, photo: Uint8Array.of(1, 2), revision: Number(revision) })
        .onConflict((conflict) => conflict.column('article').doUpdateSet({ pieces })),
    Cleared: ({ db }, { article }) => db.deleteFrom('stock').where('article', '=', article),
    Seen: () => undefined,
  },
});

const lamp = Stocked({ article: 'lamp', pieces: 2, code: 7n });
const chair = Stocked({ article: 'chair', pieces: 1, code: 2n ** 60n });

function failureOf(expect: () => unknown): ExpectationError {
  try {
    expect();
  } catch (error) {
    assert.ok(error instanceof ExpectationError, `it failed otherwise: ${error}`);
    return error;
  }
  assert.fail('the sentence holds');
}

describe('a sentence about tables', () => {
  test('compares the rows of a table, in any order, by the columns that it names', async () => {
    const { given } = await testTables(stock);
    given(lamp, chair)
      .thenRows('stock', [{ pieces: 1 }, { article: 'lamp', code: 7, photo: Uint8Array.of(1, 2) }])
      .thenRows('stock', [{ code: 2n ** 60n }, { code: 7 }]);
    given(lamp, Stocked({ article: 'lamp', pieces: 9, code: 7n })).thenRows('stock', [{ article: 'lamp', pieces: 9 }]);
    given(lamp, Cleared({ article: 'lamp' })).thenRows('stock', []);
    given(storedEvent('Stocked', 1, { article: 'lamp', pieces: 2, code: 7n })).thenRows('stock', [{ pieces: 2 }]);
  });

  test('compares the statements of the last event', async () => {
    const { given } = await testTables(stock);
    given(lamp)
      .when(Cleared({ article: 'lamp' }))
      .thenStatements({ sql: 'delete from "stock" where "article" = ?', parameters: ['lamp'] });
    given(lamp).when(Seen({})).thenNothing();
  });

  test('uses the context that a test names', async () => {
    const { given } = await testTables(stock);
    given()
      .when(lamp, { revision: 41n })
      .thenRows('stock', [{ revision: 41 }]);
    assert.throws(() => given().when(lamp, { revison: 1n } as Partial<EventContext>), { code: 'invalid-definition' });
  });

  test('shows the given events and the rows if it is false', async () => {
    const { given } = await testTables(stock);
    const { message, expected, actual } = failureOf(() => given(lamp).thenRows('stock', [{ pieces: 3 }]));
    assert.equal(expected, '{ pieces: 3 }');
    assert.equal(actual, '{ pieces: 2 }');
    assert.match(message, /given .*Stocked .*lamp/);
    failureOf(() => given(lamp).thenRows('stock', []));
    failureOf(() => given().thenRows('stock', [{}]));
    failureOf(() => given(lamp).thenNothing());
    failureOf(() => given(lamp).thenStatements({ sql: 'delete from "stock"', parameters: [] }));
  });

  test('fails with the error of the database if a statement fails', async () => {
    const { given } = await testTables(stock);
    assert.throws(() => given(lamp).thenRows('shelves' as 'stock', []), { code: 'SQLITE_ERROR' });
  });
});
