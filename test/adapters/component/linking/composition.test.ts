/**
 * Components composed by the host: the exports of one are the imports of another, and values pass directly between
 * them.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isLinkError } from 'decidable/component';
import { ALLOCATOR, run } from '../abi/guests.ts';

type Api = Record<string, (...args: unknown[]) => unknown>;

/** Exports a store of one string, and a resource. */
const PROVIDER = `(component
  (component $C
    (core module $M ${ALLOCATOR}
      (global $at (mut i32) (i32.const 0)) (global $length (mut i32) (i32.const 0))
      (func (export "put") (param i32 i32) (global.set $at (local.get 0)) (global.set $length (local.get 1)))
      (func (export "get") (result i32)
        (i32.store (i32.const 8) (global.get $at)) (i32.store (i32.const 12) (global.get $length)) (i32.const 8)))
    (core instance $m (instantiate $M))
    (type $t' (resource (rep i32)))
    (export $t "token" (type $t'))
    (core func $new (canon resource.new $t'))
    (core module $N (import "" "new" (func $new (param i32) (result i32)))
      (func (export "make") (result i32) (call $new (i32.const -2)))
      (func (export "look") (param i32) (result i32) (local.get 0)))
    (core instance $n (instantiate $N (with "" (instance (export "new" (func $new))))))
    (func (export "put") (param "text" string)
      (canon lift (core func $m "put") string-encoding=utf16 (memory (core memory $m "memory")) (realloc (core func $m "realloc"))))
    (func (export "get") (result string)
      (canon lift (core func $m "get") string-encoding=utf16 (memory (core memory $m "memory"))))
    (func (export "make") (result (own $t)) (canon lift (core func $n "make")))
    (func (export "look") (param "t" (borrow $t)) (result s32) (canon lift (core func $n "look"))))
  (instance $c (instantiate $C))
  (export "a:b/store@1.0.0" (instance $c)))`;

/** Puts a string into the store that it imports, reads it back, and reads a token. */
const CONSUMER = `(component
  (import "a:b/store@1.0.0" (instance $s
    (export "token" (type $t (sub resource)))
    (export "put" (func (param "text" string)))
    (export "get" (func (result string)))
    (export "make" (func (result (own $t))))
    (export "look" (func (param "t" (borrow $t)) (result s32)))))
  (core module $Libc ${ALLOCATOR})
  (core instance $libc (instantiate $Libc))
  (core func $put (canon lower (func $s "put") (memory (core memory $libc "memory"))))
  (core func $get (canon lower (func $s "get") (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
  (core func $make (canon lower (func $s "make")))
  (core func $look (canon lower (func $s "look")))
  (core module $M
    (import "" "put" (func $put (param i32 i32))) (import "" "get" (func $get (param i32)))
    (import "" "make" (func $make (result i32))) (import "" "look" (func $look (param i32) (result i32)))
    (func (export "echo") (param i32 i32) (result i32)
      (call $put (local.get 0) (local.get 1)) (call $get (i32.const 16)) (i32.const 16))
    (func (export "token") (result i32) (call $look (call $make))))
  (core instance $m (instantiate $M (with "" (instance
    (export "put" (func $put)) (export "get" (func $get)) (export "make" (func $make)) (export "look" (func $look))))))
  (func (export "echo") (param "text" string) (result string)
    (canon lift (core func $m "echo") (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
  (func (export "token") (result s32) (canon lift (core func $m "token"))))`;

