/** *CanonicalABI.md*, "`canon resource.new`". `may_leave` is in the tests of `realloc` and `post-return`. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isInvalidError } from 'decidable/component';
import { run } from './guests.ts';
import { handles, traps } from './handles.ts';

describe('canon resource.new', () => {
  test('requires a resource type that the component defines', async () => {
    const text = '(component (import "r" (type $r (sub resource))) (core func (canon resource.new $r)))';
    await assert.rejects(run(text, { r: class {} }), isInvalidError);
  });

  test('has an i32 parameter and an i32 result', async () => {
    const user = (type: string) => `(component
      (type $r (resource (rep i32)))
      (core func $new (canon resource.new $r))
      (core module $M (import "" "new" (func ${type})))
      (core instance (instantiate $M (with "" (instance (export "new" (func $new)))))))`;
    await run(user('(param i32) (result i32)'));
    for (const type of ['(param i64) (result i32)', '(param i32)', '(result i32)']) {
      await assert.rejects(run(user(type)), isInvalidError, type);
    }
  });

  test('adds an own handle with the rep to the table of the instance, and calls no function', async () => {
    const api = await handles();
    const index = api.new!(0xdead_beef);
    assert.equal(index, 1);
    assert.equal(api.rep!(index), 0xdead_beef);
    assert.deepEqual(Array.from(api.destroyed!() as Uint32Array), []);
    // The handle can be consumed, so it is an own handle.
    assert.equal(api.take!(api.give!(index)), 1);
  });

  test('creates a handle for each call, also for the same rep', async () => {
    const api = await handles();
    assert.deepEqual([api.new!(5), api.new!(5)], [1, 2]);
    api.drop!(1);
    assert.equal(api.rep!(2), 5);
  });

  test('traps if the table is full', async () => {
    const api = await handles({ maxHandles: 1 });
    api.new!(5);
    traps(() => api.new!(6), 'handles-exhausted');
  });
});
