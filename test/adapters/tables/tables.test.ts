/** Table read models on the SQLite store. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { defineSystem, type ProcessorStopped, UnsupportedByStore } from 'decidable';
import { createMemoryStore } from 'decidable/memory';
import { createSqliteStore } from 'decidable/sqlite';
import { defineTables } from 'decidable/tables';
import { type Kysely, sql } from 'kysely';
import { account } from '../../core/processors/transfers.ts';
import { CONTEXT, fill } from './deposits.ts';

const folder = mkdtempSync(join(tmpdir(), 'decidable-tables-'));
after(() => rmSync(folder, { recursive: true }));

let files = 0;
const open = () => createSqliteStore({ file: join(folder, `${files++}.db`), durability: 'normal' });

interface Statements {
  lines: { account_id: string; position: number; amount: number };
  totals: { account_id: string; total: number };
}

const create = (db: Kysely<Statements>) => [
  db.schema
    .createTable('lines')
    .addColumn('account_id', 'text', (column) => column.notNull())
    .addColumn('position', 'integer', (column) => column.primaryKey())
    .addColumn('amount', 'integer', (column) => column.notNull()),
  db.schema.createIndex('lines_by_account').on('lines').column('account_id'),
  db.schema
    .createTable('totals')
    .addColumn('account_id', 'text', (column) => column.primaryKey())
    .addColumn('total', 'integer', (column) => column.notNull()),
];

function statementsOf(version = '1', refuse = -1) {
  return defineTables({
    name: 'statements',
    version,
    events: { Deposited: account.events.Deposited, Withdrawn: account.events.Withdrawn },
    create,
    handle: {
      Deposited: ({ db }, { accountId, amount }, { position }) => [
        db.insertInto('lines').values({ account_id: accountId, position: Number(position), amount }),
        db
          .insertInto('totals')
          // A second row with a key that exists, and no rule for the conflict, breaks the constraint.
          .values({ account_id: amount === refuse ? 'a' : accountId, total: amount })
          .$if(amount !== refuse, (query) =>
            query.onConflict((conflict) =>
              conflict.column('account_id').doUpdateSet(({ ref }) => ({ total: ref('totals.total') as never })),
            ),
          ),
        db
          .updateTable('totals')
          .set(({ selectFrom }) => ({
            total: selectFrom('lines')
              .select(({ fn }) => fn.sum<number>('lines.amount').as('total'))
              .where('lines.account_id', '=', accountId),
          }))
          .where('account_id', '=', accountId),
      ],
      Withdrawn: ({ insert }, { accountId, amount }, { position }) =>
        insert('lines', { account_id: accountId, position, amount: -amount }),
    },
  });
}

const { Open, Deposit } = account.commands;

describe('a table read model', () => {
  test('has the rows that its queries write, and is read with Kysely', async () => {
    await using store = open();
    const statements = statementsOf();
    await using running = await defineSystem({ name: 'bank', deciders: [account], readModels: [statements] }).start({
      store,
    });
    await fill(running);
    await running.caughtUp();
    await using reader = running.readModel(statements);
    const totals = await reader.db.selectFrom('totals').selectAll().orderBy('account_id').execute();
    assert.deepEqual(totals, [
      { account_id: 'a', total: 12 },
      { account_id: 'b', total: 15 },
    ]);
    const lines = await reader.db
      .selectFrom('lines as line')
      .innerJoin('totals', 'totals.account_id', 'line.account_id')
      .select(['line.amount', 'totals.total'])
      .where('line.account_id', '=', 'a')
      .orderBy('line.position')
      .execute();
    assert.deepEqual(lines, [
      { amount: 5, total: 12 },
      { amount: 7, total: 12 },
    ]);
  });

  test('is read on a SQLite store in memory, also row by row', async () => {
    await using store = createSqliteStore({ file: ':memory:' });
    const statements = statementsOf();
    const system = defineSystem({ name: 'bank', deciders: [account], readModels: [statements] });
    await using running = await system.start({ store });
    await fill(running);
    await running.caughtUp();
    await using reader = running.readModel(statements);
    const query = reader.db.selectFrom('lines').select('amount').orderBy('position');
    const streamed: number[] = [];
    for await (const { amount } of query.stream()) {
      streamed.push(amount);
      // The store writes while a reader is between two rows.
      await running.dispatch(Deposit({ accountId: 'b', amount: 1 }));
    }
    assert.deepEqual(streamed, [5, 13, 7, 2]);
    await running.caughtUp();
    assert.equal((await query.execute()).length, 8);
  });

  test('can only be read on a SQLite store in memory too', async () => {
    await using store = createSqliteStore({ file: ':memory:' });
    const statements = statementsOf();
    const system = defineSystem({ name: 'bank', deciders: [account], readModels: [statements] });
    await using running = await system.start({ store });
    await running.dispatch(Open({ accountId: 'a' }));
    await using reader = running.readModel(statements);
    const line = { account_id: 'a', position: 1, amount: 1 };
    const refused = { code: 'SQLITE_READONLY' };
    await assert.rejects(reader.db.insertInto('lines').values(line).execute(), refused);
    await assert.rejects(reader.db.insertInto('lines').values(line).returningAll().execute(), refused);
    await assert.rejects(
      reader.db.transaction().execute(async () => undefined),
      refused,
    );
    await running.dispatch(Deposit({ accountId: 'a', amount: 1 }));
    await running.caughtUp();
    assert.equal((await reader.db.selectFrom('lines').selectAll().execute()).length, 1);
  });

  test('returns integers exactly, as a bigint if a number cannot hold them', async () => {
    await using store = open();
    const integers = [0n, 5n, 2n ** 53n - 1n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 53n) - 1n, -(2n ** 63n)];
    const exact = defineTables({
      name: 'exact',
      version: '1',
      events: { Opened: account.events.Opened },
      create: (db: Kysely<{ integers: { place: number; value: number | bigint; ratio: number } }>) => [
        db.schema
          .createTable('integers')
          .addColumn('place', 'integer')
          .addColumn('value', 'integer')
          .addColumn('ratio', 'real'),
      ],
      handle: {
        Opened: ({ insert }) => integers.map((value, place) => insert('integers', { place, value, ratio: 1.5 })),
      },
    });
    await using running = await defineSystem({ name: 'bank', deciders: [account], readModels: [exact] }).start({
      store,
    });
    await running.dispatch(account.commands.Open({ accountId: 'a' }));
    await running.caughtUp();
    await using reader = running.readModel(exact);
    const query = reader.db.selectFrom('integers').select(['value', 'ratio']).orderBy('place');
    const expected = [
      0,
      5,
      Number.MAX_SAFE_INTEGER,
      9007199254740993n,
      9223372036854775807n,
      -9007199254740993n,
      -9223372036854775808n,
    ].map((value) => ({ value, ratio: 1.5 }));
    assert.deepEqual(await query.execute(), expected);
    const streamed: unknown[] = [];
    for await (const row of query.stream()) streamed.push(row);
    assert.deepEqual(streamed, expected);
  });

  test('cannot be written through its reader', async () => {
    await using store = open();
    const statements = statementsOf();
    await using running = await defineSystem({ name: 'bank', deciders: [account], readModels: [statements] }).start({
      store,
    });
    await using reader = running.readModel(statements);
    await assert.rejects(reader.db.deleteFrom('lines').execute());
  });

  for (const place of ['a file', 'memory']) {
    test(`is only read by its reader of ${place}, which accepts no other statement`, async () => {
      await using store = place === 'memory' ? createSqliteStore({ file: ':memory:' }) : open();
      const statements = statementsOf();
      const system = defineSystem({ name: 'bank', deciders: [account], readModels: [statements] });
      await using running = await system.start({ store });
      await running.dispatch(Open({ accountId: 'a' }));
      await using reader = running.readModel(statements);
      const copy = join(folder, 'copy.db');
      for (const query of [
        sql`vacuum into ${sql.lit(copy)}`,
        sql`create temp table more (a)`,
        sql`pragma query_only = 0`,
        sql`pragma table_info(events)`,
        sql`attach ${sql.lit(copy)} as copy`,
        sql`detach main`,
        sql`with a as (select 1) delete from events`,
        sql`/* a comment */ pragma query_only = 0`,
      ]) {
        await assert.rejects(query.execute(reader.db), { code: 'SQLITE_READONLY' });
      }
      assert.equal(existsSync(copy), false);
      const { rows } = await sql`with a as (select 1 as one) select one from a`.execute(reader.db);
      assert.deepEqual(rows, [{ one: 1 }]);
    });
  }

  test('is read in a transaction of a file', async () => {
    await using store = open();
    const statements = statementsOf();
    const system = defineSystem({ name: 'bank', deciders: [account], readModels: [statements] });
    await using running = await system.start({ store });
    await using reader = running.readModel(statements);
    const read = reader.db
      .transaction()
      .execute((transaction) => transaction.selectFrom('lines').selectAll().execute());
    assert.deepEqual(await read, []);
  });

  test('is tested without a database, because its queries are data', () => {
    const statements = statementsOf();
    const withdrawn = account.events.Withdrawn({ accountId: 'a', amount: 5 });
    assert.deepEqual(statements.statementsOf(withdrawn, CONTEXT), [
      {
        sql: 'insert into "statements@1/lines" ("account_id", "position", "amount") values (?, ?, ?)',
        parameters: ['a', 9n, -5],
      },
    ]);
  });

  test('parks the event whose statement fails and the later events of its stream, and continues with others', async () => {
    await using store = open();
    const statements = statementsOf('1', 13);
    await using running = await defineSystem({ name: 'bank', deciders: [account], readModels: [statements] }).start({
      store,
      failurePolicy: { finally: 'park' },
    });
    await fill(running);
    await running.caughtUp();
    const parked = await running.parked.list();
    assert.deepEqual(
      parked.map(({ key, reason }) => [key, reason?.code]),
      [
        ['account-b', 'statement-failed'],
        ['account-b', undefined],
      ],
    );
    await using reader = running.readModel(statements);
    assert.deepEqual(await reader.db.selectFrom('totals').selectAll().execute(), [{ account_id: 'a', total: 12 }]);
  });

  test('keeps an event parked whose statement fails again when it is retried', async () => {
    await using store = open();
    const statements = statementsOf('1', 13);
    await using running = await defineSystem({ name: 'bank', deciders: [account], readModels: [statements] }).start({
      store,
      failurePolicy: { finally: 'park' },
    });
    await fill(running);
    await running.caughtUp();
    await running.parked.retry({ name: 'statements', version: '1' }, 'account-b');
    await running.settled();
    assert.deepEqual(
      (await running.parked.list()).map(({ reason, attempts }) => [reason?.code, attempts]),
      [
        ['statement-failed', 2],
        [undefined, 0],
      ],
    );
  });

  test('stops if the disk is full, and parks nothing, because no event is the cause', async () => {
    const file = join(folder, `${files++}.db`);
    const notes = defineTables({
      name: 'notes',
      version: '1',
      events: { Deposited: account.events.Deposited },
      create: (db: Kysely<{ notes: { text: string } }>) => [
        db.schema.createTable('notes').addColumn('text', 'text', (column) => column.notNull()),
      ],
      handle: { Deposited: ({ insert }) => insert('notes', { text: 'x'.repeat(4_000_000) }) },
    });
    await using store = createSqliteStore({ file, durability: 'normal', maxPages: 500 });
    await using running = await defineSystem({ name: 'bank', deciders: [account], readModels: [notes] }).start({
      store,
      failurePolicy: { retries: 0, finally: 'park' },
    });
    await running.dispatch(Open({ accountId: 'a' }));
    await running.dispatch(Deposit({ accountId: 'a', amount: 5 }));
    await assert.rejects(running.caughtUp(), ({ reason }: ProcessorStopped) => reason.code === 'full');
    assert.deepEqual(await running.parked.list(), []);
  });

  test('is refused if a statement that creates its tables fails, and no table remains', async () => {
    await using store = open();
    const notes = defineTables({
      name: 'notes',
      version: '1',
      events: { Deposited: account.events.Deposited },
      create: (db: Kysely<{ notes: { text: string } }>) => [
        db.schema.createTable('notes').addColumn('text', 'text'),
        db.schema.createIndex('by_colour').on('notes').column('colour'),
      ],
      handle: { Deposited: ({ insert }) => insert('notes', { text: '' }) },
    });
    const system = defineSystem({ name: 'bank', deciders: [account], readModels: [notes] });
    await assert.rejects(system.start({ store }), { code: 'statement-failed', index: 1 });
    assert.deepEqual(await store.processors.listSubscriptions(), []);
  });

  test('is built in a second version next to the first, which is then dropped', async () => {
    await using store = open();
    for (const version of ['1', '2']) {
      const statements = statementsOf(version);
      const bank = defineSystem({ name: 'bank', deciders: [account], readModels: [statements] });
      await using running = await bank.start({ store });
      if (version === '1') await fill(running);
      await running.caughtUp();
      await using reader = running.readModel(statements);
      assert.equal((await reader.db.selectFrom('lines').selectAll().execute()).length, 4);
    }
    await store.processors.dropSubscription({ name: 'statements', version: '1' });
    const left = await store.processors.listSubscriptions();
    assert.deepEqual(
      left.map(({ subscription }) => subscription.version),
      ['2'],
    );
  });

  test('is refused by a store that has no tables', async () => {
    await using store = createMemoryStore();
    const start = defineSystem({ name: 'bank', deciders: [account], readModels: [statementsOf()] }).start({ store });
    await assert.rejects(start, (error) => {
      assert.ok(error instanceof UnsupportedByStore);
      assert.deepEqual([error.payload.part, error.payload.capability], ['statements', 'tables']);
      return true;
    });
  });

  test('is refused if its tables have changed under the same version', async () => {
    await using store = open();
    const changed = defineTables({
      name: 'statements',
      version: '1',
      events: { Deposited: account.events.Deposited, Withdrawn: account.events.Withdrawn },
      create: (db: Kysely<{ lines: { amount: number } }>) => [
        db.schema.createTable('lines').addColumn('amount', 'integer'),
      ],
      handle: { Deposited: () => undefined, Withdrawn: () => undefined },
    });
    await using _first = await defineSystem({ name: 'bank', deciders: [account], readModels: [statementsOf()] }).start({
      store,
    });
    const second = defineSystem({ name: 'bank', deciders: [account], readModels: [changed] }).start({ store });
    await assert.rejects(second, { code: 'invalid-definition', payload: { place: 'statements' } });
  });
});
