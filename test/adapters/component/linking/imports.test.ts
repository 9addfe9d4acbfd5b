/**
 * *Explainer.md*, "JS API": the values that JavaScript may pass for imports, and the names under which they are found.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ComponentError, compile, instantiate, isLinkError } from 'decidable/component';
import { ALLOCATOR, run } from '../abi/guests.ts';
import { assemble } from '../assemble.ts';

type Api = Record<string, (...args: unknown[]) => unknown>;

/** Imports an interface with a function and passes it on. */
function passing(name: string): string {
  return `(component
    (import "${name}" (instance $i (export "get-it" (func (result u32)))))
    (core func $get (canon lower (func $i "get-it")))
    (core module $M (import "" "get" (func $get (result i32))) (func (export "get") (result i32) (call $get)))
    (core instance $m (instantiate $M (with "" (instance (export "get" (func $get))))))
    (func (export "get") (result u32) (canon lift (core func $m "get"))))`;
}

describe('the interface of an import', () => {
  const getIt = (): number => 42;
  for (const [what, wanted, imports] of [
    ['under its full name', 'a:b/c@1.2.3', { 'a:b/c@1.2.3': { getIt } }],
    ['under a later compatible version', 'a:b/c@1.2.3', { 'a:b/c@1.9.0': { getIt } }],
    [
      'under the highest of several',
      'a:b/c@1.2.3',
      { 'a:b/c@1.2.0': {}, 'a:b/c@1.10.0': { getIt }, 'a:b/c@1.9.0': {} },
    ],
    ['under an earlier compatible version', 'a:b/c@1.9.0', { 'a:b/c@1.2.3': { getIt } }],
    ['under a compatible 0.x version', 'a:b/c@0.2.0', { 'a:b/c@0.2.7': { getIt } }],
    ['under another build of a version', 'a:b/c@1.2.3+one', { 'a:b/c@1.2.4+two': { getIt } }],
    ['under the same prerelease', 'a:b/c@1.0.0-rc.1', { 'a:b/c@1.0.0-rc.1': { getIt } }],
    ['under any version of the track that it names', 'a:b/c@1', { 'a:b/c@1.9.0': { getIt } }],
    ['under any version of the 0.x track that it names', 'a:b/c@0.2', { 'a:b/c@0.2.7': { getIt } }],
    ['under the track of its version', 'a:b/c@0.2.7', { 'a:b/c@0.2': { getIt } }],
    ['without version', 'a:b/c@0.2.0', { 'a:b/c': { getIt } }],
    ['by its last part', 'a:b/c-d@0.2.0', { 'c-d': { getIt } }],
    ['by its last part in camelCase', 'a:b/c-d', { cD: { getIt } }],
    ['with the names of WIT', 'a:b/c', { 'a:b/c': { 'get-it': getIt } }],
    ['under a plain name', 'plain-name', { plainName: { getIt } }],
  ] as const) {
    test(`is found ${what}`, async () => {
      const { exports } = await run(passing(wanted), imports);
      assert.equal((exports as Api).get!(), 42);
    });
  }

  test('is found under the name of the interface that a plain name implements', async () => {
    const text = passing('a-log').replace('"a-log"', '"a-log" (implements "a:b/c@1.2.3")');
    for (const imports of [{ 'a:b/c@1.4.0': { getIt } }, { aLog: { getIt }, 'a:b/c@1.2.3': {} }]) {
      assert.equal(((await run(text, imports)).exports as Api).get!(), 42);
    }
  });

  for (const [what, wanted, imports] of [
    ['under another major version', 'a:b/c@1.2.3', { 'a:b/c@2.0.0': { getIt } }],
    ['under another 0.x version', 'a:b/c@0.2.0', { 'a:b/c@0.3.0': { getIt } }],
    ['under another 0.0 version', 'a:b/c@0.0.1', { 'a:b/c@0.0.2': { getIt } }],
    ['under another prerelease', 'a:b/c@1.0.0-rc.1', { 'a:b/c@1.0.0-rc.2': { getIt }, 'a:b/c@1.0.0': { getIt } }],
    ['under a prerelease of a later version', 'a:b/c@1.0.0', { 'a:b/c@1.0.1-rc.1': { getIt } }],
    ['under another track', 'a:b/c@1', { 'a:b/c@2.0.0': { getIt }, 'a:b/c@0.1.0': { getIt } }],
    ['in an empty object', 'a:b/c', {}],
    ['if its function is missing', 'a:b/c', { 'a:b/c': {} }],
    ['if its function is another value', 'a:b/c', { 'a:b/c': { getIt: 5 } }],
  ] as const) {
    test(`is not found ${what}, and the error names the import`, async () => {
      const component = await compile(await assemble(passing(wanted)));
      await assert.rejects(instantiate(component, imports), (error: unknown) => {
        assert.ok(isLinkError(error));
        assert.equal(error.path[0], wanted);
        return true;
      });
    });
  }
});

test('the error of a wrong import has the expected and the given value, and the names that lead to it', async () => {
  // This test checks the message.
  const component = await compile(await assemble(passing('a:b/c')));
  for (const [imports, message] of [
    [{}, 'import "a:b/c": expected an object for the interface, got nothing'],
    [{ 'a:b/c': 5 }, 'import "a:b/c": expected an object for the interface, got 5'],
    [{ 'a:b/c': {} }, 'import "a:b/c" → "get-it": expected a function, got nothing'],
    [{ 'a:b/c': { getIt: 'x' } }, 'import "a:b/c" → "get-it": expected a function, got "x"'],
  ] as const) {
    await assert.rejects(instantiate(component, imports), { name: 'LinkError', message });
  }
});

