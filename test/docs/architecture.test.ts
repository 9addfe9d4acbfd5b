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

test('the folders of the core import only folders that are drawn below them, types included', () => {
  const drawing = /subgraph core\["src\/core"\]\n([\s\S]*?)\n {2}end/.exec(sectionOf('The rooms'))?.[1] ?? '';
  const order = [...drawing.matchAll(/^ +(\w+)\[/gm)].map(([, name]) => name ?? '');
  assert.deepEqual([order.length, order.at(-1)], [9, 'contract']);
  const upward: string[] = [];
  for (const file of globSync('src/core/**/*.ts', { cwd: ROOT })) {
    // The entry point imports every folder.
    if (file === 'src/core/index.ts') continue;
    const from = order.indexOf(/^src\/core\/(\w+)\//.exec(file)?.[1] ?? 'contract');
    const text = readFileSync(ROOT + file, 'utf8');
    for (const [, specifier = ''] of text.matchAll(/(?:from|import\() ?'(\.[^']+)'/g)) {
      const target = new URL(specifier, `file:///${file}`).pathname.slice(1);
      const to = order.indexOf(/^src\/core\/(\w+)\//.exec(target)?.[1] ?? 'contract');
      if (to < from) upward.push(`${file} imports ${target}`);
    }
  }
  assert.deepEqual(upward, []);
});
