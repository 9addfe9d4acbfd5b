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

test('the picture of the rooms has the arrows that follow from the imports, and no others', () => {
  const room = (file: string): string => {
    const [, area, name = '', below = ''] = file.split('/');
    if (area === 'core') return file.split('/').length > 3 ? name : 'contract';
    return name === 'component' && ['host', 'build'].includes(below) ? below : name;
  };
  const imports = new Map<string, Set<string>>();
  const draw = (arrows: Map<string, Set<string>>, from: string, to: string): void => {
    if (from !== to) arrows.set(from, (arrows.get(from) ?? new Set()).add(to));
  };
  for (const file of globSync('src/**/*.ts', { cwd: ROOT })) {
    if (file === 'src/core/index.ts') continue;
    for (const [, specifier = ''] of readFileSync(ROOT + file, 'utf8').matchAll(/(?:from|import\() ?'(\.[^']+)'/g)) {
      draw(imports, room(file), room(new URL(specifier, `file:///${file}`).pathname.slice(1)));
    }
  }
  const drawn = new Map<string, Set<string>>();
  for (const [, from = '', to = ''] of sectionOf('The rooms').matchAll(/^ +(\w+) --> (\w+)$/gm)) draw(drawn, from, to);
  // The page says that every folder of the core imports the contract.
  for (const from of new Set([...imports.keys(), ...drawn.keys()])) {
    if (from === 'contract') continue;
    const indirect = new Set<string>();
    for (const to of imports.get(from) ?? []) for (const further of reachable(imports, to)) indirect.add(further);
    const expected = [...(imports.get(from) ?? [])].filter((to) => to !== 'contract' && !indirect.has(to));
    const found = [...(drawn.get(from) ?? [])].filter((to) => to !== 'contract');
    assert.deepEqual(found.sort(), expected.sort(), from);
  }
});

/** Returns the rooms that `from` imports, directly or through other rooms. */
function reachable(arrows: ReadonlyMap<string, ReadonlySet<string>>, from: string): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (room: string): void => {
    for (const to of arrows.get(room) ?? []) {
      if (found.has(to)) continue;
      found.add(to);
      visit(to);
    }
  };
  visit(from);
  return found;
}
