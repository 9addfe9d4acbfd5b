/** Components of the contract cosmonic:eventsourcing@0.0.1 run as deciders (examples/guests/foreign/cosmonic.c). */
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
import { isLinkError } from 'decidable/component';
import { type CosmonicOptions, cosmonicCommandHandler } from 'decidable/component/foreign';
import { createMemoryStore } from 'decidable/memory';
import { createSqliteStore } from 'decidable/sqlite';
import { verifyChain } from 'decidable/storage';
import { verifyStore } from 'decidable/verification';

const examples = new URL('../../../../../examples/guests/', import.meta.url);
const encoder = new TextEncoder();
const textOf = (payload: Uint8Array): string => new TextDecoder().decode(payload);

const OPTIONS: CosmonicOptions = {
  name: 'counter',
  version: '1.0.0',
  category: 'counter',
  commands: { Add: {}, Open: { precondition: 'no-stream' } },
  events: ['Added'],
  streamId: ({ payload }) => textOf(payload).split(' ')[0]!,
};

const command = (type: string, payload: string): Envelope => ({
  type,
  schemaVersion: 1,
  payload: encoder.encode(payload),
});
const add = (amount: number): Envelope => command('Add', `7 ${amount}`);

for (const form of ['resources', 'functions']) {
  const bytes = await readFile(new URL(`foreign/cosmonic-${form}.wasm`, examples));
  const load = async (options: Partial<CosmonicOptions> = {}) =>
    cosmonicCommandHandler(bytes, { ...OPTIONS, ...options });

  describe(`a command handler of the contract cosmonic:eventsourcing@0.0.1 with ${form}`, () => {
    for (const isolation of ['pooled', 'fresh'] as const) {
      test(`appends, replays and recognizes duplicates in a SQLite store with \`${isolation}\` instances`, async () => {
        await using store = createSqliteStore({ file: ':memory:' });
        const module = await load({ isolation });
        for (let process = 0; process < 2; process++) {
          await using sourcer = createEventSourcer({ store, modules: [module as AnyModule] });
          const { events, duplicate } = await sourcer.handleCommand(add(40), { commandId: 'a1' });
          const { type, payload } = events[0]!.event;
          assert.deepEqual([type, textOf(payload), duplicate], ['Added', '40', process > 0]);
        }
        await using sourcer = createEventSourcer({ store, modules: [module as AnyModule] });
        assert.equal((await sourcer.handleCommand(add(60))).revision, 1n);
        const { outcome } = await sourcer.handleCommand(add(0));
        assert.deepEqual(outcome, {
          tag: 'rejected',
          val: { code: 'rejected', message: 'there is nothing to add', details: [] },
        });
        assert.ok((await verifyChain(store)).intact);
        await sourcer.close();
        assert.equal(module.statistics.handles, 0);
      });

      test(`stores no event that cannot be folded, with \`${isolation}\` instances`, async () => {
        const store = createMemoryStore();
        await using sourcer = createEventSourcer({ store, modules: [(await load({ isolation })) as AnyModule] });
        await sourcer.handleCommand(add(60));
        await assert.rejects(
          sourcer.handleCommand(add(41), { commandId: 'a2' }),
          (error) => isCommandFailure(error, 'fault') && error.payload.val.code === 'cannot-rehydrate',
        );
        assert.equal(await store.findDecision(commandUuid('a2')), undefined);
        assert.equal((await sourcer.handleCommand(add(40))).revision, 1n);
      });
    }

    test('has its precondition checked by the store', async () => {
      await using sourcer = createEventSourcer({ store: createMemoryStore(), modules: [(await load()) as AnyModule] });
      await sourcer.handleCommand(command('Open', '7 1'));
      await assert.rejects(sourcer.handleCommand(command('Open', '7 1')), (error) =>
        isCommandFailure(error, 'conflict'),
      );
    });

    test('is verified by deciding its recorded commands again', async () => {
      const store = createMemoryStore();
      await using sourcer = createEventSourcer({ store, modules: [(await load()) as AnyModule] });
      for (const amount of [1, 0, 99]) await sourcer.handleCommand(add(amount));
      const { difference, decisions } = await verifyStore(store, {
        deciders: [(await load({ isolation: 'fresh' })) as AnyModule],
      });
      assert.deepEqual([difference, decisions], [undefined, 3]);
    });

    test('gets a new instance after a trap, and continues with the states of its streams', async () => {
      const module = await load();
      await using sourcer = createEventSourcer({ store: createMemoryStore(), modules: [module as AnyModule] });
      await sourcer.handleCommand(add(40));
      await assert.rejects(sourcer.handleCommand(add(666)), (error) => isCommandFailure(error, 'trap'));
      assert.equal((await sourcer.handleCommand(add(60))).revision, 1n);
      await assert.rejects(sourcer.handleCommand(add(1)), (error) => isCommandFailure(error, 'fault'));
      // The command is decided twice: on the cached state, and on the loaded one.
      assert.equal(module.statistics.instances, 3);
    });

    test('reports the texts of the component as faults, except that of `handle`', async () => {
      const { decider, types, statistics } = await load();
      const isFaultOf = (code: string) => (error: unknown) => isFault(error) && error.code === code;
      assert.throws(() => types.command.fromEnvelope(command('Add', 'x')), isFaultOf('undecodable-payload'));
      assert.throws(() => types.command.fromEnvelope(command('Sub', '7 1')), isFaultOf('unknown-type'));
      const unreadable = { type: 'Added', schemaVersion: 1, payload: encoder.encode('x') };
      assert.throws(() => types.event.fromEnvelope(unreadable), isFaultOf('undecodable-payload'));
      assert.throws(() => types.state.fromBytes(Uint8Array.of(0xc1)), isFaultOf('undecodable-payload'));
      const [state, nothing] = [decider.initialState(), types.command.fromEnvelope(add(0))];
      assert.throws(() => decider.decide(state, nothing), isRejection);
      types.state.drop(state);
      types.command.drop(nothing);
      assert.deepEqual([statistics.handles, statistics.instances], [0, 1]);
    });

    test('reports an error of `streamId` or `eventType` as a fault', async () => {
      const fails = () => {
        throw new Error('no such id');
      };
      const isUnexpected = (error: unknown) =>
        isCommandFailure(error, 'fault') && error.payload.val.code === 'unexpected-exception';
      for (const options of [{ streamId: fails }, { eventType: fails }]) {
        const module = await load(options);
        await using sourcer = createEventSourcer({ store: createMemoryStore(), modules: [module as AnyModule] });
        await assert.rejects(sourcer.handleCommand(add(1)), isUnexpected);
        assert.equal(module.statistics.instances, 1);
      }
    });
  });
}

