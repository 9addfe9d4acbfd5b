/** An import object that was written for jco, with the shim that comes with it: jco and the loader take the same one. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { transpileBytes } from '@bytecodealliance/jco-transpile';
import { engine } from '../../../src/adapters/component/engine.ts';
import { compile, instantiate, isComponentError } from '../../../src/adapters/component/index.ts';
import { ALLOCATOR } from '../abi/guests.ts';
import { assemble } from '../assemble.ts';

const folder = mkdtempSync(join(tmpdir(), 'decidable-jco-'));
after(() => rmSync(folder, { recursive: true }));

/** Uses what the shim gives and what a host of its own gives; the versions are older than the shim's. */
const GUEST = `(component
  (import "wasi:io/streams@0.2.0" (instance $streams
    (export "output-stream" (type $o (sub resource)))))
  (alias export $streams "output-stream" (type $o))
  (import "wasi:cli/stderr@0.2.0" (instance $stderr
    (alias outer 1 $o (type $o))
    (export "output-stream" (type $o' (eq $o)))
    (export "get-stderr" (func (result (own $o'))))))
  (import "wasi:cli/environment@0.2.0" (instance $environment
    (export "get-arguments" (func (result (list string))))
    (export "initial-cwd" (func (result (option string))))))
  (import "bank:audit/log" (instance $log
    (type $level' (enum "debug" "very-loud"))
    (export "level" (type $level (eq $level')))
    (type $entry' (record (field "log-level" $level) (field "amount" u64) (field "raw-bytes" (list u8))))
    (export "entry" (type $entry (eq $entry')))
    (export "write-down" (func (param "entry" $entry) (result (result u32 (error string)))))))
  (core module $Libc ${ALLOCATOR})
  (core instance $libc (instantiate $Libc))
  (core func $get-stderr (canon lower (func $stderr "get-stderr")))
  (core func $drop (canon resource.drop $o))
  (core func $get-arguments (canon lower (func $environment "get-arguments")
    (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
  (core func $initial-cwd (canon lower (func $environment "initial-cwd")
    (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
  (core func $write (canon lower (func $log "write-down")
    (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
  (core module $M
    (import "" "get-stderr" (func $get-stderr (result i32))) (import "" "drop" (func $drop (param i32)))
    (import "" "get-arguments" (func $get-arguments (param i32))) (import "" "cwd" (func $cwd (param i32)))
    (import "" "write" (func $write (param i32 i64 i32 i32 i32))) (import "" "memory" (memory 1))
    (func (export "arguments") (result i32) (call $get-arguments (i32.const 16)) (i32.const 16))
    (func (export "cwd") (result i32) (call $cwd (i32.const 16)) (i32.const 16))
    (func (export "hold") (call $drop (call $get-stderr)))
    (func (export "write") (param i64) (result i32)
      (i32.store (i32.const 64) (i32.const 0x04030201))
      (call $write (i32.const 1) (local.get 0) (i32.const 64) (i32.const 3) (i32.const 16)) (i32.const 16)))
  (core instance $m (instantiate $M (with "" (instance
    (export "get-stderr" (func $get-stderr)) (export "drop" (func $drop)) (export "cwd" (func $initial-cwd))
    (export "get-arguments" (func $get-arguments)) (export "write" (func $write)) (export "memory" (memory $libc "memory"))))))
  (func (export "all-arguments") (result (list string)) (canon lift (core func $m "arguments") (memory (core memory $libc "memory"))))
  (func (export "directory") (result (option string)) (canon lift (core func $m "cwd") (memory (core memory $libc "memory"))))
  (func (export "hold-a-stream") (canon lift (core func $m "hold")))
  (func (export "write") (param "amount" u64) (result (result u32 (error string)))
    (canon lift (core func $m "write") (memory (core memory $libc "memory")))))`;

type Api = Record<string, (...args: unknown[]) => unknown>;

/** What the guest gives, and what its host was given. */
function storyOf(exports: Record<string, unknown>, entries: unknown[]): unknown[] {
  const api = exports as Api;
  api.holdAStream!();
  const story = [api.allArguments!(), api.directory!(), api.write!(5n)];
  try {
    api.write!(2n ** 64n - 1n);
  } catch (error) {
    // This jco throws a text as it is.
    story.push(isComponentError(error) ? error.payload : error);
  }
  return [...story, ...entries.splice(0)];
}

it('an import object for jco, the shim of WASI in it, works as it does with jco', async () => {
  const tools = fileURLToPath(import.meta.resolve('@bytecodealliance/jco-transpile/wasm-tools'));
  const shim = createRequire(tools).resolve('@bytecodealliance/preview2-shim/instantiation');
  const { WASIShim } = (await import(pathToFileURL(shim).href)) as {
    WASIShim: new () => { getImportObject(): Record<string, unknown> };
  };
  const entries: unknown[] = [];
  const imports = {
    ...new WASIShim().getImportObject(),
    'wasi:cli/environment': { getArguments: () => ['a', 'Łucja'], initialCwd: () => undefined },
    'bank:audit/log': {
      writeDown(entry: { logLevel: string; amount: bigint; rawBytes: Uint8Array }) {
        entries.push({ ...entry, rawBytes: Array.from(entry.rawBytes) });
        if (entry.amount > 99n) throw 'too much';
        return 7;
      },
    },
  };
  const bytes = await assemble(GUEST);
  const ours = storyOf((await instantiate(await compile(bytes), imports)).exports, entries);
  assert.deepEqual(ours, [
    ['a', 'Łucja'],
    undefined,
    7,
    'too much',
    { logLevel: 'very-loud', amount: 5n, rawBytes: [1, 2, 3] },
    { logLevel: 'very-loud', amount: 2n ** 64n - 1n, rawBytes: [1, 2, 3] },
  ]);

  const { files } = await transpileBytes(bytes, { name: 'guest', instantiation: 'async' });
  const modules = files as Record<string, Uint8Array<ArrayBuffer>>;
  const path = join(folder, 'guest.mjs');
  writeFileSync(path, modules['guest.js']!);
  const jco = (await import(pathToFileURL(path).href)) as {
    instantiate(load: (name: string) => unknown, imports: object): Promise<Record<string, unknown>>;
  };
  const theirs = await jco.instantiate((name) => engine.compile(modules[name]!), imports);
  assert.deepEqual(storyOf(theirs, entries), ours);
});
