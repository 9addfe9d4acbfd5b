/** The options of a SQLite store. */

import assert from 'node:assert/strict';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { createMemoryStore } from 'decidable/memory';
import { createSqliteStore, type SqliteStoreOptions } from 'decidable/sqlite';
import { ANY, decision, envelope, FORWARD } from '../commands.ts';
import { filled, newFile, refusal } from './files.ts';

describe('an option of a SQLite store', () => {
  const invalid: readonly (readonly [name: keyof SqliteStoreOptions, value: unknown])[] = [
    ['file', undefined],
    ['file', 1],
    ['file', ''],
    ['file', ' '],
    ['file', 'bank.db '],
    ['file', 'bank\0.db'],
    ['create', 'yes'],
    ['durability', 'ful'],
    ['readOnly', 1],
    ['busyTimeout', -1],
    ['busyTimeout', Number.NaN],
    ['busyTimeout', 2 ** 31],
    ['maxPages', 0],
    ['maxPages', 1.5],
    ['now', 5],
  ];
  for (const [name, value] of invalid) {
    test(`is refused by name if it is invalid: ${name} ${JSON.stringify(value)}`, () => {
      const file = newFile();
      assert.throws(() => createSqliteStore({ file, [name]: value }), {
        code: 'invalid-definition',
        payload: { place: `createSqliteStore.${name}` },
      });
      assert.equal(existsSync(file), false);
    });
  }

  test('is refused by name if it is unknown', () => {
    const file = newFile();
    const misspelt = { file, readonly: true };
    assert.throws(() => createSqliteStore(misspelt), {
      code: 'invalid-definition',
      payload: { place: 'createSqliteStore.readonly' },
      // This test checks the suggestion in the message.
      message: /did you mean "readOnly"\?/,
    });
    assert.equal(existsSync(file), false);
  });

  test('is refused if it contradicts another option, as create contradicts readOnly', async () => {
    const file = await filled(1);
    assert.throws(() => createSqliteStore({ file, readOnly: true, create: true }), {
      payload: { place: 'createSqliteStore.create' },
    });
  });
});

describe('an option of a memory store', () => {
  test('is refused by name if it is unknown or invalid', () => {
    const misspelt = { clock: Date.now };
    assert.throws(() => createMemoryStore(misspelt as object), { payload: { place: 'createMemoryStore.clock' } });
    assert.throws(() => createMemoryStore({ now: 5 as never }), { payload: { place: 'createMemoryStore.now' } });
  });
});

describe('a store that is opened with create: false', () => {
  test('must exist', () => {
    const file = newFile();
    assert.equal(refusal({ file, create: false }), 'io');
    assert.equal(existsSync(file), false);
  });

  test('must not be empty', () => {
    const file = newFile();
    writeFileSync(file, '');
    assert.equal(refusal({ file, create: false }), 'not-a-store');
    assert.equal(statSync(file).size, 0);
  });

  test('is read and written like any other', async () => {
    await using store = createSqliteStore({ file: await filled(3), create: false });
    await store.append('s-1', [envelope('Done')], ANY, decision());
    assert.equal((await store.readAll(FORWARD)).length, 4);
  });
});

describe('the write-ahead log', () => {
  test('shrinks after one large commit', async () => {
    const file = newFile();
    await using store = createSqliteStore({ file });
    await store.append('s-1', [envelope('Large', new Uint8Array(40_000_000))], ANY, decision());
    assert.ok(statSync(`${file}-wal`).size > 40_000_000);
    await store.append('s-1', [envelope('Done')], ANY, decision());
    assert.ok(statSync(`${file}-wal`).size < 17_000_000);
  });
});
