import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import {
  AppendFailure,
  type CommandHandler,
  createEventSourcer,
  DefinitionError,
  FaultError,
  RejectionError,
} from 'decidable';
import { Trap } from 'decidable/component';
import { createMemoryStore } from 'decidable/memory';
import { failsWith } from './failing.ts';
import { type FailurePoint, readTill, type Till, tillEnvelope, tillModule } from './till.ts';
import { unrulyStore } from './unruly-store.ts';

// The types of Node do not contain the engine's WebAssembly.
const { RuntimeError } = (globalThis as unknown as { WebAssembly: { RuntimeError: new (message: string) => Error } })
  .WebAssembly;
const payIn = tillEnvelope({ type: 'PayIn', till: 'a', amount: 1 });

describe('a command', () => {
  test('is routed to the module that accepts its type', async () => {
    const modules = [
      tillModule({ name: 'in', prefix: 'in', commands: ['PayIn'] }),
      tillModule({ name: 'out', prefix: 'out', commands: ['PayOut'] }),
    ];
    const sourcer = createEventSourcer({ store: createMemoryStore(), modules });
    const paid = await sourcer.handleCommand(payIn);
    assert.deepEqual([paid.module, paid.stream], ['in', 'in-a']);
    const asked = await sourcer.handleCommand(tillEnvelope({ type: 'PayOut', till: 'a', amount: 1 }));
    assert.deepEqual([asked.module, asked.stream], ['out', 'out-a']);
    const error = await failsWith(sourcer.handleCommand({ ...payIn, type: 'Split' }), 'unroutable');
    assert.equal(error.payload.val.subject, 'Split');
  });

  test('is refused with the name of the invalid field or option', async () => {
    const sourcer = createEventSourcer({ store: createMemoryStore(), modules: [tillModule()] });
    const wrong: [string, unknown, unknown?][] = [
      ['command', undefined],
      ['command.type', { ...payIn, type: '' }],
      ['command.schemaVersion', { ...payIn, schemaVersion: 0 }],
      ['command.payload', { ...payIn, payload: 'PayIn' }],
      ['commandId', payIn, { commandId: '' }],
      ['commandId', payIn, { commandId: '\ud800' }],
      ['options.commandId', payIn, { commandId: 7 }],
      ['options.correlationId', payIn, { correlationId: 7 }],
      ['options.actor', payIn, { actor: '\udc00' }],
      ['options.precondition', payIn, { precondition: { tag: 'unchanged' } }],
      ['options.precondition', payIn, { precondition: 'no-stream' }],
      ['options.precondition.val', payIn, { precondition: { tag: 'at-revision', val: 1 } }],
      ['options.deadline', payIn, { deadline: 1 }],
      ['options.signal', payIn, { signal: 'stop' }],
      ['options.signal', payIn, { signal: { aborted: false } }],
      ['options', payIn, null],
      ['options', payIn, 'order-1'],
    ];
    for (const [argument, command, options] of wrong) {
      const error = await failsWith(sourcer.handleCommand(command as never, options as never), 'invalid-argument');
      assert.equal(error.payload.val.argument, argument);
    }
  });
});

