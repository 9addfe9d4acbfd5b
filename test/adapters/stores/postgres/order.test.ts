/** The order of events on PostgreSQL, whatever transactions are open. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { isAppendFailure, isStoreFailure, readEvents, subscribe } from 'decidable';
import { createPostgresStore, type PostgresStore } from 'decidable/postgres';
import { Client } from 'pg';
import { startPostgres } from '../../../servers/postgres.ts';
import { ANY, decision, envelope, FORWARD } from '../commands.ts';

const server = await startPostgres();
after(() => server.remove());
let schemas = 0;

const open = (schema = `order_${schemas++}`): Promise<PostgresStore> =>
  createPostgresStore({ url: server.url, schema, maxConnections: 4, pollInterval: 50 });

async function connected(database = 'postgres'): Promise<Client> {
  const client = new Client({ connectionString: server.url.replace(/postgres$/, database) });
  await client.connect();
  return client;
}

/** A transaction of another program that has written something and is not committed. */
async function openTransaction(
  database = 'postgres',
): Promise<{ client: Client; processId: number; end(): Promise<void> }> {
  const client = await connected(database);
  const { rows } = await client.query('select pg_backend_pid() as pid');
  await client.query('begin');
  await client.query('select pg_current_xact_id()');
  const end = async (): Promise<void> => {
    await client.query('rollback');
    await client.end();
  };
  return { client, processId: rows[0].pid, end };
}

const append = (store: PostgresStore, stream: string, count = 1) =>
  store.append(
    stream,
    Array.from({ length: count }, () => envelope('Done')),
    ANY,
    decision(),
  );

/** Collects the positions of events until there are `count`. */
async function follow(store: PostgresStore, count: number): Promise<string[]> {
  const seen: string[] = [];
  for await (const { events } of subscribe(store)) {
    for (const { context } of events) seen.push(`${context.stream}@${context.revision}`);
    if (seen.length >= count) break;
  }
  return seen;
}

describe('readers while a transaction is open', () => {
  test('receive no later event, and receive all of them in order as soon as it ends', async () => {
    await using store = await open();
    await append(store, 'a-1');
    const transaction = await openTransaction();
    await append(store, 'a-2');
    await append(store, 'a-1', 2);
    assert.equal((await store.readAll(FORWARD)).length, 1);
    // A stream is read in the order of its revisions, and no open transaction hides its events.
    assert.equal((await store.readStream('a-1', { direction: 'forward' })).length, 3);
    const subscriber = follow(store, 4);
    await transaction.end();
    assert.deepEqual(await subscriber, ['a-1@0', 'a-2@0', 'a-1@1', 'a-1@2']);
  });

  test('receive every event once and in one order, if transactions do not commit in the order in which they began', async () => {
    const schema = `order_${schemas++}`;
    await using one = await open(schema);
    await using two = await open(schema);
    await append(one, 'warm-1');
    const total = 1 + 20 * 8;
    const subscribers = [follow(one, total), follow(two, total), follow(one, total)];
    for (let round = 0; round < 20; round++) {
      const transaction = await openTransaction();
      const appends = Array.from({ length: 4 }, (_, index) => append(index % 2 === 0 ? one : two, `s-${index}`, 2));
      // In every second round, the appends are committed while the older transaction is open.
      if (round % 2 === 0) await Promise.all(appends);
      await transaction.end();
      await Promise.all(appends);
    }
    const [first, ...others] = await Promise.all(subscribers);
    assert.equal(new Set(first).size, total);
    for (const other of others) assert.deepEqual(other, first);
    const stored: string[] = [];
    for await (const { context } of readEvents(one)) stored.push(`${context.stream}@${context.revision}`);
    assert.deepEqual(first, stored);
  });

  test('never receive a revision before a lower one of its stream, if writers wait for one another', async () => {
    const schema = `order_${schemas++}`;
    const stores = await Promise.all(Array.from({ length: 4 }, () => open(schema)));
    try {
      await Promise.all(stores.map((store) => Promise.all(Array.from({ length: 40 }, () => append(store, 'hot-1')))));
      const events = await stores[0]!.readAll({ ...FORWARD, limit: 1_000 });
      assert.deepEqual(
        events.map(({ context }) => context.revision),
        Array.from({ length: 160 }, (_, revision) => BigInt(revision)),
      );
    } finally {
      for (const store of stores) await store.close();
    }
  });

  test('an append that got its lock after a later transaction is repeated, so that positions follow revisions', async () => {
    const schema = `order_${schemas++}`;
    await using store = await open(schema);
    await append(store, 'a-1');
    // The first one holds an id, and locks the stream only when a later one has appended.
    const early = await connected();
    await early.query('begin');
    await early.query('select pg_current_xact_id()');
    await append(store, 'a-1');
    const { rows } = await early.query(
      `select outcome from ${schema}.append(
        streams => array['a-1'], command_ids => array[gen_random_uuid()], lowest => array[-1], highest => array[9],
        event_counts => array[0], offsets => array[0], times => array[-1], contents => array['\\x00'::bytea],
        categories => '{}', types => '{}', only_types => '{0}', type_commits => '{}', type_numbers => '{}', type_counts => '{}'
      )`,
    );
    await early.query('rollback');
    await early.end();
    assert.equal(rows[0].outcome, 3);
  });
});

