/**
 * A whole Rust program on the virtual WASI: the standard library of `wasm32-wasip2`, which calls it without an adapter.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Component, compile, isTrap } from 'decidable/component';
import { LANGUAGE_RUNTIME, NotGranted, type VirtualWasiOptions, type WasiInterface } from 'decidable/component/wasi';
import { runProgram } from './run-program.ts';

const TARGET = 'wasm32-wasip2';
const rustc = 'rustc';
const sysroot = spawnSync(rustc, ['--print', 'sysroot'], { encoding: 'utf8' });
const isInstalled = sysroot.status === 0 && existsSync(join(sysroot.stdout.trim(), 'lib/rustlib', TARGET, 'lib'));
const skip = !isInstalled && `the Rust target is not installed: rustup target add ${TARGET}`;

describe('a Rust program on the virtual WASI', { skip }, () => {
  let program: Component;
  const folder = mkdtempSync(join(tmpdir(), 'decidable-rust-'));
  after(() => rmSync(folder, { recursive: true }));

  before(async () => {
    const [source, output] = [fileURLToPath(new URL('rust-program.rs', import.meta.url)), join(folder, 'program.wasm')];
    const options = ['--edition', '2021', '--target', TARGET, '-C', 'opt-level=s', '-C', 'strip=symbols', '-o', output];
    const build = spawnSync(rustc, [source, ...options], { encoding: 'utf8' });
    assert.equal(build.status, 0, build.stderr);
    program = await compile(readFileSync(output));
  });

  const run = (options: VirtualWasiOptions = {}) =>
    runProgram(program, { grant: LANGUAGE_RUNTIME, arguments: ['program'], writableFiles: true, ...options });

  test('observes exactly the arguments, variables and files that the host passes', async () => {
    const { out, err, end, wasi } = await run({
      arguments: ['program', 'Łucja'],
      environment: { LANG: 'C.UTF-8' },
      stdin: 'a line\nanother\n',
      files: { 'etc/rates.json': '{}' },
    });
    assert.equal(end, undefined);
    assert.deepEqual(
      out.map((line) => line.replace(/^order \[.*\]$/, 'order …')),
      [
        'arguments ["program", "Łucja"]',
        'LANG Some("C.UTF-8")',
        'read "a line\\n"',
        'time 1700000000.25s',
        'slept 1.5s',
        'time 1700000001.75s',
        'order …',
        'rates Ok("{}")',
        'missing Err(NotFound)',
        'log "FIRST\\nsecond\\n" 13',
        'entries ["log.txt"]',
      ],
    );
    assert.deepEqual(err, ['an unfinished line']);
    assert.equal(new TextDecoder().decode(wasi.readFile('out/log.txt')), 'FIRST\nsecond\n');
  });

  test('prints the same when it runs again, including the order of its hash maps', async () => {
    const [first, second] = [await run(), await run()];
    assert.deepEqual(second.out, first.out);
    assert.ok(first.out.some((line) => line.startsWith('order [')));
  });

  test('prints the message of its panic', async () => {
    const { err, end } = await run({ arguments: ['program', 'panic'] });
    assert.ok(isTrap(end), String(end));
    assert.ok(err.includes('the panic of a test'), err.join('\n'));
  });

  test('copies, links and removes files and whole directories', async () => {
    const { out, end, wasi } = await run({ arguments: ['program', 'files'] });
    assert.equal(end, undefined);
    assert.deepEqual(out.slice(out.indexOf('files 7')), [
      'files 7',
      'linked "both"',
      'modified 86400s',
      'a file with a slash Err(NotADirectory)',
      'removed Err(NotFound)',
    ]);
    assert.deepEqual(Object.keys(wasi.readTree()!), ['out']);
  });

  test('is denied the network, and continues', async () => {
    const { out, err, end } = await run({ arguments: ['program', 'connect'] });
    assert.equal(end, undefined);
    const refused = 'Err(PermissionDenied)';
    assert.deepEqual(out.slice(-4), [
      `connected ${refused}`,
      `listened ${refused}`,
      `bound ${refused}`,
      'resolved true',
    ]);
    assert.deepEqual(err, ['an unfinished line']);
  });

  const used: readonly (readonly [WasiInterface, string])[] = [
    ['wasi:cli/environment', 'get-arguments'],
    ['wasi:cli/stdin', 'get-stdin'],
    ['wasi:cli/stdout', 'get-stdout'],
    ['wasi:clocks/monotonic-clock', 'now'],
    ['wasi:clocks/wall-clock', 'now'],
    ['wasi:filesystem/preopens', 'get-directories'],
    ['wasi:random/insecure-seed', 'insecure-seed'],
  ];
  for (const [name, called] of used) {
    test(`traps without ${name}`, async () => {
      const { end } = await run({ grant: LANGUAGE_RUNTIME.filter((each) => each !== name) });
      assert.ok(end instanceof NotGranted, String(end));
      assert.deepEqual([end.function, end.grant], [`${name}#${called}`, name]);
    });
  }
});
