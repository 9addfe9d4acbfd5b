/**
 * *CanonicalABI.md*, "`canon lower`", for calls that fail. The caller cannot catch the error and continue, and neither
 * it nor the callee can be entered again. There is separate code for calls with few parameters, for calls with many,
 * and for calls with a result in memory.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isLinkError } from 'decidable/component';
import { run } from './guests.ts';
import { type Exported, traps } from './handles.ts';

interface Shape {
  readonly params: number;
  readonly result: '' | 'u32' | '(tuple u8 u8)';
}

const SHAPES: readonly Shape[] = (['', 'u32', '(tuple u8 u8)'] as const).flatMap((result) =>
  [0, 1, 2, 3, 4, 5].map((params) => ({ params, result })),
);
const OPTIONS = '(memory (core memory $m "memory"))';

/**
 * The type of a function, the core types of the callee and of the caller, the value of the callee, and the call, with
 * the error caught or not.
 */
function texts({ params, result }: Shape, isCatching: boolean) {
  const places = Array.from({ length: params }, (_, n) => n);
  const core = `(param ${'i32 '.repeat(params)})`;
  const isSpilled = result.startsWith('(');
  const args = places.map((n) => `(i32.const ${n + 1})`).join(' ');
  const call = `(call $f ${args} ${isSpilled ? '(i32.const 32)' : ''})`;
  const dropped = result === 'u32' ? `(drop ${call})` : call;
  return {
    type: `${places.map((n) => `(param "p${n}" u32)`).join(' ')} ${result === '' ? '' : `(result ${result})`}`,
    callee: `${core} ${result === '' ? '' : '(result i32)'}`,
    caller: `(param ${'i32 '.repeat(params + (isSpilled ? 1 : 0))}) ${result === 'u32' ? '(result i32)' : ''}`,
    value: result === '' ? '' : '(i32.const 16)',
    call: isCatching ? `(block $caught (try_table (catch_all $caught) ${dropped}))` : dropped,
  };
}

/** `Caller` calls `f` of the host, or of `Callee`, which runs `body`. */
async function guest(
  shape: Shape,
  isCatching: boolean,
  { body, host, post = '' }: { readonly body?: string; readonly host?: () => unknown; readonly post?: string },
): Promise<Record<string, Exported>> {
  const { type, callee, caller, value, call } = texts(shape, isCatching);
  const { exports } = await run(
    `(component
      (import "out" (func $out))
      (import "f" (func $host ${type}))
      (component $Callee
        (import "out" (func $out))
        (core func $out' (canon lower (func $out)))
        (core module $M (import "" "out" (func $out)) (memory (export "memory") 1)
          (func (export "f") ${callee} ${body ?? ''} ${value})
          (func (export "post") ${shape.result === '' ? '' : '(param i32)'} ${post})
          (func (export "idle")))
        (core instance $m (instantiate $M (with "" (instance (export "out" (func $out'))))))
        (func (export "f") ${type} (canon lift (core func $m "f") ${OPTIONS} (post-return (core func $m "post"))))
        (func (export "idle") (canon lift (core func $m "idle"))))
      (component $Caller
        (import "f" (func $f ${type}))
        (core module $L (memory (export "memory") 1)) (core instance $m (instantiate $L))
        (core func $f' (canon lower (func $f) ${OPTIONS}))
        (core module $M (import "" "f" (func $f ${caller})) (func (export "go") ${call}) (func (export "idle")))
        (core instance $i (instantiate $M (with "" (instance (export "f" (func $f'))))))
        (func (export "go") (canon lift (core func $i "go")))
        (func (export "idle") (canon lift (core func $i "idle"))))
      (instance $callee (instantiate $Callee (with "out" (func $out))))
      (instance $caller (instantiate $Caller (with "f" (func ${body === undefined ? '$host' : '$callee "f"'}))))
      (export "go" (func $caller "go"))
      (export "caller-idle" (func $caller "idle"))
      (export "callee-idle" (func $callee "idle")))`,
    { out: () => undefined, f: host ?? (() => undefined) },
  );
  return exports as Record<string, Exported>;
}

const thrown = new Error('the host is out of order');

describe('a call to the host', () => {
  for (const shape of SHAPES) {
    test(`with ${shape.params} parameters and (${shape.result}) ends the guest if it throws, caught or not`, async () => {
      for (const isCatching of [false, true]) {
        const host = () => {
          throw thrown;
        };
        const { go, callerIdle } = await guest(shape, isCatching, { host });
        assert.throws(go!, (error) => error === thrown);
        traps(callerIdle!, /an earlier call into it trapped/);
      }
    });

    if (shape.result === '') continue;
    test(`with ${shape.params} parameters ends the guest if the returned value is not a (${shape.result}), caught or not`, async () => {
      for (const isCatching of [false, true]) {
        const { go, callerIdle } = await guest(shape, isCatching, { host: () => 'no such value' });
        assert.throws(go!, isLinkError);
        traps(callerIdle!, /an earlier call into it trapped/);
      }
    });
  }
});

describe('a call to another component', () => {
  for (const shape of SHAPES) {
    test(`with ${shape.params} parameters and (${shape.result}) ends both if it traps, caught or not`, async () => {
      for (const isCatching of [false, true]) {
        const { go, callerIdle, calleeIdle } = await guest(shape, isCatching, { body: 'unreachable' });
        traps(go!, /unreachable/);
        for (const idle of [callerIdle!, calleeIdle!]) traps(idle, /an earlier call into it trapped/);
      }
    });

    test(`with ${shape.params} parameters and (${shape.result}) ends both if post-return calls out, caught or not`, async () => {
      for (const post of ['(call $out)', '(block $caught (try_table (catch_all $caught) (call $out)))']) {
        for (const isCatching of [false, true]) {
          const { go, callerIdle, calleeIdle } = await guest(shape, isCatching, { body: '', post });
          traps(go!, /cannot leave component instance/);
          for (const idle of [callerIdle!, calleeIdle!]) traps(idle, /an earlier call into it trapped/);
        }
      }
    });

    test(`with ${shape.params} parameters and (${shape.result}) can return repeatedly`, async () => {
      const { go, callerIdle, calleeIdle } = await guest(shape, true, { body: '(call $out)' });
      for (let call = 0; call < 3; call++) go!();
      for (const idle of [callerIdle!, calleeIdle!]) assert.equal(idle(), undefined);
    });
  }
});
