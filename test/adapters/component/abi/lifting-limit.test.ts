/** `maxLiftedBytes`, the number of bytes that one call may lift. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type InstantiateOptions, isTrap } from 'decidable/component';
import { loadModule } from 'decidable/component/host';
import { run } from './guests.ts';

/** A component whose function `get` returns a list of this length, in which all elements are zero. */
async function listing(element: string, options: InstantiateOptions = {}) {
  const { exports } = await run(
    `(component
      (core module $M (memory (export "memory") 100)
        (func (export "get") (param i32) (result i32)
          (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (local.get 0)) (i32.const 0)))
      (core instance $m (instantiate $M))
      (func (export "get") (param "count" u32) (result (list ${element}))
        (canon lift (core func $m "get") (memory (core memory $m "memory")))))`,
    {},
    options,
  );
  return exports.get as (count: number) => ArrayLike<unknown>;
}

const exceeds = (error: unknown): boolean => isTrap(error) && error.code === 'lifting-exhausted';

describe('a list that a function returns', () => {
  test('may have as many bytes as the option allows', async () => {
    const get = await listing('u8', { maxLiftedBytes: 1000 });
    assert.equal(get(1000).length, 1000);
    assert.equal(get(1000).length, 1000);
    assert.throws(() => get(1001), exceeds);
    // The guest exceeded a limit, so its instance has ended.
    assert.throws(() => get(1), isTrap);
  });

  test('counts elements that become values of their own as more than their bytes', async () => {
    for (const [element, cost] of [
      ['u32', 4],
      ['bool', 1 + 16],
      ['char', 4 + 64],
    ] as const) {
      assert.equal((await listing(element, { maxLiftedBytes: 10 * cost }))(10).length, 10);
      const get = await listing(element, { maxLiftedBytes: 10 * cost - 1 });
      assert.throws(() => get(10), exceeds, element);
    }
  });

  test('may have five million booleans by default', async () => {
    const get = await listing('bool');
    assert.equal(get(5_000_000).length, 5_000_000);
  });

  test('has no limit if the option is Infinity', async () => {
    const get = await listing('bool', { maxLiftedBytes: Number.POSITIVE_INFINITY });
    assert.equal(get(6_000_000).length, 6_000_000);
  });
});

describe('the option maxLiftedBytes', () => {
  test('is refused if it is not a number of bytes', async () => {
    for (const wrong of [-1, Number.NaN, '5']) {
      const error = { code: 'invalid-argument', argument: 'maxLiftedBytes' };
      await assert.rejects(listing('u8', { maxLiftedBytes: wrong as number }), error);
      await assert.rejects(loadModule(new Uint8Array(), { maxLiftedBytes: wrong as number }), error);
    }
  });
});
