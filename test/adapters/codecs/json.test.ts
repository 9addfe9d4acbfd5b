import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isFault } from 'decidable';
import { json } from 'decidable/codecs/json';
import fc from 'fast-check';
import { codecLaws, decodesOrRefuses } from './codec-laws.ts';
import { subject } from './values.ts';

codecLaws(json);

function text(value: unknown): string {
  return new TextDecoder().decode(json.encode(value, subject));
}

function parse(source: string): unknown {
  return json.decode(new TextEncoder().encode(source), subject);
}

describe('canonical JSON', () => {
  const cases: [unknown, string][] = [
    [{ b: [1, 2n, 'x'], a: null, c: true }, '{"a":null,"b":[1,2,"x"],"c":true}'],
    [{ '\u{1f600}': 1, '\uffe6': 2, ä: 3, z: 4 }, '{"z":4,"ä":3,"\uffe6":2,"\u{1f600}":1}'],
    [{ gone: undefined }, '{}'],
    ['"\\/\b\f\n\r\t\u0000\u001f\u007f\u2028é', '"\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\u007f\u2028é"'],
    [[-0, 1.5, 1e-7, 1e300, 0.1 + 0.2], '[0,1.5,1e-7,1e+300,0.30000000000000004]'],
    [
      [2 ** 53 - 1, 2 ** 53, -(2n ** 63n), 2n ** 64n],
      '[9007199254740991,{"$int":"9007199254740992"},{"$int":"-9223372036854775808"},{"$int":"18446744073709551616"}]',
    ],
    [[2 ** 64, 1e20, -1e20], '[18446744073709552000.0,100000000000000000000.0,-100000000000000000000.0]'],
    [new Date(Date.UTC(2026, 0, 31, 12)), '{"$date":"2026-01-31T12:00:00.000Z"}'],
    [new Date(-8.64e15), '{"$date":"-271821-04-20T00:00:00.000Z"}'],
    [Uint8Array.of(0, 255, 62), '{"$bytes":"AP8+"}'],
    [new Set(['b', 'a', 10, 9]), '{"$set":["a","b",10,9]}'],
    [
      new Map<unknown, unknown>([
        [{ k: 1 }, 'x'],
        [2, 'y'],
      ]),
      '{"$map":[[2,"y"],[{"k":1},"x"]]}',
    ],
    [{ $int: '5', $$: 1, a$: 2 }, '{"$$$":1,"$$int":"5","a$":2}'],
  ];
  for (const [value, expected] of cases)
    test(`is written without spaces: ${expected}`, () => assert.equal(text(value), expected));
});

describe('valid JSON that is not canonical', () => {
  const cases: [string, unknown][] = [
    [' { "b" : 1 ,\n"a":[ ] , "c":{ } }\t', { a: [], b: 1, c: {} }],
    ['[1.0,10e-1,1E0,-0,-0.0]', [1, 1, 1, 0, 0]],
    ['"\\u0041\\ud83d\\ude00\\/"', 'A\u{1f600}/'],
    ['9007199254740993', 9007199254740993n],
    ['{"$int":"5"}', 5],
    [' {"$set" : [ 2, 1 ] } ', new Set([1, 2])],
    ['{ "$map" : [ [ 1 , 2 ] ] }', new Map([[1, 2]])],
  ];
  for (const [source, value] of cases)
    test(`is decoded: ${source.trim()}`, () => assert.deepEqual(parse(source), value));
});

