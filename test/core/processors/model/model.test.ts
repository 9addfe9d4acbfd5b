/**
 * Random systems, commands and crashes, compared with a reference model that applies every command once, in order, in
 * memory. Processes crash at random operations of the store, which are completed or not, and commands without an
 * acknowledgement are sent again.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import {
  defineDecider,
  defineEventHandler,
  defineProjector,
  defineReactor,
  defineSystem,
  dispatchCommand,
  endProcess,
  reject,
} from 'decidable';
import { createMemoryStore } from 'decidable/memory';
import { createSqliteStore } from 'decidable/sqlite';
import { TestClock } from 'decidable/testing';
import fc from 'fast-check';
import { z } from 'zod';
import { type Death, mortal } from './mortal-store.ts';

const counterId = z.string();
const LIMIT = 50;
const LEASE = 1_000;

/** Counters. An addition by a user is doubled on a mirror, which refuses values above its limit. */
const counter = defineDecider({
  name: 'counter',
  version: '1',
  category: 'counter',
  state: z.object({ value: z.int() }),
  commands: {
    Add: z.object({ counterId, by: z.int() }),
    Mirror: z.object({ counterId, by: z.int() }),
    Note: z.object({ counterId }),
  },
  events: {
    Added: z.object({ counterId, by: z.int() }),
    Mirrored: z.object({ counterId, by: z.int() }),
    Noted: z.object({ counterId }),
  },
  streamId: ({ data }) => data.counterId,
  initialState: { value: 0 },
  evolve: {
    Added: (state, { by }) => {
      state.value += by;
    },
    Mirrored: (state, { by }) => {
      state.value += by;
    },
    Noted: () => undefined,
  },
  decide: {
    Add: (_state, data) => (data.by === 0 ? reject('nothing-to-add') : [{ type: 'Added', data }]),
    Mirror: (_state, data) => (data.by > LIMIT ? reject('too-much') : [{ type: 'Mirrored', data }]),
    Note: (_state, data) => [{ type: 'Noted', data }],
  },
});

const { Add, Mirror, Note } = counter.commands;
const { Added, Mirrored, Noted } = counter.events;

interface Shape {
  readonly shares: number;
  /** Mirrors by the counter, or by the amount, so that processes and streams differ. */
  readonly key: 'counter' | 'amount';
  readonly hasReactor: boolean;
  readonly endsProcesses: boolean;
}

function systemOf({ key, hasReactor, endsProcesses }: Shape, effects: Set<string>) {
  const mirrors = defineEventHandler({
    name: 'mirrors',
    version: '1',
    state: z.object({ seen: z.int() }),
    events: { Added },
    commands: { Mirror, Note },
    key: ({ data }) => (key === 'counter' ? data.counterId : String(data.by)),
    initialState: { seen: 0 },
    evolve: {
      Added: (state) => {
        state.seen++;
      },
    },
    handle: {
      Added: (_state, { counterId, by }) => [dispatchCommand(Mirror({ counterId: `m${counterId}`, by: by * 2 }))],
    },
    rejected: { Mirror: { handle: (_state, { data }) => [dispatchCommand(Note({ counterId: data.counterId }))] } },
  });
  const once = defineEventHandler({
    name: 'once',
    version: '1',
    state: z.object({}),
    events: { Mirrored },
    commands: { Note },
    key: ({ data }) => data.counterId,
    initialState: {},
    evolve: {},
    handle: {
      Mirrored: (_state, { counterId }) => [dispatchCommand(Note({ counterId: `once ${counterId}` })), endProcess()],
    },
  });
  const totals = defineProjector({
    name: 'totals',
    version: '1',
    state: z.object({ value: z.int(), notes: z.int() }),
    events: { Added, Mirrored, Noted },
    key: ({ data }) => data.counterId,
    initialState: { value: 0, notes: 0 },
    project: {
      Added: (document, { by }) => {
        document.value += by;
      },
      Mirrored: (document, { by }) => {
        document.value += by;
      },
      Noted: (document) => {
        document.notes++;
      },
    },
  });
  const reactor = defineReactor({
    name: 'effects',
    version: '1',
    events: { Added },
    react: {
      Added: ({ counterId, by }, { idempotencyKey }) => void effects.add(`${idempotencyKey} ${counterId} ${by}`),
    },
  });
  const system = defineSystem({
    name: 'counters',
    deciders: [counter],
    processManagers: endsProcesses ? [mirrors, once] : [mirrors],
    readModels: [totals],
    reactors: hasReactor ? [reactor] : [],
  });
  return { system, totals };
}

