/** A host links two components and replaces some functions of the first: `{ ...provider, f: override }`. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isLinkError } from 'decidable/component';
import { run } from '../abi/guests.ts';

type Api = Record<string, (...args: unknown[]) => unknown>;

/** Counters with a constructor, a method, a static function and a free function. */
const PROVIDER = `(component
  (component $C
    (type $c' (resource (rep i32)))
    (export $c "counter" (type $c'))
    (core func $new (canon resource.new $c'))
    (core module $M (import "" "new" (func $new (param i32) (result i32)))
      (func (export "make") (param i32) (result i32) (call $new (local.get 0)))
      (func (export "rep") (param i32) (result i32) (local.get 0)))
    (core instance $m (instantiate $M (with "" (instance (export "new" (func $new))))))
    (func (export "[constructor]counter") (param "x" u32) (result (own $c)) (canon lift (core func $m "make")))
    (func (export "[static]counter.with") (param "x" u32) (result (own $c)) (canon lift (core func $m "make")))
    (func (export "[method]counter.get") (param "self" (borrow $c)) (result u32) (canon lift (core func $m "rep")))
    (func (export "look") (param "c" (borrow $c)) (result u32) (canon lift (core func $m "rep"))))
  (instance $c (instantiate $C))
  (export "a:b/counters@1.0.0" (instance $c)))`;

/** Creates counters in both ways, and reads them in both ways. */
const CONSUMER = `(component
  (import "a:b/counters@1.0.0" (instance $i
    (export "counter" (type $c (sub resource)))
    (export "[constructor]counter" (func (param "x" u32) (result (own $c))))
    (export "[static]counter.with" (func (param "x" u32) (result (own $c))))
    (export "[method]counter.get" (func (param "self" (borrow $c)) (result u32)))
    (export "look" (func (param "c" (borrow $c)) (result u32)))))
  (alias export $i "counter" (type $c))
  (core func $new (canon lower (func $i "[constructor]counter")))
  (core func $with (canon lower (func $i "[static]counter.with")))
  (core func $get (canon lower (func $i "[method]counter.get")))
  (core func $look (canon lower (func $i "look")))
  (core func $drop (canon resource.drop $c))
  (core module $M
    (import "" "new" (func $new (param i32) (result i32))) (import "" "with" (func $with (param i32) (result i32)))
    (import "" "get" (func $get (param i32) (result i32))) (import "" "look" (func $look (param i32) (result i32)))
    (import "" "drop" (func $drop (param i32)))
    (func $sum (param i32) (result i32)
      (i32.add (call $get (local.get 0)) (i32.mul (i32.const 100) (call $look (local.get 0))))
      (call $drop (local.get 0)))
    (func (export "constructed") (param i32) (result i32) (call $sum (call $new (local.get 0))))
    (func (export "with") (param i32) (result i32) (call $sum (call $with (local.get 0)))))
  (core instance $m (instantiate $M (with "" (instance (export "new" (func $new)) (export "with" (func $with))
    (export "get" (func $get)) (export "look" (func $look)) (export "drop" (func $drop))))))
  (func (export "constructed") (param "x" u32) (result u32) (canon lift (core func $m "constructed")))
  (func (export "with") (param "x" u32) (result u32) (canon lift (core func $m "with"))))`;

const MODES = ['objects', 'handles'] as const;

for (const ofProvider of MODES) {
  for (const ofConsumer of MODES) {
    describe(`a provider with ${ofProvider} for a consumer with ${ofConsumer}`, () => {
      const linked = async (change: (counters: Api) => object): Promise<Api> => {
        const provider = await run(PROVIDER, {}, { resources: ofProvider });
        const counters = provider.exports['a:b/counters@1.0.0'] as Api;
        const { exports } = await run(CONSUMER, { 'a:b/counters': change(counters) }, { resources: ofConsumer });
        return exports as Api;
      };

      test('is linked as a copy of its exports', async () => {
        const api = await linked((counters) => ({ ...counters }));
        assert.deepEqual([api.constructed!(7), api.with!(8)], [707, 808]);
      });

      test('is linked with a function instead of one of its exports', async () => {
        const seen: unknown[] = [];
        const look = (counter: unknown): number => seen.push(counter);
        const api = await linked((counters) => ({ ...counters, look }));
        assert.deepEqual([api.constructed!(7), api.with!(8)], [107, 208]);
        assert.deepEqual(
          seen.map((counter) => typeof counter),
          ofConsumer === 'objects' ? ['object', 'object'] : ['number', 'number'],
        );
      });
    });
  }
}

describe('a provider that is linked with a class of the host instead of its own', () => {
  test('is refused, because its other functions are of another resource type', async () => {
    const provider = await run(PROVIDER);
    const counters = provider.exports['a:b/counters@1.0.0'] as Api;
    class Counter {
      static with(): Counter {
        return new Counter();
      }
      get(): number {
        return 5;
      }
    }
    await assert.rejects(run(CONSUMER, { 'a:b/counters': { ...counters, Counter } }), isLinkError);
  });
});
