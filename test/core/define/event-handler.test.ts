import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  cancelDeadline,
  defineCommand,
  defineEvent,
  defineEventHandler,
  dispatchCommand,
  type EventContext,
  endProcess,
  scheduleCommand,
  withCategory,
} from 'decidable';
import { z } from 'zod';
import { faultIn } from './fault-in.ts';

const LoanStarted = withCategory(
  defineEvent('LoanStarted', z.object({ loanId: z.string(), memberId: z.string(), days: z.int() })),
  'loan',
);
const LoanEnded = withCategory(defineEvent('LoanEnded', z.object({ loanId: z.string() })), 'loan');
const RemindMember = defineCommand('RemindMember', z.object({ memberId: z.string().min(1) }), {
  schemaVersion: 2,
  upcast: { 1: (old: { member: string }) => ({ memberId: old.member }) },
});

const context: EventContext = {
  id: '00000000-0000-5000-8000-000000000000',
  stream: 'loan-1',
  revision: 0n,
  position: 7n,
  recordedAt: 1_000n,
  correlationId: 'c',
  causationId: 'd',
};

const base = {
  name: 'library.reminders',
  version: '1.2.0',
  state: z.object({ memberId: z.string().optional() }),
  events: { LoanStarted, LoanEnded },
  commands: { RemindMember },
  initialState: {},
};

const reminders = defineEventHandler({
  ...base,
  key: (event) => (event.data.loanId === '' ? undefined : event.data.loanId),
  evolve: {
    LoanStarted: (draft, { memberId }) => {
      draft.memberId = memberId;
    },
  },
  handle: {
    LoanStarted: (state, { days }, { recordedAt }) => [
      scheduleCommand('overdue', recordedAt + BigInt(days), RemindMember({ memberId: state.memberId ?? '' })),
    ],
    LoanEnded: ({ memberId = '' }) => [cancelDeadline('overdue'), dispatchCommand(RemindMember({ memberId }))],
  },
});

const { types, eventHandler } = reminders;
const started = LoanStarted({ loanId: '1', memberId: 'm1', days: 5 });
const ended = LoanEnded({ loanId: '1' });

describe('a process manager', () => {
  test('describes the events that it reads and the commands that it sends', () => {
    assert.deepEqual(eventHandler.describe(), {
      name: 'library.reminders',
      version: '1.2.0',
      contentType: 'application/vnd.msgpack',
      digest: undefined,
      events: ['LoanStarted', 'LoanEnded'].map((type) => ({ category: 'loan', type, name: undefined })),
      commands: ['RemindMember'],
    });
  });

  test('returns the key of the process, or undefined', () => {
    assert.equal(eventHandler.key(started), '1');
    assert.equal(eventHandler.key(LoanEnded({ loanId: '' })), undefined);
  });

  test('sends commands as envelopes of their definitions', () => {
    const state = eventHandler.evolve(eventHandler.initialState(), started);
    const [reaction] = eventHandler.handle(state, started, context);
    assert.ok(reaction?.tag === 'schedule');
    assert.deepEqual([reaction.val.id, reaction.val.dueAt], ['overdue', 1_005n]);
    assert.equal(reaction.val.command.schemaVersion, 2);
    assert.deepEqual(types.command.fromEnvelope(reaction.val.command), RemindMember({ memberId: 'm1' }));
    assert.deepEqual(
      eventHandler.handle(state, ended, context).map(({ tag }) => tag),
      ['cancel', 'dispatch'],
    );
  });

  test('keeps its state if an event does not change it', () => {
    const state = eventHandler.evolve(eventHandler.initialState(), started);
    assert.equal(eventHandler.evolve(state, ended), state);
    assert.deepEqual(types.state.fromBytes(types.state.toBytes(state)), { memberId: 'm1' });
  });

  test('does not send a command that its receiver could not read', () => {
    const fault = faultIn(() => eventHandler.handle(eventHandler.initialState(), ended, context));
    assert.equal(fault.code, 'invalid-shape');
    assert.equal(fault.payload.details[2]?.[0], 'RemindMember.data.memberId');
  });

  test('fails with a fault of the handler', () => {
    const boom = new Error('boom');
    const thrower = () => {
      throw boom;
    };
    const broken = defineEventHandler({
      ...base,
      key: thrower,
      evolve: { LoanStarted: thrower },
      handle: { LoanStarted: thrower, LoanEnded: (() => undefined) as never },
    }).eventHandler;
    const cases: [() => unknown, string][] = [
      [() => broken.key(started), 'key-failed'],
      [() => broken.evolve({}, started), 'evolve-failed'],
      [() => broken.handle({}, started, context), 'handle-failed'],
      [() => broken.handle({}, ended, context), 'invalid-reaction'],
      [() => broken.evolve({}, { type: 'Other' } as never), 'unknown-type'],
    ];
    for (const [act, code] of cases) assert.equal(faultIn(act).code, code);
  });

  test('schedules only at valid times', () => {
    const at = (when: unknown) =>
      defineEventHandler({
        ...base,
        key: () => 'one',
        evolve: { LoanStarted: () => {} },
        handle: { LoanEnded: () => [scheduleCommand('x', when as Date, RemindMember({ memberId: 'm' }))] },
      }).eventHandler.handle({}, ended, context);
    assert.deepEqual(
      at(new Date(5)).map((reaction) => reaction.tag === 'schedule' && reaction.val.dueAt),
      [5n],
    );
    for (const wrong of [new Date(Number.NaN), -1n, 5, undefined, 8_640_000_000_000_001n, 2n ** 64n - 1n]) {
      assert.equal(faultIn(() => at(wrong)).code, 'invalid-reaction');
    }
  });

  test('refuses ids of deadlines that cannot be stored', () => {
    const reacting = (reaction: unknown) => () =>
      defineEventHandler({
        ...base,
        key: () => 'one',
        evolve: { LoanStarted: () => {} },
        handle: { LoanEnded: () => [reaction as ReturnType<typeof cancelDeadline>] },
      }).eventHandler.handle({}, ended, context);
    for (const id of ['', '\ud800', 5, undefined] as string[]) {
      const command = RemindMember({ memberId: 'm' });
      assert.equal(faultIn(reacting(scheduleCommand(id, 5n, command))).code, 'invalid-reaction');
      assert.equal(faultIn(reacting(cancelDeadline(id))).code, 'invalid-reaction');
    }
    assert.deepEqual(reacting(cancelDeadline('overdue'))(), [{ tag: 'cancel', val: 'overdue' }]);
  });

  test('refuses keys that cannot be stored', () => {
    const { eventHandler } = defineEventHandler({
      ...base,
      key: () => '\ud800',
      evolve: { LoanStarted: () => {} },
      handle: { LoanEnded: () => [] },
    });
    assert.equal(faultIn(() => eventHandler.key(ended)).code, 'key-failed');
  });

  test('is refused if it has no handler for an event', () => {
    assert.throws(
      () => defineEventHandler({ ...base, key: () => 'one', evolve: {}, handle: { LoanEnded: () => [] } }),
      { code: 'invalid-definition', payload: { place: 'library.reminders.events.LoanStarted' } },
    );
  });
});

