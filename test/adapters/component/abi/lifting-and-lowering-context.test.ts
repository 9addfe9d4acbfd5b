/**
 * *CanonicalABI.md*, "Lifting and Lowering Context": the calls of `realloc`, and the functions that it must not call.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isUnsupportedError } from 'decidable/component';
import { ALLOCATOR, run } from './guests.ts';
import { type Exported, traps } from './handles.ts';
import { probe, START } from './probe.ts';

/** A guest whose `realloc` runs `code` before it allocates. `f` accepts a string. */
async function guest(code: string, imports = ''): Promise<{ readonly f: Exported; readonly calls: () => number }> {
  let calls = 0;
  const { exports } = await run(
    `(component
      (import "out" (func $out))
      (core func $out' (canon lower (func $out)))
      (type $r (resource (rep i32)))
      (core func $new (canon resource.new $r))
      (core func $drop (canon resource.drop $r))
      (core func $rep (canon resource.rep $r))
      ${imports}
      (core module $M
        (import "" "out" (func $out))
        (import "" "new" (func $new (param i32) (result i32)))
        (import "" "drop" (func $drop (param i32)))
        (import "" "rep" (func $rep (param i32) (result i32)))
        ${imports === '' ? '' : '(import "" "builtin" (func $builtin))'}
        ${ALLOCATOR} (tag $tag)
        (func (export "acting") (param i32 i32 i32 i32) (result i32) ${code} (i32.const 2048))
        (func (export "f") (param i32 i32) (result i32) (call $out) (i32.load8_u (local.get 0)))
        (func (export "make") (drop (call $new (i32.const 5)))))
      (core instance $m (instantiate $M (with "" (instance
        (export "out" (func $out')) (export "new" (func $new)) (export "drop" (func $drop)) (export "rep" (func $rep))
        ${imports === '' ? '' : '(export "builtin" (func $builtin))'}))))
      (func (export "make") (canon lift (core func $m "make")))
      (func (export "f") (param "x" string) (result u32)
        (canon lift (core func $m "f") (memory (core memory $m "memory")) (realloc (core func $m "acting")))))`,
    { out: () => void calls++ },
  );
  const { f, make } = exports as Record<string, Exported>;
  make!();
  return { f: f!, calls: () => calls };
}

describe('LiftLowerContext.reallocate', () => {
  test('passes the old pointer and length, the alignment and the new length', async () => {
    const { take } = await probe({ type: 'string', flat: 'i32 i32' }, 'utf16');
    assert.equal(take('abc').realloc, '0 0 2 6');
  });

  for (const [what, code] of [
    ['a lowered import', '(call $out)'],
    ['resource.new', '(drop (call $new (i32.const 1)))'],
    ['resource.drop', '(call $drop (i32.const 1))'],
  ] as const) {
    test(`clears may_leave, so that ${what} traps in realloc`, async () => {
      const { f, calls } = await guest(code);
      traps(() => f('x'), /cannot leave component instance/);
      assert.equal(calls(), 0);
      traps(() => f('x'), /cannot enter component instance/);
    });
  }

  test('allows realloc to use resource.rep, which does not check may_leave', async () => {
    const { f } = await guest('(if (i32.ne (call $rep (i32.const 1)) (i32.const 5)) (then unreachable))');
    assert.equal(f('x'), 0x78);
  });

  test('sets may_leave again, so that the guest may call out after it has received its arguments', async () => {
    const { f, calls } = await guest('');
    assert.equal(f('x'), 0x78);
    assert.equal(calls(), 1);
  });

  test('refuses built-ins that need a separate thread by name, such as context.get', async () => {
    const { f } = await guest(
      '(call $builtin)',
      `(core func $get (canon context.get i32 0))
       (core module $Drop (import "" "get" (func $get (result i32))) (func (export "f") (drop (call $get))))
       (core instance $drop (instantiate $Drop (with "" (instance (export "get" (func $get))))))
       (alias core export $drop "f" (core func $builtin))`,
    );
    assert.throws(() => f('x'), isUnsupportedError);
    traps(() => f('x'), /an earlier call into it trapped/);
  });

  test('may enter the caller of a running call, whose result is lowered', async () => {
    const text = `(component
      (component $B
        (core module $M (memory (export "memory") 1) (data (i32.const 8) "\\10\\00\\00\\00\\02\\00\\00\\00hi")
          (func (export "f") (result i32) (i32.const 8)))
        (core instance $m (instantiate $M))
        (func (export "f") (result string) (canon lift (core func $m "f") (memory (core memory $m "memory")))))
      (component $A
        (import "f" (func $f (result string)))
        (core module $L ${ALLOCATOR})
        (core instance $m (instantiate $L))
        (core func $f' (canon lower (func $f) (memory (core memory $m "memory")) (realloc (core func $m "realloc"))))
        (core module $M (import "" "f" (func $f (param i32))) (func (export "f") (result i32) (call $f (i32.const 8)) (i32.const 8)))
        (core instance $i (instantiate $M (with "" (instance (export "f" (func $f'))))))
        (func (export "f") (result string) (canon lift (core func $i "f") (memory (core memory $m "memory")))))
      (instance $b (instantiate $B))
      (instance $a (instantiate $A (with "f" (func $b "f"))))
      (export "f" (func $a "f")))`;
    assert.equal(((await run(text)).exports.f as Exported)(), 'hi');
  });

  test('turns a trap or an exception in realloc into a trap of the call', async () => {
    for (const [code, message] of [
      ['unreachable', /unreachable/],
      ['(throw $tag)', /uncaught core exception/],
    ] as const) {
      const { f } = await guest(code);
      traps(() => f('x'), message);
      traps(() => f('x'), /cannot enter/);
    }
  });
});

describe('LiftLowerContext.allocate', () => {
  test('calls reallocate with the pointer 0 and the length 0', async () => {
    const { take } = await probe({ type: '(list u32)', flat: 'i32 i32' });
    assert.equal(take([1, 2]).realloc, '0 0 4 8');
    assert.equal(take([1]).core.split(' ')[0], START.toString(16).padStart(8, '0'));
  });
});
