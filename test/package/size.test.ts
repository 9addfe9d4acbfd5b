/**
 * The size of importing the root, minified and compressed, without zod, immer, msgpackr and the hash library. A commit
 * that makes it larger raises the number here, with a reason.
 *
 * Issue 2 asks for 14,000 bytes, which is not met. defineDecider alone takes 12 kB. The codec is 5 kB of that (its
 * strict reader, and the preparation of values for msgpackr). The event sourcer takes 15 kB, and both together 22 kB.
 * Process managers, read models and composition take the rest. A fifth of the size is error texts.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

/**
 * The limit in bytes. Systems and processors, which run after an event, are a third of it. Checks of options and of the
 * values that a module returns, decisions inside the store and JSON for readers are 3 kB. The rules by which a value
 * has one meaning are 3 kB too: how schemas are tried, and the form of states. Rebuilds and versions of read models are
 * 1 kB, and categories of events 0.5 kB. Error messages that name the expected value and the remedy are 0.5 kB. The
 * rollout of a module by streams, the pass that copies and checks a message at the same time, and the waits of
 * processors while a store is unavailable are 1.7 kB. The limit has 4 % of room, so that the test fails on a jump, but
 * not on a longer message.
 */
const LIMIT = 56_500;

test('the root is below its limit, and loads no adapter and no driver', async (context) => {
  const { outputFiles, metafile } = await build({
    entryPoints: [fileURLToPath(new URL('../../src/core/index.ts', import.meta.url))],
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2024',
    platform: 'neutral',
    external: ['zod', 'immer', 'msgpackr', '@noble/hashes'],
    metafile: true,
    write: false,
  });
  const size = gzipSync(outputFiles[0]!.contents, { level: 9 }).length;
  context.diagnostic(`${outputFiles[0]!.contents.length} bytes minified, ${size} compressed`);
  assert.ok(size < LIMIT, `${size} bytes, and ${LIMIT} are allowed`);

  const outside = Object.keys(metafile.inputs).filter((file) => !file.startsWith('src/core/'));
  assert.deepEqual(outside, []);
  const imported = Object.values(metafile.outputs).flatMap((output) => output.imports.map(({ path }) => path));
  for (const path of imported) assert.match(path, /^(zod|immer|msgpackr|@noble\/hashes)(\/|$)/);
});
