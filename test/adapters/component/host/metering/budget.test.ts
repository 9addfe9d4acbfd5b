/**
 * Budgets of guests. Their code counts fuel and call depth, so that a guest that exceeds them ends at the same
 * instruction on every machine.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { parse } from '@bytecodealliance/jco';
import { compile, isInvalidError, isTrap } from 'decidable/component';
import { loadModule, OutOfBudget } from 'decidable/component/host';
import { account } from '../../../../../examples/bank/account.ts';
import { engine } from '../../../../../src/adapters/component/engine/web-assembly.ts';
import { DEPTH, FUEL } from '../../../../../src/adapters/component/host/metering/budget.ts';
import { rewrite } from '../../../../../src/adapters/component/host/metering/rewrite.ts';
import { createMemoryStore } from '../../../../../src/adapters/stores/memory/index.ts';
import { createEventSourcer, isCommandFailure } from '../../../../../src/core/index.ts';
import type { CommandHandler } from '../../../../../src/core/worlds.ts';
import { bankSuite } from '../bank-suite.ts';
import { coreText, countingGuest } from '../counting-guest.ts';

const ROOMY = { maxMemoryBytes: 1 << 24, maxTableElements: 1_000 };
const LARGE = { fuel: 10_000_000, callDepth: 1_000 };
const message = (length: number) => ({ type: 'count', schemaVersion: 1, payload: new Uint8Array(length) });

/** A core module with budgets, instantiated. */
async function metered(text: string, budget = LARGE) {
  const module = new Uint8Array(await parse(text));
  const instance = new engine.Instance(new engine.Module(rewrite(module, { ...ROOMY, budget })), {});
  const counter = (name: string) => (instance.exports[name] as { value: number | bigint }).value;
  return {
    call: (name: string, ...args: unknown[]) => (instance.exports[name] as (...args: unknown[]) => unknown)(...args),
    used: () => budget.fuel - Number(counter(FUEL)),
    depth: () => budget.callDepth - Number(counter(DEPTH)),
  };
}