describe('the options of cosmonicCommandHandler', () => {
  test('are refused by name if they are invalid', async () => {
    const bytes = await readFile(new URL('foreign/cosmonic-resources.wasm', examples));
    const isDefinition = (place: string) => (error: unknown) =>
      error instanceof Error && 'payload' in error && (error.payload as { place: string }).place === place;
    const cases: [string, object][] = [
      ['name', { name: '' }],
      ['version', { version: undefined }],
      ['streamId', { streamId: 'id' }],
      ['eventType', { events: ['Added', 'Removed'] }],
      ['commands', { commands: undefined }],
      ['commands.Add.precondition', { commands: { Add: { precondition: 'never' } } }],
    ];
    for (const [option, options] of cases) {
      const invalid = { ...OPTIONS, ...options } as CosmonicOptions;
      await assert.rejects(
        cosmonicCommandHandler(bytes, invalid),
        isDefinition(`cosmonicCommandHandler.${option}`),
        option,
      );
    }
  });

  test('need a component of the contract', async () => {
    await assert.rejects(
      cosmonicCommandHandler(await readFile(new URL('foreign/trogon.wasm', examples)), OPTIONS),
      (error) => isLinkError(error) && error.path[0] === 'cosmonic:eventsourcing/types@0.0.1',
    );
  });
});
