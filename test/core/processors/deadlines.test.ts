/** Deadlines of processes survive restarts, fire once, and can be moved and cancelled. */
import assert from 'node:assert/strict';
import { after, afterEach, describe, test } from 'node:test';
import {
  cancelDeadline,
  defineDecider,
  defineEventHandler,
  defineSystem,
  endProcess,
  ProcessorStopped,
  type Share,
  scheduleCommand,
} from 'decidable';
import { type OpenedStore, openStore } from 'decidable/stores';
import { TestClock } from 'decidable/testing';
import { z } from 'zod';
import { ENGINES, type EngineName, Engines, skipWithout } from '../../servers/engines.ts';

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

/** The process manager cannot process an extension by these days. */
const POISON = 13;

function dayCount(days: number): bigint {
  if (days === POISON) throw new Error('thirteen days bring bad luck');
  return BigInt(days);
}

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
      days === 0
        ? cancelDeadline('due')
        : scheduleCommand('due', recordedAt + dayCount(days) * DAY, Remind({ loanId })),
    ],
    Returned: () => [endProcess()],
  },
});

const library = defineSystem({ name: 'library', deciders: [loan], processManagers: [reminders] });
const { Lend, Extend, Return } = loan.commands;

const engines = new Engines();
after(() => engines[Symbol.asyncDispose]());
/** The stores of the current test. */
let stores = new AsyncDisposableStack();
afterEach(async () => {
  await stores.disposeAsync();
  stores = new AsyncDisposableStack();
});

const COMMANDS = { name: 'reminders/commands', version: '1' };

/** Takes the shares of the dispatcher, as a member that does nothing. */
async function hold(store: OpenedStore, clock: TestClock) {
  const held: Share[] = [];
  for (const share of await store.processors.listShares(COMMANDS)) {
    const claimed = await store.processors.claimShare(share, 'idle', clock.now(), clock.now() + 600_000);
    if (claimed !== undefined) held.push(claimed);
  }
  return held;
}

async function remindersSent(store: OpenedStore): Promise<number> {
  return (await store.readStream('loan-1', { direction: 'forward' })).filter(({ event }) => event.type === 'Reminded')
    .length;
}

async function storeWith(engine: EngineName, clock: TestClock): Promise<OpenedStore> {
  return stores.use(await openStore(await engines.newAddress(engine), { now: () => clock.now() }));
}

async function opened(engine: EngineName) {
  const clock = new TestClock();
  const store = await storeWith(engine, clock);
  return { clock, store, running: await library.start({ store, clock }) };
}

