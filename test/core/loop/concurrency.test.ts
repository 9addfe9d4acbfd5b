import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type Conflict,
  createEventSourcer,
  type EventSourcerObserver,
  FaultError,
  isCommandFailure,
  type Precondition,
} from 'decidable';
import { createMemoryStore, type MemoryStore } from 'decidable/memory';
import { failsWith } from './failing.ts';
import { readTill, type TillCommand, tillEnvelope, tillModule } from './till.ts';
import { unrulyStore } from './unruly-store.ts';

const payIn = tillEnvelope({ type: 'PayIn', till: 'a', amount: 1 });
const at = (val: bigint): Precondition => ({ tag: 'at-revision', val });

/** Another process with its own event sourcer on the same store. */
function neighbour(memory: MemoryStore) {
  const sourcer = createEventSourcer({ store: memory, modules: [tillModule()] });
  return (command: TillCommand) => sourcer.handleCommand(tillEnvelope(command));
}

/** An event sourcer with a second writer that appends before each of the first `times` appends. */
function disturbed(
  times: number,
  options: { maxAttempts?: number; cachedStates?: number; disturbance?: TillCommand } = {},
) {
  const memory = createMemoryStore();
  const rival = neighbour(memory);
  const state = { left: times };
  const store = unrulyStore(memory, async (call) => {
    if (call !== 'append' || state.left === 0) return;
    state.left--;
    await rival(options.disturbance ?? { type: 'PayIn', till: 'a', amount: 10 });
  });
  const seen: { conflict: Conflict; retrying: boolean; attempts: number }[] = [];
  const observer: EventSourcerObserver = {
    conflict: ({ attempts }, conflict, retrying) => seen.push({ conflict, retrying, attempts }),
  };
  const till = tillModule();
  const { maxAttempts, cachedStates } = options;
  const sourcer = createEventSourcer({ store, modules: [till], observer, maxAttempts, cachedStates });
  return { memory, rival, store, till, sourcer, seen, state };
}

describe('a conflict', () => {
  test('makes the loop read and decide again', async () => {
    const { sourcer, seen } = disturbed(2);
    const payOut = tillEnvelope({ type: 'PayOut', till: 'a', amount: 15 });
    const result = await sourcer.handleCommand(payOut);
    assert.deepEqual([result.outcome.tag, result.attempts, result.revision], ['accepted', 3, 2n]);
    assert.deepEqual(
      seen.map(({ retrying, attempts }) => [retrying, attempts]),
      [
        [true, 1],
        [true, 2],
      ],
    );
    assert.deepEqual(readTill((await sourcer.readState('till-a')).state).amount, 5);
  });

  test('is an error after eight attempts, and nothing is recorded', async () => {
    const { memory, sourcer, seen } = disturbed(100);
    const error = await failsWith(sourcer.handleCommand(payIn), 'conflict');
    assert.deepEqual(error.payload.val, { stream: 'till-a', precondition: at(6n), actual: 7n });
    assert.deepEqual(
      seen.map(({ retrying }) => retrying),
      [...Array.from({ length: 7 }, () => true), false],
    );
    assert.equal((await memory.readCommits('till-a')).length, 8, 'the eight of the neighbour');
  });

  test('is an error immediately if only one attempt is allowed', async () => {
    const { sourcer } = disturbed(1, { maxAttempts: 1 });
    await failsWith(sourcer.handleCommand(payIn), 'conflict');
  });

  test('is not retried if the caller named the revision', async () => {
    for (const precondition of [at(0n), { tag: 'no-stream' } as const]) {
      const { sourcer, rival, state, seen } = disturbed(0);
      if (precondition.tag === 'at-revision') await rival({ type: 'PayIn', till: 'a', amount: 1 });
      state.left = 1;
      const error = await failsWith(sourcer.handleCommand(payIn, { precondition }), 'conflict');
      assert.deepEqual(error.payload.val.precondition, precondition);
      assert.equal(state.left, 0);
      assert.deepEqual(
        seen.map(({ retrying }) => retrying),
        [false],
      );
    }
  });

  test('is not retried under `no-stream`, and one of many concurrent creations succeeds', async () => {
    const memory = createMemoryStore();
    const open = tillEnvelope({ type: 'Open', till: 'a' });
    const sourcers = Array.from({ length: 16 }, () => createEventSourcer({ store: memory, modules: [tillModule()] }));
    const results = await Promise.allSettled(sourcers.map((sourcer) => sourcer.handleCommand(open)));
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
    for (const result of results)
      if (result.status === 'rejected') assert.ok(isCommandFailure(result.reason, 'conflict'));
  });

  test('is retried for a rejection under every precondition of the module', async () => {
    const { sourcer, rival, state, memory } = disturbed(0);
    await rival({ type: 'Open', till: 'a' });
    state.left = 1;
    const sign = await sourcer.handleCommand(tillEnvelope({ type: 'Sign', till: 'a', text: '' }));
    assert.deepEqual([sign.outcome.tag, sign.attempts, sign.revision], ['rejected', 2, 1n]);
    const [, , last] = await memory.readCommits('till-a');
    assert.equal(last!.decision.decision.seenRevision, 1n);
  });

  test('prevents a rejection that is outdated', async () => {
    // The other writer deposits between the decision and the append, so the amount is large enough now.
    const { sourcer } = disturbed(1);
    const result = await sourcer.handleCommand(tillEnvelope({ type: 'PayOut', till: 'a', amount: 10 }));
    assert.deepEqual([result.outcome.tag, result.attempts], ['accepted', 2]);
  });
});

