/** A file that is deleted or replaced while it is open. */

import assert from 'node:assert/strict';
import { copyFileSync, renameSync, rmSync } from 'node:fs';
import { describe, test } from 'node:test';
import { createSqliteStore } from 'decidable/sqlite';
import { ANY, decision, envelope, FORWARD } from '../commands.ts';
import { failureOf, filled, newFile } from './files.ts';

const skip = process.platform === 'win32' && 'Windows refuses to delete or replace an open file';

describe('a file that disappears while it is open', { skip }, () => {
  const key = { moduleName: 'm', moduleVersion: '1', stream: 's-1' };
  const snapshot = { revision: 0n, contentType: 'x', state: Uint8Array.of(1) };
  const ways: Readonly<Record<string, (file: string) => void>> = {
    deleted: (file) => rmSync(file),
    moved: (file) => renameSync(file, `${file}.old`),
    'replaced by a copy': (file) => {
      copyFileSync(file, `${file}.copy`);
      renameSync(`${file}.copy`, file);
    },
  };
  for (const [way, disappear] of Object.entries(ways)) {
    test(`acknowledges nothing more: ${way}`, async () => {
      const file = newFile();
      await using store = createSqliteStore({ file });
      await store.append('s-1', [envelope('Done')], ANY, decision());
      disappear(file);
      const given = decision();
      const group = Array.from({ length: 3 }, () => store.append('s-1', [envelope('Done')], ANY, decision()));
      for (const append of group) assert.equal(await failureOf(append), 'moved');
      assert.equal(await failureOf(store.append('s-1', [envelope('Done')], ANY, given)), 'moved');
      assert.equal(await failureOf(store.saveSnapshot(key, snapshot)), 'moved');
      assert.equal(await store.findDecision(given.commandId), undefined);
    });
  }

  for (const [what, durability, suffix] of [
    ['the file, if commits are not flushed', 'normal', ''],
    ['the log', 'full', '-wal'],
  ] as const) {
    test(`is noticed by a later append: ${what}`, async () => {
      const file = newFile();
      await using store = createSqliteStore({ file, durability });
      rmSync(`${file}${suffix}`);
      const append = () => failureOf(store.append('s-1', [envelope('Done')], ANY, decision()));
      const codes: string[] = [];
      while (codes.at(-1) !== 'moved') codes.push(await append());
      assert.equal(await append(), 'moved');
    });
  }

  test('is written again when it is put back', async () => {
    const file = newFile();
    await using store = createSqliteStore({ file });
    await store.append('s-1', [envelope('Done')], ANY, decision());
    renameSync(file, `${file}.old`);
    assert.equal(await failureOf(store.append('s-1', [envelope('Done')], ANY, decision())), 'moved');
    renameSync(`${file}.old`, file);
    assert.equal((await store.append('s-1', [envelope('Done')], ANY, decision())).revision, 1n);
    assert.equal((await store.readAll(FORWARD)).length, 2);
  });

  test('does not fail a store that only reads', async () => {
    const file = await filled(5);
    await using store = createSqliteStore({ file, readOnly: true });
    rmSync(file);
    assert.equal((await store.readAll(FORWARD)).length, 5);
  });
});
