/** Guests and hosts that misuse handles: forged, reused, dropped or borrowed handles, and handles of another type. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type InstantiateOptions, isTrap, isValueError } from 'decidable/component';
import { run } from '../abi/guests.ts';
import { ENDLESS } from '../endless.ts';
import { type Exported, hasEnded, trapsForGood, trapsWith } from './traps.ts';

/** Defines `r` and `s`. Each export does one thing with the handle or rep that is its argument. */
const GUEST = `(component
  (core module $Dtor
    (global $last (mut i32) (i32.const 0))
    (func (export "dtor") (param i32)
      (if (i32.eq (local.get 0) (i32.const 666)) (then unreachable))
      (global.set $last (local.get 0)))
    (func (export "last") (result i32) (global.get $last)))
  (core instance $dtor (instantiate $Dtor))
  (type $r' (resource (rep i32) (dtor (core func $dtor "dtor"))))
  (export $r "r" (type $r'))
  (type $s' (resource (rep i32)))
  (export $s "s" (type $s'))
  (core func $new (canon resource.new $r'))
  (core func $drop (canon resource.drop $r'))
  (core func $rep (canon resource.rep $r'))
  (core func $new-s (canon resource.new $s'))
  (core module $M
    (import "" "new" (func $new (param i32) (result i32)))
    (import "" "new-s" (func $new-s (param i32) (result i32)))
    (import "" "drop" (func $drop (param i32)))
    (import "" "rep" (func $rep (param i32) (result i32)))
    (func (export "make") (param i32) (result i32) (call $new (local.get 0)))
    (func (export "make-s") (result i32) (call $new-s (i32.const 1)))
    (func (export "give") (param i32) (result i32) (local.get 0))
    (func (export "rep-of-own") (param i32) (result i32) (call $rep (local.get 0)))
    (func (export "give-s-as-r") (result i32) (call $new-s (i32.const 1)))
    (func (export "twice") (param i32) (call $drop (local.get 0)) (call $drop (local.get 0)))
    (func (export "look") (param i32) (result i32) (call $rep (local.get 0)))
    (func (export "nothing") (param i32)))
  (core instance $m (instantiate $M (with "" (instance
    (export "new" (func $new)) (export "new-s" (func $new-s)) (export "drop" (func $drop)) (export "rep" (func $rep))))))
  (func (export "make") (param "rep" u32) (result (own $r)) (canon lift (core func $m "make")))
  (func (export "make-s") (result (own $s)) (canon lift (core func $m "make-s")))
  (func (export "forge") (param "index" u32) (result (own $r)) (canon lift (core func $m "give")))
  (func (export "rep-of-own") (param "r" (own $r)) (result u32) (canon lift (core func $m "rep-of-own")))
  (func (export "give-s-as-r") (result (own $r)) (canon lift (core func $m "give-s-as-r")))
  (func (export "rep-of-borrow") (param "r" (borrow $r)) (result u32) (canon lift (core func $m "give")))
  (func (export "twice") (param "r" (own $r)) (canon lift (core func $m "twice")))
  (func (export "look") (param "index" u32) (result u32) (canon lift (core func $m "look")))
  (func (export "keep") (param "r" (own $r)) (canon lift (core func $m "nothing")))
  (func (export "last-dropped") (result u32) (canon lift (core func $dtor "last"))))`;

type Api = Record<string, Exported>;

async function guest(options: InstantiateOptions = {}): Promise<Api> {
  return (await run(GUEST, {}, options)).exports as Api;
}

