/** Guests compute the same bits on every machine: canonical NaNs, and the refusal of code that differs. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isArgumentError } from 'decidable/component';
import { IndeterminismError, loadModule } from 'decidable/component/host';
import fc from 'fast-check';
import { assemble } from '../../assemble.ts';
import { instance, ROOMY, rewritten } from './rewritten.ts';

const CANONICAL_F32 = 0x7fc0_0000;
const CANONICAL_F64 = 0x7ff8_0000_0000_0000n;

/** Exports `f64` and `f32`: the bits of the results of an instruction, whose operands are passed as bits. */
function scalars(f32: string, f64: string): string {
  return `(module
    (func (export "f32") (param i32 i32) (result i32) (local f32 f32)
      (local.set 2 (f32.reinterpret_i32 (local.get 0))) (local.set 3 (f32.reinterpret_i32 (local.get 1)))
      (i32.reinterpret_f32 ${f32}))
    (func (export "f64") (param i64 i64) (result i64) (local f64 f64)
      (local.set 2 (f64.reinterpret_i64 (local.get 0))) (local.set 3 (f64.reinterpret_i64 (local.get 1)))
      (i64.reinterpret_f64 ${f64})))`;
}

const A = '(local.get 2)';
const B = '(local.get 3)';
const unary = (name: string): [string, string] => [`(f32.${name} ${A})`, `(f64.${name} ${A})`];
const binary = (name: string): [string, string] => [`(f32.${name} ${A} ${B})`, `(f64.${name} ${A} ${B})`];

const COMPUTING: readonly (readonly [name: string, f32: string, f64: string])[] = [
  ...['ceil', 'floor', 'trunc', 'nearest', 'sqrt'].map((name) => [name, ...unary(name)] as const),
  ...['add', 'sub', 'mul', 'div', 'min', 'max'].map((name) => [name, ...binary(name)] as const),
  ['demote and promote', `(f32.demote_f64 (f64.promote_f32 ${A}))`, `(f64.promote_f32 (f32.demote_f64 ${A}))`],
];

describe('a NaN that a guest computes', () => {
  for (const [name, f32, f64] of COMPUTING) {
    test(`has the canonical bits: ${name}`, async () => {
      for (const budget of [undefined, ROOMY.budget]) {
        const { call } = await instance(scalars(f32, f64), { ...ROOMY, budget });
        // Signaling and negative NaNs with payloads, as either operand.
        for (const nan of [0x7fa0_1234, 0xffc0_0001 | 0]) {
          assert.equal(call('f32', nan, 0x3f80_0000), CANONICAL_F32);
          if (name.length === 3) assert.equal(call('f32', 0x3f80_0000, nan), CANONICAL_F32);
        }
        for (const nan of [0x7ff4_0000_0000_1234n, -0x7_ffff_ffff_ffffn]) {
          assert.equal(call('f64', nan, 1n), CANONICAL_F64);
          if (name.length === 3) assert.equal(call('f64', 1n, nan), CANONICAL_F64);
        }
      }
    });
  }

  const NAN_F32X4 = '(v128.const i32x4 0xffa01234 0xffa01234 0xffa01234 0xffa01234)';
  const NAN_F64X2 = '(v128.const i64x2 0xfff4000000001234 0xfff4000000001234)';
  const TWO_F32 = (BigInt(CANONICAL_F32) << 32n) | BigInt(CANONICAL_F32);
  const unaryLanes = ['ceil', 'floor', 'trunc', 'nearest', 'sqrt'];
  const binaryLanes = ['add', 'sub', 'mul', 'div', 'min', 'max'];
  for (const [code, low, high] of [
    ...unaryLanes.map((name) => [`(f32x4.${name} ${NAN_F32X4})`, TWO_F32, TWO_F32] as const),
    ...unaryLanes.map((name) => [`(f64x2.${name} ${NAN_F64X2})`, CANONICAL_F64, CANONICAL_F64] as const),
    ...binaryLanes.map((name) => [`(f32x4.${name} ${NAN_F32X4} ${NAN_F32X4})`, TWO_F32, TWO_F32] as const),
    ...binaryLanes.map((name) => [`(f64x2.${name} ${NAN_F64X2} ${NAN_F64X2})`, CANONICAL_F64, CANONICAL_F64] as const),
    [`(f32x4.demote_f64x2_zero ${NAN_F64X2})`, TWO_F32, 0n],
    [`(f64x2.promote_low_f32x4 ${NAN_F32X4})`, CANONICAL_F64, CANONICAL_F64],
  ] as const) {
    test(`has the canonical bits in each lane: ${code.slice(1, code.indexOf(' '))}`, async () => {
      const { call } = await instance(`(module (memory 1)
        (func (export "go") (v128.store (i32.const 0) ${code}))
        (func (export "at") (param i32) (result i64) (i64.load (local.get 0))))`);
      call('go');
      assert.deepEqual([call('at', 0), call('at', 8)], [low, high]);
    });
  }

  test('keeps its bits if it is only moved, or if only its sign changes', async () => {
    const nan = 0x7ff4_0000_0000_1234n;
    const sign = 1n << 63n;
    for (const [code, expected] of [
      [A, nan],
      [`(select ${A} ${B} (i32.const 1))`, nan],
      [`(f64.neg ${A})`, BigInt.asIntN(64, nan | sign)],
      [`(f64.abs (f64.neg ${A}))`, nan],
      [`(f64.copysign ${A} (f64.const -1))`, BigInt.asIntN(64, nan | sign)],
    ] as const) {
      const { call } = await instance(scalars('(f32.const 0)', code));
      assert.equal(call('f64', nan, 0n), expected, code);
    }
  });

  test('has the bits of the engine if the host grants it', async () => {
    const text = scalars(`(f32.div ${A} ${B})`, `(f64.div ${A} ${B})`);
    const bounds = { ...ROOMY, budget: undefined, grant: ['nan-bits'] } as const;
    assert.deepEqual(await rewritten(text, bounds), new Uint8Array(await assemble(text)));
  });
});

