/** A program under test may replace the global timers. The stores and the event sourcer still finish their work. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import Sqlite from 'better-sqlite3';
import { createMemoryStore } from 'decidable/memory';
import { createSqliteStore } from 'decidable/sqlite';
import { ANY, decision, envelope, FORWARD } from './commands.ts';

const folder = mkdtempSync(join(tmpdir(), 'decidable-timers-'));
after(() => rmSync(folder, { recursive: true }));
let files = 0;
const newFile = (): string => join(folder, `${files++}.db`);

describe('mocked timers', () => {
  for (const [name, open] of [
    ['memory', () => createMemoryStore()],
    ['SQLite', () => createSqliteStore({ file: newFile(), durability: 'normal' })],
  ] as const) {
    test(`do not stop the ${name} store from committing one group after another`, async ({ mock }) => {
      await using store = open();
      mock.timers.enable();
      for (let group = 0; group < 3; group++) {
        await Promise.all(Array.from({ length: 5 }, () => store.append('s-1', [envelope('Done')], ANY, decision({}))));
      }
      assert.equal((await store.readAll(FORWARD)).length, 15);
    });
  }

  test('do not stop the SQLite store from waiting for another process', async ({ mock }) => {
    const file = newFile();
    await using store = createSqliteStore({ file, durability: 'normal', busyTimeout: 20 });
    const rival = new Sqlite(file);
    rival.exec('begin immediate');
    mock.timers.enable();
    await assert.rejects(store.append('s-1', [envelope('Done')], ANY, decision()));
    rival.exec('rollback');
    rival.close();
    assert.equal((await store.append('s-1', [envelope('Done')], ANY, decision())).revision, 0n);
  });
});
