/** The instructions of rewritten modules: indices, immediates, garbage-collected values and start functions. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isOut, withBudget } from './budgets.ts';
import { instance, ROOMY } from './rewritten.ts';

describe('an import of a module', () => {
  test('keeps its index before the added definitions', async () => {
    const { exports } = await instance(
      `(module (tag (export "tag")) (global (export "global") i32 (i32.const 7)) (table (export "table") 1 funcref)
        (memory (export "memory") 1))`,
      { ...ROOMY, budget: undefined },
    );
    const imports = { ...exports, f: (n: number) => n + 1 };
    const { call, depth, fuel } = await instance(
      `(module
        (import "" "tag" (tag $tag)) (import "" "global" (global $g i32)) (import "" "table" (table 1 funcref))
        (import "" "memory" (memory 1)) (import "" "f" (func $f (param i32) (result i32)))
        (global $own (mut i32) (i32.const 1))
        (func (export "go") (result i32)
          (block $h (try_table (catch $tag $h) (throw $tag)))
          (memory.fill (i32.const 0) (i32.const 1) (i32.const 64))
          (i32.add (global.get $own) (call $f (global.get $g)))))`,
      ROOMY,
      { '': imports },
    );
    assert.equal(call('go'), 1 + 8);
    assert.deepEqual([depth(), fuel()], [0, 2]);
  });
});

describe('the immediates of an instruction', () => {
  // All of these immediates contain bytes that would be the instruction `loop` (3) or `return` (15).
  const VECTOR = '(v128.const i64x2 0 0)';
  for (const [what, code, definitions = '(memory 1)'] of [
    ['an offset', `(v128.store offset=15 align=1 (i32.const 0) ${VECTOR})`],
    ['the offset of a vector whose rest is zero', '(drop (v128.load32_zero offset=15 align=1 (i32.const 0)))'],
    ['the offset of a wider one', '(drop (v128.load64_zero offset=15 align=1 (i32.const 0)))'],
    ['the offset of the first instruction on lanes', `(drop (v128.load8_lane offset=15 3 (i32.const 0) ${VECTOR}))`],
    ['the offset of the last one', `(v128.store64_lane offset=3 align=1 1 (i32.const 0) ${VECTOR})`],
    ['a lane that is read', `(drop (i8x16.extract_lane_s 15 ${VECTOR}))`],
    ['a lane that is written', `(drop (f32x4.replace_lane 3 ${VECTOR} (f32.const 1)))`],
    ['lanes that are shuffled', `(drop (i8x16.shuffle 15 15 15 15 15 15 15 15 3 3 3 3 3 3 3 3 ${VECTOR} ${VECTOR}))`],
    ['the last of the instructions that are not relaxed', `(drop (f64x2.convert_low_i32x4_u ${VECTOR}))`],
    ['an offset in another memory', '(drop (i32.load $b offset=3 (i32.const 0)))', '(memory $a 1) (memory $b 1)'],
    ['an offset of an atomic', '(drop (i32.atomic.load offset=3 (i32.const 1)))', '(memory 1 1 shared)'],
    [
      'the last of the atomics',
      '(drop (i64.atomic.rmw32.cmpxchg_u offset=15 (i32.const 1) (i64.const 0) (i64.const 0)))',
      '(memory 1 1 shared)',
    ],
    [
      'the type of a block',
      '(drop (block (result (ref null $3)) (ref.null $3)))',
      '(type (func)) (type (func (param i32))) (type (func (param i64))) (type $3 (struct))',
    ],
    [
      'the types of a choice',
      '(drop (select (result (ref null $3)) (ref.null $3) (ref.null $3) (i32.const 1)))',
      '(type (func)) (type (func (param i32))) (type (func (param i64))) (type $3 (struct))',
    ],
    [
      'the types of a cast',
      '(drop (block $l (result anyref) (br_on_cast $l anyref (ref $3) (ref.null any))))',
      '(type (func)) (type (func (param i32))) (type (func (param i64))) (type $3 (struct))',
    ],
  ] as const) {
    test(`are not read as code: ${what}`, async () => {
      const { call, depth, fuel } = await instance(`(module ${definitions} (func (export "go") ${code} (return)))`);
      call('go');
      assert.deepEqual([depth(), fuel()], [0, 1]);
    });
  }
});

describe('garbage-collected values', () => {
  test('are counted like other values, because the ends of their instructions are found', async () => {
    const { call, depth, fuel } = await instance(`(module
      (rec (type $node (sub (struct (field i32) (field (mut (ref null $node))))))
           (type $leaf (sub $node (struct (field i32) (field (mut (ref null $node))) (field i8)))))
      (type $last (sub final $node (struct (field i32) (field (mut (ref null $node))))))
      (type $bytes (array (mut i8)))
      (type $nodes (array (mut (ref null $node))))
      (data $d "abc") (elem $e (ref null $node) (ref.null $node))
      (func $sum (param (ref null $node)) (result i32)
        (if (result i32) (ref.is_null (local.get 0))
          (then (i32.const 0))
          (else (i32.add (struct.get $node 0 (local.get 0)) (call $sum (struct.get $node 1 (local.get 0)))))))
      (func $two (export "two") (result i32 (ref null $node)) (return (i32.const 3) (ref.null $node)))
      (func (export "go") (result i32) (local $n (ref null $node)) (local $a (ref null $bytes)) (local $s (ref null $nodes))
        (local.set $n (struct.new $node (i32.const 0x0b03) (ref.null $node)))
        (local.set $n (struct.new $leaf (i32.const 2) (local.get $n) (i32.const 0)))
        (struct.set $node 1 (local.get $n) (struct.new_default $node))
        (local.set $a (array.new_data $bytes $d (i32.const 0) (i32.const 3)))
        (array.set $bytes (local.get $a) (i32.const 0) (i32.const 3))
        (array.init_data $bytes $d (local.get $a) (i32.const 0) (i32.const 0) (i32.const 2))
        (local.set $s (array.new_elem $nodes $e (i32.const 0) (i32.const 1)))
        (array.init_elem $nodes $e (local.get $s) (i32.const 0) (i32.const 0) (i32.const 1))
        (drop (array.new_fixed $bytes 2 (i32.const 0) (i32.const 3)))
        (drop (ref.test (ref $leaf) (local.get $n)))
        (drop (ref.cast (ref null $leaf) (local.get $n)))
        (drop (block $cast (result (ref null $node)) (br_on_cast $cast (ref null $node) (ref $leaf) (local.get $n))))
        (drop (block $fail (result (ref null $node)) (br_on_cast_fail $fail (ref null $node) (ref $leaf) (local.get $n))))
        (drop (i31.get_u (ref.i31 (i32.const 7))))
        (drop (extern.convert_any (any.convert_extern (ref.null extern))))
        (drop (ref.eq (local.get $n) (ref.as_non_null (local.get $n))))
        (call $two) (drop) (drop)
        (loop $l (br_if $l (i32.const 0)))
        (i32.add (call $sum (local.get $n)) (i32.add (array.get_u $bytes (local.get $a) (i32.const 0)) (array.len (local.get $a))))))`);
    assert.equal(call('go'), 2 + 97 + 3);
    assert.equal(depth(), 0);
    assert.equal(fuel(), 1 + 1 + 1 + 3); // `go`, `two`, the loop, and `sum` of two and of none.
  });
});

describe('a start function', () => {
  for (const [budget, code] of [
    ['fuel', '(loop (br 0))'],
    ['callDepth', '(call $s)'],
  ] as const) {
    test(`ends like a call if its ${budget} is exhausted`, async () => {
      await assert.rejects(instance(`(module (func $s ${code}) (start $s))`, withBudget(1_000, 10)), isOut(budget));
    });
  }
});
