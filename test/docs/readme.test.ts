/** README.md agrees with the tree: its WIT, its scripts, its programs and its subpaths exist. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { fencesOf, npmScriptsOf, programsOf } from './fences.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
const fences = fencesOf(readme);

const programs = programsOf(readme);

test('the lines of the WIT fences are in wit/, and the lines of the interface are in src/core/', () => {
  const filesIn = (folder: string) =>
    readdirSync(join(ROOT, folder), { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => readFileSync(join(ROOT, folder, name), 'utf8'));
  const shown = [
    ...fences.filter(({ language }) => language === 'wit').map(({ code }) => ({ code, where: 'wit' })),
    ...programs.filter(({ code }) => code.startsWith('interface ')).map(({ code }) => ({ code, where: 'src/core' })),
  ];
  assert.equal(shown.length, 2);
  for (const { code, where } of shown) {
    const lines = filesIn(where).flatMap((text) => text.split('\n').map((line) => line.trim()));
    for (const line of code.trim().split('\n')) {
      const found = lines.includes(line.trim()) || lines.includes(`export ${line.trim()}`);
      assert.ok(found, `${where}/ has no line: ${line}`);
    }
  }
});

test('the scripts that the README names are in package.json', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const named = npmScriptsOf(readme);
  assert.ok(named.includes('start') && named.includes('test'));
  for (const script of named) assert.ok(script in scripts, `npm run ${script}`);
  for (const command of ['npm ci && npm start', 'npm ci && npm test']) {
    assert.ok(readme.split('\n').includes(command), `a line of its own: ${command}`);
  }
});

test('the programs that the README runs are on the page', () => {
  const run = fences.filter(({ language }) => language === 'sh').flatMap(({ code }) => code.split('\n'));
  const files = run.flatMap(
    (command) => /^npx node --conditions=decidable-source .*tickets\/(\S+)$/.exec(command)?.[1] ?? [],
  );
  assert.deepEqual(files, ['sell.ts', 'concert.test.ts']);
  for (const file of files) assert.ok(programs.some(({ name }) => name === file));
});

test('the subpaths that the README lists are those of package.json', () => {
  const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const listed = [...readme.matchAll(/^\| `decidable(\/[\w/]+)?` +\|/gm)].map(([, path = '']) => `.${path}`);
  assert.deepEqual(
    listed.toSorted(),
    Object.keys(exports)
      .filter((path) => path !== './package.json')
      .toSorted(),
  );
});
