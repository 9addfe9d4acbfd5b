/**
 * `componentTypes`. The declarations of some components are checked in under `generated/`, and the tests below use them
 * as the types of the real objects. `BLESS=1 npm test -- component-types` writes them.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { compile, instantiate } from 'decidable/component';
import { componentTypes } from 'decidable/component/types';
import fc from 'fast-check';
import { throughMemory } from '../abi/guests.ts';
import { types, valuesOf } from '../abi/random-values.ts';
import { guestTypeOf, toJavaScript, type VectorType } from '../abi/vectors/vectors.ts';
import { assemble } from '../assemble.ts';
import { EXAMPLES } from './components.ts';
import type * as Names from './generated/names.d.ts';
import type * as Resources from './generated/resources.d.ts';
import type * as Values from './generated/values.d.ts';
import type * as Waiting from './generated/waiting.d.ts';

const GENERATED = new URL('generated/', import.meta.url);

describe('the declarations', () => {
  for (const [name, { bytes, options }] of Object.entries(EXAMPLES)) {
    test(`are those that are checked in for the component "${name}"`, async () => {
      const file = new URL(`${name}.d.ts`, GENERATED);
      const written = componentTypes(await bytes(), options);
      if (process.env.BLESS === '1') writeFileSync(file, written);
      assert.equal(readFileSync(file, 'utf8'), written);
    });
  }

  test('are the same for a compiled component', async () => {
    const bytes = await EXAMPLES.bank!.bytes();
    assert.equal(componentTypes(await compile(bytes)), componentTypes(bytes));
  });
});

// The values --
// The objects themselves -------------------------------------------------------------------------------------------

describe('a value', () => {
  test('has the type that is declared for it, in both directions', async () => {
    const point: Values.TestValuesGiven.Point = { xPos: -1, label: 'here' };
    const given: Values.ImportObject['test:values/given'] = {
      getRecord: () => point,
      getVariant: () => ({ tag: 'circle', val: point }),
      getEnum: () => 'very-high',
      getFlags: () => ({ writeAll: true }),
      getNumber: () => 5n,
      getTuple: () => [-3, 'ł'],
      getNumbers: () => [true, 1, 2, 3, 4n, 5n, 0.5, 1.5],
      getLists: () => [
        Uint8Array.of(1),
        BigInt64Array.of(-1n),
        Float32Array.of(0.5),
        ['a', 'b'],
        Uint16Array.of(1, 2, 3),
        ['x', 'y'],
      ],
      getOptions: () => [undefined, { tag: 'some', val: 1 }, { tag: 'none' }],
      getResults: () => [
        { tag: 'err', val: 'no' },
        { tag: 'ok', val: undefined },
        { tag: 'ok', val: 7 },
        { tag: 'err', val: 'low' },
      ],
      getMap: () => new Map([['a', [point, { xPos: 0 }]]]),
      getOutcome: () => point,
    };
    const component = await compile(await EXAMPLES.values!.bytes());
    const { exports } = await instantiate<Values.Root>(component, { 'test:values/given': given });
    const passed: Values.Root['test:values/passed'] = exports['test:values/passed'];
    assert.deepEqual(passed.getRecord(), given.getRecord());
    assert.deepEqual(passed.getVariant(), given.getVariant());
    assert.equal(passed.getEnum(), 'very-high');
    assert.deepEqual(passed.getFlags(), { read: false, writeAll: true });
    assert.equal(passed.getNumber(), 5n);
    // @ts-expect-error: an enum has no other values.
    assert.notEqual(passed.getEnum(), 'medium' satisfies Values.TestValuesGiven.Level);
    // @ts-expect-error: a 64-bit number is a bigint.
    assert.notEqual(passed.getNumber(), 5 satisfies Values.TestValuesGiven.Size);
    assert.deepEqual(passed.getTuple(), given.getTuple());
    assert.deepEqual(passed.getNumbers(), given.getNumbers());
    assert.deepEqual(passed.getLists(), given.getLists());
    assert.deepEqual(passed.getOptions()[1], { tag: 'some', val: 1 });
    const [outcome, , seven] = passed.getResults();
    assert.deepEqual([outcome, seven], [given.getResults()[0], { tag: 'ok', val: 7 }]);
    assert.deepEqual(passed.getMap().get('a')?.[1]?.label, undefined);
    assert.deepEqual(passed.getOutcome(), point);
  });
});

describe('a resource', () => {
  class Log {
    static made: Log[] = [];
    readonly name: string;
    constructor(name: string) {
      this.name = name;
    }
    static openAll(): Log[] {
      return Log.made;
    }
    writeDown(text: string): number {
      return text.length;
    }
    [Symbol.dispose](): void {}
  }
  class Token {}
  class SmallThing {
    pokeIt(): number {
      return 1;
    }
  }
  const imports: Resources.ImportObject = {
    'test:host/logs@0.2.0': { Log, Token, getToken: () => new Token() },
    'test:host/uses': { same: (log) => log },
    SmallThing,
  };

  test('is an object of the declared class if the component defines it', async () => {
    const component = await compile(await EXAMPLES.resources!.bytes());
    const { exports } = await instantiate<Resources.Root>(component, imports);
    const { Counter, Empty, makeEmpty } = exports['test:guest/counters@1.0.0'];
    using constructed = new Counter(5);
    using created: Resources.TestGuestCounters.Counter = Counter.create(6);
    using other = Counter.fromZero(7);
    using passed: Resources.TestGuestCounters.Counter = exports['test:guest/more'].make(8);
    assert.deepEqual(
      [constructed, created, other, passed].map((counter) => counter.getIt()),
      [5, 6, 7, 8],
    );
    using empty = makeEmpty();
    assert.ok(empty instanceof Empty);
    // @ts-expect-error: a class with the same members is not the component's class.
    const forged: Resources.TestGuestCounters.Empty = { [Symbol.dispose]: () => {} };
    assert.ok(!(forged instanceof Empty));
    // @ts-expect-error: this class has no constructor.
    assert.throws(() => new Empty(), TypeError);
  });
});

describe('functions that return promises', () => {
  test('are declared as such', async () => {
    const imports: Waiting.ImportObject = {
      'test:clock/timers@1.1.0': {
        Timer: class {
          ring(): Promise<number> {
            return Promise.resolve(1);
          }
        },
        wait: async () => {},
        now: () => 5n,
      },
    };
    const { bytes, options } = EXAMPLES.waiting!;
    const { asyncImports = [] } = options!;
    const { exports } = await instantiate<Waiting.Waiting>(await compile(await bytes()), imports, { asyncImports });
    const answer: Promise<bigint> = exports.ask();
    assert.equal(await answer, 5n);
  });
});

describe('a name that TypeScript already has', () => {
  test('is the name of the real member', async () => {
    const none = await compile(
      await assemble('(component (component $C (import "f" (func))) (export "part" (component $C)))'),
    );
    const { exports: parts } = await instantiate(none);
    const lib = await compile(
      await assemble('(component (core module $M (func (export "f"))) (export "lib" (core module $M)))'),
    );
    const { exports: libs } = await instantiate(lib);
    const imports: Names.ImportObject = {
      default: (promise, number) => new Map([[String(number), [promise]]]),
      plainName: { new: (number) => assert.equal(number, 1), x: { y: () => {} } },
      lib: libs.lib as object,
      part: parts.part as object,
      'test:names/hiding': { Error: class {}, f: () => {}, delete: () => {}, import: () => 5 },
      'test:names/hiding@1.0.0': { g: () => {} },
    };
    const { exports } = await instantiate<Names.Root>(await compile(await EXAMPLES.names!.bytes()), imports);
    exports.void();
    exports.outer.f();
    exports.outer['deep:er/name'].g();
    assert.deepEqual(exports.outer.nothing, {});
    assert.equal(typeof exports.Symbol, 'function');
  });
});

// The compiler -----------------------------------------------------------------------------------------------------

const folder = mkdtempSync(join(tmpdir(), 'decidable-types-'));
after(() => rmSync(folder, { recursive: true }));

/** Runs the compiler over a folder, and returns its diagnostics. Declaration files are checked too. */
function diagnose(): string {
  const compilerOptions = {
    ...{ target: 'es2024', lib: ['es2024', 'esnext.disposable'], module: 'nodenext', types: [], noEmit: true },
    ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, verbatimModuleSyntax: true },
    ...{ skipLibCheck: false, allowImportingTsExtensions: true },
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['**/*'] }));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'lib/tsc.js');
  const { stdout, stderr } = spawnSync(process.execPath, [compiler, '-p', folder, '--pretty', 'false'], {
    encoding: 'utf8',
  });
  return stdout + stderr;
}