for (const engine of ENGINES) {
  describe(`the time of a deadline on ${engine}`, { skip: skipWithout(engine) }, () => {
    test('fires when it is due, and not before', async () => {
      const { clock, store, running } = await opened(engine);
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

    test('fires once, even if the clock is set back and passes it again', async () => {
      const { clock, store, running } = await opened(engine);
      await running.dispatch(Lend({ loanId: '1', days: 1 }));
      await running.settled();
      for (const days of [2, -2, 5]) {
        clock.advance({ days });
        await running.settled();
      }
      assert.equal(await remindersSent(store), 1);
      await running.stop();
    });

    test('fires once, when the clock is stepped forward past it', async () => {
      const { clock, store, running } = await opened(engine);
      await running.dispatch(Lend({ loanId: '1', days: 300 }));
      await running.settled();
      clock.set(clock.now() + 299 * Number(DAY));
      await running.settled();
      assert.equal(await remindersSent(store), 0);
      clock.set(clock.now() + 400 * Number(DAY));
      await running.settled();
      clock.set(clock.now() + 400 * Number(DAY));
      await running.settled();
      assert.equal(await remindersSent(store), 1);
      await running.stop();
    });

    test('fires at its time although the clock was stepped backward before, and the system started again', async () => {
      const { clock, store, running } = await opened(engine);
      await running.dispatch(Lend({ loanId: '1', days: 2 }));
      await running.settled();
      await running.stop();
      clock.advance({ days: -30 });
      await using again = await library.start({ store, clock });
      clock.advance({ days: 31 });
      await again.settled();
      assert.equal(await remindersSent(store), 0);
      clock.advance({ days: 1 });
      await again.settled();
      assert.equal(await remindersSent(store), 1);
    });

    test('survives a restart, and fires if it became due in the meantime', async () => {
      const { clock, store, running } = await opened(engine);
      await running.dispatch(Lend({ loanId: '1', days: 1 }));
      await running.settled();
      await running.stop();
      clock.advance({ days: 30 });
      await using again = await library.start({ store, clock });
      await again.settled();
      assert.equal(await remindersSent(store), 1);
    });
  });
}

for (const engine of ['memory', 'SQLite'] as const) {
  describe(`a deadline on ${engine}`, () => {
    test('fires when it is due, even if no lease is renewed in the meantime', async () => {
      const clock = new TestClock();
      const store = await storeWith(engine, clock);
      await using running = await library.start({ store, clock, lease: 2 ** 50 });
      await running.dispatch(Lend({ loanId: '1', days: 1 }));
      await running.settled();
      clock.advance({ days: 1 });
      await running.settled(AbortSignal.timeout(20_000));
      assert.equal(await remindersSent(store), 1);
    });

    test('moves if it is scheduled again, and does not fire if it is cancelled', async () => {
      const { clock, store, running } = await opened(engine);
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
      const { clock, store, running } = await opened(engine);
      await running.dispatch(Lend({ loanId: '1', days: 1 }));
      await running.dispatch(Return({ loanId: '1' }));
      await running.settled();
      clock.advance({ days: 9 });
      await running.settled();
      assert.equal(await remindersSent(store), 0);
      await running.stop();
    });

    for (const [name, days, atTheStart, twoDaysLater] of [
      ['does not fire at the start if an event that cancels it is stored and unseen', 0, 0, 0],
      ['does not fire at the start if an event that moves it is stored and unseen', 1, 0, 1],
      ['fires once at the start if an event that moves it to the past is stored and unseen', -1, 1, 1],
    ] as const) {
      test(name, async () => {
        const { clock, store, running } = await opened(engine);
        await running.dispatch(Lend({ loanId: '1', days: 3 }));
        await running.settled();
        await running.stop();
        clock.advance({ days: 4 });
        {
          await using tool = await library.start({ store, clock, process: false });
          await tool.dispatch(Extend({ loanId: '1', days }));
        }
        {
          await using again = await library.start({ store, clock });
          await again.settled();
          assert.equal(await remindersSent(store), atTheStart);
        }
        clock.advance({ days: 2 });
        await using again = await library.start({ store, clock });
        await again.settled();
        assert.equal(await remindersSent(store), twoDaysLater);
        assert.deepEqual(await store.processors.listDeadlines(COMMANDS), []);
      });
    }

    test('does not fire at the start if its process has cancelled it, and the cancellation is stored but not processed', async () => {
      const { clock, store, running } = await opened(engine);
      await running.dispatch(Lend({ loanId: '1', days: 1 }));
      await running.settled();
      await running.stop();
      const others = await hold(store, clock);
      {
        await using again = await library.start({ store, clock });
        const { position } = await again.dispatch(Extend({ loanId: '1', days: 0 }));
        await again.caughtUp(position, { names: ['reminders'] });
      }
      clock.advance({ days: 2 });
      await store.processors.releaseShares(others);
      await using again = await library.start({ store, clock });
      await again.settled();
      assert.equal(await remindersSent(store), 0);
    });

    test('does not fire if an event that cancels it was stored before it fell due', async () => {
      const { clock, store, running } = await opened(engine);
      for (let loans = 0; loans < 20; loans++) {
        await running.dispatch(Lend({ loanId: '1', days: 1 }));
        await running.settled();
        await running.dispatch(Extend({ loanId: '1', days: 0 }));
        // The process has not received the event yet.
        clock.advance({ days: 2 });
        await running.settled();
      }
      assert.equal(await remindersSent(store), 0);
      await running.stop();
    });

    test('waits while its process manager has stopped, which has not processed all events', async () => {
      const { clock, store, running } = await opened(engine);
      await running.dispatch(Lend({ loanId: '1', days: 1 }));
      await running.settled();
      await running.dispatch(Extend({ loanId: '1', days: POISON }));
      const stopped = (error: unknown) => error instanceof ProcessorStopped && error.processor.name === 'reminders';
      await assert.rejects(running.settled(), stopped);
      clock.advance({ days: 2 });
      await assert.rejects(running.settled(), stopped);
      await running.stop();
      assert.equal(await remindersSent(store), 0);
      assert.equal((await store.processors.listDeadlines(COMMANDS)).length, 1);
    });

    test('can be as late as a Date, and a later one is refused before it is stored', async () => {
      const late = (dueAt: bigint) => ({
        ...reminders,
        eventHandler: {
          ...reminders.eventHandler,
          // A guest returns this value without the check of `defineEventHandler`.
          handle: () =>
            [
              {
                tag: 'schedule',
                val: { id: 'due', dueAt, command: loan.types.command.toEnvelope(Remind({ loanId: '1' })) },
              },
            ] as never,
        },
      });
      for (const [dueAt, code] of [
        [8_640_000_000_000_000n, undefined],
        [8_640_000_000_000_001n, 'invalid-reaction'],
        [2n ** 63n, 'invalid-reaction'],
        [2n ** 64n - 1n, 'invalid-reaction'],
      ] as const) {
        const clock = new TestClock();
        const store = await storeWith(engine, clock);
        const system = defineSystem({ name: 'library', deciders: [loan], processManagers: [late(dueAt)] });
        const running = await system.start({ store, clock });
        await running.dispatch(Lend({ loanId: '1', days: 1 }));
        await running.settled().catch(() => {});
        const stopped = (await running.status()).flatMap(({ stopped }) =>
          stopped === undefined ? [] : [stopped.code],
        );
        assert.deepEqual(stopped, code === undefined ? [] : [code]);
        const deadlines = await store.processors.listDeadlines(COMMANDS);
        assert.deepEqual(
          deadlines.map((deadline) => deadline.dueAt),
          code === undefined ? [Number(dueAt)] : [],
        );
        await running.stop();
      }
    });
  });
}
