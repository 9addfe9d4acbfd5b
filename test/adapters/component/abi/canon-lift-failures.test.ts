/**
 * *CanonicalABI.md*, "`canon lift`", for calls that fail. An error that the guest catches is still a failure, and the
 * instance cannot be entered again. There is separate code for calls with few parameters, for calls with many, and for
 * calls that return a handle.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isTrap } from 'decidable/component';
import { run } from './guests.ts';
import { type Exported, traps } from './handles.ts';

const CATCHING = '(block $caught (try_table (catch_all $caught) (call $out)))';

interface Shape {
  readonly name: string;
  readonly params: number;
  /** The result of the core function. If it is a handle, it is in memory. */
  readonly result: 'nothing' | 'a number' | 'a handle or an error';
}

const SHAPES: readonly Shape[] = (['nothing', 'a number', 'a handle or an error'] as const).flatMap((result) =>
  [0, 1, 2, 3, 4, 5].map((params) => ({ name: `${params} parameters and ${result}`, params, result })),
);

/** A guest with a function of this shape, which runs `body`. Its post-return runs `post`. */
async function guest(
  { params, result }: Shape,
  { body = '', post = '' }: { readonly body?: string; readonly post?: string },
  out: () => unknown,
  resources: 'objects' | 'handles',
): Promise<{ readonly f: () => unknown; readonly idle: () => unknown }> {
  const places = Array.from({ length: params }, (_, n) => n);
  const texts = {
    nothing: ['', '', ''],
    'a number': ['(result u32)', '(result i32)', '(i32.const 16)'],
    'a handle or an error': ['(result (result (own $r) (error u32)))', '(result i32)', '(i32.const 16)'],
  } as const satisfies Record<Shape['result'], readonly string[]>;
  const [type, core, value] = texts[result];
  const { exports } = await run(
    `(component
      (import "out" (func $out))
      (core func $out' (canon lower (func $out)))
      (type $r' (resource (rep i32))) (export $r "r" (type $r'))
      (core func $new (canon resource.new $r'))
      (core module $M
        (import "" "out" (func $out)) (import "" "new" (func $new (param i32) (result i32)))
        (memory (export "memory") 1)
        (func (export "f") (param ${'i32 '.repeat(params)}) ${core}
          (i32.store (i32.const 20) (call $new (i32.const 5))) ${body} ${value})
        (func (export "post") ${core.replace('result', 'param')} ${post})
        (func (export "idle")))
      (core instance $m (instantiate $M (with "" (instance (export "out" (func $out')) (export "new" (func $new))))))
      (func (export "f") ${places.map((n) => `(param "p${n}" u32)`).join(' ')} ${type}
        (canon lift (core func $m "f") (memory (core memory $m "memory")) (post-return (core func $m "post"))))
      (func (export "idle") (canon lift (core func $m "idle"))))`,
    { out },
    { resources },
  );
  const { f, idle } = exports as Record<'f' | 'idle', Exported>;
  return { f: () => f(...places), idle };
}

const thrown = new Error('the host is out of order');
const failing = () => {
  throw thrown;
};

for (const resources of ['objects', 'handles'] as const) {
  describe(`a call, with resources as ${resources}`, () => {
    for (const shape of SHAPES) {
      test(`with ${shape.name} ends the instance with the error of a host function, caught by the guest or not`, async () => {
        for (const body of ['(call $out)', CATCHING]) {
          const { f, idle } = await guest(shape, { body }, failing, resources);
          assert.throws(f, (error) => error === thrown);
          traps(idle, /an earlier call into it trapped/);
        }
      });

      test(`with ${shape.name} ends the instance if post-return calls out, caught by the guest or not`, async () => {
        for (const post of ['(call $out)', CATCHING]) {
          const { f, idle } = await guest(shape, { post }, () => undefined, resources);
          traps(f, /cannot leave component instance/);
          traps(idle, /an earlier call into it trapped/);
        }
      });

      test(`with ${shape.name} may call out and return repeatedly`, async () => {
        const { f, idle } = await guest(shape, { body: CATCHING, post: '' }, () => undefined, resources);
        for (let call = 0; call < 3; call++) f();
        assert.equal(idle(), undefined);
      });
    }
  });
}

