/** Configurations and files that the command line refuses. */
import assert from 'node:assert/strict';
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import Sqlite from 'better-sqlite3';
import { BANK, bankFile, decidable, folder, newFile, type RunOptions } from './program.ts';

/** The exit code and the code of the error. */
async function refusal(args: readonly string[], options: RunOptions = {}): Promise<readonly [number | null, string]> {
  const { status, stdout, stderr } = await decidable([...args, '--json'], options);
  assert.equal(stdout, '');
  const { code, payload } = JSON.parse(stderr).error;
  return [status, code === 'failure' ? payload.val.code : code];
}

function configOf(name: string, code: string): string {
  const file = join(folder, name);
  writeFileSync(file, code);
  return file;
}

describe('a configuration', () => {
  test('is refused if it is missing', async () => {
    assert.deepEqual(await refusal(['describe'], { cwd: folder }), [2, 'config-not-found']);
  });

  test('is refused if it is named and missing', async () => {
    assert.deepEqual(await refusal(['describe', '--config', 'absent.ts']), [2, 'config-not-found']);
  });

  test('is refused if it exports a value other than a system', async () => {
    const config = configOf('no-system.mjs', 'export default { system: { name: "bank" } };');
    assert.deepEqual(await refusal(['describe', '--config', config]), [2, 'not-a-system']);
  });

  test('is refused if it exports several systems and no default', async () => {
    const config = configOf(
      'two.mts',
      `import { bank } from ${JSON.stringify(join(BANK, 'system.ts'))}; export const [one, other] = [bank, bank];`,
    );
    assert.deepEqual(await refusal(['describe', '--config', config]), [2, 'not-a-system']);
  });

  test('is refused if it throws an error', async () => {
    const config = configOf('throws.mjs', 'throw new Error("no network");');
    assert.deepEqual(await refusal(['describe', '--config', config]), [2, 'config-failed']);
  });

  test('is refused if it has an unknown field', async () => {
    const config = configOf(
      'unknown.mts',
      `import { bank } from ${JSON.stringify(join(BANK, 'system.ts'))}; export default { system: bank, stroe: 'x.db' };`,
    );
    assert.deepEqual(await refusal(['describe', '--config', config]), [2, 'usage']);
  });

  test('may be a module whose only system is a named export', async () => {
    const { status, stdout } = await decidable(['describe', '--config', 'system.ts', '--json']);
    assert.deepEqual([status, JSON.parse(stdout).name], [0, 'bank']);
  });
});

test('a configuration that leaves a timer running does not keep the program running', async () => {
  const { status } = await decidable(['describe', '--config', 'open.config.ts']);
  assert.equal(status, 0);
});

describe('a store', () => {
  test('is required', async () => {
    assert.deepEqual(await refusal(['events']), [2, 'no-store']);
  });

  test('is not created by a command that reads', async () => {
    const file = join(folder, 'nowhere', 'absent.db');
    mkdirSync(join(folder, 'nowhere'));
    assert.deepEqual(await refusal(['events', '--store', file]), [4, 'store-not-found']);
    assert.deepEqual(readdirSync(join(folder, 'nowhere')), []);
  });

  test('is refused if its address has an unknown scheme or parameter', async () => {
    assert.deepEqual(await refusal(['events', '--store', 'mysql://host/bank']), [2, 'invalid-address']);
    assert.deepEqual(await refusal(['events', '--store', 'sqlite:bank.db?durabilty=full']), [2, 'invalid-address']);
  });

  test('is refused if it is in memory, because it would be empty', async () => {
    assert.deepEqual(await refusal(['events', '--store', 'memory:']), [1, 'unsupported']);
  });

  test('is refused if it is a file of text', async () => {
    const file = configOf('letter.db', 'Dear Sir'.repeat(99));
    assert.deepEqual(await refusal(['events', '--store', file]), [1, 'not-a-store']);
  });

  test('is refused if it is a folder', async () => {
    assert.deepEqual(await refusal(['events', '--store', folder]), [1, 'not-a-store']);
    assert.deepEqual(await refusal(['dispatch', 'Open', '{"accountId":"a"}', '--store', folder]), [1, 'not-a-store']);
  });

  test('is refused and left unchanged if it is a SQLite database of another program', async () => {
    const file = newFile();
    new Sqlite(file).exec('create table notes (id)').close();
    const before = readFileSync(file);
    assert.deepEqual(await refusal(['dispatch', 'Open', '{"accountId":"a"}', '--store', file]), [1, 'not-a-store']);
    assert.deepEqual(readFileSync(file), before);
  });

  test('can be read in a folder that cannot be written', {
    skip: process.platform === 'win32' && 'Windows has no permission bits',
  }, async () => {
    const sealed = join(folder, 'sealed');
    mkdirSync(sealed);
    cpSync(await bankFile(), join(sealed, 'bank.db'));
    chmodSync(sealed, 0o555);
    chmodSync(folder, 0o755);
    const args = ['events', '--store', join(sealed, 'bank.db'), '--limit', '1'];
    const { status, stderr } = await decidable(args, { isUnprivileged: true });
    assert.deepEqual([status, stderr, readdirSync(sealed)], [0, '', ['bank.db']]);
  });
});