for (const resources of ['objects', 'handles'] as const) {
  describe(`a guest, with resources as ${resources}`, () => {
    test('cannot use a number as a handle', async () => {
      for (const index of [0, 1, 5, 0xffff_ffff, 0x8000_0000]) {
        trapsForGood(await guest({ resources }), 'forge', /unknown handle index/, index);
        trapsForGood(await guest({ resources }), 'look', /unknown handle index/, index);
      }
    });

    test('cannot drop a handle twice', async () => {
      const api = await guest({ resources });
      trapsForGood(api, 'twice', /unknown handle index/, api.make!(5));
    });

    test('cannot pass a handle of another type', async () => {
      trapsForGood(await guest({ resources }), 'giveSAsR', /wrong type/);
    });

    test('cannot use a handle after passing its ownership', async () => {
      const api = await guest({ resources });
      api.make!(5);
      trapsForGood(api, 'look', /unknown handle index 1/, 1);
    });

    test('gets back all 32 bits of a rep', async () => {
      const api = await guest({ resources });
      for (const rep of [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x4000_0000, 0xdead_beef]) {
        assert.equal(api.repOfBorrow!(api.make!(rep)), rep);
        assert.equal(api.repOfOwn!(api.make!(rep)), rep);
      }
    });

    test('is ended by a destructor that traps', async () => {
      const api = await guest({ resources });
      trapsWith(api, 'twice', /unreachable/, api.make!(666));
      hasEnded(api, 'make', 1);
    });

    test('cannot have more handles than the budget', async () => {
      const api = await guest({ resources, maxHandles: 10 });
      for (let i = 0; i < 10; i++) api.keep!(api.make!(i));
      trapsForGood(api, 'make', 'handles-exhausted', 11);
    });
  });
}

test('a guest that creates handles in a loop traps before the host’s memory is exhausted', {
  timeout: ENDLESS,
}, async () => {
  const { exports } = await run(`(component
    (type $r (resource (rep i32)))
    (core func $new (canon resource.new $r))
    (core module $M (import "" "new" (func $new (param i32) (result i32)))
      (func (export "endless") (loop $again (drop (call $new (i32.const 1))) (br $again))))
    (core instance $m (instantiate $M (with "" (instance (export "new" (func $new))))))
    (func (export "endless") (canon lift (core func $m "endless"))))`);
  trapsForGood(exports, 'endless', 'handles-exhausted');
});

interface HandleFunctions {
  drop(handle: unknown): void;
}

describe('a host with handles as numbers', () => {
  test('ends the instance if its own table is full', async () => {
    const api = await guest({ resources: 'handles', maxHandles: 3 });
    for (let i = 0; i < 3; i++) api.make!(i);
    assert.throws(() => api.make!(3), { code: 'handles-exhausted' });
    hasEnded(api, 'make', 4);
  });

  test('cannot use a handle that it has passed on or dropped, or never had', async () => {
    const api = await guest({ resources: 'handles' });
    const { drop } = api.r as unknown as HandleFunctions;
    const given = api.make!(5);
    api.keep!(given);
    assert.throws(() => api.keep!(given), isValueError);
    const dropped = api.make!(6);
    drop(dropped);
    assert.equal(api.lastDropped!(), 6);
    for (const wrong of [dropped, 0, -1, 2 ** 31, 1.5, 'r', undefined, {}]) {
      assert.throws(() => drop(wrong), TypeError);
      assert.throws(() => api.repOfBorrow!(wrong), TypeError);
      assert.throws(() => api.keep!(wrong), TypeError);
    }
    assert.equal(api.repOfBorrow!(api.make!(7)), 7);
  });

  test('cannot pass a handle of another type', async () => {
    const api = await guest({ resources: 'handles' });
    const s = api.makeS!();
    assert.throws(() => api.repOfBorrow!(s), isValueError);
    assert.throws(() => (api.r as unknown as HandleFunctions).drop(s), TypeError);
  });
});

describe('a host with resources as objects', () => {
  test('cannot use an object whose handle it passed on or dropped, or a forged object', async () => {
    const api = await guest();
    const given = api.make!(5);
    api.keep!(given);
    assert.throws(() => api.keep!(given), isValueError);
    const dropped = api.make!(6) as Disposable;
    dropped[Symbol.dispose]();
    assert.equal(api.lastDropped!(), 6);
    dropped[Symbol.dispose]();
    assert.throws(() => api.repOfBorrow!(dropped), TypeError);
    const forged = Object.create(Object.getPrototypeOf(api.make!(7)));
    assert.throws(() => api.repOfBorrow!(forged), TypeError);
    assert.throws(() => api.repOfBorrow!(api.makeS!()), TypeError);
    assert.throws(() => new (api.R as unknown as new () => unknown)(), { name: 'TypeError' });
  });

  test('drops no resource twice, and receives the error of a destructor that traps', async () => {
    const api = await guest();
    const bad = api.make!(666) as Disposable;
    assert.throws(() => bad[Symbol.dispose](), isTrap);
    bad[Symbol.dispose]();
    hasEnded(api, 'make', 1);
  });
});

