/**
 * SQLite plans a query again before each run if its plan depends on a bound value, which takes longer than most reads
 * of the store. It does not read the operand of a unary plus.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import Sqlite from 'better-sqlite3';
import { createSqliteStore } from 'decidable/sqlite';
import { verifyChain } from 'decidable/storage';
import { account, transfer } from '../../../core/processors/transfers.ts';
import { bank } from '../../cli/bank/system.ts';
import { newFile } from './files.ts';

test('no plan of a statement of the store depends on the bound values', async (t) => {
  const prepare = t.mock.method(Sqlite.prototype, 'prepare');
  await using store = createSqliteStore({ file: newFile(), durability: 'normal' });
  await using running = await bank.start({ store });
  for (const accountId of ['a', 'b']) await running.dispatch(account.commands.Open({ accountId }));
  await running.dispatch(transfer.commands.Request({ transferId: 't', from: 'a', to: 'b', amount: 30 }));
  await running.settled();
  await store.readAll({ direction: 'forward', categories: ['account'], eventTypes: [], events: [] });
  await store.readLog({});
  assert.equal((await verifyChain(store)).intact, true);

  const statements = prepare.mock.calls.map(({ arguments: [text] }) => String(text));
  // Kysely quotes names. The other statements run once for each connection.
  const selects = statements.filter(
    (text) => text.startsWith('select') && text.includes('from "') && text.includes('?'),
  );
  assert.ok(selects.length > 20, String(selects.length));
  assert.deepEqual(
    selects.filter((text) => /(?<!\+)\?/.test(text)),
    [],
  );
});