describe('numbers that a guest computes', () => {
  test('are those that it would compute unchanged', async () => {
    const guests = await Promise.all(
      COMPUTING.map(async ([, f32, f64]) => {
        const text = scalars(f32, f64);
        return { changed: await instance(text), plain: await instance(text, { ...ROOMY, grant: ['nan-bits'] }) };
      }),
    );
    const isNan = (bits: bigint): boolean => (bits & 0x7fff_ffff_ffff_ffffn) > 0x7ff0_0000_0000_0000n;
    const bits = fc.oneof(
      fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
      fc.double().map((value) => new DataView(new Float64Array([value]).buffer).getBigInt64(0, true)),
    );
    fc.assert(
      fc.property(bits, bits, (a, b) => {
        for (const { changed, plain } of guests) {
          const expected = plain.call('f64', a, b) as bigint;
          assert.equal(changed.call('f64', a, b), isNan(BigInt.asUintN(64, expected)) ? CANONICAL_F64 : expected);
        }
      }),
    );
  });

  test('are right in a function that catches exceptions and counts its work', async () => {
    const { call, depth } = await instance(`(module (tag $t (param f64))
      (func $throw (param f64) (throw $t (f64.sqrt (local.get 0))))
      (func (export "go") (param f64) (result i64) (local f32)
        (local.set 1 (f32.sqrt (f32.const 4)))
        (i64.reinterpret_f64 (f64.add (f64.promote_f32 (local.get 1))
          (block $caught (result f64) (try_table (catch $t $caught) (call $throw (local.get 0))) (f64.const 0))))))`);
    const bits = (value: number): bigint => new DataView(new Float64Array([value]).buffer).getBigInt64(0, true);
    assert.equal(call('go', 9), bits(5));
    assert.equal(call('go', -1), CANONICAL_F64);
    assert.equal(depth(), 0);
  });
});

describe('an instruction that differs between machines', () => {
  for (const [kind, text, offset] of [
    [
      'threads',
      '(memory 1 1 shared) (func (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))))',
      0x23,
    ],
    [
      'threads',
      '(memory 1 1 shared) (func (drop (memory.atomic.wait64 (i32.const 0) (i64.const 0) (i64.const -1))))',
      0x23,
    ],
    [
      'relaxed-simd',
      '(func) (func (param v128) (drop (i8x16.relaxed_swizzle (local.get 0) (local.get 0))))',
      undefined,
    ],
  ] as const) {
    test(`is refused with its place, unless it is granted: ${text}`, async () => {
      const module = `(module ${text})`;
      for (const budget of [undefined, ROOMY.budget]) {
        await assert.rejects(rewritten(module, { ...ROOMY, budget }), (error) => {
          assert.ok(error instanceof IndeterminismError);
          const { code, kind: found, function: index } = error;
          assert.deepEqual(
            { code, found, index },
            { code: 'indeterministic', found: kind, index: offset === undefined ? 1 : 0 },
          );
          if (offset !== undefined) assert.equal(error.offset, offset);
          return true;
        });
        await rewritten(module, { ...ROOMY, budget, grant: [kind] });
      }
    });
  }

  test('is refused when a component is loaded, with its offset in the component', async () => {
    const bytes = await assemble(`(component (core module (func (export "f") (param v128)
      (drop (i8x16.relaxed_swizzle (local.get 0) (local.get 0))))))`);
    await assert.rejects(loadModule(bytes), (error) => {
      assert.ok(error instanceof IndeterminismError);
      assert.deepEqual([...new Uint8Array(bytes).subarray(error.offset, error.offset + 3)], [0xfd, 0x80, 0x02]);
      return true;
    });
  });

  test('is not refused if it only belongs to threads', async () => {
    const { call, fuel } = await instance(`(module (memory 1 1 shared)
      (func (export "go") (result i32)
        (atomic.fence) (drop (memory.atomic.notify offset=4 (i32.const 0) (i32.const 1)))
        (drop (i32.atomic.rmw.add offset=3 (i32.const 1) (i32.const 3)))
        (drop (i64.atomic.rmw32.cmpxchg_u offset=11 (i32.const 5) (i64.const 3) (i64.const 3)))
        (i32.atomic.load (i32.const 4))))`);
    assert.equal(call('go'), 3);
    assert.equal(fuel(), 1);
  });
});

describe('the option grant', () => {
  test('is refused if it names something unknown', async () => {
    const bytes = await assemble('(component)');
    await assert.rejects(
      loadModule(bytes, { grant: ['clock' as 'threads'] }),
      (error) => isArgumentError(error) && error.argument === 'grant[0]',
    );
    await assert.rejects(
      loadModule(bytes, { grant: 'threads' as never }),
      (error) => isArgumentError(error) && error.argument === 'grant',
    );
  });
});
