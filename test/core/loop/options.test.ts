/** Invalid and unknown options of the event sourcer are refused with their names. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  createEventSourcer,
  type DispatchOptions,
  defineDecider,
  type EventSourcerObserver,
  readEvents,
  readPages,
} from 'decidable';
import { createMemoryStore } from 'decidable/memory';
import { z } from 'zod';
import { failsWith } from './failing.ts';

const counter = defineDecider({
  name: 'counter',
  version: '1.0.0',
  state: z.object({ value: z.int() }),
  commands: { Count: z.object({ by: z.int() }) },
  events: { Counted: z.object({ by: z.int() }) },
  category: 'counter',
  streamId: () => '1',
  initialState: { value: 0 },
  evolve: {
    Counted: (draft, { by }) => {
      draft.value += by;
    },
  },
  decide: { Count: (_state, { by }) => [{ type: 'Counted', data: { by } }] },
});

const count = { type: 'Count', data: { by: 1 } } as const;
const envelope = counter.types.command.toEnvelope(count);

function sourcerOfCounters() {
  const store = createMemoryStore();
  return { store, sourcer: createEventSourcer({ store, modules: [counter] }) };
}

describe('the configuration of an event sourcer', () => {
  const good = { store: createMemoryStore(), modules: [counter] };
  const create = createEventSourcer as unknown as (configuration: unknown) => unknown;
  const cases: readonly (readonly [string, unknown, string])[] = [
    ['is missing', undefined, ''],
    ['is not an object', 'memory', ''],
    ['has no store', { modules: [counter] }, '.store'],
    ['has a promise of a store', { ...good, store: Promise.resolve(good.store) }, '.store'],
    ['has an object that is not a store', { ...good, store: {} }, '.store.append'],
    ['has a store that lacks a function', { ...good, store: { append() {}, readStream() {} } }, '.store.findDecision'],
    ['has no modules', { store: good.store }, '.modules'],
    ['has one module instead of an array', { ...good, modules: counter }, '.modules'],
    ['has an empty array of modules', { ...good, modules: [] }, '.modules'],
    ['has an array with a hole', { ...good, modules: [counter, undefined] }, '.modules[1]'],
    ['has an unknown option', { ...good, maxAttempt: 3 }, '.maxAttempt'],
    ['has an unknown option that is undefined', { ...good, cache: undefined }, '.cache'],
    ['decides no command even once', { ...good, maxAttempts: 0 }, '.maxAttempts'],
    ['has a fraction as a limit', { ...good, replayLimit: 1.5 }, '.replayLimit'],
    ['has a negative limit', { ...good, cachedStates: -1 }, '.cachedStates'],
    ['has a string as a limit', { ...good, maxInFlight: '10' }, '.maxInFlight'],
    ['has an authorizer that is not a function', { ...good, authorize: true }, '.authorize'],
    ['has an observer that is not an object', { ...good, observer: () => {} }, '.observer'],
    ['has an observer with an unknown hook', { ...good, observer: { conflicts() {} } }, '.observer.conflicts'],
    ['has an observer whose hook is not a function', { ...good, observer: { conflict: 1 } }, '.observer.conflict'],
    ['closes the store by something else than a boolean', { ...good, closeStore: 'yes' }, '.closeStore'],
  ];
  for (const [problem, configuration, place] of cases) {
    test(`is refused if it ${problem}`, () => {
      const expected = { code: 'invalid-definition', payload: { place: `createEventSourcer${place}` } };
      assert.throws(() => create(configuration), expected);
    });
  }

  test('accepts an observer that is an instance of a class with additional fields', () => {
    class Metrics implements EventSourcerObserver {
      readonly conflicts: string[] = [];
      conflict(command: { readonly stream: string }): void {
        this.conflicts.push(command.stream);
      }
    }
    createEventSourcer({ ...good, observer: new Metrics() });
  });
});

describe('the options of a command', () => {
  const cases: readonly (readonly [string, unknown, string])[] = [
    ['are a string', 'order-1', 'options'],
    ['are null', null, 'options'],
    ['have an unknown name', { comandId: 'order-1' }, 'options.comandId'],
    ['have an unknown name that is undefined', { idempotencyKey: undefined }, 'options.idempotencyKey'],
    ['have a command id that is not a string', { commandId: 1 }, 'options.commandId'],
    ['have an actor without UTF-8', { actor: '\ud800' }, 'options.actor'],
    ['have an unknown precondition', { precondition: { tag: 'sometimes' } }, 'options.precondition'],
    [
      'have a precondition without its revision',
      { precondition: { tag: 'at-revision', value: 1n } },
      'options.precondition.val',
    ],
    ['have a deadline that is a number', { deadline: 1_700_000_000_000 }, 'options.deadline'],
    ['have a deadline that is an invalid date', { deadline: new Date(Number.NaN) }, 'options.deadline'],
    ['have a deadline before 1970', { deadline: new Date(-1) }, 'options.deadline'],
    ['have a signal of another kind', { signal: {} }, 'options.signal'],
  ];
  for (const [problem, options, argument] of cases) {
    test(`are refused if they ${problem}`, async () => {
      const { sourcer, store } = sourcerOfCounters();
      for (const sent of [
        sourcer.dispatch(count, options as DispatchOptions),
        sourcer.handleCommand(envelope, options as DispatchOptions),
      ]) {
        assert.equal((await failsWith(sent, 'invalid-argument')).payload.val.argument, argument);
      }
      assert.deepEqual(await store.readStreams(), []);
    });
  }

  test('accept a deadline as a date and as a bigint', async () => {
    const { sourcer } = sourcerOfCounters();
    const later = Date.now() + 600_000;
    await sourcer.dispatch(count, { deadline: new Date(later) });
    await sourcer.dispatch(count, { deadline: BigInt(later) });
    await failsWith(sourcer.dispatch(count, { deadline: new Date(0) }), 'deadline-exceeded');
    await failsWith(sourcer.dispatch(count, { deadline: 0n }), 'deadline-exceeded');
  });

  test('are copied, so that the caller may change them while the command waits', async () => {
    const { sourcer, store } = sourcerOfCounters();
    const precondition: { tag: 'at-revision'; val: bigint } = { tag: 'at-revision', val: 0n };
    const options = { commandId: 'order-1', actor: 'ada', correlationId: 'cart', precondition };
    const first = sourcer.dispatch(count);
    const second = sourcer.dispatch(count, options);
    Object.assign(options, { commandId: 'order-2', actor: 'eve', correlationId: 'other' });
    precondition.val = 7n;
    await first;
    const { decision } = (await store.findDecision((await second).commandId))!;
    assert.deepEqual([decision.actor, decision.correlationId], ['ada', 'cart']);
  });
});

describe('a command', () => {
  test('is refused if it has an unknown field, which its sender may believe to be an option', async () => {
    const { sourcer } = sourcerOfCounters();
    const error = await failsWith(sourcer.dispatch({ ...count, commandId: 'order-1' } as never), 'invalid-argument');
    assert.equal(error.payload.val.argument, 'command.commandId');
  });

  test('is copied, so that its sender may change it while it waits', async () => {
    const { sourcer, store } = sourcerOfCounters();
    const bytes = Uint8Array.from(envelope.payload);
    const first = sourcer.dispatch(count);
    const second = sourcer.handleCommand({ ...envelope, payload: bytes });
    bytes.fill(0);
    await first;
    const { decision } = (await store.findDecision((await second).commandId))!;
    assert.deepEqual(Uint8Array.from(decision.command.payload), Uint8Array.from(envelope.payload));
  });
});

describe('the options of a read', () => {
  const cases: readonly (readonly [string, object, string])[] = [
    ['an unknown name', { revison: 0n }, 'options.revison'],
    ['a revision that is a number', { revision: 0 }, 'options.revision'],
    ['a signal of another kind', { signal: true }, 'options.signal'],
  ];
  for (const [problem, options, argument] of cases) {
    test(`are refused if they have ${problem}`, async () => {
      const { sourcer } = sourcerOfCounters();
      for (const read of [sourcer.readState('counter-1', options), sourcer.state(counter, 'counter-1', options)]) {
        assert.equal((await failsWith<'invalid-argument'>(read, 'invalid-argument')).payload.val.argument, argument);
      }
    });
  }

  test('must not name a module if the module itself is an argument', async () => {
    const { sourcer } = sourcerOfCounters();
    const read = sourcer.state(counter, 'counter-1', { module: 'counter' } as object);
    assert.equal((await failsWith(read, 'invalid-argument')).payload.val.argument, 'options.module');
  });
});

describe('the options of a sequence of events', () => {
  const store = createMemoryStore();
  const cases: readonly (readonly [string, object, string])[] = [
    ['an unknown name', { form: 3n }, 'options.form'],
    ['a page of no events', { pageSize: 0 }, 'options.pageSize'],
    ['a signal of another kind', { signal: {} }, 'options.signal'],
    ['a revision without a stream', { fromRevision: 1n }, 'options.fromRevision'],
    ['a position in a stream', { stream: 's-1', afterPosition: 1n }, 'options.afterPosition'],
    ['categories in a stream', { stream: 's-1', categories: ['s'] }, 'options.categories'],
    ['event types in a stream', { stream: 's-1', eventTypes: ['Counted'] }, 'options.eventTypes'],
  ];
  for (const [problem, options, argument] of cases) {
    test(`are refused immediately if they have ${problem}`, () => {
      for (const read of [readEvents, readPages]) {
        assert.throws(
          () => read(store, options),
          (error: { code: string; payload: { val: { argument: string } } }) =>
            error.code === 'invalid-argument' && error.payload.val.argument === argument,
        );
      }
    });
  }
});

describe('the options of the memory store', () => {
  test('are refused if they have an unknown name', () => {
    const place = 'createMemoryStore.clock';
    assert.throws(() => createMemoryStore({ clock: Date.now } as object), { payload: { place } });
  });

  test('are refused if the clock is not a function', () => {
    const place = 'createMemoryStore.now';
    assert.throws(() => createMemoryStore({ now: 5 } as object), { payload: { place } });
  });

  for (const [call, options, argument] of [
    ['readStream', { direction: 'forward', form: 1n }, 'options.form'],
    ['readAll', { direction: 'forward', category: [], categories: [], eventTypes: [], events: [] }, 'options.category'],
    ['readCommits', { afer: 'x' }, 'options.afer'],
    ['readStreams', { limt: 1 }, 'options.limt'],
  ] as const) {
    test(`are refused if ${call} gets an unknown name`, async () => {
      const store = createMemoryStore();
      const read = {
        readStream: () => store.readStream('s-1', options as never),
        readAll: () => store.readAll(options as never),
        readCommits: () => store.readCommits('s-1', options as never),
        readStreams: () => store.readStreams(options as never),
      };
      await assert.rejects(
        read[call],
        (error: { code: string; payload: { val: { argument: string } } }) =>
          error.code === 'invalid-argument' && error.payload.val.argument === argument,
      );
    });
  }
});
