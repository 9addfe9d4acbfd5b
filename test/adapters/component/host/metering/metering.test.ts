/** The counting of fuel and call depth for every instruction of the engines and on every path of the code. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { isTrap } from 'decidable/component';
import { OutOfBudget } from 'decidable/component/host';
import { engine } from '../../../../../src/adapters/component/engine/web-assembly.ts';
import { assemble } from '../../assemble.ts';
import { random } from '../../fuzz/mutate.ts';
import { randomModule } from './random-modules.ts';
import { instance, ROOMY } from './rewritten.ts';

const isOut = (budget: 'fuel' | 'callDepth') => (error: unknown) =>
  isTrap(error) && error instanceof OutOfBudget && error.budget === budget;

const withBudget = (fuel: number, callDepth = 1_000) => ({ ...ROOMY, budget: { fuel, callDepth } });

describe('random modules', () => {
  test('return the same results with counters as without, restore the depth, and use the same fuel each time', async () => {
    const pick = random(20_261_122);
    const ended = { value: 0, trap: 0, budget: 0 };
    for (let round = 0; round < 400; round++) {
      const text = randomModule(pick);
      const args = [pick(2 ** 32) | 0, pick(64)];
      const outcomes = [];
      for (const bounds of [withBudget(20_000), withBudget(20_000), undefined]) {
        const guest = await (bounds === undefined ? unbounded(text) : instance(text, bounds));
        const outcome = outcomeOf(guest.exports, () => guest.call('run', ...args));
        if (bounds !== undefined && 'value' in outcome) assert.equal(guest.depth(), 0, text);
        const fuel = bounds === undefined ? undefined : guest.fuel();
        outcomes.push({ outcome, fuel });
        if ('budget' in outcome) break;
      }
      const [first, second, plain] = outcomes;
      ended['value' in first!.outcome ? 'value' : 'budget' in first!.outcome ? 'budget' : 'trap']++;
      if (second === undefined) continue;
      assert.deepEqual(second, first, text);
      assert.deepEqual(plain?.outcome, first?.outcome, text);
    }
    assert.ok(ended.value > 100 && ended.trap > 20, JSON.stringify(ended));
  });
});

async function unbounded(text: string) {
  const { exports } = new engine.Instance(new engine.Module(new Uint8Array(await assemble(text))), {});
  const call = (name: string, ...args: unknown[]) => (exports[name] as (...args: unknown[]) => unknown)(...args);
  return { exports, call, depth: () => 0, fuel: () => 0 };
}

/** The result of a call, and the content of the memory. */
function outcomeOf(exports: Record<string, unknown>, call: () => unknown) {
  const memory = () =>
    createHash('sha1')
      .update(new Uint8Array((exports.memory as { buffer: ArrayBuffer }).buffer))
      .digest('hex');
  const global = () => (exports.global as { value: number }).value;
  try {
    return { value: call(), memory: memory(), global: global() };
  } catch (error) {
    if (error instanceof OutOfBudget) return { budget: error.budget };
    if (isTrap(error)) return { trap: error.message, memory: memory(), global: global() };
    if (error instanceof engine.RuntimeError) return { trap: error.message, memory: memory(), global: global() };
    return { thrown: String(error), memory: memory(), global: global() };
  }
}

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

