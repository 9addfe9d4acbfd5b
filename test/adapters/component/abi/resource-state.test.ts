/** *CanonicalABI.md*, "Resource State": the parts of a handle, and the lifting and lowering of handles. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isComponentError, isValueError } from 'decidable/component';
import { hostResource } from '../../../../src/adapters/component/abi/resource-objects.ts';
import { run } from './guests.ts';
import { handles, traps } from './handles.ts';

for (const resources of ['objects', 'handles'] as const) {
  const guest = () => handles({ resources });

  describe(`ResourceHandle, with resources as ${resources}`, () => {
    test('keeps all 32 bits of a rep', async () => {
      const api = await guest();
      for (const rep of [0, 1, 0x3fff_ffff, 0x4000_0000, 0x7fff_ffff, 0x8000_0000, 0xdead_beef, 0xffff_ffff]) {
        const index = api.new!(rep);
        assert.equal(api.rep!(index), rep);
        const given = api.give!(index);
        assert.equal(api.see!(given), rep);
        assert.equal(api.rep!(api.take!(given)), rep);
      }
    });
  });

  describe(`ResourceType, with resources as ${resources}`, () => {
    test('is different for each definition in a component', async () => {
      for (const call of ['rep', 'drop', 'give']) {
        const api = await guest();
        const index = api.newS!(5);
        traps(() => api[call]!(index), /wrong type/);
      }
    });

    test('is different for each instance of a component', async () => {
      const [one, other] = [await guest(), await guest()];
      const given = one.give!(one.new!(5));
      if (resources === 'objects') {
        assert.throws(() => other.see!(given), TypeError);
        assert.throws(() => other.take!(given), TypeError);
      }
      assert.equal(one.see!(given), 5);
    });
  });

  describe(`lift_own, with resources as ${resources}`, () => {
    test('removes the handle from the table', async () => {
      const api = await guest();
      api.give!(api.new!(5));
      traps(() => api.rep!(1), /unknown handle index 1/);
    });

    test('makes its index available to the next handle', async () => {
      const api = await guest();
      api.give!(api.new!(5));
      assert.equal(api.new!(6), 1);
    });

    test('traps if no handle has the index', async () => {
      for (const index of [0, 1, 0xffff_ffff]) {
        const api = await guest();
        traps(() => api.give!(index), /unknown handle index/);
      }
    });

    test('traps if the handle is of another type', async () => {
      const api = await guest();
      traps(() => api.give!(api.newS!(5)), /wrong type/);
    });

    test('traps if the handle is a borrow', async () => {
      const api = await guest();
      const given = api.give!(api.new!(5));
      traps(() => api.userOwn!(given), /cannot lift own resource from a borrow/);
    });

    test('traps if the handle is lent', async () => {
      const api = await guest();
      const index = api.userTake!(api.give!(api.new!(5)));
      traps(() => api.userLendAndPass!(index, index), /cannot remove owned resource while borrowed/);
    });
  });

  describe(`lift_borrow, with resources as ${resources}`, () => {
    test('leaves the handle in the table', async () => {
      const api = await guest();
      const index = api.userTake!(api.give!(api.new!(5)));
      assert.deepEqual([api.userLend!(index), api.userLend!(index)], [5, 5]);
      assert.equal(api.userPass!(index), 1);
    });

    test('lends a borrowed handle too', async () => {
      const api = await guest();
      assert.equal(api.userLendOn!(api.give!(api.new!(5))), 5);
    });

    test('traps if no handle has the index', async () => {
      for (const index of [0, 1, 0xffff_ffff]) {
        const api = await guest();
        traps(() => api.userLend!(index), /unknown handle index/);
      }
    });

    test('traps if the handle is of another type', async () => {
      const api = await guest();
      const index = api.userTakeS!(api.giveS!(api.newS!(5)));
      traps(() => api.userLend!(index), /wrong type/);
    });

    test('traps if an earlier parameter consumed the handle', async () => {
      const api = await guest();
      const index = api.userTake!(api.give!(api.new!(5)));
      traps(() => api.userPassAndLend!(index, index), /unknown handle index/);
    });
  });

  describe(`lower_own, with resources as ${resources}`, () => {
    test('adds a handle to the table of the receiver', async () => {
      const api = await guest();
      assert.equal(api.take!(api.give!(api.new!(5))), 1);
      assert.equal(api.userTake!(api.give!(1)), 1);
      assert.equal(api.userTake!(api.give!(api.new!(6))), 2);
      assert.deepEqual([api.userLend!(1), api.userLend!(2)], [5, 6]);
    });
  });

  describe(`lower_borrow, with resources as ${resources}`, () => {
    test('passes the rep to the component that defines the type', async () => {
      const api = await guest();
      assert.equal(api.see!(api.give!(api.new!(0xffff_fffe))), 0xffff_fffe);
      // No handle was added for it.
      assert.equal(api.new!(6), 1);
    });

    test('creates a new handle in every other component', async () => {
      const api = await guest();
      const [one, other] = [api.give!(api.new!(5)), api.give!(api.new!(6))];
      assert.equal(api.userIndex!(one), 1);
      assert.equal(api.userTake!(other), 1);
      assert.equal(api.userIndex!(one), 2);
    });
  });

  describe(`own and borrow in memory, with resources as ${resources}`, () => {
    test('are lifted and lowered one by one, like single handles', async () => {
      const api = await guest();
      for (const rep of [5, 6, 7]) api.new!(rep);
      const given = api.giveAll!(1, 3) as unknown[];
      traps(() => api.rep!(2), /unknown handle index/);
      const other = await guest();
      for (const rep of [5, 6, 7]) other.new!(rep);
      const all = other.giveAll!(1, 3) as unknown[];
      assert.deepEqual(Array.from(other.seeAll!(all) as Uint32Array), [5, 6, 7]);
      // The last hole is filled first.
      assert.deepEqual(Array.from(other.takeAll!(all.slice(1)) as Uint32Array), [3, 2]);
      assert.deepEqual([other.rep!(3), other.rep!(2), other.see!(all[0])], [6, 7, 5]);
      assert.equal(given.length, 3);
    });

    test('trap if one of them is not a handle, or is repeated', async () => {
      const api = await guest();
      api.new!(5);
      traps(() => api.giveAll!(1, 2), /unknown handle index 2/);
    });
  });

  describe(`a result of own and error, with resources as ${resources}`, () => {
    test('is returned or thrown, and post-return runs in both cases', async () => {
      const api = await guest();
      const given = api.giveOrFail!(api.new!(5), 0);
      assert.equal(api.see!(given), 5);
      assert.equal(api.posts!(), 16);
      assert.throws(
        () => api.giveOrFail!(1, 404),
        (error) => isComponentError(error) && error.payload === 404,
      );
      assert.equal(api.posts!(), 32);
      assert.equal(api.take!(given), 1);
    });

    test('traps if no handle has the index', async () => {
      const api = await guest();
      traps(() => api.giveOrFail!(7, 0), /unknown handle index 7/);
      traps(() => api.giveOrFail!(7, 0), /cannot enter/);
    });
  });
}

describe('a resource that the host implements', () => {
  class R {}

  test('is the object itself, so no table keeps it, and it must be an instance of the class', () => {
    const { objects } = hostResource('r', R, false);
    const one = new R();
    assert.equal(objects!.liftOwn(objects!.lower!(one)), one);
    assert.equal(objects!.liftBorrow(objects!.lower!(one), []), one);
    for (const wrong of [7, {}, undefined])
      assert.throws(() => objects!.lower!(wrong), { reason: /expected a resource of type r/ });
  });

  test('must be a number if resources are handles', async () => {
    const { exports } = await run(
      `(component
        (import "r" (type $r (sub resource)))
        (core module $M (func (export "take") (param i32)))
        (core instance $m (instantiate $M))
        (func (export "take") (param "r" (own $r)) (canon lift (core func $m "take"))))`,
      { r: { drop: () => undefined } },
      { resources: 'handles' },
    );
    const take = exports.take as (value: unknown) => void;
    take(7);
    for (const wrong of ['7', new R(), undefined]) assert.throws(() => take(wrong), isValueError);
    take(-1);
  });
});
