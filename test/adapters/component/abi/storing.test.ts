/**
 * *CanonicalABI.md*, "Storing": writes values to linear memory. `vectors/` tests the bytes of all types and each step
 * of every transcoding. This file tests values of the host that the reference does not have, and traps.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isTrap } from 'decidable/component';
import { type GuestType, named } from './guests.ts';
import { END, i32, probe, relay, START } from './probe.ts';
import type { Lowered } from './vectors/vectors.ts';

/** Stores one value of a type, as the only element of a list. Returns the bytes of the whole memory. */
async function store({ type, definitions = '' }: GuestType, value: unknown, encoding = 'utf8'): Promise<Lowered> {
  const { take } = await probe({ type: `(list ${type})`, definitions, flat: 'i32 i32' }, encoding);
  return take([value]);
}

const plain = (type: string): GuestType => ({ type, flat: '' });

describe('store', () => {
  test('stores 1 for every truthy value of a bool, and 0 for all others', async () => {
    for (const [value, byte] of [
      [true, '01'],
      [2, '01'],
      ['false', '01'],
      [{}, '01'],
      [false, '00'],
      [0, '00'],
      ['', '00'],
      [undefined, '00'],
    ] as const) {
      assert.equal((await store(plain('bool'), value)).memory, byte, String(value));
    }
  });
});

describe('store_int', () => {
  test('is little-endian, in twos complement', async () => {
    assert.equal((await store(plain('u32'), 0x1234_5678)).memory, '78563412');
    assert.equal((await store(plain('s16'), -2)).memory, 'feff');
    assert.equal((await store(plain('s64'), -2n)).memory, 'feffffffffffffff');
  });
});

describe('maybe_scramble_nan', () => {
  test('makes every NaN canonical, as in the deterministic profile', async () => {
    const scrambled = new Float64Array(BigUint64Array.of(0xfff8_0000_dead_beefn).buffer);
    const floats = new Float32Array(Uint32Array.of(0xffc0_0001).buffer);
    assert.equal((await store(plain('(list f64)'), scrambled)).memory?.slice(16), '000000000000f87f');
    assert.equal((await store(plain('(list f32)'), floats)).memory?.slice(16), '0000c07f');
    assert.equal((await store(plain('(tuple f64)'), [scrambled[0]])).memory, '000000000000f87f');
    assert.equal((await store(plain('(tuple f32)'), [floats[0]])).memory, '0000c07f');
    assert.equal((await store(plain('f32'), Number.NaN)).memory, '0000c07f');
  });

  test('does so between components too', async () => {
    for (const [type, bytes, canonical] of [
      ['(list f64)', 'efbeadde0000f8ff', '000000000000f87f'],
      ['(list f32)', '0100c0ff', '0000c07f'],
      ['(list (tuple f32))', '0100c0ff', '0000c07f'],
    ] as const) {
      const { pass } = await relay({ type, flat: 'i32 i32' });
      assert.equal(pass({ core: i32(START, 1), memory: bytes }).memory, canonical, type);
    }
  });
});

