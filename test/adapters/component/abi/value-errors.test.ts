/** The error for a value of the wrong type, which names the function and the path to the value. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isLinkError, isTrap, isValueError } from 'decidable/component';
import { named, run } from './guests.ts';
import type { Exported } from './handles.ts';
import { canonicalOptions, RECORDING_ALLOCATOR } from './probe.ts';

/** A component with a function `decide-it` that has these parameters and this core type, and does nothing. */
async function guest(params: string, core: string, definitions = ''): Promise<Exported> {
  const { exports } = await run(`(component
    ${definitions}
    (core module $M ${RECORDING_ALLOCATOR} (func (export "f") (param ${core})))
    (core instance $m (instantiate $M))
    (func (export "decide-it") ${params} (canon lift (core func $m "f") ${canonicalOptions()})))`);
  return exports.decideIt as Exported;
}

/** The path of the error that a call throws. */
function pathOf(call: () => unknown): readonly (string | number)[] {
  try {
    call();
  } catch (error) {
    assert.ok(isValueError(error) && error instanceof TypeError, String(error));
    return error.path;
  }
  assert.fail('the value was accepted');
}

const RECORD = named('(record (field "payload" (list u32)) (field "schema-version" u32))', 'i32 i32 i32');

describe('the error for an argument of another type', () => {
  test('names the function, the path to the value, and the expected and the given value', async () => {
    const decide = await guest('(param "the-state" u32) (param "command" $t)', 'i32 i32 i32 i32', RECORD.definitions);
    assert.throws(() => decide(1, { payload: [1, 2, 3], schemaVersion: undefined }), {
      name: 'ValueError',
      code: 'value',
      path: ['command', 'schemaVersion'],
      message: 'decideIt(command.schemaVersion): expected a number, got undefined',
    });
    assert.throws(() => decide(1, { payload: [1, 2, 3, 'x'], schemaVersion: 1 }), {
      message: 'decideIt(command.payload[3]): expected a number, got "x"',
    });
    assert.throws(() => decide('x', undefined), {
      message: 'decideIt(theState): expected a number, got "x"',
    });
  });

  test('has the path to any part of any type that is passed as core values or in memory', async () => {
    const cases: [type: string, flat: string, wrong: unknown, path: (string | number)[]][] = [
      ['(list u8)', 'i32 i32', [1, 2, 'x'], [2]],
      ['(list u64)', 'i32 i32', [1n, 'x'], [1]],
      ['(list string)', 'i32 i32', ['a', 5], [1]],
      ['(list char 3)', 'i32 i32 i32', ['a', 'b', 'cd'], [2]],
      ['(list f64 2)', 'f64 f64', [1, 'x'], [1]],
      ['(list u8 2)', 'i32 i32', [1], []],
      ['(tuple u8 (tuple u8 string))', 'i32 i32 i32 i32', [1, [2, 3]], [1, 1]],
      ['(option u8)', 'i32 i32', 'x', []],
      ['(option (option u8))', 'i32 i32 i32', { tag: 'some', val: 'x' }, ['val']],
      ['(result u8 (error string))', 'i32 i32 i32', { tag: 'err', val: 5 }, ['val']],
      ['(result u8 (error string))', 'i32 i32 i32', { tag: 'odd' }, []],
      ['(map string u8)', 'i32 i32', new Map<unknown, unknown>([['a', 1]]).set('b', 'x'), [1, 1]],
      ['(map string u8)', 'i32 i32', new Map<unknown, unknown>([[5, 1]]), [0, 0]],
    ];
    for (const [type, flat, wrong, path] of cases) {
      const direct = await guest(`(param "a" u8) (param "b" ${type})`, `i32 ${flat}`);
      assert.deepEqual(
        pathOf(() => direct(1, wrong)),
        ['b', ...path],
        type,
      );
      const more = 'cdefghijklmnopqr'.replace(/./g, '(param "$&" u8) ');
      const spilled = await guest(`(param "a" u8) (param "b" ${type}) ${more}`, 'i32');
      assert.deepEqual(
        pathOf(() => spilled(1, wrong)),
        ['b', ...path],
        type,
      );
      const nested = await guest(`(param "a" (list ${type}))`, 'i32 i32');
      assert.deepEqual(
        pathOf(() => nested([wrong])),
        ['a', 0, ...path],
        type,
      );
    }
  });

  test('has the path to a flag, an enum and the case of a variant', async () => {
    for (const [definition, flat, wrong, path] of [
      ['(flags "a" "b")', 'i32', ['a', 'c'], []],
      ['(flags "a" "b")', 'i32', 'a', []],
      ['(enum "a" "b")', 'i32', 'c', []],
      ['(variant (case "a" u8) (case "b"))', 'i32 i32', { tag: 'a' }, ['val']],
      [
        '(record (field "a" u8) (field "b" u8) (field "c-d" u8) (field "e" u8))',
        'i32 i32 i32 i32',
        { a: 1, b: 2 },
        ['cD'],
      ],
    ] as const) {
      const f = await guest('(param "p" $t)', flat, named(definition, flat).definitions);
      assert.deepEqual(
        pathOf(() => f(wrong)),
        ['p', ...path],
        definition,
      );
    }
  });

  for (const position of [0, 1, 2, 3]) {
    test(`names parameter ${position} of four`, async () => {
      const names = ['a', 'b', 'c', 'd'];
      const f = await guest(names.map((name) => `(param "${name}" u32)`).join(' '), 'i32 i32 i32 i32');
      const args = [1, 2, 3, 4].map((value, index) => (index === position ? 'x' : value));
      assert.deepEqual(
        pathOf(() => f(...args)),
        [names[position]],
      );
    });
  }

  test('is thrown before the guest is called, so that the guest can be called again', async () => {
    const f = await guest('(param "p" (list u32))', 'i32 i32');
    for (let times = 0; times < 3; times++) assert.throws(() => f([1, 'x']), isValueError);
    f([1, 2]);
  });

  test('does not replace an error of a getter or an iterator', async () => {
    const f = await guest('(param "p" (list $t))', 'i32 i32', RECORD.definitions);
    const thrown = new Error('the getter failed');
    const odd = {
      get payload(): never {
        throw thrown;
      },
    };
    assert.throws(
      () => f([odd]),
      (error) => error === thrown,
    );
  });

  for (const [resources, shown] of [
    ['objects', 'Thing'],
    ['handles', 'thing'],
  ] as const) {
    test(`names the member of a resource (${resources})`, async () => {
      const { exports } = await run(
        `(component
          (type $thing' (resource (rep i32))) (export $thing "thing" (type $thing'))
          (core func $new (canon resource.new $thing))
          (core module $M (func (export "f") (param i32 i32)))
          (core instance $m (instantiate $M))
          (func (export "[constructor]thing") (param "rep" u32) (result (own $thing)) (canon lift (core func $new)))
          (func (export "[method]thing.set-it") (param "self" (borrow $thing)) (param "to" u32)
            (canon lift (core func $m "f")))
          (func (export "[static]thing.compare") (param "a" (borrow $thing)) (param "b" (borrow $thing))
            (canon lift (core func $m "f"))))`,
        {},
        { resources },
      );
      const thing = exports[shown] as Record<string, Exported>;
      assert.throws(() => thing.create!('x'), { message: `${shown}.create(rep): expected a number, got "x"` });
      const one = thing.create!(5) as Record<string, Exported>;
      const setIt = resources === 'objects' ? (to: unknown) => one.setIt!(to) : (to: unknown) => thing.setIt!(one, to);
      assert.throws(() => setIt('x'), { message: `${shown}.setIt(to): expected a number, got "x"` });
      assert.throws(() => thing.compare!(one, {}), { code: 'value', path: ['b'] });
    });
  }
});

