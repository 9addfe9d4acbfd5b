/** *Explainer.md*, "JS API": the JavaScript API of an instance. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ComponentError, compile, compileSync, instantiateSync, isLinkError } from 'decidable/component';
import { run } from '../abi/guests.ts';
import { assemble } from '../assemble.ts';

type Api = Record<string, (...args: unknown[]) => unknown>;

/** Exports an interface with a resource that counts, and the number of live resources. */
const COUNTERS = `(component
  (component $C
    (core module $Live
      (global $live (mut i32) (i32.const 0))
      (func (export "born") (global.set $live (i32.add (global.get $live) (i32.const 1))))
      (func (export "dtor") (param i32) (global.set $live (i32.sub (global.get $live) (i32.const 1))))
      (func (export "live") (result i32) (global.get $live)))
    (core instance $live (instantiate $Live))
    (type $c' (resource (rep i32) (dtor (core func $live "dtor"))))
    (export $c "big-counter" (type $c'))
    (core func $new (canon resource.new $c'))
    (core module $M
      (import "" "new" (func $new (param i32) (result i32)))
      (import "" "born" (func $born))
      (func (export "make") (param i32) (result i32) (call $born) (call $new (local.get 0)))
      (func (export "get") (param i32) (result i32) (local.get 0)))
    (core instance $m (instantiate $M (with "" (instance
      (export "new" (func $new)) (export "born" (func $live "born"))))))
    (func (export "[constructor]big-counter") (param "start" u32) (result (own $c)) (canon lift (core func $m "make")))
    (func (export "[static]big-counter.from-zero") (param "x" u32) (result (own $c)) (canon lift (core func $m "make")))
    (func (export "[method]big-counter.get-it") (param "self" (borrow $c)) (result u32) (canon lift (core func $m "get")))
    (func (export "live-ones") (result u32) (canon lift (core func $live "live"))))
  (instance $c (instantiate $C))
  (export "a:b/counters@1.0.0" (instance $c)))`;

describe('an exported resource type', () => {
  test('is a class with constructor, methods, static functions and Symbol.dispose', async () => {
    const { exports } = await run(COUNTERS);
    const api = exports['a:b/counters@1.0.0'] as {
      BigCounter: { new (start: number): Disposable & { getIt(): number }; fromZero(x: number): Disposable };
      liveOnes(): number;
    };
    const { BigCounter } = api;
    assert.equal(BigCounter.name, 'BigCounter');
    {
      using counter = new BigCounter(0xffff_ffff);
      assert.ok(counter instanceof BigCounter);
      assert.equal(counter.getIt(), 0xffff_ffff);
      using other = BigCounter.fromZero(0);
      assert.ok(other instanceof BigCounter);
      assert.equal(api.liveOnes(), 2);
    }
    assert.equal(api.liveOnes(), 0);
  });

  test('has methods and static functions even if JavaScript objects have members of the same name', async () => {
    const { exports } = await run(COUNTERS.replaceAll('.get-it"', '.constructor"').replaceAll('.from-zero"', '.name"'));
    const { BigCounter } = exports['a:b/counters@1.0.0'] as {
      BigCounter: { new (start: number): Disposable; name(x: number): Disposable };
    };
    using counter = BigCounter.name(5);
    assert.ok(counter instanceof BigCounter);
    const { constructor: own } = counter as unknown as { constructor: () => number };
    assert.equal(own.call(counter), 5);
  });

  test('is an object of functions on numbers if resources are handles', async () => {
    const instance = await run(COUNTERS, {}, { resources: 'handles' });
    const api = instance.exports['a:b/counters@1.0.0'] as { bigCounter: Api; liveOnes(): number };
    const handle = api.bigCounter.create!(7);
    assert.equal(typeof handle, 'number');
    assert.equal(api.bigCounter.getIt!(handle), 7);
    const other = api.bigCounter.fromZero!(8);
    assert.equal(instance.handleCount, 2);
    api.bigCounter.drop!(handle);
    api.bigCounter.drop!(other);
    assert.equal(instance.handleCount, 0);
    assert.equal(api.liveOnes(), 0);
  });
});

