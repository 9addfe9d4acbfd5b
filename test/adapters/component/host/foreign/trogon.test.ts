/** Components of the contract trogon:decider@0.3.0 run as deciders (examples/guests/foreign/trogon.c). */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import {
  type AnyModule,
  commandUuid,
  createEventSourcer,
  type Envelope,
  isCommandFailure,
  isFault,
  isRejection,
} from 'decidable';
import { isArgumentError, isLinkError, isTrap } from 'decidable/component';
import { trogonDecider } from 'decidable/component/foreign';
import { createMemoryStore } from 'decidable/memory';
import { createSqliteStore } from 'decidable/sqlite';
import { verifyChain } from 'decidable/storage';
import { verifyStore } from 'decidable/verification';

const examples = new URL('../../../../../examples/guests/', import.meta.url);
const bytes = await readFile(new URL('foreign/trogon.wasm', examples));
const OPTIONS = { category: 'counter', events: ['Opened', 'Added'] } as const;

const encoder = new TextEncoder();
const command = (type: string, payload: string): Envelope => ({
  type,
  schemaVersion: 1,
  payload: encoder.encode(payload),
});
const add = (amount: number): Envelope => command('Add', `7 ${amount}`);
const textOf = (payload: Uint8Array): string => new TextDecoder().decode(payload);

async function sourcerOf(store = createMemoryStore(), options: object = {}) {
  const module = await trogonDecider(bytes, { ...OPTIONS, ...options });
  return { store, module, sourcer: createEventSourcer({ store, modules: [module as AnyModule] }) };
}

