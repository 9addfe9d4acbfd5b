/** `decidable inspect`. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { assemble } from '../component/assemble.ts';
import { decidable, folder } from './program.ts';

const BANK = fileURLToPath(new URL('../../../examples/guests/c/bank.wasm', import.meta.url));

describe('decidable inspect', () => {
  test('prints the world, the imports and the sizes of a component', async () => {
    const { status, stdout, stderr } = await decidable(['inspect', BANK], { cwd: folder });
    assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
    assert.match(stdout, /^World +command-handler$/m);
    assert.match(stdout, /^Deterministic +yes$/m);
    assert.match(stdout, /^ {2}decidable:eventsourcing\/messages@0\.1\.0 {2}\(types\)$/m);
    assert.match(stdout, /^ {2}processed-by {2}wit-component /m);
  });

  test('prints one JSON document with --json', async () => {
    const { status, stdout } = await decidable(['inspect', BANK, '--json'], { cwd: folder });
    const { world, isDeterministic, digest, findings } = JSON.parse(stdout) as Record<string, unknown>;
    assert.deepEqual(
      { status, world, isDeterministic, findings },
      {
        status: 0,
        world: 'command-handler',
        isDeterministic: true,
        findings: [],
      },
    );
    assert.match(String(digest), /^[0-9a-f]{64}$/);
  });

  test('exits with 6 and names the place if the component could be indeterministic', async () => {
    const file = join(folder, 'relaxed.wasm');
    writeFileSync(
      file,
      await assemble(`(component (import "a:b/now" (func (result u64))) (core module
        (func $mix (param v128) (drop (i8x16.relaxed_swizzle (local.get 0) (local.get 0))))))`),
    );
    const { status, stdout } = await decidable(['inspect', file], { cwd: folder });
    assert.equal(status, 6);
    assert.match(stdout, /a:b\/now {2}\(must be passed\)/);
    assert.match(stdout, /relaxed-simd/);
    assert.match(stdout, /function 0 \(mix\) at offset 0x/);
  });

  for (const [name, contract, loadedBy] of [
    ['trogon', 'trogon:decider', 'trogonDecider'],
    ['cosmonic-resources', 'cosmonic:eventsourcing', 'cosmonicCommandHandler'],
    ['cosmonic-functions', 'cosmonic:eventsourcing', 'cosmonicCommandHandler'],
  ] as const) {
    test(`names the contract of a component of another project: ${name}`, async () => {
      const file = fileURLToPath(new URL(`../../../examples/guests/foreign/${name}.wasm`, import.meta.url));
      const { status, stdout } = await decidable(['inspect', file], { cwd: folder });
      assert.equal(status, 0);
      assert.match(stdout, new RegExp(`^Contract +${contract}, loaded by ${loadedBy} `, 'm'));
      assert.doesNotMatch(stdout, /^Differences/m);
    });
  }

  test('refuses a file that does not exist, and one that is not a component', async () => {
    const missing = await decidable(['inspect', 'missing.wasm', '--json'], { cwd: folder });
    assert.deepEqual([missing.status, errorOf(missing.stderr)], [4, 'not-found']);
    const file = join(folder, 'text.wasm');
    writeFileSync(file, 'text');
    const other = await decidable(['inspect', file, '--json'], { cwd: folder });
    assert.deepEqual([other.status, errorOf(other.stderr)], [1, 'malformed']);
    const { stderr } = await decidable(['inspect', file], { cwd: folder });
    assert.ok(stderr.startsWith(`error: ${file}: `));
  });
});

function errorOf(stderr: string): unknown {
  return (JSON.parse(stderr) as { error: { code: string } }).error.code;
}
