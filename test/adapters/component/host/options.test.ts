/** The options of `loadModule`. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { type LoadModuleOptions, loadModule } from 'decidable/component/host';
import { virtualWasi } from 'decidable/component/wasi';

const bank = readFileSync(new URL('../../../../examples/guests/c/bank.wasm', import.meta.url));

describe('an invalid option', () => {
  for (const [what, options, argument] of [
    ['an unknown world', { world: 'read-models' }, 'world'],
    ['an unknown isolation', { isolation: 'Fresh' }, 'isolation'],
    ['a number of handles that is NaN', { maxHandles: Number.NaN }, 'maxHandles'],
    ['more handles than a table can hold', { maxHandles: 2 ** 28 }, 'maxHandles'],
    ['a budget without call depth', { budget: { fuel: 1_000 } }, 'budget.callDepth'],
    ['an unknown option', { fuel: 10 }, 'fuel'],
    ['options that are null', null, 'options'],
    ['an unknown part of a budget', { budget: { fuel: 1, callDepth: 1, fule: 1 } }, 'budget.fule'],
    ['a budget that is null', { budget: null }, 'budget'],
    ['a digest that is too short', { digest: new Uint8Array(3) }, 'digest'],
    ['a digest that is a string', { digest: 'abc' }, 'digest'],
    ['imports that are a number', { imports: 5 }, 'imports'],
    ['a function that returns a promise of imports', { imports: async () => ({}) }, 'imports'],
    ['one WASI for all instances', { wasi: virtualWasi() }, 'wasi'],
    ['a function that returns no WASI', { wasi: () => undefined }, 'wasi'],
  ] as const) {
    test(`is refused by its name if it is ${what}`, async () => {
      await assert.rejects(loadModule(bank, options as object), { code: 'invalid-argument', argument });
    });
  }

  test('is refused with the expected and the given value', async () => {
    // This test checks the message.
    const message = 'digest: expected the 32 bytes of a SHA-256, got 3 bytes';
    await assert.rejects(loadModule(bank, { digest: new Uint8Array(3) }), { message });
  });

  test('is refused with the nearest name if its name is unknown', async () => {
    // This test checks the message.
    const message = 'budget.fule: unknown option "fule"; did you mean "fuel"?';
    const budget = { fuel: 1, callDepth: 1, fule: 1 };
    await assert.rejects(loadModule(bank, { budget }), { message });
  });

  test('is refused if it is an invalid limit for a compiled component', async () => {
    const { component } = await loadModule(bank);
    const error = { code: 'invalid-argument', argument: 'maxMemoryBytes' };
    await assert.rejects(loadModule(component, { maxMemoryBytes: -1 }), error);
  });
});

test('an option that is undefined has its default', async () => {
  const nothing: { readonly [Option in Exclude<keyof LoadModuleOptions, 'world'>]-?: undefined } = {
    isolation: undefined,
    imports: undefined,
    wasi: undefined,
    maxMemoryBytes: undefined,
    maxTableElements: undefined,
    maxHandles: undefined,
    maxLiftedBytes: undefined,
    budget: undefined,
    grant: undefined,
    digest: undefined,
  };
  assert.deepEqual((await loadModule(bank, nothing)).routing.describe(), (await loadModule(bank)).routing.describe());
});
