import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  defineCommand,
  defineDecider,
  defineEvent,
  type Envelope,
  isFault,
  isRejection,
  type Message,
  msgpack,
  RejectionError,
  reject,
  type StandardSchema,
  type Upcasters,
  upcastFrom,
} from 'decidable';
import fc from 'fast-check';
import { z } from 'zod';

const BorrowBook = defineCommand('BorrowBook', z.object({ memberId: z.string().min(1), bookId: z.string() }));
const RenewLoan = defineCommand('RenewLoan', z.object({ memberId: z.string(), bookId: z.string() }), {
  precondition: 'stream-exists',
  snapshot: { every: 50 },
});
const SettleFees = defineCommand('SettleFees', z.object({ memberId: z.string(), cents: z.bigint().positive() }));
const BookBorrowed = defineEvent('BookBorrowed', z.object({ bookId: z.string() }));
const FeeCharged = defineEvent('FeeCharged', z.object({ cents: z.bigint() }));
const FeePaid = defineEvent('FeePaid', z.object({ cents: z.bigint().positive() }));
const AccountCleared = defineEvent('AccountCleared', z.object({}));

/** A member of a library, with loans and fees. */
const member = defineDecider({
  name: 'library.member',
  version: '2.1.0',
  state: z.object({ loans: z.array(z.string()), owed: z.bigint() }),
  commands: { BorrowBook, RenewLoan, SettleFees },
  events: { BookBorrowed, FeeCharged, FeePaid, AccountCleared },
  category: 'member',
  streamId: (command) => command.data.memberId,
  initialState: { loans: [], owed: 0n },
  evolve: {
    BookBorrowed: (draft, { bookId }) => {
      draft.loans.push(bookId);
    },
    FeeCharged: (draft, { cents }) => {
      draft.owed += cents;
    },
    FeePaid: (draft, { cents }) => {
      draft.owed -= cents;
    },
    AccountCleared: () => ({ loans: [], owed: 0n }),
  },
  decide: {
    BorrowBook: (state, { bookId }) =>
      state.owed > 0n ? reject('fees-open', 'Fees come first.', { owed: state.owed }) : [BookBorrowed({ bookId })],
    RenewLoan: (state, { bookId }) => (state.loans.includes(bookId) ? [] : reject('not-on-loan')),
    *SettleFees(state, { cents }) {
      if (cents > state.owed) return reject('overpaid');
      const after = yield [FeePaid({ cents })];
      if (after.owed === 0n && after.loans.length === 0) return [AccountCleared({})];
      return [];
    },
  },
});

const { decider, types, routing } = member;

type MemberEvent = ReturnType<typeof types.event.fromEnvelope>;

function after(...events: MemberEvent[]) {
  return events.reduce(decider.evolve, decider.initialState());
}

function faultIn(act: () => unknown) {
  try {
    act();
  } catch (error) {
    if (isFault(error)) return error;
    throw error;
  }
  return assert.fail('nothing was thrown');
}

function rejectionIn(act: () => unknown) {
  try {
    act();
  } catch (error) {
    if (isRejection(error)) return error.payload;
    throw error;
  }
  return assert.fail('nothing was thrown');
}

const borrow = BorrowBook({ memberId: 'm1', bookId: 'b1' });

