import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type } from 'arktype';
import {
  createEventSourcer,
  defineCommand,
  defineDecider,
  defineEvent,
  type EventSourcerObserver,
  FaultError,
  StoreFailure,
  upcastFrom,
} from 'decidable';
import { Trap } from 'decidable/component';
import { createMemoryStore, type MemoryStore } from 'decidable/memory';
import * as v from 'valibot';
import { z } from 'zod';
import { readTill, type TillOptions, tillEnvelope, tillModule } from './till.ts';
import { type Before, unrulyStore } from './unruly-store.ts';

const payIn = tillEnvelope({ type: 'PayIn', till: 'a', amount: 1 });
const key = (moduleVersion = '1') => ({ moduleName: 'till', moduleVersion, stream: 'till-a' });

/** A process that starts with an empty cache. It creates a snapshot after every third event. */
function start(memory: MemoryStore, options: TillOptions = {}, before: Before = () => {}) {
  const store = unrulyStore(memory, before);
  const told: string[] = [];
  const observer: EventSourcerObserver = {
    snapshotSaved: ({ revision }) => told.push(`saved ${revision}`),
    snapshotFailed: ({ revision }) => told.push(`failed ${revision}`),
    snapshotDropped: ({ revision }) => told.push(`dropped ${revision}`),
  };
  const till = tillModule({ snapshot: { tag: 'every', val: 3 }, ...options });
  const sourcer = createEventSourcer({ store, modules: [till], observer });
  const payInTimes = async (times: number): Promise<void> => {
    for (let time = 0; time < times; time++) await sourcer.handleCommand(payIn);
  };
  const amount = async (): Promise<number> => readTill((await sourcer.readState('till-a')).state).amount;
  return { store, told, till, sourcer, payInTimes, amount };
}