describe('a forgotten transaction', () => {
  test('is named with its process and database, and nothing is named if all events are visible', async () => {
    await using store = await open();
    await append(store, 'a-1');
    assert.deepEqual(await store.hidingTransactions(), []);
    const transaction = await openTransaction();
    await append(store, 'a-1');
    const [holder, ...others] = await store.hidingTransactions();
    assert.deepEqual(others, []);
    assert.equal(holder?.processId, transaction.processId);
    assert.equal(holder.database, 'postgres');
    assert.equal(holder.state, 'idle in transaction');
    await transaction.end();
    assert.deepEqual(await store.hidingTransactions(), []);
  });

  test('that is prepared is named by its id', async () => {
    await using store = await open();
    await append(store, 'a-1');
    const client = await connected();
    const { rows } = await client.query('show max_prepared_transactions');
    assert.equal(rows[0].max_prepared_transactions, '2');
    await client.query('begin');
    await client.query('select pg_current_xact_id()');
    await client.query(`prepare transaction 'forgotten'`);
    await append(store, 'a-1');
    assert.equal((await store.readAll(FORWARD)).length, 1);
    assert.deepEqual(
      (await store.hidingTransactions()).map(({ processId, prepared }) => ({ processId, prepared })),
      [{ processId: undefined, prepared: 'forgotten' }],
    );
    await client.query(`rollback prepared 'forgotten'`);
    await client.end();
    assert.equal((await store.readAll(FORWARD)).length, 2);
  });
});

describe('a transaction in another database of the server', () => {
  test('hides later events until it ends, and is named with its database', async () => {
    await using store = await open();
    const client = await connected();
    await client.query('create database elsewhere');
    await client.end();
    await append(store, 'a-1');
    const transaction = await openTransaction('elsewhere');
    await append(store, 'a-2');
    assert.equal((await store.readAll(FORWARD)).length, 1);
    const [holder] = await store.hidingTransactions();
    assert.deepEqual([holder?.processId, holder?.database], [transaction.processId, 'elsewhere']);
    const subscriber = follow(store, 2);
    await transaction.end();
    assert.deepEqual(await subscriber, ['a-1@0', 'a-2@0']);
  });
});

describe('a standby of the server', () => {
  test('has every event once and in order for readers, and refuses appends with a code', async () => {
    const primary = await startPostgres();
    const standby = await startPostgres({ standbyOf: primary });
    try {
      await using store = await createPostgresStore({ url: primary.url, maxConnections: 4, pollInterval: 50 });
      await append(store, 'a-1');
      const reader = await untilFound(() =>
        createPostgresStore({ url: standby.url, readOnly: true, maxConnections: 4, pollInterval: 50 }),
      );
      const subscriber = follow(reader, 22);
      const early = new Client({ connectionString: primary.url });
      await early.connect();
      await early.query('begin');
      // It has an id and has written nothing, so the standby does not know it before a later transaction is replayed.
      await early.query('select pg_current_xact_id()');
      for (let index = 0; index < 20; index++) await append(store, `a-${index % 3}`);
      const last = new Client({ connectionString: standby.url });
      await last.connect();
      const replayed = async (): Promise<boolean> => {
        const { rows } = await last.query('select count(*)::int as commits from decidable.commits');
        return rows[0].commits === 21;
      };
      while (!(await replayed()));
      await last.end();
      assert.equal((await reader.readAll(FORWARD)).length, 1);
      await early.query('rollback');
      await early.end();
      await append(store, 'a-9');
      assert.deepEqual(await subscriber, await follow(store, 22));
      await reader.close();
      await using writer = await createPostgresStore({ url: standby.url, maxConnections: 4 });
      await assert.rejects(
        append(writer, 'a-1'),
        (error) => isAppendFailure(error, 'failure') && error.payload.val.code === 'read-only',
      );
    } finally {
      await standby.remove();
      await primary.remove();
    }
  });
});

/** Opens a store as soon as it is there. */
async function untilFound(openStore: () => Promise<PostgresStore>): Promise<PostgresStore> {
  for (;;) {
    try {
      return await openStore();
    } catch (error) {
      assert.ok(isStoreFailure(error, 'failure') && error.payload.val.code === 'not-found', String(error));
    }
  }
}

test('positions grow after the store was restored on a server with lower transaction ids', async () => {
  const schema = `order_${schemas++}`;
  const before = await open(schema);
  const { firstPosition } = await append(before, 'a-1');
  await before.close();
  const client = await connected();
  // Simulates a restore. The positions are those of a server with a million more transactions.
  await client.query(`update ${schema}.commits set position = position + (1000000::bigint << 16)`);
  await client.query(`update ${schema}.commits_by_type set position = position + (1000000::bigint << 16)`);
  await client.query(`update ${schema}.streams set position = position + (1000000::bigint << 16)`);
  await client.end();
  await using store = await open(schema);
  const [moved] = await store.readAll(FORWARD);
  assert.equal(moved?.context.position, firstPosition! + (1_000_000n << 16n));
  const next = await append(store, 'a-1');
  assert.ok(next.firstPosition! > moved.context.position);
  assert.equal((await store.readAll(FORWARD)).length, 2);
  assert.equal(await store.awaitEvents(moved.context.position), next.firstPosition);
});
