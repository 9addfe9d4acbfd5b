/** *CanonicalABI.md*, "`canon resource.drop`". */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { resourceDrop } from '../../../../src/adapters/component/abi/canon-resource.ts';
import { ComponentInstance, RuntimeResource } from '../../../../src/adapters/component/abi/component-instance.ts';
import { BORROWED, HandleTable } from '../../../../src/adapters/component/abi/table-state.ts';
import { run } from './guests.ts';
import { type Exported, handles, traps } from './handles.ts';

interface Dropper {
  drop(handle: unknown): void;
}

const list = (values: unknown) => Array.from(values as Uint32Array);

describe('canon resource.drop of an own handle', () => {
  test('removes it from the table and calls the destructor with the rep', async () => {
    const api = await handles();
    api.new!(0xdead_beef);
    api.drop!(1);
    assert.deepEqual(list(api.destroyed!()), [0xdead_beef]);
    traps(() => api.rep!(1), /unknown handle index 1/);
  });

  test('calls the destructor of the component that defines the type, from any other component', async () => {
    const api = await handles();
    const index = api.userTake!(api.give!(api.new!(7)));
    api.userDrop!(index);
    assert.deepEqual(list(api.destroyed!()), [7]);
    traps(() => api.userDrop!(index), /unknown handle index/);
  });

  test('works for a resource type without a destructor', async () => {
    const api = await handles();
    api.dropS!(api.newS!(5));
    traps(() => api.repS!(1), /unknown handle index 1/);
  });

  test('traps if the destructor traps, and ends both components', async () => {
    for (const [drop, ...others] of [
      ['drop', 'new'],
      ['userDrop', 'new', 'userIndex'],
    ] as const) {
      const api = await handles();
      const index = drop === 'drop' ? api.new!(666) : api.userTake!(api.give!(api.new!(666)));
      traps(() => api[drop]!(index), /unreachable/);
      for (const name of others) traps(() => api[name]!(1), /cannot enter/);
    }
  });

  test('leaves the hole free while the destructor runs', async () => {
    const { exports } = await run(`(component
      (core module $D (memory 0) (table (export "table") 2 funcref)
        (type $dtor (func (param i32)))
        (func (export "dtor") (param i32) (call_indirect (type $dtor) (local.get 0) (i32.const 0))))
      (core instance $d (instantiate $D))
      (type $r (resource (rep i32) (dtor (core func $d "dtor"))))
      (core func $new (canon resource.new $r)) (core func $drop (canon resource.drop $r)) (core func $rep (canon resource.rep $r))
      (core module $M
        (import "" "new" (func $new (param i32) (result i32))) (import "" "drop" (func $drop (param i32)))
        (import "" "rep" (func $rep (param i32) (result i32)))
        (import "d" "table" (table 2 funcref))
        (global $made (mut i32) (i32.const 0))
        (func $destroy (param i32) (global.set $made (call $new (i32.add (local.get 0) (i32.const 1)))))
        (elem (i32.const 0) $destroy)
        (func (export "go") (result i32)
          (call $drop (call $new (i32.const 5)))
          (i32.add (i32.mul (global.get $made) (i32.const 100)) (call $rep (global.get $made)))))
      (core instance $m (instantiate $M (with "d" (instance $d)) (with "" (instance
        (export "new" (func $new)) (export "drop" (func $drop)) (export "rep" (func $rep))))))
      (func (export "go") (result u32) (canon lift (core func $m "go"))))`);
    // A handle that the destructor created has the index of the dropped handle, and the next rep.
    assert.equal((exports.go as Exported)(), 106);
  });
});

describe('canon resource.drop of a borrow', () => {
  test('removes it from the table and calls no destructor', async () => {
    const api = await handles();
    const given = api.give!(api.new!(7));
    assert.equal(api.userIndex!(given), 1);
    assert.deepEqual(list(api.destroyed!()), []);
    assert.equal(api.take!(given), 1);
  });

  test('traps if it was dropped already', async () => {
    const api = await handles();
    const given = api.give!(api.new!(7));
    traps(() => api.userDropTwice!(given), /unknown handle index 1/);
  });
});

describe('canon resource.drop', () => {
  test('traps if no handle has the index', async () => {
    for (const index of [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]) {
      const api = await handles();
      traps(() => api.drop!(index), /unknown handle index/);
    }
  });

  test('traps if the handle is of another type', async () => {
    const api = await handles();
    traps(() => api.drop!(api.newS!(5)), /wrong type/);
  });

  test('traps if the handle is lent to a running call', () => {
    // No synchronous call reaches this code, because no code that could drop the handle may leave or be entered during
    // the call.
    const refuse = (message: string) => new RangeError(message);
    for (const info of [0, BORROWED]) {
      const instance = new ComponentInstance(
        undefined,
        { handles: new HandleTable(10, refuse), scope: [], instances: [], maxLiftedBytes: 0 },
        10,
      );
      const type = new RuntimeResource('r', instance);
      const index = instance.handles.add(type, 5, info);
      instance.handles.lend(instance.handles.get(index, type)!);
      traps(() => resourceDrop(instance, type)(index), /cannot remove owned resource while borrowed/);
    }
  });
});

describe('the destructor', () => {
  test('is called when the host drops a handle, as a call from the host', async () => {
    for (const resources of ['objects', 'handles'] as const) {
      const api = await handles({ resources });
      const dispose = (given: unknown): unknown =>
        resources === 'objects' ? (given as Disposable)[Symbol.dispose]() : (api.r as unknown as Dropper).drop(given);
      dispose(api.give!(api.new!(7)));
      assert.deepEqual(list(api.destroyed!()), [7]);
      traps(() => dispose(api.give!(api.new!(666))), /unreachable/);
      traps(() => api.new!(1), /cannot enter/);
    }
  });

  const HOLDER = `(component
    (import "r" (type $r (sub resource)))
    (import "make" (func $make (result (own $r))))
    (core func $make' (canon lower (func $make)))
    (core func $drop (canon resource.drop $r))
    (core module $M (import "" "make" (func $make (result i32))) (import "" "drop" (func $drop (param i32)))
      (func (export "go") (call $drop (call $make))))
    (core instance $m (instantiate $M (with "" (instance (export "make" (func $make')) (export "drop" (func $drop))))))
    (func (export "go") (canon lift (core func $m "go"))))`;

  test('is Symbol.dispose for a resource of the host', async () => {
    const dropped: unknown[] = [];
    class R {
      [Symbol.dispose](): void {
        dropped.push(this);
      }
    }
    const made = new R();
    const { exports } = await run(HOLDER, { r: R, make: () => made });
    (exports.go as Exported)();
    assert.deepEqual(dropped, [made]);
  });

  test('ends the guest that dropped a resource of the host if it throws', async () => {
    class R {
      [Symbol.dispose](): void {
        throw new Error('cannot let go');
      }
    }
    const { exports } = await run(HOLDER, { r: R, make: () => new R() });
    assert.throws(() => (exports.go as Exported)(), /cannot let go/);
    traps(() => (exports.go as Exported)(), /cannot enter/);
  });
});
