import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isFault, msgpack } from 'decidable';
import fc from 'fast-check';
import { Packr } from 'msgpackr/pack';
import { codecLaws, decodesOrRefuses } from '../../adapters/codecs/codec-laws.ts';
import { hex, normal, subject } from '../../adapters/codecs/values.ts';

codecLaws(msgpack);

function decodeHex(text: string): unknown {
  return msgpack.decode(Buffer.from(text, 'hex'), subject);
}

describe('valid MessagePack that is not canonical', () => {
  const cases: [string, string, unknown][] = [
    [
      'integers longer than they need',
      '95cc05cd0005ce00000005cf0000000000000005d305'.replace(/d305$/, 'd005'),
      [5, 5, 5, 5, 5],
    ],
    ['int64 of a small number', 'd3ffffffffffffffff', -1],
    ['a float32', 'ca3fc00000', 1.5],
    ['a float that is an integer', 'cb4014000000000000', 5],
    ['a float that is -0', 'cb8000000000000000', 0],
    ['strings longer than they need', '93d90161da000161db0000000161', ['a', 'a', 'a']],
    ['binary longer than it needs', '92c5000101c60000000101', [Uint8Array.of(1), Uint8Array.of(1)]],
    ['lists longer than they need', '92dc000101dd0000000102', [[1], [2]]],
    ['maps longer than they need', '92de0001a16101df00000001a16102', [{ a: 1 }, { a: 2 }]],
    ['keys in another order', '82a16202a16101', { a: 1, b: 2 }],
    ['a set in another order', 'c70373920201', new Set([2, 1])],
    [
      'a map in another order',
      'c7056d8202010102',
      new Map([
        [1, 2],
        [2, 1],
      ]),
    ],
    ['a timestamp of 96 bits', 'c70cff000000000000000000000001', new Date(1000)],
    ['an integer of 64 bits as a big one', 'd64200000005', 5],
  ];
  for (const [what, bytes, value] of cases) {
    test(`is decoded: ${what}`, () => assert.deepEqual(decodeHex(bytes), value));
  }
});

describe('invalid bytes', () => {
  const cases: [string, string, number, RegExp][] = [
    ['no bytes', '', 0, /a value needs 1 bytes, and 0 are left/],
    ['bytes after the value', '0102', 1, /1 bytes follow/],
    ['the byte that is never used', '91c1', 1, /0xc1/],
    ['a string that ends early', '92a161a261', 4, /a string needs 2 bytes, and 1 are left/],
    ['a number that ends early', 'cd01', 1, /needs 2 bytes/],
    ['4 GB that five bytes claim, as a list', 'ddffffffff', 5, /needs 4294967295 bytes, and 0 are left/],
    ['4 GB as a map', 'dfffffffff', 5, /needs 8589934590 bytes/],
    ['4 GB as a string', 'dbffffffff', 5, /needs 4294967295 bytes/],
    ['4 GB as binary', 'c6ffffffff', 5, /needs 4294967295 bytes/],
    ['4 GB as an extension', 'c9ffffffff73', 5, /needs 4294967296 bytes/],
    ['invalid UTF-8', 'a2c328', 1, /not valid UTF-8/],
    ['invalid UTF-8 in a long string', `d940${'61'.repeat(63)}ff`, 2, /not valid UTF-8/],
    ['a surrogate in UTF-8', 'a3eda080', 1, /not valid UTF-8/],
    ['an overlong form in UTF-8', 'a2c080', 1, /not valid UTF-8/],
    ['a key that is not a string', '810102', 1, /a key is not a string/],
    ['a duplicate key', '82a16101a16102', 4, /the key "a" is duplicated/],
    ['a duplicate key, with others between', '83a16201a16102a16203', 7, /the key "b" is duplicated/],
    ['the key __proto__', '81a95f5f70726f746f5f5f80', 1, /__proto__/],
    ['NaN', 'cb7ff8000000000000', 0, /NaN or infinite/],
    ['infinity as a float32', '91ca7f800000', 1, /NaN or infinite/],
    ['an unknown extension', 'd40500', 0, /extension type 5 is unknown/],
    ['an unknown extension of MessagePack', 'd4fe00', 0, /extension type -2 is unknown/],
    ['a timestamp of another length', 'd5ff0000', 0, /4, 8 or 12 bytes/],
    ['a timestamp with microseconds', 'd7ff0000fa0000000000', 0, /finer than milliseconds/],
    ['a timestamp with a second of nanoseconds', 'd7ffee6b280000000000', 0, /more than 999999999/],
    ['a timestamp that no Date can hold', 'c70cff000000007fffffffffffffff', 0, /outside the range/],
    ['an integer without bytes', 'c70042', 0, /has no bytes/],
    ['a set without an array', 'd47301', 0, /does not contain an array/],
    ['a set followed by a byte', 'd5739001', 3, /1 bytes follow/],
    ['a set with an element twice', 'c70373920101', 0, /equal/],
    ['a set with equal elements of other forms', 'c704739201cc01', 0, /equal/],
    ['a set with equal lists', 'c705739291019101', 0, /equal/],
    ['a set that reaches beyond its extension', 'd5739201' + '02', 3, /needs 2 bytes, and 1 are left/],
    ['a map extension without a map', 'd46d01', 0, /does not contain a map/],
    ['a map with a key twice', 'c7056d8201010102', 0, /equal/],
    ['lists that are nested too deep', `${'91'.repeat(101)}01`, 100, /deeper than 100/],
    ['maps that are nested too deep', `${'81a161'.repeat(101)}01`, 300, /deeper than 100/],
    ['lists that are nested forever', '91'.repeat(1_000_000), 100, /deeper than 100/],
  ];
  for (const [what, bytes, offset, problem] of cases) {
    test(`are refused with their offset: ${what}`, () => {
      assert.throws(
        () => decodeHex(bytes),
        (error) => {
          assert.ok(isFault(error), String(error));
          const details = new Map(error.payload.details);
          assert.match(details.get('problem') ?? '', problem);
          assert.deepEqual([error.code, details.get('offset')], ['undecodable-payload', String(offset)]);
          return true;
        },
      );
    });
  }
});

