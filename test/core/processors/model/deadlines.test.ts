/**
 * Random deadlines that are set, moved and cancelled, clock steps in both directions and crashes, compared with a
 * reference model: a deadline fires once, when the clock has reached its last time.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cancelDeadline, defineDecider, defineEventHandler, defineSystem, scheduleCommand } from 'decidable';
import { createMemoryStore } from 'decidable/memory';
import { createSqliteStore } from 'decidable/sqlite';
import { TestClock } from 'decidable/testing';
import fc from 'fast-check';
import { z } from 'zod';
import { type Death, mortal } from './mortal-store.ts';

const DAY = 86_400_000;
const LEASE = 1_000;
const name = z.string();

const alarm = defineDecider({
  name: 'alarm',
  version: '1',
  category: 'alarm',
  state: z.object({}),
  commands: { Set: z.object({ name, due: z.int() }), Cancel: z.object({ name }), Fire: z.object({ name }) },
  events: { WasSet: z.object({ name, due: z.int() }), Cancelled: z.object({ name }), Fired: z.object({ name }) },
  streamId: ({ data }) => data.name,
  initialState: {},
  evolve: { WasSet: () => undefined, Cancelled: () => undefined, Fired: () => undefined },
  decide: {
    Set: (_state, data) => [{ type: 'WasSet', data }],
    Cancel: (_state, data) => [{ type: 'Cancelled', data }],
    Fire: (_state, data) => [{ type: 'Fired', data }],
  },
});
const { Set: SetAlarm, Cancel, Fire } = alarm.commands;
const { WasSet, Cancelled } = alarm.events;

const waking = defineEventHandler({
  name: 'waking',
  version: '1',
  state: z.object({}),
  events: { WasSet, Cancelled },
  commands: { Fire },
  key: ({ data }) => data.name,
  initialState: {},
  evolve: {},
  handle: {
    WasSet: (_state, { name, due }) => [scheduleCommand('due', BigInt(due), Fire({ name }))],
    Cancelled: () => [cancelDeadline('due')],
  },
});
const alarms = defineSystem({ name: 'alarms', deciders: [alarm], processManagers: [waking] });

type Step =
  | { readonly kind: 'set'; readonly name: string; readonly inDays: number }
  | { readonly kind: 'cancel'; readonly name: string }
  | { readonly kind: 'clock'; readonly days: number };

const names = fc.constantFrom('a', 'b', 'c');
const steps: fc.Arbitrary<readonly { readonly step: Step; readonly death: Death | undefined }[]> = fc.array(
  fc.record({
    step: fc.oneof(
      fc.record({ kind: fc.constant('set' as const), name: names, inDays: fc.integer({ min: -2, max: 5 }) }),
      fc.record({ kind: fc.constant('cancel' as const), name: names }),
      fc.record({ kind: fc.constant('clock' as const), days: fc.integer({ min: -4, max: 6 }) }),
    ),
    death: fc.option(fc.record({ after: fc.integer({ min: 0, max: 80 }), isDone: fc.boolean() }), { nil: undefined }),
  }),
  { maxLength: 12 },
);

type Opened = ReturnType<typeof createMemoryStore> | ReturnType<typeof createSqliteStore>;

async function obeysTheModel(
  open: (now: () => number) => Opened,
  history: readonly { readonly step: Step; readonly death: Death | undefined }[],
): Promise<void> {
  const clock = new TestClock();
  await using store: Opened = open(() => clock.now());
  const start = clock.now();
  /** The day of the clock. A deadline is in the middle of a day, so the waits for leases cannot reach it. */
  let day = 0;
  const pending = new Map<string, number>();
  const fired = new Map<string, number>();
  const options = { clock, lease: LEASE, failurePolicy: { retries: 0 } };
  const live = async (view: Opened, step: Step, index: number): Promise<void> => {
    const running = await alarms.start({ ...options, store: view });
    try {
      const id = { commandId: `step ${index}` };
      if (step.kind === 'set') {
        const due = start + (day + step.inDays) * DAY + DAY / 2;
        await running.dispatch(SetAlarm({ name: step.name, due }), id);
      } else if (step.kind === 'cancel') await running.dispatch(Cancel({ name: step.name }), id);
      await running.settled();
    } finally {
      await running.stop();
    }
  };
  // Time passes, so that the leases of crashed processes end.
  const passing = setInterval(() => clock.advance({ milliseconds: LEASE / 2 }), 2);
  try {
    for (const [index, { step, death }] of history.entries()) {
      if (step.kind === 'clock') {
        day += step.days;
        clock.advance({ days: step.days });
      } else if (step.kind === 'set') pending.set(step.name, day + step.inDays);
      else pending.delete(step.name);
      if (death !== undefined) await live(mortal(store, death), step, index).catch(() => undefined);
      await live(store, step, index);
      for (const [name, due] of pending) {
        if (due >= day) continue;
        pending.delete(name);
        fired.set(name, (fired.get(name) ?? 0) + 1);
      }
      for (const name of ['a', 'b', 'c']) {
        const events = await store.readStream(`alarm-${name}`, { direction: 'forward' });
        const count = events.filter(({ event }) => event.type === 'Fired').length;
        assert.equal(count, fired.get(name) ?? 0, `alarm ${name} after step ${index}`);
      }
    }
  } finally {
    clearInterval(passing);
  }
}

test('deadlines on the memory store obey the model, whenever processes crash and the clock is set', async () => {
  await fc.assert(
    fc.asyncProperty(steps, (history) => obeysTheModel((now) => createMemoryStore({ now }), history)),
    { numRuns: 25 },
  );
});

test('deadlines on the SQLite store obey the model, whenever processes crash and the clock is set', async () => {
  await fc.assert(
    fc.asyncProperty(steps, (history) => obeysTheModel((now) => createSqliteStore({ file: ':memory:', now }), history)),
    { numRuns: 6 },
  );
});
