/** Poison events, which a part cannot process, with each policy and each kind of part. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import {
  defineEventHandler,
  defineProjector,
  defineReactor,
  defineSystem,
  dispatchCommand,
  ProcessorStopped,
} from 'decidable';
import { createMemoryStore } from 'decidable/memory';
import { createSqliteStore } from 'decidable/sqlite';
import { defineTables } from 'decidable/tables';
import type { Kysely } from 'kysely';
import { z } from 'zod';
import { account } from './transfers.ts';

const folder = mkdtempSync(join(tmpdir(), 'decidable-poison-'));
after(() => rmSync(folder, { recursive: true }));

let files = 0;
const open = () => createSqliteStore({ file: join(folder, `${files++}.db`), durability: 'normal' });

const { Open, Deposit, Withdraw } = account.commands;
const { Deposited } = account.events;

/** A part that refuses one amount while it is faulty, and records the amounts that it has processed, by account. */
interface Patient {
  isIll: boolean;
  readonly system: ReturnType<typeof systemOf>;
  /** The number of attempts for the poison event. */
  tries: number;
  /** The amounts that the account's part has processed, in order. */
  processed(running: Running, accountId: string): Promise<readonly number[]>;
}

interface Running {
  readModel(model: never): unknown;
  readonly sourcer: unknown;
}

const POISON = 13;
const NAME = 'patient';

function systemOf(part: object) {
  return defineSystem({ name: 'bank', deciders: [account], ...part });
}

type Store = ReturnType<typeof open>;

const parts: Readonly<Record<string, (store: Store) => Patient>> = {
  'a document read model': () => {
    const patient = { isIll: true, tries: 0 };
    const model = defineProjector({
      name: NAME,
      version: '1',
      state: z.object({ amounts: z.array(z.int()) }),
      events: { Deposited },
      key: ({ data }) => data.accountId,
      initialState: { amounts: [] },
      project: {
        Deposited: (document, { amount }) => {
          // A draft that was changed before the failure must have no effect.
          document.amounts.push(amount);
          if (amount === POISON && patient.tries++ >= 0 && patient.isIll) throw new Error('poison');
        },
      },
    });
    return Object.assign(patient, {
      system: systemOf({ readModels: [model] }),
      processed: async (running: Running, accountId: string) => {
        const reader = running.readModel(model as never) as {
          get(key: string): Promise<{ amounts: number[] } | undefined>;
        };
        return (await reader.get(accountId))?.amounts ?? [];
      },
    });
  },
  'a table read model': () => {
    const patient = { isIll: true, tries: 0 };
    const model = defineTables({
      name: NAME,
      version: '1',
      events: { Deposited },
      create: (db: Kysely<{ lines: { account: string; amount: number | null } }>) => [
        db.schema
          .createTable('lines')
          .addColumn('account', 'text')
          .addColumn('amount', 'integer', (column) => column.notNull()),
      ],
      key: ({ data }) => data.accountId,
      handle: {
        Deposited: ({ db }, { accountId, amount }) => {
          const isPoison = amount === POISON && patient.tries++ >= 0 && patient.isIll;
          // The database refuses the event, and not the handler.
          return db.insertInto('lines').values({ account: accountId, amount: isPoison ? null : amount });
        },
      },
    });
    return Object.assign(patient, {
      system: systemOf({ readModels: [model] }),
      processed: async (running: Running, accountId: string) => {
        await using reader = running.readModel(model as never) as ReturnType<(typeof model)['reader']>;
        const rows = await reader.db.selectFrom('lines').select('amount').where('account', '=', accountId).execute();
        return rows.map(({ amount }) => amount ?? 0);
      },
    });
  },
  'a process manager': (store) => {
    const patient = { isIll: true, tries: 0 };
    const manager = defineEventHandler({
      name: NAME,
      version: '1',
      state: z.object({}),
      events: { Deposited },
      commands: { Withdraw },
      key: ({ data }) => data.accountId,
      initialState: {},
      evolve: {},
      handle: {
        Deposited: (_state, { accountId, amount }) => {
          if (amount === POISON && patient.tries++ >= 0 && patient.isIll) throw new Error('poison');
          return [dispatchCommand(Withdraw({ accountId, amount }))];
        },
      },
      rejected: { Withdraw: 'ignore' },
    });
    return Object.assign(patient, {
      system: systemOf({ processManagers: [manager] }),
      processed: async (_running: Running, accountId: string) => {
        const events = await store.readStream(`account-${accountId}`, { direction: 'forward' });
        const withdrawn = events.filter(({ event }) => event.type === 'Withdrawn');
        return withdrawn.map(
          ({ event }) => (account.types.event.fromEnvelope(event).data as { amount: number }).amount,
        );
      },
    });
  },
  'a reactor': () => {
    const patient = { isIll: true, tries: 0 };
    const done = new Map<string, number[]>();
    const reactor = defineReactor({
      name: NAME,
      version: '1',
      events: { Deposited },
      react: {
        Deposited: async ({ accountId, amount }) => {
          if (amount === POISON && patient.tries++ >= 0 && patient.isIll) throw new Error('poison');
          done.set(accountId, [...(done.get(accountId) ?? []), amount]);
        },
      },
    });
    return Object.assign(patient, {
      system: systemOf({ reactors: [reactor] }),
      processed: async (_running: Running, accountId: string) => done.get(accountId) ?? [],
    });
  },
};

const PATIENT = { name: NAME, version: '1' };