describe('a decision', () => {
  test('returns events as plain messages', () => {
    assert.deepEqual(decider.decide(after(), borrow), [{ type: 'BookBorrowed', data: { bookId: 'b1' } }]);
  });

  test('returns no events if nothing needs to happen', () => {
    const renew = RenewLoan({ memberId: 'm1', bookId: 'b1' });
    assert.deepEqual(decider.decide(after(BookBorrowed({ bookId: 'b1' })), renew), []);
  });

  test('rejects with a code, a message and details', () => {
    const rejection = rejectionIn(() => decider.decide(after(FeeCharged({ cents: 250n })), borrow));
    assert.deepEqual(rejection, { code: 'fees-open', message: 'Fees come first.', details: [['owed', '250']] });
  });

  test('rejects with the words of the code as the message if there is no message', () => {
    const rejection = rejectionIn(() => decider.decide(after(), RenewLoan({ memberId: 'm1', bookId: 'b1' })));
    assert.deepEqual(rejection, { code: 'not-on-loan', message: 'not on loan', details: [] });
  });

  test('records the details of a rejection as text, without undefined ones', () => {
    const { payload } = reject('late', 'Too late.', {
      due: new Date(Date.UTC(2026, 0, 2)),
      days: 3,
      first: false,
      note: undefined,
    });
    assert.deepEqual(payload.details, [
      ['due', '2026-01-02T00:00:00.000Z'],
      ['days', '3'],
      ['first', 'false'],
    ]);
  });

  test('does not change the state', () => {
    const state = after(BookBorrowed({ bookId: 'b1' }));
    decider.evolve(state, BookBorrowed({ bookId: 'b2' }));
    assert.deepEqual(state, { loans: ['b1'], owed: 0n });
    assert.ok(Object.isFrozen(state) && Object.isFrozen(state.loans) && Object.isFrozen(decider.initialState()));
  });
});

describe('a decision in steps', () => {
  test('has the state after the events that it yielded', () => {
    const decided = decider.decide(after(FeeCharged({ cents: 5n })), SettleFees({ memberId: 'm1', cents: 5n }));
    assert.deepEqual(decided, [FeePaid({ cents: 5n }), AccountCleared({})]);
  });

  test('is one list that contains the yielded events and the returned ones', () => {
    const decided = decider.decide(after(FeeCharged({ cents: 5n })), SettleFees({ memberId: 'm1', cents: 4n }));
    assert.deepEqual(decided, [FeePaid({ cents: 4n })]);
  });

  test('can reject before its first step', () => {
    const rejection = rejectionIn(() => decider.decide(after(), SettleFees({ memberId: 'm1', cents: 5n })));
    assert.equal(rejection.code, 'overpaid');
  });

  test('has no event if it rejects at a later step', () => {
    const rejection = rejectionIn(() => steps('refuse'));
    assert.equal(rejection.code, 'changed-my-mind');
  });

  test('may return nothing after its last step', () => {
    assert.equal(steps('yield-only').length, 2);
  });

  test('may throw its rejection', () => {
    assert.equal(rejectionIn(() => steps('throw')).code, 'thrown');
  });

  test('runs the finally blocks of the generator if it fails', () => {
    let cleaned = false;
    const fault = faultIn(() =>
      steps('fail', () => {
        cleaned = true;
      }),
    );
    assert.equal(fault.code, 'invalid-event');
    assert.ok(cleaned);
  });

  test('has at most 1,000 events in all of its steps', () => {
    const fault = faultIn(() => steps('endless'));
    assert.equal(fault.code, 'invalid-decision');
  });
});

/** A decider with several kinds of decisions in steps. */
function steps(way: string, cleanUp = () => {}) {
  const Walked = defineEvent('Walked', z.object({ steps: z.int() }));
  const walker = defineDecider({
    name: 'walker',
    version: '1',
    state: z.number(),
    commands: { Walk: z.object({}) },
    events: { Walked },
    category: 'walker',
    streamId: () => '',
    initialState: 0,
    evolve: { Walked: (total, { steps }) => total + steps },
    decide: {
      *Walk() {
        try {
          const first = yield [Walked({ steps: 1 })];
          assert.equal(first, 1);
          if (way === 'refuse') return reject('changed-my-mind');
          if (way === 'throw') throw reject('thrown');
          if (way === 'fail') yield [Walked({ steps: 0.5 })];
          while (way === 'endless') yield [Walked({ steps: 1 })];
          yield [Walked({ steps: first + 1 })];
          return undefined;
        } finally {
          cleanUp();
        }
      },
    },
  });
  return walker.decider.decide(0, { type: 'Walk', data: {} });
}

