/** The program of the installed package. */
import assert from 'node:assert/strict';
import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { installedProject } from './installed.ts';

const { bin, engines } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
const project = installedProject();
const program = join(project.folder, 'node_modules/decidable', bin.decidable);
project.write({
  'counting.js': `
    import { defineDecider, defineSystem } from 'decidable';
    import { z } from 'zod';
    const counter = defineDecider({
      name: 'counter',
      version: '1',
      category: 'counter',
      state: z.object({ total: z.int() }),
      commands: { Add: z.object({ id: z.string() }) },
      events: { Added: z.object({}) },
      streamId: ({ data }) => data.id,
      initialState: { total: 0 },
      evolve: { Added: (state) => { state.total += 1; } },
      decide: { Add: () => [{ type: 'Added', data: {} }] },
    });
    export const counting = defineSystem({ name: 'counting', deciders: [counter] });`,
  'decidable.config.ts': `
    import { defineConfig } from 'decidable/cli';
    import { counting } from './counting.js';
    export default defineConfig({ system: counting, store: 'counting.db' }) satisfies object;`,
});

describe('the program decidable of an installed package', () => {
  test('starts in the way in which npm starts it', () => {
    // npm makes the files of "bin" executable when it installs them, and links to them.
    chmodSync(program, 0o755);
    const { status, stdout, stderr } = project.run('node', [program, 'dispatch', 'Add', '{"id":"1"}', '--json']);
    assert.deepEqual([status, stderr], [0, '']);
    assert.equal(JSON.parse(stdout).stream, 'counter-1');
    assert.match(readFileSync(program, 'utf8'), /^#!\/usr\/bin\/env node\n/);
  });

  test('finds the store next to the configuration', () => {
    const { stdout } = project.run('node', [program, 'state', 'counter-1', '--json']);
    assert.deepEqual(JSON.parse(stdout).state, { total: 1 });
  });

  test('names the oldest Node that it needs, with an older one', () => {
    // The test only simulates an older Node. A real one (20.20.2) fails while it links a static import of a newer
    // function.
    assert.doesNotMatch(readFileSync(program, 'utf8'), /^import\s/m);
    const needed = engines.node.replace('>=', '');
    const run = (version: string) => {
      project.write({
        'version.mjs': `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } });`,
      });
      return project.run('node', ['--import', './version.mjs', program, '--version']);
    };
    for (const version of ['20.20.2', '22.13.1']) {
      const { status, stdout, stderr } = run(version);
      assert.deepEqual([status, stdout], [1, '']);
      assert.ok(stderr.includes(needed) && stderr.includes(version), stderr);
    }
    assert.equal(run(`${needed}.0`).status, 0);
  });

  test('prints a remedy if Node cannot run the configuration in TypeScript', () => {
    const run = project.run('node', ['--no-experimental-strip-types', program, 'describe', '--json']);
    assert.deepEqual([run.status, JSON.parse(run.stderr).error.code], [2, 'typescript-unsupported']);
  });
});
