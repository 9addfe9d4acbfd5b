/** *CanonicalABI.md*, "Tasks", the parts that apply to synchronous calls. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isTrap } from 'decidable/component';
import { engine } from '../../../../src/adapters/component/engine/web-assembly.ts';
import { run } from './guests.ts';
import { type Exported, handles, traps } from './handles.ts';

for (const resources of ['objects', 'handles'] as const) {
  const guest = () => handles({ resources });

  describe(`Task.return_, with resources as ${resources}`, () => {
    test('traps if the callee still has a borrow', async () => {
      const api = await guest();
      const given = api.give!(api.new!(5));
      traps(() => api.userKeep!(given), /borrow handles still remain/);
    });

    test('traps if the callee has kept one of two borrows', async () => {
      const api = await guest();
      const [one, other] = [api.give!(api.new!(5)), api.give!(api.new!(6))];
      traps(() => api.userDropOne!(one, other), /borrow handles still remain/);
    });

    test('counts each borrow, even if one handle is lent twice', async () => {
      const api = await guest();
      const given = api.give!(api.new!(5));
      api.userDropBoth!(given, given);
      assert.equal(api.take!(given), 1);
      const other = await guest();
      const lent = other.give!(other.new!(5));
      traps(() => other.userDropOne!(lent, lent), /borrow handles still remain/);
    });

    test('allows every call that dropped its borrows to return', async () => {
      const api = await guest();
      const given = api.give!(api.new!(5));
      for (let call = 0; call < 3; call++) assert.equal(api.userIndex!(given), 1);
    });

    test('checks nothing in the component that defines the type, because it received the rep', async () => {
      const api = await guest();
      const given = api.give!(api.new!(5));
      assert.deepEqual([api.see!(given), api.see!(given)], [5, 5]);
    });
  });
}

describe('Task.return_ of a call from another component', () => {
  test('traps if the callee still has a borrow', async () => {
    const text = `(component
      (component $Def
        (type $r' (resource (rep i32))) (export $r "r" (type $r'))
        (core func $new (canon resource.new $r'))
        (func (export "make") (param "rep" u32) (result (own $r)) (canon lift (core func $new))))
      (component $Keeper
        (import "r" (type $r (sub resource)))
        (core func $drop (canon resource.drop $r))
        (core module $M (import "" "drop" (func $drop (param i32)))
          (func (export "look") (param i32 i32) (if (local.get 1) (then (call $drop (local.get 0))))))
        (core instance $m (instantiate $M (with "" (instance (export "drop" (func $drop))))))
        (func (export "look") (param "r" (borrow $r)) (param "drop" bool) (canon lift (core func $m "look"))))
      (component $Lender
        (import "r" (type $r (sub resource)))
        (import "make" (func $make (param "rep" u32) (result (own $r))))
        (import "look" (func $look (param "r" (borrow $r)) (param "drop" bool)))
        (core func $make' (canon lower (func $make))) (core func $look' (canon lower (func $look)))
        (core module $M
          (import "" "make" (func $make (param i32) (result i32))) (import "" "look" (func $look (param i32 i32)))
          (func (export "lend") (param i32) (call $look (call $make (i32.const 5)) (local.get 0))))
        (core instance $m (instantiate $M (with "" (instance (export "make" (func $make')) (export "look" (func $look'))))))
        (func (export "lend") (param "drop" bool) (canon lift (core func $m "lend"))))
      (instance $def (instantiate $Def))
      (instance $keeper (instantiate $Keeper (with "r" (type $def "r"))))
      (instance $lender (instantiate $Lender
        (with "r" (type $def "r")) (with "make" (func $def "make")) (with "look" (func $keeper "look"))))
      (export "lend" (func $lender "lend")))`;
    const { lend } = (await run(text)).exports as Record<string, Exported>;
    lend!(true);
    traps(() => lend!(false), /borrow handles still remain/);
  });
});

describe('Task.needs_exclusive', () => {
  const ASYNC = `(component
    (import "wait" (func $wait async (param "x" u32) (result u32)))
    (core func $wait' (canon lower (func $wait)))
    (core module $M (import "" "wait" (func $wait (param i32) (result i32)))
      (func (export "f") (param i32) (result i32) (call $wait (local.get 0))))
    (core instance $m (instantiate $M (with "" (instance (export "wait" (func $wait'))))))
    (func (export "f") async (param "x" u32) (result u32) (canon lift (core func $m "f"))))`;

  test('returns a promise for calls of async functions, even if nothing waits', async () => {
    const { f } = (await run(ASYNC, { wait: (x: number) => x + 1 })).exports as Record<string, Exported>;
    const promise = f!(5);
    assert.ok(promise instanceof Promise);
    assert.equal(await promise, 6);
  });

  const skip = engine.Suspending === undefined ? 'this engine cannot suspend a guest' : false;

  test('serializes calls of async functions with the synchronous ABI', { skip }, async () => {
    const log: string[] = [];
    const wait = async (x: number): Promise<number> => {
      log.push(`begin ${x}`);
      await Promise.resolve();
      log.push(`end ${x}`);
      if (x === 3) throw new Error('three');
      return x;
    };
    const { f } = (await run(ASYNC, { wait })).exports as Record<string, Exported>;
    const settled = await Promise.allSettled([f!(1), f!(2), f!(3), f!(4)]);
    assert.deepEqual(log, ['begin 1', 'end 1', 'begin 2', 'end 2', 'begin 3', 'end 3']);
    assert.deepEqual(
      settled.map(({ status }) => status),
      ['fulfilled', 'fulfilled', 'rejected', 'rejected'],
    );
    await assert.rejects(f!(5) as Promise<unknown>, isTrap);
  });
});
