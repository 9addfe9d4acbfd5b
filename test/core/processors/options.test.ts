/** The options of a running system. Unknown names are refused, because callers expect them to have an effect. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DefinitionError } from 'decidable';
import { createMemoryStore } from 'decidable/memory';
import { bankOf } from './transfers.ts';

const invalid = (place: string) => ({ code: 'invalid-definition', message: new RegExp(place) });

describe('the options of a running system', () => {
  for (const [problem, position, options, place] of [
    ['an option is unknown', 0n, { nams: ['balances'] }, 'caughtUp.nams'],
    ['no processor has the name', 0n, { names: ['balanses'] }, 'caughtUp.names'],
    ['the names are one text', 0n, { names: 'balances' }, 'caughtUp.names'],
    ['the position is not a bigint', 5, {}, 'caughtUp.position'],
  ] as const) {
    test(`are refused by caughtUp if ${problem}`, async () => {
      await using store = createMemoryStore();
      await using running = await bankOf([]).start({ store });
      await assert.rejects(running.caughtUp(position as bigint, options as object), invalid(place));
    });
  }

  test('let caughtUp wait for a processor of any kind by its name', async () => {
    await using store = createMemoryStore();
    await using running = await bankOf([]).start({ store });
    const { deciders: _deciders, ...parts } = bankOf([]);
    for (const { name } of [...parts.processManagers, ...parts.readModels, ...parts.reactors]) {
      await running.caughtUp({ names: [name] });
    }
  });

  test('are refused by parked.list if one is unknown', async () => {
    await using store = createMemoryStore();
    await using running = await bankOf([]).start({ store });
    await assert.rejects(
      async () => running.parked.list({ subscripton: 1 } as object),
      invalid('parked.list.subscripton'),
    );
  });

  for (const [problem, options, place] of [
    ['there are none', undefined, 'bank.start'],
    ['the store is missing', {}, 'bank.start.store'],
    ['the store is a promise', { store: Promise.resolve(createMemoryStore()) }, 'bank.start.store'],
    ['the store has other functions', { store: { append: () => undefined } }, 'bank.start.store.readStream'],
  ] as const) {
    test(`are refused by start if ${problem}`, async () => {
      await assert.rejects(
        async () => bankOf([]).start(options as never),
        (error: DefinitionError) => error.code === 'invalid-definition' && error.payload.place === place,
      );
    });
  }

  test('are refused by start if a number is wrong, and the error names the option', async () => {
    await using store = createMemoryStore();
    for (const [options, place] of [
      [{ shares: 0 }, 'bank.start.shares'],
      [{ lease: 0.5 }, 'bank.start.lease'],
      [{ failurePolicy: { retries: -1 } }, 'bank.start.failurePolicy.retries'],
      [{ failurePolicies: { balances: { retries: -1 } } }, 'bank.start.failurePolicies.balances.retries'],
    ] as const) {
      await assert.rejects(
        async () => bankOf([]).start({ store, ...options }),
        (error: DefinitionError) => error.code === 'invalid-definition' && error.payload.place === place,
      );
    }
  });

  test('are refused by start if no processor has the name of a failure policy', async () => {
    await using store = createMemoryStore();
    await assert.rejects(
      bankOf([]).start({ store, failurePolicies: { balanses: {} } }),
      invalid('start.failurePolicies.balanses'),
    );
  });
});
