/**
 * *CanonicalABI.md*, "`canon lower`": the order of the steps in a call out of a guest. The cases of the validator test
 * the rules of the definition.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isLinkError } from 'decidable/component';
import { run } from './guests.ts';
import { type Exported, traps } from './handles.ts';

/** `go` calls the import `f` of this type with these core arguments, and returns its core result. */
async function guest(type: string, core: string, call: string, f: Exported): Promise<Exported> {
  const result = /\(result (\w+)\)/.exec(core)?.[1];
  const value = { i32: 'u32', i64: 'u64', f32: 'f32', f64: 'f64' }[result ?? ''];
  const { exports } = await run(
    `(component
      (import "f" (func $f ${type}))
      (core module $L (memory (export "memory") 1) (data (i32.const 32) "text")
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 256)))
      (core instance $l (instantiate $L))
      (core func $f' (canon lower (func $f) (memory (core memory $l "memory")) (realloc (core func $l "realloc"))))
      (core module $M (import "" "f" (func $f ${core})) (import "l" "memory" (memory 1))
        (func (export "go") ${result === undefined ? '' : `(result ${result})`} ${call}))
      (core instance $m (instantiate $M (with "" (instance (export "f" (func $f')))) (with "l" (instance $l))))
      (func (export "go") ${value === undefined ? '' : `(result ${value})`} (canon lift (core func $m "go"))))`,
    { f },
  );
  return exports.go as Exported;
}