describe('call depth', () => {
  const RECURSION =
    '(func $f (export "f") (param i32) (if (local.get 0) (then (call $f (i32.sub (local.get 0) (i32.const 1))))))';

  test('is the number of functions that are active', async () => {
    const { call, depth } = await instance(`(module ${RECURSION})`, withBudget(1_000, 10));
    call('f', 9);
    assert.equal(depth(), 0);
    assert.throws(() => call('f', 10), isOut('callDepth'));
    call('f', 9); // The next call has the whole depth again.
    assert.equal(depth(), 0);
  });

  test('does not cause a trap if exactly all of it is used, and neither does fuel', async () => {
    const { call, depth, fuel } = await instance('(module (func (export "f") unreachable))', withBudget(1, 1));
    assert.throws(
      () => call('f'),
      (error) => isTrap(error) && !(error instanceof OutOfBudget),
    );
    assert.deepEqual([depth(), fuel()], [1, 1]);
  });

  test('is the same for calls through tables and references', async () => {
    for (const again of [
      '(call_indirect $t (type $s) (local.get 0) (i32.const 0))',
      '(call_ref $s (local.get 0) (ref.func $f))',
    ]) {
      const { call } = await instance(
        `(module (type $s (func (param i32))) (table $t funcref (elem $f)) (elem declare func $f)
          (func $f (export "f") (type $s)
            (if (local.get 0) (then (local.set 0 (i32.sub (local.get 0) (i32.const 1))) ${again}))))`,
        withBudget(1_000, 10),
      );
      call('f', 9);
      assert.throws(() => call('f', 10), isOut('callDepth'));
    }
  });

  test('does not change for tail calls, also through tables and references', async () => {
    for (const again of [
      '(return_call $f (local.get 0))',
      '(return_call_indirect $t (type $s) (local.get 0) (i32.const 0))',
      '(return_call_ref $s (local.get 0) (ref.func $f))',
    ]) {
      const { call, depth, fuel } = await instance(
        `(module (type $s (func (param i32))) (table $t funcref (elem $f)) (elem declare func $f)
          (func $f (export "f") (type $s)
            (if (local.get 0) (then (local.set 0 (i32.sub (local.get 0) (i32.const 1))) ${again}))))`,
        withBudget(1_000, 2),
      );
      call('f', 500);
      assert.deepEqual([depth(), fuel()], [0, 501]);
      assert.throws(() => call('f', 1_000), isOut('fuel'));
    }
  });

  test('continues in calls back from the host', async () => {
    let again: (n: number) => void = () => undefined;
    const guest = await instance(
      `(module (import "" "again" (func $again (param i32)))
        (func (export "f") (param i32) (if (local.get 0) (then (call $again (i32.sub (local.get 0) (i32.const 1)))))))`,
      withBudget(1_000, 10),
      { '': { again: (n: number) => again(n) } },
    );
    again = guest.exports.f as (n: number) => void;
    guest.call('f', 9);
    assert.throws(() => guest.call('f', 10), isOut('callDepth'));
  });

  test('counts frames with many locals several times, so that the engine’s stack is not exhausted first', async () => {
    const locals = (count: number) =>
      `(module (func $f (export "f") (param i32) (local ${'i64 '.repeat(count)})
        (if (local.get 0) (then (call $f (i32.sub (local.get 0) (i32.const 1)))))))`;
    const small = await instance(locals(14), withBudget(1_000, 100));
    small.call('f', 99);
    const large = await instance(locals(1_600), withBudget(1_000, 500));
    large.call('f', 3);
    assert.throws(() => large.call('f', 4), isOut('callDepth'));
    assert.throws(() => large.call('f', 900), isOut('callDepth'), 'and not by the engine');
  });

  test('counts parameters like locals', async () => {
    const params = (count: number) =>
      `(module (func $f (export "f") (param i32 ${'i64 '.repeat(count - 1)})
        (if (local.get 0) (then (call $f (i32.sub (local.get 0) (i32.const 1)) ${'(i64.const 0) '.repeat(count - 1)})))))`;
    for (const [count, most] of [
      [15, 100],
      [16, 50],
      [31, 50],
      [32, 33],
    ] as const) {
      const { call } = await instance(params(count), withBudget(1_000, 100));
      const zeroes = new Array<bigint>(count - 1).fill(0n);
      call('f', most - 1, ...zeroes);
      assert.throws(() => call('f', most, ...zeroes), isOut('callDepth'), `${count} parameters`);
    }
  });
});

/** The assembler lacks the older instructions. Others of the same shape are assembled, and replaced in the binary. */
const OLDER = {
  TRY: ['block (result i32)', '02 7f', '06 7f'],
  CATCH_ALL: ['ref.as_non_null', 'd4', '19'],
  CATCH: ['ref.func 0', 'd2 00', '07 00'],
  RETHROW: ['br_on_null 0', 'd5 00', '09 00'],
  DELEGATE: ['end nop', '0b 01', '18 00'],
} as const;