/** The documents that the commands must lead to, whichever processes crash. */
function expected(
  commands: readonly Command[],
  { endsProcesses }: Shape,
): Record<string, { value: number; notes: number }> {
  const counters = new Map<string, { value: number; notes: number }>();
  const of = (id: string) => {
    const found = counters.get(id) ?? { value: 0, notes: 0 };
    counters.set(id, found);
    return found;
  };
  for (const { counterId, by } of commands) {
    if (by === 0) continue;
    of(counterId).value += by;
    if (by * 2 > LIMIT) of(`m${counterId}`).notes++;
    else {
      of(`m${counterId}`).value += by * 2;
      // The process has ended after the first one.
      if (endsProcesses) of(`once m${counterId}`).notes = 1;
    }
  }
  return Object.fromEntries([...counters].sort());
}

interface Command {
  readonly counterId: string;
  readonly by: number;
}

const shapes: fc.Arbitrary<Shape> = fc.record({
  shares: fc.integer({ min: 1, max: 4 }),
  key: fc.constantFrom('counter', 'amount'),
  hasReactor: fc.boolean(),
  endsProcesses: fc.boolean(),
});
const commands = fc.array(
  fc.record({ counterId: fc.constantFrom('a', 'b', 'c'), by: fc.integer({ min: 0, max: 40 }) }),
  { maxLength: 12 },
);
const deaths: fc.Arbitrary<Death> = fc.record({ after: fc.integer({ min: 0, max: 150 }), isDone: fc.boolean() });
/** Each generation is one or two processes that run concurrently and crash. */
const generations = fc.array(fc.array(deaths, { minLength: 1, maxLength: 2 }), { maxLength: 4 });

type Opened = ReturnType<typeof createMemoryStore> | ReturnType<typeof createSqliteStore>;

async function obeysTheModel(
  open: (now: () => number) => Opened,
  shape: Shape,
  wanted: readonly Command[],
  lives: readonly (readonly Death[])[],
): Promise<void> {
  const clock = new TestClock();
  await using store: Opened = open(() => clock.now());
  const effects = new Set<string>();
  const { system, totals } = systemOf(shape, effects);
  const acknowledged = new Set<number>();
  const options = { clock, lease: LEASE, shares: shape.shares, failurePolicy: { retries: 0 } };
  const send = async (running: { dispatch(command: ReturnType<typeof Add>, options: object): Promise<unknown> }) => {
    for (const [index, command] of wanted.entries()) {
      if (acknowledged.has(index)) continue;
      await running.dispatch(Add(command), { commandId: `command ${index}` });
      acknowledged.add(index);
    }
  };
  // Time passes, so that the leases of crashed processes end and other processes acquire their shares.
  const passing = setInterval(() => clock.advance({ milliseconds: LEASE / 2 }), 2);
  try {
    for (const generation of lives) {
      await Promise.all(
        generation.map(async (death) => {
          try {
            const running = await system.start({ ...options, store: mortal(store, death) });
            await send(running).catch(() => undefined);
            // The process works until it crashes, or until there is nothing left to do.
            await running.settled().catch(() => undefined);
            await running.stop().catch(() => undefined);
          } catch {
            // The process crashed during its start.
          }
        }),
      );
    }
    await using running = await system.start({ ...options, store });
    await send(running);
    await running.settled();
    const documents = await running.readModel(totals).list();
    const found = Object.fromEntries(documents.map(({ key, document }) => [key, document]));
    assert.deepEqual(found, expected(wanted, shape));
    assert.deepEqual(await running.parked.list(), []);
    for (const { stopped } of await running.status()) assert.equal(stopped, undefined);
    if (!shape.hasReactor) return;
    const seen = [...effects].map((effect) => effect.split(' ').slice(1).join(' ')).sort();
    const effective = wanted.filter(({ by }) => by !== 0).map(({ counterId, by }) => `${counterId} ${by}`);
    assert.deepEqual(seen, effective.sort());
  } finally {
    clearInterval(passing);
  }
}

const folder = mkdtempSync(join(tmpdir(), 'decidable-model-'));
after(() => rmSync(folder, { recursive: true }));
let files = 0;

test('a system on the memory store obeys the model, whenever its processes crash', async () => {
  await fc.assert(
    fc.asyncProperty(shapes, commands, generations, (shape, wanted, lives) =>
      obeysTheModel((now) => createMemoryStore({ now }), shape, wanted, lives),
    ),
    { numRuns: 40 },
  );
});

test('a system on the SQLite store obeys the model, whenever its processes crash', async () => {
  await fc.assert(
    fc.asyncProperty(shapes, commands, generations, (shape, wanted, lives) =>
      obeysTheModel(
        (now) => createSqliteStore({ file: join(folder, `${files++}.db`), durability: 'normal', now }),
        shape,
        wanted,
        lives,
      ),
    ),
    { numRuns: 5 },
  );
});