async function fill(running: { dispatch(command: never): Promise<unknown> }): Promise<void> {
  for (const accountId of ['a', 'b']) await running.dispatch(Open({ accountId }) as never);
  for (const [accountId, amount] of [
    ['a', 1],
    ['a', POISON],
    ['b', 2],
    ['a', 3],
    ['a', 4],
    ['b', 5],
  ] as const) {
    await running.dispatch(Deposit({ accountId, amount }) as never);
  }
}

const isStopped = (error: unknown): boolean => error instanceof ProcessorStopped && error.processor.name === NAME;

for (const [kind, partOf] of Object.entries(parts)) {
  describe(`an event that ${kind} cannot process`, () => {
    test('stops it, with the reason and the position, and processes nothing after it', async () => {
      await using store = open();
      const patient = partOf(store);
      await using running = await patient.system.start({ store, failurePolicy: { retries: 0 }, shares: 1 });
      await fill(running);
      await assert.rejects(running.settled(), isStopped);
      const stopped = (await running.status()).find(({ name }) => name === NAME)?.stopped;
      assert.ok(stopped !== undefined);
      const poison = await store.readStream('account-a', { direction: 'forward', fromRevision: 2n, limit: 1 });
      assert.equal(stopped.position, poison[0]?.context.position);
      const processed = await patient.processed(running, 'a');
      assert.ok(!processed.includes(POISON) && !processed.includes(3), String(processed));
    });

    test('is processed once, with everything after it, when the system starts without the fault', async () => {
      await using store = open();
      const patient = partOf(store);
      {
        await using running = await patient.system.start({ store, failurePolicy: { retries: 0 } });
        await fill(running);
        await assert.rejects(running.settled(), isStopped);
      }
      patient.isIll = false;
      await using running = await patient.system.start({ store });
      await running.settled();
      const processed = await patient.processed(running, 'a');
      // A reactor processes events at least once, so the last event before a stop may be repeated.
      const once =
        kind === 'a reactor' ? processed.filter((amount, at) => processed.lastIndexOf(amount) === at) : processed;
      assert.deepEqual(once, [1, POISON, 3, 4]);
    });

    test('is parked with the later events of its key, and others continue', async () => {
      await using store = open();
      const patient = partOf(store);
      const failurePolicy = { retries: 0, finally: 'park' } as const;
      await using running = await patient.system.start({ store, failurePolicy });
      await fill(running);
      await running.settled();
      const parked = await running.parked.list();
      assert.deepEqual(
        parked.map(({ reason }) => reason !== undefined),
        [true, false, false],
      );
      assert.deepEqual(await patient.processed(running, 'a'), [1]);
      assert.deepEqual(await patient.processed(running, 'b'), [2, 5]);
    });

    test('keeps its place in the order of its key when it is retried', async () => {
      await using store = open();
      const patient = partOf(store);
      const failurePolicy = { retries: 0, finally: 'park' } as const;
      await using running = await patient.system.start({ store, failurePolicy });
      await fill(running);
      await running.settled();
      const [first] = await running.parked.list();
      // The first retry fails again, so everything stays parked, in order.
      await running.parked.retry(PATIENT, first!.key);
      while ((await running.parked.list())[0]?.attempts !== 2) await store.processors.awaitChange();
      assert.equal((await running.parked.list()).length, 3);
      patient.isIll = false;
      await running.parked.retry(PATIENT, first!.key);
      while ((await running.parked.list()).length > 0) await store.processors.awaitChange();
      await running.settled();
      assert.deepEqual(await patient.processed(running, 'a'), [1, POISON, 3, 4]);
    });

    test('is skipped alone if it is dropped', async () => {
      await using store = open();
      const patient = partOf(store);
      const failurePolicy = { retries: 0, finally: 'park' } as const;
      await using running = await patient.system.start({ store, failurePolicy });
      await fill(running);
      await running.settled();
      const [first] = await running.parked.list();
      assert.equal(await running.parked.drop(PATIENT, first!.key), 1);
      while ((await running.parked.list()).length > 0) await store.processors.awaitChange();
      await running.settled();
      assert.deepEqual(await patient.processed(running, 'a'), [1, 3, 4]);
    });
  });
}

test('a transient failure is retried as often as the policy allows', async () => {
  await using store = open();
  const patient = parts['a reactor']!(store);
  const failurePolicy = { retries: 3, firstDelay: 1, longestDelay: 1 };
  await using running = await patient.system.start({ store, failurePolicy });
  await fill(running);
  await assert.rejects(running.settled(), isStopped);
  assert.equal(patient.tries, 4);
});

test('a retry happens in time even if the clock is set back', async (t) => {
  await using store = createMemoryStore();
  const { now } = Date;
  let attempts = 0;
  const reactor = defineReactor({
    name: 'stepping',
    version: '1',
    events: { Opened: account.events.Opened },
    react: {
      Opened: () => {
        if (++attempts > 1) return;
        // The processor is already waiting for the retry.
        setImmediate(() => t.mock.method(Date, 'now', () => now() - 3_600_000));
        throw new Error('may pass');
      },
    },
  });
  const system = defineSystem({ name: 'bank', deciders: [account], reactors: [reactor] });
  await using running = await system.start({ store, failurePolicy: { firstDelay: 50 } });
  await running.dispatch(account.commands.Open({ accountId: 'a' }));
  await running.settled();
  assert.equal(attempts, 2);
});

test('a fault is not retried, because a pure function fails again in the same way', async () => {
  await using store = open();
  const patient = parts['a process manager']!(store);
  const failurePolicy = { retries: 3, firstDelay: 1, longestDelay: 1 };
  await using running = await patient.system.start({ store, failurePolicy });
  await fill(running);
  await assert.rejects(running.settled(), isStopped);
  assert.equal(patient.tries, 1);
});
