/** A compiled component is posted to a worker, which instantiates it without compiling. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import {
  compile,
  compileSync,
  fromPostable,
  instantiate,
  instantiateSync,
  type PostableComponent,
} from 'decidable/component';
import { loadModule } from 'decidable/component/host';
import { assemble } from './assemble.ts';

/** Two core modules, one of which is in a nested component. */
const TEXT = `(component
  (component $C
    (core module $M (func (export "f") (result i32) (i32.const 5)))
    (core instance $m (instantiate $M))
    (func (export "f") (result u32) (canon lift (core func $m "f"))))
  (core module $M (func (export "g") (result i32) (i32.const 6)))
  (core instance $m (instantiate $M))
  (instance $c (instantiate $C))
  (export "f" (func $c "f"))
  (func (export "g") (result u32) (canon lift (core func $m "g"))))`;

type Api = Record<string, (...args: unknown[]) => unknown>;

/** Returns the answer of a worker that creates a component from the message and calls it. */
async function answerOf(message: PostableComponent, script: string): Promise<unknown> {
  const loader = import.meta.resolve('decidable/component');
  const code = `
    const { parentPort } = await import('node:worker_threads');
    const { fromPostable, instantiate } = await import(${JSON.stringify(loader)});
    let compiled = 0;
    const counting = (target, _, args) => { compiled++; return Reflect.apply(target, WebAssembly, args); };
    WebAssembly.compile = new Proxy(WebAssembly.compile, { apply: counting });
    WebAssembly.Module = new Proxy(WebAssembly.Module, {
      construct: (target, args) => { compiled++; return Reflect.construct(target, args); },
    });
    parentPort.once('message', async (message) => {
      try {
        const answer = await (${script})(fromPostable(message), instantiate);
        parentPort.postMessage({ answer, compiled });
      } catch (error) {
        parentPort.postMessage({ failure: String(error) });
      }
    });`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`), {
    execArgv: ['--conditions=decidable-source', '--disable-warning=ExperimentalWarning'],
  });
  try {
    return await new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.postMessage(message);
    });
  } finally {
    await worker.terminate();
  }
}

describe('a compiled component', () => {
  test('is posted to a worker, which runs it without compiling', async () => {
    const component = await compile(await assemble(TEXT));
    const script = `async (component, instantiate) => {
      const { exports } = await instantiate(component);
      return [exports.f(), exports.g(), component.exports.map(({ name }) => name)];
    }`;
    assert.deepEqual(await answerOf(component.toPostable(), script), { answer: [5, 6, ['f', 'g']], compiled: 0 });
  });

  test('is still usable after it was posted', async () => {
    const component = await compile(await assemble(TEXT));
    structuredClone(component.toPostable());
    assert.equal(((await instantiate(component)).exports as Api).f!(), 5);
  });

  test('is the same component after it was posted twice', async () => {
    const component = compileSync(await assemble(TEXT));
    const once = fromPostable(structuredClone(component.toPostable()));
    const twice = fromPostable(structuredClone(once.toPostable()));
    assert.deepEqual(twice.exports, component.exports);
    const { exports } = instantiateSync(twice);
    assert.deepEqual([(exports as Api).f!(), (exports as Api).g!()], [5, 6]);
  });

  test('keeps its bytes if the caller changes the bytes that it was compiled from', async () => {
    const bytes = new Uint8Array(await assemble(TEXT));
    const component = await compile(bytes);
    bytes.fill(0);
    assert.equal((instantiateSync(fromPostable(component.toPostable())).exports as Api).f!(), 5);
  });

  test('keeps the limits that loadModule compiled into it', async () => {
    const bank = readFileSync(new URL('../../../examples/guests/c/bank.wasm', import.meta.url));
    const { component } = await loadModule(bank, {
      maxMemoryBytes: 1 << 20,
      budget: { fuel: 1e9, callDepth: 100 },
    });
    const posted = fromPostable(structuredClone(component.toPostable()));
    const module = await loadModule(posted);
    assert.equal(module.component, posted);
    assert.throws(() => module.types.state.fromBytes(new Uint8Array(2 << 20)), { code: 'memory-exhausted' });
  });

  test('is refused by instantiate if loadModule compiled it, because its start functions would not be called', async () => {
    const bank = readFileSync(new URL('../../../examples/guests/c/bank.wasm', import.meta.url));
    const { component } = await loadModule(bank);
    await assert.rejects(instantiate(component), { code: 'invalid-argument', argument: 'component' });
  });
});

describe('fromPostable', () => {
  test('refuses values that are not the result of toPostable', async () => {
    const component = await compile(await assemble(TEXT));
    const other = await compile(await assemble('(component (core module))'));
    const postable = component.toPostable();
    const wrong: readonly unknown[] = [
      undefined,
      null,
      5,
      {},
      component,
      postable.bytes,
      { ...postable, kind: 'other' },
      { ...postable, bytes: undefined },
      { ...postable, modules: postable.modules.slice(1) },
      { ...postable, modules: [{}, {}] },
      { ...postable, modules: undefined },
      other.toPostable().modules,
    ];
    for (const each of wrong)
      assert.throws(() => fromPostable(each as PostableComponent), { code: 'invalid-argument' });
    assert.throws(() => fromPostable({ ...postable, bytes: Uint8Array.of(1, 2, 3) }), { code: 'malformed' });
  });

  test('is necessary, because a component itself cannot be posted', async () => {
    const component = await compile(await assemble(TEXT));
    assert.throws(() => structuredClone(component), { name: 'DataCloneError' });
  });
});
