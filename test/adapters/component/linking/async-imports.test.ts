/** The option `asyncImports`: plain functions that return promises must be declared, as with jco's option. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isLinkError } from 'decidable/component';
import { engine } from '../../../../src/adapters/component/engine/web-assembly.ts';
import { run } from '../abi/guests.ts';

type Api = Record<string, (...args: unknown[]) => unknown>;

const skip = engine.Suspending === undefined ? 'this engine has no JavaScript promise integration' : false;

const GUEST = `(component
  (import "a:b/clock@1.2.0" (instance $clock
    (export "timer" (type $t (sub resource)))
    (export "[constructor]timer" (func (result (own $t))))
    (export "[method]timer.ring" (func (param "self" (borrow $t)) (result u32)))
    (export "get-it" (func (result u32)))))
  (import "ask" (func $ask (result u32)))
  (core func $get (canon lower (func $clock "get-it")))
  (core func $new (canon lower (func $clock "[constructor]timer")))
  (core func $ring (canon lower (func $clock "[method]timer.ring")))
  (core func $ask' (canon lower (func $ask)))
  (core module $M
    (import "" "get" (func $get (result i32))) (import "" "new" (func $new (result i32)))
    (import "" "ring" (func $ring (param i32) (result i32))) (import "" "ask" (func $ask (result i32)))
    (func (export "get") (result i32) (call $get)) (func (export "ask") (result i32) (call $ask))
    (func (export "ring") (result i32) (call $ring (call $new))))
  (core instance $m (instantiate $M (with "" (instance (export "get" (func $get)) (export "new" (func $new))
    (export "ring" (func $ring)) (export "ask" (func $ask'))))))
  (func (export "get") (result u32) (canon lift (core func $m "get")))
  (func (export "ring") (result u32) (canon lift (core func $m "ring")))
  (func (export "ask") (result u32) (canon lift (core func $m "ask"))))`;

class Timer {
  ring(): unknown {
    return Promise.resolve(3);
  }
}
const imports = {
  'a:b/clock': { Timer, getIt: () => Promise.resolve(1) },
  ask: () => Promise.resolve(2),
};

describe('a plain function that returns a promise', { skip }, () => {
  for (const version of ['@1.2.0', '', '@1.0.0', '@1.9.0', '@1']) {
    test(`is waited for if it is declared, with the interface as a:b/clock${version}`, async () => {
      const asyncImports = [`a:b/clock${version}#get-it`, `a:b/clock${version}#[method]timer.ring`, 'ask'];
      const api = (await run(GUEST, imports, { asyncImports })).exports as Api;
      assert.deepEqual([await api.get!(), await api.ring!(), await api.ask!()], [1, 3, 2]);
    });
  }

  test('may also return a value that is not a promise', async () => {
    const api = (await run(GUEST, { ...imports, ask: () => 5 }, { asyncImports: ['ask'] })).exports as Api;
    assert.equal(await api.ask!(), 5);
  });

  test('may be a member of an object of functions on handles', async () => {
    const timer = { create: () => 4, ring: (rep: number) => Promise.resolve(rep + 1) };
    const api = (
      await run(
        GUEST,
        { 'a:b/clock': { timer, getIt: () => 0 }, ask: () => 0 },
        { resources: 'handles', asyncImports: ['a:b/clock#[method]timer.ring'] },
      )
    ).exports as Api;
    assert.equal(await api.ring!(), 5);
  });

  test('rejects the call if it fails', async () => {
    const failing = { ...imports, ask: () => Promise.reject(new Error('a defect')) };
    const api = (await run(GUEST, failing, { asyncImports: ['ask'] })).exports as Api;
    await assert.rejects(api.ask!() as Promise<unknown>, { message: 'a defect' });
  });

  test('is refused if it is not declared, and the error shows the declaration', async () => {
    const api = (await run(GUEST, imports)).exports as Api;
    assert.throws(
      () => api.get!(),
      // This test checks the hint.
      (error) => isLinkError(error) && error.message.includes('asyncImports: ["a:b/clock@1.2.0#get-it"]'),
    );
  });
});

describe('a declaration', () => {
  for (const name of [
    'a:b/clock#other',
    'a:b/other#get-it',
    'a:b/clock@2.0.0#get-it',
    'get-it',
    'getIt',
    'timer',
    '',
  ]) {
    test(`is refused if it is not the name of an imported function: ${JSON.stringify(name)}`, async () => {
      const error = { code: 'invalid-argument', argument: 'asyncImports' };
      await assert.rejects(run(GUEST, imports, { asyncImports: ['ask', name] }), error);
    });
  }
});