describe('an invalid configuration of an event sourcer', () => {
  const store = createMemoryStore();
  const refuses = (place: string | RegExp, make: () => unknown): void => {
    assert.throws(make, (error) => error instanceof DefinitionError && error.payload.place.match(place) !== null);
  };

  test('is refused if it has no modules, or two with one name or one command type', () => {
    refuses(/^createEventSourcer\.modules$/, () => createEventSourcer({ store, modules: [] }));
    refuses(/^module till$/, () =>
      createEventSourcer({ store, modules: [tillModule(), tillModule({ commands: [] })] }),
    );
    refuses(/^command PayIn$/, () =>
      createEventSourcer({ store, modules: [tillModule(), tillModule({ name: 'b', commands: ['PayIn'] })] }),
    );
  });

  test('is refused if a module is a promise, or lacks a part', () => {
    const { types, decider, routing } = tillModule();
    const eventHandler = {};
    const others: readonly (readonly [unknown, RegExp])[] = [
      [Promise.resolve(tillModule()), /await/],
      [undefined, /types/],
      ['till', /types/],
      [{ 'decidable:eventsourcing/types@0.1.0': types }, /types/],
      [{ types, eventHandler }, /decider/],
      [{ types, decider }, /routing/],
    ];
    for (const [module, message] of others)
      assert.throws(() => createEventSourcer({ store, modules: [{ types, decider, routing }, module as Till] }), {
        payload: { place: 'createEventSourcer.modules[1]' },
        message,
      });
  });

  test('is refused if the descriptor of a module is invalid', () => {
    const described = (change: object): CommandHandler<number, number, number> => {
      const till = tillModule();
      const describe = () => ({ ...till.routing.describe(), ...change });
      return { ...till, routing: { ...till.routing, describe } };
    };
    const changes: [RegExp, object][] = [
      [/name$/, { name: '' }],
      [/version$/, { version: 1 }],
      [/foreignEvents$/, { foreignEvents: 'ignore' }],
      [
        /commands\.X\.precondition$/,
        { commands: [{ type: 'X', schemaVersion: 1, precondition: 'none', snapshot: { tag: 'never' } }] },
      ],
      [
        /commands\.X\.snapshot$/,
        { commands: [{ type: 'X', schemaVersion: 1, precondition: 'any', snapshot: { tag: 'every', val: 0 } }] },
      ],
      [
        /events\.E$/,
        {
          events: [
            { type: 'E', schemaVersion: 1 },
            { type: 'E', schemaVersion: 2 },
          ],
        },
      ],
    ];
    for (const [place, change] of changes)
      refuses(place, () => createEventSourcer({ store, modules: [described(change)] }));
  });

  test('is refused if a limit is not a number', () => {
    for (const option of ['maxAttempts', 'replayLimit', 'cachedStates', 'maxInFlight'] as const)
      for (const value of [-1, 0.5, Number.NaN, '3' as never])
        refuses(option, () => createEventSourcer({ store, modules: [tillModule()], [option]: value }));
  });
});