describe('the codec and msgpackr', () => {
  const packr = new Packr({ useRecords: false, largeBigIntToFloat: false });
  const plain = fc.jsonValue({ maxDepth: 3 }).filter((value) => !JSON.stringify(value).includes('__proto__'));

  test('agree on values that the codec encodes and msgpackr decodes', () => {
    fc.assert(
      fc.property(plain, (value) =>
        assert.deepEqual(normal(packr.unpack(msgpack.encode(value, subject))), normal(value)),
      ),
      { numRuns: 300, seed: 6 },
    );
  });

  test('agree on values that msgpackr encodes and the codec decodes', () => {
    fc.assert(
      fc.property(plain, (value) => assert.deepEqual(msgpack.decode(packr.pack(value), subject), normal(value))),
      { numRuns: 300, seed: 7 },
    );
  });

  test('encode integers, dates, sets and maps differently', () => {
    assert.equal(hex(msgpack.encode(2 ** 32, subject)), 'cf0000000100000000');
    assert.notEqual(hex(packr.pack(2 ** 32)), 'cf0000000100000000');
    assert.equal(hex(msgpack.encode(5n, subject)), '05');
    assert.equal(hex(msgpack.encode({ b: 1, a: 2 }, subject)), '82a16102a16201');
  });
});

describe('the decoder of msgpackr, which the codec does not use', () => {
  const packr = new Packr({ useRecords: false, int64AsType: 'auto' } as object);

  test('removes the byte order mark from strings of more than 64 bytes', () => {
    const text = '\ufeff' + 'x'.repeat(80);
    const bytes = msgpack.encode(text, subject);
    assert.equal(msgpack.decode(bytes, subject), text);
    assert.equal(packr.unpack(Uint8Array.from(bytes)), text.slice(1));
  });

  test('adds a property to the bytes that it decodes', () => {
    const bytes = Uint8Array.of(0x05);
    assert.equal(msgpack.decode(bytes, subject), 5);
    assert.deepEqual(Object.keys(bytes), ['0']);
    packr.unpack(bytes);
    assert.deepEqual(Object.keys(bytes), ['0', 'dataView']);
  });

  test('depends on extensions that other code has registered in the process', () => {
    // It runs in a separate process, because msgpackr encodes dates, sets and binary differently afterwards.
    const program = `
      import { addExtension, Packr } from 'msgpackr/pack';
      import { msgpack } from './src/core/codec/msgpack.ts';
      for (const [Class, type] of [[Date, 0xff], [Uint8Array, 1], [Set, 0x73]])
        addExtension({ Class, type, pack: () => Uint8Array.of(1), unpack: () => 'something else' });
      const subject = ${JSON.stringify(subject)};
      const bytes = msgpack.encode({ at: new Date(1000), blob: Uint8Array.of(1), set: new Set([1]) }, subject);
      const theirs = new Packr({ useRecords: false }).unpack(Uint8Array.from(bytes));
      console.log([Buffer.from(bytes).toString('hex'), msgpack.decode(bytes, subject).at.getTime(), theirs.at].join());`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      cwd: fileURLToPath(new URL('../../../', import.meta.url)),
      encoding: 'utf8',
    });
    const bytes = msgpack.encode({ at: new Date(1_000), blob: Uint8Array.of(1), set: new Set([1]) }, subject);
    assert.equal(stdout.trim(), `${hex(bytes)},1000,something else`, stderr);
  });
});

