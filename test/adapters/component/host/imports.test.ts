/** The imports of guests, and the command ids that their virtual WASI uses. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { type InstanceType, isTrap } from 'decidable/component';
import { loadModule } from 'decidable/component/host';
import { virtualWasi } from 'decidable/component/wasi';
import { engine } from '../../../../src/adapters/component/engine/web-assembly.ts';
import { asynchronousImport } from '../../../../src/adapters/component/host/asynchronous-import.ts';
import { isRejection } from '../../../../src/core/index.ts';
import { answersOf, askingGuest } from './asking-guest.ts';
import { envelope } from './bank-arbitraries.ts';

const bank = readFileSync(new URL('../../../../examples/guests/c/bank.wasm', import.meta.url));

describe('an import of a component', () => {
  const command = { type: 'count', schemaVersion: 1, payload: new Uint8Array(32) };
  const clock = { 'wasi:clocks/wall-clock': { now: () => ({ seconds: 0n, nanoseconds: 0 }) } };

  test('is created for each instance if the host passes a function', async () => {
    let made = 0n;
    const imports = () => {
      const number = ++made;
      return { ...clock, 'wasi:random/random': { getRandomU64: () => number } };
    };
    const { types, decider, statistics } = await loadModule(await askingGuest(), { imports, isolation: 'fresh' });
    const numbers = [1, 2].map(() => {
      const [event] = decider.decide(decider.initialState(), types.command.fromEnvelope(command));
      return answersOf(types.event.toEnvelope(event!).payload).random;
    });
    assert.notEqual(numbers[0], numbers[1]);
    assert.equal(made, BigInt(statistics.instances));
  });

  for (const isolation of ['pooled', 'fresh'] as const) {
    for (const [what, thrown] of [
      ['an error', new Error('no entropy')],
      ['a value that is not an error', 'no entropy'],
    ] as const) {
      test(`ends the instance with the error if it throws ${what} (${isolation})`, async () => {
        let fails = false;
        const getRandomU64 = () => {
          if (fails) throw thrown;
          return 0n;
        };
        const module = await loadModule(await askingGuest(), {
          imports: { ...clock, 'wasi:random/random': { getRandomU64 } },
          isolation,
        });
        const { types, decider } = module;
        const [state, asked] = [decider.initialState(), types.command.fromEnvelope(command)];
        fails = true;
        assert.throws(
          () => decider.decide(state, asked),
          (error) => isTrap(error) && error.cause === thrown,
        );
        fails = false;
        decider.decide(decider.initialState(), types.command.fromEnvelope(command));
      });
    }
  }
});

describe('deciding by the id of a command', () => {
  for (const isolation of ['pooled', 'fresh'] as const) {
    test(`is possible only with a virtual WASI (${isolation})`, async () => {
      assert.equal('decideWithCommandId' in (await loadModule(bank, { isolation })), false);
      const { types, decider, decideWithCommandId } = await loadModule(bank, { isolation, wasi: virtualWasi });
      const close = types.command.fromEnvelope(envelope('CloseAccount', { accountId: 'a' }));
      assert.throws(() => decideWithCommandId!('order-1', decider.initialState(), close), isRejection);
      const open = types.command.fromEnvelope(envelope('OpenAccount', { accountId: 'a', owner: 'o' }));
      assert.equal(decideWithCommandId!('order-1', decider.initialState(), open).length, 1);
    });
  }
});

describe('an asynchronous import', { skip: engine.Suspending === undefined && 'this engine cannot suspend' }, () => {
  for (const isolation of ['pooled', 'fresh'] as const) {
    test(`is refused, because a module cannot wait (${isolation})`, async () => {
      const imports = {
        'wasi:clocks/wall-clock': { now: async () => ({ seconds: 0n, nanoseconds: 0 }) },
        'wasi:random/random': { getRandomU64: () => 0n },
      };
      await assert.rejects(loadModule(await askingGuest(), { imports, isolation }), {
        code: 'link',
        path: ['wasi:clocks/wall-clock@0.2.3', 'now'],
      });
    });
  }
});

describe('the name of an asynchronous import', () => {
  const nothing = { kind: 'func', async: false, params: [] } as const;
  const type: InstanceType = {
    kind: 'instance',
    defined: [],
    exports: [
      { name: 'log-line', type: nothing },
      { name: '[constructor]client', type: nothing },
      { name: '[method]client.get-all', type: nothing },
      { name: '[static]client.open', type: nothing },
    ],
  };
  const imports = [
    { name: 'a:b/c@1.2.0', type },
    { name: 'sleep', type: { ...nothing, async: true } },
    { name: 'wake-up', type: nothing },
  ];
  const sync = () => undefined;
  const wait = async () => undefined;
  class Waiting {
    getAll = sync;
    static async open(): Promise<void> {}
  }
  class Asking {
    async getAll(): Promise<void> {}
  }
  for (const [given, ...path] of [
    [{ 'a:b/c': { logLine: wait } }, 'a:b/c@1.2.0', 'log-line'],
    [{ 'a:b/c@1.5.0': { logLine: sync, Client: Asking } }, 'a:b/c@1.2.0', '[method]client.get-all'],
    [{ c: { logLine: sync, Client: Waiting } }, 'a:b/c@1.2.0', '[static]client.open'],
    [{ 'a:b/c': {}, sleep: sync }, 'sleep'],
  ] as const) {
    test(`is ${path.join(' → ')}`, () => assert.deepEqual(asynchronousImport(imports, given), path));
  }

  test('is found in default exports of modules, and not in functions that are not imported', () => {
    const others = imports.filter(({ name }) => name !== 'sleep');
    assert.equal(asynchronousImport(others, { other: wait, 'a:b/c': { other: wait } }), undefined);
    assert.deepEqual(asynchronousImport(others, { wakeUp: { default: wait } }), ['wake-up']);
  });
});
