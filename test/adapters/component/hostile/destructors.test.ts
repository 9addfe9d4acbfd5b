/** Destructors that enter a running instance, or that trap. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isTrap } from 'decidable/component';
import { run } from '../abi/guests.ts';
import { type Exported, hasEnded, trapsWith } from './traps.ts';

describe('re-entry by a destructor', () => {
  /** Defines `r`, whose destructor counts, and calls out. */
  const OWNER = `(component
    (import "out" (func $out))
    (core func $out' (canon lower (func $out)))
    (core module $M (import "" "out" (func $out))
      (global $dropped (mut i32) (i32.const 0))
      (func (export "dtor") (param i32) (global.set $dropped (i32.add (global.get $dropped) (i32.const 1))))
      (func (export "dropped") (result i32) (global.get $dropped))
      (func (export "go") (call $out)))
    (core instance $m (instantiate $M (with "" (instance (export "out" (func $out'))))))
    (type $r' (resource (rep i32) (dtor (core func $m "dtor"))))
    (export $r "r" (type $r'))
    (core func $new (canon resource.new $r'))
    (core module $N (import "" "new" (func $new (param i32) (result i32)))
      (func (export "make") (result i32) (call $new (i32.const 7))))
    (core instance $n (instantiate $N (with "" (instance (export "new" (func $new))))))
    (func (export "make") (result (own $r)) (canon lift (core func $n "make")))
    (func (export "dropped") (result u32) (canon lift (core func $m "dropped")))
    (func (export "go") (canon lift (core func $m "go"))))`;
  const DROPPER = `(component
    (import "r" (type $r (sub resource)))
    (core func $drop (canon resource.drop $r))
    (core module $M (import "" "drop" (func $drop (param i32)))
      (func (export "take") (param i32) (block $caught (try_table (catch_all $caught) (call $drop (local.get 0))))))
    (core instance $m (instantiate $M (with "" (instance (export "drop" (func $drop))))))
    (func (export "take") (param "r" (own $r)) (canon lift (core func $m "take"))))`;

  test('traps if another component drops a resource while the component that defines it runs', async () => {
    let refusal: unknown;
    const owner = await run(OWNER, {
      out: () => {
        try {
          take(object);
        } catch (error) {
          refusal = error;
        }
      },
    });
    const { take } = (await run(DROPPER, owner.exports)).exports as { take: Exported };
    const object = (owner.exports.make as Exported)() as Disposable;
    (owner.exports.go as Exported)();
    assert.ok(isTrap(refusal), String(refusal));
    assert.match(refusal.message, /cannot enter component instance/);
    assert.equal((owner.exports.dropped as Exported)(), 0);
    const other = (owner.exports.make as Exported)();
    const { take: again } = (await run(DROPPER, owner.exports)).exports as { take: Exported };
    again(other);
    again((owner.exports.make as Exported)());
    assert.equal((owner.exports.dropped as Exported)(), 2);
  });

  test('waits if the host drops a resource while the component that defines it runs', async () => {
    const owner = await run(OWNER, { out: () => object[Symbol.dispose]() });
    const object = (owner.exports.make as Exported)() as Disposable;
    (owner.exports.go as Exported)();
    assert.equal((owner.exports.dropped as Exported)(), 1);
  });
});

describe('a trap in a destructor', () => {
  /** A component that defines `r`, whose destructor traps. */
  const TRAPPING = `(component $Def
        (core module $M (func (export "dtor") (param i32) unreachable))
        (core instance $m (instantiate $M))
        (type $r' (resource (rep i32) (dtor (core func $m "dtor"))))
        (export $r "r" (type $r'))
        (core func $new (canon resource.new $r'))
        (func (export "make") (param "rep" u32) (result (own $r)) (canon lift (core func $new))))`;

  /** A component that catches every exception of a drop, and continues. */
  const CATCHER = `
    (core func $drop (canon resource.drop $r))
    (core module $M (import "" "drop" (func $drop (param i32)))
      (func (export "take") (param i32) (result i32)
        (block $caught (try_table (catch_all $caught) (call $drop (local.get 0))))
        (i32.const 1)))
    (core instance $m (instantiate $M (with "" (instance (export "drop" (func $drop))))))
    (func (export "take") (param "r" (own $r)) (result u32) (canon lift (core func $m "take")))`;

  test('ends the component that defines it and the one that drops, which cannot catch it', async () => {
    const { exports } = await run(`(component
      ${TRAPPING}
      (component $User (import "r" (type $r (sub resource))) ${CATCHER})
      (instance $def (instantiate $Def))
      (instance $user (instantiate $User (with "r" (type $def "r"))))
      (export $r "r" (type $def "r"))
      (export "make" (func $def "make") (func (param "rep" u32) (result (own $r))))
      (export "take" (func $user "take") (func (param "r" (own $r)) (result u32))))`);
    const [one, other] = [1, 2].map((rep) => (exports.make as Exported)(rep));
    trapsWith(exports, 'take', /unreachable/, one);
    hasEnded(exports, 'take', other);
    hasEnded(exports, 'make', 3);
    // The resource has ended with the instance, so the drop does nothing.
    (other as Disposable)[Symbol.dispose]();
  });

  test('is thrown unchanged if the destructor belongs to the host', async () => {
    const thrown = new Error('it is needed');
    class R {
      [Symbol.dispose](): void {
        throw thrown;
      }
    }
    const { exports } = await run(`(component (import "r" (type $r (sub resource))) ${CATCHER})`, { r: R });
    assert.throws(
      () => (exports.take as Exported)(new R()),
      (error) => error === thrown,
    );
    hasEnded(exports, 'take', new R());
  });

  test('is thrown to the host that drops the resource, even if the destructor hides it', async () => {
    const thrown = new Error('not for the guest');
    const { exports } = await run(
      `(component
        (import "out" (func $out))
        (core func $out' (canon lower (func $out)))
        (core module $M (import "" "out" (func $out))
          (func (export "dtor") (param i32) (block $caught (try_table (catch_all $caught) (call $out)))))
        (core instance $m (instantiate $M (with "" (instance (export "out" (func $out'))))))
        (type $r' (resource (rep i32) (dtor (core func $m "dtor"))))
        (export $r "r" (type $r'))
        (core func $new (canon resource.new $r'))
        (func (export "make") (param "rep" u32) (result (own $r)) (canon lift (core func $new))))`,
      {
        out: () => {
          throw thrown;
        },
      },
    );
    const object = (exports.make as Exported)(1) as Disposable;
    assert.throws(
      () => object[Symbol.dispose](),
      (error) => error === thrown,
    );
    hasEnded(exports, 'make', 2);
  });

  test('ends the component and all components that contain it, if the host calls it', async () => {
    const { exports } = await run(`(component
      ${TRAPPING}
      (core module $M (func (export "idle")))
      (core instance $m (instantiate $M))
      (instance $def (instantiate $Def))
      (export $r "r" (type $def "r"))
      (export "make" (func $def "make") (func (param "rep" u32) (result (own $r))))
      (func (export "idle") (canon lift (core func $m "idle"))))`);
    const object = (exports.make as Exported)(1) as Disposable;
    assert.throws(() => object[Symbol.dispose](), isTrap);
    hasEnded(exports, 'make', 1);
    hasEnded(exports, 'idle');
  });
});