describe('a borrowed handle', () => {
  /** A child that borrows handles of its parent's sibling and keeps, drops or returns them. */
  const KEEPER = `(component
    (component $Def
      (type $r' (resource (rep i32)))
      (export $r "r" (type $r'))
      (core func $new (canon resource.new $r'))
      (core module $M (import "" "new" (func $new (param i32) (result i32)))
        (func (export "make") (result i32) (call $new (i32.const 9))))
      (core instance $m (instantiate $M (with "" (instance (export "new" (func $new))))))
      (func (export "make") (result (own $r)) (canon lift (core func $m "make"))))
    (instance $def (instantiate $Def))
    (component $User
      (import "r" (type $r (sub resource)))
      (core func $drop (canon resource.drop $r))
      (core module $M (import "" "drop" (func $drop (param i32)))
        (func (export "keep") (param i32))
        (func (export "drop") (param i32) (call $drop (local.get 0)))
        (func (export "drop-twice") (param i32) (call $drop (local.get 0)) (call $drop (local.get 0)))
        (func (export "return") (param i32) (result i32) (local.get 0)))
      (core instance $m (instantiate $M (with "" (instance (export "drop" (func $drop))))))
      (func (export "keep") (param "r" (borrow $r)) (canon lift (core func $m "keep")))
      (func (export "drop") (param "r" (borrow $r)) (canon lift (core func $m "drop")))
      (func (export "drop-twice") (param "r" (borrow $r)) (canon lift (core func $m "drop-twice")))
      (func (export "return") (param "r" (borrow $r)) (result (own $r)) (canon lift (core func $m "return"))))
    (instance $user (instantiate $User (with "r" (type $def "r"))))
    (export $r "r" (type $def "r"))
    (export "make" (func $def "make") (func (result (own $r))))
    (export "keep" (func $user "keep") (func (param "r" (borrow $r))))
    (export "drop" (func $user "drop") (func (param "r" (borrow $r))))
    (export "drop-twice" (func $user "drop-twice") (func (param "r" (borrow $r))))
    (export "return" (func $user "return") (func (param "r" (borrow $r)) (result (own $r)))))`;

  for (const resources of ['objects', 'handles'] as const) {
    test(`must be dropped before the call ends, and is never an own handle (${resources})`, async () => {
      const fresh = async (): Promise<Api> => (await run(KEEPER, {}, { resources })).exports as Api;
      const api = await fresh();
      const lent = api.make!();
      api.drop!(lent);
      api.drop!(lent);
      for (const [name, message] of [
        ['keep', /borrow handles still remain/],
        ['dropTwice', /unknown handle index/],
        ['return', /cannot lift own resource from a borrow/],
      ] as const) {
        const other = await fresh();
        trapsWith(other, name, message, other.make!());
      }
    });
  }

  for (const resources of ['objects', 'handles'] as const) {
    test(`cannot be kept by a function that returns another handle (${resources})`, async () => {
      const { exports } = await run(
        `(component
          (component $Def
            (type $r' (resource (rep i32)))
            (export $r "r" (type $r'))
            (core func $new (canon resource.new $r'))
            (func (export "make") (param "rep" u32) (result (own $r)) (canon lift (core func $new))))
          (instance $def (instantiate $Def))
          (component $User
            (import "r" (type $r (sub resource)))
            (type $s' (resource (rep i32)))
            (export $s "s" (type $s'))
            (core func $new (canon resource.new $s'))
            (core func $drop (canon resource.drop $r))
            (core module $M
              (import "" "new" (func $new (param i32) (result i32))) (import "" "drop" (func $drop (param i32)))
              (memory (export "memory") 1)
              (func (export "next") (param i32 i32) (result i32)
                (if (local.get 1) (then (call $drop (local.get 0))))
                (i32.store (i32.const 12) (call $new (i32.const 1)))
                (i32.const 8)))
            (core instance $m (instantiate $M (with "" (instance (export "new" (func $new)) (export "drop" (func $drop))))))
            (func (export "next") (param "r" (borrow $r)) (param "drops" bool) (result (result (own $s)))
              (canon lift (core func $m "next") (memory (core memory $m "memory")))))
          (instance $user (instantiate $User (with "r" (type $def "r"))))
          (export $r "r" (type $def "r"))
          (export $s "s" (type $user "s"))
          (export "make" (func $def "make") (func (param "rep" u32) (result (own $r))))
          (export "next" (func $user "next")
            (func (param "r" (borrow $r)) (param "drops" bool) (result (result (own $s))))))`,
        {},
        { resources },
      );
      const lent = (exports.make as Exported)(1);
      (exports.next as Exported)(lent, true);
      trapsForGood(exports, 'next', /borrow handles still remain/, lent, false);
    });
  }

  /** Lends a handle to a call that calls out, alone or together with an own handle. */
  const LENDING = `(component
    (import "out" (func $out))
    (core func $out' (canon lower (func $out)))
    (type $r' (resource (rep i32)))
    (export $r "r" (type $r'))
    (core func $new (canon resource.new $r'))
    (core module $M (import "" "out" (func $out)) (import "" "new" (func $new (param i32) (result i32)))
      (func (export "make") (result i32) (call $new (i32.const 1)))
      (func (export "lend") (param i32) (call $out))
      (func (export "lend-and-take") (param i32 i32) (call $out)))
    (core instance $m (instantiate $M (with "" (instance (export "out" (func $out')) (export "new" (func $new))))))
    (func (export "make") (result (own $r)) (canon lift (core func $m "make")))
    (func (export "lend") (param "r" (borrow $r)) (canon lift (core func $m "lend")))
    (func (export "lend-and-take") (param "a" (borrow $r)) (param "b" (own $r)) (canon lift (core func $m "lend-and-take"))))`;

  test('cannot be dropped or passed on by the host while it is lent, as a number', async () => {
    let during: (() => void) | undefined;
    const { exports } = await run(LENDING, { out: () => during?.() }, { resources: 'handles' });
    const api = exports as Api;
    const handle = api.make!();
    const { drop } = api.r as unknown as HandleFunctions;
    let refusal: unknown;
    during = () => {
      try {
        drop(handle);
      } catch (error) {
        refusal = error;
      }
    };
    api.lend!(handle);
    assert.ok(isValueError(refusal));
    during = () => assert.fail('the call is refused before');
    assert.throws(() => api.lendAndTake!(handle, handle), isValueError);
    during = undefined;
    api.lend!(handle);
    api.lendAndTake!(handle, api.make!());
    drop(handle);
  });

  test('cannot be dropped by the host while it is lent to a call into another component that calls the host', async () => {
    let during: (() => void) | undefined;
    const other = await run(
      `(component
        (import "out" (func $out))
        (core func $out' (canon lower (func $out)))
        (core module $M (import "" "out" (func $out)) (func (export "f") (call $out)))
        (core instance $m (instantiate $M (with "" (instance (export "out" (func $out'))))))
        (func (export "f") (canon lift (core func $m "f"))))`,
      { out: () => during?.() },
    );
    const { exports } = await run(LENDING, { out: other.exports.f }, { resources: 'handles' });
    const api = exports as Api;
    const handle = api.make!();
    const { drop } = api.r as unknown as HandleFunctions;
    during = () => assert.throws(() => drop(handle), isValueError);
    api.lend!(handle);
    drop(handle);
  });

  test('cannot be dropped or passed on by the host while it is lent, as an object', async () => {
    let during: (() => void) | undefined;
    const { exports } = await run(LENDING, { out: () => during?.() });
    const api = exports as Api;
    const taker = (await run(TAKER, exports)).exports as Api;
    const object = api.make!() as Disposable;
    const refusals: unknown[] = [];
    during = () => {
      for (const use of [() => object[Symbol.dispose](), () => taker.take!(object)]) {
        try {
          use();
        } catch (error) {
          refusals.push(error);
        }
      }
    };
    api.lend!(object);
    assert.ok(isValueError(refusals[0]) && isValueError(refusals[1]), String(refusals));
    during = () => assert.fail('the call is refused before');
    assert.throws(() => api.lendAndTake!(object, object), isValueError);
    during = undefined;
    api.lendAndTake!(object, api.make!());
    taker.take!(object);
    assert.throws(() => taker.take!(object), isValueError);
  });
});

