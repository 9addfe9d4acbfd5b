/** The components of examples/guests/foreign are built from their sources. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const folder = new URL('../../../../../examples/guests/foreign/', import.meta.url);
const missing = ['/usr/bin/clang', '/usr/bin/wasm-ld'].filter((tool) => !existsSync(tool));
const skip = missing.length > 0 && `to rebuild them, run .ci/install-toolchains, which installs ${missing.join(', ')}`;

test('the guests of other contracts are built from their sources', { skip }, () => {
  const out = mkdtempSync(join(tmpdir(), 'decidable-foreign-'));
  try {
    const build = spawnSync(fileURLToPath(new URL('build.sh', folder)), [out], { encoding: 'utf8' });
    assert.equal(build.status, 0, build.stderr);
    for (const name of ['trogon', 'cosmonic-resources', 'cosmonic-functions']) {
      const checkedIn = readFileSync(new URL(`${name}.wasm`, folder));
      assert.ok(
        checkedIn.equals(readFileSync(join(out, `${name}.wasm`))),
        `${name}: run examples/guests/foreign/build.sh, and check the binary in`,
      );
    }
  } finally {
    rmSync(out, { recursive: true });
  }
});