describe('a component that imports the exports of another', () => {
  for (const resources of ['objects', 'handles'] as const) {
    test(`calls it directly, with strings in its encoding and handles in its table (${resources})`, async () => {
      const provider = await run(PROVIDER, {}, { resources });
      const { exports } = await run(CONSUMER, provider.exports, { resources });
      const api = exports as Api;
      for (const text of ['', 'plain', 'grün', '🏦 ☃', 'x'.repeat(100_000)]) assert.equal(api.echo!(text), text);
      assert.equal(api.token!(), -2);
      assert.equal((provider.exports['a:b/store@1.0.0'] as Api).get!(), 'x'.repeat(100_000));
      assert.equal(provider.handleCount, 0);
    });
  }

  test('can import one function of it, or a JavaScript object instead of its instance', async () => {
    const provider = (await run(PROVIDER)).exports['a:b/store@1.0.0'] as Api & { Token: unknown };
    const { Token, make, look, put, get } = provider;
    const mixed = await run(CONSUMER, { 'a:b/store': { Token, make, look, put, get } });
    assert.equal((mixed.exports as Api).token!(), -2);
    let kept = '';
    class Other {}
    const replaced = await run(CONSUMER, {
      'a:b/store': {
        Token: Other,
        put: (text: string) => {
          kept = text;
        },
        get: () => kept.toUpperCase(),
        make: () => new Other(),
        look: (token: unknown) => (token instanceof Other ? 5 : 0),
      },
    });
    assert.equal((replaced.exports as Api).echo!('loud'), 'LOUD');
    assert.equal((replaced.exports as Api).token!(), 5);
  });

  test('is not linked to a function of another type, or to resources of two instances', async () => {
    const [one, two] = [await run(PROVIDER), await run(PROVIDER)];
    const { Token, make, look, put } = one.exports['a:b/store@1.0.0'] as Api;
    await assert.rejects(run(CONSUMER, { 'a:b/store': { Token, make, look, put, get: put } }), isLinkError);
    const other = two.exports['a:b/store@1.0.0'] as Api;
    await assert.rejects(
      run(CONSUMER, { 'a:b/store': { Token, make: other.make, look, put, get: other.get } }),
      isLinkError,
    );
  });
});

describe('core modules and components', () => {
  test('can be exported and passed as imports', async () => {
    const library = await run(`(component
      (core module $M (func (export "five") (result i32) (i32.const 5)))
      (export "lib" (core module $M))
      (component $C
        (import "x" (func $x (result u32)))
        (core func $x' (canon lower (func $x)))
        (core module $M (import "" "x" (func $x (result i32))) (func (export "y") (result i32) (i32.add (call $x) (call $x))))
        (core instance $m (instantiate $M (with "" (instance (export "x" (func $x'))))))
        (func (export "y") (result u32) (canon lift (core func $m "y"))))
      (export "twice" (component $C)))`);
    const text = `(component
      (import "lib" (core module $M (export "five" (func (result i32)))))
      (import "twice" (component $T (import "x" (func (result u32))) (export "y" (func (result u32)))))
      (component $Five
        (import "m" (core module $M (export "five" (func (result i32)))))
        (core instance $m (instantiate $M))
        (func (export "x") (result u32) (canon lift (core func $m "five"))))
      (instance $five (instantiate $Five (with "m" (core module $M))))
      (instance $twice (instantiate $T (with "x" (func $five "x"))))
      (export "y" (func $twice "y")))`;
    const { exports } = await run(text, library.exports);
    assert.equal((exports as Api).y!(), 10);
    await assert.rejects(run(text, { ...library.exports, lib: {} }), isLinkError);
    await assert.rejects(run(text, { lib: library.exports.lib, twice: {} }), isLinkError);
  });

  test('are refused with the reason and the names that lead to them, if their types do not match', async () => {
    const { exports } = await run(`(component
      (core module $M (func (export "five") (result i64) (i64.const 5)))
      (export "lib" (core module $M))
      (component $C (import "x" (func (result string))))
      (export "twice" (component $C)))`);
    for (const [type, path] of [
      ['"lib" (core module (export "five" (func (result i32))))', ['lib', 'five']],
      ['"twice" (component (import "x" (func (result u32))))', ['twice', 'x', 'result']],
    ] as const) {
      await assert.rejects(run(`(component (import ${type}))`, exports), { code: 'link', path });
    }
  });

  test('match if their functions have the same types, in spite of other differences between the components', async () => {
    const { exports } = await run(`(component
      (core module $M (func (export "none")) (func (export "five") (param f32) (result i64) (i64.const 5)))
      (export "lib" (core module $M)))`);
    await run('(component (import "lib" (core module (export "five" (func (param f32) (result i64))))))', exports);
  });

  /** A component that imports a handle, and a core module with one function, at the root and in an instance. */
  const LIBRARY = `(component
    (component $C
      (type $r' (resource (rep i32)))
      (core func $rep (canon resource.rep $r'))
      (export $r "r" (type $r'))
      (func (export "f") (param "x" (own $r)) (result u32) (canon lift (core func $rep))))
    (core module $M (func (export "g") (result i32) (i32.const 5)))
    (export "c" (component $C))
    (instance $inner (export "c" (component $C)))
    (instance $i (export "c" (component $C)) (export "m" (core module $M)) (export "inner" (instance $inner)))
    (export "i" (instance $i)))`;

  test('must have the type of the import, even inside an instance', async () => {
    const { exports } = await run(LIBRARY);
    const forging = '(component (export "f" (func (param "x" u32) (result u32))))';
    for (const type of [
      `(export "c" ${forging})`,
      `(export "inner" (instance (export "c" ${forging})))`,
      '(export "m" (core module (export "h" (func (result i32)))))',
      '(export "m" (component))',
      '(export "inner" (instance (export "d" (component))))',
    ]) {
      await assert.rejects(run(`(component (import "i" (instance ${type})))`, exports), isLinkError, type);
    }
    await assert.rejects(run(`(component (import "c" ${forging}))`, exports), isLinkError);
    const fitting = `(component
      (type $f (component (export "r" (type $r (sub resource))) (export "f" (func (param "x" (own $r)) (result u32)))))
      (import "i" (instance (export "c" (component (type $f))) (export "inner" (instance (export "c" (component (type $f))))))))`;
    assert.deepEqual((await run(fitting, exports)).exports, {});
  });
});

