/**
 * *Explainer.md*, "JS API", `ToWebAssemblyValue` and `ToJSValue`: the rules that are specific to JavaScript and not
 * covered by the vectors.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { ComponentError, isComponentError, isTrap, isValueError } from 'decidable/component';
import { named, run, throughCoreValues, throughMemory } from './guests.ts';
import { i32, probe } from './probe.ts';

describe('the coercion of JavaScript values', () => {
  test('wraps integers', async () => {
    const echo = await throughCoreValues({ type: 'u8', flat: 'i32' });
    assert.equal(echo(256 + 7), 7);
    const signed = await throughMemory({ type: 's16', flat: 'i32' });
    assert.equal(signed(0x8000), -0x8000);
    const big = await throughMemory({ type: 'u64', flat: 'i64' });
    assert.equal(big(-1n), 2n ** 64n - 1n);
  });

  test('accepts any iterable as a list', async () => {
    const echo = await throughMemory({ type: '(list u8)', flat: 'i32 i32' });
    assert.deepEqual(echo([1, 2, 300]), Uint8Array.of(1, 2, 44));
    assert.deepEqual(echo(new Set([4, 5])), Uint8Array.of(4, 5));
    assert.deepEqual(echo(Int16Array.of(6, 7)), Uint8Array.of(6, 7));
    assert.deepEqual(echo(Uint8Array.of(8, 9).buffer), Uint8Array.of(8, 9));
  });

  test('accepts an object as a map, in which the last of equal keys is kept', async () => {
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

  test('converts the keys of an object to the key type of the map', async () => {
    for (const [key, value, pairs] of [
      [
        'u32',
        { 1: 5, 4294967295: 6 },
        [
          [1, 5],
          [4294967295, 6],
        ],
      ],
      ['s8', { '-3': 5 }, [[-3, 5]]],
      ['u64', { '18446744073709551614': 6 }, [[2n ** 64n - 2n, 6]]],
      [
        'bool',
        { true: 5, false: 6 },
        [
          [true, 5],
          [false, 6],
        ],
      ],
      ['char', { x: 5 }, [['x', 5]]],
    ] as const) {
      const echo = await throughMemory({ type: `(map ${key} u8)`, flat: 'i32 i32' });
      assert.deepEqual(echo(value), new Map(pairs as readonly (readonly [unknown, number])[]));
    }
    const echo = await throughMemory({ type: '(map u32 u8)', flat: 'i32 i32' });
    for (const key of ['x', '1.5', '']) assert.throws(() => echo({ [key]: 1 }), TypeError, key);
  });

  test('reads missing flags as false', async () => {
    const echo = await throughMemory(named('(flags "a" "b")', 'i32'));
    assert.deepEqual(echo({ b: true }), { a: false, b: true });
    for (const none of [{}, undefined, null]) assert.deepEqual(echo(none), { a: false, b: false });
  });

  test('accepts a list or a set of names as flags, in camelCase or as in WIT', async () => {
    const echo = await throughCoreValues(named('(flags "read-only" "b")', 'i32'));
    for (const [value, readOnly, b] of [
      [['readOnly'], true, false],
      [new Set(['read-only', 'b']), true, true],
      [[], false, false],
    ] as const) {
      assert.deepEqual(echo(value), { readOnly, b });
    }
    for (const wrong of [['readonly'], [true, false], 'b']) assert.throws(() => echo(wrong), isValueError);
  });

  test('accepts any buffer or view as a list of bytes, shared or not', async () => {
    const shared = new SharedArrayBuffer(3);
    new Uint8Array(shared).set([1, 2, 3]);
    const echo = await throughMemory({ type: '(list u8)', flat: 'i32 i32' });
    for (const value of [
      new DataView(Uint8Array.of(0, 1, 2, 3, 0).buffer, 1, 3),
      Uint8ClampedArray.of(1, 2, 3),
      shared,
      new Uint8Array(shared),
      new DataView(shared),
      Buffer.from([1, 2, 3]),
    ]) {
      assert.deepEqual(echo(value), Uint8Array.of(1, 2, 3), value.constructor.name);
    }
    // These are numbers, and not bytes.
    assert.deepEqual(echo(Uint16Array.of(1, 2, 259)), Uint8Array.of(1, 2, 3));
    const fixed = await throughCoreValues({ type: '(list u8 3)', flat: 'i32 i32 i32' });
    assert.deepEqual(fixed(new DataView(shared)), Uint8Array.of(1, 2, 3));
    assert.throws(() => fixed(new ArrayBuffer(4)), isValueError);
  });

  test('accepts buffers, typed arrays, sets and maps of another realm', async () => {
    const foreign = (text: string): unknown => runInNewContext(text);
    const bytes = await throughMemory({ type: '(list u8)', flat: 'i32 i32' });
    for (const text of [
      'Uint8Array.of(1, 2)',
      'Uint8Array.of(1, 2).buffer',
      'new DataView(Uint8Array.of(1, 2).buffer)',
      '[1, 2]',
      'new Set([1, 2])',
    ]) {
      assert.deepEqual(bytes(foreign(text)), Uint8Array.of(1, 2), text);
    }
    const floats = await throughMemory({ type: '(list f64)', flat: 'i32 i32' });
    assert.deepEqual(floats(foreign('Float64Array.of(0, 1.5).subarray(1)')), Float64Array.of(1.5));
    const map = await throughMemory({ type: '(map string u8)', flat: 'i32 i32' });
    assert.deepEqual(map(foreign('new Map([["a", 1]])')), new Map([['a', 1]]));
  });

  test('refuses a value of the wrong kind with a TypeError, and the instance stays usable', async () => {
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

  test('reads null as none, like undefined', async () => {
    const { take } = await probe({ type: '(option u8)', flat: 'i32 i32' });
    assert.equal(take(null).core, i32(0, 0));
    const nested = await probe({ type: '(option (option u8))', flat: 'i32 i32 i32' });
    for (const none of [undefined, null, { tag: 'none' }]) assert.equal(nested.take(none).core, i32(0, 0, 0));
    assert.equal(nested.take({ tag: 'some', val: null }).core, i32(1, 0, 0));
  });

  test('reads the outermost of three nested options as undefined, as in jco', async () => {
    const three = await probe({ type: '(option (option (option u8)))', flat: 'i32 i32 i32 i32' });
    const values = [
      [undefined, i32(0, 0, 0, 0)],
      [{ tag: 'none' }, i32(1, 0, 0, 0)],
      [{ tag: 'some', val: undefined }, i32(1, 1, 0, 0)],
      [{ tag: 'some', val: 5 }, i32(1, 1, 1, 5)],
    ] as const;
    for (const [value, core] of values) {
      assert.equal(three.take(value).core, core);
      assert.deepEqual(three.pass({ core }), value);
    }
    const four = await probe({ type: '(option (option (option (option u8))))', flat: 'i32 i32 i32 i32 i32' });
    assert.deepEqual(four.pass({ core: i32(1, 1, 1, 1, 5) }), { tag: 'some', val: { tag: 'some', val: 5 } });
    assert.deepEqual(four.pass({ core: i32(0, 0, 0, 0, 0) }), { tag: 'none' });
  });

  test('returns a result inside a value with a `val` even without a payload, as in jco', async () => {
    const { pass } = await probe({ type: '(tuple (result) (result u8))', flat: 'i32 i32 i32' });
    assert.deepStrictEqual(pass({ core: i32(0, 0, 5) }), [
      { tag: 'ok', val: undefined },
      { tag: 'ok', val: 5 },
    ]);
    assert.deepStrictEqual(pass({ core: i32(1, 1, 0) }), [
      { tag: 'err', val: undefined },
      { tag: 'err', val: undefined },
    ]);
    const variant = await probe(named('(variant (case "a") (case "b" u8))', 'i32 i32'));
    assert.deepStrictEqual(variant.pass({ core: i32(0, 0) }), { tag: 'a' });
  });

  test('accepts bigints and booleans as numbers, and whole numbers as bigints', async () => {
    const small = await probe({ type: 's16', flat: 'i32' });
    assert.deepEqual([small.take(-2n).core, small.take(true).core, small.take(2.9).core], [i32(-2), i32(1), i32(2)]);
    const large = await probe({ type: 'u64', flat: 'i64' });
    assert.equal(large.take(7).core, '0000000000000007');
    assert.throws(() => large.take(1.5), isValueError);
  });

  test('accepts any value as a bool', async () => {
    const { take } = await probe({ type: 'bool', flat: 'i32' });
    const cores = [1, 'x', {}, 0, '', undefined].map((value) => take(value).core);
    assert.deepEqual(cores, [i32(1), i32(1), i32(1), i32(0), i32(0), i32(0)]);
  });

  test('wraps the elements of lists of numbers, which may be any iterable or typed array', async () => {
    for (const [type, value, memory] of [
      ['s8', [255, -129], 'ff7f'],
      ['u16', new Set([65537, -1]), '0100ffff'],
      ['u32', Uint8Array.of(1), '01000000'],
      ['s32', [2 ** 31], '00000080'],
      ['u64', [1, -1n], '0100000000000000ffffffffffffffff'],
      ['s64', [2n ** 63n], '0000000000000080'],
      ['f32', [0.5, Number.NaN], '0000003f0000c07f'],
      ['f64', Float32Array.of(0.5), '000000000000e03f'],
    ] as const) {
      const { take } = await probe({ type: `(list ${type})`, flat: 'i32 i32' });
      assert.equal(take(value).memory, memory, type);
    }
  });

  test('refuses a value of another type with an error that names the expected type', async () => {
    for (const [type, wrong, message] of [
      ['string', 5, /expected a string, got 5/],
      ['string', undefined, /expected a string/],
      ['u8', '5', /expected a number, got "5"/],
      ['f64', null, /expected a number/],
      ['s64', '5', /expected a bigint/],
      ['char', '', /one Unicode scalar value/],
      ['char', '\ud800', /one Unicode scalar value/],
      ['char', 65, /expected a string/],
      ['(list u16)', 'text', /expected a list/],
      ['(list u8)', ['1'], /expected a number/],
      ['(list u8 2)', [1, 2, 3], /expected a list of 2 elements, got 3/],
      ['(map u8 u8)', 5, /expected a list/],
      ['(tuple u8)', [1, 2], /expected a tuple of 1 elements, got 2/],
      ['(option (option u8))', 5, /expected an object for a variant/],
      ['(result)', undefined, /expected an object for a variant/],
      ['(result)', { tag: 'none' }, /expected one of ok, err, got "none"/],
    ] as const) {
      const { take } = await throughList(type);
      assert.throws(() => take(wrong), { name: 'ValueError', message }, `${type} of ${String(wrong)}`);
    }
    for (const [definition, wrong, message] of [
      ['(record (field "a" u8))', 5, /expected an object for a record/],
      ['(record (field "a" u8))', {}, /expected a number, got undefined/],
      ['(flags "a")', 'a', /expected an object for a flags/],
      ['(enum "a" "b")', 'c', /expected one of a, b, got "c"/],
      ['(enum "a" "b")', 0, /expected one of a, b/],
      ['(variant (case "a") (case "b" u8))', 'a', /expected an object for a variant/],
      ['(variant (case "a") (case "b" u8))', { tag: 'c' }, /expected one of a, b, got "c"/],
      ['(variant (case "a") (case "b" u8))', { tag: 'b' }, /expected a number, got undefined/],
    ] as const) {
      const { take } = await throughList('$t', named(definition, '').definitions);
      assert.throws(() => take(wrong), { name: 'ValueError', message }, definition);
    }
  });
});

/** Passes a value as the only element of a list. */
async function throughList(type: string, definitions = '') {
  const { take } = await probe({ type: `(list ${type})`, definitions, flat: 'i32 i32' });
  return { take: (value: unknown) => take([value]) };
}

