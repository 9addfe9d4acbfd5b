/**
 * Lost connections, servers that stop, and processes that are killed. Nothing acknowledged is lost, and nothing is
 * stored twice.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isAppendFailure, isStoreFailure, readEvents } from 'decidable';
import { createPostgresStore, type PostgresStore } from 'decidable/postgres';
import { verifyChain } from 'decidable/storage';
import { Client, Pool } from 'pg';
import { type Cut, CuttingProxy } from '../../../servers/cutting-proxy.ts';
import { startPostgres } from '../../../servers/postgres.ts';
import { ANY, decision, envelope } from '../commands.ts';

const server = await startPostgres({ durable: true });
after(() => server.remove());
let schemas = 0;

const addressAt = (port: number): string => `postgres://postgres@127.0.0.1:${port}/postgres`;
const openAt = (port: number, schema: string, retryTimeout = 20_000): Promise<PostgresStore> =>
  createPostgresStore({ url: addressAt(port), schema, maxConnections: 4, retryTimeout, pollInterval: 100 });

/** The command ids of all events, one for each event. */
async function storedIds(store: PostgresStore): Promise<string[]> {
  const ids: string[] = [];
  for await (const { context } of readEvents(store)) ids.push(context.causationId);
  return ids;
}

async function assertStoredOnce(store: PostgresStore, acknowledged: readonly string[]): Promise<void> {
  const ids = await storedIds(store);
  const unique = new Set(ids);
  assert.equal(unique.size, ids.length);
  for (const id of acknowledged) assert.ok(unique.has(id), `${id} was acknowledged and is not stored`);
  assert.equal((await verifyChain(store)).intact, true);
}

describe('a connection that is lost', () => {
  for (const cut of ['request', 'response'] as const satisfies readonly Cut[]) {
    test(`at the ${cut} of an append leads to one commit, which is acknowledged`, async () => {
      const proxy = await CuttingProxy.start(server.port);
      await using store = await openAt(proxy.port, `cut_${schemas++}`);
      const acknowledged: string[] = [];
      for (let round = 0; round < 30; round++) {
        const given = decision();
        proxy.cutNext(cut);
        await store.append(`s-${round % 3}`, [envelope('Done')], ANY, given);
        acknowledged.push(given.commandId);
      }
      await assertStoredOnce(store, acknowledged);
      assert.ok(proxy.cuts > 0);
      await store.close();
      await proxy.close();
    });
  }

  test('at random, while many append, loses nothing and stores nothing twice', async () => {
    const proxy = await CuttingProxy.start(server.port);
    await using store = await openAt(proxy.port, `cut_${schemas++}`);
    const acknowledged: string[] = [];
    await Promise.all(
      Array.from({ length: 16 }, async (_, writer) => {
        for (let round = 0; round < 25; round++) {
          const given = decision();
          await store.append(`s-${writer % 6}`, [envelope('Done')], ANY, given);
          acknowledged.push(given.commandId);
          if (acknowledged.length % 10 === 0) proxy.cutNext(acknowledged.length % 20 === 0 ? 'request' : 'response');
        }
      }),
    );
    await proxy.close();
    await store.close();
    await using direct = await openAt(server.port, `cut_${schemas - 1}`);
    await assertStoredOnce(direct, acknowledged);
    assert.equal((await storedIds(direct)).length, 400);
    assert.ok(proxy.cuts > 10);
  });

  test('for longer than the timeout is an unknown outcome if the request was sent, and a failure if it was not', async () => {
    const schema = `cut_${schemas++}`;
    const proxy = await CuttingProxy.start(server.port);
    await using store = await openAt(proxy.port, schema, 100);
    const sent = decision();
    proxy.cutNext('response');
    const sending = store.append('s-1', [envelope('Done')], ANY, sent);
    // No later connection succeeds.
    while (proxy.cuts === 0) await new Promise((resolve) => setImmediate(resolve));
    proxy.moveTo(1);
    await assert.rejects(
      sending,
      (error) => isAppendFailure(error, 'failure') && error.payload.val.code === 'unknown-outcome',
    );
    await assert.rejects(
      store.append('s-1', [envelope('Done')], ANY, decision()),
      (error) => isAppendFailure(error, 'failure') && ['io', 'unknown-outcome'].includes(error.payload.val.code),
    );
    await store.close();
    await proxy.close();
    await using direct = await openAt(server.port, schema);
    assert.deepEqual(await storedIds(direct), [sent.commandId]);
  });
});

/** The message of a server that ends the connection, such as after `pg_terminate_backend`. */
function terminated(): Uint8Array {
  const fields = Buffer.from('SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0');
  const header = Buffer.from('E0000');
  header.writeInt32BE(fields.length + 4, 1);
  return Buffer.concat([header, fields]);
}

