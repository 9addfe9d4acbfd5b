/** `inspectComponent` reports the properties of a component without running it. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { isArgumentError, isInvalidError, isMalformedError } from 'decidable/component';
import { inspectComponent, loadModule } from 'decidable/component/host';
import { LANGUAGE_RUNTIME } from 'decidable/component/wasi';
import fc from 'fast-check';
import { engine } from '../../../../../src/adapters/component/engine/web-assembly.ts';
import { assemble } from '../../assemble.ts';

const bankOf = (language: string): Buffer =>
  readFileSync(new URL(`../../../../../examples/guests/${language}/bank.wasm`, import.meta.url));

const inspected = async (text: string) => inspectComponent(await assemble(text));

describe('the guests of the bank', () => {
  for (const language of ['rust', 'c', 'assemblyscript']) {
    test(`fit the world of command handlers and are deterministic: ${language}`, async () => {
      const bytes = bankOf(language);
      const { world, misfit, isDeterministic, digest, imports, ...rest } = await inspectComponent(bytes);
      assert.equal(world, 'command-handler');
      assert.equal(misfit, undefined);
      assert.equal(isDeterministic, true);
      assert.equal(rest.bytes, bytes.length);
      assert.deepEqual(Buffer.from(digest), createHash('sha256').update(bytes).digest());
      assert.deepEqual(digest, (await loadModule(bytes)).routing.describe().digest);
      assert.deepEqual(
        imports.map(({ provider }) => provider),
        ['nothing'],
      );
    });
  }

  test('name the tools that made them', async () => {
    const { producers } = await inspectComponent(bankOf('rust'));
    assert.deepEqual(
      producers.map(({ field, name }) => [field, name]),
      [
        ['processed-by', 'wit-component'],
        ['processed-by', 'wit-bindgen-rust'],
      ],
    );
  });

  test('have the offsets and sizes of their core modules', async () => {
    const bytes = bankOf('c');
    for (const { offset, bytes: size } of (await inspectComponent(bytes)).coreModules) {
      assert.ok(engine.validate(new Uint8Array(bytes.subarray(offset, offset + size))));
    }
  });
});

describe('a component that fits no world', () => {
  test('has the differences to the world that it resembles most', async () => {
    const { world, misfit, isDeterministic } = await inspected(`(component
      (component $c (type $t (func (result string))) (import "f" (func (type $t))))
      (instance $routing (export "r" (component $c))) (export "decidable:eventsourcing/routing@0.1.0" (instance $routing)))`);
    assert.equal(world, undefined);
    assert.equal(misfit?.world, 'command-handler');
    assert.ok(misfit.problems.every(({ found }) => found === 'nothing'));
    assert.equal(isDeterministic, true);
  });
});

describe('an import', () => {
  const providerOf = async (text: string) => {
    const { imports, isDeterministic } = await inspected(`(component ${text})`);
    return [imports[0]?.provider, isDeterministic];
  };

  test('must be passed by the host if it is a function', async () => {
    assert.deepEqual(await providerOf('(import "now" (func (result u64)))'), ['host', false]);
  });

  test('must be passed by the host if it is an interface with functions', async () => {
    const { imports } = await inspected(
      '(component (import "a:b/c" (instance (export "f" (func)) (export "g" (func)))))',
    );
    assert.deepEqual(imports, [
      { name: 'a:b/c', kind: 'instance', provider: 'host', grants: imports[0]?.grants, functions: ['f', 'g'] },
    ]);
  });

  test('is nothing if it has only types', async () => {
    assert.deepEqual(await providerOf('(import "a:b/c" (instance (export "t" (type (sub resource)))))'), [
      'nothing',
      true,
    ]);
  });

  for (const name of LANGUAGE_RUNTIME) {
    test(`is virtual if virtualWasi has it: ${name}`, async () => {
      const text = `(import "${name}@0.2.3" (instance (export "f" (func))))`;
      assert.deepEqual(await providerOf(text), ['virtual-wasi', true]);
    });
  }

  for (const name of ['wasi:sockets/tcp', 'wasi:http/outgoing-handler']) {
    test(`is refused if it is the network: ${name}`, async () => {
      const text = `(import "${name}@0.2.3" (instance (export "f" (func))))`;
      assert.deepEqual(await providerOf(text), ['refused', true]);
    });
  }
});

describe('code that could be indeterministic', () => {
  test('is found with its place and its name', async () => {
    const bytes = await assemble(`(component (core module (func)) (core module
      (import "" "i" (func)) (memory 1 2 shared)
      (func $quiet)
      (func $mix (param v128) (drop (i8x16.relaxed_swizzle (local.get 0) (local.get 0)))
        (drop (i8x16.relaxed_swizzle (local.get 0) (local.get 0))))
      (func $wait (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))))))`);
    const { findings, isDeterministic, coreModules } = await inspectComponent(bytes);
    assert.equal(isDeterministic, false);
    const shown = findings.map(({ offset, ...rest }) => ({ ...rest, at: [...bytes.subarray(offset, offset + 2)] }));
    assert.deepEqual(shown, [
      { kind: 'relaxed-simd', coreModule: 1, function: 2, functionName: 'mix', count: 2, at: [0xfd, 0x80] },
      { kind: 'threads', coreModule: 1, function: 3, functionName: 'wait', count: 1, at: [0xfe, 0x01] },
    ]);
    assert.deepEqual(coreModules[1]?.memories, [{ min: 1n, max: 2n }]);
  });

  test('is a computed NaN only if some module makes its bits visible', async () => {
    const computes = '(core module (func (export "f") (result f64) (f64.sqrt (f64.const -1))))';
    const shows = '(core module (func (param f64) (result i64) (i64.reinterpret_f64 (local.get 0))))';
    assert.deepEqual((await inspected(`(component ${computes})`)).findings, []);
    assert.deepEqual((await inspected(`(component ${shows})`)).findings, []);
    const { findings, isDeterministic } = await inspected(`(component ${computes} (component ${shows}))`);
    assert.deepEqual(
      findings.map(({ kind, coreModule, function: index, count }) => ({ kind, coreModule, index, count })),
      [{ kind: 'nan-bits', coreModule: 0, index: 0, count: 1 }],
    );
    // The host makes the NaN canonical.
    assert.equal(isDeterministic, true);
  });
});

describe('bytes that are not a component', () => {
  test('are refused with the error of the loader', async () => {
    await assert.rejects(inspectComponent(new Uint8Array([0, 1, 2])), isMalformedError);
    await assert.rejects(inspectComponent('bank.wasm' as never), (error) => isArgumentError(error));
    const bytes = (await assemble('(component (core module (func (result i32))))')) as Uint8Array;
    await assert.rejects(inspectComponent(bytes), isInvalidError);
  });

  test('never end in another error, if they are a damaged component', async () => {
    const bank = bankOf('c');
    const expected = ['malformed', 'invalid', 'unsupported'];
    const change = fc.tuple(fc.nat(bank.length - 1), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
        const damaged = new Uint8Array(bank);
        for (const [at, value] of changes) damaged[at] = value;
        try {
          await inspectComponent(damaged);
        } catch (error) {
          assert.ok(expected.includes(String(Reflect.get(Object(error), 'code'))), String(error));
        }
      }),
      { numRuns: 300 },
    );
  });
});