describe('a wrong result of a handler', () => {
  /** A decider whose author has bypassed the types. */
  function careless(decide: () => unknown, evolve: () => unknown = () => {}) {
    return defineDecider({
      name: 'careless',
      version: '1',
      state: z.object({ n: z.number() }),
      commands: { Do: z.object({}) },
      events: { Done: z.object({ n: z.number() }) },
      category: 'careless',
      streamId: () => '',
      initialState: { n: 0 },
      evolve: { Done: evolve as never },
      decide: { Do: decide as never },
    }).decider;
  }
  const Do = { type: 'Do', data: {} } as const;
  const cases: [string, () => unknown, string][] = [
    ['returns nothing', () => undefined, 'invalid-decision'],
    ['returns a promise', async () => [], 'invalid-decision'],
    ['returns an event of another module', () => [{ type: 'Other' }], 'invalid-decision'],
    ['returns an event in the wrong shape', () => [{ type: 'Done', data: { n: '1' } }], 'invalid-event'],
    [
      'yields a rejection',
      function* () {
        yield reject('no');
      },
      'invalid-decision',
    ],
    [
      'throws',
      () => {
        throw new TypeError('n is not iterable');
      },
      'decide-failed',
    ],
  ];
  for (const [words, decide, code] of cases) {
    test(`is a fault if decide ${words}`, () => {
      const fault = faultIn(() => careless(decide).decide({ n: 0 }, Do));
      assert.equal(fault.code, code);
    });
  }

  test('is a fault with the thrown error as its cause', () => {
    const cause = new TypeError('broken');
    const thrower = () => {
      throw cause;
    };
    assert.equal(faultIn(() => careless(thrower).decide({ n: 0 }, Do)).cause, cause);
    const fault = faultIn(() => careless(() => [], thrower).evolve({ n: 0 }, { type: 'Done', data: { n: 1 } }));
    assert.equal(fault.code, 'evolve-failed');
    assert.equal(fault.cause, cause);
    assert.deepEqual(fault.payload.details, [
      ['type', 'Done'],
      ['cause', 'broken'],
    ]);
  });

  test('is a fault if streamId does not return a string', () => {
    const nameless = defineDecider({
      name: 'nameless',
      version: '1',
      state: z.number(),
      commands: { Do: z.object({}) },
      events: {},
      category: 'nameless',
      streamId: () => undefined as never,
      initialState: 0,
      evolve: {},
      decide: { Do: () => [] },
    });
    assert.equal(faultIn(() => nameless.routing.streamId(Do)).code, 'stream-id-failed');
  });

  test('is stripped by the schema before it is stored and folded', () => {
    const seen: unknown[] = [];
    const { decide } = careless(
      () => [{ type: 'Done', data: { n: 1, secret: true } }],
      () => {
        seen.push(1);
      },
    );
    assert.deepEqual(decide({ n: 0 }, Do), [{ type: 'Done', data: { n: 1 } }]);
  });
});

