/** *CanonicalABI.md*, "Table State": the indices by which a guest names its handles. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RuntimeResource } from '../../../../src/adapters/component/abi/component-instance.ts';
import { HandleTable } from '../../../../src/adapters/component/abi/table-state.ts';
import { handles, traps } from './handles.ts';

describe('Table', () => {
  test('reserves index 0, so that the first handle is 1 and 0 is never a handle', async () => {
    const api = await handles();
    assert.equal(api.new!(5), 1);
    assert.equal(api.new!(5), 2);
    traps(() => api.rep!(0), /unknown handle index 0/);
  });

  test('holds the handles of all resource types in one sequence of indices', async () => {
    const api = await handles();
    assert.deepEqual([api.new!(5), api.newS!(6), api.new!(7)], [1, 2, 3]);
    assert.deepEqual([api.rep!(1), api.repS!(2), api.rep!(3)], [5, 6, 7]);
  });

  test('belongs to one instance', async () => {
    const api = await handles();
    api.new!(5);
    assert.equal(api.userTake!(api.give!(api.new!(6))), 1);
    const other = await handles();
    assert.equal(other.new!(7), 1);
  });
});

describe('Table.get', () => {
  test('traps beyond the last index', async () => {
    for (const index of [2, 3, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]) {
      const api = await handles();
      api.new!(5);
      traps(() => api.rep!(index), new RegExp(`unknown handle index ${index}`));
    }
  });

  test('traps at a hole', async () => {
    const api = await handles();
    for (let rep = 0; rep < 3; rep++) api.new!(rep);
    api.drop!(2);
    assert.deepEqual([api.rep!(1), api.rep!(3)], [0, 2]);
    traps(() => api.rep!(2), /unknown handle index 2/);
  });
});

describe('Table.add', () => {
  test('fills holes before the table grows, the last hole first', async () => {
    const api = await handles();
    for (let rep = 0; rep < 4; rep++) api.new!(rep);
    for (const index of [3, 1, 2]) api.drop!(index);
    assert.deepEqual([api.new!(10), api.newS!(11), api.new!(12), api.new!(13)], [2, 1, 3, 5]);
    assert.deepEqual([api.rep!(2), api.repS!(1), api.rep!(3), api.rep!(4), api.rep!(5)], [10, 11, 12, 3, 13]);
  });

  test('adds an own handle or a borrow to a hole, regardless of the previous entry', async () => {
    const api = await handles();
    const [first, second] = [api.give!(api.new!(5)), api.give!(api.new!(6))];
    assert.equal(api.userIndex!(first), 1);
    assert.equal(api.userTake!(first), 1);
    api.userDrop!(1);
    assert.deepEqual(api.destroyed!(), Uint32Array.of(5));
    traps(() => api.userOwn!(second), /cannot lift own resource from a borrow/);
  });

  test('traps if there are more handles than the host allows', async () => {
    const api = await handles({ maxHandles: 3 });
    assert.deepEqual([api.new!(1), api.new!(2), api.new!(3)], [1, 2, 3]);
    api.drop!(2);
    assert.equal(api.new!(4), 2);
    traps(() => api.new!(5), 'handles-exhausted');
  });
});

describe('Table.remove', () => {
  test('creates a hole only once', async () => {
    const api = await handles();
    api.new!(5);
    api.drop!(1);
    traps(() => api.drop!(1), /unknown handle index 1/);
  });

  test('reduces the number of live handles', () => {
    const type = new RuntimeResource('r', undefined);
    const table = new HandleTable(10, (message) => new RangeError(message));
    const indices = [1, 2, 3].map((rep) => table.add(type, rep, 0));
    assert.equal(table.size, 3);
    for (const index of indices) assert.equal(table.remove(index, table.get(index, type)!), index);
    assert.equal(table.size, 0);
  });
});
