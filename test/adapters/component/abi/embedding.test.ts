/** *CanonicalABI.md*, "Embedding": the functions of components, called by the host. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { run } from './guests.ts';
import type { Exported } from './handles.ts';
import { canonicalOptions, RECORDING_ALLOCATOR } from './probe.ts';

describe('Store.invoke', () => {
  test('calls a function that a component lifts', async () => {
    const { exports } = await run(`(component
      (core module $M (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))
      (core instance $m (instantiate $M))
      (func (export "add") (param "a" u8) (param "b" u8) (result u8) (canon lift (core func $m "add"))))`);
    assert.equal((exports.add as Exported)(250, 7), 1);
  });

  test('calls a function of the host that a component exports again, without entering the component', async () => {
    let depth = 0;
    const { exports } = await run(
      '(component (import "f" (func $f (param "x" u32) (result u32))) (export "g" (func $f)))',
      {
        f: (x: number): number => (depth++ < 3 ? ((exports.g as Exported)(x + 1) as number) : x),
      },
    );
    assert.equal((exports.g as Exported)(5), 8);
  });
});

describe('Store.lift and Store.lower', () => {
  test('pass a value through several components, each with its own memory and encoding', async () => {
    const stage = (name: string, encoding: string) => `(component $${name}
      (import "f" (func $f (param "x" string) (result string)))
      (core module $L ${RECORDING_ALLOCATOR})
      (core instance $m (instantiate $L))
      (core func $f' (canon lower (func $f) ${canonicalOptions(encoding)}))
      (core module $M (import "" "f" (func $f (param i32 i32 i32)))
        (func (export "f") (param i32 i32) (result i32)
          (call $f (local.get 0) (local.get 1) (i32.const 16)) (i32.const 16)))
      (core instance $i (instantiate $M (with "" (instance (export "f" (func $f'))))))
      (func (export "f") (param "x" string) (result string)
        (canon lift (core func $i "f") ${canonicalOptions(encoding)})))`;
    const { exports } = await run(
      `(component
        (import "f" (func $f (param "x" string) (result string)))
        ${stage('A', 'utf8')} ${stage('B', 'utf16')} ${stage('C', 'latin1+utf16')}
        (instance $a (instantiate $A (with "f" (func $f))))
        (instance $b (instantiate $B (with "f" (func $a "f"))))
        (instance $c (instantiate $C (with "f" (func $b "f"))))
        (export "f" (func $c "f")))`,
      { f: (x: string) => `${x}, ${x}!` },
    );
    for (const text of ['', 'plain', 'grün', 'a☃🍰']) assert.equal((exports.f as Exported)(text), `${text}, ${text}!`);
  });
});
