/**
 * docs/encoding-vectors.json contains the bytes of docs/encoding.md as tests for other languages.
 * `BLESS=1 npm test -- vectors` writes the file again from the values here. A person must then review the change.
 */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { msgpack } from 'decidable';
import { json } from 'decidable/codecs/json';
import { hex, subject } from './values.ts';

const FILE = new URL('../../../docs/encoding-vectors.json', import.meta.url);

/** A name, and equal values, which have the same encoding. */
const VALUES: readonly (readonly [string, ...unknown[]])[] = [
  ['null', null],
  ['true', true],
  ['false', false],
  ['zero, which -0 is too', 0, -0, 0n],
  ['a number and a bigint are one integer', 5, 5n],
  ['the largest of one byte', 127, 127n],
  ['the first of two bytes', 128],
  ['uint8', 255],
  ['uint16', 256],
  ['the largest uint16', 65_535],
  ['uint32', 65_536],
  ['2^31', 2 ** 31],
  ['the largest uint32', 2 ** 32 - 1],
  ['uint64: 2^32, not a float', 2 ** 32, 2n ** 32n],
  ['the largest safe integer', 2 ** 53 - 1, 2n ** 53n - 1n],
  ['the first integer that is not safe', 2 ** 53, 2n ** 53n],
  ['2^53 + 1', 2n ** 53n + 1n],
  ['2^63', 2 ** 63, 2n ** 63n],
  ['the largest of 64 bits', 2n ** 64n - 1n],
  ['minus one', -1, -1n],
  ['the least of one byte', -32],
  ['int8', -33],
  ['the least int8', -128],
  ['int16', -129],
  ['the least int16', -32_768],
  ['int32', -32_769],
  ['the least int32', -(2 ** 31), -(2n ** 31n)],
  ['int64', -(2 ** 31) - 1],
  ['the least of 64 bits', -(2n ** 63n), -(2 ** 63)],
  ['an integer outside 64 bits', 2n ** 64n],
  ['a negative one', -(2n ** 63n) - 1n],
  ['a large one', 10n ** 30n],
  ['a float', 1.5],
  ['a float that 32 bits would hold is one of 64', 0.5],
  ['a float with seventeen digits', 0.1 + 0.2],
  ['a small float', 5e-324],
  ['a float outside 64 bits, which is not an integer', 2 ** 64],
  ['the same, with a form of its own in JSON', 1e20],
  ['a large float', 1.7976931348623157e308],
  ['an empty string', ''],
  ['a string', 'abc'],
  ['31 bytes', 'x'.repeat(31)],
  ['32 bytes', 'x'.repeat(32)],
  ['two bytes for each character', 'äöü'],
  ['all lengths of UTF-8', 'aé€\u{1f600}'],
  ['escapes of JSON', '"\\/\b\f\n\r\t\u0000\u001f\u007f\u2028'],
  ['a byte order mark is a character', '\ufeffa'],
  ['binary', Uint8Array.of(0, 1, 254, 255), Buffer.from([0, 1, 254, 255])],
  ['no bytes', new Uint8Array(0)],
  ['a list', [1, 'a', null, [2]], [1n, 'a', null, [2n]]],
  ['16 elements', Array.from({ length: 16 }, (_, index) => index)],
  ['a record, whose fields have no order', { a: 1, b: 2 }, { b: 2, a: 1 }, { b: 2n, a: 1, c: undefined }],
  ['a shorter key comes first', { aa: 1, a: 2, ab: 3 }],
  ['keys that look like numbers', { '10': 1, '9': 2 }],
  ['keys in the order of UTF-8, which differs from that of UTF-16', { '\u{1f600}': 1, '\uffe6': 2, ä: 3, z: 4 }],
  ['keys that begin with $', { $int: 1, $: 2, a$: 3 }],
  ['16 fields', Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`k${index}`, index]))],
  ['nothing', {}, { gone: undefined }],
  ['a date: 32 bits', new Date(Date.UTC(2026, 0, 31, 12))],
  ['with milliseconds: 64 bits', new Date(Date.UTC(2026, 0, 31, 12, 0, 0, 250))],
  ['after 2106: 64 bits', new Date(2 ** 32 * 1000)],
  ['before 1970: 96 bits', new Date(-1)],
  ['after 2514: 96 bits', new Date(2 ** 34 * 1000)],
  ['the last date', new Date(8.64e15)],
  ['a set, whose elements have no order', new Set([3, 1, 2]), new Set([1n, 2n, 3n])],
  ['a set of all kinds', new Set<unknown>([null, true, -1, 300, 'a', [1], { a: 1 }])],
  ['an empty set', new Set()],
  ['a set of sets', new Set([new Set([2, 1]), new Set()])],
  [
    'a map',
    new Map<unknown, unknown>([
      ['b', 1],
      [2, [3]],
      [{ a: 1 }, null],
    ]),
  ],
  ['an empty map', new Map()],
  [
    'a command',
    { accountId: 'account-7', amount: 250n, at: new Date(0), tags: new Set(['cash']), transfer: undefined },
  ],
];