describe('a decider of the contract trogon:decider@0.3.0', () => {
  test('describes itself with the name, the commands and the policies of the component', async () => {
    const { routing } = await trogonDecider(bytes, OPTIONS);
    const { digest, ...descriptor } = routing.describe();
    assert.equal(digest?.length, 32);
    assert.deepEqual(descriptor, {
      name: 'counter',
      version: '1.0.0',
      contentType: 'application/octet-stream',
      category: 'counter',
      foreignEvents: 'fault',
      commands: [
        { type: 'Open', schemaVersion: 1, precondition: 'no-stream', snapshot: { tag: 'never' } },
        { type: 'Add', schemaVersion: 1, precondition: 'stream-unchanged', snapshot: { tag: 'every', val: 3 } },
      ],
      events: [
        { type: 'Opened', schemaVersion: 1 },
        { type: 'Added', schemaVersion: 1 },
      ],
    });
  });

  for (const isolation of ['pooled', 'fresh'] as const) {
    test(`appends, replays and recognizes duplicates in a SQLite store with \`${isolation}\` instances`, async () => {
      await using store = createSqliteStore({ file: ':memory:' });
      const module = await trogonDecider(bytes, { ...OPTIONS, isolation });
      for (let process = 0; process < 2; process++) {
        await using sourcer = createEventSourcer({ store, modules: [module as AnyModule] });
        const { events, duplicate } = await sourcer.handleCommand(add(40), { commandId: 'a1' });
        assert.deepEqual(
          [events[0]?.event.type, textOf(events[0]!.event.payload), duplicate],
          ['Added', '40', process > 0],
        );
        assert.equal(textOf((await sourcer.readState('counter-7')).state), '40');
      }
      await using sourcer = createEventSourcer({ store, modules: [module as AnyModule] });
      const { outcome } = await sourcer.handleCommand(add(61));
      assert.deepEqual(outcome, {
        tag: 'rejected',
        val: { code: 'too-much', message: 'the counter would exceed 100', details: [] },
      });
      assert.ok((await verifyChain(store)).intact);
      await sourcer.close();
      assert.equal(module.statistics.handles, 0);
    });
  }

  test('has its precondition checked by the store', async () => {
    const { sourcer } = await sourcerOf();
    await sourcer.handleCommand(command('Open', '7 0'));
    await assert.rejects(sourcer.handleCommand(command('Open', '7 0')), (error) => isCommandFailure(error, 'conflict'));
    await sourcer.close();
  });

  test('is loaded from its snapshot', async () => {
    const { store, sourcer, module } = await sourcerOf();
    for (const amount of [1, 2, 3]) await sourcer.handleCommand(add(amount));
    const key = { moduleName: 'counter', moduleVersion: '1.0.0', stream: 'counter-7' };
    const snapshot = await store.loadSnapshot(key);
    assert.deepEqual([snapshot?.revision, textOf(snapshot!.state)], [2n, '6']);
    await sourcer.close();
    // The snapshot replaces the events, as a changed one shows.
    await store.saveSnapshot(key, { ...snapshot!, revision: 2n, state: encoder.encode('99') });
    const { outcome } = await createEventSourcer({ store, modules: [module as AnyModule] }).handleCommand(add(5));
    assert.equal(outcome.tag, 'rejected');
  });

  test('is verified by deciding its recorded commands again', async () => {
    const { store, sourcer } = await sourcerOf();
    for (const amount of [1, 99, 100]) await sourcer.handleCommand(add(amount));
    await sourcer.close();
    const deciders = [(await trogonDecider(bytes, { ...OPTIONS, isolation: 'fresh' })) as AnyModule];
    const { difference, decisions } = await verifyStore(store, { deciders });
    assert.deepEqual([difference, decisions], [undefined, 3]);
  });

  test('reports faults as faults, records nothing, and keeps its instance', async () => {
    const { store, sourcer, module } = await sourcerOf();
    const isFaultOf = (code: string) => (error: unknown) =>
      isCommandFailure(error, 'fault') && error.payload.val.code === code;
    const cases = [
      ['undecodable-payload', command('Add', '7')],
      ['empty-decision', add(0)],
      ['newer-schema-version', { ...add(1), schemaVersion: 2 }],
    ] as const;
    for (const [code, envelope] of cases) {
      await assert.rejects(sourcer.handleCommand(envelope, { commandId: code }), isFaultOf(code), code);
      assert.equal(await store.findDecision(commandUuid(code)), undefined);
    }
    assert.equal(module.statistics.instances, 1);
  });

  test('gets a new instance after a trap, and continues with the states of its streams', async () => {
    const { sourcer, module } = await sourcerOf();
    await sourcer.handleCommand(add(40));
    await assert.rejects(sourcer.handleCommand(add(666)), (error) => isCommandFailure(error, 'trap'));
    assert.equal((await sourcer.handleCommand(add(60))).revision, 1n);
    assert.equal((await sourcer.handleCommand(add(1))).outcome.tag, 'rejected');
    // The command is decided twice: on the cached state, and on the loaded one.
    assert.equal(module.statistics.instances, 3);
  });

  test('distinguishes rejections from faults in `decide`', async () => {
    const { decider, types } = await trogonDecider(bytes, OPTIONS);
    const state = decider.initialState();
    const tooMuch = types.command.fromEnvelope(add(101));
    const undecodable = types.command.fromEnvelope(command('Add', 'x'));
    assert.throws(() => decider.decide(state, tooMuch), isRejection);
    assert.throws(() => decider.decide(state, undecodable), isFault);
  });

  test('holds no more messages than maxHandles allows', async () => {
    const { types, statistics } = await trogonDecider(bytes, { ...OPTIONS, maxHandles: 2 });
    types.command.fromEnvelope(add(1));
    types.command.fromEnvelope(add(1));
    assert.equal(statistics.handles, 2);
    assert.throws(
      () => types.command.fromEnvelope(add(1)),
      (error) => isTrap(error) && error.code === 'handles-exhausted',
    );
  });

  test('faults on an event that the component cannot read', async () => {
    const { decider, types, statistics } = await trogonDecider(bytes, OPTIONS);
    const event = types.event.fromEnvelope({ type: 'Added', schemaVersion: 1, payload: encoder.encode('many') });
    assert.throws(() => decider.evolve(decider.initialState(), event), isFault);
    assert.throws(() => types.event.fromEnvelope({ ...add(1), type: 'Removed' }), isFault);
    types.event.drop(event);
    assert.equal(statistics.handles, 0);
  });
});

describe('the options of trogonDecider', () => {
  test('are refused by name if they are invalid', async () => {
    const isDefinition = (place: string) => (error: unknown) =>
      error instanceof Error && 'payload' in error && (error.payload as { place: string }).place === place;
    await assert.rejects(trogonDecider(bytes, { ...OPTIONS, category: 'a-b' }), isDefinition('trogonDecider.category'));
    await assert.rejects(trogonDecider(bytes, { ...OPTIONS, events: [''] }), isDefinition('trogonDecider.events[0]'));
    await assert.rejects(
      trogonDecider(bytes, { ...OPTIONS, evnts: [] } as never),
      (error) => isArgumentError(error) && error.argument === 'evnts',
    );
  });

  test('need a component of the contract', async () => {
    await assert.rejects(
      trogonDecider(await readFile(new URL('rust/bank.wasm', examples)), OPTIONS),
      (error) => isLinkError(error) && error.path[0] === 'trogon:decider/handler@0.3.0',
    );
  });
});