describe('labels', () => {
  test('are camelCase, even if JavaScript objects have a member with that name', async () => {
    const type = named(
      '(record (field "constructor" u8) (field "to-string" u8) (field "val" u8) (field "get-URL-of" u8))',
      'i32 i32 i32 i32',
    );
    const { take, pass } = await probe(type);
    const value = { constructor: 1, toString: 2, val: 3, getUrlOf: 4 };
    assert.equal(take(value).core, i32(1, 2, 3, 4));
    assert.deepStrictEqual(pass({ core: i32(1, 2, 3, 4) }), value);
  });

  test('are unchanged for enums and variants', async () => {
    const { take, pass } = await probe(named('(enum "dark-green" "to-string")', 'i32'));
    assert.equal(take('to-string').core, i32(1));
    assert.equal(pass({ core: i32(0) }), 'dark-green');
    const variant = await probe(named('(variant (case "dark-green" u8) (case "has-own"))', 'i32 i32'));
    assert.deepStrictEqual(variant.pass({ core: i32(0, 5) }), { tag: 'dark-green', val: 5 });
  });

  test('are camelCase for flags, and each is true or false', async () => {
    const { take, pass } = await probe(named('(flags "read-only" "constructor")', 'i32'));
    assert.deepStrictEqual(pass({ core: i32(1) }), { readOnly: true, constructor: false });
    assert.equal(take({ readOnly: 1, constructor: 'yes' }).core, i32(3));
  });
});

