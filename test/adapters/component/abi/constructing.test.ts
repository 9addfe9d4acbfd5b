/**
 * *Explainer.md*, "JS API": objects of a guest's resource are created by `new`, or by a function that returns a
 * promise.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isComponentError, isLinkError } from 'decidable/component';
import { engine } from '../../../../src/adapters/component/engine/web-assembly.ts';
import { run } from './guests.ts';
import type { Exported } from './handles.ts';

const skip = engine.Suspending === undefined ? 'this engine has no JavaScript promise integration' : false;

/** The JavaScript class of a guest's resource. */
interface ThingClass {
  new (...args: unknown[]): Thing;
  create: Exported;
  readonly '[constructor]thing': Exported;
}
interface Thing extends Disposable {
  get(): unknown;
}

/**
 * A component with a resource `thing`. Its constructor calls the import `check` with the rep, and fails if the import
 * returns a number other than 0.
 */
const GUEST = (members: string = '') => `(component
  (import "check" (func $check (param "rep" u32) (result u32)))
  (core func $check' (canon lower (func $check)))
  (type $thing' (resource (rep i32))) (export $thing "thing" (type $thing'))
  (core func $new (canon resource.new $thing))
  (core module $M
    (import "" "check" (func $check (param i32) (result i32)))
    (import "" "new" (func $new (param i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "make") (param i32) (result i32)
      (local $code i32)
      (local.set $code (call $check (local.get 0)))
      (i32.store8 (i32.const 16) (i32.ne (local.get $code) (i32.const 0)))
      (if (local.get $code)
        (then (i32.store (i32.const 20) (local.get $code)))
        (else (i32.store (i32.const 20) (call $new (local.get 0)))))
      (i32.const 16))
    (func (export "new") (param i32) (result i32) (call $new (local.get 0)))
    (func (export "get") (param i32) (result i32) (local.get 0)))
  (core instance $m (instantiate $M
    (with "" (instance (export "check" (func $check')) (export "new" (func $new))))))
  ${members}
  (func (export "[method]thing.get") (param "self" (borrow $thing)) (result u32) (canon lift (core func $m "get")))
  (func (export "[constructor]thing") (param "rep" u32) (result (result (own $thing) (error u32)))
    (canon lift (core func $m "make") (memory (core memory $m "memory")))))`;

describe('an object of a resource', () => {
  test('is created by `new`', async () => {
    const { exports } = await run(GUEST(), { check: () => 0 });
    const Thing = exports.Thing as ThingClass;
    const thing = new Thing(5);
    assert.ok(thing instanceof Thing);
    assert.equal(thing.get(), 5);
  });

  test('is created by a static function `create`, too', async () => {
    const { exports } = await run(GUEST(), { check: () => 0 });
    const Thing = exports.Thing as ThingClass;
    const thing = Thing.create(5) as Thing;
    assert.ok(thing instanceof Thing);
    assert.equal(thing.get(), 5);
  });

  test('is not created if the constructor fails', async () => {
    const { exports } = await run(GUEST(), { check: () => 404 });
    const Thing = exports.Thing as ThingClass;
    for (const make of [() => new Thing(5), () => Thing.create(5)]) {
      assert.throws(make, (error) => isComponentError(error) && error.payload === 404);
    }
  });

  test('is created by `new` of a subclass', async () => {
    const { exports } = await run(GUEST(), { check: () => 0 });
    class Special extends (exports.Thing as ThingClass) {
      readonly isSpecial = true;
    }
    using special = new Special(5);
    assert.deepEqual([special.get(), special.isSpecial], [5, true]);
  });
});

describe('an object of a resource whose instance has an asynchronous import', { skip }, () => {
  test('is created by `create`, which returns a promise', async () => {
    const { exports } = await run(GUEST(), { check: async () => 0 });
    const Thing = exports.Thing as ThingClass;
    const thing = (await Thing.create(5)) as Thing;
    assert.ok(thing instanceof Thing);
    assert.equal(await thing.get(), 5);
  });

  test('is not created if the constructor fails, which rejects the promise', async () => {
    const { exports } = await run(GUEST(), { check: async () => 404 });
    const Thing = exports.Thing as ThingClass;
    await assert.rejects(
      Thing.create(5) as Promise<unknown>,
      (error) => isComponentError(error) && error.payload === 404,
    );
  });

  test('is not created by `new`, which does not call the guest', async () => {
    let calls = 0;
    const { exports } = await run(GUEST(), {
      check: async () => {
        calls++;
        return 0;
      },
    });
    const Thing = exports.Thing as ThingClass;
    // This test is about the hint.
    assert.throws(() => new Thing(5), { name: 'TypeError', message: /await Thing\.create\(…\)/ });
    // If `new` had called the guest, this call would have to wait for that one.
    await Thing.create(6);
    assert.equal(calls, 1);
  });
});

describe('a resource with a static function `create` of its own', () => {
  const OWN = `(func (export "[static]thing.create") (param "rep" u32) (result (own $thing))
    (canon lift (core func $m "new")))`;

  test('keeps that function, and has its constructor under the WIT name', async () => {
    const { exports } = await run(GUEST(OWN), { check: () => 404 });
    const Thing = exports.Thing as ThingClass;
    assert.equal((Thing.create(5) as Thing).get(), 5);
    assert.throws(() => Thing['[constructor]thing'](5), isComponentError);
  });

  test('is created by the constructor of that name if it returns a promise', { skip }, async () => {
    const { exports } = await run(GUEST(OWN), { check: async () => 0 });
    const Thing = exports.Thing as ThingClass;
    // This test is about the hint.
    assert.throws(() => new Thing(5), { name: 'TypeError', message: /await Thing\["\[constructor\]thing"\]\(…\)/ });
    const thing = (await Thing['[constructor]thing'](5)) as Thing;
    assert.equal(await thing.get(), 5);
  });
});

describe('a component that imports a static function `create`', () => {
  test('does not receive the constructor of another component', async () => {
    const { exports } = await run(
      `(component
        (type $thing' (resource (rep i32))) (export $thing "thing" (type $thing'))
        (core func $new (canon resource.new $thing))
        (func (export "[constructor]thing") (param "rep" u32) (result (own $thing)) (canon lift (core func $new))))`,
    );
    const importing = `(component
      (import "thing" (type $thing (sub resource)))
      (import "[static]thing.create" (func $create (param "rep" u32) (result (own $thing)))))`;
    await assert.rejects(run(importing, exports), isLinkError);
  });
});
