/**
 * The component host: the check of a component against its world, the errors of guests, and the replacement of
 * instances.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { inspect } from 'node:util';
import { runInNewContext } from 'node:vm';
import { type InstanceType, isLinkError, isTrap, isValueError } from 'decidable/component';
import { type Handle, type LoadModuleOptions, loadModule, StaleHandle } from 'decidable/component/host';
import { virtualWasi } from 'decidable/component/wasi';
import { engine } from '../../../../src/adapters/component/engine/web-assembly.ts';
import { asynchronousImport } from '../../../../src/adapters/component/host/asynchronous-import.ts';
import { createMemoryStore } from '../../../../src/adapters/stores/memory/index.ts';
import { msgpack } from '../../../../src/core/codec/msgpack.ts';
import { createEventSourcer, isCommandFailure, isFault, isRejection } from '../../../../src/core/index.ts';
import { answersOf, askingGuest } from './asking-guest.ts';
import { envelope } from './bank-arbitraries.ts';
import { coreText, countingGuest, dummyComponent, witSource } from './counting-guest.ts';

const bank = readFileSync(new URL('../../../../examples/guests/c/bank.wasm', import.meta.url));
const message = (length: number) => ({ type: 'count', schemaVersion: 1, payload: new Uint8Array(length) });
const context = {
  id: 'e',
  stream: 's',
  revision: 0n,
  position: 0n,
  recordedAt: 0n,
  correlationId: 'c',
  causationId: 'c',
};

const readState = (bytes: Uint8Array) =>
  msgpack.decode(bytes, { kind: 'state', type: 'bank.account', schemaVersion: 1 });

/** Returns the error for a component that does not match the world. */
async function misfit(wit: string, world: string): Promise<string> {
  const bytes = await dummyComponent(wit, world);
  const error: unknown = await loadModule(bytes).then(
    () => undefined,
    (error) => error,
  );
  assert.ok(isLinkError(error), String(error));
  return error.message;
}