test('our extension does not affect other uses of msgpackr in the process', () => {
  const packr = new Packr({ moreTypes: true, structuredClone: true });
  const value = { big: 2n ** 70n, set: new Set([1]), at: new Date(1_000) };
  assert.deepEqual(packr.unpack(packr.pack(value)), value);
});

test('records with keys that are special to msgpackr are encoded as records', () => {
  const value = { constructor: 'c', hasOwnProperty: 1, toJSON: 't', '10': 1, '9': 2, size: 3 };
  assert.deepEqual(msgpack.decode(msgpack.encode(value, subject), subject), value);
  assert.equal(hex(msgpack.encode({ '9': 2, '10': 1 }, subject)), '82a2313001a13902');
});

test('a large set is decoded to an equal set', () => {
  const set = new Set(Array.from({ length: 200_000 }, (_, index) => index));
  const decoded = msgpack.decode(msgpack.encode(set, subject), subject);
  assert.ok(decoded instanceof Set && decoded.size === set.size);
});

test('a cached key does not change the keys that are decoded later', () => {
  // Keys of the same length with the same first, middle and last byte share a cache slot.
  const keys = ['abcde', 'axcde', 'abcxe', 'axcxe', 'abcde'];
  for (const key of keys)
    assert.deepEqual(msgpack.decode(msgpack.encode({ [key]: 1 }, subject), subject), { [key]: 1 });
});

test('a payload that is part of a larger buffer is decoded within its bounds', () => {
  const bytes = msgpack.encode({ a: 'text', b: Uint8Array.of(9) }, subject);
  const larger = Buffer.alloc(bytes.length + 20, 0x91);
  larger.set(bytes, 10);
  const part = larger.subarray(10, 10 + bytes.length);
  assert.deepEqual(msgpack.decode(part, subject), { a: 'text', b: Uint8Array.of(9) });
  assert.throws(() => msgpack.decode(larger.subarray(10, 9 + bytes.length), subject), isFault);
});

test('a change of one payload leaves the others unchanged', () => {
  const values = Array.from({ length: 300 }, (_, index) => ({ index, text: 'x'.repeat(index * 7) }));
  const payloads = values.map((value) => msgpack.encode(value, subject));
  for (const [index, payload] of payloads.entries()) {
    assert.deepEqual(msgpack.decode(payload, subject), values[index]);
    payload.fill(0xc1);
  }
});

describe('MessagePack of another writer', () => {
  const extension = (type: number, content: readonly number[]): number[] => [
    ...[0xc8, content.length >> 8, content.length & 0xff, type],
    ...content,
  ];
  const text = fc.string({ unit: 'binary', maxLength: 4 }).map((value) => {
    const bytes = [...new TextEncoder().encode(value)];
    return [0xda, 0, bytes.length, ...bytes];
  });
  const word = (bytes: number, ...heads: readonly number[]): fc.Arbitrary<number[]> =>
    fc
      .tuple(fc.constantFrom(...heads), fc.uint8Array({ minLength: bytes, maxLength: bytes }))
      .map(([head, content]) => [head, ...content]);
  const anyBytes = fc.letrec<{ value: number[] }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom<number[][]>(
        [0xc0],
        [0xc2],
        [0xcb, 0x80, 0, 0, 0, 0, 0, 0, 0],
        [0xd7, 0xff, 0, 0, 0, 0, 0, 0, 0, 1],
      ),
      word(8, 0xcf, 0xd3, 0xcb),
      word(4, 0xce, 0xd2, 0xca),
      fc.uint8Array({ maxLength: 12 }).map((content) => extension(0x42, [...content])),
      text,
      fc.array(tie('value'), { maxLength: 4 }).map((items) => [0xdd, 0, 0, 0, items.length, ...items.flat()]),
      fc
        .array(tie('value'), { maxLength: 4 })
        .map((items) => extension(0x73, [0xdc, 0, items.length, ...items.flat()])),
      fc
        .array(fc.tuple(tie('value'), tie('value')), { maxLength: 3 })
        .map((entries) => extension(0x6d, [0xde, 0, entries.length, ...entries.flat(2)])),
      fc
        .array(fc.tuple(text, tie('value')), { maxLength: 3 })
        .map((fields) => [0xdf, 0, 0, 0, fields.length, ...fields.flat(2)]),
    ),
  })).value;

  test('is refused, or has a canonical form that is read as the same value', () => {
    let read = 0;
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        if (decodesOrRefuses(msgpack, Uint8Array.from(bytes))) read++;
      }),
      { numRuns: 2_000 },
    );
    assert.ok(read > 500, `only ${read} of 2,000 texts were read`);
  });
});
