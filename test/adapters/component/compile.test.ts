/** `compile`: the sources of a component, and the error for each kind of invalid input. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import {
  type Component,
  compile,
  compileSync,
  type InstantiateOptions,
  instantiate,
  instantiateSync,
  isArgumentError,
} from 'decidable/component';
import { assemble } from './assemble.ts';

const isRefused = (argument: string) => ({ code: 'invalid-argument', argument });

const FIVE = `(component
  (core module $M (func (export "five") (result i32) (i32.const 5)))
  (core instance $m (instantiate $M))
  (func (export "five") (result u32) (canon lift (core func $m "five"))))`;

const GUEST = new URL('../../../examples/guests/c/bank.wasm', import.meta.url);

/** A response that arrives in pieces of a few bytes. */
function inPieces(bytes: Uint8Array, init?: ResponseInit): Response {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (let at = 0; at < bytes.length; at += 7) controller.enqueue(bytes.slice(at, at + 7));
      controller.close();
    },
  });
  return new Response(body, init);
}

describe('compile', () => {
  test('passes a core module to the engine before the rest of the response arrives', async (t) => {
    const bytes = readFileSync(GUEST);
    const engine = (globalThis as unknown as { WebAssembly: { compile: (bytes: Uint8Array) => Promise<unknown> } })
      .WebAssembly;
    const compiling = t.mock.method(engine, 'compile');
    let compiledBeforeTheEnd = 0;
    let at = 0;
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          if (at === bytes.length) return controller.close();
          if (at >= bytes.length - 1_000) compiledBeforeTheEnd = compiling.mock.callCount();
          controller.enqueue(bytes.subarray(at, (at = Math.min(at + 1_000, bytes.length))));
        },
      },
      { highWaterMark: 0 },
    );
    const component = await compile(new Response(body));
    assert.ok(compiledBeforeTheEnd > 0);
    assert.equal(compiling.mock.callCount(), compiledBeforeTheEnd, 'no module is compiled twice');
    assert.deepEqual(component.exports, (await compile(bytes)).exports);
  });

  test('throws the same error for a response as for its bytes, if they are incomplete or not a component', async () => {
    for (const bytes of [Uint8Array.of(), new Uint8Array(100).fill(0xff), readFileSync(GUEST).subarray(0, 20_000)]) {
      const refusal = await compile(bytes).catch((error: unknown) => error);
      await assert.rejects(compile(inPieces(bytes)), refusal as Error);
    }
  });

  for (const [what, sourceOf] of [
    ['a Uint8Array', (bytes) => bytes],
    ['an ArrayBuffer', (bytes) => new Uint8Array(bytes).buffer],
    ['a view of a larger buffer', (bytes) => new DataView(Uint8Array.of(9, 9, ...bytes, 9).buffer, 2, bytes.length)],
    [
      'a SharedArrayBuffer',
      (bytes) => {
        const shared = new SharedArrayBuffer(bytes.length);
        new Uint8Array(shared).set(bytes);
        return shared;
      },
    ],
    ['a response', (bytes) => inPieces(bytes)],
    ['a promise of a response', async (bytes) => inPieces(bytes)],
    ['a promise of bytes', async (bytes) => bytes],
    ['a blob', (bytes) => new Blob([new Uint8Array(bytes)])],
    ['a file', (bytes) => new File([new Uint8Array(bytes)], 'five.wasm')],
    ['a promise of a blob', async (bytes) => new Blob([new Uint8Array(bytes)])],
  ] satisfies [string, (bytes: Uint8Array) => Parameters<typeof compile>[0]][]) {
    test(`reads a component from ${what}`, async () => {
      const { exports } = await instantiate(await compile(sourceOf(await assemble(FIVE))));
      assert.equal((exports as { five(): number }).five(), 5);
    });
  }

  test('refuses a response that fails, is truncated or has other content', async () => {
    const bytes = await assemble(FIVE);
    await assert.rejects(compile(inPieces(bytes, { status: 404 })), isRefused('source'));
    await assert.rejects(compile(inPieces(bytes.subarray(0, 50))), { code: 'malformed' });
    const torn = new ReadableStream({ start: (controller) => controller.error(new Error('connection lost')) });
    await assert.rejects(compile(new Response(torn)), /connection lost/);
  });

  for (const [what, source] of [
    ['the name of a file', 'bank.wasm'],
    ['a URL', new URL('https://example.org/bank.wasm')],
    ['component text', FIVE],
    ['undefined', undefined],
    ['null', null],
    ['a number', 5],
    ['a list of bytes', [0, 97, 115, 109]],
    ['another object', { bytes: [] }],
  ] as const) {
    test(`refuses ${what}`, async () => {
      await assert.rejects(compile(source as unknown as Uint8Array), isRefused('source'));
      assert.throws(() => compileSync(source as unknown as Uint8Array), isRefused('source'));
    });
  }

  test('refuses a blob and a response if it is synchronous', async () => {
    for (const source of [new Blob([]), new Response()]) {
      assert.throws(() => compileSync(source as unknown as Uint8Array), isRefused('source'));
    }
  });

  test('copies the bytes, so that the caller may change them', async () => {
    const bytes = new Uint8Array(await assemble(FIVE));
    const compiling = compile(bytes);
    bytes.fill(0);
    const { exports } = await instantiate(await compiling);
    assert.equal((exports as { five(): number }).five(), 5);
  });

  test('refuses unknown options', async () => {
    const bytes = await assemble(FIVE);
    await assert.rejects(compile(bytes, { instrumented: true } as object), isRefused('instrumented'));
    await assert.rejects(compile(bytes, null as unknown as object), isRefused('options'));
  });
});