function isBare(value: object): value is { readonly tag: 'ok' | 'err' } {
  return 'tag' in value && (value.tag === 'ok' || value.tag === 'err') && !('val' in value);
}

/** Returns the value as a TypeScript expression. */
function expressionOf(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (Object.is(value, -0)) return '-0';
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return `[${value.map(expressionOf).join(', ')}]`;
  if (ArrayBuffer.isView(value)) {
    return `new ${value.constructor.name}([${Array.from(value as Uint8Array, expressionOf).join(', ')}])`;
  }
  if (value instanceof Map) return `new Map([${[...value].map(expressionOf).join(', ')}])`;
  // The loader accepts a result without payload in both forms. The declarations have this form, like those of jco.
  if (isBare(value)) return `{ tag: '${value.tag}', val: undefined }`;
  return `{ ${Object.entries(value)
    .map(([key, each]) => `${key}: ${expressionOf(each)}`)
    .join(', ')} }`;
}

describe('the compiler', () => {
  test('accepts the declarations, and each value of a random type as a value of the declared type', async () => {
    cpSync(GENERATED, join(folder, 'generated'), { recursive: true });
    const drawn = fc.sample(
      types.chain((type) => fc.tuple(fc.constant(type), fc.array(valuesOf(type), { minLength: 1, maxLength: 5 }))),
      80,
    );
    for (const [index, [type, values]] of drawn.entries()) {
      const { file, lines } = await caseOf(
        type,
        values.map((value) => toJavaScript(type, value)),
      );
      writeFileSync(join(folder, `case${index}.d.ts`), file);
      writeFileSync(join(folder, `test${index}.ts`), lines.join('\n').replace('FILE', `./case${index}.d.ts`));
    }
    assert.equal(diagnose(), '');
  });
});

