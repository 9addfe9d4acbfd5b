/**
 * *CanonicalABI.md*, "Subtask State", for synchronous calls. A handle that is lent to a call cannot be consumed until
 * the call returns.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { run } from './guests.ts';
import { type Exported, handles, traps } from './handles.ts';

describe('Subtask.add_lender', () => {
  test('counts each lend of a handle, so that the same call cannot consume it', async () => {
    const api = await handles();
    const index = api.userTake!(api.give!(api.new!(5)));
    traps(() => api.userLendAndPass!(index, index), /while borrowed/);
  });

  for (const resources of ['objects', 'handles'] as const) {
    test(`counts the lends of the host, so that the same call cannot consume the handle (${resources})`, async () => {
      const api = await handles({ resources });
      const [one, other] = [api.give!(api.new!(5)), api.give!(api.new!(6))];
      assert.throws(() => api.seeAndTake!(one, one), TypeError);
      assert.equal(api.seeAndTake!(one, other), 5);
    });
  }

  test('allows the same call to consume another handle', async () => {
    const api = await handles();
    const [one, other] = [api.userTake!(api.give!(api.new!(5))), api.userTake!(api.give!(api.new!(6)))];
    assert.equal(api.userLendAndPass!(one, other), 5);
    traps(() => api.userDrop!(other), /unknown handle index/);
  });
});

describe('Subtask.deliver_resolve', () => {
  test('ends the lends when the call returns', async () => {
    const api = await handles();
    const index = api.userTake!(api.give!(api.new!(5)));
    for (let call = 0; call < 3; call++) assert.equal(api.userLend!(index), 5);
    api.userDrop!(index);
    assert.deepEqual(Array.from(api.destroyed!() as Uint32Array), [5]);
  });

  test('ends the lends of borrowed handles, which can then be dropped', async () => {
    const api = await handles();
    const given = api.give!(api.new!(5));
    assert.deepEqual([api.userLendOn!(given), api.userLendOn!(given)], [5, 5]);
    assert.equal(api.take!(given), 1);
  });

  /** Receives a resource of the host, lends it, and drops it. */
  const lender = (param: string, flat: string, args: string) => `(component
    (import "r" (type $r (sub resource)))
    (import "make" (func $make (result (own $r))))
    (import "look" (func $look (param "r" (borrow $r)) ${param}))
    (core module $L (memory (export "memory") 1) (data (i32.const 8) "\\01\\00\\00\\00\\01\\00\\00\\00\\01\\00\\00\\00"))
    (core instance $l (instantiate $L))
    (core func $make' (canon lower (func $make)))
    (core func $look' (canon lower (func $look) (memory (core memory $l "memory"))))
    (core func $drop (canon resource.drop $r))
    (core module $M
      (import "" "make" (func $make (result i32)))
      (import "" "look" (func $look (param i32 ${flat})))
      (import "" "drop" (func $drop (param i32)))
      (func (export "lend") (drop (call $make)) (call $look (i32.const 1) ${args}))
      (func (export "free") (call $drop (i32.const 1))))
    (core instance $m (instantiate $M (with "" (instance
      (export "make" (func $make')) (export "look" (func $look')) (export "drop" (func $drop))))))
    (func (export "lend") (canon lift (core func $m "lend")))
    (func (export "free") (canon lift (core func $m "free"))))`;

  for (const [what, param, flat, args] of [
    ['a borrow', '', '', ''],
    ['two borrows of one handle', '(param "b" (borrow $r))', 'i32', '(i32.const 1)'],
    ['a list of borrows', '(param "b" (list (borrow $r)))', 'i32 i32', '(i32.const 8) (i32.const 3)'],
    ['an optional borrow', '(param "b" (option (borrow $r)))', 'i32 i32', '(i32.const 1) (i32.const 1)'],
  ] as const) {
    for (const resources of ['objects', 'handles'] as const) {
      test(`ends the lends of ${what} when a function of the host returns, with resources as ${resources}`, async () => {
        let dropped = 0;
        class R {
          [Symbol.dispose](): void {
            dropped++;
          }
        }
        const imports =
          resources === 'objects'
            ? { r: R, make: () => new R(), look: () => undefined }
            : { r: { drop: () => void dropped++ }, make: () => 7, look: () => undefined };
        const { exports } = await run(lender(param, flat, args), imports, { resources });
        const { lend, free } = exports as Record<string, Exported>;
        lend!();
        free!();
        assert.equal(dropped, 1);
        traps(free!, /unknown handle index 1/);
      });
    }
  }
});
