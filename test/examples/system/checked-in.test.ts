/** The components of examples/system are built from their sources, and have the imports of their worlds. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { compile } from 'decidable/component';

const components = new URL('../../../examples/system/components/', import.meta.url);
const WIT = 'decidable:eventsourcing';

/** The exit code of the build script if it cannot reach its registry. */
const CRATES_MISSING = 75;

const EXPECTED = {
  'event-store': {
    maxBytes: 70_000,
    imports: ['wasi:clocks/wall-clock@0.2.0', `${WIT}/messages@0.1.0`],
    exports: [`${WIT}/event-store@0.1.0`],
  },
  'event-sourcer': {
    maxBytes: 75_000,
    imports: ['messages', 'types', 'decider', 'routing', 'event-store'].map((name) => `${WIT}/${name}@0.1.0`),
    exports: [`${WIT}/event-sourcer@0.1.0`],
  },
  'event-handler': {
    maxBytes: 50_000,
    imports: [`${WIT}/messages@0.1.0`],
    exports: [`${WIT}/types@0.1.0`, `${WIT}/event-handler@0.1.0`],
  },
  projector: {
    maxBytes: 50_000,
    imports: [`${WIT}/messages@0.1.0`],
    exports: [`${WIT}/types@0.1.0`, `${WIT}/projector@0.1.0`],
  },
  gateway: {
    maxBytes: 29_000,
    imports: ['messages', 'event-store', 'event-sourcer'].map((name) => `${WIT}/${name}@0.1.0`),
    exports: ['decidable:system/gateway@0.1.0'],
  },
};

const TOOLS = {
  'rustc-web': '/usr/bin/rustc',
  'rust-web-src': '/usr/lib/rustlib/src/rust/library',
  'cargo-web': '/usr/bin/cargo',
  lld: '/usr/bin/wasm-ld',
};

describe('the components of examples/system', () => {
  const missing = Object.entries(TOOLS).filter(([, path]) => !existsSync(path));
  const skip = missing.length > 0 && `to rebuild them, install ${missing.map(([tool]) => tool).join(', ')}`;

  test('are built from their sources', { skip }, (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'decidable-system-'));
    try {
      const build = spawnSync(fileURLToPath(new URL('build.sh', components)), [folder], { encoding: 'utf8' });
      if (build.status === CRATES_MISSING) {
        t.skip(`the crates of versions.lock cannot be fetched: ${build.stderr.trim().split('\n').at(-1)}`);
        return;
      }
      assert.equal(build.status, 0, build.stderr);
      for (const name of Object.keys(EXPECTED)) {
        const checkedIn = readFileSync(new URL(`${name}.wasm`, components));
        const rebuilt = readFileSync(join(folder, `${name}.wasm`));
        assert.ok(
          checkedIn.equals(rebuilt),
          `${name}: run examples/system/components/build.sh, and check the binary in`,
        );
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  for (const [name, { maxBytes, imports, exports }] of Object.entries(EXPECTED)) {
    test(`have the imports and exports of their worlds, and are small: ${name}`, async () => {
      const bytes = readFileSync(new URL(`${name}.wasm`, components));
      const component = await compile(bytes);
      assert.deepEqual(component.imports.map((each) => each.name).sort(), imports.toSorted());
      assert.deepEqual(
        component.exports.map((each) => each.name),
        exports,
      );
      assert.ok(bytes.length <= maxBytes, `${bytes.length} bytes`);
    });
  }
});