async function older(text: string): Promise<Uint8Array> {
  let source = text;
  for (const [name, [instead]] of Object.entries(OLDER)) source = source.replaceAll(name, instead);
  let bytes = [...(await assemble(source))].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
  for (const [, assembled, meant] of Object.values(OLDER)) bytes = bytes.replaceAll(assembled, meant);
  return Uint8Array.from(bytes.split(' '), (byte) => Number.parseInt(byte, 16));
}

describe('exceptions', () => {
  const THROWING = `(tag $e (param i32))
    (func $deep (param i32)
      (if (i32.eqz (local.get 0)) (then (throw $e (i32.const 42))))
      (call $deep (i32.sub (local.get 0) (i32.const 1))))`;

  for (const [how, code] of [
    ['try_table', '(block $h (result i32) (try_table (catch $e $h) (call $deep (i32.const 5))) (i32.const 0))'],
    [
      'try_table with catch_all',
      '(block $h (try_table (catch_all $h) (call $deep (i32.const 5))) (return (i32.const 0))) (i32.const 42)',
    ],
    [
      'a loop to begin with',
      `(local $n i32) (loop $again (result i32)
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (if (i32.gt_u (local.get $n) (i32.const 3)) (then (return (i32.const 42))))
        (try_table (catch_all $again) (call $deep (i32.const 5))) (i32.const 0))`,
    ],
    [
      'one block after another',
      `(drop (block $h (result i32) (try_table (catch $e $h) (call $deep (i32.const 5))) (i32.const 0)))
        (block $h (result i32) (try_table (catch $e $h) (call $deep (i32.const 5))) (i32.const 0))`,
    ],
    ['the function itself', '(try_table (catch $e 0) (call $deep (i32.const 5))) (i32.const 0)'],
  ] as const) {
    test(`restore the depth if ${how} catches them`, async () => {
      const { call, depth } = await instance(
        `(module ${THROWING} (func $catching (export "go") (result i32) ${code})
          (func (export "often") (param i32) (result i32)
            (loop $again (drop (call $catching)) (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
            (call $catching)))`,
        withBudget(100_000, 12),
      );
      assert.equal(call('go'), 42);
      assert.equal(depth(), 0);
      assert.equal(call('often', 50), 42);
      assert.equal(depth(), 0);
    });
  }

  // Engines still support the older form, but the assembler does not.
  for (const [how, code] of [
    ['try', 'TRY i32.const 5 call $deep i32.const 0 CATCH end'],
    ['try with catch_all', 'TRY i32.const 5 call $deep i32.const 0 CATCH_ALL i32.const 42 end'],
    ['try with delegate', 'TRY TRY i32.const 5 call $deep i32.const 0 DELEGATE drop i32.const 0 CATCH end'],
    [
      'try with delegate before a return',
      'TRY TRY i32.const 5 call $deep i32.const 0 DELEGATE drop i32.const 0 CATCH end return',
    ],
    ['try with rethrow', 'TRY TRY i32.const 5 call $deep i32.const 0 CATCH drop RETHROW end CATCH end'],
    [
      'a handler that throws again',
      'TRY i32.const 5 call $deep i32.const 0 CATCH drop TRY i32.const 5 call $deep i32.const 0 CATCH end end',
    ],
    [
      'a handler of everything that throws again',
      'TRY i32.const 5 call $deep i32.const 0 CATCH_ALL TRY i32.const 5 call $deep i32.const 0 CATCH end end',
    ],
  ] as const) {
    test(`restore the depth if ${how} catches them, in the older form`, async () => {
      const { call, depth } = await instance(
        await older(`(module ${THROWING} (func $catching (export "go") (result i32) ${code})
          (func (export "often") (param i32) (result i32)
            (loop $again (drop (call $catching)) (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
            (call $catching)))`),
        withBudget(100_000, 12),
      );
      assert.equal(call('go'), 42);
      assert.equal(depth(), 0);
      assert.equal(call('often', 50), 42);
      assert.equal(depth(), 0);
    });
  }

  test('cannot be used to catch an exhausted budget', async () => {
    for (const [code, budget] of [
      ['(loop $l (br $l))', 'fuel'],
      ['(call $f)', 'callDepth'],
    ] as const) {
      const { call } = await instance(`(module
        (func $f (export "f") (block $h (try_table (catch_all $h) ${code}))))`);
      assert.throws(() => call('f'), isOut(budget));
    }
  });
});

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
