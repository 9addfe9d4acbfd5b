/** *CanonicalABI.md*, "Flat Lifting": reads values from core values. `vectors/` tests valid ones too. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isTrap } from 'decidable/component';
import { type GuestType, named } from './guests.ts';
import { i32, probe, START } from './probe.ts';

/** Lifts the value that the guest passes as core arguments. */
async function lift(type: GuestType, core: string, memory = '', encoding = 'utf8'): Promise<unknown> {
  const { pass } = await probe(type, encoding);
  return pass({ core, memory });
}

async function traps(lifting: Promise<unknown>, message: RegExp): Promise<void> {
  await assert.rejects(lifting, (error) => {
    assert.ok(isTrap(error), String(error));
    assert.match(error.message, message);
    return true;
  });
}

const one = (type: string, flat = 'i32'): GuestType => ({ type, flat });

describe('lift_flat_unsigned and lift_flat_signed', () => {
  test('ignore the bits beyond the type, and take the sign from its highest bit', async () => {
    for (const [type, core, value] of [
      ['u8', 'ffffff01', 1],
      ['u8', 'ffffffff', 255],
      ['s8', '0000017f', 127],
      ['s8', '00000080', -128],
      ['u16', 'ffff0001', 1],
      ['s16', '0001ffff', -1],
      ['s16', 'ffff7fff', 32767],
      ['u32', 'ffffffff', 0xffff_ffff],
      ['s32', '80000000', -(2 ** 31)],
    ] as const) {
      assert.equal(await lift(one(type), core), value, `${type} ${core}`);
    }
    assert.equal(await lift(one('u64', 'i64'), 'ffffffffffffffff'), 2n ** 64n - 1n);
    assert.equal(await lift(one('s64', 'i64'), 'ffffffffffffffff'), -1n);
  });
});

describe('lift_flat', () => {
  test('reads every number except 0 as true for a bool', async () => {
    assert.equal(await lift(one('bool'), '00000000'), false);
    for (const core of ['00000001', '00000100', '80000000']) assert.equal(await lift(one('bool'), core), true);
  });

  test('discards the sign and payload of a NaN', async () => {
    const bits = new DataView(new ArrayBuffer(8));
    bits.setFloat64(0, (await lift(one('f64', 'f64'), 'fff80000deadbeef')) as number);
    assert.equal(bits.getBigUint64(0), 0x7ff8_0000_0000_0000n);
    assert.ok(Object.is(await lift(one('f32', 'f32'), '80000000'), -0));
  });

  test('traps for a char that is not a scalar value', async () => {
    assert.equal(await lift(one('char'), '0010ffff'), '\u{10ffff}');
    for (const core of ['0000d800', '0000dfff', '00110000', 'ffffffff']) {
      await traps(lift(one('char'), core), /invalid `char`/);
    }
  });
});

describe('lift_flat_string and lift_flat_list', () => {
  test('read an unsigned pointer and length, with the same checks as loading', async () => {
    assert.equal(await lift(one('string', 'i32 i32'), i32(START, 3), 'e29883'), '☃');
    await traps(lift(one('string', 'i32 i32'), i32(-1, 1)), /out of bounds/);
    await traps(lift(one('(list u8)', 'i32 i32'), i32(0, -1)), /too many bytes/);
    await traps(lift(one('(list u32)', 'i32 i32'), i32(2, 0)), /unaligned/);
    await traps(lift(one('(map u8 u32)', 'i32 i32'), i32(2, 0)), /unaligned/);
    await traps(lift(one('string', 'i32 i32'), i32(START + 1, 0), '', 'utf16'), /unaligned/);
    assert.equal(await lift(one('string', 'i32 i32'), i32(START, 2 ** 31 + 1), '0326', 'latin1+utf16'), '☃');
  });

  test('lift a fixed-length list like a tuple', async () => {
    assert.deepEqual(await lift(one('(list s8 3)', 'i32 i32 i32'), i32(1, 0x1ff, 0x80)), Int8Array.of(1, -1, -128));
    assert.deepEqual(
      await lift(one('(list (tuple u8 f32) 2)', 'i32 f32 i32 f32'), '00000001 3f800000 00000002 40000000'),
      [
        [1, 1],
        [2, 2],
      ],
    );
  });
});

