/** The globals of a guest, in a context that has only the language. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { build } from 'esbuild';
import fc from 'fast-check';
import type { Guard } from '../../../../src/adapters/component/build/guest/guard.ts';

const GLOBALS = fileURLToPath(new URL('../../../../src/adapters/component/build/guest/globals.ts', import.meta.url));

const context = createContext();

before(async () => {
  const { outputFiles } = await build({
    stdin: {
      contents: `import { prepareGlobals } from ${JSON.stringify(GLOBALS)}; prepareGlobals();`,
      resolveDir: fileURLToPath(new URL('.', import.meta.url)),
    },
    bundle: true,
    write: false,
    format: 'iife',
  });
  runInContext(outputFiles[0]!.text, context);
});

function evaluate(code: string): unknown {
  return runInContext(code, context);
}

/** Returns the result of a function, or undefined if it throws. */
function orUndefined(call: () => unknown): unknown {
  try {
    return call();
  } catch {
    return undefined;
  }
}

describe('the functions that a guest adds to the language', () => {
  test('convert base64 like those of the platform', () => {
    const bytes = fc.array(fc.integer({ min: 0, max: 255 })).map((codes) => String.fromCharCode(...codes));
    const base64 = fc.oneof(bytes.map(btoa), fc.string(), fc.string({ unit: fc.constantFrom(...'aZ0+/= \n-') }));
    fc.assert(
      fc.property(bytes, base64, (text, encoded) => {
        assert.equal(evaluate(`btoa(${JSON.stringify(text)})`), btoa(text));
        const decode = `atob(${JSON.stringify(encoded)})`;
        assert.equal(
          orUndefined(() => evaluate(decode)),
          orUndefined(() => atob(encoded)),
        );
      }),
      { numRuns: 300 },
    );
    assert.throws(() => evaluate("btoa('Ł')"));
  });

  test('decode UTF-8 with or without the byte order mark, and refuse other encodings', () => {
    const bytes = 'new Uint8Array([0xef, 0xbb, 0xbf, 0x61])';
    assert.equal(evaluate(`new TextDecoder().decode(${bytes})`), 'a');
    assert.equal(evaluate(`new TextDecoder('UTF-8', { ignoreBOM: true }).decode(${bytes})`), '\ufeffa');
    assert.throws(() => evaluate("new TextDecoder('latin1')"), /TextDecoder/);
  });

  test('encode as many characters as fit completely', () => {
    const code = "new TextEncoder().encodeInto('aŁ🎈b', new Uint8Array(SIZE))";
    const sizes = [0, 1, 2, 3, 6, 7, 8, 20];
    for (const size of sizes) {
      const expected = new TextEncoder().encodeInto('aŁ🎈b', new Uint8Array(size));
      assert.deepEqual({ ...(evaluate(code.replace('SIZE', String(size))) as object) }, expected);
    }
  });

  test('print nothing', () => {
    assert.equal(evaluate("console.log('a'), console.error('b'), console.table([])"), undefined);
  });
});

const REFUSED = [
  ...['Date.now()', 'new Date()', 'Date()', 'performance.now()', 'setTimeout(() => 0)', 'setInterval(() => 0)'],
  ...['Math.random()', 'crypto.randomUUID()', 'crypto.getRandomValues(new Uint8Array(1))'],
  ...["'a'.localeCompare('b')", "'a'.toLocaleUpperCase()", '(1).toLocaleString()', '[1].toLocaleString()'],
  ...['new Date(0).toLocaleDateString()', 'new Intl.Collator()', 'Intl.NumberFormat()', '1n.toLocaleString()'],
  ...["new URL('a:b')", 'fetch()', 'structuredClone({})', 'new WebSocket()'],
];

describe('a function that depends on more than its arguments', () => {
  for (const code of REFUSED) {
    test(`is refused and noted: ${code}`, () => {
      const guard = evaluate("globalThis[Symbol.for('decidable/guest/guard')]") as Guard;
      guard.refused = undefined;
      assert.throws(() => evaluate(code), /is not available in a component/);
      assert.notEqual(guard.refused, undefined);
    });
  }

  test('leaves dates with a time as they are', () => {
    assert.equal(evaluate('new Date(5).getTime()'), 5);
    assert.equal(evaluate("Date.parse('2020-01-01T00:00:00Z') === Date.UTC(2020, 0)"), true);
    assert.equal(evaluate('new Date(5) instanceof Date && new Date(5).constructor === Date'), true);
    assert.equal(evaluate('new (class extends Date { five() { return this.getTime(); } })(5).five()'), 5);
  });
});