describe('a connection that the server ends', () => {
  test('in the message that completes it leads to a typed error, and the process continues', async () => {
    const proxy = await CuttingProxy.start(server.port);
    const pool = new Pool({ connectionString: addressAt(proxy.port), max: 2 });
    for (const source of [{ url: addressAt(proxy.port) }, { pool }]) {
      proxy.addToNextResponse(terminated());
      await assert.rejects(
        createPostgresStore({ ...source, schema: `ended_${schemas}` }),
        (error) => isStoreFailure(error, 'failure') && error.payload.val.code === 'io',
      );
    }
    await pool.end();
    await proxy.close();
  });

  test('at random, while many append, loses nothing and stores nothing twice', async () => {
    const schema = `ended_${schemas++}`;
    await using store = await openAt(server.port, schema);
    const killer = new Client({ connectionString: server.url });
    await killer.connect();
    const { acknowledged, stop } = appending(store, 12);
    for (let round = 0; round < 60; round++) {
      const last = acknowledged.length;
      await until(() => acknowledged.length > last);
      await killer.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'decidable' and random() < 0.5`,
      );
      await store.appendExclusively('x-1', undefined, () => {
        const given = decision();
        acknowledged.push(given.commandId);
        return { events: [envelope('Done')], precondition: ANY, decision: given };
      });
    }
    await stop();
    await killer.end();
    await assertStoredOnce(store, acknowledged);
    assert.equal((await storedIds(store)).length, acknowledged.length);
  });
});

/** Appends until `stop` is called, and returns the ids of what was acknowledged. */
function appending(store: PostgresStore, writers = 8): { readonly acknowledged: string[]; stop(): Promise<void> } {
  const acknowledged: string[] = [];
  let isDone = false;
  const running = Promise.all(
    Array.from({ length: writers }, async (_, writer) => {
      while (!isDone) {
        const given = decision();
        await store.append(`s-${writer % 3}`, [envelope('Done')], ANY, given);
        acknowledged.push(given.commandId);
      }
    }),
  );
  const stop = async (): Promise<void> => {
    isDone = true;
    await running;
  };
  return { acknowledged, stop };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

describe('a server', () => {
  test('that is stopped and started, and that crashes, loses nothing acknowledged', async () => {
    await using store = await openAt(server.port, `restart_${schemas++}`);
    const { acknowledged, stop } = appending(store);
    const waiting = store.awaitEvents(undefined);
    for (const how of ['fast', 'immediate'] as const) {
      const before = acknowledged.length;
      await until(() => acknowledged.length > before + 50);
      await server.stop(how);
      await server.start();
      const later = acknowledged.length;
      await until(() => acknowledged.length > later + 50);
    }
    await stop();
    await waiting;
    await assertStoredOnce(store, acknowledged);
    assert.equal((await storedIds(store)).length, acknowledged.length);
  });

  test('that is replaced by one with a copy of its data loses nothing acknowledged, and positions grow', async () => {
    const first = await startPostgres({ durable: true });
    const proxy = await CuttingProxy.start(first.port);
    const store = await openAt(proxy.port, 'failover');
    const { acknowledged, stop } = appending(store);
    await until(() => acknowledged.length > 100);
    await first.stop('immediate');
    const last = acknowledged.length;
    const second = await startPostgres({ durable: true, copyOf: first.data });
    proxy.moveTo(second.port);
    await until(() => acknowledged.length > last + 100);
    await stop();
    await assertStoredOnce(store, acknowledged);
    await store.close();
    await proxy.close();
    await first.remove();
    await second.remove();
  });
});

describe('processes that are killed', () => {
  test('leave everything that they have acknowledged, and no commit in part', async () => {
    const schema = `killed_${schemas++}`;
    await using store = await openAt(server.port, schema);
    const acknowledged: string[] = [];
    for (let round = 0; round < 4; round++) {
      const writers = Array.from({ length: 2 }, () => startWriter(schema));
      const before = acknowledged.length;
      for (const writer of writers) {
        writer.stdout?.setEncoding('utf8').on('data', (text: string) => {
          acknowledged.push(...text.split('\n').filter((id) => id.length === 36));
        });
      }
      await until(() => acknowledged.length > before + 60);
      await Promise.all(
        writers.map(async (writer) => {
          const ended = once(writer, 'exit');
          writer.kill('SIGKILL');
          await ended;
        }),
      );
    }
    const counts = new Map<string, number>();
    for (const id of await storedIds(store)) counts.set(id, (counts.get(id) ?? 0) + 1);
    for (const count of counts.values()) assert.equal(count, 2);
    for (const id of acknowledged) assert.ok(counts.has(id), `${id} was acknowledged and is not stored`);
    assert.equal((await verifyChain(store)).intact, true);
  });
});

function startWriter(schema: string): ChildProcess {
  const file = fileURLToPath(new URL('crash/writer.ts', import.meta.url));
  return spawn(process.execPath, ['--conditions=decidable-source', file, server.url, schema], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}