describe('a snapshot', () => {
  test('is stored after the configured number of events', async () => {
    const memory = createMemoryStore();
    const { payInTimes, told } = start(memory);
    await payInTimes(8);
    assert.deepEqual(told, ['saved 2', 'saved 5']);
    const snapshot = await memory.loadSnapshot(key());
    assert.equal(snapshot!.revision, 5n);
    assert.equal(readTill(snapshot!.state).amount, 6);
  });

  test('is used by a later load instead of the earlier events', async () => {
    const memory = createMemoryStore();
    await start(memory).payInTimes(8);
    const { till, sourcer, told } = start(memory);
    const result = await sourcer.handleCommand(tillEnvelope({ type: 'PayOut', till: 'a', amount: 8 }));
    assert.equal(result.outcome.tag, 'accepted');
    assert.equal(till.calls.get('event.fromEnvelope'), 2);
    assert.deepEqual(told, ['saved 8'], 'counted from the snapshot that was loaded');
  });

  test('is ignored if it belongs to another version', async () => {
    const memory = createMemoryStore();
    await start(memory).payInTimes(8);
    const { till, amount, told } = start(memory, { version: '2' });
    assert.equal(await amount(), 8);
    assert.equal(till.calls.get('state.fromBytes'), undefined);
    assert.deepEqual(told, []);
    assert.notEqual(await memory.loadSnapshot(key('1')), undefined, 'the version that wrote it may need it again');
  });

  test('is dropped and reported if it cannot be decoded, and the stream is replayed', async () => {
    const memory = createMemoryStore();
    await start(memory).payInTimes(4);
    const state = new Uint8Array([0xff]);
    await memory.saveSnapshot(key(), { revision: 2n, contentType: 'application/json', state });
    const { amount, told } = start(memory);
    assert.equal(await amount(), 4);
    assert.deepEqual(told, ['dropped 2']);
    assert.equal(await memory.loadSnapshot(key()), undefined);
  });

  test('is dropped before it is decoded if it has another content type', async () => {
    const memory = createMemoryStore();
    await start(memory).payInTimes(4);
    await memory.saveSnapshot(key(), { revision: 3n, contentType: 'text/plain', state: new Uint8Array() });
    const { amount, told, till } = start(memory);
    assert.equal(await amount(), 4);
    assert.deepEqual(told, ['dropped 3']);
    assert.equal(till.calls.get('state.fromBytes'), undefined);
  });

  test('is dropped at the first conflict if the stream does not have its history', async () => {
    const memory = createMemoryStore();
    const state = new TextEncoder().encode('{"amount":100,"notes":0,"opened":true}');
    await memory.saveSnapshot(key(), { revision: 99n, contentType: 'application/json', state });
    const { sourcer, told } = start(memory);
    const payOut = await sourcer.handleCommand(tillEnvelope({ type: 'PayOut', till: 'a', amount: 100 }));
    assert.deepEqual([payOut.outcome.tag, payOut.attempts], ['rejected', 2]);
    assert.deepEqual(told, ['dropped 99']);
  });

  test('is dropped by a reader if the stream does not have its revision', async () => {
    const memory = createMemoryStore();
    await start(memory).payInTimes(2);
    const state = new TextEncoder().encode('{"amount":100,"notes":0,"opened":true}');
    await memory.saveSnapshot(key(), { revision: 99n, contentType: 'application/json', state });
    const { sourcer, told } = start(memory);
    const read = await sourcer.readState('till-a');
    assert.deepEqual([readTill(read.state).amount, read.revision], [2, 1n]);
    assert.deepEqual(told, ['dropped 99']);
  });

  test('does not make a missing revision of the stream readable', async () => {
    const memory = createMemoryStore();
    await start(memory).payInTimes(2);
    const state = new TextEncoder().encode('{"amount":100,"notes":0,"opened":true}');
    await memory.saveSnapshot(key(), { revision: 99n, contentType: 'application/json', state });
    const { sourcer } = start(memory);
    await assert.rejects(sourcer.readState('till-a', { revision: 99n }), { code: 'invalid-argument' });
  });

  test('does not cause a command to fail if it cannot be stored, and is tried again with the next command', async () => {
    const memory = createMemoryStore();
    let full = true;
    const { payInTimes, told } = start(memory, {}, (call) => {
      if (call === 'saveSnapshot' && full)
        throw new StoreFailure({ tag: 'failure', val: { code: 'full', message: 'no room' } }, 'no room');
    });
    await payInTimes(3);
    assert.deepEqual(told, ['failed 2']);
    full = false;
    await payInTimes(1);
    assert.deepEqual(told, ['failed 2', 'saved 3']);
  });

  test('does not cause a command to fail if the state cannot be encoded', async () => {
    let broken = true;
    const { payInTimes, told, amount } = start(createMemoryStore(), {
      before: (point) => {
        if (point === 'state.toBytes' && broken) throw new FaultError({ code: 'odd', message: 'odd', details: [] });
      },
    });
    await payInTimes(3);
    assert.deepEqual(told, ['failed 2']);
    broken = false;
    assert.equal(await amount(), 3);
  });

  test('causes no call of the store if the module has no snapshots', async () => {
    const { sourcer, store } = start(createMemoryStore(), { snapshot: { tag: 'never' } });
    await sourcer.handleCommand(payIn);
    assert.deepEqual(store.calls, ['readStream', 'append']);
  });

  test('removes the state from the cache if its instance traps while encoding it', async () => {
    let trapped = false;
    const { sourcer, payInTimes, amount, till } = start(createMemoryStore(), {
      before: (point) => {
        if (point !== 'state.toBytes' || trapped) return;
        trapped = true;
        throw new Trap('unreachable');
      },
    });
    await payInTimes(3);
    assert.equal((await sourcer.handleCommand(payIn)).attempts, 1);
    await payInTimes(1);
    assert.equal(await amount(), 5);
    assert.deepEqual(till.misuses, []);
  });
});

