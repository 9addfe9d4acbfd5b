/** Import objects for jco. The loader accepts them too. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { transpileBytes } from '@bytecodealliance/jco-transpile';
import { compile, instantiate, isComponentError } from 'decidable/component';
import { engine } from '../../../../src/adapters/component/engine/web-assembly.ts';
import { ALLOCATOR } from '../abi/guests.ts';
import { assemble } from '../assemble.ts';

const folder = mkdtempSync(join(tmpdir(), 'decidable-jco-'));
after(() => rmSync(folder, { recursive: true }));

/** Imports functions of the shim and of its own host. The imported versions are older than the shim's. */
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

/** The results of the guest, and the arguments of its host. */
function storyOf(exports: Record<string, unknown>, entries: unknown[]): unknown[] {
  const api = exports as Api;
  api.holdAStream!();
  const story = [api.allArguments!(), api.directory!(), api.write!(5n)];
  try {
    api.write!(2n ** 64n - 1n);
  } catch (error) {
    // This version of jco throws a string unchanged.
    story.push(isComponentError(error) ? error.payload : error);
  }
  return [...story, ...entries.splice(0)];
}

test('an import object for jco with its WASI shim works as it does with jco', async () => {
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

  assert.deepEqual(storyOf(await withJco('guest', bytes, imports), entries), ours);
});

/** Returns the instance of a component with these imports in jco. */
async function withJco(name: string, bytes: Uint8Array, imports: object): Promise<Record<string, unknown>> {
  const { files } = await transpileBytes(bytes, { name, instantiation: 'async' });
  const modules = files as Record<string, Uint8Array<ArrayBuffer>>;
  const path = join(folder, `${name}.mjs`);
  writeFileSync(path, modules[`${name}.js`]!);
  const jco = (await import(pathToFileURL(path).href)) as {
    instantiate(load: (name: string) => unknown, imports: object): Promise<Record<string, unknown>>;
  };
  return jco.instantiate((file) => engine.compile(modules[file]!), imports);
}

/** A resource and a function at the root, and an interface whose functions return values of the host. */
const FORMS = `(component
  (import "small-thing" (type $thing (sub resource)))
  (import "make-thing" (func $make (result (own $thing))))
  (import "[method]small-thing.poke-it" (func $poke (param "self" (borrow $thing)) (result u32)))
  (import "a:b/forms@0.2.3" (instance $forms
    (type $flags' (flags "a" "b"))
    (export "flags" (type $flags (eq $flags')))
    (export "get-flags" (func (result $flags)))
    (export "get-bytes" (func (result (list u8))))
    (export "get-result" (func (result (result (option u8) (error string)))))))
  (core module $Libc ${ALLOCATOR})
  (core instance $libc (instantiate $Libc))
  (core func $make' (canon lower (func $make)))
  (core func $poke' (canon lower (func $poke)))
  (core func $drop (canon resource.drop $thing))
  (core func $flags' (canon lower (func $forms "get-flags")))
  (core func $bytes' (canon lower (func $forms "get-bytes")
    (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
  (core func $result' (canon lower (func $forms "get-result")
    (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
  (core module $M
    (import "" "make" (func $make (result i32))) (import "" "poke" (func $poke (param i32) (result i32)))
    (import "" "drop" (func $drop (param i32))) (import "" "flags" (func $flags (result i32)))
    (import "" "bytes" (func $bytes (param i32))) (import "" "result" (func $result (param i32)))
    (func (export "poke") (result i32) (local i32)
      (call $poke (local.tee 0 (call $make))) (call $drop (local.get 0)))
    (func (export "flags") (result i32) (call $flags))
    (func (export "bytes") (result i32) (call $bytes (i32.const 16)) (i32.const 16))
    (func (export "result") (result i32) (call $result (i32.const 16)) (i32.const 16)))
  (core instance $m (instantiate $M (with "" (instance
    (export "make" (func $make')) (export "poke" (func $poke')) (export "drop" (func $drop))
    (export "flags" (func $flags')) (export "bytes" (func $bytes')) (export "result" (func $result'))))))
  (alias export $forms "flags" (type $f))
  (func (export "poke") (result u32) (canon lift (core func $m "poke")))
  (func (export "flags") (result $f) (canon lift (core func $m "flags")))
  (func (export "bytes") (result (list u8)) (canon lift (core func $m "bytes") (memory (core memory $libc "memory"))))
  (func (export "result") (result (result (option u8) (error string)))
    (canon lift (core func $m "result") (memory (core memory $libc "memory")))))`;

test('resources at the root, proxies, buffers, missing flags and returned results work as they do with jco', async () => {
  class SmallThing {
    static dropped = 0;
    pokeIt(): number {
      return 7;
    }
    [Symbol.dispose](): void {
      SmallThing.dropped++;
    }
  }
  const answers = [{ tag: 'ok', val: 5 }, { tag: 'err', val: 'no' }, 6, undefined];
  const given: Record<PropertyKey, unknown> = {
    // A value for an import at the root is the default export of a module.
    'small-thing': { default: SmallThing },
    'make-thing': { default: () => new SmallThing() },
    // This proxy returns the values of properties, but it reports that no property exists.
    'a:b/forms': new Proxy(
      {},
      {
        get: (_, name) =>
          ({
            getFlags: () => undefined,
            getBytes: () => Uint8Array.of(1, 2, 3).buffer,
            getResult: () => {
              const answer = answers.shift();
              answers.push(answer);
              return answer;
            },
          })[String(name)],
      },
    ),
  };
  const imports = new Proxy({}, { get: (_, name) => given[name] });
  const storyOf = (exports: Record<string, unknown>): unknown[] => {
    const api = exports as Api;
    const results = answers.map(() => {
      try {
        return api.result!();
      } catch (error) {
        return isComponentError(error) ? { thrown: error.payload } : { thrown: error };
      }
    });
    return [api.poke!(), SmallThing.dropped, api.flags!(), api.bytes!(), results];
  };
  const bytes = await assemble(FORMS);
  const ours = storyOf((await instantiate(await compile(bytes), imports)).exports);
  assert.deepEqual(ours, [7, 1, { a: false, b: false }, Uint8Array.of(1, 2, 3), [5, { thrown: 'no' }, 6, undefined]]);
  SmallThing.dropped = 0;
  assert.deepEqual(storyOf(await withJco('forms', bytes, imports)), ours);
});