describe('counting', () => {
  test('charges a unit of fuel for each call of a function and each iteration of a loop', async () => {
    const { call, used, depth } = await metered(`(module
      (func $nothing)
      (func (export "count") (param $n i32)
        (loop $again
          (call $nothing)
          (local.set $n (i32.sub (local.get $n) (i32.const 1)))
          (br_if $again (local.get $n)))))`);
    call('count', 10);
    assert.equal(used(), 1 + 10 + 10);
    assert.equal(depth(), 0);
  });

  test('restores the depth at every exit of a function', async () => {
    const { call, depth } = await metered(
      `(module
      (func (export "falls-through") (param i32) (result i32) (local.get 0))
      (func (export "returns") (param i32) (result i32)
        (block (block (loop (if (local.get 0) (then (return (i32.const 1)))))))
        (i32.const 2))
      (func (export "branches") (param i32) (result i32)
        (block (br_if 1 (i32.const 3) (local.get 0)) (drop))
        (i32.const 4))
      (func (export "switches") (param i32) (result i32)
        (block (block (br_table 0 1 0 (local.get 0))) (return (i32.const 5)))
        (i32.const 6)))`,
    );
    assert.deepEqual([call('falls-through', 9), call('returns', 1), call('returns', 0)], [9, 1, 2]);
    assert.deepEqual([call('branches', 1), call('branches', 0)], [3, 4]);
    assert.deepEqual([call('switches', 0), call('switches', 1)], [5, 6]);
    assert.equal(depth(), 0);
  });

  test('charges no depth for a tail call', async () => {
    const { call, depth } = await metered(`(module
      (func $down (export "down") (param i32) (result i32)
        (if (result i32) (i32.eqz (local.get 0))
          (then (i32.const 42))
          (else (return_call $down (i32.sub (local.get 0) (i32.const 1)))))))`);
    assert.equal(call('down', 5_000), 42);
    assert.equal(depth(), 0);
  });

  test('does not change results, globals and exports of a module', async () => {
    const { call, depth } = await metered(
      `(module
      (global $own (mut i64) (i64.const 7))
      (func $two (export "two") (param i32) (result i32 i64)
        (if (local.get 0) (then (return (i32.const 1) (global.get $own))))
        (i32.const 2) (i64.const 3))
      (func (export "sum") (result i64) (local $b i64)
        (call $two (i32.const 1)) (local.set $b) (i64.extend_i32_s) (i64.add (local.get $b))))`,
    );
    assert.deepEqual(call('two', 1), [1, 7n]);
    assert.deepEqual(call('two', 0), [2, 3n]);
    assert.equal(call('sum'), 8n);
    assert.equal(depth(), 0);
  });

  test('finds the end of every instruction, and ignores constants that look like code', async () => {
    const { call, used } = await metered(`(module
      (memory 1) (table $t 4 funcref) (data $d "abc") (elem $e func $f) (elem declare func $f)
      (func $f)
      (func (export "all") (result i32)
        (i32.store offset=3 align=1 (i32.const 0) (i32.const 0x0b0f0b03))
        (i64.store (i32.const 8) (i64.const 0x0303030303030303))
        (f32.store (i32.const 16) (f32.const 1.5)) (f64.store (i32.const 16) (f64.const -2.25))
        (v128.store (i32.const 32) (v128.const i32x4 0x0b0b0b0b 0x03030303 0x0f0f0f0f 0x10))
        (drop (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 (v128.load (i32.const 0)) (v128.load (i32.const 0))))
        (drop (i8x16.extract_lane_s 11 (v128.load8_lane offset=15 3 (i32.const 0) (v128.load (i32.const 0)))))
        (drop (i32x4.add (v128.load64_zero (i32.const 0)) (i32x4.splat (i32.const 3))))
        (memory.init $d (i32.const 0) (i32.const 0) (i32.const 3)) (data.drop $d)
        (memory.copy (i32.const 3) (i32.const 0) (i32.const 3)) (memory.fill (i32.const 9) (i32.const 3) (i32.const 2))
        (table.init $t $e (i32.const 0) (i32.const 0) (i32.const 1)) (elem.drop $e)
        (table.copy (i32.const 1) (i32.const 0) (i32.const 1)) (table.fill $t (i32.const 2) (ref.null func) (i32.const 1))
        (drop (table.grow $t (ref.func $f) (i32.const 1))) (table.set $t (i32.const 3) (table.get $t (i32.const 0)))
        (drop (ref.is_null (select (result funcref) (ref.null func) (ref.func $f) (i32.const 1))))
        (drop (i32.trunc_sat_f64_s (f64.const 3))) (drop (i64.extend8_s (i64.const 3))) (drop (memory.grow (i32.const 0)))
        (call_indirect $t (i32.const 3))
        (i32.add (i32.load8_u (i32.const 3)) (table.size $t))))`);
    assert.equal(call('all'), 97 + 5);
    assert.equal(used(), 2);
  });
});