describe('messages between program and bytes', () => {
  test('are read as they were, with integers in the form of the schema', () => {
    const event = FeeCharged({ cents: 250n });
    assert.deepEqual(types.event.fromEnvelope(types.event.toEnvelope(event)), event);
    const command = SettleFees({ memberId: 'm1', cents: 2n ** 70n });
    assert.deepEqual(types.command.fromEnvelope(types.command.toEnvelope(command)), command);
    const state = after(BookBorrowed({ bookId: 'b1' }), FeeCharged({ cents: 1n }));
    assert.deepEqual(types.state.fromBytes(types.state.toBytes(state)), state);
  });

  test('have their type and their schema version', () => {
    const { type, schemaVersion } = types.event.toEnvelope(BookBorrowed({ bookId: 'b1' }));
    assert.deepEqual({ type, schemaVersion }, { type: 'BookBorrowed', schemaVersion: 1 });
  });

  test('are a fault with the type and the path if they have a wrong shape', () => {
    const fault = faultIn(() => types.command.fromEnvelope(envelopeOf('SettleFees', { memberId: 'm1', cents: 'two' })));
    assert.equal(fault.code, 'invalid-shape');
    assert.deepEqual(fault.payload.details, [
      ['type', 'SettleFees'],
      ['schema-version', '1'],
      ['SettleFees.data.cents', 'expected bigint, received string'],
    ]);
  });

  test('are checked when a command is encoded', () => {
    const fault = faultIn(() => types.command.toEnvelope(SettleFees({ memberId: 'm1', cents: 0n })));
    assert.equal(fault.code, 'invalid-shape');
    assert.equal(fault.payload.details[2]?.[0], 'SettleFees.data.cents');
  });

  test('are a fault with the known types if their type is unknown', () => {
    const fault = faultIn(() => types.event.fromEnvelope(envelopeOf('BookBurned', {})));
    assert.equal(fault.code, 'unknown-type');
    assert.deepEqual(fault.payload.details, [
      ['type', 'BookBurned'],
      ['known', 'BookBorrowed, FeeCharged, FeePaid, AccountCleared'],
    ]);
    assert.equal(faultIn(() => types.command.fromEnvelope(envelopeOf('BookBorrowed', {}))).code, 'unknown-type');
  });

  test('are a fault if the codec cannot decode the bytes', () => {
    const envelope = { type: 'FeePaid', schemaVersion: 1, payload: new Uint8Array([0xc1]) };
    assert.equal(faultIn(() => types.event.fromEnvelope(envelope)).code, 'undecodable-payload');
  });

  test('are a fault with the same code if the codec throws an error of its own', () => {
    const codec = {
      contentType: 'text/x',
      encode: () => new Uint8Array(),
      decode: () => {
        throw new Error('odd');
      },
    };
    const odd = defineDecider({
      name: 'odd',
      version: '1',
      codec,
      state: z.number(),
      commands: {},
      events: { Done: z.object({}) },
      category: 'odd',
      streamId: () => '',
      initialState: 0,
      evolve: { Done: () => {} },
      decide: {},
    });
    const fault = faultIn(() => odd.types.event.fromEnvelope(envelopeOf('Done', {})));
    assert.equal(fault.code, 'undecodable-payload');
  });

  test('are checked in the same way if they come without types', () => {
    assert.deepEqual(
      member.command('SettleFees', { memberId: 'm1', cents: 5 }),
      SettleFees({ memberId: 'm1', cents: 5n }),
    );
    assert.equal(faultIn(() => member.command('BurnBooks', {})).code, 'unknown-type');
    assert.equal(
      faultIn(() => member.command('SettleFees', null)).message,
      'SettleFees.data: expected object, received null',
    );
  });
});

describe('arbitrary bytes', () => {
  const type = fc.constantFrom('BookBorrowed', 'FeeCharged', 'FeePaid', 'BorrowBook', 'SettleFees', 'Nothing');
  const anyEnvelope: fc.Arbitrary<Envelope> = fc.oneof(
    fc.record({ type, schemaVersion: fc.nat(3), payload: fc.uint8Array({ maxLength: 20 }) }),
    fc
      .tuple(type, fc.object({ key: fc.constantFrom('bookId', 'cents', 'memberId'), maxDepth: 1, withBigInt: true }))
      .map(([name, data]) => encodable(name, data)),
  );

  test('are decoded, or are a fault of the module', () => {
    let read = 0;
    fc.assert(
      fc.property(anyEnvelope, (envelope) => {
        for (const messages of [types.event, types.command]) {
          try {
            messages.fromEnvelope(envelope);
            read++;
          } catch (error) {
            assert.ok(isFault(error), String(error));
          }
        }
        try {
          types.state.fromBytes(envelope.payload);
        } catch (error) {
          assert.ok(isFault(error), String(error));
        }
      }),
      { numRuns: 1000 },
    );
    assert.ok(read > 0);
  });
});

/** Values without an encoding are their own result. */
function encodable(type: string, data: unknown): Envelope {
  try {
    return envelopeOf(type, data);
  } catch (error) {
    assert.ok(isFault(error));
    return { type, schemaVersion: 1, payload: new Uint8Array() };
  }
}

function envelopeOf(type: string, data: unknown, schemaVersion = 1): Envelope {
  return { type, schemaVersion, payload: msgpack.encode(data, { kind: 'event', type, schemaVersion }) };
}

