/**
 * *CanonicalABI.md*, "`canon lift`": the order of the steps in a call of a guest. The cases of the validator test the
 * rules of the definition.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isComponentError } from 'decidable/component';
import { run } from './guests.ts';
import { type Exported, traps } from './handles.ts';

/** `f` runs `body` and returns the string at 16. `post` is its post-return. */
function guest(post: string, { body = '', imports = '' } = {}): Promise<Record<string, Exported>> {
  return run(
    `(component
      (import "out" (func $out))
      (core func $out' (canon lower (func $out)))
      (type $r (resource (rep i32)))
      (core func $new (canon resource.new $r)) (core func $drop (canon resource.drop $r)) (core func $rep (canon resource.rep $r))
      (core module $M
        (import "" "out" (func $out)) (import "" "new" (func $new (param i32) (result i32)))
        (import "" "drop" (func $drop (param i32))) (import "" "rep" (func $rep (param i32) (result i32)))
        ${imports}
        (memory (export "memory") 1)
        (data (i32.const 16) "\\20\\00\\00\\00\\04\\00\\00\\00") (data (i32.const 32) "text")
        (global $passed (mut i32) (i32.const 0))
        (global $runs (mut i32) (i32.const 0))
        (tag $tag)
        (func (export "f") (result i32) ${body} (drop (call $new (i32.const 5))) (i32.const 16))
        (func (export "post") (param i32)
          (global.set $passed (local.get 0)) (global.set $runs (i32.add (global.get $runs) (i32.const 1))) ${post})
        (func (export "passed") (result i32) (global.get $passed))
        (func (export "runs") (result i32) (global.get $runs)))
      (core instance $m (instantiate $M (with "" (instance
        (export "out" (func $out')) (export "new" (func $new)) (export "drop" (func $drop)) (export "rep" (func $rep))))))
      (func (export "f") (result string)
        (canon lift (core func $m "f") (memory (core memory $m "memory")) (post-return (core func $m "post"))))
      (func (export "passed") (result u32) (canon lift (core func $m "passed")))
      (func (export "runs") (result u32) (canon lift (core func $m "runs"))))`,
    { out: () => undefined },
  ).then(({ exports }) => exports as Record<string, Exported>);
}

describe('the call of canon_lift', () => {
  test('lowers the arguments in their order, and passes them to the core function', async () => {
    const { exports } = await run(`(component
      (core module $M (func (export "f") (param i32 i64 f32 f64) (result f64)
        (f64.sub (local.get 3) (f64.add (f64.convert_i32_u (local.get 0))
          (f64.add (f64.convert_i64_u (local.get 1)) (f64.promote_f32 (local.get 2)))))))
      (core instance $m (instantiate $M))
      (func (export "f") (param "a" u8) (param "b" u64) (param "c" f32) (param "d" f64) (result f64)
        (canon lift (core func $m "f"))))`);
    assert.equal((exports.f as Exported)(1, 20n, 300, 4321), 4000);
  });

  test('accepts any number of arguments', async () => {
    for (const count of [0, 1, 2, 3, 4, 5, 6, 7, 16]) {
      const places = Array.from({ length: count }, (_, n) => n);
      const { exports } = await run(`(component
        (core module $M (func (export "f") (param ${'i32 '.repeat(count)}) (result i32) (i32.const 0)
          ${places.map((n) => `(i32.mul (local.get ${n}) (i32.const ${n + 1})) i32.add`).join(' ')}))
        (core instance $m (instantiate $M))
        (func (export "f") ${places.map((n) => `(param "p${n}" u32)`).join(' ')} (result u32)
          (canon lift (core func $m "f"))))`);
      const args = places.map((n) => n + 2);
      const expected = args.reduce((total, arg, n) => total + arg * (n + 1), 0);
      assert.equal((exports.f as Exported)(...args), expected, `${count} arguments`);
    }
  });

  for (const resources of ['objects', 'handles'] as const) {
    test(`accepts any number of them if the result is a handle or an error, with resources as ${resources}`, async () => {
      for (const count of [0, 1, 2, 3, 4, 5]) {
        const places = Array.from({ length: count }, (_, n) => n);
        const type = (own: string) =>
          `${places.map((n) => `(param "p${n}" u32)`).join(' ')} (result (result ${own} (error u32)))`;
        const { exports } = await run(
          `(component
            (type $r' (resource (rep i32))) (export $r "r" (type $r'))
            (core func $new (canon resource.new $r')) (core func $rep (canon resource.rep $r'))
            (core module $M (import "" "new" (func $new (param i32) (result i32)))
              (memory (export "memory") 1)
              (func (export "f") (param ${'i32 '.repeat(count)}) (result i32) (local $sum i32)
                ${places.map((n) => `(local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 10)) (local.get ${n})))`).join(' ')}
                (i32.store8 (i32.const 8) (i32.eq (local.get $sum) (i32.const 9)))
                (i32.store (i32.const 12) (call $new (local.get $sum)))
                (i32.const 8))
              (func (export "see") (param i32) (result i32) (local.get 0)))
            (core instance $m (instantiate $M (with "" (instance (export "new" (func $new))))))
            (func (export "see") (param "r" (borrow $r)) (result u32) (canon lift (core func $m "see")))
            (func (export "f") ${type('(own $r)')} (canon lift (core func $m "f") (memory (core memory $m "memory")))))`,
          {},
          { resources },
        );
        const { f, see } = exports as Record<string, Exported>;
        const digits = places.map((n) => n + 1);
        assert.equal(see!(f!(...digits)), Number(digits.join('')), `${count} arguments`);
        if (count > 0) assert.throws(() => f!(...digits.map((_, n) => (n === count - 1 ? 9 : 0))), isComponentError);
      }
    });
  }

  test('traps if the core function throws', async () => {
    const api = await guest('', { body: '(throw $tag)' });
    traps(() => api.f!(), /uncaught core exception/);
    traps(() => api.f!(), /cannot enter/);
  });

  test('traps if the core function traps', async () => {
    for (const [body, message] of [
      ['unreachable', /unreachable/],
      ['(drop (i32.div_u (i32.const 1) (i32.const 0)))', /wasm trap/],
      ['(drop (i32.load (i32.const -1)))', /wasm trap/],
    ] as const) {
      const api = await guest('', { body });
      traps(() => api.f!(), message);
    }
  });
});

