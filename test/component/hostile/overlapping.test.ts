/**
 * Lists that lie on top of each other: a guest of one page holds lists of lists of lists with any number of elements. What
 * one call gives is bounded, so that no guest takes the host's memory or its time.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { run } from '../abi/guests.ts';
import { type Exported, trapsForGood } from './traps.ts';

/** Every pair of words is a pointer to 0 and a length: a list at any of them is a list of such lists. */
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

/** A component that takes the lists into a memory of its own. */
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

/** One that gives them to what it imports. */
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

describe('lists that lie on top of each other', () => {
  for (const type of ['(list (list (list u8)))', '(list (list (list string)))', '(list (list (list (list u64))))']) {
    it(`${type} of 8192 each trap`, { timeout: 60_000 }, async () => {
      trapsForGood(await overlapping(type, type.includes('u64') ? 1024 : 8192), 'get', /too much for one call/);
    });
  }

  for (const [whom, taker] of [
    ['an import', '(import "take" (func $take (param "x" (list (list (list u8))))))'],
    ['another component', TAKER],
  ] as const) {
    it(`trap where they are given to ${whom}`, { timeout: 60_000 }, async () => {
      const { exports } = await run(
        `(component ${taker} ${GIVER}
          (instance $giver (instantiate $Giver (with "take" (func $take))))
          (export "go" (func $giver "go")))`,
        {
          take: () => assert.fail('it is not called'),
        },
      );
      trapsForGood(exports, 'go', /too much for one call/);
    });
  }

  it('are given as they are where they are not too much, time and again', async () => {
    const exports = await overlapping('(list (list u8))', 1_000);
    for (let call = 0; call < 300; call++) {
      const lists = (exports.get as Exported)() as Uint8Array[];
      assert.deepEqual([lists.length, lists[999]?.length], [1_000, 1_000]);
    }
  });
});