describe('an event that has changed its schema', () => {
  const Priced = defineEvent('Priced', z.object({ cents: z.bigint(), currency: z.string() }), {
    schemaVersion: 3,
    upcast: {
      1: (old: { euros: number }) => ({ cents: BigInt(old.euros) * 100n }),
      2: upcastFrom(z.object({ cents: z.bigint() }), (old) => ({ cents: old.cents + 0n, currency: 'EUR' })),
    },
  });
  const { types } = defineDecider({
    name: 'shop',
    version: '1',
    state: z.number(),
    commands: {},
    events: { Priced },
    category: 'shop',
    streamId: () => '',
    initialState: 0,
    evolve: { Priced: () => {} },
    decide: {},
  });

  test('is upgraded from every older version', () => {
    const now = Priced({ cents: 300n, currency: 'EUR' });
    assert.deepEqual(types.event.fromEnvelope(envelopeOf('Priced', { euros: 3 }, 1)), now);
    assert.deepEqual(types.event.fromEnvelope(envelopeOf('Priced', { cents: 300 }, 2)), now);
    assert.deepEqual(types.event.fromEnvelope(types.event.toEnvelope(now)), now);
    assert.equal(types.event.toEnvelope(now).schemaVersion, 3);
  });

  test('is a fault with both versions if it is newer than the module', () => {
    const fault = faultIn(() => types.event.fromEnvelope(envelopeOf('Priced', {}, 4)));
    assert.equal(fault.code, 'newer-schema-version');
    assert.deepEqual(fault.payload.details, [
      ['type', 'Priced'],
      ['schema-version', '4'],
      ['newest-known', '3'],
    ]);
  });

  test('is a fault if its version is invalid', () => {
    assert.equal(faultIn(() => types.event.fromEnvelope(envelopeOf('Priced', {}, 0))).code, 'invalid-schema-version');
  });

  test('is a fault with the version of the upcaster that fails', () => {
    const fault = faultIn(() => types.event.fromEnvelope(envelopeOf('Priced', { cents: 'x' }, 2)));
    assert.equal(fault.code, 'upcast-failed');
    assert.deepEqual(fault.payload.details, [
      ['type', 'Priced'],
      ['schema-version', '2'],
    ]);
  });
});

describe('a descriptor', () => {
  test('has the facts for a host', () => {
    assert.deepEqual(routing.describe(), {
      name: 'library.member',
      version: '2.1.0',
      contentType: 'application/vnd.msgpack',
      digest: undefined,
      category: 'member',
      foreignEvents: 'fault',
      commands: [
        { type: 'BorrowBook', schemaVersion: 1, precondition: 'stream-unchanged', snapshot: { tag: 'never' } },
        { type: 'RenewLoan', schemaVersion: 1, precondition: 'stream-exists', snapshot: { tag: 'every', val: 50 } },
        { type: 'SettleFees', schemaVersion: 1, precondition: 'stream-unchanged', snapshot: { tag: 'never' } },
      ],
      events: ['BookBorrowed', 'FeeCharged', 'FeePaid', 'AccountCleared'].map((type) => ({ type, schemaVersion: 1 })),
    });
    assert.equal(routing.streamId(borrow), 'm1');
  });
});