describe('a command that its decider rejected', () => {
  const Book = defineCommand('Book', z.object({ seat: z.string() }));
  const Refund = defineCommand('Refund', z.object({ cents: z.int() }));
  const Paid = withCategory(defineEvent('Paid', z.object({ cents: z.int(), seat: z.string() })), 'payment');
  const booking = defineEventHandler({
    name: 'booking',
    version: '1',
    state: z.object({ cents: z.int(), refused: z.array(z.string()) }),
    events: { Paid },
    commands: { Book, Refund },
    key: ({ data }) => data.seat,
    initialState: { cents: 0, refused: [] },
    evolve: {
      Paid: (state, { cents }) => {
        state.cents += cents;
      },
    },
    handle: { Paid: (_state, { seat }) => [dispatchCommand(Book({ seat }))] },
    rejected: {
      Book: {
        evolve: (state, { data, rejection }) => {
          state.refused.push(`${data.seat} ${rejection.code}`);
        },
        handle: ({ cents }) => [dispatchCommand(Refund({ cents })), endProcess()],
      },
    },
  });
  const { types, eventHandler } = booking;
  const rejectedCommand = (command: ReturnType<typeof Book> | ReturnType<typeof Refund>) => ({
    commandId: '018f4d1e-7a2b-7c3d-8e4f-5a6b7c8d9e0f',
    command: types.command.toEnvelope(command),
    stream: 'seat-1A',
    rejection: { code: 'taken', message: 'The seat is taken.', details: [] },
    recordedAt: 5n,
  });

  test('changes the state of its process and leads to reactions', () => {
    const paid = eventHandler.evolve(eventHandler.initialState(), Paid({ cents: 700, seat: '1A' }));
    const refused = eventHandler.evolveRejected(paid, rejectedCommand(Book({ seat: '1A' })));
    assert.deepEqual(refused, { cents: 700, refused: ['1A taken'] });
    const reactions = eventHandler.handleRejected(refused, rejectedCommand(Book({ seat: '1A' })));
    assert.deepEqual(reactions, [
      { tag: 'dispatch', val: types.command.toEnvelope(Refund({ cents: 700 })) },
      { tag: 'end' },
    ]);
  });

  test('is a fault if the process manager has no entry for it', () => {
    const state = eventHandler.initialState();
    const refund = rejectedCommand(Refund({ cents: 1 }));
    assert.equal(faultIn(() => eventHandler.evolveRejected(state, refund)).code, 'unhandled-rejection');
    assert.equal(faultIn(() => eventHandler.handleRejected(state, refund)).code, 'unhandled-rejection');
  });

  test('can be ignored explicitly', () => {
    const careless = defineEventHandler({
      name: 'careless',
      version: '1',
      state: z.object({}),
      events: { Paid },
      commands: { Book },
      key: ({ data }) => data.seat,
      initialState: {},
      evolve: {},
      handle: { Paid: (_state, { seat }) => [dispatchCommand(Book({ seat }))] },
      rejected: { Book: 'ignore' },
    }).eventHandler;
    assert.deepEqual(careless.handleRejected(careless.initialState(), rejectedCommand(Book({ seat: '1A' }))), []);
  });

  test('is refused when the process manager is defined, if the process manager does not send it', () => {
    const rejected = { Book: 'ignore', Cancel: 'ignore' } as const;
    const define = () =>
      defineEventHandler({
        name: 'wrong',
        version: '1',
        state: z.object({}),
        events: { Paid },
        commands: { Book },
        key: () => undefined,
        initialState: {},
        evolve: {},
        handle: { Paid: () => [] },
        rejected,
      });
    assert.throws(define, { code: 'invalid-definition', payload: { place: 'wrong.rejected.Cancel' } });
  });
});
