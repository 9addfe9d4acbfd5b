import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, test } from 'node:test';
import {
  type AuthorizationRequest,
  createEventSourcer,
  DefinitionError,
  type EventSourcerConfiguration,
} from 'decidable';
import { createMemoryStore } from 'decidable/memory';
import { failsWith } from './failing.ts';
import { tillEnvelope, tillModule } from './till.ts';
import { type StoreCall, unrulyStore } from './unruly-store.ts';

const payIn = tillEnvelope({ type: 'PayIn', till: 'a', amount: 1 });

/** An event sourcer with a store that delays one kind of call until the test releases it. */
function holding(call: StoreCall | undefined, configuration: Partial<EventSourcerConfiguration> = {}) {
  const memory = createMemoryStore();
  const gate = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  const store = unrulyStore(memory, (happening) => {
    if (happening !== call) return undefined;
    reached.resolve();
    return gate.promise;
  });
  const till = tillModule();
  const sourcer = createEventSourcer({ store, modules: [till], ...configuration });
  const letGo = (): void => gate.resolve();
  return { memory, store, till, sourcer, letGo, reached: reached.promise };
}

describe('the cancellation of a command', () => {
  test('can occur before anything is done', async () => {
    const { sourcer, store, till } = holding(undefined);
    const reason = new Error('the user left');
    const error = await failsWith(sourcer.handleCommand(payIn, { signal: AbortSignal.abort(reason) }), 'cancelled');
    assert.equal(error.cause, reason);
    assert.deepEqual(store.calls, []);
    assert.equal(till.live.size, 0);
  });

  test('can occur while the command waits for its turn, and does not affect the other commands', async () => {
    const { sourcer, memory, letGo, reached } = holding('append');
    const first = sourcer.handleCommand(payIn);
    const abort = new AbortController();
    const second = sourcer.handleCommand(payIn, { signal: abort.signal });
    const third = sourcer.handleCommand(payIn);
    await reached;
    abort.abort();
    await failsWith(second, 'cancelled');
    letGo();
    assert.deepEqual([(await first).revision, (await third).revision], [0n, 1n]);
    assert.equal((await memory.readCommits('till-a')).length, 2);
  });

  test('keeps the order of the queue, regardless of the order of cancellations', async () => {
    for (const leaving of [[0], [1], [2], [0, 1], [1, 2], [2, 0], [1, 0, 2]]) {
      const { sourcer, letGo, reached } = holding('append');
      const first = sourcer.handleCommand(payIn);
      await reached;
      const aborts = [0, 1, 2].map(() => new AbortController());
      const waiting = aborts.map(({ signal }) => sourcer.handleCommand(payIn, { signal }));
      for (const index of leaving) {
        aborts[index]!.abort();
        await failsWith(waiting[index]!, 'cancelled');
      }
      letGo();
      await first;
      const others = await Promise.all(waiting.filter((_, index) => !leaving.includes(index)));
      assert.deepEqual(
        others.map(({ revision }) => revision),
        others.map((_, index) => BigInt(index + 1)),
      );
    }
  });

  test('immediately ends the wait for a read of the store', async () => {
    const { sourcer, letGo, reached, till } = holding('readStream');
    const abort = new AbortController();
    const sent = sourcer.handleCommand(payIn, { signal: abort.signal });
    await reached;
    abort.abort();
    await failsWith(sent, 'cancelled');
    letGo();
    await sourcer.handleCommand(payIn);
    await sourcer.close();
    assert.equal(till.live.size, 0);
  });

  test('has no effect once the command is being appended', async () => {
    const { sourcer, letGo, reached } = holding('append');
    const abort = new AbortController();
    const sent = sourcer.handleCommand(payIn, { signal: abort.signal });
    await reached;
    abort.abort();
    letGo();
    assert.equal((await sent).revision, 0n);
  });

  test('removes its listener from the signal when the command has ended', async () => {
    const { sourcer } = holding(undefined);
    const { signal } = new AbortController();
    await sourcer.handleCommand(payIn, { signal });
    await sourcer.handleCommand(tillEnvelope({ type: 'PayOut', till: 'a', amount: 5 }), { signal });
    assert.deepEqual(getEventListeners(signal, 'abort'), []);
  });
});

describe('a deadline', () => {
  test('refuses the command before anything is done if it has passed', async () => {
    const { sourcer, store } = holding(undefined);
    const error = await failsWith(sourcer.handleCommand(payIn, { deadline: 1_000n }), 'deadline-exceeded');
    assert.equal(error.payload.val.subject, 'command PayIn');
    assert.deepEqual(store.calls, []);
  });

  test('ends the wait for a turn', async (test) => {
    test.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 5_000 });
    const { sourcer, letGo, reached } = holding('append');
    const first = sourcer.handleCommand(payIn);
    await reached;
    const second = sourcer.handleCommand(payIn, { deadline: 6_000n });
    test.mock.timers.tick(999);
    test.mock.timers.tick(1);
    await failsWith(second, 'deadline-exceeded');
    letGo();
    assert.equal((await first).revision, 0n);
  });

  test('is checked again right before the append, even if it is too far away for a timer', async (test) => {
    test.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 5_000 });
    const { sourcer, memory, letGo, reached } = holding('readStream');
    const century = 3_155_760_000_000;
    const sent = sourcer.handleCommand(payIn, { deadline: BigInt(5_000 + century) });
    await reached;
    test.mock.timers.setTime(5_000 + century);
    letGo();
    await failsWith(sent, 'deadline-exceeded');
    assert.deepEqual(await memory.readCommits('till-a'), []);
  });
});

