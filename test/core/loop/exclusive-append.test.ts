/** A command that had a conflict with another writer is decided inside the store, if the store supports that. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createEventSourcer, type EventSourcerConfiguration, type EventStore, FaultError } from 'decidable';
import { createMemoryStore } from 'decidable/memory';
import { conflict, type ExclusiveAppend } from 'decidable/storage';
import { failsWith } from './failing.ts';
import { type FailurePoint, tillEnvelope, tillModule } from './till.ts';
import { unrulyStore } from './unruly-store.ts';

const payIn = tillEnvelope({ type: 'PayIn', till: 'a', amount: 1 });
const payOut = tillEnvelope({ type: 'PayOut', till: 'a', amount: 15 });

interface Setting {
  /** Runs before the store reserves the stream, and after the other writer has deposited. */
  readonly beforeReservation?: () => void | Promise<void>;
  readonly before?: (point: FailurePoint) => void;
  readonly configuration?: Partial<EventSourcerConfiguration>;
}

/** Another writer deposits 10 into the till before each append, and before each reservation. */
function contended({ beforeReservation, before, configuration }: Setting = {}) {
  const memory = createMemoryStore();
  const rival = createEventSourcer({ store: memory, modules: [tillModule()] });
  const disturb = async (): Promise<void> => {
    await rival.handleCommand(tillEnvelope({ type: 'PayIn', till: 'a', amount: 10 }));
  };
  const optimistic = unrulyStore(memory, (call) => (call === 'append' ? disturb() : undefined));
  const reservations = { count: 0 };
  const store: EventStore & ExclusiveAppend & { calls: readonly string[] } = {
    ...optimistic,
    async appendExclusively(stream, after, decide) {
      reservations.count++;
      await disturb();
      await beforeReservation?.();
      return memory.appendExclusively(stream, after, decide);
    },
  };
  const till = tillModule({ ...(before && { before }) });
  const sourcer = createEventSourcer({ store, modules: [till], ...configuration });
  const recorded = async (): Promise<number> => (await memory.readCommits('till-a')).length;
  return { memory, store, optimistic, till, sourcer, reservations, recorded };
}