describe('an exported instance', () => {
  const interfaces = `
    (core module $M (func (export "f") (result i32) (i32.const 5)))
    (core instance $m (instantiate $M))
    (func $f (result u32) (canon lift (core func $m "f")))
    (instance $inner (export "f" (func $f)) (export "secret" (func $f)))
    (instance $i (export "f" (func $f)) (export "secret" (func $f)) (export "inner" (instance $inner)))`;
  const type =
    '(instance (export "f" (func (result u32))) (export "inner" (instance (export "f" (func (result u32))))))';

  for (const [how, text] of [
    ['its export ascribes to it', `(component ${interfaces} (export "i" (instance $i) ${type}))`],
    [
      'the component has that imports it and exports it again',
      `(component ${interfaces}
        (component $C (import "i" (instance $i ${type.slice('(instance '.length, -1)})) (export "i" (instance $i)))
        (instance $c (instantiate $C (with "i" (instance $i))))
        (export "i" (instance $c "i")))`,
    ],
  ] as const) {
    test(`has exactly the members of the type that ${how}`, async () => {
      const { exports } = await run(text);
      const i = exports.i as { f: () => unknown; inner: object };
      assert.equal(i.f(), 5);
      assert.deepEqual([Object.keys(i), Object.keys(i.inner)], [['f', 'inner'], ['f']]);
      const asking =
        '(component (import "i" (instance (export "inner" (instance (export "secret" (func (result u32))))))))';
      await assert.rejects(run(asking, exports), isLinkError);
    });
  }
});

describe('a result', () => {
  test('returns its ok case and throws its error case', async () => {
    const { exports } = await run(`(component
      (core module $M (memory (export "memory") 1)
        (func (export "f") (param i32) (result i32)
          (i32.store8 (i32.const 0) (i32.eqz (local.get 0)))
          (i32.store (i32.const 4) (i32.const 99))
          (i32.const 0))
        (func (export "bare") (param i32) (result i32) (i32.eqz (local.get 0))))
      (core instance $m (instantiate $M))
      (func (export "f") (param "ok" bool) (result (result u32 (error u32)))
        (canon lift (core func $m "f") (memory (core memory $m "memory"))))
      (func (export "bare") (param "ok" bool) (result (result)) (canon lift (core func $m "bare"))))`);
    const { f, bare } = exports as Api;
    assert.equal(f!(true), 99);
    assert.throws(
      () => f!(false),
      (error: unknown) => error instanceof ComponentError && error.payload === 99,
    );
    assert.equal(bare!(true), undefined);
    assert.throws(() => bare!(false), ComponentError);
    // An error is not a trap.
    assert.equal(f!(true), 99);
  });
});

describe('an async func with the synchronous ABI', () => {
  test('returns a promise', async () => {
    const { exports } = await run(`(component
      (core module $M (func (export "f") (result i32) (i32.const 5)) (func (export "trap") unreachable))
      (core instance $m (instantiate $M))
      (func (export "f") async (result u32) (canon lift (core func $m "f")))
      (func (export "trap") async (canon lift (core func $m "trap"))))`);
    const { f, trap } = exports as Api;
    const promise = f!();
    assert.ok(promise instanceof Promise);
    assert.equal(await promise, 5);
    await assert.rejects(trap!() as Promise<unknown>, { name: 'Trap' });
  });
});

describe('the asynchronous ABI', () => {
  test('is refused by name when it is called', async () => {
    const { exports } = await run(`(component
      (core module $M (func (export "f") (result i32) (i32.const 0)) (func (export "cb") (param i32 i32 i32) (result i32) unreachable))
      (core instance $m (instantiate $M))
      (func (export "f") async (canon lift (core func $m "f") async (callback (core func $m "cb")))))`);
    await assert.rejects((exports as Api).f!() as Promise<unknown>, {
      code: 'unsupported',
      feature: 'asynchronous ABI',
    });
  });
});

