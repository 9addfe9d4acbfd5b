/**
 * A whole C program on the virtual WASI: wasi-libc, and the adapter from WASI preview 1 to preview 2 that comes with
 * jco.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Component, compile } from 'decidable/component';
import { GuestExit, LANGUAGE_RUNTIME, NotGranted, type VirtualWasiOptions } from 'decidable/component/wasi';
import { commandOf } from './preview1.ts';
import { runProgram } from './run-program.ts';

const tools = { clang: '/usr/bin/clang', lld: '/usr/bin/wasm-ld', 'wasi-libc': '/usr/include/wasm32-wasi' };
const missing = Object.entries(tools).filter(([, path]) => !existsSync(path));
const skip = missing.length > 0 && `install ${missing.map(([tool]) => tool).join(', ')}`;

describe('a C program on the virtual WASI', { skip }, () => {
  let program: Component;
  const folder = mkdtempSync(join(tmpdir(), 'decidable-wasi-'));
  after(() => rmSync(folder, { recursive: true }));

  before(async () => {
    const [source, core] = [fileURLToPath(new URL('wasi-program.c', import.meta.url)), join(folder, 'core.wasm')];
    const build = spawnSync('/usr/bin/clang', ['--target=wasm32-wasi', '-O1', source, '-o', core], {
      encoding: 'utf8',
    });
    assert.equal(build.status, 0, build.stderr);
    program = await compile(await commandOf(readFileSync(core)));
  });

  const run = (options: VirtualWasiOptions) => runProgram(program, options);

  test('observes exactly the arguments, variables and files that the host passes', async () => {
    const { out, err, end, wasi } = await run({
      grant: LANGUAGE_RUNTIME,
      arguments: ['program', 'Łucja'],
      environment: { LANG: 'C.UTF-8' },
      stdin: 'a line\nanother\n',
      files: { 'etc/rates.json': '{"eur":1}' },
      writableFiles: true,
    });
    // The adapter draws random numbers before the program does. The numbers are still the same each time, as the next
    // test shows.
    assert.deepEqual(
      out.map((line) => line.replace(/^random [0-9a-f]{8}$/, 'random …')),
      [
        'argument program',
        'argument Łucja',
        'LANG=C.UTF-8',
        'read a line',
        'time 1700000000.250000000',
        'time 1700000003.250000000',
        'random …',
        '/etc/rates.json: {"eur":1}',
        '/etc/missing: No such file or directory',
        '/../escape: Operation not permitted',
        'entry rates.json',
        'entry log.txt',
        'size 13',
      ],
    );
    assert.deepEqual(err, ['to standard error']);
    // WASI preview 1 has exit codes. In preview 2, a program only succeeds or fails.
    assert.ok(end instanceof GuestExit && end.status === 1);
    assert.equal(new TextDecoder().decode(wasi.readFile('etc/log.txt')), 'FIRST\nsecond\n');
  });

  test('makes links, sets times, fills the disk and writes bytes, in two directories', async () => {
    const pieces: Uint8Array[] = [];
    const { wasi } = await run({
      grant: LANGUAGE_RUNTIME,
      arguments: ['program', '-', 'links'],
      preopens: { '/': { files: { 'etc/rates.json': '{}' }, writable: true }, '/data': { writable: true } },
      stdin: ['a li', Uint8Array.of(0x6e, 0x65), '\n'],
      stdout: { write: (piece) => pieces.push(piece) },
    });
    const output = Buffer.concat(pieces);
    const lines = output.subarray(0, -256).toString().split('\n');
    assert.ok(lines.includes('read a line'), lines.join('\n'));
    assert.deepEqual(lines.slice(lines.indexOf('link to rates.json')), [
      'link to rates.json',
      '/etc/current.json: {}',
      'is a link 1',
      'names 2 times 5 6.000000007',
      'still empty 0',
      'full: No space left on device',
      '',
    ]);
    assert.deepEqual([...output.subarray(-256)], [...Array(256).keys()]);
    assert.deepEqual(Object.keys(wasi.readTree('/etc')!), ['rates.json', 'log.txt', 'current.json']);
    assert.deepEqual(wasi.readTree('/data'), { 'rates.json': new TextEncoder().encode('{}'), full: new Uint8Array(0) });
  });

  test('prints the same when it runs again', async () => {
    const [first, second] = [await run({ grant: LANGUAGE_RUNTIME }), await run({ grant: LANGUAGE_RUNTIME })];
    assert.deepEqual(second.out, first.out);
    assert.ok(first.out.includes('log: Read-only file system'), first.out.join('\n'));
  });

  test('traps at the first function that it was not granted', async () => {
    const without = LANGUAGE_RUNTIME.filter((name) => name !== 'wasi:clocks/wall-clock');
    const { out, end } = await run({ grant: without, arguments: ['program'] });
    assert.ok(end instanceof NotGranted && end.function === 'wasi:clocks/wall-clock#now', String(end));
    assert.equal(out.includes('time 0.000000000'), false);
  });
});
