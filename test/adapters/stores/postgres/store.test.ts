/** Writers of several processes on one schema, and the ways to open a store. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { isAppendFailure, isStoreFailure } from 'decidable';
import { createPostgresStore, type PostgresStore, type PostgresStoreOptions } from 'decidable/postgres';
import { verifyChain } from 'decidable/storage';
import { Client, Pool } from 'pg';
import { startPostgres } from '../../../servers/postgres.ts';
import { ANY, decision, envelope, FORWARD, rejected } from '../commands.ts';

const server = await startPostgres();
after(() => server.remove());
let schemas = 0;

const newSchema = (): string => `store_${schemas++}`;
const open = (schema = newSchema(), options: Partial<PostgresStoreOptions> = {}): Promise<PostgresStore> =>
  createPostgresStore({ url: server.url, schema, maxConnections: 2, ...options });

const NO_STREAM = { tag: 'no-stream' } as const;
const done = [envelope('Done')];

async function sql(text: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: server.url });
  await client.connect();
  const { rows } = await client.query(text);
  await client.end();
  return rows;
}

/** Asks the server until a condition is true. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition()));
}

async function codeOf(using: Promise<unknown>): Promise<string> {
  try {
    await using;
  } catch (error) {
    if (!isAppendFailure(error, 'failure') && !isStoreFailure(error, 'failure')) throw error;
    return error.payload.val.code;
  }
  return 'done';
}

describe('writers of several processes', () => {
  test('create each of a thousand streams exactly once, if sixteen of them try simultaneously', async () => {
    const schema = newSchema();
    const stores = await Promise.all(Array.from({ length: 16 }, () => open(schema, { listen: false })));
    try {
      const outcomes = await Promise.all(
        stores.map((store) =>
          Promise.all(
            Array.from({ length: 1_000 }, (_, stream) =>
              store.append(`new-${stream}`, done, NO_STREAM, decision()).then(
                () => 1,
                (error) => {
                  if (isAppendFailure(error, 'conflict')) return 0;
                  throw error;
                },
              ),
            ),
          ),
        ),
      );
      for (let stream = 0; stream < 1_000; stream++) {
        assert.equal(
          outcomes.reduce((winners, ofStore) => winners + ofStore[stream]!, 0),
          1,
        );
      }
      assert.deepEqual(await verifyChain(stores[0]!), { intact: true, streams: 1_000, commits: 1_000 });
    } finally {
      await Promise.all(stores.map((store) => store.close()));
    }
  });

  test('store a command id once, if several of them send it to different streams', async () => {
    const schema = newSchema();
    const stores = await Promise.all(Array.from({ length: 4 }, () => open(schema, { listen: false })));
    try {
      for (let round = 0; round < 20; round++) {
        const given = decision();
        const outcomes = await Promise.allSettled(
          stores.map((store, index) => store.append(`s-${round}-${index}`, done, ANY, given)),
        );
        const stored = outcomes.filter(({ status }) => status === 'fulfilled');
        assert.equal(stored.length, 1);
        for (const outcome of outcomes) {
          if (outcome.status === 'rejected') assert.ok(isAppendFailure(outcome.reason, 'duplicate'), outcome.reason);
        }
      }
    } finally {
      await Promise.all(stores.map((store) => store.close()));
    }
  });

  test('wake the readers of another process without a poll', async () => {
    const schema = newSchema();
    await using reader = await open(schema, { pollInterval: 600_000 });
    await using writer = await open(schema, { listen: false });
    const first = await writer.append('s-1', done, ANY, decision());
    let position = await reader.awaitEvents(undefined);
    assert.equal(position, first.firstPosition);
    for (let round = 0; round < 5; round++) {
      const waiting = reader.awaitEvents(position);
      const { firstPosition } = await writer.append('s-1', done, ANY, decision());
      position = await waiting;
      assert.equal(position, firstPosition);
    }
  });

  test('send no notification if no process listens', async () => {
    const writer = await open(newSchema());
    const { firstPosition } = await writer.append('s-1', done, ANY, decision());
    // A notification is a transaction with an id. Closing waits for it.
    await writer.close();
    const [next] = await sql(`select pg_snapshot_xmax(pg_current_snapshot())::text::bigint << 16 as position`);
    assert.equal(BigInt(String(next!.position)), firstPosition! + (1n << 16n));
  });

  test('send a notification if a process listens, whether they were made alone or together', async () => {
    const schema = newSchema();
    await using reader = await open(schema, { pollInterval: 600_000 });
    await using writer = await open(schema, { listen: false });
    await writer.append('s-0', done, ANY, decision());
    let position = await reader.awaitEvents(undefined);
    for (const count of [1, 3, 1, 3]) {
      const waiting = reader.awaitEvents(position);
      const streams = Array.from({ length: count }, (_, index) => `s-${index}`);
      await Promise.all(streams.map((stream) => writer.append(stream, done, ANY, decision())));
      assert.equal((await waiting) > position, true);
      position = await reader.awaitEvents(undefined);
    }
  });

  test('wake a reader that began to listen before they were committed, although they send no notification', async () => {
    const schema = newSchema();
    await using reader = await open(schema, { pollInterval: 600_000 });
    const { firstPosition } = await reader.append('s-1', done, ANY, decision());
    const writer = new Client({ connectionString: server.url });
    await writer.connect();
    await writer.query('begin');
    const { rows } = await writer.query(
      `select ${schema}.append_one('s-2', gen_random_uuid(), -1, -1, 1, -1, '\\x00', 's', 'Done') as text`,
    );
    const [outcome, , isUnheard] = String(rows[0].text).split(' ');
    assert.deepEqual([outcome, isUnheard], ['0', '1']);
    const waiting = reader.awaitEvents(firstPosition);
    // The reader waits for the lock, and the check after LISTEN is over.
    await until(async () => {
      const looked = await sql(
        `select from pg_stat_activity waits join pg_stat_activity looks on looks.query_start > waits.backend_start
        where waits.wait_event_type = 'Lock' and looks.state = 'idle' and looks.query like '%${schema}%first_hidden%'`,
      );
      return looked.length > 0;
    });
    await writer.query('commit');
    await writer.end();
    assert.equal((await waiting) > firstPosition!, true);
  });

  test('are noticed by a poll, if the reader does not listen', async () => {
    const schema = newSchema();
    await using reader = await open(schema, { listen: false, pollInterval: 20 });
    await using writer = await open(schema);
    const waiting = reader.awaitEvents(undefined);
    const { firstPosition } = await writer.append('s-1', done, ANY, decision());
    assert.equal(await waiting, firstPosition);
  });
});

describe('appends that are committed together', () => {
  test('have their own outcomes, so that a conflict and a duplicate fail no other', async () => {
    await using store = await open();
    const known = decision();
    await store.append('known-1', done, ANY, known);
    const outcomes = await Promise.allSettled([
      store.append('a-1', done, NO_STREAM, decision()),
      store.append('known-1', done, NO_STREAM, decision()),
      store.append('b-1', [envelope('Done'), envelope('Other'), envelope('Done')], ANY, decision()),
      store.append('c-1', done, ANY, known),
      store.append('d-1', [], ANY, rejected()),
      store.append('e-1', done, { tag: 'stream-exists' }, decision()),
    ]);
    assert.deepEqual(
      outcomes.map((outcome) => (outcome.status === 'fulfilled' ? 'stored' : outcome.reason.code)),
      ['stored', 'conflict', 'stored', 'duplicate', 'stored', 'conflict'],
    );
    assert.deepEqual(
      (await store.readStreams()).map(({ stream }) => stream),
      ['known-1', 'a-1', 'b-1', 'd-1'],
    );
  });

  test('are stored although two of them have one command id', async () => {
    await using store = await open();
    const given = decision();
    const outcomes = await Promise.allSettled([
      store.append('a-1', done, ANY, given),
      store.append('b-1', done, ANY, decision()),
      store.append('c-1', done, ANY, given),
    ]);
    assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'fulfilled', 'rejected']);
    assert.equal((await store.readAll(FORWARD)).length, 2);
  });

  test('are listed by the types of their events only if they were stored', async () => {
    await using store = await open();
    await store.append('a-1', done, ANY, decision());
    const outcomes = await Promise.allSettled([
      store.append('a-1', done, NO_STREAM, decision()),
      store.append('a-2', done, ANY, decision()),
      store.append('a-3', done, { tag: 'at-revision', val: 7n }, decision()),
      store.append('a-4', done, ANY, decision()),
    ]);
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['rejected', 'fulfilled', 'rejected', 'fulfilled'],
    );
    // A list with a refused commit would end the page too early.
    const found = await store.readAll({ ...FORWARD, eventTypes: ['Done'], limit: 3 });
    assert.deepEqual(
      found.map(({ context }) => context.stream),
      ['a-1', 'a-2', 'a-4'],
    );
    // A refused commit leaves a gap in the positions, which is not damage.
    assert.deepEqual(await verifyChain(store), { intact: true, streams: 3, commits: 3 });
  });

  test('have positions in the order of the calls, whatever the names of their streams', async () => {
    await using store = await open();
    const names = ['c-1', 'a-1', 'd-1', 'b-1'];
    await Promise.all(names.map((name) => store.append(name, done, ANY, decision())));
    assert.deepEqual(
      (await store.readAll(FORWARD)).map(({ context }) => context.stream),
      names,
    );
    assert.deepEqual(
      (await store.readStreams()).map(({ stream }) => stream),
      names,
    );
  });

  test('to one stream keep the order in which they were made', async () => {
    await using store = await open();
    const appended = await Promise.all(Array.from({ length: 50 }, () => store.append('a-1', done, ANY, decision())));
    assert.deepEqual(
      appended.map(({ revision }) => revision),
      Array.from({ length: 50 }, (_, revision) => BigInt(revision)),
    );
  });
});

describe('a store', () => {
  test('is used through the pool of the caller, which stays open', async () => {
    const pool = new Pool({ connectionString: server.url, max: 3 });
    const store = await createPostgresStore({ pool, schema: newSchema() });
    await store.append('a-1', done, ANY, decision());
    assert.equal((await store.readAll(FORWARD)).length, 1);
    await store.close();
    assert.equal((await pool.query('select 1 as one')).rows[0].one, 1);
    await pool.end();
  });

  test('is used through one client, whose calls run one after another', async () => {
    const client = new Client({ connectionString: server.url });
    await client.connect();
    const store = await createPostgresStore({ client, schema: newSchema() });
    const decide = () => ({ events: done, precondition: ANY, decision: decision() });
    await Promise.all([
      ...Array.from({ length: 10 }, (_, index) => store.append(`a-${index}`, done, ANY, decision())),
      ...Array.from({ length: 5 }, () => store.appendExclusively('a-0', undefined, decide)),
      store.readAll(FORWARD),
    ]);
    assert.equal((await store.readAll(FORWARD)).length, 15);
    const waiting = store.awaitEvents(
      (await store.readAll({ ...FORWARD, direction: 'backward' }))[0]!.context.position,
    );
    await store.append('a-1', done, ANY, decision());
    await waiting;
    await store.close();
    await client.end();
  });

  test('is separate from that of another schema, even if its name needs quotes', async () => {
    await using one = await open('Bank "one"');
    await using two = await open('bank.two');
    await one.append('a-1', done, ANY, decision());
    assert.equal((await one.readAll(FORWARD)).length, 1);
    assert.equal((await two.readAll(FORWARD)).length, 0);
  });

  test('is refused if its format is newer, and is not changed', async () => {
    const schema = newSchema();
    await (await open(schema)).close();
    await sql(`update ${schema}.store set format = 99`);
    assert.equal(await codeOf(open(schema)), 'newer-format');
  });

  test('is refused if the schema has tables of something else', async () => {
    const [one, two] = [newSchema(), newSchema()];
    await sql(`create schema ${one}; create table ${one}.store (id int); insert into ${one}.store values (1)`);
    assert.equal(await codeOf(open(one)), 'not-a-store');
    await sql(`create schema ${two}; create table ${two}.streams (id int)`);
    assert.equal(await codeOf(open(two)), 'not-a-store');
  });

  test('is refused with a reason if no server answers', async () => {
    const url = 'postgres://postgres@127.0.0.1:1/postgres';
    assert.equal(await codeOf(createPostgresStore({ url, retryTimeout: 50 })), 'io');
  });

  for (const [options, place] of [
    [{}, 'createPostgresStore'],
    [{ url: server.url, client: { query: () => {} } }, 'createPostgresStore'],
    [{ url: 'mysql://x' }, 'createPostgresStore.url'],
    [{ url: server.url, schema: '' }, 'createPostgresStore.schema'],
    [{ url: server.url, schema: 'x'.repeat(64) }, 'createPostgresStore.schema'],
    [{ url: server.url, maxConnections: 1 }, 'createPostgresStore.maxConnections'],
    [{ url: server.url, pollInterval: 0 }, 'createPostgresStore.pollInterval'],
    [{ url: server.url, retryTimeout: -1 }, 'createPostgresStore.retryTimeout'],
    [{ url: server.url, listen: 'yes' }, 'createPostgresStore.listen'],
    [{ url: server.url, now: 5 }, 'createPostgresStore.now'],
    [{ url: server.url, shema: 'x' }, 'createPostgresStore.shema'],
  ] as const) {
    test(`is refused with the options ${JSON.stringify(Object.keys(options))} at ${place}`, async () => {
      await assert.rejects(createPostgresStore(options as never), { code: 'invalid-definition', payload: { place } });
    });
  }
});
