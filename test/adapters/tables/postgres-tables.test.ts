/** Table read models on the PostgreSQL store. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { defineSystem, inline } from 'decidable';
import { createPostgresStore, type PostgresStore } from 'decidable/postgres';
import { defineTables } from 'decidable/tables';
import type { Kysely } from 'kysely';
import { account } from '../../core/processors/transfers.ts';
import { startPostgres } from '../../servers/postgres.ts';
import { fill } from './deposits.ts';

const server = await startPostgres();
after(() => server.remove());
let schemas = 0;
const open = (): Promise<PostgresStore> =>
  createPostgresStore({ url: server.url, schema: `tables ${schemas++}`, maxConnections: 6 });

interface Lines {
  lines: { account_id: string; position: number; amount: number; is_large: boolean; note: Uint8Array | null };
}

/** @param refuse the amount whose statement breaks a constraint. */
function linesOf(version = '1', refuse = -1, name = 'statements') {
  return defineTables({
    name,
    version,
    events: { Deposited: account.events.Deposited, Withdrawn: account.events.Withdrawn },
    create: (db: Kysely<Lines>) => [
      db.schema
        .createTable('lines')
        .addColumn('account_id', 'text', (column) => column.notNull())
        .addColumn('position', 'integer', (column) => column.notNull())
        .addColumn('amount', 'integer')
        .addColumn('is_large', 'boolean')
        .addColumn('note', 'blob' as 'bytea')
        .addPrimaryKeyConstraint('lines_key', ['account_id', 'position'])
        .addUniqueConstraint('lines_are_unique', ['position']),
      db.schema.createIndex('lines_by_amount').on('lines').column('amount'),
    ],
    handle: {
      Deposited: ({ insert }, { accountId, amount }, { position }) =>
        insert('lines', {
          account_id: amount === refuse ? (null as never) : accountId,
          position,
          amount,
          is_large: amount > 10,
          note: Uint8Array.of(1, 2),
        }),
      Withdrawn: ({ db }, { accountId, amount }, { position }) =>
        db
          .insertInto('lines')
          .values({ account_id: accountId, position: Number(position), amount, is_large: null as never, note: null })
          .onConflict((conflict) => conflict.constraint('lines_are_unique').doNothing()),
    },
  });
}

const { Open, Deposit, Withdraw } = account.commands;

async function started<Model extends ReturnType<typeof linesOf>>(store: PostgresStore, model: Model) {
  const system = defineSystem({ name: 'bank', deciders: [account], readModels: [model] });
  return system.start({ store, failurePolicy: { retries: 0, finally: 'park' } });
}

