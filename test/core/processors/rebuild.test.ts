/** A rebuild builds a version of a read model again in addition to the active one, and then replaces it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { defineSystem, ProcessorStopped } from 'decidable';
import { createMemoryStore } from 'decidable/memory';
import { createSqliteStore } from 'decidable/sqlite';
import { defineTables } from 'decidable/tables';
import type { Kysely } from 'kysely';
import { sumsOf } from './sums.ts';
import { account, balances } from './transfers.ts';

const folder = mkdtempSync(join(tmpdir(), 'decidable-rebuild-'));
after(() => rmSync(folder, { recursive: true }));

let files = 0;
const stores = {
  memory: () => createMemoryStore(),
  SQLite: () => createSqliteStore({ file: join(folder, `${files++}.db`), durability: 'normal' }),
};
type Store = ReturnType<(typeof stores)[keyof typeof stores]>;

const { Open, Deposit } = account.commands;

/**
 * Sums deposits, multiplied by a factor that a test changes. It represents a bug that is fixed without a new version.
 */
function summing() {
  const bug = { factor: 1, refused: -1 };
  const sums = sumsOf((amount) => {
    if (amount === bug.refused) throw new Error('refused');
    return amount * bug.factor;
  });
  return { bug, sums, system: defineSystem({ name: 'bank', deciders: [account], readModels: [sums] }) };
}

async function fill(running: { dispatch(command: never): Promise<unknown> }, accounts = ['a', 'b']): Promise<void> {
  for (const accountId of accounts) {
    await running.dispatch(Open({ accountId }) as never);
    for (const amount of [5, 7]) await running.dispatch(Deposit({ accountId, amount }) as never);
  }
}

async function subscriptionsOf(store: Store): Promise<readonly string[]> {
  return (await store.processors.listSubscriptions()).map(({ subscription }) => subscription.name);
}

