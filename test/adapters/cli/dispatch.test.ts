/** `decidable dispatch`. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createSqliteStore } from 'decidable/sqlite';
import { bank } from './bank/system.ts';
import { BANK, decidable, newFile } from './program.ts';

const file = newFile();

function dispatch(type: string, data: string, ...args: readonly string[]) {
  return decidable(['dispatch', type, data, '--store', file, '--json', ...args]);
}

describe('decidable dispatch', () => {
  test('creates the store and prints the events of an accepted command', async () => {
    const { status, stdout } = await dispatch('Open', '{"accountId":"a"}', '--command-id', 'open-1', '--actor', 'Ada');
    const { outcome, stream, position, events } = JSON.parse(stdout);
    assert.deepEqual([status, outcome.tag, stream, position], [0, 'accepted', 'account-a', '1']);
    assert.deepEqual(events[0].data, { accountId: 'a' });
    assert.ok(existsSync(file));
  });

  test('prints the first outcome of a command id that is known', async () => {
    const { status, stdout } = await dispatch('Open', '{"accountId":"a"}', '--command-id', 'open-1');
    assert.deepEqual([status, JSON.parse(stdout).duplicate], [0, true]);
  });

  test('exits with 2 if another command used the command id', async () => {
    const { status, stderr } = await dispatch('Open', '{"accountId":"b"}', '--command-id', 'open-1');
    assert.deepEqual([status, JSON.parse(stderr).error.code], [2, 'command-id-reused']);
  });

  test('exits with 3 if the domain rejects the command', async () => {
    const { status, stdout } = await dispatch('Withdraw', '{"accountId":"a","amount":5}');
    assert.deepEqual([status, JSON.parse(stdout).outcome.val.code], [3, 'insufficient-funds']);
  });

  test('exits with 1 if the stream does not have the expected revision', async () => {
    const { status, stderr } = await dispatch('Deposit', '{"accountId":"a","amount":5}', '--expected-revision', '7');
    assert.deepEqual([status, JSON.parse(stderr).error.code], [1, 'conflict']);
  });

  test('reads the data from standard input and prints the decision for people', async () => {
    const args = ['dispatch', 'Deposit', '-', '--store', file];
    const { status, stdout } = await decidable(args, {}, '{"accountId":"a","amount":5}');
    assert.equal(status, 0);
    assert.match(stdout, /^accepted\ncommand .* on account-a, decided by account\n.*Deposited {2}\{"accountId":"a"/);
  });

  test('prints a hint to start a process if no process runs the processors', async () => {
    const args = ['dispatch', 'Deposit', '{"accountId":"a","amount":6}', '--store', file];
    const hint = /start one with `decidable run`$/m;
    assert.match((await decidable(args)).stdout, hint);
    await using store = createSqliteStore({ file });
    await using _running = await bank.start({ store });
    assert.doesNotMatch((await decidable(args)).stdout, hint);
  });

  test('exits with 2 if the data is not JSON', async () => {
    const { status, stderr } = await dispatch('Deposit', '{"accountId"');
    assert.deepEqual([status, JSON.parse(stderr).error.code], [2, 'usage']);
  });

  test('exits with 2 if the system does not accept the command', async () => {
    const { status, stderr } = await dispatch('Despoit', '{}');
    assert.deepEqual([status, JSON.parse(stderr).error.code], [2, 'usage']);
  });

  test('exits with 2 if the data does not match the schema, and names the path', async () => {
    const { status, stderr } = await dispatch('Deposit', '{"accountId":"a","amount":0.5}');
    const { code, path } = JSON.parse(stderr).error;
    assert.deepEqual([status, code, path], [2, 'usage', 'Deposit.data.amount']);
  });

  test('names the call and its line with --check-determinism, and stores nothing', async () => {
    const store = newFile();
    const config = join(BANK, 'impure.config.ts');
    const send = (...args: readonly string[]) =>
      decidable(['dispatch', 'Draw', '{"act":"variable","name":"Ada"}', '--config', config, '--store', store, ...args]);
    const checked = await send('--check-determinism', '--json');
    assert.equal(checked.status, 1);
    assert.match(checked.stderr, /draws.*lottery\.ts:\d+:\d+/);
    await using opened = createSqliteStore({ file: store });
    assert.deepEqual(await opened.readStreams(), []);
    assert.equal((await send()).status, 0);
  });
});
