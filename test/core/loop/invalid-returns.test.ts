/** An invalid value that a module returns is a fault of the module, never an invalid argument of the caller. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  AppendFailure,
  type CommandHandler,
  createEventSourcer,
  type Envelope,
  type EventStore,
  type Rejection,
  RejectionError,
} from 'decidable';
import { createMemoryStore } from 'decidable/memory';
import { failsWith } from './failing.ts';
import { tillEnvelope, tillModule } from './till.ts';
import { unrulyStore } from './unruly-store.ts';

type Counter = CommandHandler<number, { readonly type: string; readonly data: unknown }, Envelope>;

const bytes = Uint8Array.of(1);
const valid: Envelope = { type: 'Counted', schemaVersion: 1, payload: bytes };

/** A handwritten module. The test chooses what `decide` returns or throws. */
function counter(decide: () => unknown, change: Partial<Counter['types']['command']> = {}): Counter {
  return {
    types: {
      command: {
        fromEnvelope: ({ type }) => ({ type, data: {} }),
        toEnvelope: ({ type }) => ({ type, schemaVersion: 1, payload: bytes }),
        ...change,
      },
      event: { fromEnvelope: (envelope) => envelope, toEnvelope: (event) => event },
      state: { fromBytes: ([count = 0]) => count, toBytes: (count) => Uint8Array.of(count) },
    },
    decider: {
      initialState: () => 0,
      evolve: (count) => count + 1,
      decide: decide as () => readonly Envelope[],
    },
    routing: {
      describe: () => ({
        name: 'counter',
        version: '1',
        contentType: 'application/octet-stream',
        category: 'counter',
        foreignEvents: 'fault',
        commands: [{ type: 'Count', schemaVersion: 1, precondition: 'stream-unchanged', snapshot: { tag: 'never' } }],
        events: [{ type: 'Counted', schemaVersion: 1 }],
      }),
      streamId: () => '1',
    },
  };
}

const count = { type: 'Count', data: {} };

async function fails(module: Counter, code: string): Promise<void> {
  const store = createMemoryStore();
  const sourcer = createEventSourcer({ store, modules: [module] });
  const error = await failsWith(sourcer.dispatch(count), 'fault');
  assert.equal(error.payload.val.code, code);
  assert.deepEqual(await store.readStreams(), []);
}

describe('an invalid rejection', () => {
  const good: Rejection = { code: 'no', message: 'not so', details: [['a', 'b']] };
  const cases: readonly (readonly [string, unknown])[] = [
    ['has a code without UTF-8', { ...good, code: '\ud800' }],
    ['has a message without UTF-8', { ...good, message: 'not \udfff so' }],
    ['has a code that is not a string', { ...good, code: 5 }],
    ['has no details', { code: 'no', message: 'not so' }],
    ['has a detail without UTF-8', { ...good, details: [['a', '\ud800']] }],
    ['has a detail that is not a pair', { ...good, details: [['a']] }],
    ['is missing', undefined],
  ];
  for (const [problem, rejection] of cases) {
    test(`is a fault of the module if it ${problem}`, () => {
      const thrown = new RejectionError(good);
      Object.defineProperty(thrown, 'payload', { value: rejection });
      return fails(
        counter(() => {
          throw thrown;
        }),
        'invalid-rejection',
      );
    });
  }

  test('is a fault of the module if the module is a component, whose values are handles', async () => {
    const till = tillModule();
    const decide = () => {
      throw new RejectionError({ ...good, message: '\ud800' });
    };
    const module = { ...till, decider: { ...till.decider, decide } };
    const sourcer = createEventSourcer({ store: createMemoryStore(), modules: [module] });
    const sent = sourcer.handleCommand(tillEnvelope({ type: 'PayIn', till: 'a', amount: 1 }));
    assert.equal((await failsWith(sent, 'fault')).payload.val.code, 'invalid-rejection');
  });
});

describe('an invalid decision', () => {
  for (const [problem, decision] of [
    ['nothing', undefined],
    ['a promise', Promise.resolve([])],
    ['one event', valid],
    ['an object with a length', { length: 0 }],
  ] as const) {
    test(`is a fault of the module if it is ${problem} instead of an array`, () =>
      fails(
        counter(() => decision),
        'invalid-decision',
      ));
  }
});

