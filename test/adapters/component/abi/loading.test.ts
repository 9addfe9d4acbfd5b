/** *CanonicalABI.md*, "Loading": reads values from linear memory. `vectors/` tests more valid values. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isTrap } from 'decidable/component';
import { type GuestType, named } from './guests.ts';
import { END, i32, probe, START } from './probe.ts';

/** Loads one value of a type from the bytes of the only element of a list. */
async function load({ type, definitions = '' }: GuestType, bytes: string, encoding = 'utf8'): Promise<unknown> {
  const { pass } = await probe({ type: `(list ${type})`, definitions, flat: 'i32 i32' }, encoding);
  return Array.from(pass({ core: i32(START, 1), memory: bytes.replaceAll(' ', '') }) as Iterable<unknown>)[0];
}

/** Returns an integer as bytes in the byte order of memory. */
function i32Hex(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes.toString('hex');
}

const plain = (type: string): GuestType => ({ type, flat: '' });

async function traps(loading: Promise<unknown>, message: RegExp): Promise<void> {
  await assert.rejects(loading, (error) => {
    assert.ok(isTrap(error), String(error));
    assert.match(error.message, message);
    return true;
  });
}

describe('load_int', () => {
  test('is little-endian and determines the sign by the type', async () => {
    for (const [type, bytes, value] of [
      ['u8', 'ff', 255],
      ['s8', 'ff', -1],
      ['u16', '0180', 0x8001],
      ['s16', '0180', -0x7fff],
      ['u32', '01000080', 0x8000_0001],
      ['s32', '01000080', -0x7fff_ffff],
      ['u64', '0100000000000080', 2n ** 63n + 1n],
      ['s64', '0100000000000080', 1n - 2n ** 63n],
    ] as const) {
      assert.equal(await load(plain(type), bytes), value, type);
      // Lists of numbers are copied as a whole, but this number is not part of a list.
      assert.deepEqual(await load(plain(`(tuple ${type})`), bytes), [value], type);
    }
  });
});

describe('convert_int_to_bool', () => {
  test('returns false for 0 and true for all other numbers', async () => {
    assert.deepEqual(await Promise.all(['00', '01', '02', 'ff'].map((byte) => load(plain('bool'), byte))), [
      false,
      true,
      true,
      true,
    ]);
  });
});

describe('canonicalize_nan', () => {
  test('discards sign and payload of a NaN, alone and in a list', async () => {
    const bitsOf = (values: unknown) => Buffer.from((values as Float64Array).buffer).toString('hex');
    assert.equal(bitsOf(await load(plain('(list f32)'), `${hexPair(START + 8, 1)} 010080ff`)), '0000c07f');
    assert.equal(
      bitsOf(await load(plain('(list f64)'), `${hexPair(START + 8, 1)} 010000000000f8ff`)),
      '000000000000f87f',
    );
    for (const [type, bytes] of [
      ['(tuple f64)', 'deadbeef0000f8ff'],
      ['(tuple f32)', '0100c0ff'],
    ] as const) {
      const alone = Float64Array.of((await load(plain(type), bytes).then(first)) as number);
      assert.equal(bitsOf(alone), '000000000000f87f', type);
    }
  });

  test('keeps every other float, such as -0 and subnormal ones', async () => {
    assert.ok(Object.is(await load(plain('f32'), '00000080'), -0));
    assert.equal(await load(plain('f64'), '0100000000000000'), 5e-324);
  });
});

const first = (tuple: unknown) => (tuple as unknown[])[0];

/** Two 32-bit words, as bytes. */
function hexPair(a: number, b: number): string {
  return Buffer.from(Uint32Array.of(a, b).buffer).toString('hex');
}

describe('convert_i32_to_char', () => {
  test('accepts all scalar values', async () => {
    assert.equal(await load(plain('char'), 'ffd70000'), '\ud7ff');
    assert.equal(await load(plain('char'), '00e00000'), '\ue000');
    assert.equal(await load(plain('char'), 'ffff1000'), '\u{10ffff}');
  });

  test('traps for surrogates and beyond U+10FFFF', async () => {
    for (const bytes of ['00d80000', 'ffdf0000', '00001100', 'ffffffff']) {
      await traps(load(plain('char'), bytes), /invalid `char`/);
    }
  });
});

