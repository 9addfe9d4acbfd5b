/** The counting of fuel and call depth on every path of the code. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { isTrap } from 'decidable/component';
import { OutOfBudget } from 'decidable/component/host';
import { engine } from '../../../../../src/adapters/component/engine/web-assembly.ts';
import { assemble } from '../../assemble.ts';
import { random } from '../../fuzz/mutate.ts';
import { isOut, withBudget } from './budgets.ts';
import { randomModule } from './random-modules.ts';
import { instance } from './rewritten.ts';

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
