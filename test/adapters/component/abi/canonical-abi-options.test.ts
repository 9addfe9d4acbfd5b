/**
 * *CanonicalABI.md*, "Canonical ABI Options". `canonopt-validation.test.ts` tests the rules for them.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isUnsupportedError } from 'decidable/component';
import { run } from './guests.ts';
import type { Exported } from './handles.ts';

describe('LiftOptions', () => {
  test('has utf8 as the default encoding', async () => {
    const get = async (encoding: string) => {
      const { exports } = await run(`(component
        (core module $M (memory (export "memory") 1) (data (i32.const 8) "\\10\\00\\00\\00\\02\\00\\00\\00\\c3\\a9\\00\\00\\c3\\a9\\c3\\a9")
          (func (export "get") (result i32) (i32.const 8)))
        (core instance $m (instantiate $M))
        (func (export "get") (result string) (canon lift (core func $m "get") (memory (core memory $m "memory")) ${encoding})))`);
      return (exports.get as Exported)();
    };
    assert.equal(await get(''), 'é');
    assert.equal(await get('string-encoding=utf8'), 'é');
    assert.equal(await get('string-encoding=latin1+utf16'), '\xc3\xa9');
    assert.equal(await get('string-encoding=utf16'), '\ua9c3\0');
  });

  test('may name any memory of the component, a different one for each function', async () => {
    const memory = (text: string) => `(core module (memory (export "memory") 1)
      (data (i32.const 8) "\\10\\00\\00\\00\\01\\00\\00\\00${text}"))`;
    const { exports } = await run(`(component
      ${memory('a').replace('(core module', '(core module $A')} ${memory('b').replace('(core module', '(core module $B')}
      (core instance $a (instantiate $A)) (core instance $b (instantiate $B))
      (core module $M (func (export "get") (result i32) (i32.const 8)))
      (core instance $m (instantiate $M))
      (func (export "a") (result string) (canon lift (core func $m "get") (memory (core memory $a "memory"))))
      (func (export "b") (result string) (canon lift (core func $m "get") (memory (core memory $b "memory")))))`);
    assert.deepEqual([(exports.a as Exported)(), (exports.b as Exported)()], ['a', 'b']);
  });
});

describe('LiftLowerOptions', () => {
  test('calls the realloc of the function that lowers, if a component has several', async () => {
    const { exports } = await run(`(component
      (core module $M (memory (export "memory") 1)
        (func (export "low") (param i32 i32 i32 i32) (result i32) (i32.const 256))
        (func (export "high") (param i32 i32 i32 i32) (result i32) (i32.const 4096))
        (func (export "where") (param i32 i32) (result i32) (local.get 0)))
      (core instance $m (instantiate $M))
      (func (export "low") (param "x" string) (result u32)
        (canon lift (core func $m "where") (memory (core memory $m "memory")) (realloc (core func $m "low"))))
      (func (export "high") (param "x" string) (result u32)
        (canon lift (core func $m "where") (memory (core memory $m "memory")) (realloc (core func $m "high")))))`);
    assert.deepEqual([(exports.low as Exported)('x'), (exports.high as Exported)('x')], [256, 4096]);
  });
});

describe('CanonicalOptions', () => {
  test('has no post-return by default', async () => {
    const { exports } = await run(`(component
      (core module $M (func (export "f") (result i32) (i32.const 5)))
      (core instance $m (instantiate $M))
      (func (export "f") (result u32) (canon lift (core func $m "f"))))`);
    assert.equal((exports.f as Exported)(), 5);
  });

  for (const [what, lift] of [
    ['async', '(canon lift (core func $m "stackful") async)'],
    ['async and callback', '(canon lift (core func $m "stackless") async (callback (core func $m "callback")))'],
  ] as const) {
    test(`refuse a call to a function that is lifted with ${what}`, async () => {
      const { exports } = await run(`(component
        (core module $M
          (func (export "stackful"))
          (func (export "stackless") (result i32) (i32.const 0))
          (func (export "callback") (param i32 i32 i32) (result i32) (i32.const 0)))
        (core instance $m (instantiate $M))
        (func (export "f") async ${lift}))`);
      await assert.rejects(
        async () => (exports.f as Exported)(),
        (error) => isUnsupportedError(error) && error.feature === 'asynchronous ABI',
      );
    });
  }

  test('refuse a call to a function that is lowered with the asynchronous ABI', async () => {
    const { exports } = await run(
      `(component
        (import "f" (func $f async))
        (core func $f' (canon lower (func $f) async))
        (func (export "go") (result u32) (canon lift (core func $f'))))`,
      { f: () => undefined },
    );
    await assert.rejects(
      async () => (exports.go as Exported)(),
      (error) => isUnsupportedError(error) && error.feature === 'asynchronous ABI',
    );
  });

  test('refuse a 64-bit memory when the component is compiled', async () => {
    await assert.rejects(
      run(`(component
        (core module $M (memory (export "memory") i64 1) (func (export "f") (result i64) (i64.const 8)))
        (core instance $m (instantiate $M))
        (func (export "f") (result string) (canon lift (core func $m "f") (memory (core memory $m "memory")))))`),
      (error) => isUnsupportedError(error) && error.feature === 'memory64',
    );
  });
});
