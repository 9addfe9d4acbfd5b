/** *CanonicalABI.md*, "`canon resource.rep`". */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isInvalidError } from 'decidable/component';
import { run } from './guests.ts';
import { handles, traps } from './handles.ts';

describe('canon resource.rep', () => {
  test('requires a resource type that the component defines', async () => {
    const text = '(component (import "r" (type $r (sub resource))) (core func (canon resource.rep $r)))';
    await assert.rejects(run(text, { r: class {} }), isInvalidError);
  });

  test('has an i32 parameter and an i32 result', async () => {
    const user = (type: string) => `(component
      (type $r (resource (rep i32)))
      (core func $rep (canon resource.rep $r))
      (core module $M (import "" "rep" (func ${type})))
      (core instance (instantiate $M (with "" (instance (export "rep" (func $rep)))))))`;
    await run(user('(param i32) (result i32)'));
    for (const type of ['(param i32) (result i64)', '(param i32)', '(result i32)']) {
      await assert.rejects(run(user(type)), isInvalidError, type);
    }
  });

  test('returns the rep of a handle, which remains in the table', async () => {
    const api = await handles();
    const index = api.new!(0xffff_ffff);
    assert.deepEqual([api.rep!(index), api.rep!(index)], [0xffff_ffff, 0xffff_ffff]);
    assert.deepEqual(Array.from(api.destroyed!() as Uint32Array), []);
  });

  test('returns the rep of a handle that another component had in the meantime', async () => {
    const api = await handles();
    const given = api.userGive!(api.userTake!(api.give!(api.new!(7))));
    assert.equal(api.rep!(api.take!(given)), 7);
  });

  test('traps if no handle has the index', async () => {
    for (const index of [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]) {
      const api = await handles();
      traps(() => api.rep!(index), /unknown handle index/);
    }
  });

  test('traps if the handle is of another type', async () => {
    const api = await handles();
    traps(() => api.rep!(api.newS!(5)), /wrong type/);
  });
});
