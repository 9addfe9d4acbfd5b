import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { cancel, defineEventHandler, dispatch, schedule } from '../../../src/core/define/event-handler.ts';
import { defineCommand, defineEvent } from '../../../src/core/define/message.ts';
import { isFault } from '../../../src/core/errors.ts';
import type { EventContext } from '../../../src/core/messages.ts';

const LoanStarted = defineEvent('LoanStarted', z.object({ loanId: z.string(), memberId: z.string(), days: z.int() }));
const LoanEnded = defineEvent('LoanEnded', z.object({ loanId: z.string() }));
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
      schedule('overdue', recordedAt + BigInt(days), RemindMember({ memberId: state.memberId ?? '' })),
    ],
    LoanEnded: ({ memberId = '' }) => [cancel('overdue'), dispatch(RemindMember({ memberId }))],
  },
});

const { types, eventHandler } = reminders;
const started = LoanStarted({ loanId: '1', memberId: 'm1', days: 5 });
const ended = LoanEnded({ loanId: '1' });

function faultIn(act: () => unknown) {
  try {
    act();
  } catch (error) {
    if (isFault(error)) return error;
    throw error;
  }
  return assert.fail('nothing was thrown');
}

describe('a process manager', () => {
  it('says what it reads and what it sends', () => {
    assert.deepEqual(eventHandler.describe(), {
      name: 'library.reminders',
      version: '1.2.0',
      contentType: 'application/vnd.msgpack',
      digest: undefined,
      events: ['LoanStarted', 'LoanEnded'],
      commands: ['RemindMember'],
    });
  });

  it('finds its process by the key, or none', () => {
    assert.equal(eventHandler.key(started), '1');
    assert.equal(eventHandler.key(LoanEnded({ loanId: '' })), undefined);
  });

  it('sends commands as envelopes of their own definition', () => {
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

  it('keeps its state through events that do not change it', () => {
    const state = eventHandler.evolve(eventHandler.initialState(), started);
    assert.equal(eventHandler.evolve(state, ended), state);
    assert.deepEqual(types.state.fromBytes(types.state.toBytes(state)), { memberId: 'm1' });
  });

  it('does not send what its receiver could not read', () => {
    const fault = faultIn(() => eventHandler.handle(eventHandler.initialState(), ended, context));
    assert.equal(fault.code, 'invalid-shape');
    assert.match(fault.message, /^RemindMember\.data\.memberId: /);
  });

  it('fails by a fault that names the place', () => {
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
    const cases: [() => unknown, string, RegExp][] = [
      [() => broken.key(started), 'key-failed', /^key failed: boom$/],
      [() => broken.evolve({}, started), 'evolve-failed', /^evolve\.LoanStarted failed: boom$/],
      [() => broken.handle({}, started, context), 'handle-failed', /^handle\.LoanStarted failed: boom$/],
      [() => broken.handle({}, ended, context), 'invalid-reaction', /^handle\.LoanEnded gave no list of reactions$/],
      [() => broken.evolve({}, { type: 'Other' } as never), 'unknown-type', /^Other: no event of this module/],
    ];
    for (const [act, code, message] of cases) {
      const fault = faultIn(act);
      assert.equal(fault.code, code);
      assert.match(fault.message, message);
    }
  });

  it('schedules at a time that exists', () => {
    const at = (when: unknown) =>
      defineEventHandler({
        ...base,
        key: () => 'one',
        evolve: { LoanStarted: () => {} },
        handle: { LoanEnded: () => [schedule('x', when as Date, RemindMember({ memberId: 'm' }))] },
      }).eventHandler.handle({}, ended, context);
    assert.deepEqual(
      at(new Date(5)).map((reaction) => reaction.tag === 'schedule' && reaction.val.dueAt),
      [5n],
    );
    for (const wrong of [new Date(Number.NaN), -1n, 5, undefined]) {
      assert.match(
        faultIn(() => at(wrong)).message,
        /^handle\.LoanEnded scheduled x at .*, which is no time since 1970$/,
      );
    }
  });

  it('is refused where it reads an event for nothing', () => {
    assert.throws(
      () => defineEventHandler({ ...base, key: () => 'one', evolve: {}, handle: { LoanEnded: () => [] } }),
      {
        code: 'invalid-definition',
        message: 'library.reminders.events.LoanStarted: is read for nothing: it has neither evolve nor handle',
      },
    );
  });
});
