/** Files of other format versions. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import Sqlite from 'better-sqlite3';
import { createSqliteStore } from 'decidable/sqlite';
import { verifyChain } from 'decidable/storage';
import { APPLICATION_ID, FORMAT_VERSION } from '../../../../src/adapters/stores/sqlite/migrations.ts';
import { ANY, decision, envelope, FORWARD, rejected } from '../commands.ts';
import { OLD_FORMATS } from '../old-formats.ts';
import { filled, newFile, refusal } from './files.ts';

const KEY = { moduleName: 'm', moduleVersion: '1', stream: 'account-1' };

function schemaOf(file: string): unknown[] {
  const database = new Sqlite(file, { readonly: true });
  const rows = database
    .prepare<[], { type: string; name: string; sql: string | null }>(
      'select type, name, sql from sqlite_schema order by type, name',
    )
    .all();
  const version = database.pragma('user_version');
  database.close();
  // SQLite keeps spaces and the case of keywords as they were written.
  return [...rows.map(({ type, name, sql }) => [type, name, sql?.toLowerCase().replaceAll(/\s+/g, '')]), version];
}

/** A file of an older format with three commits of two streams, and a snapshot if the format has them. */
async function ofVersion(version: 1 | 2): Promise<string> {
  const [current, old] = [newFile(), newFile()];
  const store = createSqliteStore({ file: current });
  await store.append('account-1', [envelope('Opened'), envelope('Used')], ANY, decision());
  await store.append('account-1', [], ANY, rejected());
  await store.append('card', [envelope('Used')], ANY, decision());
  await store.close();
  const database = new Sqlite(old);
  database.pragma('foreign_keys = OFF');
  database.exec(OLD_FORMATS[version]);
  database.prepare('attach ? as current').run(current);
  for (const table of ['streams', 'event_types', 'command_types', 'decisions', 'events']) {
    database.exec(`insert into main.${table} select * from current.${table}`);
  }
  database.exec('detach current');
  // Commands that were sent again left ids unused, up to the id of another decision.
  database.exec('update decisions set id = 7 where id = 3; update decisions set id = 3 where id = 2');
  database.exec('update events set decision_id = 7 where decision_id = 3');
  if (version === 2) {
    database.exec(`insert into snapshots values ('account-1', 'm', '1', 1, 'x', x'01')`);
  }
  database.pragma(`application_id = ${APPLICATION_ID}`);
  database.pragma(`user_version = ${version}`);
  database.close();
  return old;
}

describe('a file of a newer format', () => {
  test('is refused, and left unchanged', async () => {
    const file = await filled();
    const database = new Sqlite(file);
    database.pragma(`user_version = ${FORMAT_VERSION + 1}`);
    database.close();
    const before = readFileSync(file);
    assert.equal(refusal({ file }), 'newer-format');
    assert.equal(refusal({ file, readOnly: true }), 'newer-format');
    assert.deepEqual(readFileSync(file), before);
  });
});

for (const version of [1, 2] as const) {
  describe(`a file of format ${version}`, () => {
    test('is upgraded, with all its commits', async () => {
      const file = await ofVersion(version);
      assert.equal(refusal({ file, readOnly: true }), 'read-only');
      {
        await using store = createSqliteStore({ file });
        assert.deepEqual(await verifyChain(store), { intact: true, streams: 2, commits: 3 });
        const used = await store.readAll({ ...FORWARD, eventTypes: ['Used'] });
        assert.deepEqual(
          used.map(({ context }) => [context.stream, context.revision]),
          [
            ['account-1', 1n],
            ['card', 0n],
          ],
        );
        await store.saveSnapshot(KEY, { revision: 1n, contentType: 'x', state: Uint8Array.of(1) });
        assert.equal((await store.append('account-1', [envelope('Used')], ANY, decision())).revision, 2n);
        assert.deepEqual(await verifyChain(store), { intact: true, streams: 2, commits: 4 });
      }
      assert.deepEqual(schemaOf(file), schemaOf(await filled(1)));
      assert.equal(refusal({ file, readOnly: true }), 'opened');
    });

    test('loses its snapshots, which have no checksum', async () => {
      await using store = createSqliteStore({ file: await ofVersion(version) });
      assert.equal(await store.loadSnapshot(KEY), undefined);
    });

    test('is left unchanged if it cannot be upgraded', async () => {
      const file = await ofVersion(version);
      const database = new Sqlite(file);
      database.exec(version === 1 ? 'create table snapshots (mine text)' : 'create table renumbered (mine text)');
      database.close();
      const before = schemaOf(file);
      assert.equal(refusal({ file }), 'corrupt');
      assert.deepEqual(schemaOf(file), before);
    });
  });
}

describe('a command that is sent again', () => {
  test('leaves no gap in the ids of decisions', async () => {
    const file = newFile();
    await using store = createSqliteStore({ file });
    const given = decision();
    for (let time = 0; time < 3; time++) await store.append('s-1', [envelope('Done')], ANY, given).catch(() => {});
    await store.append('s-1', [envelope('Done')], ANY, decision());
    assert.deepEqual(await verifyChain(store), { intact: true, streams: 1, commits: 2 });
  });
});
