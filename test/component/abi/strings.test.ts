/**
 * *CanonicalABI.md*, "Storing", `store_string_into_range`: a string that goes from one component to another is
 * transcoded, and the callee's `realloc` sees each step that the specification prescribes.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ALLOCATOR, run } from './guests.ts';

/** The callee records what its `realloc` is asked for, and gives back what it was given. */
function pair(from: string, to: string): string {
  return `(component
    (component $Callee
      (core module $M (memory (export "memory") 4)
        (global $calls (mut i32) (i32.const 0)) (global $next (mut i32) (i32.const 65536))
        (global $at (mut i32) (i32.const 0)) (global $units (mut i32) (i32.const 0))
        (func (export "realloc") (param $old i32) (param $size i32) (param $align i32) (param $new i32) (result i32)
          (local $entry i32) (local $at i32)
          (local.set $entry (i32.add (i32.const 4096) (i32.mul (global.get $calls) (i32.const 12))))
          (i32.store (local.get $entry) (local.get $size))
          (i32.store offset=4 (local.get $entry) (local.get $align))
          (i32.store offset=8 (local.get $entry) (local.get $new))
          (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
          (local.set $at (global.get $next))
          (global.set $next (i32.add (global.get $next) (i32.const 1024)))
          (memory.copy (local.get $at) (local.get $old) (local.get $size))
          (local.get $at))
        (func (export "take") (param i32 i32) (global.set $at (local.get 0)) (global.set $units (local.get 1)))
        (func (export "give") (result i32)
          (i32.store (i32.const 8) (global.get $at)) (i32.store (i32.const 12) (global.get $units)) (i32.const 8))
        (func (export "log") (result i32)
          (i32.store (i32.const 8) (i32.const 4096))
          (i32.store (i32.const 12) (i32.mul (global.get $calls) (i32.const 3))) (i32.const 8)))
      (core instance $m (instantiate $M))
      (func (export "take") (param "text" string)
        (canon lift (core func $m "take") string-encoding=${to} (memory (core memory $m "memory")) (realloc (core func $m "realloc"))))
      (func (export "give") (result string)
        (canon lift (core func $m "give") string-encoding=${to} (memory (core memory $m "memory"))))
      (func (export "log") (result (list u32)) (canon lift (core func $m "log") (memory (core memory $m "memory")))))
    (component $Caller
      (import "take" (func $take (param "text" string)))
      (core module $Libc ${ALLOCATOR})
      (core instance $libc (instantiate $Libc))
      (core func $take' (canon lower (func $take) string-encoding=${from} (memory (core memory $libc "memory"))))
      (core module $M (import "" "take" (func $take (param i32 i32)))
        (func (export "pass") (param i32 i32 i32) (call $take (local.get 0) (local.get 2))))
      (core instance $m (instantiate $M (with "" (instance (export "take" (func $take'))))))
      (func (export "pass") (param "bytes" (list u64)) (param "units" u32)
        (canon lift (core func $m "pass") (memory (core memory $libc "memory")) (realloc (core func $libc "realloc")))))
    (instance $callee (instantiate $Callee))
    (instance $caller (instantiate $Caller (with "take" (func $callee "take"))))
    (export "pass" (func $caller "pass"))
    (export "give" (func $callee "give"))
    (export "log" (func $callee "log")))`;
}

type Encoding = 'utf8' | 'utf16' | 'latin1' | 'tagged';

/** The bytes of a text and the number of its code units, with the tag of latin1+utf16 where it is UTF-16. */
function encoded(text: string, encoding: Encoding): [bytes: BigUint64Array, units: number] {
  const raw =
    encoding === 'utf8' ? Buffer.from(text, 'utf8') : Buffer.from(text, encoding === 'latin1' ? 'latin1' : 'utf16le');
  const units = encoding === 'utf8' ? raw.length : text.length;
  // As 64-bit words, so that they are aligned for every encoding.
  const words = new BigUint64Array(Math.ceil(raw.length / 8) + 1);
  new Uint8Array(words.buffer).set(raw);
  return [words, encoding === 'tagged' ? units + 2 ** 31 : units];
}

const ascii = 'plain';
const latin = 'grün';
const wide = 'a☃🍰';

describe('a string from one component to another', () => {
  for (const [from, sent, to, text, steps] of [
    ['utf8', 'utf8', 'utf8', wide, [[0, 1, 8]]],
    ['utf16', 'utf16', 'utf16', wide, [[0, 2, 8]]],
    ['utf16', 'utf16', 'utf8', ascii, [[0, 1, 5]]],
    [
      'utf16',
      'utf16',
      'utf8',
      wide,
      [
        [0, 1, 4],
        [4, 1, 12],
        [12, 1, 8],
      ],
    ],
    [
      'latin1+utf16',
      'latin1',
      'utf8',
      latin,
      [
        [0, 1, 4],
        [4, 1, 8],
        [8, 1, 5],
      ],
    ],
    [
      'latin1+utf16',
      'tagged',
      'utf8',
      wide,
      [
        [0, 1, 4],
        [4, 1, 12],
        [12, 1, 8],
      ],
    ],
    ['utf8', 'utf8', 'utf16', ascii, [[0, 2, 10]]],
    [
      'utf8',
      'utf8',
      'utf16',
      wide,
      [
        [0, 2, 16],
        [16, 2, 8],
      ],
    ],
    ['latin1+utf16', 'latin1', 'utf16', latin, [[0, 2, 8]]],
    ['utf8', 'utf8', 'latin1+utf16', ascii, [[0, 2, 5]]],
    [
      'utf8',
      'utf8',
      'latin1+utf16',
      latin,
      [
        [0, 2, 5],
        [5, 2, 4],
      ],
    ],
    [
      'utf8',
      'utf8',
      'latin1+utf16',
      wide,
      [
        [0, 2, 8],
        [8, 2, 16],
        [16, 2, 8],
      ],
    ],
    ['utf16', 'utf16', 'latin1+utf16', latin, [[0, 2, 4]]],
    ['latin1+utf16', 'latin1', 'latin1+utf16', latin, [[0, 2, 4]]],
    [
      'latin1+utf16',
      'tagged',
      'latin1+utf16',
      latin,
      [
        [0, 2, 8],
        [8, 1, 4],
      ],
    ],
    ['latin1+utf16', 'tagged', 'latin1+utf16', wide, [[0, 2, 8]]],
  ] as const) {
    it(`${sent} to ${to}: ${text}`, async () => {
      const { exports } = await run(pair(from, to));
      const api = exports as Record<string, (...args: unknown[]) => unknown>;
      api.pass!(...encoded(text, sent));
      assert.equal(api.give!(), text);
      assert.deepEqual([...(api.log!() as Uint32Array)], steps.flat());
    });
  }
});
