/**
 * The limits of memories and tables of guests. An instruction that grows them beyond the limit ends with `OutOfBudget`.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { compile, isInvalidError, isTrap, isUnsupportedError } from 'decidable/component';
import { loadModule, OutOfBudget } from 'decidable/component/host';
import { engine } from '../../../../../src/adapters/component/engine/web-assembly.ts';
import type { BudgetName } from '../../../../../src/adapters/component/host/metering/budget.ts';
import { assemble } from '../../assemble.ts';
import { coreText, countingGuest, dummyComponent, witSource } from '../counting-guest.ts';
import { instance, PAGE, ROOMY, rewritten } from './rewritten.ts';

const isOut = (budget: BudgetName) => (error: unknown) =>
  isTrap(error) && error instanceof OutOfBudget && error.budget === budget;

/** Returns the module with some of its bytes replaced by the same number of others. */
function replaced(module: Uint8Array, bytes: string, others: string): Uint8Array {
  const hex = (some: Uint8Array) => Array.from(some, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
  const text = hex(module);
  assert.equal(text.split(bytes).length, 2);
  return Uint8Array.from(text.replace(bytes, others).split(' '), (byte) => Number.parseInt(byte, 16));
}

const UNMETERED = { ...ROOMY, budget: undefined };
const BOUNDS = { maxMemoryBytes: 4 * PAGE, maxTableElements: 10 };

for (const [how, budget] of [
  ['without a budget', undefined],
  ['with a budget', ROOMY.budget],
] as const) {
  const bounds = { ...BOUNDS, budget };

  describe(`a memory, ${how}`, () => {
    const growing = (memory: string, type = 'i32') =>
      `(module (memory $m ${memory}) (func (export "grow") (param ${type}) (result ${type}) (memory.grow $m (local.get 0))))`;

    test('grows to its limit, but not by another page', async () => {
      const { call } = await instance(growing('1'), bounds);
      assert.deepEqual([call('grow', 2), call('grow', 0), call('grow', 1)], [1, 3, 3]);
      assert.throws(() => call('grow', 1), isOut('memory'));
    });

    test('is refused by its type if it declares more than 32 bits can address', async () => {
      const { call } = await instance(growing('1'), bounds);
      assert.deepEqual([call('grow', -1), call('grow', 65_536), call('grow', 3)], [-1, -1, 1]);
    });

    test('returns -1 beyond its own maximum', async () => {
      const { call } = await instance(growing('1 3'), bounds);
      assert.deepEqual([call('grow', 3), call('grow', 100), call('grow', 2), call('grow', 1)], [-1, -1, 1, -1]);
    });

    test('traps between its limit and its larger maximum, and returns -1 beyond both', async () => {
      const { call } = await instance(growing('1 8'), bounds);
      assert.equal(call('grow', 8), -1);
      assert.throws(() => call('grow', 4), isOut('memory'));
    });

    test('is limited if it has 64-bit addresses', async () => {
      const { call } = await instance(growing('i64 1', 'i64'), bounds);
      assert.deepEqual([call('grow', -1n), call('grow', 1n << 48n), call('grow', 3n)], [-1n, -1n, 1n]);
      for (const pages of [1n, 70_000n]) assert.throws(() => call('grow', pages), isOut('memory'));
    });

    test('is limited if it is shared', async () => {
      const { call } = await instance(growing('1 100 shared'), bounds);
      assert.equal(call('grow', 3), 1);
      assert.throws(() => call('grow', 1), isOut('memory'));
    });

    test('has its own limit in addition to those of other memories', async () => {
      const { call } = await instance(
        `(module (memory $a 1) (memory $b 2)
          (func (export "a") (param i32) (result i32) (memory.grow $a (local.get 0)))
          (func (export "b") (param i32) (result i32) (memory.grow $b (local.get 0))))`,
        bounds,
      );
      assert.deepEqual([call('a', 3), call('b', 1), call('b', 1)], [1, 2, 3]);
      assert.throws(() => call('b', 1), isOut('memory'));
    });

    test('keeps the limit of the module that defines it if it is imported', async () => {
      const definer = await instance('(module (memory (export "memory") 1))', bounds);
      const { call } = await instance(
        `(module (import "" "memory" (memory 1))
          (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))`,
        bounds,
        { '': definer.exports },
      );
      assert.equal(call('grow', 3), 1);
      assert.throws(() => call('grow', 1), isOut('memory'));
      const memory = definer.exports.memory as { grow(pages: number): number };
      assert.throws(() => memory.grow(1), RangeError, 'nobody else can grow it either');
    });

    test('returns -1 if it is imported with its own maximum', async () => {
      const definer = await instance('(module (memory (export "memory") 1 2))', bounds);
      const { call } = await instance(
        `(module (import "" "memory" (memory 1))
          (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))`,
        bounds,
        { '': definer.exports },
      );
      assert.deepEqual([call('grow', 3), call('grow', 1)], [-1, 1]);
    });

    test('is refused before anything runs if its initial size exceeds its limit', async () => {
      await assert.rejects(rewritten('(module (memory 5))', bounds), isOut('memory'));
      await assert.rejects(rewritten('(module (memory i64 5))', bounds), isOut('memory'));
      await rewritten('(module (memory 4))', bounds);
    });

    test('is not refused by the module that imports it if it is larger', async () => {
      await rewritten('(module (import "" "memory" (memory 5)))', bounds);
    });

    test('is limited with any encoding of its index', async () => {
      const module = await assemble(
        '(module (memory 1) (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)) nop))',
      );
      const { call } = await instance(replaced(module, '40 00 01', '40 80 00'), bounds);
      assert.equal(call('grow', 3), 1);
      assert.throws(() => call('grow', 1), isOut('memory'));
    });
  });

  describe(`a table, ${how}`, () => {
    const growing = (table: string, type = 'i32') =>
      `(module (table $other 1 funcref) (table $t ${table})
        (func (export "grow") (param ${type}) (result ${type}) (table.grow $t (ref.null func) (local.get 0)))
        (func (export "size") (result ${type}) (table.size $t)))`;

    test('grows to its limit, but not by another element', async () => {
      const { call } = await instance(growing('1 funcref'), bounds);
      assert.deepEqual([call('grow', 8), call('grow', 1), call('size')], [1, 9, 10]);
      assert.throws(() => call('grow', 1), isOut('tables'));
    });

    test('is refused by its type if it declares more than 32 bits can address', async () => {
      const { call } = await instance(growing('1 funcref'), bounds);
      assert.equal(call('grow', -1), -1);
    });

    test('returns -1 if it is imported with its own maximum', async () => {
      const definer = await instance('(module (table (export "table") 1 2 funcref))', bounds);
      const { call } = await instance(
        `(module (import "" "table" (table 1 funcref))
          (func (export "grow") (param i32) (result i32) (table.grow (ref.null func) (local.get 0))))`,
        bounds,
        { '': definer.exports },
      );
      assert.deepEqual([call('grow', 3), call('grow', 1)], [-1, 1]);
    });

    test('returns -1 beyond its own maximum', async () => {
      const { call } = await instance(growing('1 5 funcref'), bounds);
      assert.deepEqual([call('grow', 5), call('grow', 4), call('grow', 1)], [-1, 1, -1]);
    });

    test('is limited if it has 64-bit addresses', async () => {
      const { call } = await instance(growing('i64 1 funcref', 'i64'), bounds);
      assert.deepEqual([call('grow', -1n), call('grow', 9n)], [-1n, 1n]);
      for (const elements of [1n, 1n << 32n]) assert.throws(() => call('grow', elements), isOut('tables'));
    });

    test('is limited if its maximum is the largest of 64 bits', async () => {
      const { call } = await instance(growing('i64 1 0xffffffffffffffff funcref', 'i64'), bounds);
      assert.deepEqual([call('grow', -1n), call('grow', 9n)], [-1n, 1n]);
    });

    test('is limited with elements of other types, and with an initial value', async () => {
      const { call } = await instance(
        `(module (type $f (func)) (func $f (type $f)) (elem declare func $f)
          (table $t 2 (ref $f) (ref.func $f))
          (table $e 1 externref)
          (func (export "grow") (param i32) (result i32) (table.grow $t (ref.func $f) (local.get 0)))
          (func (export "extern") (param i32) (result i32) (table.grow $e (ref.null extern) (local.get 0))))`,
        bounds,
      );
      assert.deepEqual([call('grow', 8), call('extern', 9)], [2, 1]);
      assert.throws(() => call('grow', 1), isOut('tables'));
    });

    test('is refused before anything runs if its initial size exceeds its limit', async () => {
      await assert.rejects(rewritten('(module (table 11 funcref))', bounds), isOut('tables'));
      await rewritten('(module (table 10 10 funcref))', bounds);
    });

    test('is limited with any encoding of the instruction that grows it', async () => {
      const module = await assemble(
        `(module (table $t 1 funcref)
          (func (export "grow") (param i32) (result i32) (table.grow $t (ref.null func) (local.get 0)) nop))`,
      );
      const { call } = await instance(replaced(module, 'fc 0f 00 01', 'fc 8f 00 00'), bounds);
      assert.equal(call('grow', 9), 1);
      assert.throws(() => call('grow', 1), isOut('tables'));
    });
  });

  describe(`a rewritten module, ${how}`, () => {
    test('names the budget that its start function exceeds', async () => {
      await assert.rejects(
        instance('(module (memory 1) (func $s (drop (memory.grow (i32.const 9)))) (start $s))', bounds),
        isOut('memory'),
      );
    });

    test('runs its start function once, even if it is imported', async () => {
      let calls = 0;
      const imports = { '': { started: () => calls++ } };
      const own = `(module (import "" "started" (func $f)) (memory 1) (func $s (call $f) (drop (memory.grow (i32.const 1)))) (start $s))`;
      await instance(own, bounds, imports);
      assert.equal(calls, 1);
      const other = `(module (import "" "started" (func $f)) (memory 1) (table 1 funcref) (elem (i32.const 0) $f) (func (drop (memory.grow (i32.const 1)))) (start $f))`;
      await instance(other, bounds, imports);
      assert.equal(calls, 2);
    });

    test('is still invalid if it was invalid before', async () => {
      // It has three functions, and calls a fourth one, which grows the memory.
      const text = (index: number) => `(module (memory 1)
        (func (result i32) (memory.grow (i32.const 1))) (func) (func (export "f") (drop (call ${index} (i32.const 1)))))`;
      await assert.rejects(instance(text(3), bounds), engine.CompileError);
      const globals = '(module (memory 1) (func (result i32) (memory.grow (i32.const 1)) (drop (global.get 0))))';
      await assert.rejects(instance(globals, bounds), engine.CompileError);
    });

    test('cannot use the names of the counters for its exports', async () => {
      for (const name of ['decidable fuel', 'decidable start', 'decidable anything']) {
        await assert.rejects(rewritten(`(module (memory (export "${name}") 1))`, bounds), isUnsupportedError);
      }
      await assert.rejects(
        rewritten('(module (memory (export "memory") 1) (func (export "f")) (func (export "decidable fuel")))', bounds),
        isUnsupportedError,
      );
      await rewritten('(module (memory (export "decidable") 1))', bounds);
    });

    test('keeps the names of its functions for stack traces, and no other custom section', async () => {
      const named = await assemble('(module (memory 1) (func $withdraw (drop (memory.grow (i32.const 1)))))');
      const custom = new TextEncoder().encode('\0\r\u0007sourceslines'); // The section includes its length and the length of its name.
      const kept = new TextDecoder().decode(await rewritten(Uint8Array.of(...named, ...custom), bounds));
      assert.deepEqual([kept.includes('withdraw'), kept.includes('lines')], [true, false]);
    });

    test('is unchanged if it is truncated, so that the engine reports the error', async () => {
      const module = await assemble(
        `(module (type (func (param i32) (result i32))) (import "" "f" (func)) (memory 1 300) (table 1 300 funcref)
          (func (type 0) (local i64) (memory.grow (local.get 0))) (export "grow" (func 1)) (start 0))`,
      );
      for (let length = 8; length < module.length; length++) {
        const cut = module.slice(0, length);
        if (!engine.validate(cut)) assert.deepEqual(await rewritten(cut, bounds), new Uint8Array(cut), String(length));
      }
    });
  });
}

describe('a module that needs no limits', () => {
  test('is unchanged', async () => {
    for (const text of [
      '(module (func (export "f")))',
      '(module (memory 1 2) (func (export "f")))',
      '(module (table 5 5 funcref))',
    ]) {
      assert.deepEqual(await rewritten(text, UNMETERED), new Uint8Array(await assemble(text)));
    }
    for (const text of [
      '(module (memory 1 4) (table 1 10 funcref) (@custom "kept" "x"))',
      '(module (import "" "memory" (memory 1)) (import "" "table" (table 1 funcref)) (@custom "kept" "x"))',
    ]) {
      for (const { budget } of [UNMETERED, ROOMY]) {
        assert.deepEqual(await rewritten(text, { ...BOUNDS, budget }), new Uint8Array(await assemble(text)));
      }
    }
  });

  test('is limited without a budget, even if its instructions cannot be counted', async () => {
    const { call } = await instance(
      `(module (memory 1) (func (export "grow") (param i32) (result i32)
        (drop (i8x16.relaxed_swizzle (v128.const i64x2 0 0) (v128.const i64x2 0 0))) (memory.grow (local.get 0))))`,
      { ...BOUNDS, grant: ['relaxed-simd'] },
    );
    assert.equal(call('grow', 3), 1);
    assert.throws(() => call('grow', 1), isOut('memory'));
  });

  test('has no limits if the host sets Infinity', async () => {
    const { call } = await instance(
      '(module (memory 1) (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))',
      { maxMemoryBytes: Infinity, maxTableElements: Infinity },
    );
    assert.equal(call('grow', 5_000), 1);
  });
});

const bank = readFileSync(new URL('../../../../../examples/guests/c/bank.wasm', import.meta.url));

describe('a machine that has less memory than the host allows', () => {
  test('ends the call, so that the guest cannot observe the size of the memory', async () => {
    // The engine supports tables of ten million elements at most.
    const { call } = await instance(
      '(module (table $t 0 funcref) (func (export "grow") (param i32) (result i32) (table.grow $t (ref.null func) (local.get 0))))',
      { maxMemoryBytes: PAGE, maxTableElements: 20_000_000 },
    );
    assert.throws(
      () => call('grow', 11_000_000),
      (error) => isTrap(error) && !(error instanceof OutOfBudget) && error.code === 'machine-exhausted',
    );
  });
});

describe('a guest', () => {
  for (const guest of ['c', 'rust', 'assemblyscript']) {
    for (const isolation of ['pooled', 'fresh'] as const) {
      for (const limits of [{}, { budget: { fuel: 100_000_000, callDepth: 1_000 } }]) {
        const how = 'budget' in limits ? `${isolation}, with a budget` : isolation;
        test(`in ${guest} traps if it uses more memory than allowed (${how})`, async () => {
          const bytes = readFileSync(new URL(`../../../../../examples/guests/${guest}/bank.wasm`, import.meta.url));
          const { types } = await loadModule(bytes, { isolation, ...limits, maxMemoryBytes: 1 << 20 });
          for (let twice = 0; twice < 2; twice++) {
            assert.throws(() => types.state.fromBytes(new Uint8Array(2 << 20)), isOut('memory'));
          }
        });
      }
    }
  }

  test('is refused if its initial memory exceeds the limit', async () => {
    await assert.rejects(loadModule(bank, { maxMemoryBytes: PAGE - 1 }), isOut('memory'));
  });

  test('is reported as invalid if it is invalid and its initial memory exceeds the limit', async () => {
    const broken = new Uint8Array(bank);
    broken.fill(0xff, broken.length >> 1, (broken.length >> 1) + 64);
    await assert.rejects(loadModule(broken, { maxMemoryBytes: 1 }), isInvalidError);
  });

  test('has 256 MiB in each memory and a million elements in each table by default', async () => {
    const MEMORY = '(memory (export "memory") 1)';
    const having = (definitions: string) =>
      countingGuest('command-handler', coreText('command-handler').replace(MEMORY, definitions));
    await loadModule(await having('(memory (export "memory") 4096)'));
    await assert.rejects(loadModule(await having('(memory (export "memory") 4097)')), isOut('memory'));
    await loadModule(await having(`${MEMORY} (table 1000000 funcref)`));
    await assert.rejects(loadModule(await having(`${MEMORY} (table 1000001 funcref)`)), isOut('tables'));
  });

  test('receives the named limits if `compile` compiled it', async () => {
    const { types } = await loadModule(await compile(bank), { maxMemoryBytes: 1 << 20 });
    assert.throws(() => types.state.fromBytes(new Uint8Array(2 << 20)), isOut('memory'));
    const tables = await countingGuest(
      'command-handler',
      coreText('command-handler').replace('(memory (export "memory") 1)', '$& (table 2 funcref)'),
    );
    await loadModule(await compile(tables), { maxTableElements: 2 });
    await assert.rejects(loadModule(await compile(tables), { maxTableElements: 1 }), isOut('tables'));
  });

  test('receives the default limits if `compile` compiled it', async () => {
    const tables = await countingGuest(
      'command-handler',
      coreText('command-handler').replace('(memory (export "memory") 1)', '$& (table 1000001 funcref)'),
    );
    await assert.rejects(loadModule(await compile(tables)), isOut('tables'));
  });

  test('keeps its limits if its component is loaded again', async () => {
    const { component } = await loadModule(bank, { maxMemoryBytes: 1 << 20 });
    const again = await loadModule(component);
    assert.equal(again.component, component);
    assert.throws(
      () => again.types.state.fromBytes(new Uint8Array(2 << 20)),
      (error) => isOut('memory')(error) && (error as OutOfBudget).limit === 1 << 20,
    );
  });

  test('receives other limits if they are named when its component is loaded again', async () => {
    const { component } = await loadModule(bank, { maxMemoryBytes: 1 << 20 });
    const { types } = await loadModule(component, { maxMemoryBytes: 4 << 20 });
    assert.throws(() => types.state.fromBytes(new Uint8Array(2 << 20)), { code: 'undecodable-payload' });
    assert.throws(
      () => types.state.fromBytes(new Uint8Array(4 << 20)),
      (error) => isOut('memory')(error) && (error as OutOfBudget).limit === 4 << 20,
    );
  });

  test('is refused with limits that are not whole numbers in their range', async () => {
    const bytes = await dummyComponent(witSource(), 'command-handler');
    for (const [options, argument] of [
      [{ maxMemoryBytes: 1.5 }, 'maxMemoryBytes'],
      [{ maxTableElements: -1 }, 'maxTableElements'],
      [{ budget: { fuel: Number.NaN, callDepth: 1 } }, 'budget.fuel'],
      [{ budget: { fuel: -1, callDepth: 1 } }, 'budget.fuel'],
      [{ budget: { fuel: Infinity, callDepth: 1 } }, 'budget.fuel'],
      [{ budget: { fuel: 2 ** 53, callDepth: 1 } }, 'budget.fuel'],
      [{ budget: { fuel: 1, callDepth: 2 ** 31 } }, 'budget.callDepth'],
    ] as const) {
      await assert.rejects(loadModule(bytes, options), { code: 'invalid-argument', argument });
    }
  });

  test('may have the largest limits and the smallest ones', async () => {
    await loadModule(bank, {
      maxMemoryBytes: Infinity,
      maxTableElements: Infinity,
      maxHandles: 2 ** 28 - 1,
      budget: { fuel: Number.MAX_SAFE_INTEGER, callDepth: 2 ** 31 - 1 },
    });
    await assert.rejects(loadModule(bank, { budget: { fuel: 0, callDepth: 1 } }), OutOfBudget);
    await assert.rejects(loadModule(bank, { budget: { fuel: 1_000_000, callDepth: 0 } }), OutOfBudget);
  });
});
