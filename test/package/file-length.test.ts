import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MAX_LINES = 500;

test('no file of the sources and the tests has more than 500 lines', () => {
  const all = globSync(['src/**/*.ts', 'test/**/*.ts'], { cwd: ROOT });
  const files = all.filter((file) => !file.includes('node_modules'));
  assert.ok(files.length > 800);
  const lengths = files.map((file) => [file, readFileSync(ROOT + file, 'utf8').split('\n').length - 1] as const);
  assert.deepEqual(
    lengths.filter(([, lines]) => lines > MAX_LINES),
    [],
  );
});
