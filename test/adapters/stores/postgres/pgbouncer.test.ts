/** A store whose connections go through PgBouncer, in each of its modes. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { isStoreFailure, readEvents, subscribe } from 'decidable';
import { createPostgresStore, type PostgresStore, type PostgresStoreOptions } from 'decidable/postgres';
import { verifyChain } from 'decidable/storage';
import { decision, envelope } from 'decidable/testing';
import { Client, Pool } from 'pg';
import { skipWithoutPgbouncer, startPgbouncer } from '../../../servers/pgbouncer.ts';
import { type PostgresServer, startPostgres } from '../../../servers/postgres.ts';

const ANY = { tag: 'any' } as const;
const STREAMS = 7;

describe('PgBouncer', { skip: skipWithoutPgbouncer }, () => {
  let server: Promise<PostgresServer> | undefined;
  let schemas = 0;
  const started = (): Promise<PostgresServer> => (server ??= startPostgres());
  const newSchema = (): string => `pooled_${schemas++}`;
  after(async () => (await server)?.remove());

  /** Appends alone and in groups, reads between them, and checks what was stored. */
  async function use(options: PostgresStoreOptions): Promise<void> {
    const store = await createPostgresStore({ pollInterval: 50, ...options });
    const append = (index: number, count = 2) =>
      store.append(
        `s-${index % STREAMS}`,
        Array.from({ length: count }, () => envelope('Done')),
        ANY,
        decision(),
      );
    for (let index = 0; index < STREAMS; index++) await append(index, 1);
    await Promise.all(
      Array.from({ length: 10 * STREAMS }, async (_, index) => {
        await append(index);
        await store.readStream(`s-${index % STREAMS}`, { direction: 'forward' });
        await store.findDecision('018f4d1e-7a2b-7c3d-8e4f-5a6b7c8d9e10');
      }),
    );
    await store.appendExclusively('s-0', undefined, () => ({
      events: [envelope('Done')],
      precondition: ANY,
      decision: decision(),
    }));
    let seen = 0;
    for await (const page of subscribe(store)) {
      seen += page.events.length;
      if (seen === 21 * STREAMS + 1) await store.append('late', [envelope('Done')], ANY, decision());
      if (seen > 21 * STREAMS + 1) break;
    }
    assert.deepEqual(await verifyChain(store), { intact: true, streams: STREAMS + 1, commits: 11 * STREAMS + 2 });
    await store.close();
  }

  for (const mode of ['session', 'transaction'] as const) {
    test(`serves a store in ${mode} mode`, async () => {
      await using pooler = await startPgbouncer(await started(), mode);
      await use({ url: pooler.url, schema: newSchema(), maxConnections: 3 });
      const pool = new Pool({ connectionString: pooler.url, max: 3 });
      await use({ pool, schema: newSchema(), listen: false });
      await pool.end();
      const client = new Client({ connectionString: pooler.url });
      await client.connect();
      await use({ client, schema: newSchema() });
      await client.end();
    });
  }

  test('serves two stores in transaction mode without a statement of one in the other', async () => {
    await using pooler = await startPgbouncer(await started(), 'transaction');
    const open = (): Promise<PostgresStore> =>
      createPostgresStore({ url: pooler.url, schema: newSchema(), maxConnections: 3, listen: false });
    await using one = await open();
    await using other = await open();
    const types = new Map([
      [one, 'One'],
      [other, 'Other'],
    ]);
    const write = async (store: PostgresStore, index: number): Promise<void> => {
      await store.append(`s-${index}`, [envelope(types.get(store)!)], ANY, decision());
      await store.readStream(`s-${index}`, { direction: 'forward' });
    };
    for (let round = 0; round < 10; round++) {
      await Promise.all([one, other, one, other].map((store, index) => write(store, index)));
    }
    for (const [store, type] of types) {
      let events = 0;
      for await (const { event } of readEvents(store)) {
        events++;
        assert.equal(event.type, type);
      }
      assert.equal(events, 20);
    }
  });

  test('does not leave a session read-only for the writers that use it after a read-only store', async () => {
    await using pooler = await startPgbouncer(await started(), 'transaction');
    const schema = newSchema();
    await using store = await createPostgresStore({ url: pooler.url, schema, maxConnections: 2, listen: false });
    await using reader = await createPostgresStore({ url: pooler.url, schema, readOnly: true });
    for (let round = 0; round < 10; round++) {
      await Promise.all([
        store.append('s-1', [envelope('Done')], ANY, decision()),
        reader.readStream('s-1', { direction: 'forward' }),
        reader.readStreams(),
      ]);
    }
    const refused = (error: unknown) => isStoreFailure(error) && hasCode(error.payload, 'read-only');
    await assert.rejects(
      reader.saveSnapshot(
        { stream: 's-1', moduleName: 'm', moduleVersion: '1' },
        { revision: 0n, contentType: 'text', state: new Uint8Array(1) },
      ),
      refused,
    );
    assert.equal((await verifyChain(reader)).intact, true);
  });

  test('is refused in statement mode, with the modes that work', async () => {
    await using pooler = await startPgbouncer(await started(), 'statement');
    await assert.rejects(createPostgresStore({ url: pooler.url, schema: newSchema() }), (error) => {
      return isStoreFailure(error) && hasCode(error.payload, 'unsupported-engine');
    });
  });
});

function hasCode(payload: { readonly tag: string; readonly val?: unknown }, code: string): boolean {
  return payload.tag === 'failure' && (payload.val as { readonly code?: unknown }).code === code;
}
