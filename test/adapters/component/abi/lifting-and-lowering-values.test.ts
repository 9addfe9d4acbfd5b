/**
 * *CanonicalABI.md*, "Lifting and Lowering Values": parameters and results of whole functions, including those that are
 * too many to be passed flat. Their bytes are in `vectors/functions.json`.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isTrap } from 'decidable/component';
import { run } from './guests.ts';
import { END, i32, probe, relay, START } from './probe.ts';

function traps(call: () => unknown, message: RegExp): void {
  assert.throws(call, (error) => {
    assert.ok(isTrap(error), String(error));
    assert.match(error.message, message);
    return true;
  });
}

/** Seventeen core values, with an alignment of 8. */
const SPILLED = { type: `(tuple u64 ${'u8 '.repeat(16)})`, flat: `i64 ${'i32 '.repeat(16).trim()}` };
const SIZE = 24;
const values = [2n, ...new Array<number>(16).fill(7)];
const bytes = '0200000000000000' + '07'.repeat(16);

describe('lift_flat_values for parameters that are spilled', () => {
  test('loads them as a tuple from the address in the only core argument', async () => {
    assert.deepEqual((await probe(SPILLED)).pass({ core: i32(START), memory: bytes }), values);
  });

  for (const [what, pointer, message] of [
    ['is not aligned', START + 4, /unaligned/],
    ['is beyond the memory', END, /out of bounds/],
    ['leaves too little memory', END - SIZE + 8, /out of bounds/],
    ['is close to 2^32', 0xffff_fff8, /out of bounds/],
  ] as const) {
    test(`traps if the pointer ${what}`, async () => {
      const { pass } = await probe(SPILLED);
      traps(() => pass({ core: i32(pointer) }), message);
      const between = await relay(SPILLED);
      traps(() => between.pass({ core: i32(pointer) }), message);
    });
  }

  test('accepts a tuple that ends at the end of the memory', async () => {
    assert.deepEqual((await probe(SPILLED)).pass({ core: i32(65536 - SIZE) }), [0n, ...new Array<number>(16).fill(0)]);
  });
});

describe('lift_flat_values for a result that is spilled', () => {
  for (const [what, pointer, message] of [
    ['is not aligned', START + 2, /unaligned/],
    ['is beyond the memory', END, /out of bounds/],
    ['leaves too little memory', END - 4, /out of bounds/],
    ['is close to 2^32', 0xffff_fffc, /out of bounds/],
  ] as const) {
    test(`traps if the pointer ${what}`, async () => {
      for (const type of ['string', '(tuple u8 u32)', '(option u32)']) {
        const { give } = await probe({ type, flat: 'i32 i32' });
        traps(() => give({ core: i32(pointer) }), message);
        const between = await relay({ type, flat: 'i32 i32' });
        traps(() => between.ask({ core: i32(pointer) }, 8), message);
      }
    });
  }

  for (const [type, pointer] of [
    ['(result (own $r) (error u8))', 2],
    ['(result (own $r) (error u8))', 65536 - 4],
    ['(result string)', 65536 - 8],
  ] as const) {
    test(`traps in the same way for a ${type} at ${pointer}, with handles as numbers`, async () => {
      const { exports } = await run(
        `(component
          (type $r' (resource (rep i32))) (export $r "r" (type $r'))
          (core module $M (memory (export "memory") 1)
            (func (export "f") (param i32 i32) (result i32) (i32.const ${pointer})))
          (core instance $m (instantiate $M))
          (func (export "f") (param "a" u8) (param "b" u8) (result ${type})
            (canon lift (core func $m "f") (memory (core memory $m "memory")))))`,
        {},
        { resources: 'handles' },
      );
      traps(() => (exports.f as (a: number, b: number) => unknown)(1, 2), /unaligned|out of bounds/);
    });
  }
});

describe('lower_flat_values for parameters that are spilled', () => {
  test('allocates a tuple for them before anything in it', async () => {
    const type = { type: `(tuple string ${'u8 '.repeat(15)})`, flat: 'i32 '.repeat(17).trim() };
    const lowered = (await probe(type)).take(['x', ...new Array<number>(15).fill(7)]);
    assert.equal(lowered.realloc, '0 0 4 24, 0 0 1 1');
    assert.equal(lowered.core, i32(START));
  });

  test('traps if the pointer from realloc is unaligned or out of bounds', async () => {
    for (const [pointer, message] of [
      [START + 4, /not aligned/],
      [END, /beyond end of memory/],
      [END - SIZE + 8, /beyond end of memory/],
      [0xffff_fff8, /beyond end of memory/],
    ] as const) {
      const { recorder, take } = await probe(SPILLED);
      recorder.lie(1, pointer);
      traps(() => take(values), message);
      const { callee, pass } = await relay(SPILLED);
      callee.lie(1, pointer);
      traps(() => pass({ core: i32(START), memory: bytes }), message);
    }
  });
});

describe('lower_flat_values for a result that is spilled', () => {
  /** A guest that passes `pointer` as the address for the result of an import. */
  async function asking(type: string, pointer: number, answer: unknown): Promise<() => unknown> {
    const { exports } = await run(
      `(component
        (import "f" (func $f (result ${type})))
        (core module $L (memory (export "memory") 1)
          (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64)))
        (core instance $l (instantiate $L))
        (core func $f' (canon lower (func $f) (memory (core memory $l "memory")) (realloc (core func $l "realloc"))))
        (core module $M (import "" "f" (func $f (param i32))) (func (export "ask") (call $f (i32.const ${pointer}))))
        (core instance $m (instantiate $M (with "" (instance (export "f" (func $f'))))))
        (func (export "ask") (canon lift (core func $m "ask"))))`,
      { f: () => answer },
    );
    return exports.ask as () => unknown;
  }

  test('stores it at the address in the last core argument, and allocates nothing', async () => {
    const lowered = (await probe({ type: '(tuple u8 u32)', flat: 'i32 i32' })).ask([1, 2], 8);
    assert.deepEqual(lowered, { core: '', area: '0100000002000000' });
  });

  for (const [what, pointer, message] of [
    ['is not aligned', 6, /unaligned/],
    ['is beyond the memory', 65536, /out of bounds/],
    ['leaves too little memory', 65536 - 4, /out of bounds/],
    ['is close to 2^32', -4, /out of bounds/],
  ] as const) {
    test(`traps if the pointer ${what}`, async () => {
      traps(await asking('(tuple u8 u32)', pointer, [1, 2]), message);
      traps(await asking('string', pointer, 'x'), message);
    });
  }
});