describe('load_string_from_range', () => {
  const at = START + 8;
  const text = (pointer: number, units: number, bytes = '', encoding = 'utf8') =>
    load(plain('string'), `${hexPair(pointer, units)} ${bytes}`, encoding);

  test('counts bytes in utf8, and code units of two bytes in utf16', async () => {
    assert.equal(await text(at, 3, 'e29883'), '☃');
    assert.equal(await text(at, 1, '0326', 'utf16'), '☃');
    assert.equal(await text(at, 2, '3cd870df', 'utf16'), '🍰');
  });

  test('determines the encoding of latin1+utf16 by the high bit of the length', async () => {
    assert.equal(await text(at, 2, 'e9ff', 'latin1+utf16'), 'éÿ');
    assert.equal(await text(at, 0x8000_0001, 'e900', 'latin1+utf16'), 'é');
    // Windows-1252 has other characters there.
    assert.equal(await text(at, 2, '8099', 'latin1+utf16'), '\x80\x99');
  });

  test('accepts an empty string at any aligned address up to the end of the memory', async () => {
    assert.equal(await text(END, 0), '');
    await traps(text(END + 1, 0), /out-of-bounds/);
  });

  test('traps if there are more than 2^28 - 1 bytes', async () => {
    await traps(text(0, 2 ** 28), /too many bytes/);
    await traps(text(0, 2 ** 27, '', 'utf16'), /too many bytes/);
    await traps(text(0, 2 ** 31 + 2 ** 27, '', 'latin1+utf16'), /too many bytes/);
    await traps(text(0, 2 ** 28, '', 'latin1+utf16'), /too many bytes/);
    await traps(text(0, 2 ** 28 - 1), /out of bounds/);
  });

  test('traps if utf16 or latin1+utf16 is at an odd address, even for latin1', async () => {
    assert.equal(await text(at + 1, 1, '0041'), 'A');
    await traps(text(at + 1, 1, '000000', 'utf16'), /unaligned/);
    await traps(text(at + 1, 0x8000_0000, '', 'latin1+utf16'), /unaligned/);
    await traps(text(at + 1, 1, '0041', 'latin1+utf16'), /unaligned/);
  });

  test('traps if the string ends outside the memory', async () => {
    await traps(text(END - 3, 4), /out of bounds/);
    await traps(text(END - 2, 2, '', 'utf16'), /out of bounds/);
    await traps(text(0xffff_fffe, 1), /out of bounds/);
  });

  for (const [what, encoding, units, bytes] of [
    ['a continuation byte alone', 'utf8', 1, '80'],
    ['a sequence that is cut off', 'utf8', 3, 'f09f8d'],
    ['an overlong form', 'utf8', 2, 'c0af'],
    ['a surrogate', 'utf8', 3, 'eda080'],
    ['a code point beyond U+10FFFF', 'utf8', 4, 'f4908080'],
    ['a high surrogate alone', 'utf16', 1, '00d8'],
    ['a low surrogate alone', 'utf16', 2, '00dc4100'],
    ['surrogates in the wrong order', 'latin1+utf16', 0x8000_0002, '00dc00d8'],
  ] as const) {
    test(`traps for ${what} in ${encoding}`, () => traps(text(at, units, bytes, encoding), /invalid utf-/));
  }

  test('distinguishes any number of strings that differ in one place only', async () => {
    // Recent strings are looked up by a hash, and some of these have the same one.
    const letters = Array.from({ length: 95 }, (_, n) => String.fromCharCode(32 + n));
    const texts = letters.flatMap((letter) => [`${letter}xy`, `x${letter}y`, `xy${letter}`]);
    const { take, pass } = await probe({ type: '(list string)', flat: 'i32 i32' });
    for (const all of [texts, texts.toReversed()]) assert.deepEqual(pass(take(all)), all);
  });

  test('keeps byte order marks and NUL', async () => {
    assert.equal(await text(at, 4, 'efbbbf00'), '\ufeff\0');
    assert.equal(await text(at, 2, 'fffe0000', 'utf16'), '\ufeff\0');
  });
});

