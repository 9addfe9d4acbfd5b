/** The options and the output of `examples/system/main.ts`. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { engine } from '../../../src/adapters/component/engine/web-assembly.ts';

const main = fileURLToPath(new URL('../../../examples/system/main.ts', import.meta.url));

function run(...args: string[]) {
  const flags = ['--conditions=decidable-source', '--disable-warning=ExperimentalWarning'];
  return spawnSync(process.execPath, [...flags, main, ...args], { encoding: 'utf8' });
}

/** Returns the lines after the list of parts. */
const story = (stdout: string): string[] => stdout.split('\n').slice(6);

const skip = engine.Suspending === undefined ? 'this engine has no JavaScript promise integration' : false;

test('--help lists the options', () => {
  const { status, stdout } = run('--help');
  assert.equal(status, 0);
  assert.match(stdout, /--typescript PART/);
});

test('an invalid argument is named', () => {
  for (const args of [['--typescript', 'database'], ['--guest', 'cobol'], ['--fast'], ['now']]) {
    const { status, stderr } = run(...args);
    assert.equal(status, 2);
    assert.ok(stderr.includes(args.at(-1)!), stderr);
  }
});

test('the output names the parts in TypeScript, and is otherwise the same', { skip }, () => {
  const [components, typescript] = [
    run(),
    run('--typescript', 'gateway', '--typescript=command-handler', '--guest', 'c'),
  ];
  assert.deepEqual([components.status, typescript.status], [0, 0]);
  assert.match(typescript.stdout, /^gateway {9}TypeScript$/m);
  assert.match(typescript.stdout, /^store {11}component$/m);
  assert.deepEqual(story(typescript.stdout), story(components.stdout));
});