describe('a result that a function returns', () => {
  /** A guest whose `get` returns the case, and the payload if it has one. */
  async function getting(type: string, discriminant: number, payload = 0): Promise<() => unknown> {
    const hasPayload = type !== '(result)';
    const { exports } = await run(`(component
      (core module $M (memory (export "memory") 1)
        (data (i32.const 8) "\\${discriminant.toString(16).padStart(2, '0')}\\00\\00\\00\\${payload.toString(16).padStart(2, '0')}")
        (func (export "get") (result i32) (i32.const ${hasPayload ? 8 : discriminant})))
      (core instance $m (instantiate $M))
      (func (export "get") (result ${type}) (canon lift (core func $m "get") (memory (core memory $m "memory")))))`);
    return exports.get as () => unknown;
  }

  test('is the payload of ok', async () => {
    assert.equal((await getting('(result)', 0))(), undefined);
    assert.equal((await getting('(result u32)', 0, 5))(), 5);
    assert.equal((await getting('(result u32 (error u32))', 0, 5))(), 5);
    assert.equal((await getting('(result (error u32))', 0, 5))(), undefined);
  });

  test('is thrown as a ComponentError with the payload of error', async () => {
    for (const [type, payload] of [
      ['(result)', undefined],
      ['(result u32)', undefined],
      ['(result u32 (error u32))', 5],
      ['(result (error u32))', 5],
    ] as const) {
      const get = await getting(type, 1, 5);
      const isError = (error: unknown) => isComponentError(error) && error.payload === payload;
      assert.throws(get, isError, type);
      // This is not a trap, so the guest can be called again.
      assert.throws(get, isError, type);
    }
  });

  test('traps if it is neither', async () => {
    for (const type of ['(result)', '(result u32)', '(result u32 (error u32))', '(result (error u32))']) {
      const get = await getting(type, 2, 5);
      assert.throws(get, (error) => isTrap(error) && /discriminant/.test(error.message), type);
      assert.throws(get, (error) => isTrap(error) && /cannot enter/.test(error.message), type);
    }
  });
});