describe('a module that fails', () => {
  const broken = (point: FailurePoint, error: unknown): Till =>
    tillModule({
      before: (now) => {
        if (now === point) throw error;
      },
    });

  test('causes the command to fail with its fault and its place', async () => {
    const points: FailurePoint[] = [
      'command.fromEnvelope',
      'streamId',
      'initialState',
      'decide',
      'event.toEnvelope',
      'evolve',
    ];
    for (const point of points) {
      const till = broken(point, new FaultError({ code: 'odd', message: 'this is odd', details: [['till', 'a']] }));
      const store = createMemoryStore();
      const sourcer = createEventSourcer({ store, modules: [till] });
      const { payload } = await failsWith(sourcer.handleCommand(payIn), 'fault');
      assert.equal(payload.val.code, 'odd');
      assert.deepEqual(payload.val.details.slice(0, 2), [
        ['till', 'a'],
        ['module', 'till'],
      ]);
      assert.deepEqual(await store.readStreams(), []);
      await sourcer.close();
      assert.equal(till.live.size, 0);
    }
  });

  test('has trapped if it throws another error', async () => {
    const causes: [unknown, string][] = [
      [new RuntimeError('unreachable'), 'trap'],
      [new RangeError('Maximum call stack size exceeded'), 'stack-overflow'],
      [new TypeError('x is not a function'), 'unexpected-exception'],
      ['a string', 'unexpected-exception'],
    ];
    for (const [cause, code] of causes) {
      const till = broken('decide', cause);
      const sourcer = createEventSourcer({ store: createMemoryStore(), modules: [till] });
      const error = await failsWith(sourcer.handleCommand(payIn), 'trap');
      assert.deepEqual([error.payload.val.code, error.cause], [code, cause]);
      assert.equal(till.live.size, 0);
    }
  });

  test('has a fault if it rejects outside of decide', async () => {
    const till = broken('evolve', new RejectionError({ code: 'no', message: 'no', details: [] }));
    const sourcer = createEventSourcer({ store: createMemoryStore(), modules: [till] });
    const { payload } = await failsWith(sourcer.handleCommand(payIn), 'fault');
    assert.equal(payload.val.code, 'unexpected-rejection');
  });

  test('does not cause a replay for the next command if its state was up to date', async () => {
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
    await failsWith(sourcer.handleCommand(payIn), 'fault');
    odd = false;
    store.calls.length = 0;
    assert.equal((await sourcer.handleCommand(payIn)).revision, 1n);
    assert.deepEqual(store.calls, ['append']);
  });

  test('is reported with the stream, the revision and the type if it fails to fold an event', async () => {
    const store = createMemoryStore();
    const writer = createEventSourcer({ store, modules: [tillModule()] });
    await writer.handleCommand(payIn);
    await writer.handleCommand(tillEnvelope({ type: 'Note', till: 'a', text: 'x' }));
    const reader = createEventSourcer({ store, modules: [tillModule({ events: ['PaidIn'] })] });
    const { payload } = await failsWith(reader.handleCommand(payIn), 'fault');
    assert.equal(payload.val.code, 'unknown-type');
    assert.deepEqual(payload.val.details, [
      ['module', 'till'],
      ['stream', 'till-a'],
      ['revision', '1'],
      ['eventType', 'Noted'],
    ]);
  });

  test('stores nothing if it does not declare the type of an event', async () => {
    const till = tillModule({ events: ['PaidOut'] });
    const sourcer = createEventSourcer({ store: createMemoryStore(), modules: [till] });
    const { payload } = await failsWith(sourcer.handleCommand(payIn), 'fault');
    assert.equal(payload.val.code, 'undeclared-event');
    assert.equal(till.live.size, 0);
  });

  test('has a fault if it returns an invalid stream id', async () => {
    const till = tillModule();
    for (const id of ['a\0b', 'a\ud800', 'é'.repeat(128), 7]) {
      const routing = { ...till.routing, streamId: () => id as string };
      const sourcer = createEventSourcer({ store: createMemoryStore(), modules: [{ ...till, routing }] });
      const { payload } = await failsWith(sourcer.handleCommand(payIn), 'fault');
      assert.equal(payload.val.code, 'invalid-stream-name');
    }
    assert.equal(till.live.size, 0);
  });

  test('loses all states of the instance if it traps', async () => {
    let trap = false;
    const till = tillModule({
      before: (point) => {
        if (point !== 'decide' || !trap) return;
        trap = false;
        throw new RuntimeError('unreachable');
      },
    });
    const store = unrulyStore(createMemoryStore(), () => {});
    const sourcer = createEventSourcer({ store, modules: [till] });
    const other = tillEnvelope({ type: 'PayIn', till: 'b', amount: 1 });
    await sourcer.handleCommand(payIn);
    await sourcer.handleCommand(other);
    trap = true;
    assert.equal((await sourcer.handleCommand(payIn)).attempts, 2, 'the trap may have been the cached state’s');
    store.calls.length = 0;
    await sourcer.handleCommand(other);
    assert.deepEqual(store.calls, ['readStream', 'append']);
    await sourcer.close();
    assert.deepEqual([till.live.size, till.misuses], [0, []]);
  });
});

describe('a decision', () => {
  test('has at most 1,000 events', async () => {
    const till = tillModule();
    const sourcer = createEventSourcer({ store: createMemoryStore(), modules: [till] });
    const split = (amount: number) => sourcer.handleCommand(tillEnvelope({ type: 'Split', till: 'a', amount }));
    assert.equal((await split(1_000)).revision, 999n);
    const { payload } = await failsWith(split(1_001), 'fault');
    assert.equal(payload.val.code, 'too-many-events');
    await sourcer.close();
    assert.equal(till.live.size, 0);
  });

  test('replays no more events than the limit', async () => {
    const store = createMemoryStore();
    const writer = createEventSourcer({ store, modules: [tillModule()] });
    for (let time = 0; time < 3; time++)
      await writer.handleCommand(tillEnvelope({ type: 'Split', till: 'a', amount: 800 }));
    const enough = createEventSourcer({ store, modules: [tillModule()], replayLimit: 2_400 });
    assert.equal((await enough.handleCommand(payIn)).revision, 2_400n);
    const till = tillModule();
    const tooFew = createEventSourcer({ store, modules: [till], replayLimit: 2_400 });
    const error = await failsWith(tooFew.handleCommand(payIn), 'replay-limit');
    assert.equal(error.payload.val.subject, 'till-a');
    await failsWith(tooFew.readState('till-a'), 'replay-limit');
    assert.equal(till.live.size, 0);
  });
});

