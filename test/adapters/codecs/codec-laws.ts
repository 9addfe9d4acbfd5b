/** The laws that every codec obeys for values of the model. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Codec } from '../../../src/core/codec/codec.ts';
import { isFault } from '../../../src/core/errors.ts';
import { anyValue, disguised, hex, normal, subject } from './values.ts';

class Point {
  x = 1;
}

function nested(levels: number, wrap: (inner: unknown) => unknown): unknown {
  let value: unknown = 'core';
  for (let level = 0; level < levels; level++) value = wrap(value);
  return value;
}

function cycle(): unknown {
  const record: Record<string, unknown> = { list: [] };
  record['list'] = [{ self: record }];
  return record;
}

const sparse: unknown[] = [1];
sparse[2] = 3;

/** A name, a value, the path of the part that is refused, and the problem. */
const REFUSED: [string, unknown, string, RegExp][] = [
  ['NaN', { ratio: Number.NaN }, '$.ratio', /NaN or infinite/],
  ['infinity', [1, Number.NEGATIVE_INFINITY], '$[1]', /NaN or infinite/],
  ['a lone high surrogate', { name: 'a\ud800b' }, '$.name', /lone surrogate/],
  ['a lone low surrogate', '\udc00', '$', /lone surrogate/],
  ['a lone surrogate in a long text', 'x'.repeat(500) + '\ud800', '$', /lone surrogate/],
  ['a lone surrogate in a key', { 'a\udfff': 1 }, '$["a\\udfff"]', /lone surrogate/],
  ['an invalid date', { at: new Date(Number.NaN) }, '$.at', /invalid Date/],
  ['undefined as the value', undefined, '$', /is undefined/],
  ['undefined in a list', { lines: [1, undefined] }, '$.lines[1]', /is undefined/],
  ['a hole in a list', sparse, '$[1]', /is undefined/],
  ['undefined in a set', new Set([undefined]), '$[0]', /is undefined/],
  ['undefined in a map', new Map([['a', undefined]]), '$[0]', /is undefined/],
  ['a function', { run: () => 1 }, '$.run', /is a function/],
  ['a symbol', [Symbol('s')], '$[0]', /is a symbol/],
  ['an instance of a class', { 'the point': new Point() }, '$["the point"]', /is an instance of Point/],
  ['an error', new RangeError('x'), '$', /is an instance of RangeError/],
  ['an array of floats', new Float64Array(2), '$', /is an instance of Float64Array/],
  ['a wrapped string', Object('text'), '$', /is an instance of String/],
  ['the key __proto__', JSON.parse('{"a":{"__proto__":1}}'), '$.a.__proto__', /__proto__/],
  ['equal elements of a set', { set: new Set([5, 5n]) }, '$.set', /equal/],
  ['elements of a set that hold the same', new Set([{ a: 1 }, { a: 1 }]), '$', /equal/],
  [
    'equal keys of a map',
    new Map<unknown, number>([
      [[1], 1],
      [[1], 2],
    ]),
    '$',
    /equal/,
  ],
  ['a list that is nested too deep', nested(101, (inner) => [inner]), `$${'[0]'.repeat(100)}`, /deeper than 100/],
  ['records that are nested too deep', nested(101, (a) => ({ a })), `$${'.a'.repeat(100)}`, /deeper than 100/],
  ['sets that are nested too deep', nested(101, (a) => new Set([a])), `$${'[0]'.repeat(100)}`, /deeper than 100/],
  ['an integer of more than 1,024 bytes', 2n ** 8191n, '$', /more than 1024 bytes/],
];