describe('an argument that cannot be lowered', () => {
  class Resource {}
  const text = `(component
    (import "resource" (type $r (sub resource)))
    (import "look" (func $look (param "r" (borrow $r)) (result u32)))
    (core func $look' (canon lower (func $look)))
    (core func $drop (canon resource.drop $r))
    (core module $M
      (import "" "look" (func $look (param i32) (result i32))) (import "" "drop" (func $drop (param i32)))
      (func (export "f") (param i32 i32 i32) (result i32) (call $drop (local.get 0)) (call $drop (local.get 1)) (local.get 2))
      (func (export "peek") (param i32) (result i32) (call $look (local.get 0))))
    (core instance $m (instantiate $M (with "" (instance (export "look" (func $look')) (export "drop" (func $drop))))))
    (func (export "f") (param "a" (borrow $r)) (param "b" (borrow $r)) (param "c" char) (result u32)
      (canon lift (core func $m "f")))
    (func (export "peek") (param "handle" u32) (result u32) (canon lift (core func $m "peek"))))`;

  for (const resources of ['objects', 'handles'] as const) {
    test(`leaves no handle lent to the guest, which can be called again (${resources})`, async () => {
      const { exports } = await run(text, { Resource, look: () => 1 }, { resources });
      const { f, peek } = exports as Record<'f' | 'peek', Exported>;
      const resource = new Resource();
      for (let times = 0; times < 2; times++) {
        assert.throws(() => f(resource, resource, 5), TypeError);
        assert.throws(() => f(resource, 5, 'c'), TypeError);
        assert.equal(f(resource, resource, 'c'), 99);
      }
      assert.throws(() => f(resource, resource, 5), TypeError);
      traps(() => peek(1), /unknown handle index 1/);
    });
  }
});

describe('a guest that caught a failure', () => {
  test('can no longer call out', async () => {
    let calls = 0;
    const out = () => {
      calls++;
      throw thrown;
    };
    const { f } = await guest(SHAPES[0]!, { body: `${CATCHING} ${CATCHING} (call $out)` }, out, 'objects');
    assert.throws(f, isTrap);
    assert.equal(calls, 1);
  });

  test('can no longer create or drop handles', async () => {
    const body = `${CATCHING} (drop (call $new (i32.const 1)))`;
    const { f } = await guest(SHAPES[0]!, { body }, failing, 'objects');
    traps(f, /cannot leave component instance/);
  });
});

describe('realloc', () => {
  test('ends the instance if it calls out, caught by the guest or not', async () => {
    for (const [type, core, value] of [
      ['string', 'i32 i32', 'x'],
      ['(list u8)', 'i32 i32', [1]],
      ['(list u64)', 'i32 i32', [1n]],
      ['(list string)', 'i32 i32', ['x']],
      [`(tuple ${'u8 '.repeat(17)})`, 'i32', new Array<number>(17).fill(1)],
    ] as const) {
      const { exports } = await run(
        `(component
          (import "out" (func $out))
          (core func $out' (canon lower (func $out)))
          (core module $M (import "" "out" (func $out)) (memory (export "memory") 1)
            (func (export "realloc") (param i32 i32 i32 i32) (result i32) ${CATCHING} (i32.const 64))
            (func (export "f") (param ${core})))
          (core instance $m (instantiate $M (with "" (instance (export "out" (func $out'))))))
          (func (export "f") (param "x" ${type})
            (canon lift (core func $m "f") (memory (core memory $m "memory")) (realloc (core func $m "realloc")))))`,
        { out: () => undefined },
      );
      const { f } = exports as Record<'f', Exported>;
      traps(() => f(value), /cannot leave component instance/);
      traps(() => f(value), /an earlier call into it trapped/);
    }
  });
});
