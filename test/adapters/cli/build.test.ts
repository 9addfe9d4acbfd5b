/** `decidable build`. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadModule } from 'decidable/component/host';
import { decidable, folder } from './program.ts';

const COUNTER = fileURLToPath(new URL('../../guests/fallible.ts', import.meta.url));

describe('decidable build', () => {
  test('writes a component, and prints one JSON document with --json', async () => {
    const file = join(folder, 'counter.wasm');
    const { status, stdout, stderr } = await decidable(['build', COUNTER, '-o', file, '--json'], { cwd: folder });
    assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
    const bytes = readFileSync(file);
    assert.deepEqual(JSON.parse(stdout), {
      file,
      world: 'command-handler',
      name: 'counter',
      version: '1.0.0',
      bytes: bytes.length,
      digest: createHash('sha256').update(bytes).digest('hex'),
    });
    assert.equal((await loadModule(bytes)).routing.describe().category, 'counter');
  });

  test('prints the place of a problem, and leaves an existing file unchanged', async () => {
    const [source, output] = [join(folder, 'chance.ts'), join(folder, 'chance.wasm')];
    writeFileSync(source, '\nexport default Math.random();\n');
    writeFileSync(output, 'the old component');
    const { status, stderr } = await decidable(['build', 'chance.ts'], { cwd: folder });
    assert.equal(status, 2);
    assert.match(stderr, /^error: chance\.ts:2:\d+: Math\.random\(\)/);
    assert.equal(readFileSync(output, 'utf8'), 'the old component');
    const json = await decidable(['build', 'chance.ts', '--json'], { cwd: folder });
    const { error } = JSON.parse(json.stderr) as { error: { code: string; payload: { subject: string } } };
    assert.deepEqual([error.code, error.payload.subject], ['indeterminate-load', 'Math.random()']);
  });

  test('refuses to replace a device or a folder', async () => {
    for (const output of ['/dev/null', folder]) {
      const { status, stderr } = await decidable(['build', COUNTER, '-o', output, '--json'], { cwd: folder });
      const { error } = JSON.parse(stderr) as { error: { code: string } };
      assert.deepEqual([status, error.code], [2, 'usage']);
    }
    assert.equal(statSync('/dev/null').isCharacterDevice(), true);
  });

  test('refuses an output that cannot be written, and leaves no partial file', async () => {
    const file = join(folder, 'nowhere/counter.wasm');
    const { status, stderr } = await decidable(['build', COUNTER, '-o', file, '--json'], { cwd: folder });
    const { error } = JSON.parse(stderr) as { error: { code: string } };
    assert.deepEqual([status, error.code], [2, 'usage']);
    assert.equal(existsSync(file), false);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.endsWith('.part')),
      [],
    );
  });
});
