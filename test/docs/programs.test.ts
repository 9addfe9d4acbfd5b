/**
 * The TypeScript fences of the README, the documents and the examples: all of them are type checked and run, and print
 * the output in the next fence.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { sharedNats, skipWithoutNats } from '../servers/nats.ts';
import { startPostgres } from '../servers/postgres.ts';
import { programsOf } from './fences.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Inside the package, so that `import … from 'decidable'` resolves to this checkout. */
const CACHE = join(ROOT, '.cache');

/** The pages whose programs need a server. */
const NATS = 'docs/guides/nats.md';
const POSTGRES = 'docs/guides/postgres.md';

const textOf = (page: string): string => readFileSync(join(ROOT, page), 'utf8');

const PAGES = globSync(['README.md', 'docs/*.md', 'docs/guides/*.md', 'examples/**/README.md'], {
  cwd: ROOT,
  exclude: ['**/node_modules/**'],
})
  .toSorted()
  .filter((page) => /^```ts$/m.test(textOf(page)));

for (const page of PAGES) {
  describe(`the programs of ${page}`, () => {
    const programs = programsOf(textOf(page));
    const skip = page === NATS && skipWithoutNats;
    let server: ({ readonly url: string } & AsyncDisposable) | undefined;
    let folder = '';

    const node = (...args: string[]) => {
      const flags = ['--conditions=decidable-source', '--disable-warning=ExperimentalWarning'];
      const env = {
        ...process.env,
        NATS_URL: server?.url,
        POSTGRES_URL: server?.url,
        NODE_TEST_CONTEXT: undefined,
        NO_COLOR: '1',
        FORCE_COLOR: undefined,
      };
      return spawnSync(process.execPath, [...flags, ...args], { cwd: folder, encoding: 'utf8', env });
    };

    before(async () => {
      if (page === NATS && skipWithoutNats === false) server = await sharedNats();
      if (page === POSTGRES) {
        const postgres = await startPostgres();
        server = { url: postgres.url, [Symbol.asyncDispose]: () => postgres.remove() };
      }
      mkdirSync(CACHE, { recursive: true });
      folder = mkdtempSync(join(CACHE, `${basename(page, '.md')}-`));
      symlinkSync(join(ROOT, 'examples'), join(folder, 'examples'));
      for (const { name, code } of programs) writeFileSync(join(folder, name), code);
      // A fence may end with a value that the reader uses next.
      const compilerOptions = { noUnusedLocals: false };
      const config = { extends: '../../tsconfig.json', compilerOptions, include: ['*.ts'], exclude: [] };
      writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
    });

    after(async () => {
      rmSync(folder, { recursive: true, force: true });
      await server?.[Symbol.asyncDispose]();
    });

    test('type check', () => {
      const { stdout, status } = node(join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', '.');
      assert.equal(status, 0, stdout);
    });

    for (const { name, output } of programs) {
      test(`run: ${name}`, { skip }, () => {
        const isTest = name.endsWith('.test.ts');
        const run = node(...(isTest ? ['--test', '--test-reporter=tap', name] : [name]));
        assert.equal(run.status, 0, run.stderr + run.stdout);
        if (output !== undefined) assert.equal(run.stdout, output);
        if (isTest) assert.doesNotMatch(run.stdout, /^# tests 0$/m);
      });

      // A reader may run the first program of the README several times, so it may find the file of an earlier run.
      if (name !== 'sell.ts') continue;
      test(`run again, with the same output: ${name}`, () => assert.equal(node(name).stdout, output));
    }
  });
}