describe('store_string for a string of the host', () => {
  const passed = async (text: string, encoding: string) => {
    const { take } = await probe({ type: 'string', flat: 'i32 i32' }, encoding);
    return take(text);
  };

  test('allocates once, with the size of the string in the encoding of the guest', async () => {
    for (const [encoding, text, realloc, units] of [
      ['utf8', 'a☃🍰', '0 0 1 8', 8],
      ['utf16', 'a☃🍰', '0 0 2 8', 4],
      ['latin1+utf16', 'grün', '0 0 2 4', 4],
      ['latin1+utf16', 'a☃', '0 0 2 4', 0x8000_0002],
      ['utf8', 'a'.repeat(100), '0 0 1 100', 100],
    ] as const) {
      const lowered = await passed(text, encoding);
      assert.deepEqual([lowered.realloc, lowered.core], [realloc, i32(START, units)], `${text} in ${encoding}`);
    }
  });

  test('replaces lone surrogates, as a USVString does', async () => {
    for (const text of ['\ud800', 'x\udc00y', '\udc00\ud800', '🍰\ud83c']) {
      assert.equal((await passed(text, 'utf8')).memory, Buffer.from(text.toWellFormed()).toString('hex'));
      for (const encoding of ['utf16', 'latin1+utf16']) {
        const expected = Buffer.from(text.toWellFormed(), 'utf16le').toString('hex');
        assert.equal((await passed(text, encoding)).memory, expected);
      }
    }
  });

  test('stores the string, whatever was stored before it', async () => {
    for (const text of [
      'ab',
      'ab',
      'cd',
      'ab',
      'aé',
      'ab',
      'é',
      'é',
      '',
      'a',
      'ab'.repeat(16),
      'ab'.repeat(17),
      'ab',
    ]) {
      assert.equal((await passed(text, 'utf8')).memory, Buffer.from(text).toString('hex'));
    }
  });

  test('stores long strings', async () => {
    const text = '🏦 account '.repeat(2_000);
    assert.equal((await passed(text, 'utf8')).memory, Buffer.from(text).toString('hex'));
    assert.equal((await passed(text, 'utf16')).memory, Buffer.from(text, 'utf16le').toString('hex'));
  });
});

// The results of `realloc` --
// The results of `realloc` -------------------------------------------------------------------------------------------

function traps(call: () => unknown, message: RegExp): void {
  assert.throws(call, (error) => {
    assert.ok(isTrap(error), String(error));
    assert.match(error.message, message);
    return true;
  });
}

describe('store_string_into_range, between components', () => {
  for (const [name, from, to, text, tag, calls] of [
    ['store_string_copy of utf8', 'utf8', 'utf8', 'text', 0, [1]],
    ['store_string_copy of utf16', 'utf16', 'utf16', 'text', 0, [2]],
    ['store_string_copy of latin1', 'latin1+utf16', 'latin1+utf16', 'text', 0, [2]],
    ['store_string_copy of latin1 to utf16', 'latin1+utf16', 'utf16', 'text', 0, [2]],
    ['store_utf16_to_utf8', 'utf16', 'utf8', 'a☃', 0, [1, 1, 1]],
    ['store_latin1_to_utf8', 'latin1+utf16', 'utf8', 'aé', 0, [1, 1, 1]],
    ['store_utf8_to_utf16', 'utf8', 'utf16', 'a☃', 0, [2, 2]],
    ['store_string_to_latin1_or_utf16, to latin1', 'utf8', 'latin1+utf16', 'aé', 0, [2, 2]],
    ['store_string_to_latin1_or_utf16, to utf16', 'utf8', 'latin1+utf16', 'a☃', 0, [2, 2, 2]],
    ['store_probably_utf16_to_latin1_or_utf16', 'latin1+utf16', 'latin1+utf16', 'aé', 2 ** 31, [2, 1]],
  ] as const) {
    const bytes = Buffer.from(text, from === 'utf8' ? 'utf8' : from === 'utf16' || tag > 0 ? 'utf16le' : 'latin1');
    const units = (from === 'utf8' ? bytes.length : text.length) + tag;
    const written = { core: i32(START, units), memory: bytes.toString('hex') };

    test(`calls realloc with alignments ${calls.join(', ')} and checks each result: ${name}`, async () => {
      const honest = await relay({ type: 'string', flat: 'i32 i32' }, from, to);
      const alignments = honest
        .pass(written)
        .realloc?.split(', ')
        .map((call) => Number(call.split(' ')[2]));
      assert.deepEqual(alignments, calls);
      for (const [index, alignment] of calls.entries()) {
        const lying = async (pointer: number) => {
          const { callee, pass } = await relay({ type: 'string', flat: 'i32 i32' }, from, to);
          callee.lie(index + 1, pointer);
          return () => pass(written);
        };
        traps(await lying(END), /beyond end of memory/);
        traps(await lying(0xffff_fff0), /beyond end of memory/);
        if (alignment === 2) traps(await lying(START + 1), /not aligned/);
      }
    });
  }
});