describe('a snapshot of other code', () => {
  const schema = z.object({ total: z.int() });
  const counted = z.object({ by: z.int() });
  type Total = { total: number };

  /** A counter with exchangeable evolve functions, always in version 1. */
  function counter(evolve: (draft: Total, data: { by: number }) => void, state: z.ZodType<Total> = schema) {
    return defineDecider({
      name: 'counter',
      version: '1',
      state,
      commands: { Count: defineCommand('Count', counted, { snapshot: { every: 1 } }) },
      events: { Counted: counted },
      category: 'counter',
      streamId: () => '1',
      initialState: { total: 0 },
      evolve: { Counted: evolve },
      decide: { Count: (_state, { by }) => [{ type: 'Counted', data: { by } }] },
    });
  }
  const wrong = (draft: Total, { by }: { by: number }): void => {
    draft.total = by;
  };
  const fixed = (draft: Total, { by }: { by: number }): void => {
    draft.total += by;
  };

  test('is dropped, and the stream is folded again', async () => {
    const store = createMemoryStore();
    const before = counter(wrong);
    const first = createEventSourcer({ store, modules: [before] });
    for (let time = 0; time < 10; time++) await first.dispatch(before.commands.Count({ by: 5 }));
    assert.deepEqual((await first.state(before, 'counter-1')).state, { total: 5 });

    const after = counter(fixed);
    const dropped: unknown[] = [];
    const observer: EventSourcerObserver = { snapshotDropped: ({ revision }) => dropped.push(revision) };
    const second = createEventSourcer({ store, modules: [after], observer });
    assert.deepEqual((await second.state(after, 'counter-1')).state, { total: 50 });
    assert.deepEqual(dropped, [9n]);
    await second.dispatch(after.commands.Count({ by: 5 }));

    // The new snapshot is used by the same code.
    const again = counter(fixed);
    const third = createEventSourcer({ store, modules: [again], observer, replayLimit: 0 });
    assert.deepEqual((await third.state(again, 'counter-1')).state, { total: 55 });
    assert.deepEqual(dropped, [9n]);
  });

  test('is identified by the evolve functions, the schemas, the upcasters and the initial state', () => {
    const fingerprints = new Set<string | undefined>();
    const definition = {
      name: 'counter',
      version: '1',
      state: schema,
      commands: {},
      events: { Counted: defineEvent('Counted', counted) },
      category: 'counter',
      streamId: () => '1',
      initialState: { total: 0 },
      evolve: { Counted: fixed },
      decide: {},
    };
    const upcast = { 1: () => ({ by: 2 }) };
    const others: Partial<typeof definition>[] = [
      {},
      { evolve: { Counted: wrong } },
      { state: z.object({ total: z.int().min(0) }) as never },
      { state: v.object({ total: v.pipe(v.number(), v.integer()) }) as never },
      { state: v.object({ total: v.pipe(v.number(), v.minValue(0)) }) as never },
      { state: type({ total: 'number.integer' }) as never },
      { state: type({ total: 'number >= 0' }) as never },
      { initialState: { total: 1 } },
      { events: { Counted: defineEvent('Counted', z.object({ by: z.int().default(1) })) } as never },
      { events: { Counted: defineEvent('Counted', counted, { schemaVersion: 2, upcast }) } },
      {
        events: {
          Counted: defineEvent('Counted', counted, { schemaVersion: 2, upcast: { 1: () => ({ by: 1 }) } }),
        },
      },
      {
        events: {
          Counted: defineEvent('Counted', counted, {
            schemaVersion: 2,
            upcast: { 1: upcastFrom(counted, ({ by }) => ({ by })) },
          }),
        },
      },
      {
        events: {
          Counted: defineEvent('Counted', counted, {
            schemaVersion: 2,
            upcast: { 1: upcastFrom(counted, ({ by }) => ({ by: by + 1 })) },
          }),
        },
      },
    ];
    for (const other of others) {
      const made = (): string | undefined => defineDecider({ ...definition, ...other }).stateFingerprint;
      assert.match(made() ?? '', /^[0-9a-f]{16}$/);
      assert.equal(made(), made());
      fingerprints.add(made());
    }
    assert.equal(fingerprints.size, others.length);
    // The definitions of commands and decisions do not affect states.
    const commands = { Count: defineCommand('Count', counted) };
    const decide = { Count: () => [] };
    assert.equal(
      defineDecider({ ...definition, commands, decide }).stateFingerprint,
      defineDecider(definition).stateFingerprint,
    );
  });

  test('is identified by the digest of a component', async () => {
    const memory = createMemoryStore();
    const till = (digest: number) => {
      const module = tillModule({ snapshot: { tag: 'every', val: 1 } });
      const described = { ...module.routing.describe(), digest: new Uint8Array(32).fill(digest) };
      return { ...module, routing: { ...module.routing, describe: () => described } };
    };
    const dropped: unknown[] = [];
    const observer: EventSourcerObserver = { snapshotDropped: ({ revision }) => dropped.push(revision) };
    for (const [index, digest] of [1, 1, 2].entries()) {
      const sourcer = createEventSourcer({ store: memory, modules: [till(digest)], observer });
      await sourcer.handleCommand(payIn);
      assert.equal(readTill((await sourcer.readState('till-a')).state).amount, index + 1);
    }
    assert.deepEqual(dropped, [1n]);
  });
});