describe('a result that a function of the host returns', () => {
  /** The case and the payload that the guest receives. */
  async function asking(type: string, answer: () => unknown): Promise<unknown> {
    const { exports } = await run(
      `(component
        (import "f" (func $f (result ${type})))
        (core module $L (memory (export "memory") 1)) (core instance $m (instantiate $L))
        (core func $f' (canon lower (func $f) (memory (core memory $m "memory"))))
        (core module $M (import "" "f" (func $f ${type === '(result)' ? '(result i32)' : '(param i32)'})) (import "m" "memory" (memory 1))
          (func (export "ask") (result i32)
            ${type === '(result)' ? '(i32.store8 (i32.const 8) (call $f))' : '(call $f (i32.const 8))'} (i32.const 8)))
        (core instance $i (instantiate $M (with "" (instance (export "f" (func $f')))) (with "m" (instance $m))))
        (func (export "ask") (result (tuple u8 u32)) (canon lift (core func $i "ask") (memory (core memory $m "memory")))))`,
      { f: answer },
    );
    return (exports.ask as () => unknown)();
  }

  const failing = (thrown: unknown) => () => {
    throw thrown;
  };

  test('is its value, or the payload of its error', async () => {
    assert.deepEqual(await asking('(result)', () => undefined), [0, 0]);
    assert.deepEqual(await asking('(result u32)', () => 5), [0, 5]);
    assert.deepEqual(await asking('(result u32 (error u32))', failing({ payload: 7 })), [1, 7]);
    assert.deepEqual(await asking('(result (error u32))', failing(7)), [1, 7]);
    assert.deepEqual(await asking('(result)', failing(Object.assign(new Error('no'), { payload: undefined }))), [1, 0]);
    assert.deepEqual(await asking('(result u32 (error u32))', failing(new ComponentError(7))), [1, 7]);
  });

  test('may be returned as a whole if its payload cannot look like one', async () => {
    assert.deepEqual(await asking('(result)', () => ({ tag: 'err' })), [1, 0]);
    assert.deepEqual(await asking('(result u32 (error u32))', () => ({ tag: 'err', val: 7 })), [1, 7]);
    assert.deepEqual(await asking('(result u32 (error u32))', () => ({ tag: 'ok', val: 5 })), [0, 5]);
    // Here it is the payload: an `ok` that holds an `err`.
    assert.deepEqual(await asking('(result (result u32))', () => ({ tag: 'err' })), [0, 1]);
  });

  test('does not include an Error without payload, of this or another realm', async () => {
    const foreign = runInNewContext(
      '[new Error("a defect"), new TypeError("another"), new (class Odd extends Error {})]',
    );
    for (const defect of [new Error('a defect'), ...(foreign as unknown[])]) {
      for (const type of ['(result u32 (error u32))', '(result u32)', '(result)']) {
        await assert.rejects(asking(type, failing(defect)), (error) => error === defect);
      }
    }
  });
});

describe('a field or flag with the name of a property that every object has', () => {
  test('is missing if the object does not have it', async () => {
    const flags = await throughCoreValues(named('(flags "constructor" "to-string" "a")', 'i32'));
    assert.deepEqual(flags({}), { constructor: false, toString: false, a: false });
    assert.deepEqual(flags(['to-string', 'a']), { constructor: false, toString: true, a: true });
    for (const through of [throughCoreValues, throughMemory]) {
      const record = await through(
        named('(record (field "to-string" (option u8)) (field "value-of" bool))', 'i32 i32 i32'),
      );
      assert.deepEqual(record({}), { toString: undefined, valueOf: false });
      class Given {
        toString = 5;
        get valueOf(): boolean {
          return true;
        }
      }
      assert.deepEqual(record(new Given()), { toString: 5, valueOf: true });
    }
  });
});