describe('a store that fails', () => {
  test('causes the command to fail with the same code, or with unknown-outcome if it has no code', async () => {
    const failures: [unknown, string][] = [
      [new AppendFailure({ tag: 'failure', val: { code: 'full', message: 'no room' } }, 'no room'), 'full'],
      [new Error('connection reset'), 'unknown-outcome'],
    ];
    for (const [failure, code] of failures) {
      const store = unrulyStore(createMemoryStore(), (call) => {
        if (call === 'append') throw failure;
      });
      const till = tillModule();
      const sourcer = createEventSourcer({ store, modules: [till] });
      const error = await failsWith(sourcer.handleCommand(payIn), 'store');
      assert.deepEqual([error.payload.val.code, error.cause], [code, failure]);
      assert.equal(till.live.size, 0, 'the state with the events that are not stored is gone');
    }
  });

  test('is reported as corrupt if it does not return each event of a stream', async () => {
    const memory = createMemoryStore();
    const writer = createEventSourcer({ store: memory, modules: [tillModule()] });
    for (let time = 0; time < 3; time++) await writer.handleCommand(payIn);
    const store = unrulyStore(memory, () => {});
    const { readStream } = store;
    store.readStream = async (stream, options) => (await readStream(stream, options)).slice(1);
    const sourcer = createEventSourcer({ store, modules: [tillModule()] });
    const { payload } = await failsWith(sourcer.handleCommand(payIn), 'store');
    assert.equal(payload.val.code, 'corrupt');
  });

  for (const answer of [undefined, null, 5, [{}], [undefined], [1, 2, 3]]) {
    test(`is reported as corrupt if it returns ${inspect(answer)} as events`, async () => {
      const store = unrulyStore(createMemoryStore(), () => {});
      store.readStream = async () => answer as never;
      const sourcer = createEventSourcer({ store, modules: [tillModule()] });
      for (const reading of [sourcer.handleCommand(payIn), sourcer.readState('till-a')]) {
        const { payload } = await failsWith(reading, 'store');
        assert.equal(payload.val.code, 'corrupt');
      }
    });

    test(`acknowledges no command if its append returns ${inspect(answer)}`, async () => {
      const store = unrulyStore(createMemoryStore(), () => {});
      store.append = async () => answer as never;
      const till = tillModule();
      const sourcer = createEventSourcer({ store, modules: [till] });
      const { payload } = await failsWith(sourcer.handleCommand(payIn), 'store');
      assert.equal(payload.val.code, 'unknown-outcome');
      assert.equal(till.live.size, 0, 'the state with the events that may not be stored is gone');
    });
  }
});