describe('post-return of canon_lift', () => {
  test('is called once with the core result, after the result was lifted', async () => {
    const api = await guest('(memory.fill (i32.const 16) (i32.const 0) (i32.const 64))');
    assert.equal(api.f!(), 'text');
    assert.deepEqual([api.passed!(), api.runs!()], [16, 1]);
  });

  test('is not called if the result cannot be lifted', async () => {
    const api = await guest('(call $out)', { body: '(i32.store (i32.const 20) (i32.const -1))' });
    traps(() => api.f!(), /too many bytes/);
  });

  for (const [what, code] of [
    ['a lowered import', '(call $out)'],
    ['resource.new', '(drop (call $new (i32.const 1)))'],
    ['resource.drop', '(call $drop (i32.const 1))'],
  ] as const) {
    test(`may not leave, so that ${what} traps in it`, async () => {
      const api = await guest(code);
      traps(() => api.f!(), /cannot leave component instance/);
      traps(() => api.f!(), /cannot enter/);
    });
  }

  test('may use resource.rep', async () => {
    const api = await guest('(if (i32.ne (call $rep (i32.const 1)) (i32.const 5)) (then unreachable))');
    assert.equal(api.f!(), 'text');
  });

  test('lets the guest leave again in the next call', async () => {
    const api = await guest('', { body: '(call $out)' });
    assert.deepEqual([api.f!(), api.f!()], ['text', 'text']);
  });

  test('traps if it throws or traps', async () => {
    for (const [code, message] of [
      ['(throw $tag)', /uncaught core exception/],
      ['unreachable', /unreachable/],
    ] as const) {
      const api = await guest(code);
      traps(() => api.f!(), message);
      traps(() => api.f!(), /cannot enter/);
    }
  });

  test('accepts no argument if there is no result', async () => {
    const { exports } = await run(`(component
      (core module $M (global $runs (mut i32) (i32.const 0))
        (func (export "f")) (func (export "post") (global.set $runs (i32.add (global.get $runs) (i32.const 1))))
        (func (export "runs") (result i32) (global.get $runs)))
      (core instance $m (instantiate $M))
      (func (export "f") (canon lift (core func $m "f") (post-return (core func $m "post"))))
      (func (export "runs") (result u32) (canon lift (core func $m "runs"))))`);
    const { f, runs } = exports as Record<string, Exported>;
    f!();
    f!();
    assert.equal(runs!(), 2);
  });

  for (const [what, type, value] of [
    ['a core result of 64 bits', 'i64', 2n ** 63n],
    ['a float', 'f64', 0.5],
  ] as const) {
    test(`accepts ${what}`, async () => {
      const { exports } = await run(`(component
        (core module $M (global $passed (mut ${type}) (${type}.const 0))
          (func (export "f") (param ${type}) (result ${type}) (local.get 0))
          (func (export "post") (param ${type}) (global.set $passed (local.get 0)))
          (func (export "passed") (result ${type}) (global.get $passed)))
        (core instance $m (instantiate $M))
        (func (export "f") (param "x" ${type.replace('i', 'u')}) (result ${type.replace('i', 'u')})
          (canon lift (core func $m "f") (post-return (core func $m "post"))))
        (func (export "passed") (result ${type.replace('i', 'u')}) (canon lift (core func $m "passed"))))`);
      const { f, passed } = exports as Record<string, Exported>;
      assert.deepEqual([f!(value), passed!()], [value, value]);
    });
  }

  test('runs in a call from another component once the result was lowered there', async () => {
    const text = `(component
      (component $B
        (core module $M (memory (export "memory") 1) (data (i32.const 8) "\\10\\00\\00\\00\\02\\00\\00\\00hi")
          (func (export "f") (result i32) (i32.const 8))
          (func (export "post") (param i32) (memory.fill (local.get 0) (i32.const 0) (i32.const 32))))
        (core instance $m (instantiate $M))
        (func (export "f") (result (list u8))
          (canon lift (core func $m "f") (memory (core memory $m "memory")) (post-return (core func $m "post")))))
      (component $A
        (import "f" (func $f (result (list u8))))
        (core module $L (memory (export "memory") 1) (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64)))
        (core instance $m (instantiate $L))
        (core func $f' (canon lower (func $f) (memory (core memory $m "memory")) (realloc (core func $m "realloc"))))
        (core module $M (import "" "f" (func $f (param i32))) (func (export "f") (result i32) (call $f (i32.const 8)) (i32.const 8)))
        (core instance $i (instantiate $M (with "" (instance (export "f" (func $f'))))))
        (func (export "f") (result (list u8)) (canon lift (core func $i "f") (memory (core memory $m "memory")))))
      (instance $b (instantiate $B))
      (instance $a (instantiate $A (with "f" (func $b "f"))))
      (export "f" (func $a "f")))`;
    const f = (await run(text)).exports.f as Exported;
    assert.deepEqual(f(), Uint8Array.of(0x68, 0x69));
    // The callee has cleared its memory, and now returns an empty list.
    assert.deepEqual(f(), new Uint8Array(0));
  });
});