describe('the precondition of the caller', () => {
  test('strengthens the precondition of the module', async () => {
    const { sourcer } = disturbed(0);
    await sourcer.handleCommand(payIn, { precondition: { tag: 'no-stream' } });
    await sourcer.handleCommand(payIn, { precondition: at(0n) });
    await sourcer.handleCommand(payIn, { precondition: { tag: 'stream-exists' } });
    await sourcer.handleCommand(payIn, { precondition: { tag: 'any' } });
    const note = tillEnvelope({ type: 'Note', till: 'a', text: 'x' });
    assert.equal((await sourcer.handleCommand(note, { precondition: at(3n) })).revision, 4n);
    const sign = tillEnvelope({ type: 'Sign', till: 'a', text: 'x' });
    assert.equal((await sourcer.handleCommand(sign, { precondition: at(4n) })).revision, 5n);
  });

  test('leads to a conflict with the actual revision if the stream violates it', async () => {
    const { sourcer, rival } = disturbed(0);
    const never = await failsWith(sourcer.handleCommand(payIn, { precondition: { tag: 'stream-exists' } }), 'conflict');
    assert.deepEqual(never.payload.val, {
      stream: 'till-a',
      precondition: { tag: 'stream-exists' },
      actual: undefined,
    });
    await rival({ type: 'PayIn', till: 'a', amount: 1 });
    for (const type of ['PayIn', 'Note', 'Sign'] as const) {
      const command = tillEnvelope(type === 'PayIn' ? { type, till: 'a', amount: 1 } : { type, till: 'a', text: 'x' });
      for (const precondition of [at(1n), { tag: 'no-stream' } as const]) {
        const error = await failsWith(sourcer.handleCommand(command, { precondition }), 'conflict');
        assert.deepEqual(error.payload.val, { stream: 'till-a', precondition, actual: 0n });
      }
    }
    assert.equal((await sourcer.readState('till-a')).revision, 0n);
  });

  test('is checked by the append, under every precondition of the module', async () => {
    for (const type of ['PayIn', 'Note', 'Sign'] as const) {
      const { sourcer, rival, state } = disturbed(0);
      await rival({ type: 'PayIn', till: 'a', amount: 1 });
      state.left = 1;
      const command = tillEnvelope(type === 'PayIn' ? { type, till: 'a', amount: 1 } : { type, till: 'a', text: 'x' });
      const error = await failsWith(sourcer.handleCommand(command, { precondition: at(0n) }), 'conflict');
      assert.deepEqual(error.payload.val, { stream: 'till-a', precondition: at(0n), actual: 1n });
    }
  });

  test('never weakens the precondition of the module', async () => {
    const { sourcer, rival } = disturbed(0);
    const open = tillEnvelope({ type: 'Open', till: 'a' });
    const empty = await failsWith(sourcer.handleCommand(open, { precondition: { tag: 'stream-exists' } }), 'conflict');
    assert.deepEqual(empty.payload.val, {
      stream: 'till-a',
      precondition: { tag: 'stream-exists' },
      actual: undefined,
    });
    await rival({ type: 'PayIn', till: 'a', amount: 1 });
    for (const precondition of [at(0n), { tag: 'any' } as const, { tag: 'stream-exists' } as const]) {
      const error = await failsWith(sourcer.handleCommand(open, { precondition }), 'conflict');
      assert.deepEqual(error.payload.val, { stream: 'till-a', precondition: { tag: 'no-stream' }, actual: 0n });
    }
    const sign = tillEnvelope({ type: 'Sign', till: 'b', text: 'x' });
    await failsWith(sourcer.handleCommand(sign, { precondition: { tag: 'any' } }), 'conflict');
  });

  test('is checked against the store and not against a cached state', async () => {
    const { sourcer, rival } = disturbed(0);
    await sourcer.handleCommand(payIn);
    await rival({ type: 'PayIn', till: 'a', amount: 1 });
    assert.equal((await sourcer.handleCommand(payIn, { precondition: at(1n) })).revision, 2n);
  });
});