describe('a table read model on PostgreSQL', () => {
  test('has the rows that its queries write, with 64-bit integers, booleans and bytes', async () => {
    await using store = await open();
    const model = linesOf();
    await using running = await started(store, model);
    await running.dispatch(Open({ accountId: 'a' }));
    await running.dispatch(Deposit({ accountId: 'a', amount: 5 }));
    await running.dispatch(Deposit({ accountId: 'a', amount: 50 }));
    const { position } = await running.dispatch(Withdraw({ accountId: 'a', amount: 7 }));
    await running.caughtUp();
    await using reader = running.readModel(model);
    const rows = await reader.db
      .selectFrom('lines as line')
      .select(['line.amount', 'line.is_large', 'line.note'])
      .orderBy('position')
      .execute();
    assert.deepEqual(
      rows.map(({ amount, is_large, note }) => [amount, is_large, note === null ? null : [...note]]),
      [
        [5, false, [1, 2]],
        [50, true, [1, 2]],
        [7, null, null],
      ],
    );
    const last = await reader.db
      .selectFrom('lines')
      .select(({ fn }) => [fn.max('position').as('last'), fn.sum<number>('amount').as('sum')])
      .executeTakeFirstOrThrow();
    assert.deepEqual(last, { last: Number(position), sum: 62 });
  });

  test('inserts, upserts, updates and removes rows', async () => {
    await using store = await open();
    const model = defineTables({
      name: 'totals',
      version: '1',
      events: account.events,
      create: (db: Kysely<{ totals: { account_id: string; total: number | bigint; last: number | null } }>) => [
        db.schema
          .createTable('totals')
          .addColumn('account_id', 'text', (column) => column.primaryKey())
          .addColumn('total', 'bigint', (column) => column.notNull())
          .addColumn('last', 'bigint'),
      ],
      handle: {
        Opened: ({ insert }, { accountId }) => insert('totals', { account_id: accountId, total: 1 }),
        Deposited: ({ upsert, add }, { accountId, amount }, { position }) => [
          upsert('totals', { account_id: accountId }, { total: add(amount), last: position }),
          upsert('totals', { account_id: `${accountId} copy` }, { total: add(2n ** 60n), last: undefined }),
        ],
        Withdrawn: ({ update, add, remove }, { accountId, amount }) => [
          update('totals', { account_id: accountId }, { total: add(-amount), last: null }),
          remove('totals', { account_id: `${accountId} copy`, total: 2n ** 60n }),
        ],
        Closed: () => undefined,
      },
    });
    await using running = await defineSystem({ name: 'bank', deciders: [account], readModels: [model] }).start({
      store,
    });
    for (const accountId of ['a', 'b']) await running.dispatch(Open({ accountId }));
    await running.dispatch(Deposit({ accountId: 'a', amount: 5 }));
    await running.dispatch(Withdraw({ accountId: 'a', amount: 2 }));
    await running.dispatch(Deposit({ accountId: 'b', amount: 7 }));
    const { position } = await running.dispatch(Deposit({ accountId: 'b', amount: 8 }));
    await running.caughtUp();
    await using reader = running.readModel(model);
    assert.deepEqual(await reader.db.selectFrom('totals').selectAll().orderBy('account_id').execute(), [
      { account_id: 'a', total: 4, last: null },
      { account_id: 'b', total: 16, last: Number(position) },
      { account_id: 'b copy', total: 2n ** 61n, last: null },
    ]);
  });

  test('cannot be written through its reader, and is read in a transaction', async () => {
    await using store = await open();
    const model = linesOf();
    await using running = await started(store, model);
    await using reader = running.readModel(model);
    await assert.rejects(reader.db.deleteFrom('lines').execute(), { code: '25006' });
    const count = await reader.db
      .transaction()
      .execute((transaction) => transaction.selectFrom('lines').selectAll().execute());
    assert.deepEqual(count, []);
  });

  test('parks the event whose statement fails, and writes the others of the page', async () => {
    await using store = await open();
    const model = linesOf('1', 13);
    await using running = await started(store, model);
    await fill(running);
    await running.caughtUp();
    assert.deepEqual(
      (await running.parked.list()).map(({ key, reason }) => [key, reason?.code]),
      [
        ['account-b', 'statement-failed'],
        ['account-b', undefined],
      ],
    );
    await using reader = running.readModel(model);
    const amounts = await reader.db.selectFrom('lines').select('amount').orderBy('position').execute();
    assert.deepEqual(amounts, [{ amount: 5 }, { amount: 7 }]);
  });

  test('is built in a second version next to the first, although names of constraints are those of a whole schema', async () => {
    await using store = await open();
    for (const version of ['1', '2']) {
      const model = linesOf(version);
      await using running = await started(store, model);
      await running.dispatch(Open({ accountId: version }));
      await running.dispatch(Deposit({ accountId: version, amount: 1 }));
      await running.caughtUp();
      await using reader = running.readModel(model);
      assert.equal((await reader.db.selectFrom('lines').selectAll().execute()).length, Number(version));
    }
  });

  test('is rebuilt next to its current rows, and replaces them', async () => {
    await using store = await open();
    const model = linesOf();
    await using running = await started(store, model);
    await running.dispatch(Open({ accountId: 'a' }));
    for (let amount = 1; amount <= 20; amount++) await running.dispatch(Deposit({ accountId: 'a', amount }));
    await running.caughtUp();
    await running.rebuild(model);
    await running.dispatch(Deposit({ accountId: 'a', amount: 21 }));
    await running.caughtUp();
    await using reader = running.readModel(model);
    assert.equal((await reader.db.selectFrom('lines').selectAll().execute()).length, 21);
  });

  test('has separate tables even if its name is longer than PostgreSQL allows', async () => {
    await using store = await open();
    const [one, two] = ['one', 'two'].map((end) => linesOf('1', -1, `${'statements'.repeat(8)} ${end}`));
    const system = defineSystem({ name: 'bank', deciders: [account], readModels: [one!, two!] });
    await using running = await system.start({ store });
    await running.dispatch(Open({ accountId: 'a' }));
    await running.dispatch(Deposit({ accountId: 'a', amount: 1 }));
    await running.caughtUp();
    for (const model of [one!, two!]) {
      await using reader = running.readModel(model);
      assert.equal((await reader.db.selectFrom('lines').selectAll().execute()).length, 1);
    }
  });

  test('cannot be inline', async () => {
    await using store = await open();
    const system = defineSystem({ name: 'bank', deciders: [account], readModels: [inline(linesOf())] });
    await assert.rejects(system.start({ store }), { code: 'unsupported-by-store' });
    assert.equal(store.processors.capabilities.inline, false);
  });
});
