/** A Go program on the virtual WASI: its runtime library, and the adapter from WASI preview 1 to preview 2. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Component, compile } from 'decidable/component';
import { GuestExit, LANGUAGE_RUNTIME } from 'decidable/component/wasi';
import { commandOf } from './preview1.ts';
import { runProgram } from './run-program.ts';

const skip = spawnSync('go', ['version']).status !== 0 && 'install Go';

describe('a Go program on the virtual WASI', { skip }, () => {
  let program: Component;
  const folder = mkdtempSync(join(tmpdir(), 'decidable-go-'));
  after(() => rmSync(folder, { recursive: true }));

  before(async () => {
    copyFileSync(fileURLToPath(new URL('go-program.go', import.meta.url)), join(folder, 'main.go'));
    const build = spawnSync('go', ['build', '-trimpath', '-ldflags=-s -w', '-o', 'core.wasm', 'main.go'], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, GOOS: 'wasip1', GOARCH: 'wasm', GO111MODULE: 'off' },
    });
    assert.equal(build.status, 0, build.stderr);
    program = await compile(await commandOf(readFileSync(join(folder, 'core.wasm'))));
  });

  async function run() {
    const { out, err, end, wasi } = await runProgram(program, {
      grant: LANGUAGE_RUNTIME,
      arguments: ['program', 'Łucja'],
      environment: { LANG: 'C.UTF-8' },
      stdin: ['a li', 'ne\nanother\n'],
      files: { work: {} },
      writableFiles: true,
    });
    assert.ok(end instanceof GuestExit && end.status === 1, out.join('\n'));
    assert.deepEqual(err, []);
    return { out, wasi };
  }

  test('starts, sleeps without real delay, and uses files as on any other host', async () => {
    const { out, wasi } = await run();
    assert.deepEqual(out, [
      'slept 1.5s 2023-11-14T22:13:21.75Z',
      'goroutines 2 1 0 4.5s',
      'read "a line\\n" <nil> arguments ["program" "Łucja"] LANG "C.UTF-8"',
      'made <nil> <nil>',
      'linked <nil> <nil>',
      'through the link hi <nil>',
      'times <nil>',
      'modified 6000000007 <nil>',
      'created <nil>',
      'full write /data/full: No space left on device',
      'removed <nil>',
    ]);
    assert.deepEqual(wasi.readTree('/data'), { h: new TextEncoder().encode('hi'), full: new Uint8Array(0) });
  });

  test('prints the same when it runs again', async () => {
    assert.deepEqual((await run()).out, (await run()).out);
  });
});
