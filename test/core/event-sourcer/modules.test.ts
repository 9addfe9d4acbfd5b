import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { createMemoryStore } from '../../../src/adapters/stores/memory/index.ts';
import { createEventSourcer } from '../../../src/core/create-event-sourcer.ts';
import { defineDecider } from '../../../src/core/define-decider.ts';
import { AppendFailure, DefinitionError, FaultError, RejectionError } from '../../../src/core/errors.ts';
import { defineCommand } from '../../../src/core/message.ts';
import { msgpack } from '../../../src/core/msgpack.ts';
import { reject } from '../../../src/core/reject.ts';
import type { CommandHandler } from '../../../src/core/worlds.ts';
import { failsWith } from './failing.ts';
import { type FailurePoint, readTill, type Till, tillEnvelope, tillModule } from './till.ts';
import { unrulyStore } from './unruly-store.ts';

// The types of Node do not name the engine's WebAssembly.
const { RuntimeError } = (globalThis as unknown as { WebAssembly: { RuntimeError: new (message: string) => Error } })
  .WebAssembly;
const payIn = tillEnvelope({ type: 'PayIn', till: 'a', amount: 1 });

describe('a command', () => {
  it('goes to the module that names its type', async () => {
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
    assert.match(error.message, /"Split"; there are: PayIn, PayOut/);
  });

  it('that cannot be meant is refused with the name of what is wrong', async () => {
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
      ['options.expected', payIn, { expected: { tag: 'unchanged' } }],
      ['options.expected', payIn, { expected: 'no-stream' }],
      ['options.expected.val', payIn, { expected: { tag: 'at-revision', val: 1 } }],
      ['options.deadline', payIn, { deadline: 1 }],
      ['options.signal', payIn, { signal: 'stop' }],
    ];
    for (const [argument, command, options] of wrong) {
      const error = await failsWith(sourcer.handleCommand(command as never, options as never), 'invalid-argument');
      assert.equal(error.payload.val.argument, argument);
    }
  });
});

