/**
 * Lists that overlap in memory. A guest of one page can contain lists of lists of lists with any number of elements.
 * The result of one call is limited, so that no guest exhausts the host's memory or time.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { run } from '../abi/guests.ts';
import { ENDLESS } from '../endless.ts';
import { type Exported, trapsForGood } from './traps.ts';

/** Every pair of words is a pointer to 0 and a length. So a list at any of these pairs is a list of such lists. */
const filled = (length: number): string => `
  (memory (export "memory") 1)
  (func $fill (local $at i32)
    (loop $next
      (i32.store offset=4 (local.get $at) (i32.const ${length}))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br_if $next (i32.lt_u (local.get $at) (i32.const 65536)))))
  (start $fill)`;

async function overlapping(type: string, length: number): Promise<Record<string, unknown>> {
  const { exports } = await run(`(component
    (core module $M ${filled(length)} (func (export "get") (result i32) (i32.const 0)))
    (core instance $m (instantiate $M))
    (func (export "get") (result ${type}) (canon lift (core func $m "get") (memory (core memory $m "memory")))))`);
  return exports;
}

/**
 * Defines `$t` with a thousand flags. Each `flags` is a byte in memory, and an object of eight properties in
 * JavaScript.
 */
function manyFlags(before: string, after: string): string {
  const labels = [...'abcdefgh'].map((label) => `"${label}"`).join(' ');
  return `(type $f0 (flags ${labels})) (import "f" (type $f (eq $f0)))
    (type $t0 ${before} ${'$f '.repeat(1000)} ${after}) (import "t" (type $t (eq $t0)))`;
}

/** A list of `count` lists, each of which begins at 0 and has `length` elements. */
async function counted(
  type: string,
  length: number,
  count: number,
  definitions: string,
): Promise<Record<string, unknown>> {
  const { exports } = await run(`(component
    ${definitions}
    (core module $M (memory (export "memory") 2)
      (func (export "get") (result i32) (local $at i32)
        (local.set $at (i32.const 65536))
        (loop $next
          (i32.store offset=4 (local.get $at) (i32.const ${length}))
          (local.set $at (i32.add (local.get $at) (i32.const 8)))
          (br_if $next (i32.lt_u (local.get $at) (i32.const 131064))))
        (i32.store (i32.const 131064) (i32.const 65536))
        (i32.store (i32.const 131068) (i32.const ${count}))
        (i32.const 131064)))
    (core instance $m (instantiate $M))
    (func (export "get") (result ${type}) (canon lift (core func $m "get") (memory (core memory $m "memory")))))`);
  return exports;
}

/** A component that receives the lists in its own memory. */
const TAKER = `
  (component $Taker
    (core module $M (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0))
      (func (export "take") (param i32 i32)))
    (core instance $m (instantiate $M))
    (func (export "take") (param "x" (list (list (list u8)))) (canon lift (core func $m "take")
      (memory (core memory $m "memory")) (realloc (core func $m "realloc")))))
  (instance $taker (instantiate $Taker))
  (alias export $taker "take" (func $take))`;

/** A component that passes the lists to its import. */
const GIVER = `
  (component $Giver
    (import "take" (func $take (param "x" (list (list (list u8))))))
    (core module $Memory ${filled(8192)})
    (core instance $m (instantiate $Memory))
    (core func $take' (canon lower (func $take) (memory (core memory $m "memory"))))
    (core module $M (import "" "take" (func $take (param i32 i32)))
      (func (export "go") (call $take (i32.const 0) (i32.const 8192))))
    (core instance $go (instantiate $M (with "" (instance (export "take" (func $take'))))))
    (func (export "go") (canon lift (core func $go "go"))))`;

describe('overlapping lists', () => {
  for (const type of ['(list (list (list u8)))', '(list (list (list string)))', '(list (list (list (list u64))))']) {
    test(`trap if they are too large: ${type} of 8192 elements each`, { timeout: ENDLESS }, async () => {
      trapsForGood(await overlapping(type, type.includes('u64') ? 1024 : 8192), 'get', /maxLiftedBytes/);
    });
  }

  // A list of `count` values, all of them the same list of `length` values.
  for (const [what, type, length, count, definitions] of [
    ['small tuples', '(list (list (tuple u8)))', 65_000, 70, ''],
    ['entries of maps', '(list (map u32 u8))', 8_190, 600, ''],
    ['flags, which each become a property', '(list (list $t))', 60, 25, manyFlags('(tuple', ')')],
    ['flags in maps', '(list (map u8 $t))', 60, 25, manyFlags('(tuple', ')')],
    ['flags in records', '(list (list $t))', 60, 25, manyFlags('(record (field "f" (tuple', ')))')],
    ['flags in variants', '(list (list $t))', 60, 25, manyFlags('(option (tuple', '))')],
  ] as const) {
    test(`are counted by the values that they become in JavaScript: ${what}`, async () => {
      const exports = await counted(type, length, count, definitions);
      trapsForGood(exports, 'get', /maxLiftedBytes/);
    });
  }

  for (const [whom, taker] of [
    ['an import', '(import "take" (func $take (param "x" (list (list (list u8))))))'],
    ['another component', TAKER],
  ] as const) {
    test(`trap if they are passed to ${whom}`, { timeout: ENDLESS }, async () => {
      const { exports } = await run(
        `(component ${taker} ${GIVER}
          (instance $giver (instantiate $Giver (with "take" (func $take))))
          (export "go" (func $giver "go")))`,
        {
          take: () => assert.fail('it is not called'),
        },
      );
      trapsForGood(exports, 'go', /maxLiftedBytes/);
    });
  }

  test('are passed to an import unchanged if they are small enough, in many calls', async () => {
    let lengths = 0;
    const { exports } = await run(
      `(component
        (import "take" (func $take (param "x" (list u8))))
        (core module $Memory (memory (export "memory") 16))
        (core instance $m (instantiate $Memory))
        (core func $take' (canon lower (func $take) (memory (core memory $m "memory"))))
        (core module $M (import "" "take" (func $take (param i32 i32)))
          (func (export "go") (call $take (i32.const 0) (i32.const 1000000))))
        (core instance $go (instantiate $M (with "" (instance (export "take" (func $take'))))))
        (func (export "go") (canon lift (core func $go "go"))))`,
      {
        take: ({ length }: Uint8Array) => {
          lengths += length;
        },
      },
    );
    for (let call = 0; call < 300; call++) (exports.go as Exported)();
    assert.equal(lengths, 300_000_000);
  });

  test('are returned unchanged if they are small enough, in many calls', async () => {
    const exports = await overlapping('(list (list u8))', 1_000);
    for (let call = 0; call < 300; call++) {
      const lists = (exports.get as Exported)() as Uint8Array[];
      assert.deepEqual([lists.length, lists[999]?.length], [1_000, 1_000]);
    }
  });
});
