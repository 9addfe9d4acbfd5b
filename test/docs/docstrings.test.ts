import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { publicSymbols } from '../../scripts/docs/public-symbols.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (file: string) => readFileSync(root + file, 'utf8');
const manifest = JSON.parse(read('package.json'));
const subpaths: readonly string[] = Object.values(manifest.exports as Record<string, { 'decidable-source'?: string }>)
  .flatMap((target) => target['decidable-source'] ?? [])
  .map((path) => posix.normalize(path));

for (const entry of subpaths) {
  test(`every symbol that ${entry} exports has a docstring`, () => {
    const undocumented = publicSymbols(entry, read).filter(({ doc }) => doc === undefined);
    assert.deepEqual(
      undocumented.map(({ file, line, name }) => `${file}:${line}: ${name}`),
      [],
    );
  });
}
