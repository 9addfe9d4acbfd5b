/**
 * *CanonicalABI.md*, "Component Instances": the calls that may enter an instance, and the effect of a trap on the
 * instances on the stack. (In the specification a trap ends the whole store. JavaScript continues.)
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { run } from './guests.ts';
import { type Exported, traps } from './handles.ts';

/** `go` calls the import, `idle` does nothing, `fail` traps. */
const LEAF = (name: string) => `(component $${name}
  (import "out" (func $out))
  (core func $out' (canon lower (func $out)))
  (core module $M (import "" "out" (func $out))
    (func (export "go") (call $out)) (func (export "idle")) (func (export "fail") unreachable))
  (core instance $m (instantiate $M (with "" (instance (export "out" (func $out'))))))
  (func (export "go") (canon lift (core func $m "go")))
  (func (export "idle") (canon lift (core func $m "idle")))
  (func (export "fail") (canon lift (core func $m "fail"))))`;

/**
 * A parent with the children `one`, `two` and `three`. Each of them calls the next one, and the last one calls the
 * host.
 */
const FAMILY = `(component
  (import "out" (func $out))
  ${LEAF('C')}
  (instance $three (instantiate $C (with "out" (func $out))))
  (instance $two (instantiate $C (with "out" (func $three "go"))))
  (instance $one (instantiate $C (with "out" (func $two "go"))))
  (core module $M (func (export "idle")))
  (core instance $m (instantiate $M))
  (func (export "parent-idle") (canon lift (core func $m "idle")))
  (export "one-go" (func $one "go")) (export "two-go" (func $two "go")) (export "three-go" (func $three "go"))
  (export "one-idle" (func $one "idle")) (export "two-idle" (func $two "idle")) (export "three-idle" (func $three "idle"))
  (export "two-fail" (func $two "fail")))`;

type Api = Record<string, Exported>;

/** Calls `outer`, whose import calls `inner` from the host. */
async function within(outer: string, inner: string): Promise<{ readonly api: Api; readonly error: unknown }> {
  let error: unknown;
  const api = (
    await run(FAMILY, {
      out: () => {
        try {
          api[inner]!();
        } catch (thrown) {
          error = thrown;
        }
      },
    })
  ).exports as Api;
  api[outer]!();
  return { api, error };
}

describe('enter_from and leave_to', () => {
  test('allow an instance to be entered again after each call', async () => {
    const api = (await run(FAMILY, { out: () => undefined })).exports as Api;
    for (const name of ['oneGo', 'threeGo', 'oneGo', 'parentIdle', 'twoIdle']) api[name]!();
  });

  test('allow one child to call another, while their parent is entered', async () => {
    let calls = 0;
    const api = (await run(FAMILY, { out: () => void calls++ })).exports as Api;
    api.oneGo!();
    assert.equal(calls, 1);
  });

  test('leave no instance entered after a host function was called and returned', async () => {
    const { api, error } = await within('oneGo', 'twoIdle');
    assert.match(String(error), /cannot enter/);
    for (const name of ['oneIdle', 'twoIdle', 'threeIdle', 'parentIdle']) api[name]!();
  });
});

describe('may_enter_from for a call from the host', () => {
  for (const [outer, inner, what] of [
    ['oneGo', 'oneIdle', 'an instance that is running'],
    ['oneGo', 'twoIdle', 'an instance further up the stack'],
    ['oneGo', 'parentIdle', 'the parent of an instance that is running'],
    ['threeGo', 'oneIdle', 'the sibling of an instance that is running: their parent was entered'],
  ] as const) {
    test(`traps for ${what}`, async () => {
      const { error } = await within(outer, inner);
      traps(() => {
        throw error;
      }, /cannot enter component instance/);
    });
  }

  test('allows another root instance to be entered, and allows that instance to call further ones', async () => {
    let calls = 0;
    const last = (await run(FAMILY, { out: () => void calls++ })).exports as Api;
    const first = (await run(FAMILY, { out: () => last.oneGo!() })).exports as Api;
    first.oneGo!();
    assert.equal(calls, 1);
  });

  test('traps if another root instance calls back into a running one', async () => {
    const first: Api = (await run(FAMILY, { out: () => second.oneGo!() })).exports as Api;
    const second: Api = (await run(FAMILY, { out: () => first.threeIdle!() })).exports as Api;
    traps(() => first.oneGo!(), /cannot enter/);
    for (const api of [first, second]) traps(() => api.parentIdle!(), /cannot enter/);
  });
});

describe('may_enter_from for a call from another component', () => {
  test('traps if a component of another root instance is running', async () => {
    let isInner = false;
    const first: Api = (
      await run(FAMILY, {
        out: () => {
          if (!isInner) second.oneGo!();
          isInner = true;
        },
      })
    ).exports as Api;
    // The component is linked directly to the first one, without a function of the host between them.
    const second: Api = (await run(FAMILY, { out: first.oneGo })).exports as Api;
    traps(() => first.oneGo!(), /cannot enter/);
  });

  test('traps for calls between parent and child, as in the current suite', async () => {
    const downward = `(component
      (component $C (core module $M (func (export "f"))) (core instance $m (instantiate $M))
        (func (export "f") (canon lift (core func $m "f"))))
      (instance $c (instantiate $C))
      (core func $f (canon lower (func $c "f")))
      (func (export "f") (canon lift (core func $f))))`;
    const upward = `(component
      (core module $M (func (export "f"))) (core instance $m (instantiate $M))
      (func $f (canon lift (core func $m "f")))
      (component $C (import "f" (func $f)) (core func $f' (canon lower (func $f)))
        (func (export "f") (canon lift (core func $f'))))
      (instance $c (instantiate $C (with "f" (func $f))))
      (export "f" (func $c "f")))`;
    for (const text of [downward, upward]) {
      const { f } = (await run(text)).exports as Api;
      traps(() => f!(), /cannot enter component instance/);
    }
  });
});

describe('a trap', () => {
  test('ends the instance, the ones that called it and their parents', async () => {
    const text = `(component
      ${LEAF('C')}
      (import "out" (func $out))
      (instance $callee (instantiate $C (with "out" (func $out))))
      (instance $caller (instantiate $C (with "out" (func $callee "fail"))))
      (instance $bystander (instantiate $C (with "out" (func $out))))
      (export "go" (func $caller "go")) (export "callee" (func $callee "idle"))
      (export "bystander" (func $bystander "idle")))`;
    const api = (await run(text, { out: () => undefined })).exports as Api;
    api.bystander!();
    traps(() => api.go!(), /unreachable/);
    // Their parent ran too, so none of its children can be entered from outside.
    for (const name of ['go', 'callee', 'bystander']) traps(() => api[name]!(), /an earlier call into it trapped/);
  });

  test('ends the root instances on the stack, and no others', async () => {
    const inner = (await run(FAMILY, { out: () => undefined })).exports as Api;
    const outer = (await run(FAMILY, { out: inner.twoFail })).exports as Api;
    const other = (await run(FAMILY, { out: () => undefined })).exports as Api;
    traps(() => outer.oneGo!(), /unreachable/);
    for (const api of [inner, outer]) traps(() => api.parentIdle!(), /cannot enter/);
    other.oneGo!();
  });

  test('is the cause of the errors of later calls', async () => {
    const api = (await run(FAMILY, { out: () => undefined })).exports as Api;
    traps(() => api.twoFail!(), /unreachable/);
    assert.throws(
      () => api.parentIdle!(),
      (error) => error instanceof Error && /unreachable/.test(String((error.cause as Error).message)),
    );
  });
});
