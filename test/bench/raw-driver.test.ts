/** The benchmark's raw loop does the same work as the store. Otherwise its figures would be meaningless. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createSqliteStore, type SqliteStore } from '../../src/adapters/stores/sqlite/index.ts';
import { createEventSourcer } from '../../src/core/loop/create-event-sourcer.ts';
import { verifyChain } from '../../src/core/storage/verify-chain.ts';
import { account, commandsOf } from './bank.ts';
import { openRaw, rawHandler } from './raw-driver.ts';

async function contents(store: SqliteStore): Promise<unknown[]> {
  const events = await store.readAll({
    direction: 'forward',
    categories: [],
    eventTypes: [],
    events: [],
  });
  return events.map(({ context: { stream, revision, position }, event, contentType }) => {
    return { stream, revision, position, event, contentType };
  });
}

test('the raw loop writes the same rows as the event sourcer, with an intact chain', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'decidable-bench-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));

  const file = join(folder, 'raw.db');
  await createSqliteStore({ file }).close();
  const database = openRaw(file);
  const handle = rawHandler(database);
  for (const command of commandsOf(3, 12)) handle(command);
  database.close();

  await using raw = createSqliteStore({ file });
  await using ours = createSqliteStore({ file: join(folder, 'ours.db') });
  const sourcer = createEventSourcer({ store: ours, modules: [account] });
  for (const command of commandsOf(3, 12)) await sourcer.dispatch(command);
  await sourcer.close();

  assert.deepEqual(await contents(raw), await contents(ours));
  assert.deepEqual(await verifyChain(raw), { intact: true, streams: 3, commits: 36 });
});