describe('a cached state', () => {
  test('costs one conflict if it is outdated', async () => {
    const { sourcer, rival, seen } = disturbed(0);
    await sourcer.handleCommand(payIn);
    await rival({ type: 'PayIn', till: 'a', amount: 10 });
    const result = await sourcer.handleCommand(tillEnvelope({ type: 'PayOut', till: 'a', amount: 11 }));
    assert.deepEqual([result.outcome.tag, result.attempts, seen.length], ['accepted', 2, 1]);
  });

  test('is brought up to date before a decision that no precondition checks', async () => {
    const { memory, sourcer, rival } = disturbed(0);
    await sourcer.handleCommand(payIn);
    await rival({ type: 'PayIn', till: 'a', amount: 10 });
    for (const type of ['Note', 'Sign'] as const) {
      const result = await sourcer.handleCommand(tillEnvelope({ type, till: 'a', text: 'x' }));
      const recorded = await memory.findDecision(result.commandId);
      assert.equal(recorded!.decision.seenRevision, result.revision! - 1n);
    }
  });

  test('is dropped if events of another writer precede the events of the decision', async () => {
    const { sourcer, memory } = disturbed(1, { disturbance: { type: 'PayIn', till: 'a', amount: 10 } });
    const note = await sourcer.handleCommand(tillEnvelope({ type: 'Note', till: 'a', text: 'x' }));
    assert.deepEqual([note.revision, note.events[0]!.context.revision], [1n, 1n]);
    const payOut = await sourcer.handleCommand(tillEnvelope({ type: 'PayOut', till: 'a', amount: 10 }));
    assert.deepEqual([payOut.outcome.tag, payOut.attempts], ['accepted', 1], 'nothing stale was left to conflict');
    assert.equal((await memory.readCommits('till-a')).length, 3);
  });

  test('does not lead to a fault if it is outdated, because the command is decided again on the stored events', async () => {
    const memory = createMemoryStore();
    const rival = neighbour(memory);
    const distrusted: number[] = [];
    let poor = false;
    const till = tillModule({
      before: (point) => {
        if (point === 'decide' && poor) {
          poor = false;
          throw new FaultError({ code: 'invariant', message: 'the state is odd', details: [] });
        }
      },
    });
    const observer = { cachedStateFailed: ({ attempts }: { attempts: number }) => distrusted.push(attempts) };
    const sourcer = createEventSourcer({ store: memory, modules: [till], observer });
    await sourcer.handleCommand(payIn);
    await rival({ type: 'PayIn', till: 'a', amount: 1 });
    poor = true;
    const result = await sourcer.handleCommand(payIn);
    assert.deepEqual([result.revision, result.attempts, distrusted], [2n, 2, [1]]);
  });

  test('is not replaced by the initial state of a creation that failed', async () => {
    let odd = false;
    const till = tillModule({
      before: (point) => {
        if (odd && point === 'decide') throw new FaultError({ code: 'odd', message: 'odd', details: [] });
      },
    });
    const store = unrulyStore(createMemoryStore(), () => {});
    const sourcer = createEventSourcer({ store, modules: [till] });
    await sourcer.handleCommand(payIn);
    odd = true;
    await failsWith(sourcer.handleCommand(tillEnvelope({ type: 'Open', till: 'a' })), 'fault');
    odd = false;
    assert.equal((await sourcer.handleCommand(payIn)).attempts, 1);
    assert.deepEqual(store.calls, ['readStream', 'append', 'append']);
  });

  test('is dropped first if it is the least recently used one', async () => {
    const { store, sourcer } = disturbed(0, { cachedStates: 2 });
    const to = (till: string) => sourcer.handleCommand(tillEnvelope({ type: 'PayIn', till, amount: 1 }));
    for (const till of ['a', 'b', 'a', 'c']) await to(till);
    store.calls.length = 0;
    await to('a');
    await to('c');
    assert.deepEqual(store.calls, ['append', 'append']);
    await to('b');
    assert.deepEqual(store.calls.slice(2), ['readStream', 'append']);
  });
});

describe('commands to one stream', () => {
  test('queue within a process, without conflicts and in order', async () => {
    const { sourcer, seen } = disturbed(0);
    const revisions = await Promise.all(Array.from({ length: 50 }, () => sourcer.handleCommand(payIn)));
    assert.deepEqual(
      revisions.map(({ revision, attempts }) => [revision, attempts]),
      Array.from({ length: 50 }, (_, index) => [BigInt(index), 1]),
    );
    assert.deepEqual(seen, []);
  });

  test('from two processes lose no update and leave no gap', async () => {
    const memory = createMemoryStore();
    const slow = unrulyStore(memory, () => new Promise((resolve) => setImmediate(resolve)));
    const sourcers = [1, 2].map(() => createEventSourcer({ store: slow, modules: [tillModule()], maxAttempts: 1000 }));
    await Promise.all(Array.from({ length: 60 }, (_, index) => sourcers[index % 2]!.handleCommand(payIn)));
    const events = await memory.readStream('till-a', {
      direction: 'forward',
    });
    assert.deepEqual(
      events.map(({ context }) => context.revision),
      Array.from({ length: 60 }, (_, index) => BigInt(index)),
    );
    assert.equal(readTill((await sourcers[0]!.readState('till-a')).state).amount, 60);
  });

  test('do not wait for commands to other streams', async () => {
    const memory = createMemoryStore();
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const store = unrulyStore(memory, (call, stream) => (call === 'append' && stream === 'till-a' ? held : undefined));
    const sourcer = createEventSourcer({ store, modules: [tillModule()] });
    const waiting = sourcer.handleCommand(payIn);
    await sourcer.handleCommand(tillEnvelope({ type: 'PayIn', till: 'b', amount: 1 }));
    release();
    await waiting;
  });
});
