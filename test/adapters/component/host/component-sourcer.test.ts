/**
 * `componentSourcer` makes an event sourcer of a component. test/examples/system/sourcer.test.ts compares one with
 * `createEventSourcer` on random commands.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import {
  type AnyModule,
  commandUuid,
  createEventSourcer,
  defineCommand,
  defineDecider,
  defineEvent,
  type EventStore,
  FaultError,
  isCommandFailure,
  rollout,
} from 'decidable';
import { isArgumentError, isLinkError, Trap } from 'decidable/component';
import { componentSourcer, componentStore, loadModule } from 'decidable/component/host';
import { createMemoryStore } from 'decidable/memory';
import { verifyChain } from 'decidable/storage';
import { z } from 'zod';
import { account } from '../../../../examples/bank/account.ts';
import { engine } from '../../../../src/adapters/component/engine/web-assembly.ts';
import { dummyComponent, witSource } from './counting-guest.ts';

const skip = engine.promising === undefined ? 'this engine has no JavaScript promise integration' : false;
const examples = new URL('../../../../examples/', import.meta.url);
const bytes = await readFile(new URL('system/components/event-sourcer.wasm', examples));
const bank = await readFile(new URL('guests/rust/bank.wasm', examples));

const { OpenAccount, Deposit, Withdraw } = account.commands;
const open = account.types.command.toEnvelope(OpenAccount({ accountId: 'a', owner: 'Ada' }));
const deposit = account.types.command.toEnvelope(Deposit({ accountId: 'a', amount: 5 }));
const withdraw = account.types.command.toEnvelope(Withdraw({ accountId: 'a', amount: 9 }));

const Ring = defineCommand('Ring', z.strictObject({ id: z.string() }));
const Rang = defineEvent('Rang', z.object({}));
const bell = defineDecider({
  name: 'bell',
  version: '1.0.0',
  state: z.object({ rings: z.int() }),
  commands: { Ring },
  events: { Rang },
  category: 'bell',
  streamId: ({ data }) => data.id,
  initialState: { rings: 0 },
  evolve: {
    Rang: (state) => {
      state.rings += 1;
    },
  },
  decide: { Ring: () => [Rang({})] },
});
const ring = bell.types.command.toEnvelope(Ring({ id: '1' }));

/** Returns the bell with another function `decide`. */
function bellThat(decide: AnyModule['decider']['decide']): AnyModule {
  return { ...bell, decider: { ...bell.decider, decide } } as AnyModule;
}

/** Returns a store that fails instead of appending. */
function storeThat(append: EventStore['append'], memory: EventStore = createMemoryStore()): EventStore {
  return {
    append,
    readStream: (...args) => memory.readStream(...args),
    readAll: (...args) => memory.readAll(...args),
    awaitEvents: (...args) => memory.awaitEvents(...args),
    findDecision: (...args) => memory.findDecision(...args),
    loadSnapshot: (...args) => memory.loadSnapshot(...args),
    saveSnapshot: (...args) => memory.saveSnapshot(...args),
    dropSnapshot: (...args) => memory.dropSnapshot(...args),
  };
}

