/** Files that can be read but not written. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import Sqlite from 'better-sqlite3';
import { createSqliteStore } from 'decidable/sqlite';
import { ANY, decision, envelope, FORWARD } from '../commands.ts';
import { failureOf, filled, folder, newFile } from './files.ts';

describe('a store that is opened with readOnly', () => {
  test('can be read, and refuses appends and snapshots', async () => {
    await using store = createSqliteStore({ file: await filled(), readOnly: true });
    assert.equal((await store.readAll(FORWARD)).length, 100);
    assert.equal((await store.readAll({ ...FORWARD, categories: ['s'] })).length, 100);
    assert.equal(await failureOf(store.append('s-1', [envelope('Done')], ANY, decision())), 'read-only');
    const key = { moduleName: 'm', moduleVersion: '1', stream: 's-1' };
    const saving = store.saveSnapshot(key, { revision: 0n, contentType: '', state: Uint8Array.of() });
    assert.equal(await failureOf(saving), 'read-only');
    assert.equal((await store.readAll(FORWARD)).length, 100);
  });

  test('removes its empty log and leaves the file unchanged', async () => {
    const file = await filled();
    const before = readFileSync(file);
    const store = createSqliteStore({ file, readOnly: true });
    assert.equal((await store.readAll(FORWARD)).length, 100);
    await store.close();
    assert.deepEqual([existsSync(`${file}-wal`), existsSync(`${file}-shm`)], [false, false]);
    assert.deepEqual(readFileSync(file), before);
  });

  test('leaves the log of another connection', async () => {
    const file = await filled(1);
    await using writer = createSqliteStore({ file });
    await createSqliteStore({ file, readOnly: true }).close();
    assert.ok(existsSync(`${file}-wal`));
    await writer.append('s-1', [envelope('Done')], ANY, decision());
    await using store = createSqliteStore({ file, readOnly: true });
    assert.equal((await store.readAll(FORWARD)).length, 2);
  });

  test('reads the commits of another connection', async () => {
    const file = await filled(1);
    await using writer = createSqliteStore({ file });
    await using store = createSqliteStore({ file, readOnly: true });
    await writer.append('s-1', [envelope('Done')], ANY, decision());
    assert.equal((await store.readAll(FORWARD)).length, 2);
  });
});

describe('a file whose permissions forbid writing', {
  skip: process.platform === 'win32' && 'Windows has no permission bits',
}, () => {
  /** The report of a process that is not root, because root may write everything. */
  function report(file: string, ...options: string[]): string {
    const program = fileURLToPath(new URL('../processes/unprivileged.ts', import.meta.url));
    const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    const args = ['--disable-warning=ExperimentalWarning', program, file, ...options];
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', cwd: tmpdir(), ...nobody });
    assert.equal(stderr, '');
    return stdout.trim();
  }

  /** A read-only store of ten commits in a separate read-only folder. */
  async function sealed(change: (file: string) => void = () => {}): Promise<string> {
    const file = join(folder, `sealed-${sealedFolders++}`, 'bank.db');
    mkdirSync(dirname(file));
    await filled(10, file);
    change(file);
    chmodSync(folder, 0o777);
    chmodSync(file, 0o444);
    chmodSync(dirname(file), 0o555);
    return file;
  }
  let sealedFolders = 0;

  test('can be read in a folder that can be written, and refuses appends', async () => {
    const file = await filled();
    chmodSync(folder, 0o777);
    chmodSync(file, 0o444);
    assert.equal(report(file), '100 read-only');
  });

  test('cannot be opened if it forbids reading too', async () => {
    const file = await filled();
    chmodSync(folder, 0o777);
    chmodSync(file, 0o000);
    assert.equal(report(file), 'io');
    assert.equal(report(file, 'readOnly'), 'io');
  });

  test('can be read with readOnly in a folder that cannot be written', async () => {
    const file = await sealed();
    assert.equal(report(file, 'readOnly'), '10 read-only');
    assert.equal(existsSync(`${file}-wal`), false);
  });

  test('cannot be opened for writing in a folder that cannot be written', async () => {
    assert.equal(report(await sealed()), 'read-only');
  });

  test('can be read with readOnly next to an empty log', async () => {
    const file = await sealed((file) => writeFileSync(`${file}-wal`, ''));
    assert.equal(report(file, 'readOnly'), '10 read-only');
  });

  test('is not read without the commits of its log', async () => {
    const file = await sealed((file) => {
      // The last commit of this copy of an open store is in the log only.
      const database = new Sqlite(file);
      database.exec('create table more (id)');
      cpSync(file, `${file}.copy`);
      cpSync(`${file}-wal`, `${file}.copy-wal`);
      database.close();
      cpSync(`${file}.copy`, file);
      cpSync(`${file}.copy-wal`, `${file}-wal`);
    });
    assert.equal(report(file, 'readOnly'), 'io');
  });

  test('is reported as damaged if it is damaged, and as foreign if it is not a store', async () => {
    assert.equal(report(await sealed((file) => truncateSync(file, 10_000)), 'readOnly'), 'corrupt');
    assert.equal(report(await sealed((file) => writeFileSync(file, 'Dear Sir'.repeat(99))), 'readOnly'), 'not-a-store');
  });

  test('can be backed up from a folder that cannot be written', async () => {
    const [file, copy] = [await sealed(), newFile()];
    assert.equal(report(file, 'readOnly', copy), '10 read-only backed up');
    await using store = createSqliteStore({ file: copy });
    assert.equal((await store.readAll(FORWARD)).length, 10);
  });
});