describe('the fit of a component and its world', () => {
  for (const world of ['command-handler', 'process-manager', 'read-model'] as const) {
    test(`expects the types of wit/ for ${world}`, async () => {
      const bytes = await dummyComponent(witSource(), world);
      // Every function of a dummy traps. The trap shows that the component was not refused before.
      await assert.rejects(loadModule(bytes, { world }), isTrap);
    });
  }

  test('is refused with the name of a missing interface', async () => {
    assert.match(
      await misfit(witSource(), 'read-model'),
      /decider@0\.1\.0\n +expected: an interface\n +found: +nothing/,
    );
  });

  test('is refused with the expected and the found type of a function', async () => {
    const wit = witSource().replace(
      'schema-version: u32,\n    /// The message',
      'schema-version: u64,\n    /// The message',
    );
    const text = await misfit(wit, 'command-handler');
    assert.match(text, /types@0\.1\.0#\[method\]event\.to-envelope\n/);
    assert.match(text, /expected: func\(self: borrow<event>\) -> record \{ type: string, schema-version: u32, /);
    assert.match(text, /found: +func\(self: borrow<event>\) -> record \{ type: string, schema-version: u64, /);
  });

  test('is refused with the name of a missing function', async () => {
    const text = await misfit(witSource().replace('stream-id: func(', 'stream-name: func('), 'command-handler');
    assert.match(
      text,
      /routing@0\.1\.0#stream-id\n +expected: func\(command: borrow<command>\) -> .*\n +found: +nothing\n/,
    );
  });

  for (const [declared, otherwise, found] of [
    ['initial-state: func() -> state;', 'initial-state: async func() -> state;', 'async func() -> state'],
    ...[
      ['list<u8, 4>'],
      ['option<u8>'],
      ['tuple<u8, map<string, u8>>'],
      ['stream<u8>'],
      ['result', 'result<_, _>'],
      ['marks', 'flags { one, two }'],
      ['choice', 'enum { this, that }'],
    ].map(([type, shown = type]) => [
      'to-bytes: func() -> list<u8>;',
      `to-bytes: func() -> ${type};`,
      `func(self: borrow<state>) -> ${shown}`,
    ]),
  ] as [string, string, string][]) {
    test(`is refused with ${found} as the type that was found`, async () => {
      const wit = witSource()
        .replaceAll(declared, otherwise)
        .replace('interface types {', '$& flags marks { one, two } enum choice { this, that }');
      assert.ok((await misfit(wit, 'command-handler')).includes(`found:    ${found}\n`));
    });
  }

  test('must use the same state type in all interfaces', async () => {
    const wit = witSource().replace(
      'interface decider {\n  use messages.{rejection, fault};\n  use types.{command, event, state};',
      'interface decider {\n  use messages.{rejection, fault};\n  use types.{command, event};\n  resource state;',
    );
    assert.match(await misfit(wit, 'command-handler'), /found: +func\(\) -> state of another type/);
  });

  test('is refused for another version of the contract', async () => {
    const text = await misfit(witSource().replaceAll('eventsourcing@0.1.0', 'eventsourcing@0.2.0'), 'command-handler');
    assert.match(text, /it exports: decidable:eventsourcing\/types@0\.2\.0/);
  });

  test('accepts a later patch of the contract', async () => {
    const bytes = await dummyComponent(witSource().replaceAll('@0.1.0', '@0.1.7'), 'command-handler');
    await assert.rejects(loadModule(bytes), isTrap);
  });
});

describe('the digest of a module', () => {
  test('is the SHA-256 of the bytes', async () => {
    const module = await loadModule(bank);
    assert.deepEqual(module.routing.describe().digest, new Uint8Array(createHash('sha256').update(bank).digest()));
  });

  test('is the digest that is passed with a compiled component', async () => {
    const { component } = await loadModule(bank);
    const digest = new Uint8Array(32).fill(7);
    assert.deepEqual((await loadModule(component, { digest })).routing.describe().digest, digest);
    assert.equal((await loadModule(component)).routing.describe().digest, undefined);
  });

  test('is the guest’s own digest only if the host does not have it', async () => {
    // The guest's own digest is the five bytes of its name.
    const core = coreText('command-handler').replace(
      '(i32.store8 (i32.const 44) (i32.const 1))',
      '(i32.store8 (i32.const 24) (i32.const 1)) (call $text (i32.const 28)) $&',
    );
    const bytes = await countingGuest('command-handler', core);
    const module = await loadModule(bytes);
    assert.deepEqual(module.routing.describe().digest, new Uint8Array(createHash('sha256').update(bytes).digest()));
    const again = await loadModule(module.component);
    assert.deepEqual(again.routing.describe().digest, new TextEncoder().encode('count'));
  });

  test('is part of a description that is read once and cannot be changed', async () => {
    const { routing, statistics } = await loadModule(bank, { isolation: 'fresh' });
    const before = statistics.instances;
    assert.equal(routing.describe(), routing.describe());
    assert.equal(statistics.instances, before);
    assert.ok(Object.isFrozen(routing.describe()));
  });
});

for (const isolation of ['pooled', 'fresh'] as const) {
  describe(`process managers and read models, ${isolation}`, () => {
    test('fold events and return reactions', async () => {
      const { types, eventHandler, statistics } = await loadModule(await countingGuest('process-manager'), {
        world: 'process-manager',
        isolation,
      });
      const event = types.event.fromEnvelope(message(3));
      assert.equal(eventHandler.key(event), 'count');
      assert.equal(eventHandler.describe().name, 'count');
      assert.deepEqual(eventHandler.describe().events, [{ category: 'count', type: 'count', name: 'count' }]);
      const state = eventHandler.evolve(eventHandler.evolve(eventHandler.initialState(), event), event);
      assert.equal(types.state.toBytes(state).length, 2);
      assert.deepEqual(eventHandler.handle(state, event, context), [{ tag: 'cancel', val: 'count' }]);
      const rejected = {
        commandId: '018f4d1e-7a2b-7c3d-8e4f-5a6b7c8d9e0f',
        command: message(3),
        stream: 'count-1',
        rejection: { code: 'no', message: 'no', details: [['why', 'because']] as const },
        recordedAt: 5n,
      };
      const counted = eventHandler.evolveRejected(state, rejected);
      assert.equal(types.state.toBytes(counted).length, 3);
      assert.deepEqual(eventHandler.handleRejected(counted, rejected), [{ tag: 'end' }]);
      types.state.drop(counted);
      types.event.drop(event);
      assert.equal(statistics.handles, 0);
    });

    test('fold events to documents, and drop a document', async () => {
      const { types, projector, statistics } = await loadModule(await countingGuest('read-model'), {
        world: 'read-model',
        isolation,
      });
      const [event, other] = [types.event.fromEnvelope(message(3)), types.event.fromEnvelope(message(0))];
      assert.equal(projector.key(event), 'count');
      assert.deepEqual(projector.describe().events, [{ category: 'count', type: 'count', name: 'count' }]);
      assert.equal(projector.key(other), undefined);
      const one = projector.project(projector.initialState(), event, context);
      assert.ok(one !== undefined);
      const two = projector.project(one, event, context);
      assert.ok(two !== undefined);
      assert.equal(projector.project(two, event, context), undefined);
      types.event.drop(event);
      types.event.drop(other);
      assert.equal(statistics.handles, 0);
    });
  });
}

describe('an instance that traps', () => {
  test('is replaced by the next call, and its handles are refused', async () => {
    const { types, decider, statistics } = await loadModule(await countingGuest('command-handler'));
    const [state, bad] = [decider.initialState(), types.command.fromEnvelope(message(13))];
    assert.throws(() => decider.decide(state, bad), isTrap);
    assert.throws(() => types.state.toBytes(state), StaleHandle);
    assert.equal(statistics.instances, 2);
    const anew = decider.initialState();
    assert.notEqual(anew, state);
    assert.equal(types.state.toBytes(anew).length, 0);
    assert.throws(() => decider.decide(state, types.command.fromEnvelope(message(1))), StaleHandle);
    assert.equal(statistics.instances, 2, 'a stale handle does not end the instance');
  });

  test('is replaced asynchronously if the engine cannot create a large one synchronously, and calls trap until then', async (t) => {
    const { types, decider, statistics } = await loadModule(await countingGuest('command-handler'));
    const [state, bad] = [decider.initialState(), types.command.fromEnvelope(message(13))];
    assert.throws(() => decider.decide(state, bad), isTrap);
    let refusals = 2;
    const refusing = new Proxy(engine.Instance, {
      construct(Instance, args) {
        if (refusals-- > 0) throw new RangeError('WebAssembly.Instance is disallowed on the main thread');
        return Reflect.construct(Instance, args);
      },
    });
    t.mock.property(engine as { Instance: typeof refusing }, 'Instance', refusing);
    const isBeingReplaced = (error: unknown) => isTrap(error) && error.code === 'instance-not-ready';
    for (let call = 0; call < 2; call++) assert.throws(() => decider.initialState(), isBeingReplaced);
    await setImmediate();
    // The asynchronous attempt failed too, and is repeated.
    refusals = 1;
    assert.throws(
      () => decider.initialState(),
      (error) => isBeingReplaced(error) && (error as Error).cause instanceof RangeError,
    );
    await setImmediate();
    assert.equal(types.state.toBytes(decider.initialState()).length, 0);
    assert.equal(statistics.instances, 2);
    assert.throws(() => types.state.toBytes(state), StaleHandle);
  });

  test('leaves no handles to drop', async () => {
    const { types, decider, statistics } = await loadModule(await countingGuest('command-handler'));
    const [state, bad] = [decider.initialState(), types.command.fromEnvelope(message(13))];
    assert.throws(() => decider.decide(state, bad), isTrap);
    types.state.drop(state);
    types.command.drop(bad);
    assert.equal(statistics.handles, 0);
    assert.equal(statistics.instances, 1);
    decider.initialState();
    types.state.drop?.(state);
    assert.equal(statistics.handles, 1, 'the handle of the next instance is not dropped');
  });

  test('is the cause of the errors for its handles', async () => {
    const { types, decider } = await loadModule(await countingGuest('command-handler'));
    const [state, bad] = [decider.initialState(), types.command.fromEnvelope(message(13))];
    let trap: unknown;
    assert.throws(
      () => decider.decide(state, bad),
      (error) => isTrap((trap = error)),
    );
    assert.throws(
      () => types.state.toBytes(state),
      (error) => error instanceof StaleHandle && error.cause === trap,
    );
  });

  test('is replaced if it trapped while it folded or decided by an id', async () => {
    const core = coreText('command-handler').replace(
      '(call $drop-state (local.get 0))',
      '(if (i32.eq (local.get $count) (i32.const 2)) (then unreachable)) $&',
    );
    const bytes = await countingGuest('command-handler', core);
    const { types, decider, decideWithCommandId, statistics } = await loadModule(bytes, { wasi: virtualWasi });
    const folded = () => decider.evolve(decider.initialState(), types.event.fromEnvelope(message(1)));
    const state = folded();
    assert.throws(() => decider.evolve(state, types.event.fromEnvelope(message(1))), isTrap);
    assert.throws(() => types.state.toBytes(state), StaleHandle);
    assert.equal(types.state.toBytes(folded()).length, 1);
    assert.equal(statistics.instances, 2);
    const bad = types.command.fromEnvelope(message(13));
    assert.throws(() => decideWithCommandId!('order-1', folded(), bad), isTrap);
    assert.equal(types.state.toBytes(folded()).length, 1);
    assert.equal(statistics.instances, 3);
  });

  test('is followed by an instance with new handles, from every function that returns them', async () => {
    // A message with more bytes than the memory.
    const tooLong = message(1 << 17);
    const commands = await loadModule(await countingGuest('command-handler'));
    const managers = await loadModule(await countingGuest('process-manager'), { world: 'process-manager' });
    const models = await loadModule(await countingGuest('read-model'), { world: 'read-model' });
    for (const { types } of [commands, managers, models]) {
      assert.throws(() => types.event.fromEnvelope(tooLong), isTrap);
      const [event, state] = [types.event.fromEnvelope(message(3)), types.state.fromBytes(new Uint8Array(5))];
      assert.deepEqual([types.event.toEnvelope(event).payload.length, types.state.toBytes(state).length], [3, 5]);
    }
    const { types, decider } = commands;
    const [event] = decider.decide(decider.initialState(), types.command.fromEnvelope(message(2)));
    const counted = decider.evolve(types.state.fromBytes(new Uint8Array(7)), event!);
    assert.equal(types.state.toBytes(counted).length, 8);
    const happened = managers.types.event.fromEnvelope(message(1));
    const managed = managers.eventHandler.evolve(managers.eventHandler.initialState(), happened);
    assert.equal(managers.types.state.toBytes(managed).length, 1);
    const recorded = models.types.event.fromEnvelope(message(1));
    const document = models.projector.project(models.projector.initialState(), recorded, context);
    assert.equal(models.types.state.toBytes(document!).length, 1);
  });

  test('is replaced by a later instance if its successor cannot start', async () => {
    const failure = new Error('not now');
    let made = 0;
    const imports = () => {
      if (++made === 2) throw failure;
      return {};
    };
    const { types, decider, statistics } = await loadModule(await countingGuest('command-handler'), { imports });
    const bad = types.command.fromEnvelope(message(13));
    assert.throws(() => decider.decide(decider.initialState(), bad), isTrap);
    assert.throws(
      () => decider.initialState(),
      (error) => isTrap(error) && error.cause === failure,
    );
    assert.equal(types.state.toBytes(decider.initialState()).length, 0);
    assert.deepEqual([statistics.instances, made], [2, 3]);
  });

  test('is replaced after unbounded recursion', async () => {
    const { types, decider, statistics } = await loadModule(await countingGuest('command-handler'));
    const endless = types.command.fromEnvelope(message(14));
    assert.throws(() => decider.decide(decider.initialState(), endless), isTrap);
    assert.equal(types.state.toBytes(decider.initialState()).length, 0);
    assert.equal(statistics.instances, 2);
  });

  test('does not affect other commands, whose states the event sourcer loads again', async () => {
    const module = await loadModule(bank, { maxMemoryBytes: 1 << 20 });
    const sourcer = createEventSourcer({ store: createMemoryStore(), modules: [module] });
    const deposit = (accountId: string) => envelope('Deposit', { accountId, amount: 5 });
    for (const accountId of ['a', 'b']) {
      await sourcer.handleCommand(envelope('OpenAccount', { accountId, owner: accountId }));
      await sourcer.handleCommand(deposit(accountId));
    }
    const huge = envelope('CloseAccount', { accountId: 'a', ballast: 'x'.repeat(2 << 20) });
    await assert.rejects(sourcer.handleCommand(huge), (error) => isCommandFailure(error, 'trap'));
    for (const accountId of ['a', 'b']) {
      const { outcome, attempts } = await sourcer.handleCommand(deposit(accountId));
      assert.equal(outcome.tag, 'accepted');
      assert.ok(attempts <= 2);
    }
    const { state } = await sourcer.readState('account-b');
    assert.deepEqual(readState(state), { status: 'open', owner: 'b', balance: 10 });
    await sourcer.close();
    assert.equal(module.statistics.handles, 0);
    assert.equal(module.statistics.instances, 2);
  });
});

describe('an import that calls the module back', () => {
  const imports = (now: () => unknown) => ({
    'wasi:clocks/wall-clock': {
      now() {
        now();
        return { seconds: 0n, nanoseconds: 0 };
      },
    },
    'wasi:random/random': { getRandomU64: () => 0n },
  });
  const command = { type: 'count', schemaVersion: 1, payload: new Uint8Array(32) };

  test('ends the instance and its running call', async () => {
    let callBack: () => unknown = () => undefined;
    const module = await loadModule(await askingGuest(), { imports: imports(() => callBack()) });
    const { types, decider, statistics } = module;
    const [state, asked] = [decider.initialState(), types.command.fromEnvelope(command)];
    callBack = () => assert.throws(() => decider.initialState(), isTrap);
    assert.throws(() => decider.decide(state, asked), isTrap);
    callBack = () => undefined;
    assert.throws(() => types.state.toBytes(state), StaleHandle);
    const next = Array.from({ length: 10 }, () => types.event.fromEnvelope(command));
    assert.ok(!next.includes(state));
    assert.deepEqual([statistics.handles, statistics.instances], [10, 2]);
  });
});

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

describe('the source of a module', () => {
  test('cannot be a response, because a digest needs the bytes', async () => {
    const sources: readonly unknown[] = [new Response(bank), 'bank.wasm', undefined, {}];
    for (const source of sources) {
      await assert.rejects(loadModule(source as Uint8Array), { code: 'invalid-argument', argument: 'source' });
    }
  });

  test('can be any kind of buffer or view', async () => {
    const shared = new SharedArrayBuffer(bank.length);
    new Uint8Array(shared).set(bank);
    // Like a buffer of another frame in a page, it is not an instance of any class of this realm.
    const foreign = runInNewContext('new ArrayBuffer(length)', { length: bank.length }) as ArrayBuffer;
    new Uint8Array(foreign).set(bank);
    const digest = new Uint8Array(createHash('sha256').update(bank).digest());
    const within = new Uint8Array(bank.length + 16);
    within.set(bank, 8);
    for (const source of [
      shared,
      new Uint8Array(bank).buffer,
      new DataView(shared),
      foreign,
      within.subarray(8, 8 + bank.length),
      new DataView(within.buffer, 8, bank.length),
    ]) {
      assert.deepEqual((await loadModule(source)).routing.describe().digest, digest);
    }
  });
});

describe('budgets', () => {
  test('end a guest that uses more memory than allowed', async () => {
    const { types } = await loadModule(bank, { maxMemoryBytes: 1 << 20 });
    assert.throws(() => types.state.fromBytes(new Uint8Array(2 << 20)), isTrap);
  });

  test('end a call after which the host would have more handles than maxHandles', async () => {
    const { decider, types, statistics } = await loadModule(bank, { maxHandles: 10 });
    const states = Array.from({ length: 10 }, () => decider.initialState());
    assert.throws(() => decider.initialState(), { code: 'handles-exhausted' });
    // The new state is lost in the guest, because the host has no handle for it. So the instance is replaced.
    assert.throws(() => types.state.toBytes(states[0]!), StaleHandle);
    assert.equal(types.state.toBytes(decider.initialState())[0], 0x83);
    assert.equal(statistics.instances, 2);
  });
});

describe('handles', () => {
  test('are numbers that cannot be consumed twice or used for another type', async () => {
    const { types, decider, statistics } = await loadModule(bank);
    const state = decider.initialState();
    const event = types.event.fromEnvelope(envelope('AccountOpened', { accountId: 'a', owner: 'o' }));
    assert.equal(typeof state, 'number');
    const next = decider.evolve(state, event);
    if (next !== state) assert.throws(() => types.state.toBytes(state), isValueError);
    assert.throws(() => types.state.toBytes(event), isValueError);
    assert.throws(() => types.state.drop(event), isValueError);
    types.state.drop(next);
    assert.throws(() => types.state.drop(next), isValueError);
    types.event.drop(event);
    assert.equal(statistics.handles, 0);
    assert.equal(statistics.instances, 1, 'mistakes of the host end no instance');
  });

  test('do not end an instance if they are confused, in any world', async () => {
    const managers = await loadModule(await countingGuest('process-manager'), { world: 'process-manager' });
    const models = await loadModule(await countingGuest('read-model'), { world: 'read-model' });
    for (const { types, statistics } of [managers, models]) {
      const event = types.event.fromEnvelope(message(3));
      assert.throws(() => types.state.toBytes(event), isValueError);
      assert.deepEqual(types.event.toEnvelope(event), message(3));
      assert.deepEqual([statistics.handles, statistics.instances], [1, 1]);
    }
  });

  for (const isolation of ['pooled', 'fresh'] as const) {
    test(`are required, and the error names the value that was passed instead (${isolation})`, async () => {
      const { types, decider, routing } = await loadModule(bank, { isolation });
      const state = decider.initialState();
      const event = types.event.fromEnvelope(envelope('AccountOpened', { accountId: 'a', owner: 'o' }));
      const others: readonly (readonly [unknown, string])[] = [
        [undefined, 'undefined'],
        [Number.NaN, 'NaN'],
        [1.5, '1.5'],
        [-1, '-1'],
        [5n, '5'],
        [String(state), JSON.stringify(String(state))],
        [{ type: 'Deposit', data: {} }, 'an object'],
        [4_321, '4321'],
      ];
      for (const [given, got] of others) {
        const handle = given as Handle;
        // Both kinds of isolation name the given value, so this test compares the messages.
        const refused = (kind: string) => (error: unknown) =>
          isValueError(error) &&
          error.path.length === 1 &&
          error.message.endsWith(`expected an own handle of ${kind}, got ${got}: it is not a live handle`);
        assert.throws(() => types.command.toEnvelope(handle), refused('command'));
        assert.throws(() => routing.streamId(handle), refused('command'));
        assert.throws(() => decider.decide(state, handle), refused('command'));
        assert.throws(() => decider.evolve(decider.initialState(), handle), refused('event'));
        assert.throws(() => types.state.toBytes(handle), refused('state'));
        assert.throws(() => types.state.drop(handle), refused('state'));
      }
      assert.throws(() => types.command.toEnvelope(event), isValueError);
      assert.throws(() => types.command.drop(event), isValueError);
    });
  }

  test('are released after a rejection and after a fault', async () => {
    const { types, decider, statistics } = await loadModule(bank);
    const state = decider.initialState();
    const command = types.command.fromEnvelope(envelope('CloseAccount', { accountId: 'a' }));
    assert.throws(() => decider.decide(state, command), isRejection);
    assert.throws(() => types.command.fromEnvelope(envelope('CloseAccount', {})), { code: 'invalid-shape' });
    assert.equal(statistics.handles, 2);
    types.command.drop(command);
    types.state.drop(state);
    assert.equal(statistics.handles, 0);
  });
});

for (const isolation of ['pooled', 'fresh'] as const) {
  test(`are counted in statistics, which are printed and serialized as numbers (${isolation})`, async () => {
    const { decider, statistics } = await loadModule(bank, { isolation });
    const { instances } = statistics;
    assert.equal(inspect(statistics), `{ instances: ${instances}, handles: 0 }`);
    decider.initialState();
    assert.equal(statistics.handles, 1);
    assert.deepEqual(JSON.parse(JSON.stringify(statistics)), { instances: statistics.instances, handles: 1 });
    assert.equal(inspect(statistics), `{ instances: ${statistics.instances}, handles: 1 }`);
  });
}

describe('fresh isolation', () => {
  test('creates an instance for each call', async () => {
    const { types, decider, statistics } = await loadModule(bank, { isolation: 'fresh' });
    const before = statistics.instances;
    const state = decider.initialState();
    types.state.toBytes(state); // The state is bytes already.
    decider.evolve(state, types.event.fromEnvelope(envelope('AccountOpened', { accountId: 'a', owner: 'o' })));
    assert.equal(statistics.instances - before, 3);
  });

  test('keeps handles after a trap, because instances hold no data between calls', async () => {
    const { types, decider } = await loadModule(await countingGuest('command-handler'), { isolation: 'fresh' });
    const state = decider.initialState();
    assert.throws(() => decider.decide(state, types.command.fromEnvelope(message(13))), isTrap);
    assert.equal(types.state.toBytes(state).length, 0);
  });

  test('keeps no event of a decision whose events cannot all be read', async () => {
    // Each decision has two events, and the second has more bytes than there is memory.
    const core = coreText('command-handler').replace(
      '(i32.store (i32.const 4) (i32.const 512)) (i32.store (i32.const 8) (i32.const 1)) (i32.const 0))',
      `(i32.store (i32.const 516) (call $new-event (i32.const -1)))
       (i32.store (i32.const 4) (i32.const 512)) (i32.store (i32.const 8) (i32.const 2)) (i32.const 0))`,
    );
    const module = await loadModule(await countingGuest('command-handler', core), { isolation: 'fresh' });
    const { types, decider, statistics } = module;
    const [state, command] = [decider.initialState(), types.command.fromEnvelope(message(1))];
    assert.throws(() => decider.decide(state, command), isTrap);
    assert.equal(statistics.handles, 2);
  });

  test('decodes and encodes messages and states immediately, so that the host keeps the form of the guest', async () => {
    const { types } = await loadModule(await countingGuest('command-handler'), { isolation: 'fresh' });
    const event = types.event.fromEnvelope({ type: 'counted', schemaVersion: 7, payload: new Uint8Array(3) });
    assert.deepEqual(types.event.toEnvelope(event), message(3));
    const states = (await loadModule(bank, { isolation: 'fresh' })).types.state;
    assert.throws(() => states.fromBytes(Uint8Array.of(0xc1)), isFault);
  });

  test('keeps no event of a decision with more events than free handles', async () => {
    const core = coreText('command-handler').replace(
      '(i32.store (i32.const 4) (i32.const 512)) (i32.store (i32.const 8) (i32.const 1)) (i32.const 0))',
      `(i32.store (i32.const 516) (call $new-event (i32.const 1)))
       (i32.store (i32.const 4) (i32.const 512)) (i32.store (i32.const 8) (i32.const 2)) (i32.const 0))`,
    );
    const bytes = await countingGuest('command-handler', core);
    const { types, decider, statistics } = await loadModule(bytes, { isolation: 'fresh', maxHandles: 4 });
    const [state, command] = [decider.initialState(), types.command.fromEnvelope(message(1))];
    decider.initialState();
    assert.throws(() => decider.decide(state, command), { code: 'handles-exhausted' });
    assert.equal(statistics.handles, 3);
  });

  test('holds no more handles than maxHandles', async () => {
    const { types, decider, statistics } = await loadModule(bank, { isolation: 'fresh', maxHandles: 3 });
    const [state] = Array.from({ length: 2 }, () => decider.initialState());
    const command = types.command.fromEnvelope(envelope('OpenAccount', { accountId: 'a', owner: 'o' }));
    assert.throws(() => decider.initialState(), { code: 'handles-exhausted' });
    assert.throws(() => decider.decide(state!, command), { code: 'handles-exhausted' });
    types.state.drop(state!);
    decider.initialState();
    assert.equal(statistics.handles, 3);
  });

  test('refuses handles that were consumed or are of another kind', async () => {
    const { types, decider } = await loadModule(bank, { isolation: 'fresh' });
    const state = decider.initialState();
    const event = types.event.fromEnvelope(envelope('AccountOpened', { accountId: 'a', owner: 'o' }));
    decider.evolve(state, event);
    assert.throws(() => types.state.toBytes(state), isValueError);
    assert.throws(() => types.state.toBytes(event), isValueError);
    assert.throws(() => types.event.toEnvelope(state), isValueError);
    assert.throws(() => types.event.toEnvelope(decider.initialState()), isValueError);
    assert.throws(() => types.state.drop?.(state), isValueError);
  });
});
