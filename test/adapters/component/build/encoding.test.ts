/** The parts of a guest that replace functions of the platform, compared with those. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isFault, msgpack } from 'decidable';
import fc from 'fast-check';
import { encodeMsgpack } from '../../../../src/adapters/component/build/guest/msgpack-encode.ts';
import { decodeUtf8, encodeUtf8 } from '../../../../src/adapters/component/build/guest/utf8.ts';
import { anyValue, disguised, hex, subject } from '../../codecs/values.ts';

describe('the encoder of a guest', () => {
  const encoded = (encode: typeof encodeMsgpack, value: unknown): unknown => {
    try {
      return hex(encode(value, subject));
    } catch (error) {
      if (isFault(error)) return error.payload;
      throw error;
    }
  };

  test('returns the bytes of the codec for any value', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        assert.equal(hex(encodeMsgpack(value, subject)), hex(msgpack.encode(value, subject)));
        assert.equal(hex(encodeMsgpack(disguised(value), subject)), hex(msgpack.encode(value, subject)));
      }),
      { numRuns: 500 },
    );
  });

  test('returns the bytes or the fault of the codec for values that have no encoding', () => {
    const value = fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true });
    fc.assert(
      fc.property(value, (value) => assert.deepEqual(encoded(encodeMsgpack, value), encoded(msgpack.encode, value))),
      { numRuns: 1_000 },
    );
  });

  for (const length of [15, 16, 31, 32, 64, 65, 127, 255, 256, 65_535, 65_536]) {
    test(`returns the bytes of the codec for lists, texts, binary and records of the length ${length}`, () => {
      const numbers = Array.from({ length }, (_, index) => index);
      const values = [
        numbers,
        'a'.repeat(length),
        'Ł'.repeat(length),
        '山'.repeat(length),
        '🎈'.repeat(length),
        new Uint8Array(length).fill(7),
        Object.fromEntries(numbers.map((index) => [`k${index}`, index % 7 === 0 ? undefined : index])),
        new Set(numbers),
        new Map(numbers.map((index) => [index, 'x'])),
      ];
      for (const value of values) assert.equal(hex(encodeMsgpack(value, subject)), hex(msgpack.encode(value, subject)));
    });
  }

  test('may be called by a getter while it runs', () => {
    const value = {
      a: 'before',
      get b() {
        return encodeMsgpack(['x'.repeat(20_000)], subject).length;
      },
      c: 'after',
    };
    assert.equal(
      hex(encodeMsgpack(value, subject)),
      hex(msgpack.encode({ a: 'before', b: 20_004, c: 'after' }, subject)),
    );
  });

  test('continues after a value without an encoding', () => {
    assert.throws(() => encodeMsgpack({ a: 1, b: [1, Symbol.iterator] }, subject), isFault);
    assert.equal(hex(encodeMsgpack({ a: 1 }, subject)), hex(msgpack.encode({ a: 1 }, subject)));
  });
});

describe('UTF-8 in a guest', () => {
  const units = fc
    .array(fc.integer({ min: 0xd700, max: 0xe0ff }), { maxLength: 10 })
    .map((units) => String.fromCharCode(...units));
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), units);

  test('is encoded like that of the platform', () => {
    fc.assert(fc.property(text, (text) => assert.deepEqual(encodeUtf8(text), new TextEncoder().encode(text))));
  });

  test('is decoded like that of the platform, also if the bytes are invalid', () => {
    const lenient = new TextDecoder('utf-8', { ignoreBOM: true });
    const strict = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });
    const tail = fc.array(fc.constantFrom(0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0x41), { maxLength: 4 });
    const head = fc.integer({ min: 0xbf, max: 0xff });
    const parts = fc.array(
      fc.tuple(head, tail).map(([first, rest]) => [first, ...rest]),
      { maxLength: 4 },
    );
    const bytes = fc.oneof(
      text.map((text) => new TextEncoder().encode(text)),
      fc.uint8Array(),
      parts.map((parts) => Uint8Array.from(parts.flat())),
    );
    fc.assert(
      fc.property(bytes, (bytes) => {
        assert.equal(decodeUtf8(bytes, false), lenient.decode(bytes));
        let expected: string | undefined;
        try {
          expected = strict.decode(bytes);
        } catch {
          assert.throws(() => decodeUtf8(bytes, true), TypeError);
          return;
        }
        assert.equal(decodeUtf8(bytes, true), expected);
      }),
      { numRuns: 1_000 },
    );
  });
});