describe('the description of a component', () => {
  test('has full types', async () => {
    const { imports, exports } = await compile(
      await assemble(`(component
      (import "f" (func (param "x" (list u8)) (result string)))
      (core module $M (func (export "g")))
      (core instance $m (instantiate $M))
      (func (export "g") (canon lift (core func $m "g"))))`),
    );
    assert.deepEqual(imports, [
      {
        name: 'f',
        type: {
          kind: 'func',
          async: false,
          params: [{ name: 'x', type: { kind: 'list', element: { kind: 'u8' } } }],
          result: { kind: 'string' },
        },
      },
    ]);
    assert.deepEqual(exports, [{ name: 'g', type: { kind: 'func', async: false, params: [] } }]);
  });

  test('has types of all kinds, as plain data', async () => {
    const { imports } = await compile(
      await assemble(`(component
      (import "r" (type $r (sub resource)))
      (type $record' (record (field "a" u8))) (import "record" (type $record (eq $record')))
      (type $variant' (variant (case "x" s8) (case "y"))) (import "variant" (type $variant (eq $variant')))
      (type $flags' (flags "f")) (import "flags" (type $flags (eq $flags')))
      (type $enum' (enum "e")) (import "enum" (type $enum (eq $enum')))
      (import "f" (func (param "x" (tuple $record $variant $flags $enum (list s16 2) (option char) (result) (result f32)
        (result (error f64)) (map bool $record) (own $r) (borrow $r) (stream u16) (stream) (future s64)))))
      (import "i" (instance (export "c" (component (import "t" (func)) (export "u" (type (sub resource)))))))
      (import "m" (core module (import "a" "b" (func)) (export "g" (global i32)))))`),
    );
    const types = new Map(imports.map(({ name, type }) => [name, type]));
    const resource = types.get('r');
    assert.ok(resource?.kind === 'type' && resource.type.kind === 'resource');
    assert.deepEqual(resource, { kind: 'type', bound: 'sub', type: { kind: 'resource', name: 'r' } });
    const record = { kind: 'record', fields: [{ name: 'a', type: { kind: 'u8' } }] };
    const variant = { kind: 'variant', cases: [{ name: 'x', type: { kind: 's8' } }, { name: 'y' }] };
    const flags = { kind: 'flags', labels: ['f'] };
    const named = { kind: 'enum', labels: ['e'] };
    assert.deepEqual(types.get('variant'), { kind: 'type', bound: 'eq', type: { kind: 'value type', type: variant } });
    const elements = [
      ...[record, variant, flags, named],
      { kind: 'list', element: { kind: 's16' }, length: 2 },
      { kind: 'option', value: { kind: 'char' } },
      { kind: 'result' },
      { kind: 'result', ok: { kind: 'f32' } },
      { kind: 'result', error: { kind: 'f64' } },
      { kind: 'map', key: { kind: 'bool' }, value: record },
      { kind: 'own', resource: resource.type },
      { kind: 'borrow', resource: resource.type },
      { kind: 'stream', element: { kind: 'u16' } },
      { kind: 'stream' },
      { kind: 'future', element: { kind: 's64' } },
    ];
    const params = [{ name: 'x', type: { kind: 'tuple', elements } }];
    assert.deepEqual(types.get('f'), { kind: 'func', async: false, params });
    const made = { kind: 'resource', name: 'u' };
    const component = {
      kind: 'component',
      imports: [{ name: 't', type: { kind: 'func', async: false, params: [] } }],
      exports: [{ name: 'u', type: { kind: 'type', bound: 'sub', type: made } }],
      imported: [],
      defined: [made],
    };
    assert.deepEqual(types.get('i'), { kind: 'instance', exports: [{ name: 'c', type: component }], defined: [] });
    assert.deepEqual(types.get('m'), {
      kind: 'core module',
      type: {
        imports: [{ module: 'a', name: 'b', type: { kind: 'func', params: [], results: [], id: 0 } }],
        exports: [{ name: 'g', type: { kind: 'global', type: 'i32', mutable: false } }],
      },
    });
  });

  test('is the same object each time', async () => {
    const component = await compile(await assemble('(component (import "f" (func)))'));
    assert.equal(component.imports, component.imports);
  });
});

describe('a component', () => {
  test('can be compiled and instantiated synchronously, any number of times', async () => {
    const component = compileSync(
      await assemble(`(component
      (core module $M (global $n (mut i32) (i32.const 0))
        (func (export "next") (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n)))
      (core instance $m (instantiate $M))
      (func (export "next") (result u32) (canon lift (core func $m "next"))))`),
    );
    const [a, b] = [instantiateSync(component).exports as Api, instantiateSync(component).exports as Api];
    assert.deepEqual([a.next!(), a.next!(), b.next!()], [1, 2, 1]);
  });
});
