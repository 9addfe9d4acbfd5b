/** Verification, backups and shell completion. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import Sqlite from 'better-sqlite3';
import { commandUuid } from 'decidable';
import { createSqliteStore } from 'decidable/sqlite';
import { bankFile, decidable, newFile } from './program.ts';

const file = await bankFile();

describe('decidable verify-chain', () => {
  test('exits with 0 and counts the commits of an intact store', async () => {
    const { status, stdout } = await decidable(['verify-chain', '--store', file, '--json']);
    const { intact, streams } = JSON.parse(stdout);
    assert.deepEqual([status, intact, streams], [0, true, 4]);
  });

  test('exits with 4 if the stream has no commits', async () => {
    const { status } = await decidable(['verify-chain', '--store', file, '--stream', 'account-z']);
    assert.equal(status, 4);
  });

  test('exits with 5 and names the first changed commit', async () => {
    const changed = await bankFile();
    new Sqlite(changed).exec("update events set payload = x'80' where position = 3").close();
    const { status, stdout } = await decidable(['verify-chain', '--store', changed, '--json']);
    const { intact, broken } = JSON.parse(stdout);
    assert.deepEqual([status, intact, broken.stream, broken.reason], [5, false, 'account-a', 'hash']);
    assert.match(broken.expected, /^[0-9a-f]{64}$/);
  });
});

describe('decidable backup', () => {
  const copy = newFile();

  test('copies the store to a new file', async () => {
    const { status, stdout } = await decidable(['backup', copy, '--store', file, '--json']);
    assert.deepEqual([status, JSON.parse(stdout).file], [0, copy]);
    await using store = createSqliteStore({ file: copy, readOnly: true });
    assert.notEqual(await store.findDecision(commandUuid('deposit-1')), undefined);
  });

  test('copies the store with an address', async () => {
    const address = `sqlite:${file}?durability=normal`;
    const { status } = await decidable(['backup', newFile(), '--store', address, '--json']);
    assert.equal(status, 0);
  });

  test('exits with 2 if the store of the configuration is not a SQLite store', async () => {
    const args = ['backup', newFile(), '--config', 'memory.config.ts', '--json'];
    const { status, stderr } = await decidable(args);
    assert.deepEqual([status, JSON.parse(stderr).error.code], [2, 'unsupported']);
  });

  test('exits with 2 if the file exists', async () => {
    const { status, stderr } = await decidable(['backup', copy, '--store', file, '--json']);
    assert.deepEqual([status, JSON.parse(stderr).error.code], [2, 'invalid-argument']);
  });
});

describe('decidable completion', () => {
  test('prints a script that calls the program', async () => {
    const { status, stdout } = await decidable(['completion', 'bash']);
    assert.equal(status, 0);
    assert.match(stdout, /decidable complete --/);
  });

  test('completes commands, one in a line', async () => {
    const { stdout } = await decidable(['complete', '--', 'e']);
    assert.deepEqual(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.split('\t')[0]),
      ['events', ':4'],
    );
  });

  test('completes the commands of the system', async () => {
    const { stdout } = await decidable(['complete', '--', 'dispatch', 'With']);
    assert.match(stdout, /^Withdraw\t/);
  });

  test('completes the options of a command', async () => {
    const { stdout } = await decidable(['complete', '--', 'events', '--f']);
    assert.match(stdout, /^--follow\t/);
  });

  test('exits with 2 if the shell is unknown', async () => {
    const { status } = await decidable(['completion', 'tcsh']);
    assert.equal(status, 2);
  });
});
