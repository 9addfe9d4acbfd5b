/** Deadlines of processes survive restarts, fire once, and can be moved and cancelled. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  cancelDeadline,
  defineDecider,
  defineEventHandler,
  defineSystem,
  endProcess,
  scheduleCommand,
} from 'decidable';
import { createMemoryStore, type MemoryStore } from 'decidable/memory';
import { TestClock } from 'decidable/testing';
import { z } from 'zod';

const loanId = z.string();

const loan = defineDecider({
  name: 'loan',
  version: '1',
  state: z.object({ reminders: z.int() }),
  commands: {
    Lend: z.object({ loanId, days: z.int() }),
    Extend: z.object({ loanId, days: z.int() }),
    Return: z.object({ loanId }),
    Remind: z.object({ loanId }),
  },
  events: {
    Lent: z.object({ loanId, days: z.int() }),
    Extended: z.object({ loanId, days: z.int() }),
    Returned: z.object({ loanId }),
    Reminded: z.object({ loanId }),
  },
  category: 'loan',
  streamId: ({ data }) => data.loanId,
  initialState: { reminders: 0 },
  evolve: {
    Lent: () => undefined,
    Extended: () => undefined,
    Returned: () => undefined,
    Reminded: (state) => {
      state.reminders++;
    },
  },
  decide: {
    Lend: (_state, data) => [{ type: 'Lent', data }],
    Extend: (_state, data) => [{ type: 'Extended', data }],
    Return: (_state, data) => [{ type: 'Returned', data }],
    Remind: (_state, data) => [{ type: 'Reminded', data }],
  },
});

const { Remind } = loan.commands;
const DAY = 86_400_000n;

const reminders = defineEventHandler({
  name: 'reminders',
  version: '1',
  state: z.object({}),
  events: { Lent: loan.events.Lent, Extended: loan.events.Extended, Returned: loan.events.Returned },
  commands: { Remind },
  key: ({ data }) => data.loanId,
  initialState: {},
  evolve: {},
  handle: {
    Lent: (_state, { loanId, days }, { recordedAt }) => [
      scheduleCommand('due', recordedAt + BigInt(days) * DAY, Remind({ loanId })),
    ],
    Extended: (_state, { loanId, days }, { recordedAt }) => [
      ...(days === 0 ? [cancelDeadline('due')] : []),
      ...(days > 0 ? [scheduleCommand('due', recordedAt + BigInt(days) * DAY, Remind({ loanId }))] : []),
    ],
    Returned: () => [endProcess()],
  },
});

const library = defineSystem({ name: 'library', deciders: [loan], processManagers: [reminders] });
const { Lend, Extend, Return } = loan.commands;

async function opened() {
  const clock = new TestClock();
  const store = createMemoryStore({ now: () => clock.now() });
  return { clock, store, running: await library.start({ store, clock }) };
}

async function remindersSent(store: MemoryStore): Promise<number> {
  return (await store.readStream('loan-1', { direction: 'forward' })).filter(({ event }) => event.type === 'Reminded')
    .length;
}

describe('a deadline', () => {
  test('fires when it is due, and not before', async () => {
    const { clock, store, running } = await opened();
    await running.dispatch(Lend({ loanId: '1', days: 3 }));
    await running.settled();
    clock.advance({ days: 2, hours: 23 });
    await running.settled();
    assert.equal(await remindersSent(store), 0);
    clock.advance({ hours: 1 });
    await running.settled();
    assert.equal(await remindersSent(store), 1);
    await running.stop();
  });

  test('fires when it is due, although no lease is renewed in the meantime', async () => {
    const clock = new TestClock();
    const store = createMemoryStore({ now: () => clock.now() });
    await using running = await library.start({ store, clock, lease: 2 ** 50 });
    await running.dispatch(Lend({ loanId: '1', days: 1 }));
    await running.settled();
    clock.advance({ days: 1 });
    await running.settled(AbortSignal.timeout(20_000));
    assert.equal(await remindersSent(store), 1);
  });

  test('fires once, although the clock is stepped backward and passes it again', async () => {
    const { clock, store, running } = await opened();
    await running.dispatch(Lend({ loanId: '1', days: 1 }));
    await running.settled();
    for (const days of [2, -2, 5]) {
      clock.advance({ days });
      await running.settled();
    }
    assert.equal(await remindersSent(store), 1);
    await running.stop();
  });

  test('moves if it is scheduled again, and does not fire if it is cancelled', async () => {
    const { clock, store, running } = await opened();
    await running.dispatch(Lend({ loanId: '1', days: 1 }));
    await running.dispatch(Extend({ loanId: '1', days: 10 }));
    await running.settled();
    clock.advance({ days: 9 });
    await running.settled();
    assert.equal(await remindersSent(store), 0);
    await running.dispatch(Extend({ loanId: '1', days: 0 }));
    await running.settled();
    clock.advance({ days: 90 });
    await running.settled();
    assert.equal(await remindersSent(store), 0);
    await running.stop();
  });

  test('is cancelled by the end of its process', async () => {
    const { clock, store, running } = await opened();
    await running.dispatch(Lend({ loanId: '1', days: 1 }));
    await running.dispatch(Return({ loanId: '1' }));
    await running.settled();
    clock.advance({ days: 9 });
    await running.settled();
    assert.equal(await remindersSent(store), 0);
    await running.stop();
  });

  test('fires once or not at all if it is due while its cancellation is processed, and is gone then', async () => {
    const { clock, store, running } = await opened();
    await running.dispatch(Lend({ loanId: '1', days: 1 }));
    await running.settled();
    await running.stop();
    {
      await using tool = await library.start({ store, clock, process: false });
      await tool.dispatch(Extend({ loanId: '1', days: 0 }));
    }
    clock.advance({ days: 2 });
    await using again = await library.start({ store, clock });
    await again.settled();
    assert.ok((await remindersSent(store)) <= 1);
    assert.deepEqual(await store.processors.listDeadlines({ name: 'reminders/commands', version: '1' }), []);
    clock.advance({ days: 2 });
    await again.settled();
    assert.ok((await remindersSent(store)) <= 1);
  });

  test('survives a restart, and fires if it fell due in the meantime', async () => {
    const { clock, store, running } = await opened();
    await running.dispatch(Lend({ loanId: '1', days: 1 }));
    await running.settled();
    await running.stop();
    clock.advance({ days: 30 });
    await using again = await library.start({ store, clock });
    await again.settled();
    assert.equal(await remindersSent(store), 1);
  });
});
