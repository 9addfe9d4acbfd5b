/** The replacement of instances that trap. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { isTrap } from 'decidable/component';
import { loadModule, StaleHandle } from 'decidable/component/host';
import { virtualWasi } from 'decidable/component/wasi';
import { engine } from '../../../../src/adapters/component/engine/web-assembly.ts';
import { createMemoryStore } from '../../../../src/adapters/stores/memory/index.ts';
import { msgpack } from '../../../../src/core/codec/msgpack.ts';
import { createEventSourcer, isCommandFailure } from '../../../../src/core/index.ts';
import { askingGuest } from './asking-guest.ts';
import { envelope } from './bank-arbitraries.ts';
import { coreText, countingGuest } from './counting-guest.ts';
import { context, message } from './counting-messages.ts';

const bank = readFileSync(new URL('../../../../examples/guests/c/bank.wasm', import.meta.url));

const readState = (bytes: Uint8Array) =>
  msgpack.decode(bytes, { kind: 'state', type: 'bank.account', schemaVersion: 1 });

describe('an instance that traps', () => {
  test('is replaced by the next call, and its handles are refused', async () => {
    const { types, decider, statistics } = await loadModule(await countingGuest('command-handler'));
    const [state, bad] = [decider.initialState(), types.command.fromEnvelope(message(13))];
    assert.throws(() => decider.decide(state, bad), isTrap);
    assert.throws(() => types.state.toBytes(state), StaleHandle);
    assert.equal(statistics.instances, 2);
    const next = decider.initialState();
    assert.notEqual(next, state);
    assert.equal(types.state.toBytes(next).length, 0);
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