/** Takes a resource that another component defines, and keeps it. */
const TAKER = `(component
  (import "r" (type $r (sub resource)))
  (core module $M (func (export "take") (param i32)))
  (core instance $m (instantiate $M))
  (func (export "take") (param "r" (own $r)) (canon lift (core func $m "take"))))`;

describe('a host that is lent a handle', () => {
  const OWNER = `(component
    (core module $Dtor (global $dropped (mut i32) (i32.const 0))
      (func (export "dtor") (param i32) (global.set $dropped (i32.add (global.get $dropped) (i32.const 1))))
      (func (export "dropped") (result i32) (global.get $dropped)))
    (core instance $dtor (instantiate $Dtor))
    (type $r' (resource (rep i32) (dtor (core func $dtor "dtor"))))
    (export $r "r" (type $r'))
    (core func $new (canon resource.new $r'))
    (core module $M (import "" "new" (func $new (param i32) (result i32)))
      (func (export "make") (result i32) (call $new (i32.const 7))))
    (core instance $m (instantiate $M (with "" (instance (export "new" (func $new))))))
    (func (export "dropped") (result u32) (canon lift (core func $dtor "dropped")))
    (func (export "make") (result (own $r)) (canon lift (core func $m "make"))))`;
  const LENDER = `(component
    (import "r" (type $r (sub resource)))
    (import "make" (func $make (result (own $r))))
    (import "look" (func $look (param "r" (borrow $r))))
    (export "r" (type $r))
    (core func $make' (canon lower (func $make)))
    (core func $look' (canon lower (func $look)))
    (core func $drop (canon resource.drop $r))
    (core module $M
      (import "" "make" (func $make (result i32)))
      (import "" "look" (func $look (param i32)))
      (import "" "drop" (func $drop (param i32)))
      (func (export "lend") (local i32)
        (local.set 0 (call $make)) (call $look (local.get 0)) (call $drop (local.get 0)))
      (func (export "take") (param i32) (call $drop (local.get 0))))
    (core instance $m (instantiate $M (with "" (instance
      (export "make" (func $make')) (export "look" (func $look')) (export "drop" (func $drop))))))
    (func (export "lend") (canon lift (core func $m "lend")))
    (func (export "take") (param "r" (own $r)) (canon lift (core func $m "take")))
    (func (export "see") (param "r" (borrow $r)) (canon lift (core func $m "take"))))`;

  test('cannot drop it or use it after the call, if it is a number', async () => {
    const owner = await run(OWNER, {}, { resources: 'handles' });
    const seen: unknown[] = [];
    const lender = await run(
      LENDER,
      {
        ...owner.exports,
        look: (handle: unknown) => {
          seen.push(handle);
          assert.throws(() => (lender.exports.r as HandleFunctions).drop(handle), isValueError);
        },
      },
      { resources: 'handles' },
    );
    const api = lender.exports as Api;
    for (let call = 0; call < 2; call++) {
      api.lend!();
      assert.equal(lender.handleCount, 0);
      for (const use of [
        api.take!,
        api.see!,
        (handle: unknown) => (lender.exports.r as HandleFunctions).drop(handle),
      ]) {
        assert.throws(() => use(seen[call]), isValueError);
      }
    }
  });

  test('cannot drop it, pass it on or use it after the call, if it is an object', async () => {
    const owner = await run(OWNER);
    const seen: Disposable[] = [];
    const taker = (await run(TAKER, owner.exports)).exports as Api;
    const { exports } = await run(LENDER, {
      ...owner.exports,
      look: (object: Disposable) => {
        seen.push(object);
        assert.throws(() => taker.take!(object), isValueError);
      },
    });
    const api = exports as Api;
    api.lend!();
    seen[0]![Symbol.dispose]();
    for (const use of [api.take!, api.see!]) assert.throws(() => use(seen[0]), isValueError);
    const { exports: others } = await run(LENDER, {
      ...owner.exports,
      look: (object: Disposable) => object[Symbol.dispose](),
    });
    const before = (owner.exports as Api).dropped!() as number;
    for (let call = 0; call < 2; call++) (others as Api).lend!();
    assert.equal((owner.exports as Api).dropped!(), before + 2);
  });
});