/** Returns the declarations of a component that receives and returns a type, and a program that uses them. */
async function caseOf(type: VectorType, values: readonly unknown[]): Promise<{ file: string; lines: string[] }> {
  const guest = guestTypeOf(type);
  const echo = await throughMemory(guest);
  // Both are in a tuple, because a function throws the error of a result that it returns itself.
  const text = `(component ${guest.definitions}
    (core module $M (memory (export "memory") 1) (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable)
      (func (export "f") (param i32) (result i32) (local.get 0)))
    (core instance $m (instantiate $M))
    (type $padded (tuple ${guest.type} u8 u8 u8 u8 u8 u8 u8 u8 u8 u8 u8 u8 u8 u8 u8 u8 u8))
    (func (export "echo") (param "value" $padded) (result $padded)
      (canon lift (core func $m "f") (memory (core memory $m "memory")) (realloc (core func $m "realloc")))))`;
  const lines = [
    "import type { Root } from 'FILE';",
    "type Given = Parameters<Root['echo']>[0][0];",
    "type Returned = ReturnType<Root['echo']>[0];",
    ...values.flatMap((value, index) => [
      `export const given${index}: Given = ${expressionOf(value)};`,
      `export const returned${index}: Returned = ${expressionOf(echo(value))};`,
    ]),
    '// @ts-expect-error: no type takes everything.',
    'export const wrong: Given = Symbol();',
  ];
  return { file: componentTypes(await assemble(text)), lines };
}

describe('componentTypes', () => {
  test('refuses a source that is not a component with the error of compile', async () => {
    for (const source of [undefined, null, 5, 'bank.wasm', {}, []]) {
      assert.throws(() => componentTypes(source as unknown as Uint8Array), { argument: 'source' });
    }
    const core = await assemble('(module)');
    assert.throws(() => componentTypes(core), { code: 'malformed' });
    const invalid = await assemble('(component (export "f" (func 0)))');
    assert.throws(() => componentTypes(invalid), { code: 'invalid' });
  });

  test('refuses options that are unknown or invalid', async () => {
    const bytes = await assemble('(component (import "f" (func)))');
    for (const [options, argument] of [
      [{ names: 'x' }, 'names'],
      [{ name: 'not a name' }, 'name'],
      [{ name: '1' }, 'name'],
      [{ asyncImports: 'f' }, 'asyncImports'],
      [{ asyncImports: ['g'] }, 'asyncImports'],
      [null, 'options'],
    ] as const) {
      const error = { code: 'invalid-argument', argument };
      assert.throws(() => componentTypes(bytes, options as object), error, JSON.stringify(options));
    }
  });
});