describe('several modules on one stream', () => {
  const shared = (store = createMemoryStore()) => {
    const counted = unrulyStore(store, () => {});
    const cash = tillModule({
      name: 'cash',
      commands: ['PayIn', 'PayOut'],
      events: ['PaidIn', 'PaidOut'],
      foreignEvents: 'skip',
    });
    const notes = tillModule({
      name: 'notes',
      commands: ['Note', 'SetTo'],
      events: ['Noted', 'PaidIn', 'PaidOut'],
      foreignEvents: 'skip',
    });
    const sourcer = createEventSourcer({ store: counted, modules: [cash, notes] });
    return { sourcer, cash, notes, store: counted };
  };

  test('each fold the events of their descriptors and skip the others', async () => {
    const { sourcer } = shared();
    await sourcer.handleCommand(payIn);
    await sourcer.handleCommand(tillEnvelope({ type: 'Note', till: 'a', text: 'x' }));
    await sourcer.handleCommand(payIn);
    const cash = await sourcer.readState('till-a', { module: 'cash' });
    assert.deepEqual([readTill(cash.state), cash.revision], [{ opened: false, amount: 2, notes: 0 }, 2n]);
    const notes = await sourcer.readState('till-a', { module: 'notes' });
    assert.deepEqual([readTill(notes.state), notes.revision], [{ opened: false, amount: 2, notes: 1 }, 2n]);
  });

  test('do not conflict with one another within a process', async () => {
    const { sourcer, store } = shared();
    const setTo = tillEnvelope({ type: 'SetTo', till: 'a', amount: 7 });
    for (let time = 0; time < 3; time++) {
      assert.equal((await sourcer.handleCommand(payIn)).attempts, 1);
      assert.equal((await sourcer.handleCommand(setTo)).attempts, 1);
    }
    assert.equal(readTill((await sourcer.readState('till-a', { module: 'cash' })).state).amount, 7);
    store.calls.length = 0;
    await sourcer.handleCommand(payIn);
    await sourcer.handleCommand(setTo);
    await sourcer.handleCommand(setTo);
    assert.deepEqual(
      store.calls,
      ['append', 'readStream', 'append', 'append'],
      'the end of the stream is read if there may be new events',
    );
  });

  test('need the name of a module to read a state', async () => {
    const { sourcer } = shared();
    const error = await failsWith(sourcer.readState('till-a'), 'unroutable');
    assert.equal(error.payload.val.subject, 'module');
    const unknown = await failsWith(sourcer.readState('till-a', { module: 'till' }), 'unroutable');
    assert.equal(unknown.payload.val.subject, 'till');
  });
});

describe('an instance that traps while other commands use it', () => {
  /** A till that traps once, when the test decides, and a store that delays the reads of stream `till-a`. */
  const gated = (point: FailurePoint) => {
    const trap = { next: false };
    const till = tillModule({
      before: (now) => {
        if (now !== point || !trap.next) return;
        trap.next = false;
        throw new Trap('unreachable');
      },
    });
    const gate = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    const memory = createMemoryStore();
    const store = unrulyStore(memory, (call, stream) => {
      if (call !== 'readStream' || stream !== 'till-a') return undefined;
      reached.resolve();
      return gate.promise;
    });
    const sourcer = createEventSourcer({ store, modules: [till] });
    return { memory, till, sourcer, trap, reached: reached.promise, letGo: () => gate.resolve() };
  };
  const other = tillEnvelope({ type: 'PayIn', till: 'b', amount: 1 });

  test('causes only the command that trapped to fail', async () => {
    const { till, sourcer, trap, reached, letGo } = gated('decide');
    const loading = sourcer.handleCommand(payIn);
    const waiting = sourcer.handleCommand(payIn);
    await reached;
    trap.next = true;
    await failsWith(sourcer.handleCommand(other), 'trap');
    letGo();
    assert.deepEqual([(await loading).revision, (await waiting).revision], [0n, 1n]);
    await sourcer.close();
    assert.deepEqual([till.live.size, till.misuses], [0, []]);
  });

  test('does not cause reads of a state to fail', async () => {
    const { memory, sourcer, trap, reached, letGo } = gated('decide');
    await createEventSourcer({ store: memory, modules: [tillModule()] }).handleCommand(payIn);
    const reading = sourcer.readState('till-a');
    await reached;
    trap.next = true;
    await failsWith(sourcer.handleCommand(other), 'trap');
    letGo();
    assert.equal((await reading).revision, 0n);
  });

  test('does not cause commands to fail if it trapped while a handle was released', async () => {
    const { till, sourcer, trap, reached, letGo } = gated('drop');
    const loading = sourcer.handleCommand(payIn);
    await reached;
    trap.next = true;
    assert.equal((await sourcer.handleCommand(other)).revision, 0n);
    letGo();
    assert.equal((await loading).revision, 0n);
    await sourcer.close();
    assert.deepEqual([till.live.size, till.misuses], [0, []]);
  });
});