describe('a command that had a conflict with another writer', () => {
  test('is decided inside the store, after the events of the other writer', async () => {
    const { sourcer, reservations } = contended();
    const result = await sourcer.handleCommand(payOut);
    assert.deepEqual([result.outcome.tag, result.attempts, result.revision], ['accepted', 2, 2n]);
    assert.equal(reservations.count, 1);
  });

  test('is rejected inside the store', async () => {
    const { sourcer, memory } = contended();
    const result = await sourcer.handleCommand(tillEnvelope({ type: 'PayOut', till: 'a', amount: 50 }));
    assert.deepEqual([result.outcome.tag, result.attempts, result.revision], ['rejected', 2, 1n]);
    const decision = await memory.findDecision(result.commandId);
    assert.equal(decision?.decision.seenRevision, 1n);
  });

  test('leaves a state in the cache that the next command can use', async () => {
    const { sourcer, till, optimistic, store } = contended();
    await sourcer.handleCommand(payIn);
    optimistic.calls.length = 0;
    await sourcer.readState('till-a');
    assert.deepEqual(optimistic.calls, ['readStream']);
    assert.equal(store.calls, optimistic.calls);
    await sourcer.close();
    assert.deepEqual([till.live.size, till.misuses], [0, []]);
  });

  test('records nothing if the module fails, and releases every handle', async () => {
    let decisions = 0;
    const before = (point: FailurePoint): void => {
      if (point === 'decide' && ++decisions === 2) throw new FaultError({ code: 'odd', message: 'odd', details: [] });
    };
    const { sourcer, till, recorded } = contended({ before });
    const error = await failsWith(sourcer.handleCommand(payIn), 'fault');
    assert.equal(error.payload.val.code, 'odd');
    assert.equal(await recorded(), 2, 'the two of the rival');
    await sourcer.close();
    assert.deepEqual([till.live.size, till.misuses], [0, []]);
  });

  test('records nothing if the module fails to fold the events of the other writer, and releases every handle', async () => {
    let folded = 0;
    const before = (point: FailurePoint): void => {
      if (point === 'evolve' && ++folded === 3) throw new FaultError({ code: 'odd', message: 'odd', details: [] });
    };
    const { sourcer, till, recorded } = contended({ before });
    await failsWith(sourcer.handleCommand(payIn), 'fault');
    assert.equal(await recorded(), 2, 'the two of the rival');
    await sourcer.close();
    assert.deepEqual([till.live.size, till.misuses], [0, []]);
  });

  test('is decided again if the store loses the reservation', async () => {
    let lost = 0;
    const { sourcer, reservations } = contended({
      beforeReservation: () => {
        if (lost++ === 0) throw conflict('till-a', { tag: 'at-revision', val: 0n }, 1n);
      },
    });
    const result = await sourcer.handleCommand(payIn);
    assert.deepEqual([result.outcome.tag, reservations.count], ['accepted', 2]);
  });

  test('has its first outcome if it is a duplicate', async () => {
    const { sourcer, memory } = contended();
    const commandId = 'c07f0c5e-5a8a-4f0c-9c3c-0d8f9c1f4b11';
    const plain = createEventSourcer({ store: memory, modules: [tillModule()] });
    await sourcer.handleCommand(payIn);
    const first = await plain.handleCommand(payIn, { commandId });
    const again = await sourcer.handleCommand(payIn, { commandId });
    assert.deepEqual([again.duplicate, again.revision], [true, first.revision]);
  });

  for (const [name, options, code] of [
    ['cancelled', (signal: AbortSignal) => ({ signal }), 'cancelled'],
    ['past its deadline', () => ({ deadline: BigInt(Date.now() + 1_000) }), 'deadline-exceeded'],
  ] as const) {
    test(`is ${name} while it waits for the reservation, and is not decided later`, async (context) => {
      context.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_700_000_000_000 });
      const abort = new AbortController();
      const gate = Promise.withResolvers<void>();
      const { sourcer, recorded, till } = contended({
        beforeReservation: () => {
          abort.abort();
          context.mock.timers.tick(1_000);
          return gate.promise;
        },
      });
      await failsWith(sourcer.handleCommand(payIn, options(abort.signal)), code);
      gate.resolve();
      await sourcer.close();
      assert.equal(await recorded(), 2, 'the two of the rival');
      assert.deepEqual([till.live.size, till.misuses], [0, []]);
    });
  }

  test('has an unknown outcome if the store fails after the decision without a code', async () => {
    const { memory, store, till } = contended();
    const failing: EventStore & ExclusiveAppend = {
      ...store,
      appendExclusively: async (stream, after, decide) => {
        await memory.appendExclusively(stream, after, decide);
        throw new Error('the line is dead');
      },
    };
    const sourcer = createEventSourcer({ store: failing, modules: [till] });
    const error = await failsWith(sourcer.handleCommand(payIn), 'store');
    assert.equal(error.payload.val.code, 'unknown-outcome');
  });
});

describe('a store without reservations', () => {
  function losing(times: number, maxAttempts?: number) {
    const memory = createMemoryStore();
    const rival = createEventSourcer({ store: memory, modules: [tillModule()] });
    let left = times;
    const store = unrulyStore(memory, async (call) => {
      if (call === 'append' && left-- > 0) await rival.handleCommand(payIn);
    });
    return createEventSourcer({ store, modules: [tillModule()], maxAttempts });
  }

  test('decides a command at most eight times', async () => {
    assert.equal((await losing(7).handleCommand(payIn)).attempts, 8);
    await failsWith(losing(8).handleCommand(payIn), 'conflict');
  });

  test('decides a command with a deadline again until the deadline', async () => {
    const deadline = BigInt(Date.now() + 600_000);
    assert.equal((await losing(12).handleCommand(payIn, { deadline })).attempts, 13);
  });

  test('decides no command more often than configured, with or without a deadline', async () => {
    await failsWith(losing(3, 3).handleCommand(payIn), 'conflict');
    await failsWith(losing(3, 3).handleCommand(payIn, { deadline: BigInt(Date.now() + 600_000) }), 'conflict');
  });

  test('can cancel a command between two attempts', async () => {
    const abort = new AbortController();
    const sourcer = losing(1_000);
    const sent = sourcer.handleCommand(payIn, { signal: abort.signal, deadline: BigInt(Date.now() + 600_000) });
    setImmediate(() => abort.abort());
    await failsWith(sent, 'cancelled');
  });
});