describe('load_list_from_range', () => {
  const list = (type: string, pointer: number, length: number) =>
    load(plain(`(list ${type})`), hexPair(pointer, length));

  test('traps if there are more than 2^28 - 1 bytes, even if their number exceeds 32 bits', async () => {
    await traps(list('u8', 0, 2 ** 28), /too many bytes/);
    await traps(list('u64', 0, 2 ** 25), /too many bytes/);
    await traps(list('(tuple u64 u8)', 0, 2 ** 28), /too many bytes/);
    await traps(list('u64', 0, 0xffff_ffff), /too many bytes/);
    await traps(list('u8', 0, 2 ** 28 - 1), /out of bounds/);
  });

  test('traps if the pointer is unaligned, even for an empty list', async () => {
    for (const type of ['u16', '(tuple u8 u16)', '(option u16)', 'char', 'u64']) {
      await traps(list(type, START + 1, 0), /unaligned/);
    }
    await traps(list('u64', START + 4, 1), /unaligned/);
    assert.deepEqual(await list('(tuple u8 u8)', START + 1, 0), []);
  });

  test('traps if the list ends outside the memory', async () => {
    await traps(list('u8', END - 1, 2), /out of bounds/);
    await traps(list('(tuple u32 u8)', END - 8, 2), /out of bounds/);
    assert.deepEqual(await list('u8', END - 1, 1), Uint8Array.of(0));
  });

  test('copies bytes and numbers for the host, so that later writes of the guest do not change them', async () => {
    for (const [type, byteLength] of [
      ['u8', 1],
      ['u32', 4],
      ['f32', 4],
    ] as const) {
      // As core values, and in memory, after the pointer and length of one list.
      const flat = await probe({ type: `(list ${type})`, flat: 'i32 i32' });
      const nested = await probe({ type: `(list (list ${type}))`, flat: 'i32 i32' });
      const inMemory = (memory: string) => `${i32Hex(START + 8)}01000000${memory}`;
      for (const listOf of [
        (memory: string) => flat.pass({ core: i32(START, 1), memory }),
        (memory: string) => (nested.pass({ core: i32(START, 1), memory: inMemory(memory) }) as unknown[])[0],
      ]) {
        const before = listOf('01000000') as ArrayLike<number> & { readonly buffer: ArrayBuffer };
        const value = before[0];
        listOf('02000000');
        assert.equal(before[0], value, type);
        assert.equal(before.buffer.byteLength, byteLength, type);
      }
    }
  });

  test('traps in the same way for a map', async () => {
    const map = (pointer: number, length: number) => load(plain('(map u8 u32)'), hexPair(pointer, length));
    await traps(map(0, 2 ** 26), /too many bytes/);
    await traps(map(START + 2, 0), /unaligned/);
    await traps(map(END - 8, 2), /out of bounds/);
  });
});

describe('load_list', () => {
  test('reads the elements of a fixed-length list in place', async () => {
    assert.deepEqual(await load(plain('(list u16 3)'), '010002000300'), Uint16Array.of(1, 2, 3));
    assert.deepEqual(await load(plain('(tuple u8 (list (tuple u8 u16) 2))'), '07ff 01ff0200 03ff0400'), [
      7,
      [
        [1, 2],
        [3, 4],
      ],
    ]);
  });
});

describe('load_record', () => {
  test('reads each field at its alignment and ignores the padding', async () => {
    const type = named('(record (field "a" u8) (field "b" u32) (field "c" u8))', '');
    assert.deepEqual(await load(type, '01ffffff 02000000 03ffffff'), { a: 1, b: 2, c: 3 });
  });
});

describe('load_variant', () => {
  test('reads the case from the discriminant, and the payload from after the padding', async () => {
    const type = named('(variant (case "a" u32) (case "b") (case "c" u8))', '');
    assert.deepEqual(await load(type, '00ffffff 05000000'), { tag: 'a', val: 5 });
    assert.deepEqual(await load(type, '01ffffff ffffffff'), { tag: 'b' });
    assert.deepEqual(await load(type, '02ffffff 07ffffff'), { tag: 'c', val: 7 });
  });

  for (const [what, type, bytes] of [
    ['a variant', named('(variant (case "a" u8) (case "b"))', ''), '0200'],
    ['an enum', named('(enum "a" "b" "c")', ''), '03'],
    ['an option', plain('(option u8)'), '0200'],
    ['a result', plain('(result u8 (error u8))'), 'ff00'],
    ['a result without payloads', plain('(result)'), '02'],
    ['an enum of 300 cases', named(`(enum ${Array.from({ length: 300 }, (_, n) => `"c${n}"`).join(' ')})`, ''), '2c01'],
  ] as const) {
    test(`traps if ${what} has a discriminant without a case`, () => traps(load(type, bytes), /discriminant/));
  }
});

describe('load_flags', () => {
  test('reads the labels from the lowest bit on and ignores the other bits', async () => {
    assert.deepEqual(await load(named('(flags "a" "b" "c")', ''), 'fa'), { a: false, b: true, c: false });
    const nine = named('(flags "a" "b" "c" "d" "e" "f" "g" "h" "i")', '');
    assert.deepEqual(
      Object.values((await load(nine, '00ff')) as object)
        .map(Number)
        .join(''),
      '000000001',
    );
  });
});
