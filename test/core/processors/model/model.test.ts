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
  inline,
  reject,
} from 'decidable';
import { createMemoryStore } from 'decidable/memory';
import { createSqliteStore } from 'decidable/sqlite';
import { defineTables } from 'decidable/tables';
import { TestClock } from 'decidable/testing';
import fc from 'fast-check';
import type { Kysely } from 'kysely';
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

/** Records the notes, in systems of several deciders. */
const journal = defineDecider({
  name: 'journal',
  version: '1',
  category: 'journal',
  state: z.object({}),
  commands: { Write: z.object({ counterId }) },
  events: { Noted: z.object({ counterId }) },
  streamId: ({ data }) => data.counterId,
  initialState: {},
  evolve: { Noted: () => undefined },
  decide: { Write: (_state, data) => [{ type: 'Noted', data }] },
});

const { Add, Mirror, Note } = counter.commands;
const { Write } = journal.commands;
const { Added, Mirrored, Noted } = counter.events;

/** The read models cannot process an addition of this amount while they are faulty. */
const POISON = 7;

interface Shape {
  readonly shares: number;
  /** Notes have a separate decider. */
  readonly hasJournal: boolean;
  /** Read models park the events that they cannot process. */
  readonly isFaulty: boolean;
  readonly hasTables: boolean;
  readonly isInline: boolean;
  /** The processors keep their data in a store other than that of the events. */
  readonly isElsewhere: boolean;
  /** Mirrors by the counter, or by the amount, so that processes and streams differ. */
  readonly key: 'counter' | 'amount';
  readonly hasReactor: boolean;
  readonly endsProcesses: boolean;
}

interface Sums {
  sums: { counter: string; value: number; last: number };
}

