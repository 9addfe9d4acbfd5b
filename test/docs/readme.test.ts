/** README.md keeps its word: every TypeScript fence is type checked and run, and what follows it is what it prints. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { fencesOf, npmScriptsOf } from './fences.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
const fences = fencesOf(readme);

/** Inside the package, so that `import … from 'decidable'` means this checkout. */
const CACHE = join(ROOT, '.cache');
let folder = '';

/** A fence is named by its first line, `// concert.ts`; others by the line they stand on. */
const programs = fences
  .map((fence, index) => ({ ...fence, next: fences[index + 1] }))
  .filter(({ language }) => language === 'ts')
  .map(({ code, line, next }) => ({
    name: /^\/\/ (\S+\.ts)\n/.exec(code)?.[1] ?? `line-${line}.ts`,
    code,
    output: next?.language === 'text' ? next.code : undefined,
  }));

function node(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const flags = ['--conditions=decidable-source', '--disable-warning=ExperimentalWarning'];
  const env = { ...process.env, NODE_TEST_CONTEXT: undefined, NO_COLOR: '1', FORCE_COLOR: undefined };
  return spawnSync(process.execPath, [...flags, ...args], { cwd: folder, encoding: 'utf8', env });
}

before(() => {
  mkdirSync(CACHE, { recursive: true });
  folder = mkdtempSync(join(CACHE, 'readme-'));
  for (const { name, code } of programs) writeFileSync(join(folder, name), code);
  const config = { extends: '../../tsconfig.json', include: ['*.ts'], exclude: [] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
});

after(() => rmSync(folder, { recursive: true, force: true }));

test('the TypeScript fences type check', () => {
  const { stdout, status } = node(join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', '.');
  assert.equal(status, 0, stdout);
});

describe('the TypeScript fences run', () => {
  for (const { name, output } of programs) {
    test(name, () => {
      const run = node(...(name.endsWith('.test.ts') ? ['--test', '--test-reporter=tap', name] : [name]));
      assert.equal(run.status, 0, run.stderr + run.stdout);
      if (output !== undefined) assert.equal(run.stdout, output);
      if (name.endsWith('.test.ts')) assert.doesNotMatch(run.stdout, /^# tests 0$/m);
    });
  }
});

test('the WIT fences stand in wit/, and the interface beside them in src/core/, line by line', () => {
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

test('the scripts that it names are in package.json', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const named = npmScriptsOf(readme);
  assert.ok(named.includes('start') && named.includes('test'));
  for (const script of named) assert.ok(script in scripts, `npm run ${script}`);
  for (const command of ['npm ci && npm start', 'npm ci && npm test']) {
    assert.ok(readme.split('\n').includes(command), `a line of its own: ${command}`);
  }
});

test('the programs that it runs are on the page', () => {
  const run = fences.filter(({ language }) => language === 'sh').flatMap(({ code }) => code.split('\n'));
  const files = run.flatMap(
    (command) => /^npx node --conditions=decidable-source .*tickets\/(\S+)$/.exec(command)?.[1] ?? [],
  );
  assert.deepEqual(files, ['sell.ts', 'concert.test.ts']);
  for (const file of files) assert.ok(programs.some(({ name }) => name === file));
});

test('the subpaths that it lists are those of package.json', () => {
  const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const listed = [...readme.matchAll(/^\| `decidable(\/[\w/]+)?` +\|/gm)].map(([, path = '']) => `.${path}`);
  assert.deepEqual(
    listed.toSorted(),
    Object.keys(exports)
      .filter((path) => path !== './package.json')
      .toSorted(),
  );
});