describe('a binary that cannot be compiled', () => {
  for (const [what, text, code] of [
    ['is malformed if it is a core module', '(module)', 'malformed'],
    ['is invalid if it breaks a rule', '(component (export "f" (func 0)))', 'invalid'],
    ['is invalid if the engine refuses a core module', '(component (core module (func (result i32))))', 'invalid'],
  ] as const) {
    test(what, async () => {
      const bytes = await assemble(text);
      const hasOffset = (error: unknown) => {
        const { code: found, offset } = error as { code: unknown; offset: number };
        assert.deepEqual([found, offset > 0 && offset <= bytes.length], [code, true]);
        return true;
      };
      await assert.rejects(compile(bytes), hasOffset);
      assert.throws(() => compileSync(bytes), hasOffset);
    });
  }
});

describe('instantiate', () => {
  test('refuses values that are not components, such as bytes or the promise of a component', async () => {
    const bytes = await assemble(FIVE);
    for (const given of [bytes, compile(bytes), undefined]) {
      await assert.rejects(instantiate(given as unknown as Component), isRefused('component'));
      assert.throws(() => instantiateSync(given as unknown as Component), isRefused('component'));
    }
  });

  test('refuses invalid options', async () => {
    const component = await compile(await assemble(FIVE));
    for (const [options, argument] of [
      [{ resources: 'handle' }, 'resources'],
      [{ maxHandles: 'many' }, 'maxHandles'],
      [{ maxMemoryBytes: Number.NaN }, 'maxMemoryBytes'],
      [{ maxMemoryBytes: -1 }, 'maxMemoryBytes'],
    ] as const) {
      await assert.rejects(instantiate(component, {}, options as InstantiateOptions), isRefused(argument));
      assert.throws(() => instantiateSync(component, {}, options as InstantiateOptions), isRefused(argument));
    }
  });

  test('names the option, the expected value and the given one', async () => {
    const component = await compile(await assemble(FIVE));
    // This test checks the message.
    const message = 'maxHandles: expected a number of at least 0, got "many"';
    const options = { maxHandles: 'many' } as unknown as InstantiateOptions;
    await assert.rejects(
      instantiate(component, {}, options),
      (error) => isArgumentError(error) && error.message === message,
    );
  });
});