describe('closing', () => {
  test('finishes accepted commands, refuses later ones, and releases every handle', async () => {
    const { sourcer, letGo, reached, till } = holding('append');
    const sent = [sourcer.handleCommand(payIn), sourcer.handleCommand(payIn)];
    const read = sourcer.readState('till-a');
    await reached;
    const closing = sourcer.close();
    await failsWith(sourcer.handleCommand(payIn), 'closed');
    await failsWith(sourcer.readState('till-a'), 'closed');
    let closed = false;
    closing.then(() => {
      closed = true;
    });
    await Promise.resolve();
    assert.equal(closed, false);
    letGo();
    assert.deepEqual(
      (await Promise.all(sent)).map(({ revision }) => revision),
      [0n, 1n],
    );
    assert.equal((await read).revision, 1n);
    await closing;
    assert.equal(till.live.size, 0);
    assert.equal(sourcer.close(), closing, 'once is enough');
  });

  test('closes the store only if the option closeStore is true', async () => {
    for (const closeStore of [true, false]) {
      const store = createMemoryStore();
      await using sourcer = createEventSourcer({ store, modules: [tillModule()], closeStore });
      await sourcer.handleCommand(payIn);
      await sourcer.close();
      const reading = store.readCommits('till-a');
      if (closeStore) await assert.rejects(reading, { code: 'closed' });
      else assert.equal((await reading).length, 1);
    }
    const { append, ...rest } = unrulyStore(createMemoryStore(), () => {});
    assert.throws(
      () => createEventSourcer({ store: { append, ...rest }, modules: [tillModule()], closeStore: true }),
      DefinitionError,
    );
  });

  test('makes commands fail with closed if the store was closed', async () => {
    const { sourcer, memory } = holding(undefined);
    await memory.close();
    await failsWith(sourcer.handleCommand(payIn), 'closed');
    await failsWith(sourcer.handleCommand(tillEnvelope({ type: 'Open', till: 'a' })), 'closed');
  });
});

describe('the admission limit', () => {
  test('refuses a command before any work is done, and admits commands again when others have ended', async () => {
    const { sourcer, letGo, reached, till } = holding('append', { maxInFlight: 2 });
    const sent = [sourcer.handleCommand(payIn), sourcer.handleCommand(payIn)];
    await reached;
    const decoded = till.calls.get('command.fromEnvelope');
    const error = await failsWith(sourcer.handleCommand(payIn), 'overloaded');
    assert.equal(error.payload.val.subject, 'event sourcer');
    assert.equal(till.calls.get('command.fromEnvelope'), decoded);
    letGo();
    await Promise.all(sent);
    assert.equal((await sourcer.handleCommand(payIn)).revision, 2n);
  });

  test('does not count a command that has failed', async () => {
    const { sourcer } = holding(undefined, { maxInFlight: 1 });
    const nonsense = { type: 'PayIn', schemaVersion: 1, payload: new Uint8Array([1]) };
    for (let time = 0; time < 3; time++) await failsWith(sourcer.handleCommand(nonsense), 'fault');
    await failsWith(sourcer.handleCommand({ ...payIn, type: 'Nope' }), 'unroutable');
    await failsWith(sourcer.handleCommand(payIn, { signal: AbortSignal.abort() }), 'cancelled');
    assert.equal((await sourcer.handleCommand(payIn)).revision, 0n);
  });
});

describe('the authorizer', () => {
  test('receives the principal and the command before anything is loaded', async () => {
    const asked: AuthorizationRequest[] = [];
    const { sourcer, store } = holding(undefined, {
      authorize: (request) => {
        asked.push(request);
        return request.principal === 'boss';
      },
    });
    const error = await failsWith(sourcer.handleCommand(payIn, { commandId: '1', actor: 'ann' }), 'unauthorized');
    assert.equal(error.payload.val.subject, 'PayIn');
    assert.deepEqual(store.calls, []);
    await sourcer.handleCommand(payIn, { commandId: '1', actor: 'ann', principal: 'boss' });
    const [{ command, stream, module, actor }] = asked as [AuthorizationRequest];
    assert.deepEqual([command, stream, module, actor], [payIn, 'till-a', 'till', 'ann']);
  });

  test('refuses the command with an error and with every result except true', async () => {
    const broken = new Error('the directory is down');
    const answers: (() => boolean | Promise<boolean>)[] = [
      () => {
        throw broken;
      },
      () => Promise.reject(broken),
      () => false,
      () => JSON.parse('"yes"'),
      () => JSON.parse('{}'),
      async () => JSON.parse('null'),
    ];
    for (const [index, authorize] of answers.entries()) {
      const { sourcer, till } = holding(undefined, { authorize });
      const error = await failsWith(sourcer.handleCommand(payIn), 'unauthorized');
      if (index < 2) assert.equal(error.cause, broken);
      await sourcer.close();
      assert.equal(till.live.size, 0);
    }
  });

  test('refuses a duplicate too', async () => {
    let allowed = true;
    const { sourcer } = holding(undefined, { authorize: async () => allowed });
    await sourcer.handleCommand(payIn, { commandId: '1' });
    allowed = false;
    await failsWith(sourcer.handleCommand(payIn, { commandId: '1' }), 'unauthorized');
  });

  test('can be cancelled while it does not answer', async () => {
    const { sourcer } = holding(undefined, { authorize: () => new Promise(() => {}) });
    const abort = new AbortController();
    const sent = sourcer.handleCommand(payIn, { signal: abort.signal });
    abort.abort();
    await failsWith(sent, 'cancelled');
  });
});