function systemOf(shape: Shape, effects: Set<string>) {
  const { key, hasReactor, hasJournal, endsProcesses } = shape;
  const fault = { isFaulty: shape.isFaulty };
  const note = (counterId: string) => (hasJournal ? Write({ counterId }) : Note({ counterId }));
  const check = (by: number): void => {
    if (by === POISON && fault.isFaulty) throw new Error('poison');
  };
  const mirrors = defineEventHandler({
    name: 'mirrors',
    version: '1',
    state: z.object({ seen: z.int() }),
    events: { Added },
    commands: { Mirror, Note, Write },
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
    rejected: { Mirror: { handle: (_state, { data }) => [dispatchCommand(note(data.counterId))] } },
  });
  const once = defineEventHandler({
    name: 'once',
    version: '1',
    state: z.object({}),
    events: { Mirrored },
    commands: { Note, Write },
    key: ({ data }) => data.counterId,
    initialState: {},
    evolve: {},
    handle: {
      Mirrored: (_state, { counterId }) => [dispatchCommand(note(`once ${counterId}`)), endProcess()],
    },
  });
  const totals = defineProjector({
    name: 'totals',
    version: '1',
    state: z.object({ value: z.int(), last: z.int(), notes: z.int() }),
    events: { Added, Mirrored, Noted, Journalled: journal.events.Noted },
    key: ({ data }) => data.counterId,
    initialState: { value: 0, last: 0, notes: 0 },
    project: {
      Added: (document, { by }) => {
        check(by);
        document.value += by;
        document.last = by;
      },
      Mirrored: (document, { by }) => {
        document.value += by;
      },
      Noted: (document) => {
        document.notes++;
      },
      Journalled: (document) => {
        document.notes++;
      },
    },
  });
  const sums = defineTables({
    name: 'sums',
    version: '1',
    events: { Added },
    create: (db: Kysely<Sums>) => [
      db.schema
        .createTable('sums')
        .addColumn('counter', 'text', (column) => column.primaryKey())
        .addColumn('value', 'integer', (column) => column.notNull())
        .addColumn('last', 'integer', (column) => column.notNull()),
    ],
    key: ({ data }) => data.counterId,
    handle: {
      Added: ({ db }, { counterId, by }) => {
        check(by);
        return db
          .insertInto('sums')
          .values({ counter: counterId, value: by, last: by })
          .onConflict((conflict) =>
            conflict.column('counter').doUpdateSet((row) => ({ value: row('sums.value', '+', by), last: by })),
          );
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
    deciders: [counter, journal],
    processManagers: endsProcesses ? [mirrors, once] : [mirrors],
    readModels: [shape.isInline ? inline(totals) : totals, ...(shape.hasTables ? [sums] : [])],
    reactors: hasReactor ? [reactor] : [],
  });
  return { system, totals, sums, fault };
}

interface Total {
  value: number;
  last: number;
  notes: number;
}

/**
 * The documents that the commands must produce, whatever fails.
 * @param isFaulty true if additions of the poison, and later ones of the same counter, are parked.
 */
function expected(
  commands: readonly Command[],
  { endsProcesses }: Pick<Shape, 'endsProcesses'>,
  isFaulty: boolean,
): Record<string, Total> {
  const counters = new Map<string, Total>();
  const of = (id: string): Total => {
    const found = counters.get(id) ?? { value: 0, last: 0, notes: 0 };
    counters.set(id, found);
    return found;
  };
  const parked = new Set<string>();
  for (const { counterId, by } of commands) {
    if (by === 0) continue;
    if (isFaulty && by === POISON) parked.add(counterId);
    if (!parked.has(counterId)) Object.assign(of(counterId), { value: of(counterId).value + by, last: by });
    if (by * 2 > LIMIT) of(`m${counterId}`).notes++;
    else {
      of(`m${counterId}`).value += by * 2;
      // The process has ended after the first one.
      if (endsProcesses) of(`once m${counterId}`).notes = 1;
    }
  }
  return Object.fromEntries([...counters].sort());
}

/** The rows of the table that the commands must produce. */
function expectedRows(commands: readonly Command[], isFaulty: boolean): readonly object[] {
  const documents = Object.entries(expected(commands, { endsProcesses: false }, isFaulty));
  return documents.flatMap(([counter, { value, last }]) => (last === 0 ? [] : [{ counter, value, last }]));
}

interface Command {
  readonly counterId: string;
  readonly by: number;
}

const shapes: fc.Arbitrary<Shape> = fc.record({
  shares: fc.integer({ min: 1, max: 4 }),
  hasJournal: fc.boolean(),
  isFaulty: fc.boolean(),
  hasTables: fc.boolean(),
  isInline: fc.boolean(),
  isElsewhere: fc.boolean(),
  key: fc.constantFrom('counter', 'amount'),
  hasReactor: fc.boolean(),
  endsProcesses: fc.boolean(),
});
const commands = fc.array(
  fc.record({
    counterId: fc.constantFrom('a', 'b', 'c'),
    by: fc.oneof(fc.integer({ min: 0, max: 40 }), fc.constant(POISON)),
  }),
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
  await using other: Opened = open(() => clock.now());
  const { processors } = shape.isElsewhere ? other : store;
  const effects = new Set<string>();
  const { system, totals, sums, fault } = systemOf(shape, effects);
  const acknowledged = new Set<number>();
  const parking = { retries: 0, finally: 'park' } as const;
  const failurePolicies = { totals: parking, ...(shape.hasTables ? { sums: parking } : {}) };
  const options = { clock, lease: LEASE, shares: shape.shares, failurePolicy: { retries: 0 }, failurePolicies };
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
            const running = await system.start({ ...options, store: mortal(store, death, processors) });
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
    await using running = await system.start({ ...options, store, processors });
    await send(running);
    await running.settled();
    const obey = async (isFaulty: boolean): Promise<void> => {
      const documents = await running.readModel(totals).list();
      const found = Object.fromEntries(documents.map(({ key, document }) => [key, document]));
      assert.deepEqual(found, expected(wanted, shape, isFaulty));
      if (!shape.hasTables) return;
      await using reader = running.readModel(sums);
      const rows = await reader.db.selectFrom('sums').selectAll().orderBy('counter').execute();
      assert.deepEqual(rows, expectedRows(wanted, isFaulty));
    };
    await obey(shape.isFaulty);
    fault.isFaulty = false;
    // Parked keys stay in order after a retry, so the last addition of each is the last one of the history.
    for (const { subscription, key, reason } of await running.parked.list()) {
      if (reason !== undefined) await running.parked.retry(subscription, key);
    }
    await running.settled();
    await obey(false);
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

/** The memory store has no tables and no inline read models. */
function inMemory(shape: Shape): Shape {
  return { ...shape, hasTables: false, isInline: false };
}

/** An inline read model is in the file of the events, and refuses the commands of events that it cannot process. */
function onSqlite(shape: Shape): Shape {
  return { ...shape, isInline: shape.isInline && !shape.isElsewhere && !shape.isFaulty };
}

const folder = mkdtempSync(join(tmpdir(), 'decidable-model-'));
after(() => rmSync(folder, { recursive: true }));
let files = 0;

test('a system on the memory store obeys the model, whenever its processes crash', async () => {
  await fc.assert(
    fc.asyncProperty(shapes, commands, generations, (shape, wanted, lives) =>
      obeysTheModel((now) => createMemoryStore({ now }), inMemory(shape), wanted, lives),
    ),
    { numRuns: 40 },
  );
});

test('a system on the SQLite store obeys the model, whenever its processes crash', async () => {
  await fc.assert(
    fc.asyncProperty(shapes, commands, generations, (shape, wanted, lives) =>
      obeysTheModel(
        (now) => createSqliteStore({ file: join(folder, `${files++}.db`), durability: 'normal', now }),
        onSqlite(shape),
        wanted,
        lives,
      ),
    ),
    { numRuns: 8 },
  );
});