describe('an event sourcer is not made', () => {
  const store = createMemoryStore();
  const refuses = (place: string | RegExp, make: () => unknown): void => {
    assert.throws(make, (error) => error instanceof DefinitionError && error.payload.place.match(place) !== null);
  };

  it('of no modules, or of two with one name or one command type', () => {
    refuses(/^modules$/, () => createEventSourcer({ store, modules: [] }));
    refuses(/^module till$/, () =>
      createEventSourcer({ store, modules: [tillModule(), tillModule({ commands: [] })] }),
    );
    refuses(/^command PayIn$/, () =>
      createEventSourcer({ store, modules: [tillModule(), tillModule({ name: 'b', commands: ['PayIn'] })] }),
    );
  });

  it('of a module whose descriptor cannot be meant', () => {
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

  it('with a bound that is no number', () => {
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

  it('with a fault gives the fault, with the place where it happened; nothing is recorded', async () => {
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
      const { payload, message } = await failsWith(sourcer.handleCommand(payIn), 'fault');
      assert.equal(payload.val.code, 'odd');
      assert.match(message, /^this is odd \(module till /);
      assert.deepEqual(payload.val.details.slice(0, 2), [
        ['till', 'a'],
        ['module', 'till'],
      ]);
      assert.deepEqual(await store.readStreams(), []);
      await sourcer.close();
      assert.equal(till.live.size, 0);
    }
  });

  it('with anything else has trapped', async () => {
    class Trap extends Error {
      override readonly name: string = 'Trap';
      readonly code: string = 'fuel-exhausted';
    }
    const causes: [unknown, string][] = [
      [new RuntimeError('unreachable'), 'trap'],
      [new Trap('out of fuel'), 'fuel-exhausted'],
      [new RangeError('Maximum call stack size exceeded'), 'stack-overflow'],
      [new TypeError('x is not a function'), 'unexpected-error'],
      ['a text', 'thrown-value'],
    ];
    for (const [cause, code] of causes) {
      const till = broken('decide', cause);
      const sourcer = createEventSourcer({ store: createMemoryStore(), modules: [till] });
      const error = await failsWith(sourcer.handleCommand(payIn), 'trap');
      assert.deepEqual([error.payload.val.code, error.cause], [code, cause]);
      assert.equal(till.live.size, 0);
    }
  });

  it('by rejecting anywhere but in decide is at fault', async () => {
    const till = broken('evolve', new RejectionError({ code: 'no', message: 'no', details: [] }));
    const sourcer = createEventSourcer({ store: createMemoryStore(), modules: [till] });
    const { payload } = await failsWith(sourcer.handleCommand(payIn), 'fault');
    assert.equal(payload.val.code, 'misplaced-rejection');
  });

  it('names the stream, the revision and the type of an event that it cannot fold', async () => {
    const store = createMemoryStore();
    const writer = createEventSourcer({ store, modules: [tillModule()] });
    await writer.handleCommand(payIn);
    await writer.handleCommand(tillEnvelope({ type: 'Note', till: 'a', text: 'x' }));
    const reader = createEventSourcer({ store, modules: [tillModule({ events: ['PaidIn'] })] });
    const { payload, message } = await failsWith(reader.handleCommand(payIn), 'fault');
    assert.equal(payload.val.code, 'unknown-type');
    assert.match(message, /folding Noted, revision 1 of stream "till-a"/);
    assert.deepEqual(payload.val.details, [
      ['module', 'till'],
      ['stream', 'till-a'],
      ['revision', '1'],
      ['eventType', 'Noted'],
    ]);
  });

  it('at deciding on an event that it does not declare stores nothing', async () => {
    const till = tillModule({ events: ['PaidOut'] });
    const sourcer = createEventSourcer({ store: createMemoryStore(), modules: [till] });
    const { payload } = await failsWith(sourcer.handleCommand(payIn), 'fault');
    assert.equal(payload.val.code, 'undeclared-event');
    assert.equal(till.live.size, 0);
  });

  it('at naming a stream is at fault', async () => {
    const till = tillModule();
    for (const name of ['', 'a\0b', 'a\ud800', 'é'.repeat(128), 7]) {
      const routing = { ...till.routing, streamId: () => name as string };
      const sourcer = createEventSourcer({ store: createMemoryStore(), modules: [{ ...till, routing }] });
      const { payload } = await failsWith(sourcer.handleCommand(payIn), 'fault');
      assert.equal(payload.val.code, 'invalid-stream-name');
    }
    assert.equal(till.live.size, 0);
  });

  it('loses the states of an instance that trapped, and none of them is used again', async () => {
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
  it('has at most 1,000 events', async () => {
    const till = tillModule();
    const sourcer = createEventSourcer({ store: createMemoryStore(), modules: [till] });
    const split = (amount: number) => sourcer.handleCommand(tillEnvelope({ type: 'Split', till: 'a', amount }));
    assert.equal((await split(1_000)).revision, 999n);
    const { payload } = await failsWith(split(1_001), 'fault');
    assert.equal(payload.val.code, 'too-many-events');
    await sourcer.close();
    assert.equal(till.live.size, 0);
  });

  it('replays no more events than the limit', async () => {
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
  it('fails the command in its own words; one that says nothing leaves the outcome unknown', async () => {
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

  it('with a gap in a stream is not believed', async () => {
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

  it('each fold the events that they name and skip the others', async () => {
    const { sourcer } = shared();
    await sourcer.handleCommand(payIn);
    await sourcer.handleCommand(tillEnvelope({ type: 'Note', till: 'a', text: 'x' }));
    await sourcer.handleCommand(payIn);
    const cash = await sourcer.readState('till-a', { module: 'cash' });
    assert.deepEqual([readTill(cash.state), cash.revision], [{ opened: false, amount: 2, notes: 0 }, 2n]);
    const notes = await sourcer.readState('till-a', { module: 'notes' });
    assert.deepEqual([readTill(notes.state), notes.revision], [{ opened: false, amount: 2, notes: 1 }, 2n]);
  });

  it('do not conflict with one another within a process', async () => {
    const { sourcer } = shared();
    const setTo = tillEnvelope({ type: 'SetTo', till: 'a', amount: 7 });
    for (let time = 0; time < 3; time++) {
      assert.equal((await sourcer.handleCommand(payIn)).attempts, 1);
      assert.equal((await sourcer.handleCommand(setTo)).attempts, 1);
    }
    assert.equal(readTill((await sourcer.readState('till-a', { module: 'cash' })).state).amount, 7);
  });

  it('must be told which of them folds a state', async () => {
    const { sourcer } = shared();
    const error = await failsWith(sourcer.readState('till-a'), 'unroutable');
    assert.match(error.message, /there are: cash, notes/);
    await failsWith(sourcer.readState('till-a', { module: 'till' }), 'unroutable');
  });
});

describe('a typed command', () => {
  const Empty = defineCommand('Empty', z.object({ basketId: z.string() }), { precondition: 'stream-exists' });
  const basket = defineDecider({
    name: 'shop.basket',
    version: '1',
    state: z.object({ items: z.array(z.string()) }),
    commands: {
      Add: z.object({ basketId: z.string(), item: z.string().min(1), count: z.int().default(1) }),
      Empty,
    },
    events: { Added: z.object({ item: z.string(), count: z.int() }), Emptied: z.object({}) },
    streamId: (command) => `basket-${command.data.basketId}`,
    initialState: { items: [] },
    evolve: {
      Added: (draft, { item }) => {
        draft.items.push(item);
      },
      Emptied: () => ({ items: [] }),
    },
    decide: {
      Add: (state, { item, count }) =>
        state.items.includes(item) ? reject('already-there') : [{ type: 'Added', data: { item, count } }],
      Empty: () => [{ type: 'Emptied', data: {} }],
    },
  });
  const start = () => {
    const store = createMemoryStore();
    return { store, sourcer: createEventSourcer({ store, modules: [basket] }) };
  };

  it('is decided on as its schema makes it, which is how it is recorded', async () => {
    const { sourcer, store } = start();
    const given = { type: 'Add', data: { basketId: '1', item: 'tea', unknown: true } } as never;
    const { commandId, events } = await sourcer.dispatch(given);
    assert.deepEqual(msgpack.decode(events[0]!.event.payload, { kind: 'event', type: 'Added', schemaVersion: 1 }), {
      item: 'tea',
      count: 1,
    });
    const recorded = await store.findDecision(commandId);
    assert.deepEqual(
      msgpack.decode(recorded!.decision.command.payload, { kind: 'command', type: 'Add', schemaVersion: 1 }),
      { basketId: '1', item: 'tea', count: 1 },
    );
  });

  it('is the same command as its bytes', async () => {
    const { sourcer } = start();
    const add = basket.commands.Add({ basketId: '1', item: 'tea', count: 2 });
    await sourcer.dispatch(add, { commandId: '1' });
    const again = await sourcer.handleCommand(basket.types.command.toEnvelope(add), { commandId: '1' });
    assert.equal(again.redelivered, true);
  });

  it('of a wrong shape is a fault that names the place', async () => {
    const { sourcer, store } = start();
    const { payload } = await failsWith(
      sourcer.dispatch(basket.commands.Add({ basketId: '1', item: '', count: 1 })),
      'fault',
    );
    assert.equal(payload.val.code, 'invalid-shape');
    assert.match(payload.val.message, /Add\.data\.item/);
    assert.deepEqual(await store.readStreams(), []);
    for (const command of [undefined, 'Add', { data: {} }, { type: 7, data: {} }])
      await failsWith(sourcer.dispatch(command as never), 'invalid-argument');
  });

  it('goes through bytes where its module shows no schema', async () => {
    const { types, decider, routing } = basket;
    const sourcer = createEventSourcer({ store: createMemoryStore(), modules: [{ types, decider, routing }] });
    const first = await sourcer.dispatch({ type: 'Add', data: { basketId: '1', item: 'tea', count: 1 } });
    assert.equal(first.revision, 0n);
  });

  it('leads to a state that can be read as a value, and stays as it is', async () => {
    const { sourcer } = start();
    assert.deepEqual(await sourcer.state(basket, 'basket-1'), { items: [] });
    await sourcer.dispatch(basket.commands.Add({ basketId: '1', item: 'tea', count: 1 }));
    const before = await sourcer.state(basket, 'basket-1');
    await sourcer.dispatch(basket.commands.Add({ basketId: '1', item: 'milk', count: 1 }));
    assert.deepEqual(before, { items: ['tea'] });
    assert.deepEqual(await sourcer.state(basket, 'basket-1'), { items: ['tea', 'milk'] });
    assert.deepEqual(await sourcer.state(basket, 'basket-1', { revision: 0n }), { items: ['tea'] });
    await failsWith(sourcer.state(tillModule(), 'basket-1'), 'unroutable');
  });

  it('of another module does not compile', async () => {
    const { sourcer } = start();
    // @ts-expect-error: no module of this event sourcer takes the command.
    await failsWith(sourcer.dispatch({ type: 'Remove', data: {} }), 'unroutable');
    // @ts-expect-error: the item is a text.
    await failsWith(sourcer.dispatch({ type: 'Add', data: { basketId: '1', item: 7, count: 1 } }), 'fault');
  });
});

describe('reading a state', () => {
  it('folds exactly to the revision', async () => {
    const store = createMemoryStore();
    const till = tillModule({ snapshot: { tag: 'every', val: 2 } });
    const sourcer = createEventSourcer({ store, modules: [till] });
    for (let time = 0; time < 5; time++) await sourcer.handleCommand(payIn);
    for (let revision = 0n; revision < 5n; revision++) {
      const folded = await sourcer.readState('till-a', { revision });
      assert.deepEqual([readTill(folded.state).amount, folded.revision], [Number(revision) + 1, revision]);
    }
    const { module, moduleVersion, contentType } = await sourcer.readState('till-a');
    assert.deepEqual([module, moduleVersion, contentType], ['till', '1', 'application/json']);
    const beyond = await failsWith(sourcer.readState('till-a', { revision: 5n }), 'invalid-argument');
    assert.match(beyond.message, /is 5, but stream "till-a" ends at revision 4/);
    await failsWith(sourcer.readState('till-b', { revision: 0n }), 'invalid-argument');
    await sourcer.close();
    assert.deepEqual([till.live.size, till.misuses], [0, []]);
  });

  it('crosses pages', async () => {
    const sourcer = createEventSourcer({ store: createMemoryStore(), modules: [tillModule()] });
    for (let time = 0; time < 3; time++)
      await sourcer.handleCommand(tillEnvelope({ type: 'Split', till: 'a', amount: 1_000 }));
    for (const revision of [999n, 1_000n, 1_999n, 2_999n])
      assert.equal(readTill((await sourcer.readState('till-a', { revision })).state).amount, Number(revision) + 1);
  });

  it('sees what other processes have written, and what this one was asked for before', async () => {
    const store = createMemoryStore();
    const sourcer = createEventSourcer({ store, modules: [tillModule()] });
    const neighbour = createEventSourcer({ store, modules: [tillModule()] });
    await sourcer.handleCommand(payIn);
    await neighbour.handleCommand(payIn);
    const sent = sourcer.handleCommand(payIn);
    assert.equal((await sourcer.readState('till-a')).revision, 2n);
    await sent;
  });

  it('of a stream without events gives the initial state', async () => {
    const sourcer = createEventSourcer({ store: createMemoryStore(), modules: [tillModule()] });
    const { state, revision } = await sourcer.readState('till-new');
    assert.deepEqual([readTill(state), revision], [{ opened: false, amount: 0, notes: 0 }, undefined]);
  });

  it('can be cancelled, and refuses what cannot be meant', async () => {
    const sourcer = createEventSourcer({ store: createMemoryStore(), modules: [tillModule()] });
    await failsWith(sourcer.readState('till-a', { signal: AbortSignal.abort() }), 'cancelled');
    await failsWith(sourcer.readState('', {}), 'invalid-argument');
    await failsWith(sourcer.readState('a', { revision: 1 as never }), 'invalid-argument');
    await failsWith(sourcer.readState('a', { module: 1 as never }), 'invalid-argument');
  });
});