describe('invalid JSON', () => {
  const cases: [string, number, RegExp][] = [
    ['', 0, /expected a JSON value/],
    ['[1,]', 3, /expected a JSON value/],
    ['{"a":1', 6, /expected "}"/],
    ['{"a" 1}', 5, /expected ":"/],
    ['{a:1}', 1, /expected "\\""/],
    ['[1 2]', 3, /expected "]"/],
    ['nul', 0, /expected a JSON value/],
    ['01', 1, /expected the end/],
    ['+1', 0, /expected a JSON value/],
    ['NaN', 0, /expected a JSON value/],
    ['1e999', 0, /NaN or infinite/],
    ['1 2', 2, /expected the end/],
    ['\ufeff1', 0, /expected a JSON value/],
    ['"ä', 3, /no end/],
    ['"ä\\x"', 3, /invalid escape/],
    ['"a\nb"', 2, /control character/],
    ['["ä","\\ud800"]', 6, /lone surrogate/],
    ['{"a":1,"a":2}', 7, /is duplicated/],
    ['{"__proto__":{}}', 1, /__proto__/],
    ['{"$when":1}', 0, /unknown tag "\$when"/],
    ['{"$":1}', 0, /unknown tag "\$"/],
    ['{"$int":"5","a":1}', 11, /must be the only key/],
    ['{"a":1,"$int":"5"}', 7, /must be the only key/],
    ['{"$int":"05"}', 0, /must contain an integer/],
    ['{"$int":5}', 8, /expected "\\""/],
    ['{"$date":"2026-01-31"}', 0, /must contain a date/],
    ['{"$date":"2026-13-31T12:00:00.000Z"}', 0, /must contain a date/],
    ['{"$bytes":"AP8"}', 0, /base64/],
    ['{"$bytes":"AB=="}', 0, /base64/],
    ['{"$set":{}}', 8, /expected "\["/],
    ['{"$set":[1,1.0]}', 0, /equal/],
    ['{"$set":[{"a":1},{"a":1}]}', 0, /equal/],
    ['{"$map":[[1]]}', 11, /expected ","/],
    ['{"$map":[[1,1],[1,2]]}', 0, /equal/],
    [`${'['.repeat(101)}${']'.repeat(101)}`, 100, /deeper than 100/],
    ['['.repeat(100_000), 100, /deeper than 100/],
    ['{"a":'.repeat(100_000), 500, /deeper than 100/],
    ['{"$set":['.repeat(100_000), 900, /deeper than 100/],
    ['{"$map":[['.repeat(100_000), 1_000, /deeper than 100/],
    [`1${'0'.repeat(10_000)}`, 0, /NaN or infinite|more than 1024 bytes/],
  ];
  for (const [source, offset, problem] of cases) {
    const shown = source.length > 40 ? `${source.slice(0, 40)}…` : JSON.stringify(source);
    test(`is refused with its offset: ${shown}`, () => {
      assert.throws(
        () => parse(source),
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

  test('is refused if its bytes are not UTF-8', () => {
    assert.throws(() => json.decode(Uint8Array.of(0x22, 0xff, 0x22), subject), { code: 'undecodable-payload' });
  });
});

describe('JSON of another writer', () => {
  /** Digits on both sides of the longest integer that has an encoding. */
  const longInteger = fc
    .tuple(fc.integer({ min: 2_460, max: 2_472 }), fc.integer({ min: 1, max: 9 }), fc.constantFrom('', '-'))
    .map(([length, digit, sign]) => sign + String(digit).repeat(length));
  const number = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
    fc.bigInt().map(String),
    longInteger,
    fc.constantFrom('1e308', '-1e-400', '-0', '-0.0', '1e19', '18446744073709551616.0', '9223372036854775807.0'),
  );
  const string = fc.string({ unit: 'binary', maxLength: 5 }).map((text) => JSON.stringify(text));
  const joined = (items: readonly string[]): string => items.join(' , ');
  const anyJson = fc.letrec<{ value: string }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      number,
      string,
      number.map((digits) => `{"$int":"${digits}"}`),
      fc.constantFrom('true', 'null', '{"$date":"+275760-09-13T00:00:00.000Z"}', '{"$bytes":"AA=="}'),
      fc.array(tie('value'), { maxLength: 4 }).map((items) => `[${joined(items)}]`),
      fc.array(tie('value'), { maxLength: 4 }).map((items) => `{"$set":[${joined(items)}]}`),
      fc
        .array(fc.tuple(tie('value'), tie('value')), { maxLength: 3 })
        .map((entries) => `{"$map":[${joined(entries.map((entry) => `[${joined(entry)}]`))}]}`),
      fc
        .array(fc.tuple(string, tie('value')), { maxLength: 3 })
        .map((fields) => `{${joined(fields.map(([key, value]) => `${key.replace(/^"\$/, '"$$$$')}:${value}`))}}`),
    ),
  })).value;

  test('is refused, or has a canonical form that is read as the same value', () => {
    let read = 0;
    fc.assert(
      fc.property(anyJson, (source) => {
        if (decodesOrRefuses(json, new TextEncoder().encode(source))) read++;
      }),
      { numRuns: 2_000 },
    );
    assert.ok(read > 500, `only ${read} of 2,000 texts were read`);
  });

  test('may contain an integer of at most 1,024 bytes', () => {
    const [least, most] = [-(2n ** 8191n), 2n ** 8191n - 1n];
    for (const value of [least, most]) {
      assert.equal(parse(String(value)), value);
      assert.equal(parse(`{"$int":"${value}"}`), value);
    }
    for (const value of [least - 1n, most + 1n, most * 1_000n]) {
      for (const source of [String(value), `{"$int":"${value}"}`]) {
        assert.throws(() => parse(source), { code: 'undecodable-payload' });
      }
    }
  });
});
