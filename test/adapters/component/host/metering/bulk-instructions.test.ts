/** The fuel of instructions that move, fill or add any number of bytes or elements. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isOut, withBudget } from './budgets.ts';
import { instance } from './rewritten.ts';

describe('bulk instructions', () => {
  const moving = (definitions: string, code: string) =>
    instance(`(module ${definitions} (func (export "go") (param $n i32) ${code}))`);

  for (const [name, definitions, code, perUnit] of [
    ['memory.fill', '(memory 4)', '(memory.fill (i32.const 0) (i32.const 1) (local.get $n))', 64],
    ['memory.copy', '(memory 4)', '(memory.copy (i32.const 9) (i32.const 0) (local.get $n))', 64],
    [
      'memory.copy between memories of 32 and 64 bits',
      '(memory $a 4) (memory $b i64 4)',
      '(memory.copy $a $b (i32.const 9) (i64.const 0) (local.get $n))',
      64,
    ],
    [
      'memory.copy between memories of 64 and 32 bits',
      '(memory $a i64 4) (memory $b 4)',
      '(memory.copy $a $b (i64.const 9) (i32.const 0) (local.get $n))',
      64,
    ],
    [
      'memory.copy of 64 bits',
      '(memory i64 4)',
      '(memory.copy (i64.const 9) (i64.const 0) (i64.extend_i32_u (local.get $n)))',
      64,
    ],
    [
      'memory.fill of 64 bits',
      '(memory i64 4)',
      '(memory.fill (i64.const 0) (i32.const 1) (i64.extend_i32_u (local.get $n)))',
      64,
    ],
    [
      'memory.fill of 64 bits next to a memory of 32',
      '(memory $a 4) (memory $b i64 4)',
      '(memory.fill $b (i64.const 0) (i32.const 1) (i64.extend_i32_u (local.get $n)))',
      64,
    ],
    [
      'memory.init',
      `(memory 4) (data $d "${'x'.repeat(1_000)}")`,
      '(memory.init $d (i32.const 0) (i32.const 0) (local.get $n))',
      64,
    ],
    ['table.fill', '(table $t 1000 funcref)', '(table.fill $t (i32.const 0) (ref.null func) (local.get $n))', 8],
    ['table.copy', '(table $t 1000 funcref)', '(table.copy $t $t (i32.const 0) (i32.const 1) (local.get $n))', 8],
    [
      'table.init',
      `(table $t 1000 funcref) (func $f) (elem $e ${'func $f'.padEnd(3_007, ' $f')})`,
      '(table.init $t $e (i32.const 0) (i32.const 0) (local.get $n))',
      8,
    ],
    [
      'table.fill of 64 bits',
      '(table $t i64 1000 funcref)',
      '(table.fill $t (i64.const 0) (ref.null func) (i64.extend_i32_u (local.get $n)))',
      8,
    ],
    [
      'table.copy of 64 bits',
      '(table $t i64 1000 funcref)',
      '(table.copy $t $t (i64.const 0) (i64.const 1) (i64.extend_i32_u (local.get $n)))',
      8,
    ],
    ['array.new', '(type $a (array (mut i8)))', '(drop (array.new $a (i32.const 1) (local.get $n)))', 8],
    ['array.new_default', '(type $a (array (mut i64)))', '(drop (array.new_default $a (local.get $n)))', 8],
    [
      'array.new_data',
      `(type $a (array (mut i8))) (data $d "${'x'.repeat(1_000)}")`,
      '(drop (array.new_data $a $d (i32.const 0) (local.get $n)))',
      8,
    ],
    [
      'array.new_elem',
      `(type $a (array (mut funcref))) (func $f) (elem $e ${'func $f'.padEnd(3_007, ' $f')})`,
      '(drop (array.new_elem $a $e (i32.const 0) (local.get $n)))',
      8,
    ],
    [
      'array.init_data',
      `(type $a (array (mut i8))) (data $d "${'x'.repeat(1_000)}")`,
      '(array.init_data $a $d (array.new_default $a (i32.const 1000)) (i32.const 0) (i32.const 0) (local.get $n))',
      8,
    ],
    [
      'array.init_elem',
      `(type $a (array (mut funcref))) (func $f) (elem $e ${'func $f'.padEnd(3_007, ' $f')})`,
      '(array.init_elem $a $e (array.new_default $a (i32.const 1000)) (i32.const 0) (i32.const 0) (local.get $n))',
      8,
    ],
    [
      'array.fill',
      '(type $a (array (mut i8)))',
      '(array.fill $a (array.new_default $a (i32.const 1000)) (i32.const 0) (i32.const 1) (local.get $n))',
      8,
    ],
    [
      'array.copy',
      '(type $a (array (mut i8)))',
      `(array.copy $a $a (array.new_default $a (i32.const 1000)) (i32.const 0) (array.new_default $a (i32.const 1000))
        (i32.const 0) (local.get $n))`,
      8,
    ],
  ] as const) {
    test(`cost a unit for ${perUnit} before they move anything: ${name}`, async () => {
      const { call, fuel } = await moving(definitions, code);
      const costOf = (count: number) => {
        call('go', count);
        return fuel();
      };
      const nothing = costOf(0);
      assert.deepEqual(
        [costOf(perUnit - 1), costOf(perUnit), costOf(700)],
        [nothing, nothing + 1, nothing + Math.floor(700 / perUnit)],
      );
      const having = async (units: number) => {
        const text = `(module ${definitions} (func (export "go") (param $n i32) ${code}))`;
        return (await instance(text, withBudget(units))).call;
      };
      const needed = nothing + Math.floor(700 / perUnit);
      const [enough, poor] = [await having(needed), await having(needed - 1)];
      enough('go', 700);
      assert.throws(() => poor('go', 700), isOut('fuel'));
    });
  }

  test('have the sum of their costs if they follow one another', async () => {
    const { call, fuel } = await moving(
      '(memory $a 4) (memory $b i64 4) (table $t 1000 funcref)',
      `(memory.fill $a (i32.const 0) (i32.const 1) (local.get $n))
       (memory.fill $b (i64.const 0) (i32.const 1) (i64.extend_i32_u (local.get $n)))
       (table.fill $t (i32.const 0) (ref.null func) (local.get $n))`,
    );
    call('go', 700);
    assert.equal(fuel(), 1 + 10 + 10 + 87);
  });

  test('that grow a memory or table cost the added size if they succeed', async () => {
    const { call, fuel } = await instance(`(module (memory 1 10) (table $t 1 100 funcref)
      (func (export "memory") (param i32) (result i32) (memory.grow (local.get 0)))
      (func (export "table") (param i32) (result i32) (table.grow $t (ref.null func) (local.get 0))))`);
    const used = [];
    for (const [name, by] of [
      ['memory', 2],
      ['memory', 0],
      ['memory', 20],
      ['table', 17],
      ['table', 200],
    ] as const) {
      call(name, by);
      used.push(fuel());
    }
    assert.deepEqual(used, [1 + 2 * 1024, 1, 1, 1 + 2, 1]);
  });

  test('cannot run a thousand times as long as their fuel allows', async () => {
    const { call } = await instance(
      `(module (memory 200) (func (export "go")
        (loop $again (memory.fill (i32.const 0) (i32.const 1) (i32.const 13_000_000)) (br $again))))`,
      withBudget(1_000_000),
    );
    // The loop has four iterations of 13 MB instead of a million.
    assert.throws(() => call('go'), isOut('fuel'));
  });

  test('cost fuel or trap if the length is larger than any memory', async () => {
    const { call } = await moving('(memory 1)', '(memory.fill (i32.const 0) (i32.const 1) (local.get $n))');
    assert.throws(() => call('go', -1), isOut('fuel'));
    const wide = await instance(
      '(module (memory i64 1) (func (export "go") (param i64) (memory.fill (i64.const 0) (i32.const 1) (local.get 0))))',
    );
    assert.throws(() => wide.call('go', -1n), isOut('fuel'));
  });
});
