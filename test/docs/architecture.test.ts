import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(`${ROOT}docs/architecture.md`, 'utf8');

function sectionOf(title: string): string {
  const from = page.indexOf(`\n## ${title}\n`);
  assert.notEqual(from, -1, title);
  const to = page.indexOf('\n## ', from + 1);
  return page.slice(from, to === -1 ? undefined : to);
}

test('every folder of the sources has its row', () => {
  const files = globSync('src/{core,adapters,adapters/component}/*/**/*.ts', { cwd: ROOT });
  const folders = files.map((file) => /^src\/(core|adapters\/component|adapters)\/[^/]+\//.exec(file)?.[0] ?? file);
  const rooms = sectionOf('The rooms');
  assert.deepEqual(
    [...new Set(folders)].filter((folder) => !rooms.includes(`](../${folder})`)),
    [],
  );
});

test('the way of a command enters each file once', () => {
  const files = [...sectionOf('The way of one command').matchAll(/\]\((\.\.\/src\/[^)]+)\)/g)].map(([, file]) => file);
  assert.ok(files.length > 12);
  assert.deepEqual(
    files.filter((file, index) => files.indexOf(file) !== index),
    [],
  );
});
