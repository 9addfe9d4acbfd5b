/** Decisions of deciders, and wrong results of their handlers. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { defineDecider, defineEvent, RejectionError, reject } from 'decidable';
import { z } from 'zod';
import { faultIn } from './fault-in.ts';
import {
  AccountCleared,
  after,
  BookBorrowed,
  borrow,
  FeeCharged,
  FeePaid,
  member,
  RenewLoan,
  rejectionIn,
  SettleFees,
} from './library.ts';

const { decider } = member;

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

describe('reject', () => {
  test('returns an error without a stack', () => {
    const limit = Error.stackTraceLimit;
    const rejection = reject('no-seats');
    assert.ok(rejection instanceof RejectionError);
    assert.doesNotMatch(rejection.stack ?? '', /\n {4}at /);
    assert.equal(Error.stackTraceLimit, limit);
  });
});