describe('a function at the root', () => {
  test('may be the default export of a module', async () => {
    const text = `(component
      (import "host-fn" (func $f (result u32)))
      (core func $f' (canon lower (func $f)))
      (core module $M (import "" "f" (func $f (result i32))) (func (export "get") (result i32) (call $f)))
      (core instance $m (instantiate $M (with "" (instance (export "f" (func $f'))))))
      (func (export "get") (result u32) (canon lift (core func $m "get"))))`;
    for (const imports of [{ 'host-fn': () => 7 }, { hostFn: () => 7 }, { 'host-fn': { default: () => 7 } }]) {
      assert.equal(((await run(text, imports)).exports as Api).get!(), 7);
    }
  });
});

describe('the result of an import', () => {
  /** Returns the host's `result<u8, string>` to the host. */
  const text = `(component
    (import "f" (func $f (result (result u8 (error string)))))
    (core module $Libc ${ALLOCATOR})
    (core instance $libc (instantiate $Libc))
    (core func $f' (canon lower (func $f) (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
    (core module $M (import "" "f" (func $f (param i32)))
      (func (export "get") (result i32) (call $f (i32.const 16)) (i32.const 16)))
    (core instance $m (instantiate $M (with "" (instance (export "f" (func $f'))))))
    (func (export "get") (result (result u8 (error string)))
      (canon lift (core func $m "get") (memory (core memory $libc "memory")))))`;

  async function get(f: () => unknown): Promise<unknown> {
    return ((await run(text, { f })).exports as Api).get!();
  }

  test('is returned if it is ok', async () => {
    assert.equal(await get(() => 5), 5);
  });

  for (const [what, thrown] of [
    ['as a ComponentError', new ComponentError('no money')],
    ['as an object with a payload', Object.assign(new Error('x'), { payload: 'no money' })],
    ['as the payload itself', 'no money'],
  ] as const) {
    test(`is thrown if it is an error, as ${what}`, async () => {
      await assert.rejects(
        get(() => {
          throw thrown;
        }),
        (error: unknown) => {
          assert.ok(error instanceof ComponentError);
          assert.equal(error.payload, 'no money');
          return true;
        },
      );
    });
  }

  test('is not an error if the host throws an exception without a payload', async () => {
    const defect = new Error('a defect');
    await assert.rejects(
      get(() => {
        throw defect;
      }),
      (error) => error === defect,
    );
  });
});

describe('a resource that the host implements', () => {
  class Counter {
    static dropped: number[] = [];
    #count: number;
    constructor(start: number) {
      this.#count = start;
    }
    addUp(by: number): number {
      this.#count += by;
      return this.#count;
    }
    static join(a: Counter, b: Counter): Counter {
      return new Counter(a.#count + b.#count);
    }
    [Symbol.dispose](): void {
      Counter.dropped.push(this.#count);
    }
  }

  const text = `(component
    (import "a:b/counters" (instance $i
      (export "counter" (type $c (sub resource)))
      (export "[constructor]counter" (func (param "start" u32) (result (own $c))))
      (export "[method]counter.add-up" (func (param "self" (borrow $c)) (param "by" u32) (result u32)))
      (export "[static]counter.join" (func (param "a" (own $c)) (param "b" (own $c)) (result (own $c))))))
    (alias export $i "counter" (type $c))
    (core func $new (canon lower (func $i "[constructor]counter")))
    (core func $add (canon lower (func $i "[method]counter.add-up")))
    (core func $join (canon lower (func $i "[static]counter.join")))
    (core func $drop (canon resource.drop $c))
    (core module $M
      (import "" "new" (func $new (param i32) (result i32)))
      (import "" "add" (func $add (param i32 i32) (result i32)))
      (import "" "join" (func $join (param i32 i32) (result i32)))
      (import "" "drop" (func $drop (param i32)))
      (func (export "run") (result i32) (local $joined i32) (local $sum i32)
        (local.set $joined (call $join (call $new (i32.const 1)) (call $new (i32.const 2))))
        (local.set $sum (call $add (local.get $joined) (i32.const 10)))
        (call $drop (local.get $joined))
        (local.get $sum))
      (func (export "pass") (param i32) (result i32) (local.get 0)))
    (core instance $m (instantiate $M (with "" (instance
      (export "new" (func $new)) (export "add" (func $add)) (export "join" (func $join)) (export "drop" (func $drop))))))
    (export $c' "counter" (type $c))
    (func (export "run") (result u32) (canon lift (core func $m "run")))
    (func (export "pass") (param "c" (own $c')) (result (own $c')) (canon lift (core func $m "pass"))))`;

  test('is an object of its class, and Symbol.dispose is called when it is dropped', async () => {
    Counter.dropped = [];
    const { exports } = await run(text, { 'a:b/counters': { Counter } });
    const api = exports as Api;
    assert.equal(api.run!(), 13);
    assert.deepEqual(Counter.dropped, [13]);
    const counter = new Counter(5);
    assert.equal(api.pass!(counter), counter);
    assert.throws(() => api.pass!({}), TypeError);
    assert.equal(exports.Counter, Counter);
  });

  test('may be an object of functions on numbers if resources are handles', async () => {
    const dropped: number[] = [];
    const counter = {
      create: (start: number) => start | 0x8000_0000,
      addUp: (self: number, by: number) => (self & 0xffff) + by,
      join: (a: number, b: number) => (a & 0xffff) + (b & 0xffff),
      drop: (rep: number) => dropped.push(rep),
    };
    const { exports } = await run(text, { 'a:b/counters': { counter } }, { resources: 'handles' });
    assert.equal((exports as Api).run!(), 13);
    assert.deepEqual(dropped, [3]);
  });

  test('must be passed', async () => {
    await assert.rejects(run(text, { 'a:b/counters': {} }), isLinkError);
  });
});
