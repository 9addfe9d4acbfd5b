import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { deadLinks } from '../../scripts/docs/links.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

test('the links of all Markdown files have a target', () => {
  const isBuilt = (path: string) => /(^|\/)(node_modules|target|build|dist|api|\.cache)(\/|$)/.test(path);
  const files = globSync('**/*.md', { cwd: ROOT, exclude: isBuilt }).toSorted();
  assert.ok(files.includes('README.md') && files.includes('docs/architecture.md'));
  const tree = {
    exists: (path: string) => existsSync(join(ROOT, path)),
    read: (path: string) => readFileSync(join(ROOT, path), 'utf8'),
  };
  assert.deepEqual(deadLinks(files, tree), []);
});

test('docs/index.md links to every page of the documentation', () => {
  const index = readFileSync(join(ROOT, 'docs/index.md'), 'utf8');
  const pages = globSync('{*.md,guides/*.md}', { cwd: join(ROOT, 'docs') }).filter((page) => page !== 'index.md');
  assert.ok(pages.length > 20);
  assert.deepEqual(
    pages.filter((page) => !index.includes(`](${page})`)),
    [],
  );
});