describe('the function types of core modules', () => {
  /** Exports a core module, and a component that imports one, after some definitions. */
  const library = (before: string): string => `(component
    ${before}
    (core module $M (func (export "g")) (func (export "f") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1))))
    (component $C
      (import "m" (core module $m (export "f" (func (param i32) (result i32)))))
      (core instance $i (instantiate $m))
      (func (export "f") (param "x" u32) (result u32) (canon lift (core func $i "f"))))
    (export "m" (core module $M))
    (export "c" (component $C)))`;
  const applying = (core: string, type: string): string => `(component
    (import "m" (core module $m (export "f" (func ${core}))))
    (import "c" (component $c
      (import "m" (core module (export "f" (func ${core})))) (export "f" (func ${type}))))
    (instance $i (instantiate $c (with "m" (core module $m))))
    (export "f" (func $i "f")))`;

  test('are compared by structure, even if two components define them in another order', async () => {
    for (const before of ['', '(core type (func (param f64))) (core type (func (param i32) (result i32)))']) {
      const { exports } = await run(library(before));
      const fitting = await run(applying('(param i32) (result i32)', '(param "x" u32) (result u32)'), exports);
      assert.equal((fitting.exports as Api).f!(41), 42);
      for (const core of ['', '(param i64)', '(param i32) (result i64)']) {
        await assert.rejects(
          run(`(component (import "m" (core module (export "f" (func ${core})))))`, exports),
          isLinkError,
          `(func ${core})`,
        );
      }
    }
  });

  test('are compared in tags too', async () => {
    const { exports } = await run(
      '(component (core module $M (type (func (param i64))) (tag (export "t") (param i32))) (export "m" (core module $M)))',
    );
    const importing = (param: string): string =>
      `(component (import "m" (core module (export "t" (tag (param ${param}))))))`;
    await run(importing('i32'), exports);
    await assert.rejects(run(importing('i64'), exports), isLinkError);
  });
});

describe('a resource type of a component with handles as numbers', () => {
  test('can be passed to a component with resources as objects', async () => {
    const provider = await run(PROVIDER, {}, { resources: 'handles' });
    const { exports } = await run(
      `(component
        (import "a:b/store@1.0.0" (instance $s
          (export "token" (type $t (sub resource)))
          (export "make" (func (result (own $t))))
          (export "look" (func (param "t" (borrow $t)) (result s32)))))
        (alias export $s "token" (type $t))
        (core func $make (canon lower (func $s "make")))
        (core func $look (canon lower (func $s "look")))
        (core func $drop (canon resource.drop $t))
        (core module $M
          (import "" "make" (func $make (result i32))) (import "" "look" (func $look (param i32) (result i32)))
          (import "" "drop" (func $drop (param i32)))
          (func (export "make") (result i32) (call $make))
          (func (export "look") (param i32) (result i32) (call $look (local.get 0)) (call $drop (local.get 0))))
        (core instance $m (instantiate $M (with "" (instance
          (export "make" (func $make)) (export "look" (func $look)) (export "drop" (func $drop))))))
        (func (export "make") (result (own $t)) (canon lift (core func $m "make")))
        (func (export "look") (param "t" (borrow $t)) (result s32) (canon lift (core func $m "look"))))`,
      provider.exports,
    );
    const api = exports as Api;
    const token = api.make!();
    assert.equal(typeof token, 'object');
    assert.equal(api.look!(token), -2);
    assert.throws(() => api.look!(1), TypeError);
  });
});
