/** The size of the loader is bounded, because browsers download it. A commit that needs more raises the number. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

/**
 * The most bytes, minified and compressed, with a margin of 5 %. The virtual WASI is a subpath of its own.
 *
 * 42,000 became 46,000 when the loader learned to list all missing imports, to refuse names that collide in JavaScript
 * and unknown options, and to wait for functions that are declared asynchronous.
 * 46,000 became 48,000 when its errors learned to say where a wrong value is, and instances to release what they hold
 * when they end.
 */
const BUDGET = 48_000;

test('the component loader is under 48 kB, minified and compressed', async () => {
  const { outputFiles } = await build({
    entryPoints: ['src/adapters/component/index.ts'],
    bundle: true,
    minify: true,
    format: 'esm',
    write: false,
  });
  const size = gzipSync(outputFiles[0]!.contents, { level: 9 }).length;
  assert.ok(size < BUDGET, `${size} bytes`);
});
