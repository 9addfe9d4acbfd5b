/** *CanonicalABI.md*, "Flat Lowering": writes values as core values. `vectors/` has the results for all types. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type GuestType, named } from './guests.ts';
import { i32, probe, relay, START } from './probe.ts';

/** Lowers a value to the core arguments that the guest is called with. */
async function lower(type: GuestType, value: unknown, encoding = 'utf8'): Promise<string> {
  return (await probe(type, encoding)).take(value).core;
}

const one = (type: string, flat = 'i32'): GuestType => ({ type, flat });

describe('lower_flat', () => {
  test('writes integers in twos complement of the whole core value', async () => {
    for (const [type, value, core] of [
      ['u8', 255, '000000ff'],
      ['s8', -1, 'ffffffff'],
      ['u16', 65535, '0000ffff'],
      ['s16', -32768, 'ffff8000'],
      ['u32', 0xffff_ffff, 'ffffffff'],
      ['s32', -1, 'ffffffff'],
    ] as const) {
      assert.equal(await lower(one(type), value), core, type);
    }
    assert.equal(await lower(one('u64', 'i64'), 2n ** 63n), '8000000000000000');
    assert.equal(await lower(one('s64', 'i64'), -1n), 'ffffffffffffffff');
  });

  test('writes a bool as 0 or 1, and a char as its code', async () => {
    assert.deepEqual([await lower(one('bool'), true), await lower(one('bool'), false)], ['00000001', '00000000']);
    assert.equal(await lower(one('char'), '🍰'), '0001f370');
  });

  test('makes every NaN canonical', async () => {
    const payload = new Float64Array(BigUint64Array.of(0xfff8_0000_dead_beefn).buffer)[0];
    assert.equal(await lower(one('f64', 'f64'), payload), '7ff8000000000000');
    assert.equal(await lower(one('f32', 'f32'), payload), '7fc00000');
    const { pass } = await relay(one('f64', 'f64'));
    assert.equal(pass({ core: 'fff80000deadbeef' }).core, '7ff8000000000000');
  });

  test('rounds a number to the nearest f32', async () => {
    assert.equal(await lower(one('f32', 'f32'), 0.1), '3dcccccd');
    assert.equal(await lower(one('f32', 'f32'), 1e300), '7f800000');
  });
});

describe('lower_flat_string and lower_flat_list', () => {
  test('return the pointer from realloc, and the length', async () => {
    assert.equal(await lower(one('string', 'i32 i32'), 'é'), i32(START, 2));
    assert.equal(await lower(one('string', 'i32 i32'), 'é', 'utf16'), i32(START, 1));
    assert.equal(await lower(one('string', 'i32 i32'), '☃', 'latin1+utf16'), i32(START, 0x8000_0001));
    assert.equal(await lower(one('(list u64)', 'i32 i32'), [1n, 2n]), i32(START, 2));
    assert.equal(await lower(one('(map u8 u8)', 'i32 i32'), new Map([[1, 2]])), i32(START, 1));
  });

  test('lower a fixed-length list like a tuple', async () => {
    assert.equal(await lower(one('(list s8 3)', 'i32 i32 i32'), [1, -1, 2]), i32(1, -1, 2));
    assert.equal(
      await lower(one('(list (tuple u8 f32) 2)', 'i32 f32 i32 f32'), [
        [1, 1],
        [2, 2],
      ]),
      '00000001 3f800000 00000002 40000000',
    );
  });
});

describe('lower_flat_variant', () => {
  const type = named(
    `(variant (case "s32" s32) (case "f32" f32) (case "f64" f64) (case "none") (case "pair" (tuple u64 f32)))`,
    'i32 i64 f32',
  );

  test('reinterprets floats and zero-extends an i32 if the case was joined with wider core values', async () => {
    for (const [value, core] of [
      [{ tag: 's32', val: -1 }, '00000000 00000000ffffffff 00000000'],
      [{ tag: 'f32', val: -1 }, '00000001 00000000bf800000 00000000'],
      [{ tag: 'f64', val: 1.5 }, '00000002 3ff8000000000000 00000000'],
      [{ tag: 'pair', val: [2n ** 64n - 1n, 2] }, '00000004 ffffffffffffffff 40000000'],
    ] as const) {
      assert.equal(await lower(type, value), core);
    }
    const narrow = named('(variant (case "f32" f32) (case "u32" u32))', 'i32 i32');
    assert.equal(await lower(narrow, { tag: 'f32', val: -1 }), '00000000 bf800000');
  });

  test('writes zeros for the core values that the case does not need, whatever the last call wrote', async () => {
    const { take } = await probe(type);
    take({ tag: 'pair', val: [2n ** 64n - 1n, 2] });
    assert.equal(take({ tag: 'none' }).core, '00000003 0000000000000000 00000000');
    take({ tag: 'pair', val: [2n ** 64n - 1n, 2] });
    assert.equal(take({ tag: 's32', val: 5 }).core, '00000000 0000000000000005 00000000');
  });

  test('makes a NaN canonical before it is reinterpreted', async () => {
    assert.equal(await lower(type, { tag: 'f32', val: Number.NaN }), '00000001 000000007fc00000 00000000');
    const { pass } = await relay(type);
    const scrambled = '00000002 fff800000000beef 00000000';
    assert.equal(pass({ core: scrambled }).core, '00000002 7ff8000000000000 00000000');
  });

  test('drops the core values that the case does not need, between components', async () => {
    const { pass } = await relay(type);
    const dirty = '00000000 ffffffff00000007 7fc00001';
    assert.equal(pass({ core: dirty }).core, '00000000 0000000000000007 00000000');
  });
});

describe('lower_flat_flags', () => {
  test('packs the labels into an i32, and drops the other bits between components', async () => {
    const type = named('(flags "a" "b" "c")', 'i32');
    assert.equal(await lower(type, { a: true, c: true }), '00000005');
    assert.equal((await relay(type)).pass({ core: 'fffffffd' }).core, '00000005');
  });
});
