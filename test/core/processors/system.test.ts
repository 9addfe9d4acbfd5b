/** Dispatched commands of a system lead to reactions, commands, documents and effects. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { createMemoryStore } from 'decidable/memory';
import { createSqliteStore } from 'decidable/sqlite';
import { account, balances, bankOf, transfer } from './transfers.ts';

const { Open, Deposit, Close } = account.commands;
const { Request } = transfer.commands;

const folder = mkdtempSync(join(tmpdir(), 'decidable-system-'));
after(() => rmSync(folder, { recursive: true }));

let files = 0;
const stores = {
  memory: () => createMemoryStore(),
  SQLite: () => createSqliteStore({ file: join(folder, `${files++}.db`), durability: 'normal' }),
};
type Store = ReturnType<(typeof stores)[keyof typeof stores]>;

async function opened(store: Store, receipts: string[] = []) {
  const running = await bankOf(receipts).start({ store });
  for (const accountId of ['a', 'b']) await running.dispatch(Open({ accountId }));
  await running.dispatch(Deposit({ accountId: 'a', amount: 100 }));
  return running;
}

for (const [name, open] of Object.entries(stores)) {
  describe(`a transfer on the ${name} store`, () => {
    test('moves money from one account to the other', async () => {
      await using store: Store = open();
      await using running = await opened(store);
      await running.dispatch(Request({ transferId: 't1', from: 'a', to: 'b', amount: 30 }));
      await running.settled();
      const model = running.readModel(balances);
      assert.deepEqual([await model.get('a'), await model.get('b')], [{ balance: 70 }, { balance: 30 }]);
      assert.deepEqual((await running.sourcer.state(transfer, 'transfer-t1')).state, { outcome: 'paid' });
    });

    test('settles when the parked events that were marked for a retry have been processed again', async () => {
      await using store: Store = open();
      const receipts: string[] = [];
      Object.assign(receipts, {
        push: () => {
          throw new Error('no paper');
        },
      });
      const failurePolicy = { retries: 0, finally: 'park' } as const;
      await using running = await bankOf(receipts).start({ store, failurePolicy });
      await running.dispatch(Open({ accountId: 'a' }));
      for (const amount of [1, 2]) await running.dispatch(Deposit({ accountId: 'a', amount }));
      await running.settled();
      Reflect.deleteProperty(receipts, 'push');
      const [first] = await running.parked.list();
      assert.ok(first);
      assert.equal(await running.parked.retry(first.subscription, first.key), 2);
      await running.settled();
      assert.deepEqual([await running.parked.list(), receipts.length], [[], 2]);
    });

    test('moves no money if the first account has too little', async () => {
      await using store: Store = open();
      await using running = await opened(store);
      await running.dispatch(Request({ transferId: 't1', from: 'b', to: 'a', amount: 30 }));
      await running.settled();
      assert.deepEqual((await running.sourcer.state(transfer, 'transfer-t1')).state, { outcome: 'insufficient-funds' });
      assert.deepEqual(await running.readModel(balances).get('b'), { balance: 0 });
    });

    test('returns the money if the second account refuses it', async () => {
      await using store: Store = open();
      await using running = await opened(store);
      await running.dispatch(Close({ accountId: 'b' }));
      await running.dispatch(Request({ transferId: 't1', from: 'a', to: 'b', amount: 30 }));
      await running.settled();
      assert.deepEqual(await running.readModel(balances).get('a'), { balance: 100 });
    });

    test('leaves no deadline when its process has ended', async () => {
      await using store: Store = open();
      await using running = await opened(store);
      await running.dispatch(Request({ transferId: 't1', from: 'a', to: 'b', amount: 30 }));
      await running.settled();
      assert.deepEqual(await store.processors.listDeadlines({ name: 'transfers/commands', version: '1' }), []);
    });

    test('has each effect once, however often the processors start again', async () => {
      await using store: Store = open();
      const receipts: string[] = [];
      const first = await opened(store, receipts);
      await first.dispatch(Request({ transferId: 't1', from: 'a', to: 'b', amount: 30 }));
      await first.stop();
      for (let start = 0; start < 3; start++) {
        await using running = await bankOf(receipts).start({ store });
        await running.settled();
        assert.deepEqual(await running.readModel(balances).get('b'), { balance: 30 });
      }
      assert.equal(new Set(receipts).size, 2);
    });
  });
}
