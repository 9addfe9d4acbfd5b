/** Processors that keep their data in a SQLite file other than that of the events. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { defineSystem } from 'decidable';
import { createSqliteStore, type SqliteStore } from 'decidable/sqlite';
import { defineTables } from 'decidable/tables';
import { TestClock } from 'decidable/testing';
import type { Kysely } from 'kysely';
import { mortal } from './model/mortal-store.ts';
import { account, balances, transfer, transfers } from './transfers.ts';

const folder = mkdtempSync(join(tmpdir(), 'decidable-another-'));
after(() => rmSync(folder, { recursive: true }));

let files = 0;
const open = () => createSqliteStore({ file: join(folder, `${files++}.db`), durability: 'normal' });

const lines = defineTables({
  name: 'lines',
  version: '1',
  events: { Deposited: account.events.Deposited },
  create: (db: Kysely<{ lines: { account: string; amount: number } }>) => [
    db.schema.createTable('lines').addColumn('account', 'text').addColumn('amount', 'integer'),
  ],
  handle: { Deposited: ({ insert }, { accountId, amount }) => insert('lines', { account: accountId, amount }) },
});

const bank = defineSystem({
  name: 'bank',
  deciders: [account, transfer],
  processManagers: [transfers],
  readModels: [balances, lines],
});
const { Open, Deposit } = account.commands;
const commands = [
  Open({ accountId: 'a' }),
  Open({ accountId: 'b' }),
  Deposit({ accountId: 'a', amount: 10 }),
  transfer.commands.Request({ transferId: 't', from: 'a', to: 'b', amount: 4 }),
];

type Running = Awaited<ReturnType<(typeof bank)['start']>>;

async function send(running: Running): Promise<void> {
  for (const [index, command] of commands.entries()) {
    await running.dispatch(command as never, { commandId: `command ${index}` });
  }
}

/** The documents and rows, which contain each event once. */
async function contentsOf(running: Running): Promise<unknown> {
  const documents = await running.readModel(balances).list();
  await using reader = running.readModel(lines);
  const rows = await reader.db.selectFrom('lines').selectAll().orderBy('account').execute();
  return [documents.map(({ key, document }) => [key, document.balance]), rows];
}

const CONTENTS = [
  [
    ['a', 6],
    ['b', 4],
  ],
  [
    { account: 'a', amount: 10 },
    { account: 'b', amount: 4 },
  ],
];

describe('processors whose file is not that of the events', () => {
  test('keep documents and tables there, and continue after a restart', async () => {
    await using store = open();
    await using other = open();
    {
      await using running = await bank.start({ store, processors: other.processors });
      await send(running);
      await running.settled();
      assert.deepEqual(await contentsOf(running), CONTENTS);
    }
    assert.deepEqual(await store.processors.listSubscriptions(), []);
    assert.deepEqual(await store.processors.listDeadlines({ name: 'transfers/commands', version: '1' }), []);
    await using running = await bank.start({ store, processors: other.processors });
    const { position } = await running.dispatch(Deposit({ accountId: 'b', amount: 1 }));
    await running.caughtUp(position);
    assert.deepEqual(await running.readModel(balances).get('b'), { balance: 5 });
    for (const model of [balances, lines]) await running.rebuild(model);
    assert.deepEqual(await running.readModel(balances).get('b'), { balance: 5 });
  });

  test('contain each event once, wherever their process ends between the commits of the two files', async () => {
    const clock = new TestClock();
    const crash = async (store: SqliteStore, other: SqliteStore, operations: number, isDone: boolean) => {
      const dying = mortal(store, { after: operations, isDone }, other.processors);
      try {
        const running = await bank.start({ store: dying, shares: 1, clock, failurePolicy: { retries: 0 } });
        await send(running);
        await running.settled();
        await running.stop();
      } catch {
        // The process has ended.
      }
    };
    for (let operations = 0; operations < 140; operations += 11) {
      for (const isDone of [false, true]) {
        await using store = createSqliteStore({ file: ':memory:' });
        await using other = createSqliteStore({ file: ':memory:' });
        await crash(store, other, operations, isDone);
        const { processors } = other;
        // Data and checkpoint are written together, so no restart finds one without the other.
        for (const share of await processors.listShares({ name: 'balances', version: '1' })) {
          const documents = await processors.listDocuments(share.subscription);
          for (const { position } of documents) assert.ok(position <= (share.checkpoint ?? -1n));
        }
        // The leases of the process that has ended have expired.
        clock.advance({ minutes: 1 });
        await using running = await bank.start({ store, processors, shares: 1, clock });
        await send(running);
        await running.settled();
        assert.deepEqual(await contentsOf(running), CONTENTS, `${operations} operations, ${isDone}`);
      }
    }
  });
});