describe('an event sourcer in a component', { skip }, () => {
  test('stores the same decisions as createEventSourcer, over a module and a store in components', async () => {
    const now = () => 1_700_000_000_000;
    const memory = createMemoryStore({ now });
    await using theirs = createEventSourcer({ store: memory, modules: [await loadModule(bank)] });
    const inComponent = await componentStore(await readFile(new URL('system/components/event-store.wasm', examples)), {
      now,
    });
    await using ours = await componentSourcer(bytes, { store: inComponent, modules: [await loadModule(bank)] });
    for (const [index, command] of [open, deposit, withdraw, deposit].entries()) {
      const options = { commandId: `c${Math.min(index, 2)}` };
      const [one, other] = await Promise.allSettled([
        ours.handleCommand(command, options),
        theirs.handleCommand(command, options),
      ]);
      assert.equal(one.status, other.status);
      const id = commandUuid(options.commandId);
      assert.deepEqual(await inComponent.findDecision(id), await memory.findDecision(id));
    }
    assert.notEqual((await memory.findDecision(commandUuid('c0')))?.decision.module.digest, undefined);
    assert.deepEqual((await ours.readState('account-a')).state, (await theirs.readState('account-a')).state);
  });

  test('has an instance for each of its modules, and routes commands and reads to them', async () => {
    const store = createMemoryStore();
    await using sourcer = await componentSourcer(bytes, { store, modules: [account, bell] });
    assert.equal(sourcer.instances, 2);
    assert.equal((await sourcer.handleCommand(open)).module, 'bank.account');
    assert.equal((await sourcer.handleCommand(ring)).module, 'bell');
    assert.equal((await sourcer.readState('bell-1', { module: 'bell' })).revision, 0n);
    await assert.rejects(sourcer.readState('bell-1'), (error) => isCommandFailure(error, 'unroutable'));
    const unknown = { type: 'Borrow', schemaVersion: 1, payload: Uint8Array.of(0x80) };
    await assert.rejects(sourcer.handleCommand(unknown), (error) => isCommandFailure(error, 'unroutable'));
    assert.ok((await verifyChain(store)).intact);
  });

  test('does not record a fault of `decide` as a rejection, although both have the same form', async () => {
    const memory = createMemoryStore();
    const module = bellThat(() => {
      throw new FaultError({ code: 'broken-bell', message: 'the bell is broken', details: [] });
    });
    await using sourcer = await componentSourcer(bytes, { store: memory, modules: [module] });
    await assert.rejects(
      sourcer.handleCommand(ring, { commandId: 'r1' }),
      (error) => isCommandFailure(error, 'fault') && error.payload.val.code === 'broken-bell',
    );
    assert.equal(await memory.findDecision(commandUuid('r1')), undefined);
  });

  test('passes the code of a trap of its module on, and continues with a new instance', async () => {
    const guest = await loadModule(bank);
    let isTight = true;
    const decide: AnyModule['decider']['decide'] = (state, command) => {
      if (isTight) throw new Trap('the budget is exhausted', { code: 'fuel-exhausted' });
      return guest.decider.decide(state as number, command as number);
    };
    const module = { ...guest, decider: { ...guest.decider, decide } } as unknown as AnyModule;
    await using sourcer = await componentSourcer(bytes, { store: createMemoryStore(), modules: [module] });
    await assert.rejects(
      sourcer.handleCommand(open, { commandId: 'o1' }),
      (error) => isCommandFailure(error, 'trap') && error.payload.val.code === 'fuel-exhausted',
    );
    isTight = false;
    assert.equal((await sourcer.handleCommand(open, { commandId: 'o1' })).revision, 0n);
    assert.equal(sourcer.instances, 2);
    assert.equal(guest.statistics.handles, 0);
  });

  test('fails with a trap if it ends before it appends, and with an unknown outcome afterwards', async () => {
    const dummy = await dummyComponent(witSource(), 'event-sourcing');
    await using sourcer = await componentSourcer(dummy, { store: createMemoryStore(), modules: [bell] });
    await assert.rejects(sourcer.handleCommand(ring), (error) => isCommandFailure(error, 'trap'));
    await assert.rejects(sourcer.readState('bell-1'), (error) => isCommandFailure(error, 'trap'));

    const memory = createMemoryStore();
    const store = storeThat(async (...args) => {
      await memory.append(...args);
      throw new TypeError('the connection was lost');
    }, memory);
    await using unlucky = await componentSourcer(bytes, { store, modules: [bell] });
    const isUnknown = (error: unknown) =>
      isCommandFailure(error, 'store') && error.payload.val.code === 'unknown-outcome';
    await assert.rejects(unlucky.handleCommand(ring, { commandId: 'r1' }), isUnknown);
    const { duplicate, revision } = await unlucky.handleCommand(ring, { commandId: 'r1' });
    assert.deepEqual([duplicate, revision], [true, 0n]);
  });

  test('releases the handles of its modules when a command and the event sourcer end', async () => {
    const guest = await loadModule(bank);
    const sourcer = await componentSourcer(bytes, { store: createMemoryStore(), modules: [guest as AnyModule] });
    await sourcer.handleCommand(open);
    await sourcer.handleCommand(withdraw);
    assert.equal(guest.statistics.handles, 0);
    await sourcer.close();
    await assert.rejects(sourcer.handleCommand(deposit), (error) => isCommandFailure(error, 'closed'));
    await assert.rejects(sourcer.readState('account-a'), (error) => isCommandFailure(error, 'closed'));
  });

  test('finishes accepted commands when it is closed', async () => {
    const store = createMemoryStore();
    const sourcer = await componentSourcer(bytes, { store, modules: [bell] });
    const accepted = [sourcer.handleCommand(ring), sourcer.handleCommand(ring)];
    await sourcer.close();
    assert.deepEqual(
      (await Promise.all(accepted)).map(({ revision }) => revision),
      [0n, 1n],
    );
  });

  test('refuses options that it does not support by name', async () => {
    await using sourcer = await componentSourcer(bytes, { store: createMemoryStore(), modules: [bell] });
    for (const [argument, options] of [
      ['options.signal', { signal: AbortSignal.abort() }],
      ['options.principal', { principal: 'ada' }],
      ['options.comandId', { comandId: '1' }],
    ] as const) {
      await assert.rejects(
        sourcer.handleCommand(ring, options as never),
        (error) => isCommandFailure(error, 'invalid-argument') && error.payload.val.argument === argument,
      );
    }
  });
});

describe('the options of componentSourcer', { skip }, () => {
  const store = createMemoryStore();

  test('are refused if they are unknown or invalid', async () => {
    await assert.rejects(
      componentSourcer(bytes, { store, modules: [bell], cachedStates: 5 } as never),
      (error) => isArgumentError(error) && error.argument === 'cachedStates',
    );
    const isDefinition = (place: string) => (error: unknown) =>
      error instanceof Error && 'payload' in error && (error.payload as { place: string }).place === place;
    await assert.rejects(componentSourcer(bytes, { modules: [bell] } as never), isDefinition('componentSourcer.store'));
    await assert.rejects(componentSourcer(bytes, { store, modules: [] }), isDefinition('componentSourcer.modules'));
    await assert.rejects(componentSourcer(bytes, { store, modules: [bell, bell] }), isDefinition('module bell'));
    const inSteps = rollout(bell as AnyModule, bell as AnyModule, { share: 0.5 });
    await assert.rejects(
      componentSourcer(bytes, { store, modules: [inSteps as AnyModule] }),
      isDefinition('componentSourcer.modules[0]'),
    );
  });

  test('need a component of the world event-sourcing', async () => {
    await assert.rejects(
      componentSourcer(bank, { store, modules: [bell] }),
      (error) => isLinkError(error) && error.path[0] === 'decidable:eventsourcing/event-sourcer@0.1.0',
    );
  });
});