describe('lift_flat_variant', () => {
  const mixed: GuestType = named(
    `(variant (case "i32" u32) (case "f32" f32) (case "f64" f64) (case "s8" s8) (case "none") (case "pair" (tuple u64 f32)))`,
    'i32 i64 f32',
  );

  test('reinterprets and wraps the joined core values for the type of the case', async () => {
    for (const [core, value] of [
      ['00000000 ffffffff00000007 00000000', { tag: 'i32', val: 7 }],
      ['00000000 00000000ffffffff 00000000', { tag: 'i32', val: 0xffff_ffff }],
      ['00000001 ffffffff3fc00000 00000000', { tag: 'f32', val: 1.5 }],
      ['00000002 3ff8000000000000 00000000', { tag: 'f64', val: 1.5 }],
      ['00000003 ffffffffffffff80 00000000', { tag: 's8', val: -128 }],
      ['00000005 ffffffffffffffff 40000000', { tag: 'pair', val: [2n ** 64n - 1n, 2] }],
    ] as const) {
      assert.deepEqual(await lift(mixed, core), value);
    }
    const flag = named('(variant (case "bool" bool) (case "u64" u64))', 'i32 i64');
    assert.deepEqual(await lift(flag, '00000000 ffffffff00000000'), { tag: 'bool', val: false });
    assert.deepEqual(await lift(flag, '00000000 0000000180000000'), { tag: 'bool', val: true });
    const narrow = named('(variant (case "i32" u32) (case "f32" f32))', 'i32 i32');
    assert.deepEqual(await lift(narrow, '00000001 bf800000'), { tag: 'f32', val: -1 });
  });

  test('makes every NaN canonical, whatever its type was joined with', async () => {
    for (const core of ['00000001 ffffffffffc00001 00000000', '00000002 fff800000000beef 00000000']) {
      const { val } = (await lift(mixed, core)) as { val: number };
      assert.equal(new BigUint64Array(Float64Array.of(val).buffer)[0], 0x7ff8_0000_0000_0000n);
    }
  });

  test('ignores the core values that the case does not need', async () => {
    assert.deepEqual(await lift(mixed, '00000004 deadbeefdeadbeef 7fc00001'), { tag: 'none' });
    const then = { ...mixed, type: '(tuple $t u8)', flat: 'i32 i64 f32 i32' };
    assert.deepEqual(await lift(then, '00000004 deadbeefdeadbeef 7fc00001 00000009'), [{ tag: 'none' }, 9]);
    assert.deepEqual(await lift(then, '00000003 deadbeefdeadbe05 7fc00001 00000009'), [{ tag: 's8', val: 5 }, 9]);
  });

  test('traps if no case has the discriminant, as an unsigned number', async () => {
    for (const discriminant of ['00000006', '00000100', 'ffffffff']) {
      await traps(lift(mixed, `${discriminant} 0000000000000000 00000000`), /discriminant/);
    }
    for (const [type, flat] of [
      ['(option u8)', 'i32 i32'],
      ['(result u8)', 'i32 i32'],
      ['(result)', 'i32'],
    ] as const) {
      await traps(lift(one(type, flat), '00000002 00000000'), /discriminant/);
    }
    await traps(lift(named('(enum "a" "b")', 'i32'), '00000100'), /discriminant/);
  });

  test('coerces through variants inside variants', async () => {
    const type = named(
      '(variant (case "inner" (result f32 (error f64))) (case "wide" (tuple u64 u64)))',
      'i32 i64 i64',
    );
    assert.deepEqual(await lift(type, '00000000 ffffffff00000000 000000003fc00000'), {
      tag: 'inner',
      val: { tag: 'ok', val: 1.5 },
    });
    await traps(lift(type, '00000000 0000000000000002 0000000000000000'), /discriminant/);
  });
});

describe('lift_flat_flags', () => {
  test('ignores the bits beyond the labels', async () => {
    assert.deepEqual(await lift(named('(flags "a" "b")', 'i32'), 'fffffffe'), { a: false, b: true });
  });
});