for (const [name, open] of Object.entries(stores)) {
  describe(`a rebuild on the ${name} store`, () => {
    test('returns the old documents to readers until all new ones are written', async () => {
      await using store: Store = open();
      const { bug, sums, system } = summing();
      await using running = await system.start({ store });
      await fill(running);
      await running.caughtUp();
      bug.factor = 10;
      const seen: unknown[] = [];
      const reads: Promise<void>[] = [];
      await running.rebuild(sums, {
        onProgress: () => {
          reads.push(
            running
              .readModel(sums)
              .get('a')
              .then((document) => void seen.push(document)),
          );
        },
      });
      await Promise.all(reads);
      assert.deepEqual(seen[0], { sum: 12 });
      const documents = await running.readModel(sums).list();
      assert.deepEqual(
        documents.map(({ key, document }) => [key, document.sum]),
        [
          ['a', 120],
          ['b', 120],
        ],
      );
      assert.deepEqual(await subscriptionsOf(store), ['sums']);
    });

    test('reports its progress', async () => {
      await using store: Store = open();
      const { sums, system } = summing();
      await using running = await system.start({ store });
      await fill(running);
      const progress: { events: number; position: bigint; head: bigint }[] = [];
      await running.rebuild(sums, { onProgress: (now) => progress.push(now) });
      const last = progress.at(-1)!;
      assert.deepEqual([last.events, last.position], [4, last.head]);
    });

    test('is followed by later events', async () => {
      await using store: Store = open();
      const { bug, sums, system } = summing();
      await using running = await system.start({ store });
      await fill(running);
      bug.factor = 10;
      await running.rebuild(sums);
      await running.dispatch(Deposit({ accountId: 'a', amount: 1 }));
      await running.caughtUp();
      assert.deepEqual(await running.readModel(sums).get('a'), { sum: 130 });
    });

    test('works in a process that runs no processors, while another one runs them', async () => {
      await using store: Store = open();
      const { bug, sums, system } = summing();
      await using running = await system.start({ store, lease: 100 });
      await fill(running);
      await running.caughtUp();
      await using tool = await system.start({ store, process: false });
      bug.factor = 10;
      await tool.rebuild(sums);
      assert.deepEqual(await running.readModel(sums).get('a'), { sum: 120 });
      await running.dispatch(Deposit({ accountId: 'a', amount: 1 }));
      await running.caughtUp();
      assert.deepEqual(await running.readModel(sums).get('a'), { sum: 130 });
    });

    test('leaves the old documents if its signal is aborted', async () => {
      await using store: Store = open();
      const { bug, sums, system } = summing();
      await using running = await system.start({ store });
      await fill(running);
      await running.caughtUp();
      bug.factor = 10;
      const controller = new AbortController();
      const reason = new Error('enough');
      const rebuilding = running.rebuild(sums, {
        signal: controller.signal,
        onProgress: () => controller.abort(reason),
      });
      await assert.rejects(rebuilding, (error) => error === reason);
      assert.deepEqual(await running.readModel(sums).get('a'), { sum: 12 });
      assert.deepEqual(await subscriptionsOf(store), ['sums']);
    });

    test('leaves the old documents if an event cannot be processed', async () => {
      await using store: Store = open();
      const { bug, sums, system } = summing();
      await using running = await system.start({ store });
      await fill(running);
      await running.caughtUp();
      bug.refused = 7;
      await assert.rejects(
        running.rebuild(sums),
        (error) => error instanceof ProcessorStopped && error.reason.code === 'project-failed',
      );
      assert.deepEqual(await running.readModel(sums).get('b'), { sum: 12 });
      assert.deepEqual(await subscriptionsOf(store), ['sums']);
    });

    test('lets a processor that had stopped continue', async () => {
      await using store: Store = open();
      const { bug, sums, system } = summing();
      await using running = await system.start({ store });
      bug.refused = 7;
      await fill(running);
      await assert.rejects(running.caughtUp(), { code: 'processor-stopped' });
      bug.refused = -1;
      await running.rebuild(sums);
      await running.dispatch(Deposit({ accountId: 'a', amount: 1 }));
      await running.caughtUp();
      assert.deepEqual(await running.readModel(sums).get('a'), { sum: 13 });
    });

    test('is refused while another one runs', async () => {
      await using store: Store = open();
      const { sums, system } = summing();
      await using running = await system.start({ store });
      await fill(running);
      const ends = await Promise.allSettled([running.rebuild(sums), running.rebuild(sums)]);
      const failed = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason.code] : []));
      assert.deepEqual(failed, ['rebuild-running']);
      await running.rebuild(sums);
    });

    test('begins again if the process of an earlier rebuild has ended without a result', async () => {
      await using store: Store = open();
      const { sums, system } = summing();
      await using running = await system.start({ store });
      await fill(running);
      await store.processors.openSubscription({
        subscription: { name: 'sums/rebuild', version: '1' },
        kind: 'documents',
        shares: 8,
        definition: 'an earlier one',
      });
      await running.rebuild(sums);
      assert.deepEqual(await running.readModel(sums).get('a'), { sum: 12 });
      assert.deepEqual(await subscriptionsOf(store), ['sums']);
    });

    test('ends if the store has no events', async () => {
      await using store: Store = open();
      const { sums, system } = summing();
      await using running = await system.start({ store });
      await running.rebuild(sums);
    });

    test('is refused for a read model of another system, and for unknown options', async () => {
      await using store: Store = open();
      const { sums, system } = summing();
      await using running = await system.start({ store });
      await assert.rejects(running.rebuild(balances as never), { code: 'invalid-definition' });
      await assert.rejects(running.rebuild(sums, { onProgres: () => undefined } as object), {
        payload: { place: 'bank.rebuild.onProgres' },
      });
      await assert.rejects(running.rebuild(sums, { onProgress: 1 } as object), {
        payload: { place: 'bank.rebuild.onProgress' },
      });
    });
  });
}

test('a rebuild of tables replaces rows and indexes each time', async () => {
  await using store = createSqliteStore({ file: join(folder, `${files++}.db`), durability: 'normal' });
  const bug = { factor: 1 };
  const lines = defineTables({
    // Dots are common in names and versions, and must not be read as the name of a schema.
    name: 'bank.lines',
    version: '1.0.0',
    events: { Deposited: account.events.Deposited },
    create: (db: Kysely<{ lines: { position: number; amount: number } }>) => [
      db.schema.createTable('lines').addColumn('position', 'integer').addColumn('amount', 'integer'),
      db.schema.createIndex('lines_by_amount').unique().on('lines').columns(['amount', 'position']),
    ],
    handle: {
      Deposited: ({ db }, { amount }, { position }) =>
        db.insertInto('lines').values({ position: Number(position), amount: amount * bug.factor }),
    },
  });
  const system = defineSystem({ name: 'bank', deciders: [account], readModels: [lines] });
  await using running = await system.start({ store });
  await fill(running);
  await running.caughtUp();
  await using reader = running.readModel(lines);
  const amounts = async () =>
    (await reader.db.selectFrom('lines').select('amount').orderBy('position').execute()).map(({ amount }) => amount);
  assert.deepEqual(await amounts(), [5, 7, 5, 7]);
  for (const factor of [10, 100]) {
    bug.factor = factor;
    await running.rebuild(lines);
    assert.deepEqual(await amounts(), [5 * factor, 7 * factor, 5 * factor, 7 * factor]);
  }
  await running.dispatch(Deposit({ accountId: 'a', amount: 1 }));
  await running.caughtUp();
  assert.deepEqual(await amounts(), [500, 700, 500, 700, 100]);
});