/** Payloads that every decoder refuses, each with its problem. */
const REFUSED: Readonly<Record<'msgpack' | 'json', readonly (readonly [string, string])[]>> = {
  msgpack: [
    ['no bytes', ''],
    ['something after the value', '0101'],
    ['bytes that end early', 'a36161'],
    ['4 GB that five bytes claim', 'ddffffffff'],
    ['the byte that is never used', 'c1'],
    ['invalid UTF-8', 'a2c328'],
    ['a surrogate in UTF-8', 'a3eda080'],
    ['NaN', 'cb7ff8000000000000'],
    ['infinity', 'ca7f800000'],
    ['a key that is not a string', '810102'],
    ['a duplicate key', '82a16101a16102'],
    ['the key __proto__', '81a95f5f70726f746f5f5f80'],
    ['an unknown extension', 'd40500'],
    ['a timestamp with microseconds', 'd7ff0000fa0000000000'],
    ['a set with an element twice', 'c70373920101'],
    ['a map with a key twice', 'c7056d8201010102'],
    ['lists in 101 levels', `${'91'.repeat(100)}90`],
  ],
  json: [
    ['no bytes', ''],
    ['something after the value', '1 1'],
    ['a comma at the end', '[1,]'],
    ['a number with a zero in front', '01'],
    ['a number that is infinite', '1e999'],
    ['a lone surrogate', '"\\ud800"'],
    ['a duplicate key', '{"a":1,"a":2}'],
    ['the key __proto__', '{"__proto__":{}}'],
    ['an unknown tag', '{"$when":1}'],
    ['a tag next to another key', '{"$int":"5","a":1}'],
    ['an integer with a zero in front', '{"$int":"05"}'],
    ['a date without a time', '{"$date":"2026-01-31"}'],
    ['base64 without padding', '{"$bytes":"AP8"}'],
    ['base64 with bits that are not used', '{"$bytes":"AB=="}'],
    ['a set with an element twice', '{"$set":[1,1]}'],
    ['a map with a key twice', '{"$map":[[1,1],[1,2]]}'],
    ['lists in 101 levels', `${'['.repeat(101)}${']'.repeat(101)}`],
  ],
};

interface Vectors {
  readonly about: string;
  readonly values: readonly { readonly name: string; readonly json: string; readonly msgpack: string }[];
  readonly refused: Readonly<Record<'msgpack' | 'json', readonly { readonly name: string; readonly bytes: string }[]>>;
}

function vectors(): Vectors {
  const named = ([name, bytes]: readonly [string, string]) => ({ name, bytes });
  return {
    about: 'docs/encoding.md. values: each `json` text and each `msgpack` hex are one value. refused: msgpack in hex.',
    values: VALUES.map(([name, value]) => ({
      name,
      json: new TextDecoder('utf-8', { ignoreBOM: true }).decode(json.encode(value, subject)),
      msgpack: hex(msgpack.encode(value, subject)),
    })),
    refused: { msgpack: REFUSED.msgpack.map(named), json: REFUSED.json.map(named) },
  };
}

if (process.env['BLESS'] === '1') writeFileSync(FILE, `${JSON.stringify(vectors(), null, 1)}\n`);
const stored: Vectors = JSON.parse(readFileSync(FILE, 'utf8'));

test('the vectors are those of the document', () => {
  assert.deepEqual(vectors(), stored);
});

for (const [index, [name, ...values]] of VALUES.entries()) {
  test(`equal values have the bytes of the vector in both codecs: ${name}`, () => {
    const vector = stored.values[index];
    assert.ok(vector);
    const text = new TextEncoder().encode(vector.json);
    const bytes = Buffer.from(vector.msgpack, 'hex');
    for (const value of values) {
      assert.equal(hex(msgpack.encode(value, subject)), vector.msgpack);
      assert.equal(hex(json.encode(value, subject)), hex(text));
    }
    assert.equal(hex(json.encode(msgpack.decode(bytes, subject), subject)), hex(text));
    assert.equal(hex(msgpack.encode(json.decode(text, subject), subject)), vector.msgpack);
  });
}

test('every decoder refuses the invalid payloads of the vectors', () => {
  for (const { name, bytes } of stored.refused.msgpack) {
    assert.throws(() => msgpack.decode(Buffer.from(bytes, 'hex'), subject), { code: 'undecodable-payload' }, name);
  }
  for (const { name, bytes } of stored.refused.json) {
    assert.throws(() => json.decode(new TextEncoder().encode(bytes), subject), { code: 'undecodable-payload' }, name);
  }
});

test('an implementation in another language from the document alone writes the same bytes', (context) => {
  const script = fileURLToPath(new URL('encoding_reference.py', import.meta.url));
  const run = spawnSync('python3', [script, fileURLToPath(FILE)], { encoding: 'utf8' });
  if (run.error !== undefined && 'code' in run.error && run.error.code === 'ENOENT')
    return context.skip('there is no python3 on this machine');
  assert.equal(run.status, 0, String(run.error ?? run.stdout + run.stderr));
});
