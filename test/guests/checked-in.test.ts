/**
 * The checked-in binaries are built from their sources, are small, and contain no data of the machine that built them.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { compile } from 'decidable/component';

const guests = new URL('../../examples/guests/', import.meta.url);
const DEBIAN = '/usr/bin';
/** The exit code of a build script if it cannot reach its registry. */
const CRATES_MISSING = 75;

/** The tools that each build needs, with their paths. */
const GUESTS = {
  c: {
    maxBytes: 42_000,
    tools: { clang: `${DEBIAN}/clang`, lld: `${DEBIAN}/wasm-ld`, 'wasi-libc': '/usr/include/wasm32-wasi' },
  },
  rust: {
    maxBytes: 46_000,
    tools: {
      'rustc-web': `${DEBIAN}/rustc`,
      'rust-web-src': '/usr/lib/rustlib/src/rust/library',
      'cargo-web': `${DEBIAN}/cargo`,
      lld: `${DEBIAN}/wasm-ld`,
    },
  },
  assemblyscript: { maxBytes: 34_000, tools: {} },
};

const npmPackages = { 'npm ci in examples/guests': fileURLToPath(new URL('node_modules/assemblyscript', guests)) };

for (const [name, { maxBytes, tools }] of Object.entries(GUESTS)) {
  const binary = new URL(`${name}/bank.wasm`, guests);
  const missing = Object.entries({ ...tools, ...npmPackages }).filter(([, path]) => !existsSync(path));
  const skip = missing.length > 0 && `to rebuild it, install ${missing.map(([tool]) => tool).join(', ')}`;

  describe(`the guest in ${name}`, () => {
    test('is built from its source', { skip }, (t) => {
      const folder = mkdtempSync(join(tmpdir(), 'decidable-guest-'));
      try {
        const output = join(folder, 'bank.wasm');
        const build = spawnSync(fileURLToPath(new URL(`${name}/build.sh`, guests)), [output], { encoding: 'utf8' });
        if (build.status === CRATES_MISSING) {
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