/** Registers the tests. */
export function codecLaws(codec: Codec): void {
  describe('the encoding of a value', () => {
    test('is decoded to an equal value', () => {
      fc.assert(
        fc.property(anyValue, (value) => {
          fc.pre(value !== undefined);
          assert.deepEqual(codec.decode(codec.encode(value, subject), subject), normal(value));
        }),
        { numRuns: 1_000, seed: 1 },
      );
    });

    test('is the same again after decoding', () => {
      fc.assert(
        fc.property(anyValue, (value) => {
          const bytes = codec.encode(value, subject);
          assert.equal(hex(codec.encode(codec.decode(bytes, subject), subject)), hex(bytes));
        }),
        { numRuns: 500, seed: 2 },
      );
    });

    test('is the same for equal values, whatever the order and the kind of their parts', () => {
      fc.assert(
        fc.property(anyValue, (value) => {
          assert.equal(hex(codec.encode(disguised(value), subject)), hex(codec.encode(value, subject)));
        }),
        { numRuns: 500, seed: 3 },
      );
    });

    test('differs for values that are not equal', () => {
      const kinds = [null, false, true, 0, 1, 1.5, '', '1', [], [[]], {}, { a: 1 }, new Uint8Array(0), new Date(0)];
      const values = [
        ...kinds,
        new Date(1),
        new Set(),
        new Set([1]),
        new Map(),
        new Map([['a', 1]]),
        2n ** 64n,
        2 ** 64,
      ];
      const all = new Set(values.map((value) => hex(codec.encode(value, subject))));
      assert.equal(all.size, values.length);
    });

    test('may have up to 100 levels', () => {
      for (const wrap of [(a: unknown) => [a], (a: unknown) => ({ a }), (a: unknown) => new Set([a])]) {
        const value = nested(100, wrap);
        assert.deepEqual(codec.decode(codec.encode(value, subject), subject), value);
      }
      const maps = nested(100, (a) => new Map([[1, a]]));
      assert.deepEqual(codec.decode(codec.encode(maps, subject), subject), maps);
    });

    test('keeps the milliseconds of any date', () => {
      for (const time of [
        0,
        1,
        -1,
        999,
        -999,
        2 ** 32 * 1000,
        2 ** 34 * 1000,
        -62_167_219_200_001,
        8.64e15,
        -8.64e15,
      ]) {
        const date = new Date(time);
        assert.deepEqual(codec.decode(codec.encode(date, subject), subject), date);
      }
    });

    test('is copied into decoded binary values', () => {
      const bytes = codec.encode({ blob: Uint8Array.of(1, 2, 3) }, subject);
      const decoded = codec.decode(bytes, subject) as { blob: Uint8Array };
      bytes.fill(0);
      assert.deepEqual(decoded.blob, Uint8Array.of(1, 2, 3));
      assert.equal(decoded.blob.constructor, Uint8Array);
    });

    test('accepts keys that look like numbers or like properties of a prototype, except __proto__', () => {
      const value = { '10': 1, '9': 2, constructor: 'c', toString: 't', hasOwnProperty: 'h', prototype: 'p', '': 'e' };
      assert.deepEqual(codec.decode(codec.encode(value, subject), subject), value);
    });
  });

  describe('a value without an encoding', () => {
    for (const [what, value, path, problem] of REFUSED) {
      test(`is refused with its path: ${what}`, () => {
        assert.throws(
          () => codec.encode(value, subject),
          (error) => {
            assert.ok(isFault(error), String(error));
            const details = new Map(error.payload.details);
            assert.equal(error.code, 'unencodable-value');
            assert.equal(details.get('path'), path);
            assert.match(details.get('problem') ?? '', problem);
            return true;
          },
        );
      });
    }

    test('is refused if it contains itself', () => {
      assert.throws(() => codec.encode(cycle(), subject), /contains itself/);
    });

    test('does not affect later calls of the codec', () => {
      assert.throws(() => codec.encode({ a: [1, Symbol('s')] }, subject));
      assert.deepEqual(codec.decode(codec.encode({ a: [1] }, subject), subject), { a: [1] });
    });

    test('does not include an object whose getter calls the codec', () => {
      const value = {
        a: 'before',
        get b() {
          return hex(codec.encode({ inner: 'x'.repeat(20_000) }, subject)).length > 0;
        },
        c: 'after',
      };
      assert.deepEqual(codec.decode(codec.encode(value, subject), subject), { a: 'before', b: true, c: 'after' });
    });
  });

  describe('arbitrary bytes', () => {
    test('are decoded to a value that can be encoded, or refused with their offset', () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => void decodesOrRefuses(codec, bytes)),
        { numRuns: 2_000, seed: 4 },
      );
    });

    test('are decoded or refused in the same way if they are an encoding with changes', () => {
      const change = fc.record({ at: fc.nat(), byte: fc.nat(255), kind: fc.constantFrom('set', 'cut', 'add') });
      fc.assert(
        fc.property(anyValue, fc.array(change, { minLength: 1, maxLength: 3 }), (value, changes) => {
          let bytes = [...codec.encode(value, subject)];
          for (const { at, byte, kind } of changes) {
            const index = bytes.length === 0 ? 0 : at % bytes.length;
            if (kind === 'cut') bytes = bytes.slice(0, index);
            else bytes.splice(index, kind === 'set' ? 1 : 0, byte);
          }
          decodesOrRefuses(codec, Uint8Array.from(bytes));
        }),
        { numRuns: 2_000, seed: 5 },
      );
    });
  });
}

/**
 * Checks that any bytes are refused with their offset, or are decoded to a value that has an encoding. That encoding is
 * canonical, so it is decoded to the same value, and that value is encoded to the same bytes.
 * @returns whether the bytes have a value.
 * @throws AssertionError if something else happens.
 */
export function decodesOrRefuses(codec: Pick<Codec, 'encode' | 'decode'>, bytes: Uint8Array): boolean {
  const before = Object.keys(Object.prototype).length;
  let value: unknown;
  try {
    value = codec.decode(bytes, subject);
  } catch (error) {
    assert.ok(isFault(error), String(error));
    assert.equal(error.code, 'undecodable-payload');
    const offset = Number(new Map(error.payload.details).get('offset'));
    assert.ok(Number.isInteger(offset) && offset >= 0 && offset <= bytes.length, error.message);
    return false;
  }
  assert.equal(Object.keys(Object.prototype).length, before);
  const canonical = codec.encode(value, subject);
  const again = codec.decode(canonical, subject);
  assert.deepEqual(again, value);
  assert.equal(hex(codec.encode(again, subject)), hex(canonical));
  return true;
}
