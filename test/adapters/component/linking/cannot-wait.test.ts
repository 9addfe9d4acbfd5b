/** Asynchronous imports in an engine without JavaScript promise integration. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

// The loader checks the features of the engine once, when it is loaded.
const { WebAssembly: engine } = globalThis as unknown as { WebAssembly: Record<string, unknown> };
delete engine.Suspending;
delete engine.promising;
const { compile, instantiate, isLinkError } = await import('decidable/component');
const { assemble } = await import('../assemble.ts');

type Api = Record<string, (...args: unknown[]) => unknown>;

const GUEST = `(component
  (import "ask-it" (func $ask async (result u32)))
  (core func $ask' (canon lower (func $ask)))
  (core module $M (import "" "ask" (func $ask (result i32))) (func (export "ask") (result i32) (call $ask)))
  (core instance $m (instantiate $M (with "" (instance (export "ask" (func $ask'))))))
  (func (export "ask") async (result u32) (canon lift (core func $m "ask"))))`;

async function ask(askIt: () => unknown): Promise<unknown> {
  const { exports } = await instantiate(await compile(await assemble(GUEST)), { askIt });
  return (exports as Api).ask!();
}

test('an import that returns a value synchronously needs no promise integration', async () => {
  assert.equal(await ask(() => 5), 5);
});

test('an import that returns a promise is refused with its name', async () => {
  await assert.rejects(
    ask(async () => 5),
    (error) => isLinkError(error) && error.path.includes('ask-it'),
  );
});