describe('an invalid definition', () => {
  const good = {
    name: 'shelf',
    version: '1',
    state: z.object({ n: z.number() }),
    commands: { Put: z.object({}) },
    events: { Was: z.object({}) },
    category: 'shelf',
    streamId: () => '',
    initialState: { n: 0 },
    evolve: { Was: () => {} },
    decide: { Put: () => [] },
  };
  const Moved = defineEvent('Moved', z.object({}));
  const eventually: StandardSchema = {
    '~standard': { version: 1, vendor: 'slow', validate: async (value) => ({ value }) },
  };
  const define = defineDecider as unknown as (definition: object) => unknown;
  const cases: [string, object, string][] = [
    ['has no name', { name: '' }, 'defineDecider.name'],
    ['has a name without UTF-8', { name: '\ud800' }, 'defineDecider.name'],
    ['has no version', { version: undefined }, 'shelf.version'],
    ['has an invalid codec', { codec: 'json' }, 'shelf.codec'],
    ['lacks a case of evolve', { evolve: {} }, 'shelf.evolve.Was'],
    ['lacks a case of decide', { decide: {} }, 'shelf.decide.Put'],
    ['evolves an unknown event', { evolve: { Was: () => {}, Is: () => {} } }, 'shelf.evolve.Is'],
    ['decides by a value that is not a function', { decide: { Put: 1 } }, 'shelf.decide.Put'],
    ['has a definition under another name', { events: { Was: Moved } }, 'shelf.events.Was'],
    ['has an event among the commands', { commands: { Put: Moved } }, 'shelf.commands.Put'],
    ['has no schema', { events: { Was: { n: 1 } } }, 'event Was'],
    ['has an asynchronous schema', { state: eventually }, 'shelf.state'],
    ['starts in a state outside its schema', { initialState: { n: 'x' } }, 'shelf.initialState'],
    ['cannot name a stream', { streamId: 'x' }, 'shelf.streamId'],
    ['has an unknown policy', { foreignEvents: 'ignore' }, 'shelf.foreignEvents'],
    ['has an unknown option', { initalState: { n: 0 } }, 'shelf.initalState'],
  ];
  for (const [words, change, place] of cases) {
    test(`is refused if it ${words}`, () => {
      assert.throws(() => define({ ...good, ...change }), { code: 'invalid-definition', payload: { place } });
    });
  }

  test('is refused if it is not an object', () => {
    for (const definition of [undefined, null, 'shelf']) {
      assert.throws(() => define(definition as never), { payload: { place: 'defineDecider' } });
    }
  });

  test('does not include schemas that are functions with a `kind` property', () => {
    const judge: StandardSchema = { '~standard': { version: 1, vendor: 'ark', validate: (value) => ({ value }) } };
    const schema = Object.assign(() => {}, judge, { kind: 'intersection' });
    const { types } = defineDecider({ ...good, events: { Was: schema } });
    assert.equal(types.event.toEnvelope({ type: 'Was', data: {} }).type, 'Was');
  });

  test('is refused if a message cannot be read in an older version', () => {
    const chain =
      (upcast: Upcasters, schemaVersion = 3) =>
      () =>
        defineEvent('E', z.object({}), { schemaVersion, upcast });
    const refused = (place: string) => ({ code: 'invalid-definition', payload: { place } });
    assert.throws(chain({ 1: () => ({}) }), refused('event E.upcast[2]'));
    assert.throws(chain({ 1: () => ({}), 2: () => ({}), 3: () => ({}) }), refused('event E.upcast[3]'));
    assert.throws(chain({ 1: () => ({}), 1.5: () => ({}), 2: () => ({}) }), refused('event E.upcast[1.5]'));
    assert.throws(chain({}, 0), refused('event E.schemaVersion'));
  });

  test('is refused if the options of a message are invalid or unknown', () => {
    const schema = z.object({});
    const command = (options: object) => () => defineCommand('C', schema, options);
    const refused = (place: string) => ({ code: 'invalid-definition', payload: { place } });
    assert.throws(command({ snapshot: { every: 0 } }), refused('command C.snapshot.every'));
    assert.throws(command({ snapshot: { every: 1, events: 1 } }), refused('command C.snapshot.events'));
    assert.throws(command({ snapshot: 'always' }), refused('command C.snapshot'));
    assert.throws(command({ precondition: 'x' }), refused('command C.precondition'));
    assert.throws(command({ snapshots: 'never' }), refused('command C.snapshots'));
    assert.throws(() => defineEvent('E', schema, { precondition: 'any' } as never), refused('event E.precondition'));
    assert.throws(() => defineEvent('E', schema, 2 as never), refused('event E'));
    assert.throws(() => defineCommand('', schema), refused('command.type'));
  });
});

describe('reject', () => {
  test('returns an error without a stack', () => {
    const limit = Error.stackTraceLimit;
    const rejection = reject('no-seats');
    assert.ok(rejection instanceof RejectionError);
    assert.doesNotMatch(rejection.stack ?? '', /\n {4}at /);
    assert.equal(Error.stackTraceLimit, limit);
  });
});

/** A function that compiles only if messages are narrowed by their type. */
export function narrowed(event: MemberEvent): string | bigint {
  return event.type === 'BookBorrowed' ? event.data.bookId : event.type === 'AccountCleared' ? '' : event.data.cents;
}

export const plain: Message<'BookBorrowed', { bookId: string }> = BookBorrowed({ bookId: 'b' });