describe('store_list_into_range', () => {
  for (const [type, value, odd] of [
    ['(list u8)', Uint8Array.of(1, 2), undefined],
    ['(list u16)', Uint16Array.of(1, 2), START + 1],
    ['(list string)', ['x'], START + 2],
    ['(list (tuple u8 u64))', [[1, 2n]], START + 4],
    ['(map u8 u32)', new Map([[1, 2]]), START + 2],
    ['(list u64)', [], START + 4],
  ] as const) {
    test(`traps if the pointer from realloc is unaligned or out of bounds, for a ${type}`, async () => {
      const lying = async (pointer: number) => {
        const { recorder, take } = await probe({ type, flat: 'i32 i32' });
        recorder.lie(1, pointer);
        return () => take(value);
      };
      traps(await lying(END + 8), /beyond end of memory/);
      traps(await lying(0xffff_fff8), /beyond end of memory/);
      if (odd !== undefined) traps(await lying(odd), /not aligned/);
    });
  }

  test('refuses a list of more bytes than fit into a 32-bit memory', async () => {
    class Long extends Uint8Array {
      override get length() {
        return 2 ** 32;
      }
    }
    for (const [type, value] of [
      ['(list u8)', new Long(1)],
      ['(list u64)', new Array(2 ** 29)],
      ['(list (tuple u8 u64))', new Array(2 ** 28)],
    ] as const) {
      const { take } = await probe({ type, flat: 'i32 i32' });
      assert.throws(
        () => take(value),
        /take\(value\): expected a list of at most 4294967295 bytes, got one of 4294967296$/,
        type,
      );
    }
    for (const [type, value] of [
      ['(list u8)', new Array(2 ** 32 - 1)],
      ['(list s8)', new Array(2 ** 32 - 1)],
    ] as const) {
      const { take } = await probe({ type, flat: 'i32 i32' });
      traps(() => take(value), /beyond end of memory/);
    }
  });

  test('allocates nothing for a fixed-length list in memory, and no bytes for an empty list', async () => {
    assert.equal((await store(plain('(list u16 2)'), [1, 2])).realloc, '0 0 2 4');
    const { take } = await probe({ type: '(list u64)', flat: 'i32 i32' });
    assert.equal(take([]).realloc, '0 0 8 0');
  });

  test('allocates a list before its content, and elements in their order', async () => {
    const { take } = await probe({ type: '(list (list u8))', flat: 'i32 i32' });
    assert.equal(take([[1], [2, 3]]).realloc, '0 0 4 16, 0 0 1 1, 0 0 1 2');
  });
});

describe('store_record', () => {
  test('does not write to the padding', async () => {
    const type = named('(record (field "a" u8) (field "b" u32) (field "c" u8))', '');
    assert.equal((await store(type, { a: 1, b: 2, c: 3 })).memory, '01000000 02000000 03000000'.replaceAll(' ', ''));
    const guest = await probe({ ...type, type: '(tuple $t $t)', flat: 'i32 i32 i32 i32 i32 i32' });
    guest.recorder.bytes.fill(0xff, 0, START);
    const { area } = guest.ask(
      [
        { a: 1, b: 2, c: 3 },
        { a: 4, b: 5, c: 6 },
      ],
      24,
    );
    assert.equal(area, '01ffffff0200000003ffffff04ffffff0500000006ffffff');
  });
});

describe('store_variant', () => {
  test('writes only the discriminant and the payload', async () => {
    const type = named('(variant (case "a" u64) (case "b" u8) (case "c"))', 'i32 i64');
    for (const [value, bytes] of [
      [{ tag: 'a', val: 1n }, '00ffffffffffffff0100000000000000'],
      [{ tag: 'b', val: 2 }, '01ffffffffffffff02ffffffffffffff'],
      [{ tag: 'c' }, '02ffffffffffffffffffffffffffffff'],
    ] as const) {
      const guest = await probe(type);
      guest.recorder.bytes.fill(0xff, 0, START);
      assert.equal(guest.ask(value, 16).area, bytes);
    }
  });
});

describe('store_flags', () => {
  test('packs the labels from the lowest bit on', async () => {
    const type = named('(flags "a" "b" "c" "d" "e" "f" "g" "h" "i")', '');
    assert.equal((await store(type, { a: true, c: true, i: true })).memory, '0501');
  });
});
