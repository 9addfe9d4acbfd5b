/** The contents of the tarball that `npm pack` creates. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { linkedFilesOf } from '../docs/fences.ts';
import { packedFiles } from './packed-files.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

function run(command: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: ROOT, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return stdout;
}

describe('the tarball', () => {
  const packed = new Set(packedFiles());

  test('has every file that its documents link to', () => {
    const folders = new Set([...packed].flatMap(foldersOf));
    const broken = [...packed]
      .filter((path) => path.endsWith('.md'))
      .flatMap((page) => {
        const links = linkedFilesOf(readFileSync(ROOT + page, 'utf8'));
        const targets = links.map((link) => posix.join(posix.dirname(page), link).replace(/\/$/, ''));
        return targets.filter((path) => !packed.has(path) && !folders.has(path)).map((path) => `${page}: ${path}`);
      });
    assert.deepEqual(broken, []);
  });

  test('has no file that is not checked in, except the build', () => {
    const checkedIn = new Set(run('git', 'ls-files', '--cached', '--others', '--exclude-standard').split('\n'));
    assert.deepEqual(
      [...packed].filter((path) => !checkedIn.has(path)),
      [],
    );
  });

  test('has the sources, the contract, the documents and the examples', () => {
    const needed = [
      'src/core/index.ts',
      'wit/decider.wit',
      'docs/index.md',
      'examples/guests/rust/bank.wasm',
      'LICENSE',
    ];
    assert.deepEqual(
      needed.filter((path) => !packed.has(path)),
      [],
    );
  });
});

/** Returns the folders that contain a file: `a` and `a/b` for `a/b/c.md`. */
function foldersOf(path: string): readonly string[] {
  const steps = path.split('/').slice(0, -1);
  return steps.map((_, index) => steps.slice(0, index + 1).join('/'));
}