describe('an invalid event', () => {
  const cases: readonly (readonly [string, unknown, string])[] = [
    ['is missing', undefined, 'invalid-event'],
    ['has a type without UTF-8', { ...valid, type: '\ud800' }, 'invalid-event'],
    ['has an empty type', { ...valid, type: '' }, 'invalid-event'],
    ['has a type that the module does not declare', { ...valid, type: 'Other' }, 'undeclared-event'],
    ['has no schema version', { ...valid, schemaVersion: 0 }, 'invalid-event'],
    ['has a schema version that is not a u32', { ...valid, schemaVersion: 2 ** 32 }, 'invalid-event'],
    ['has a payload that is not bytes', { ...valid, payload: [1] }, 'invalid-event'],
  ];
  for (const [problem, event, code] of cases) {
    test(`is a fault of the module if it ${problem}`, () =>
      fails(
        counter(() => [valid, event]),
        code,
      ));
  }
});

describe('an invalid envelope of a command', () => {
  for (const [problem, envelope] of [
    ['is missing', undefined],
    ['has another type', { ...valid, type: 'Other' }],
    ['has a payload that is not bytes', { type: 'Count', schemaVersion: 1, payload: 'x' }],
  ] as const) {
    test(`is a fault of the module if it ${problem}`, () =>
      fails(
        counter(() => [], { toEnvelope: () => envelope as Envelope }),
        'invalid-command',
      ));
  }
});

describe('a store that is stricter than the contract', () => {
  const refusing = (argument: string): EventStore => ({
    ...unrulyStore(createMemoryStore(), () => {}),
    append: async () => {
      throw new AppendFailure({ tag: 'invalid-argument', val: { argument, message: 'is too long' } }, argument);
    },
  });
  const send = (argument: string): Promise<unknown> =>
    createEventSourcer({ store: refusing(argument), modules: [counter(() => [valid])] }).dispatch(count);

  for (const [argument, code] of [
    ['events[0].type', 'invalid-event'],
    ['events[0].payload', 'invalid-event'],
    ['stream', 'invalid-stream-name'],
    ['decision.outcome.val.message', 'invalid-rejection'],
    ['decision.command.payload', 'invalid-command'],
    ['decision.module.name', 'invalid-descriptor'],
    ['decision.contentType', 'invalid-descriptor'],
  ] as const) {
    test(`leads to a fault of the module for ${argument}`, async () => {
      const { payload } = await failsWith(send(argument), 'fault');
      assert.deepEqual([payload.val.code, payload.val.details], [code, [['argument', argument]]]);
    });
  }

  test('leads to an invalid argument of the caller, with the name of the option', async () => {
    assert.equal((await failsWith(send('decision.actor'), 'invalid-argument')).payload.val.argument, 'options.actor');
  });
});

describe('an invalid descriptor of a module', () => {
  const command = { type: 'Count', schemaVersion: 1, precondition: 'any', snapshot: { tag: 'never' } };
  const cases: readonly (readonly [string, object | undefined, string])[] = [
    ['is missing', undefined, ''],
    ['has a name without UTF-8', { name: '\ud800' }, '.name'],
    ['has an empty version', { version: '' }, '.version'],
    ['has no content type', { contentType: undefined }, '.contentType'],
    ['has a digest that is a string', { digest: 'abc' }, '.digest'],
    ['has no list of commands', { commands: undefined }, '.commands'],
    ['has no list of events', { events: {} }, '.events'],
    ['has an event without a type', { events: [{ schemaVersion: 1 }] }, '.events.type'],
    ['has an event type without UTF-8', { events: [{ type: '\ud800', schemaVersion: 1 }] }, '.events.type'],
    [
      'has a command without a version',
      { commands: [{ ...command, schemaVersion: 0 }] },
      '.commands.Count.schemaVersion',
    ],
    ['has a command without a policy', { commands: [{ ...command, snapshot: undefined }] }, '.commands.Count.snapshot'],
    [
      'has a policy of another kind',
      { commands: [{ ...command, snapshot: { tag: 'x' } }] },
      '.commands.Count.snapshot',
    ],
  ];
  for (const [problem, change, place] of cases) {
    test(`is an invalid definition if it ${problem}`, () => {
      const module = counter(() => []);
      const described = module.routing.describe();
      const describe = () => (change === undefined ? undefined : { ...described, ...change }) as typeof described;
      assert.throws(
        () =>
          createEventSourcer({
            store: createMemoryStore(),
            modules: [{ ...module, routing: { ...module.routing, describe } }],
          }),
        { code: 'invalid-definition', payload: { place: `createEventSourcer.modules[0]${place}` } },
      );
    });
  }
});
