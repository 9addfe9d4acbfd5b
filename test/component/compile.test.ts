/** `compile`: what a component may be read from, and what each kind of bad input is called. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compile, compileSync, instantiate } from '../../src/adapters/component/index.ts';
import { assemble } from './assemble.ts';

const FIVE = `(component
  (core module $M (func (export "five") (result i32) (i32.const 5)))
  (core instance $m (instantiate $M))
  (func (export "five") (result u32) (canon lift (core func $m "five"))))`;

/** A response that comes in pieces of a few bytes. */
function inPieces(bytes: Uint8Array, init?: ResponseInit): Response {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (let at = 0; at < bytes.length; at += 7) controller.enqueue(bytes.slice(at, at + 7));
      controller.close();
    },
  });
  return new Response(body, init);
}

describe('a component is compiled', () => {
  for (const [what, sourceOf] of [
    ['from a Uint8Array', (bytes) => bytes],
    ['from an ArrayBuffer', (bytes) => new Uint8Array(bytes).buffer],
    [
      'from a view into a larger buffer',
      (bytes) => new DataView(Uint8Array.of(9, 9, ...bytes, 9).buffer, 2, bytes.length),
    ],
    [
      'from a SharedArrayBuffer',
      (bytes) => {
        const shared = new SharedArrayBuffer(bytes.length);
        new Uint8Array(shared).set(bytes);
        return shared;
      },
    ],
    ['from a response', (bytes) => inPieces(bytes)],
    ['from the promise of a response', async (bytes) => inPieces(bytes)],
  ] satisfies [string, (bytes: Uint8Array) => Parameters<typeof compile>[0]][]) {
    it(what, async () => {
      const { exports } = await instantiate(await compile(sourceOf(await assemble(FIVE))));
      assert.equal((exports as { five(): number }).five(), 5);
    });
  }

  it('not from a response that brings something else', async () => {
    const bytes = await assemble(FIVE);
    await assert.rejects(compile(inPieces(bytes, { status: 404 })), /answered 404/);
    await assert.rejects(compile(inPieces(bytes.subarray(0, 50))), { code: 'component/malformed' });
    const torn = new ReadableStream({ start: (controller) => controller.error(new Error('connection lost')) });
    await assert.rejects(compile(new Response(torn)), /connection lost/);
  });
});

describe('what cannot be compiled', () => {
  for (const [what, text, code] of [
    ['is malformed where it is a core module', '(module)', 'component/malformed'],
    ['is invalid where a rule is broken', '(component (export "f" (func 0)))', 'component/invalid'],
    [
      'is invalid where the engine refuses a core module',
      '(component (core module (func (result i32))))',
      'component/invalid',
    ],
  ] as const) {
    it(what, async () => {
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