describe('the error for a result of an import that is of another type', () => {
  /** A component that calls the import `produce`, with this result and this core type. */
  async function asking(result: string, core: string, call: string, answer: unknown, definitions = '') {
    const { exports } = await run(
      `(component
        ${definitions}
        (import "produce" (func $produce (result ${result})))
        (core module $Memory ${RECORDING_ALLOCATOR})
        (core instance $m (instantiate $Memory))
        (core func $produce' (canon lower (func $produce) ${canonicalOptions()}))
        (core module $M (import "" "produce" (func $produce ${core})) (func (export "ask") ${call}))
        (core instance $i (instantiate $M (with "" (instance (export "produce" (func $produce'))))))
        (func (export "ask") (canon lift (core func $i "ask"))))`,
      { produce: () => answer },
    );
    return exports.ask as Exported;
  }

  const INTO_MEMORY = ['(param i32)', '(call $produce (i32.const 512))'] as const;

  test('names the import and the path to the value', async () => {
    for (const [result, answer, path, definitions] of [
      ['(list string)', ['a', 5], ['result', 1], ''],
      ['$t', { payload: [1], schemaVersion: 'x' }, ['result', 'schemaVersion'], RECORD.definitions],
      // The payload of `ok` is returned, not the case.
      ['(result (list string))', ['a', 5], ['result', 1], ''],
      ['(option (list string))', ['a', 5], ['result', 1], ''],
    ] as const) {
      const ask = await asking(result, ...INTO_MEMORY, answer, definitions);
      assert.throws(ask, (error) => {
        assert.ok(isLinkError(error) && isValueError(error.cause), String(error));
        assert.deepEqual([error.path, error.cause.path], [['produce'], path]);
        return true;
      });
    }
    const ask = await asking('(list string)', ...INTO_MEMORY, ['a', 5]);
    // The first call ended the instance.
    assert.throws(ask, { message: 'import "produce": result[1]: expected a string, got 5' });
    assert.throws(ask, isTrap);
  });
});
