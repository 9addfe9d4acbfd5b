/**
 * The checked-in binaries are built from their sources, are small, and contain no data of the machine that built them.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { compile } from 'decidable/component';
import { PACKAGES_MISSING, skipGuest } from './built-guest.ts';

const guests = new URL('../../examples/guests/', import.meta.url);

/** The largest size of each guest, in bytes. */
const SIZES = { c: 42_000, rust: 46_000, assemblyscript: 34_000 } as const;

for (const [name, maxBytes] of Object.entries(SIZES) as [keyof typeof SIZES, number][]) {
  const binary = new URL(`${name}/bank.wasm`, guests);

  describe(`the guest in ${name}`, () => {
    test('is built from its source', { skip: skipGuest(name) }, (t) => {
      const folder = mkdtempSync(join(tmpdir(), 'decidable-guest-'));
      try {
        const output = join(folder, 'bank.wasm');
        const build = spawnSync(fileURLToPath(new URL(`${name}/build.sh`, guests)), [output], { encoding: 'utf8' });
        if (build.status === PACKAGES_MISSING) {
          t.skip(`the crates of Cargo.lock cannot be fetched: ${build.stderr.trim().split('\n').at(-1)}`);
          return;
        }
        assert.equal(build.status, 0, build.stderr);
        const [checkedIn, rebuilt] = [readFileSync(binary), readFileSync(output)];
        assert.ok(checkedIn.equals(rebuilt), `${name}/build.sh produces other bytes; run it, and check the binary in`);
      } finally {
        rmSync(folder, { recursive: true });
      }
    });

    test('imports nothing', async () => {
      const component = await compile(readFileSync(binary));
      // An interface that has only types is imported by name, but the host need not pass it.
      assert.deepEqual(
        component.imports.map((each) => each.name),
        ['decidable:eventsourcing/messages@0.1.0'],
      );
    });

    test('names no host and no path', () => {
      const text = readFileSync(binary).toString('latin1');
      assert.doesNotMatch(text, /https?:|registry|crates\.io|npmjs|artifactory|\/(work|root|home|usr|tmp|build)\//);
    });

    test(`has at most ${maxBytes} bytes`, () => {
      assert.ok(readFileSync(binary).length <= maxBytes);
    });
  });
}

test('no binary of the tree names a registry, a host or a path', () => {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  const built = (path: string) => /(^|\/)(node_modules|target|build|dist)(\/|$)/.test(path);
  const binaries = globSync('**/*.wasm', { cwd: root, exclude: built });
  assert.ok(binaries.length >= 3);
  for (const path of binaries) {
    const text = readFileSync(join(root, path)).toString('latin1');
    assert.doesNotMatch(text, /https?:|crates\.io|npmjs|pypi|\/(work|root|home|usr|tmp)\//, path);
  }
});
