/** *CanonicalABI.md*, "Loading", "Storing", "Flat Lifting" and "Flat Lowering": each type, through memory and flat. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type GuestType, named, throughCoreValues, throughMemory } from './guests.ts';

interface Case extends GuestType {
  readonly values: fc.Arbitrary<unknown>;
}

const primitive = (type: string, flat: string, values: fc.Arbitrary<unknown>): Case => ({ type, flat, values });
const text = fc.string({ unit: 'binary', maxLength: 60 }).map((value) => value.toWellFormed());
const u8 = fc.integer({ min: 0, max: 255 });

const cases: Record<string, Case> = {
  bool: primitive('bool', 'i32', fc.boolean()),
  u8: primitive('u8', 'i32', u8),
  s8: primitive('s8', 'i32', fc.integer({ min: -128, max: 127 })),
  u16: primitive('u16', 'i32', fc.integer({ min: 0, max: 0xffff })),
  s16: primitive('s16', 'i32', fc.integer({ min: -0x8000, max: 0x7fff })),
  u32: primitive('u32', 'i32', fc.integer({ min: 0, max: 0xffff_ffff })),
  s32: primitive('s32', 'i32', fc.integer()),
  u64: primitive('u64', 'i64', fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
  s64: primitive('s64', 'i64', fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  f32: primitive('f32', 'f32', fc.float()),
  f64: primitive('f64', 'f64', fc.double()),
  char: primitive('char', 'i32', fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }).filter(isScalar)),
  string: primitive('string', 'i32 i32', text),
  'list of u8': primitive('(list u8)', 'i32 i32', fc.uint8Array({ maxLength: 100 })),
  'list of s16': primitive('(list s16)', 'i32 i32', fc.int16Array()),
  'list of u64': primitive('(list u64)', 'i32 i32', fc.bigUint64Array()),
  'list of f64': primitive('(list f64)', 'i32 i32', fc.float64Array()),
  'list of strings': primitive('(list string)', 'i32 i32', fc.array(text, { maxLength: 5 })),
  'list of four u16': primitive('(list u16 4)', 'i32 i32 i32 i32', fc.uint16Array({ minLength: 4, maxLength: 4 })),
  tuple: primitive('(tuple u8 u64 string)', 'i32 i64 i32 i32', fc.tuple(u8, fc.bigInt({ min: 0n, max: 99n }), text)),
  option: primitive('(option string)', 'i32 i32 i32', fc.option(text, { nil: undefined })),
  'option of an option': primitive(
    '(option (option u8))',
    'i32 i32 i32',
    fc.oneof(
      fc.constant({ tag: 'none' }),
      fc.option(u8, { nil: undefined }).map((val) => ({ tag: 'some', val })),
    ),
  ),
  result: primitive(
    '(result u64 (error f32))',
    'i32 i64',
    fc.oneof(
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((val) => ({ tag: 'ok', val })),
      fc.float().map((val) => ({ tag: 'err', val })),
    ),
  ),
  map: primitive(
    '(map string u32)',
    'i32 i32',
    fc.array(fc.tuple(text, fc.nat())).map((pairs) => new Map(pairs)),
  ),
  record: {
    ...named('(record (field "first-name" string) (field "age" u8) (field "balance" s64))', 'i32 i32 i32 i64'),
    values: fc.record(
      { firstName: text, age: u8, balance: fc.bigInt({ min: -99n, max: 99n }) },
      { noNullPrototype: true },
    ),
  },
  flags: {
    ...named('(flags "read-only" "b" "c" "d" "e" "f" "g" "h" "i")', 'i32'),
    values: fc.record(
      Object.fromEntries(['readOnly', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'].map((key) => [key, fc.boolean()])),
      { noNullPrototype: true },
    ),
  },
  enum: { ...named('(enum "red" "dark-green")', 'i32'), values: fc.constantFrom('red', 'dark-green') },
  // Every pair of core types is joined in one of the places.
  variant: {
    ...named(
      `(variant (case "none") (case "int" s32) (case "float" f32) (case "big" (tuple u64 f32))
        (case "double" (tuple f64 f64)) (case "text" string))`,
      'i32 i64 i64',
    ),
    values: fc.oneof(
      fc.constant({ tag: 'none' }),
      fc.integer().map((val) => ({ tag: 'int', val })),
      fc.float().map((val) => ({ tag: 'float', val })),
      fc.tuple(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.float()).map((val) => ({ tag: 'big', val })),
      fc.tuple(fc.double(), fc.double()).map((val) => ({ tag: 'double', val })),
      text.map((val) => ({ tag: 'text', val })),
    ),
  },
};

function isScalar(value: string): boolean {
  return value.isWellFormed() && value === String.fromCodePoint(value.codePointAt(0)!);
}

for (const [way, through] of Object.entries({ 'through memory': throughMemory, 'as core values': throughCoreValues })) {
  describe(`a value that goes ${way} and back is the same`, () => {
    for (const [name, { values, ...type }] of Object.entries(cases)) {
      it(name, async () => {
        const echo = await through(type);
        fc.assert(
          fc.property(values, (value) => assert.deepStrictEqual(echo(value), value)),
          { numRuns: 60 },
        );
      });
    }
  });

  describe(`a string goes ${way} in every encoding`, () => {
    for (const encoding of ['utf8', 'utf16', 'latin1+utf16']) {
      it(encoding, async () => {
        const echo = await through({ type: 'string', flat: 'i32 i32' }, encoding);
        const latin1 = fc.array(u8, { maxLength: 50 }).map((codes) => String.fromCharCode(...codes));
        fc.assert(
          fc.property(fc.oneof(text, latin1), (value) => assert.equal(echo(value), value)),
          { numRuns: 100 },
        );
        assert.equal(echo('\u{feff}byte order marks stay'), '\u{feff}byte order marks stay');
        assert.equal(echo('a lone \ud800 surrogate'), 'a lone \ufffd surrogate');
        const long = '🏦 account '.repeat(5_000);
        assert.equal(echo(long), long);
      });
    }
  });
}

describe('what JavaScript passes is coerced as Explainer.md says', () => {
  it('integers wrap', async () => {
    const echo = await throughCoreValues({ type: 'u8', flat: 'i32' });
    assert.equal(echo(256 + 7), 7);
    const signed = await throughMemory({ type: 's16', flat: 'i32' });
    assert.equal(signed(0x8000), -0x8000);
    const big = await throughMemory({ type: 'u64', flat: 'i64' });
    assert.equal(big(-1n), 2n ** 64n - 1n);
  });

  it('a list may be anything that can be iterated', async () => {
    const echo = await throughMemory({ type: '(list u8)', flat: 'i32 i32' });
    assert.deepEqual(echo([1, 2, 300]), Uint8Array.of(1, 2, 44));
    assert.deepEqual(echo(new Set([4, 5])), Uint8Array.of(4, 5));
    assert.deepEqual(echo(Int16Array.of(6, 7)), Uint8Array.of(6, 7));
  });

  it('a map may be an object, and the last of equal keys wins', async () => {
    const echo = await throughMemory({ type: '(map string u8)', flat: 'i32 i32' });
    assert.deepEqual(echo({ a: 1 }), new Map([['a', 1]]));
    assert.deepEqual(
      echo([
        ['a', 1],
        ['a', 2],
      ]),
      new Map([['a', 2]]),
    );
  });

  it('missing flags are off', async () => {
    const echo = await throughMemory(named('(flags "a" "b")', 'i32'));
    assert.deepEqual(echo({ b: true }), { a: false, b: true });
  });

  it('a value of the wrong kind is a TypeError, and the instance stays usable', async () => {
    for (const [type, flat, wrong, right] of [
      ['string', 'i32 i32', 5, 'x'],
      ['u32', 'i32', undefined, 5],
      ['u64', 'i64', 'x', 5n],
      ['char', 'i32', 'two', '2'],
      ['(list string)', 'i32 i32', 5, ['x']],
      ['(tuple u8 u8)', 'i32 i32', [1], [1, 2]],
      ['(list u8 2)', 'i32 i32', [1], Uint8Array.of(1, 2)],
      ['(result u8)', 'i32 i32', { tag: 'maybe' }, { tag: 'ok', val: 1 }],
    ] as const) {
      const echo = await throughCoreValues({ type, flat });
      assert.throws(() => echo(wrong), TypeError, type);
      assert.deepEqual(echo(right), right);
    }
  });
});

describe('NaN', () => {
  it('is canonical wherever it goes, so that engines cannot be told apart', async () => {
    const payload = new Float64Array(BigUint64Array.of(0xfff8_0000_dead_beefn).buffer);
    const echo = await throughMemory({ type: '(list f64)', flat: 'i32 i32' });
    const back = echo(payload) as Float64Array;
    assert.equal(new BigUint64Array(back.buffer)[0], 0x7ff8_0000_0000_0000n);
  });
});
