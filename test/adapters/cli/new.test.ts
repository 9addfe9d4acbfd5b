/**
 * `decidable new`: the files of the templates, in folders outside of the repository. `test/package/templates.test.ts`
 * builds them.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { decidable, type Ended, folder } from './program.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const LANGUAGES = ['typescript', 'javascript', 'rust', 'c', 'go', 'python', 'assemblyscript'];

const inside = (...args: readonly string[]): Promise<Ended> => decidable(args, { cwd: folder });

function errorOf({ stderr }: Ended): { readonly code: string; readonly message: string } {
  return (JSON.parse(stderr) as { error: { code: string; message: string } }).error;
}

describe('decidable new decider', () => {
  for (const language of LANGUAGES) {
    test(`copies the account in ${language}, with paths that are in the new folder`, async () => {
      const { status, stdout, stderr } = await inside(
        'new',
        'decider',
        `my-${language}`,
        '--language',
        language,
        '--json',
      );
      assert.equal(status, 0, stderr);
      const { files, ...rest } = JSON.parse(stdout) as { files: string[]; next: string[]; folder: string };
      assert.deepEqual([rest.folder, Reflect.get(rest, 'language')], [`my-${language}`, language]);
      assert.ok(rest.next.length > 1);
      const target = join(folder, `my-${language}`);
      const written = readdirSync(target, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
      assert.equal(written.length, files.length);
      for (const file of files) {
        const text = readFileSync(join(target, file), 'utf8');
        assert.doesNotMatch(text, /\.\.\/\.\.\/|in the root|parent\s+folder/, file);
      }
    });
  }

  test('names the folder after the language, and prints the next commands', async () => {
    const { status, stdout } = await inside('new', 'decider', '--language', 'python');
    assert.equal(status, 0);
    assert.match(stdout, /^created account-python with \d+ files\n\n {2}cd account-python\n/);
    assert.match(stdout, /^ {2}python3 -m unittest$/m);
    assert.ok(existsSync(join(folder, 'account-python/account.py')));
  });

  test('refuses a folder that has files, and a file, and changes nothing', async () => {
    mkdirSync(join(folder, 'full'));
    writeFileSync(join(folder, 'full/notes.txt'), 'keep');
    for (const name of ['full', 'full/notes.txt']) {
      const ended = await inside('new', 'decider', name, '--language', 'c', '--json');
      assert.equal(ended.status, 2);
      assert.equal(errorOf(ended).code, 'usage');
      assert.ok(errorOf(ended).message.includes(name));
    }
    assert.deepEqual(readdirSync(join(folder, 'full')), ['notes.txt']);
  });

  test('uses a folder that is empty', async () => {
    mkdirSync(join(folder, 'empty'));
    const { status } = await inside('new', 'decider', 'empty', '--language', 'python');
    assert.equal(status, 0);
  });

  test('names the languages if the language is unknown', async () => {
    const ended = await inside('new', 'decider', '--language', 'perl', '--json');
    assert.equal(ended.status, 2);
    for (const language of LANGUAGES) assert.ok(errorOf(ended).message.includes(language), language);
    assert.equal(existsSync(join(folder, 'account-perl')), false);
  });
});

describe('decidable new system', () => {
  test('copies a system that the command line describes and runs', async () => {
    const { status } = await inside('new', 'system');
    assert.equal(status, 0);
    const target = join(folder, 'bank');
    mkdirSync(join(target, 'node_modules'));
    symlinkSync(ROOT, join(target, 'node_modules/decidable'));
    for (const name of ['zod', 'kysely'])
      symlinkSync(join(ROOT, 'node_modules', name), join(target, 'node_modules', name));
    const open = await decidable(['dispatch', 'OpenAccount', '{"accountId":"1","owner":"Ada"}'], { cwd: target });
    assert.equal(open.status, 0, open.stderr);
    const state = await decidable(['state', 'account-1', '--json'], { cwd: target });
    assert.equal((JSON.parse(state.stdout) as { state: { owner: string } }).state.owner, 'Ada');
    assert.ok(existsSync(join(target, 'bank.db')));
  });
});