describe('a guest with budgets', () => {
  test('ends with OutOfBudget if it recurses without end, regardless of the stack of the engine', async () => {
    const { types, decider, statistics } = await loadModule(await countingGuest('command-handler'), {
      budget: LARGE,
    });
    const [state, endless] = [decider.initialState(), types.command.fromEnvelope(message(14))];
    assert.throws(
      () => decider.decide(state, endless),
      (error) => isTrap(error) && error instanceof OutOfBudget && error.budget === 'callDepth',
    );
    assert.equal(types.state.toBytes(decider.initialState()).length, 0);
    assert.equal(statistics.instances, 2);
  });

  for (const isolation of ['pooled', 'fresh'] as const) {
    test(`is refused if its start function exceeds the budget (${isolation})`, async () => {
      const core = coreText('command-handler').replace(
        /\)$/,
        '(func $endless (loop $again (br $again))) (start $endless))',
      );
      await assert.rejects(
        loadModule(await countingGuest('command-handler', core), { budget: LARGE, isolation }),
        (error) => error instanceof OutOfBudget && error.budget === 'fuel' && error.limit === LARGE.fuel,
      );
    });
  }

  test('ends with OutOfBudget if a call uses more than its fuel, and has all of its fuel in the next call', async () => {
    const bank = readFileSync(new URL('../../../../../examples/guests/c/bank.wasm', import.meta.url));
    const { types } = await loadModule(bank, { budget: { fuel: 2_000, callDepth: 100 } });
    const long = (length: number) =>
      account.types.state.toBytes({ status: 'open', owner: 'x'.repeat(length), balance: 1 });
    for (let call = 0; call < 20; call++) types.state.drop?.(types.state.fromBytes(long(1_000)));
    assert.throws(
      () => types.state.fromBytes(long(3_000)),
      (error) => error instanceof OutOfBudget && error.budget === 'fuel' && error.limit === 2000,
    );
  });

  test('uses the same fuel on every run', async () => {
    const bank = readFileSync(new URL('../../../../../examples/guests/rust/bank.wasm', import.meta.url));
    const works = async (fuel: number) => {
      try {
        const { types } = await loadModule(bank, { budget: { fuel, callDepth: 100 } });
        types.command.fromEnvelope(
          account.types.command.toEnvelope(
            account.commands.OpenAccount({ accountId: 'a'.repeat(64), owner: 'o'.repeat(200) }),
          ),
        );
        return true;
      } catch (error) {
        if (isTrap(error)) return false;
        throw error;
      }
    };
    let [low, high] = [1, 1 << 16];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (await works(middle)) high = middle;
      else low = middle;
    }
    assert.deepEqual([await works(high), await works(high - 1), await works(high)], [true, false, true]);
  });

  test('is refused with the same error as without budgets if its code is invalid', async () => {
    const bank = new Uint8Array(readFileSync(new URL('../../../../../examples/guests/c/bank.wasm', import.meta.url)));
    bank.fill(0xff, bank.length >> 1, (bank.length >> 1) + 64);
    await assert.rejects(loadModule(bank, { budget: LARGE }), isInvalidError);
    await assert.rejects(loadModule(bank), isInvalidError);
  });

  test('is compiled again if it was compiled without them', async () => {
    const small = { fuel: 100_000, callDepth: 100 };
    const bytes = await greedyGuest();
    for (const component of [await compile(bytes), (await loadModule(bytes)).component]) {
      const { component: counting } = await loadModule(component, { budget: small });
      for (const source of [component, counting]) {
        const { types, decider } = await loadModule(source, source === component ? { budget: small } : {});
        const command = types.command.fromEnvelope(message(17));
        assert.throws(() => decider.decide(decider.initialState(), command), { code: 'fuel-exhausted' });
      }
    }
  });
});

/**
 * The counting guest, in which a command of 15 bytes grows the memory without end, and a command of 16 bytes the table.
 */
async function greedyGuest(): Promise<Uint8Array> {
  const core = coreText('command-handler')
    .replace('(memory (export "memory") 1)', '$& (table $table 1 funcref)')
    .replace(
      '(if (i32.eq (local.get 1) (i32.const 13))',
      `(if (i32.eq (local.get 1) (i32.const 15)) (then (loop (drop (memory.grow (i32.const 1))) (br 0))))
       (if (i32.eq (local.get 1) (i32.const 16))
         (then (loop (drop (table.grow $table (ref.null func) (i32.const 1))) (br 0))))
       (if (i32.eq (local.get 1) (i32.const 17)) (then (loop (br 0))))
       $&`,
    );
  return countingGuest('command-handler', core);
}

describe('a command whose guest exceeds a budget', () => {
  const bounds = { maxMemoryBytes: 4 * 65_536, maxTableElements: 10, budget: LARGE };

  for (const isolation of ['pooled', 'fresh'] as const) {
    for (const [length, code] of [
      [14, 'call-depth-exhausted'],
      [15, 'memory-exhausted'],
      [16, 'tables-exhausted'],
      [17, 'fuel-exhausted'],
    ] as const) {
      test(`fails with the code ${code} (${isolation})`, async () => {
        const module = await loadModule(await greedyGuest(), { ...bounds, isolation });
        await using sourcer = createEventSourcer({ store: createMemoryStore(), modules: [module] });
        await assert.rejects(
          sourcer.handleCommand(message(length)),
          (error) =>
            isCommandFailure(error, 'trap') &&
            error.payload.val.code === code &&
            isTrap(error.cause) &&
            error.cause.code === code,
        );
        const { outcome } = await sourcer.handleCommand(message(1));
        assert.equal(outcome.tag, 'accepted');
      });
    }
  }
});

for (const guest of ['c', 'rust', 'assemblyscript']) {
  const module = readFileSync(new URL(`../../../../../examples/guests/${guest}/bank.wasm`, import.meta.url));
  const loaded = loadModule(module, { budget: LARGE });
  bankSuite({
    name: `as a component written in ${guest}, with budgets`,
    module: async () => (await loaded) as CommandHandler<unknown, unknown, unknown>,
    runs: 20,
  });
}
