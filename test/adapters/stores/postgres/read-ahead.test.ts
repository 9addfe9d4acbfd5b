/** Readers that continue page by page. The store requests their next page before they do. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { type EventStore, readEvents } from 'decidable';
import { createPostgresStore } from 'decidable/postgres';
import { Pool } from 'pg';
import { startPostgres } from '../../../servers/postgres.ts';
import { ANY, decision, envelope } from '../commands.ts';

const server = await startPostgres();
after(() => server.remove());
let schemas = 0;
const uniqueSchema = (): string => `ahead_${schemas++}`;

const EVERYTHING = { categories: [], eventTypes: [], events: [] };

const append = (store: EventStore, types: readonly string[] = ['Done'], stream = 's-1', payload = 10) =>
  store.append(
    stream,
    types.map((type) => envelope(type, new Uint8Array(payload))),
    ANY,
    decision(),
  );

/** Reads the page of ten events after a position. Returns its revisions, and its last position. */
async function nextPage(store: EventStore, afterPosition?: bigint): Promise<[readonly bigint[], bigint | undefined]> {
  const page = await store.readAll({ direction: 'forward', limit: 10, afterPosition, ...EVERYTHING });
  return [page.map(({ context }) => context.revision), page.at(-1)?.context.position];
}

describe('a reader of many pages on PostgreSQL', () => {
  test('gets an event that was appended after its next page had been requested', async () => {
    await using store = await createPostgresStore({ url: server.url, schema: uniqueSchema() });
    for (let count = 0; count < 25; count++) await append(store);
    const [, tenth] = await nextPage(store);
    const [, twentieth] = await nextPage(store, tenth);
    // The page with the events 20 to 24 was requested, and arrives before the answers to these requests.
    for (let count = 0; count < 3; count++) await append(store);
    const [revisions] = await nextPage(store, twentieth);
    assert.deepEqual(revisions, [20n, 21n, 22n, 23n, 24n, 25n, 26n, 27n]);
  });

  test('has its next page requested when it continues for the first time', async () => {
    class CountingPool extends Pool {
      queries = 0;
      override connect(...callback: readonly unknown[]): never {
        this.queries++;
        return super.connect(...(callback as [])) as never;
      }
    }
    const pool = new CountingPool({ connectionString: server.url });
    pool.on('error', () => {});
    await using store = await createPostgresStore({ pool, schema: uniqueSchema(), listen: false });
    for (let count = 0; count < 40; count++) await append(store);
    pool.queries = 0;
    const [, tenth] = await nextPage(store);
    assert.equal(pool.queries, 1);
    const [, twentieth] = await nextPage(store, tenth);
    assert.equal(pool.queries, 3);
    const [revisions] = await nextPage(store, twentieth);
    assert.equal(pool.queries, 4);
    assert.deepEqual(revisions, [20n, 21n, 22n, 23n, 24n, 25n, 26n, 27n, 28n, 29n]);
    await store.close();
    await pool.end();
  });

  test('gets each event once, with any filter, while others read at the same time', async () => {
    await using store = await createPostgresStore({ url: server.url, schema: uniqueSchema() });
    const stored: string[] = [];
    for (let count = 0; count < 400; count++) {
      const category = `c${count % 3}`;
      const types = [
        ...(count % 4 === 0 ? [] : [count % 5 === 0 ? 'Rare' : 'Often']),
        ...(count % 7 === 0 ? ['Often', 'Rare', 'Often'] : []),
      ];
      const { firstPosition } = await append(store, types, `${category}-${count % 7}`, count === 100 ? 2_500_000 : 10);
      types.forEach((type, index) => void stored.push(`${category} ${type} ${firstPosition! + BigInt(index)}`));
    }
    const read = async (pageSize: number, categories: string[], eventTypes: string[]): Promise<void> => {
      const found: string[] = [];
      for await (const { context, event } of readEvents(store, { pageSize, categories, eventTypes })) {
        found.push(`${context.stream.split('-')[0]} ${event.type} ${context.position}`);
      }
      const wanted = stored.filter((text) => {
        const [category = '', type = ''] = text.split(' ');
        return (
          (categories.length === 0 || categories.includes(category)) &&
          (eventTypes.length === 0 || eventTypes.includes(type))
        );
      });
      assert.deepEqual(found, wanted);
    };
    const readers = [1, 3, 10, 64, 1_000].flatMap((pageSize) => [
      read(pageSize, [], []),
      read(pageSize, ['c1'], []),
      read(pageSize, ['c0', 'c2'], ['Rare']),
      read(pageSize, [], ['Rare']),
      read(pageSize, ['none', 'c1'], []),
    ]);
    await Promise.all(readers);
  });
});