describe('canon_lower', () => {
  test('lifts the arguments in order and lowers the result', async () => {
    const go = await guest(
      '(param "a" u8) (param "b" s64) (param "c" string) (result f32)',
      '(param i32 i64 i32 i32) (result f32)',
      '(call $f (i32.const 0x1ff) (i64.const -1) (i32.const 32) (i32.const 4))',
      (...args) => {
        assert.deepEqual(args, [255, -1n, 'text']);
        return 1.5;
      },
    );
    assert.equal(go(), 1.5);
  });

  test('passes any number of arguments', async () => {
    for (const count of [0, 1, 2, 3, 4, 5, 8, 16]) {
      const numbers = Array.from({ length: count }, (_, n) => n + 1);
      const go = await guest(
        `${numbers.map((n) => `(param "p${n}" u8)`).join(' ')} (result u32)`,
        `(param ${'i32 '.repeat(count)}) (result i32)`,
        `(call $f ${numbers.map((n) => `(i32.const ${n})`).join(' ')})`,
        (...args) => {
          assert.deepEqual(args, numbers);
          return args.length;
        },
      );
      assert.equal(go(), count);
    }
  });

  test('does not call if an argument cannot be lifted', async () => {
    let calls = 0;
    const go = await guest(
      '(param "a" u8) (param "b" char)',
      '(param i32 i32)',
      '(call $f (i32.const 1) (i32.const 0xd800))',
      () => {
        calls++;
      },
    );
    traps(go, /invalid `char`/);
    assert.equal(calls, 0);
    traps(go, /cannot enter/);
  });

  test('passes the error of a host function through the guest', async () => {
    const thrown = new Error('the host is out of order');
    const go = await guest('', '', '(call $f)', () => {
      throw thrown;
    });
    assert.throws(go, (error) => error === thrown);
  });

  test('names the import that returned an invalid value, with a hint for promises', async () => {
    for (const [value, message] of [
      ['no number', 'import "f": result: expected a number, got "no number"'],
      [
        Promise.resolve(1),
        'import "f": result: expected a number, got an object; if the function returns a promise, declare it with asyncImports: ["f"]',
      ],
    ] as const) {
      const go = await guest('(result u32)', '(result i32)', '(call $f)', () => value);
      assert.throws(go, (error) => {
        assert.ok(isLinkError(error) && error.cause instanceof TypeError);
        assert.deepEqual([error.message, error.path], [message, ['f']]);
        return true;
      });
    }
  });

  test('stores a result of several core values at the address of the guest, after the call', async () => {
    const go = await guest(
      '(result (tuple u8 u32))',
      '(param i32)',
      `(i64.store (i32.const 64) (i64.const -1)) (call $f (i32.const 64))
       (if (i64.ne (i64.load (i32.const 64)) (i64.const 0x00000002_ffffff01)) (then unreachable))`,
      () => [1, 2],
    );
    assert.equal(go(), undefined);
  });

  test('may be lifted unchanged, so that a component passes a function through', async () => {
    const { exports } = await run(
      `(component
        (import "f" (func $f (param "x" u32) (result u32)))
        (core func $f' (canon lower (func $f)))
        (func (export "g") (param "x" u32) (result u32) (canon lift (core func $f'))))`,
      { f: (x: number) => x + 1 },
    );
    assert.equal((exports.g as Exported)(5), 6);
  });

  test('passes lifted arguments to another component, and lowers the result of that component', async () => {
    const { exports } = await run(`(component
      (component $B
        (core module $M (func (export "f") (param i32 i32 i32 i32 i32) (result i32)
          (i32.sub (local.get 0) (i32.add (i32.add (local.get 1) (local.get 2)) (i32.add (local.get 3) (local.get 4))))))
        (core instance $m (instantiate $M))
        (func (export "f") (param "a" s8) (param "b" u8) (param "c" u8) (param "d" u8) (param "e" u8) (result u8)
          (canon lift (core func $m "f"))))
      (component $A
        (import "f" (func $f (param "a" s8) (param "b" u8) (param "c" u8) (param "d" u8) (param "e" u8) (result u8)))
        (core func $f' (canon lower (func $f)))
        (core module $M (import "" "f" (func $f (param i32 i32 i32 i32 i32) (result i32)))
          (func (export "go") (result i32)
            (call $f (i32.const 0xff) (i32.const 0x101) (i32.const 2) (i32.const 3) (i32.const 4))))
        (core instance $m (instantiate $M (with "" (instance (export "f" (func $f'))))))
        (func (export "go") (result u32) (canon lift (core func $m "go"))))
      (instance $b (instantiate $B))
      (instance $a (instantiate $A (with "f" (func $b "f"))))
      (export "go" (func $a "go")))`);
    // -1 - (1 + 2 + 3 + 4), as a u8.
    assert.equal((exports.go as Exported)(), 245);
  });

  test('lifts and lowers each argument of a call to another component as its own type', async () => {
    // The passed values have more bits than the type. The received values do not.
    const all = [
      ['s8', 'i32', '0x1ff', '-1'],
      ['u16', 'i32', '0x1ffff', '0xffff'],
      ['bool', 'i32', '2', '1'],
      ['u64', 'i64', '-1', '-1'],
      ['u8', 'i32', '0x101', '1'],
    ] as const;
    for (let count = 1; count <= all.length; count++) {
      const params = all.slice(0, count);
      const type = `${params.map(([value], n) => `(param "p${n}" ${value})`).join(' ')} (result u8)`;
      const core = `(param ${params.map(([, each]) => each).join(' ')}) (result i32)`;
      const checks = params.map(([, each, , got], n) => `(${each}.ne (local.get ${n}) (${each}.const ${got}))`);
      const { exports } = await run(`(component
        (component $B
          (core module $M (func (export "f") ${core}
            ${checks.map((check) => `(if ${check} (then unreachable))`).join(' ')} (i32.const ${count})))
          (core instance $m (instantiate $M))
          (func (export "f") ${type} (canon lift (core func $m "f"))))
        (component $A
          (import "f" (func $f ${type}))
          (core func $f' (canon lower (func $f)))
          (core module $M (import "" "f" (func $f ${core})) (func (export "go") (result i32)
            (call $f ${params.map(([, each, given]) => `(${each}.const ${given})`).join(' ')})))
          (core instance $m (instantiate $M (with "" (instance (export "f" (func $f'))))))
          (func (export "go") (result u32) (canon lift (core func $m "go"))))
        (instance $b (instantiate $B))
        (instance $a (instantiate $A (with "f" (func $b "f"))))
        (export "go" (func $a "go")))`);
      assert.equal((exports.go as Exported)(), count);
    }
  });

  test('traps if it is called while the instance may not leave', async () => {
    const { exports } = await run(
      `(component
        (import "f" (func $f))
        (core func $f' (canon lower (func $f)))
        (core module $M (import "" "f" (func $f)) (func (export "go")) (func (export "post") (call $f)))
        (core instance $m (instantiate $M (with "" (instance (export "f" (func $f'))))))
        (func (export "go") (canon lift (core func $m "go") (post-return (core func $m "post")))))`,
      { f: () => undefined },
    );
    traps(() => (exports.go as Exported)(), /cannot leave component instance/);
  });

  test('can be called by a start function, and traps if that traps', async () => {
    const text = (code: string) => `(component
      (import "f" (func $f))
      (core func $f' (canon lower (func $f)))
      (core module $M (import "" "f" (func $f)) (func $start (call $f) ${code}) (start $start))
      (core instance (instantiate $M (with "" (instance (export "f" (func $f')))))))`;
    let calls = 0;
    const imports = { f: () => void calls++ };
    await run(text(''), imports);
    assert.equal(calls, 1);
    await assert.rejects(run(text('unreachable'), imports), /unreachable/);
  });
});
