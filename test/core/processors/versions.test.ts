/**
 * Versions of a read model are built in addition to one another, and versions of a processor with effects replace one
 * another.
 */
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
  endProcess,
  ProcessorStopped,
  scheduleCommand,
} from 'decidable';
import { createMemoryStore } from 'decidable/memory';
import { createSqliteStore } from 'decidable/sqlite';
import { TestClock } from 'decidable/testing';
import { z } from 'zod';
import { account } from './transfers.ts';

const folder = mkdtempSync(join(tmpdir(), 'decidable-versions-'));
after(() => rmSync(folder, { recursive: true }));

let files = 0;
const stores = {
  memory: (now: () => number = Date.now) => createMemoryStore({ now }),
  SQLite: (now: () => number = Date.now) =>
    createSqliteStore({ file: join(folder, `${files++}.db`), durability: 'normal', now }),
};
type Store = ReturnType<(typeof stores)[keyof typeof stores]>;

const { Open, Deposit, Close } = account.commands;

function summing(version: string, factor: number) {
  const sums = defineProjector({
    name: 'sums',
    version,
    state: z.object({ sum: z.int() }),
    events: { Deposited: account.events.Deposited },
    key: ({ data }) => data.accountId,
    initialState: { sum: 0 },
    project: {
      Deposited: (document, { amount }) => {
        document.sum += amount * factor;
      },
    },
  });
  return { sums, system: defineSystem({ name: 'bank', deciders: [account], readModels: [sums] }) };
}

/** A system with a reactor that records its effects, and refuses one amount. */
function noting(version: string, notes: string[], refused = -1) {
  const receipts = defineReactor({
    name: 'receipts',
    version,
    events: { Deposited: account.events.Deposited },
    react: {
      Deposited: ({ accountId, amount }) => {
        if (amount === refused) throw new Error('refused');
        notes.push(`${version} ${accountId} ${amount}`);
      },
    },
  });
  return defineSystem({ name: 'bank', deciders: [account], reactors: [receipts] });
}

/** A process that closes an account a day after it was opened. */
function closing(version: string) {
  const closings = defineEventHandler({
    name: 'closings',
    version,
    state: z.object({}),
    events: { Opened: account.events.Opened, Closed: account.events.Closed },
    commands: { Close },
    key: ({ data }) => data.accountId,
    initialState: {},
    evolve: {},
    handle: {
      Opened: (_state, { accountId }, { recordedAt }) => [
        scheduleCommand('close', recordedAt + 86_400_000n, Close({ accountId })),
      ],
      Closed: () => [endProcess()],
    },
  });
  return defineSystem({ name: 'bank', deciders: [account], processManagers: [closings] });
}

const activeVersions = async (store: Store): Promise<readonly (readonly [string, boolean])[]> =>
  (await store.processors.listSubscriptions()).map(({ subscription, active }) => [subscription.version, active]);

const isSuperseded = (error: unknown): boolean =>
  error instanceof ProcessorStopped && error.reason.code === 'superseded';

for (const [name, open] of Object.entries(stores)) {
  describe(`versions of a read model on the ${name} store`, () => {
    test('are active when the system has settled', async () => {
      await using store: Store = open();
      const [one, two] = [summing('1', 1), summing('2', 10)];
      await using old = await one.system.start({ store });
      await old.dispatch(Open({ accountId: 'a' }));
      await old.settled();
      await using running = await two.system.start({ store });
      await running.settled();
      assert.deepEqual(await activeVersions(store), [
        ['1', false],
        ['2', true],
      ]);
    });

    test('are both readable, each with its own documents, until the old one is dropped', async () => {
      await using store: Store = open();
      const [one, two] = [summing('1', 1), summing('2', 10)];
      await using old = await one.system.start({ store });
      await old.dispatch(Open({ accountId: 'a' }));
      await old.dispatch(Deposit({ accountId: 'a', amount: 5 }));
      await old.caughtUp();
      await using running = await two.system.start({ store });
      assert.deepEqual(await old.readModel(one.sums).get('a'), { sum: 5 });
      await running.caughtUp();
      assert.deepEqual(await running.readModel(two.sums).get('a'), { sum: 50 });
      assert.deepEqual(await old.readModel(one.sums).get('a'), { sum: 5 });
      assert.deepEqual(await running.dropOldVersions(), [{ name: 'sums', version: '1' }]);
      assert.equal(await old.readModel(one.sums).get('a'), undefined);
      assert.deepEqual(await activeVersions(store), [['2', true]]);
    });

    test('are switched when the new one has caught up, and not before', async () => {
      await using store: Store = open();
      const [one, two] = [summing('1', 1), summing('2', 10)];
      await using old = await one.system.start({ store });
      await old.dispatch(Open({ accountId: 'a' }));
      await old.dispatch(Deposit({ accountId: 'a', amount: 5 }));
      await old.caughtUp();
      // A process without processors has the new version, and does not build it.
      await using tool = await two.system.start({ store, process: false });
      assert.deepEqual(await activeVersions(store), [
        ['1', true],
        ['2', false],
      ]);
      assert.deepEqual(await tool.dropOldVersions(), []);
      await using running = await two.system.start({ store });
      await running.caughtUp();
      assert.deepEqual(await activeVersions(store), [
        ['1', false],
        ['2', true],
      ]);
    });

    test('can be dropped one by one, except for the active one', async () => {
      await using store: Store = open();
      for (const version of ['1', '2']) {
        await using running = await summing(version, 1).system.start({ store });
        await running.dispatch(Open({ accountId: `a${version}` }));
        await running.caughtUp();
      }
      await using running = await summing('2', 1).system.start({ store });
      for (const version of ['2', '3']) {
        await assert.rejects(running.dropVersion({ name: 'sums', version }), {
          code: 'invalid-definition',
          payload: { place: 'bank.dropVersion' },
        });
      }
      await running.dropVersion({ name: 'sums', version: '1' });
      assert.deepEqual(await activeVersions(store), [['2', true]]);
    });

    test('end with the reason if they are dropped while they run', async () => {
      await using store: Store = open();
      const { system } = summing('1', 1);
      await using running = await system.start({ store, lease: 30 });
      await store.processors.dropSubscription({ name: 'sums', version: '1' });
      await running.dispatch(Open({ accountId: 'a' }));
      const waiting = running.caughtUp();
      await assert.rejects(waiting, (error) => error instanceof ProcessorStopped && error.reason.code === 'dropped');
    });
  });

  describe(`versions of a reactor on the ${name} store`, () => {
    test('repeat no effect of the previous version, and handle each later event once', async () => {
      await using store: Store = open();
      const notes: string[] = [];
      await using old = await noting('1', notes).start({ store, lease: 30 });
      await old.dispatch(Open({ accountId: 'a' }));
      await old.dispatch(Deposit({ accountId: 'a', amount: 1 }));
      await old.settled();
      await using running = await noting('2', notes).start({ store, lease: 30 });
      await running.dispatch(Deposit({ accountId: 'a', amount: 2 }));
      await running.settled();
      assert.deepEqual(notes, ['1 a 1', '2 a 2']);
      await assert.rejects(old.settled(), isSuperseded);
    });

    test('pass on parked events', async () => {
      await using store: Store = open();
      const notes: string[] = [];
      const failurePolicy = { retries: 0, finally: 'park' } as const;
      {
        await using old = await noting('1', notes, 1).start({ store, failurePolicy });
        await old.dispatch(Open({ accountId: 'a' }));
        for (const amount of [1, 2]) await old.dispatch(Deposit({ accountId: 'a', amount }));
        await old.settled();
      }
      await using running = await noting('2', notes).start({ store, failurePolicy });
      const [first] = await running.parked.list();
      await running.parked.retry(first!.subscription, first!.key);
      while ((await running.parked.list()).length > 0) await store.processors.awaitChange();
      assert.deepEqual(notes, ['2 a 1', '2 a 2']);
    });

    test('are not changed by a process that only reads', async () => {
      await using store: Store = open();
      const notes: string[] = [];
      await using old = await noting('1', notes).start({ store, lease: 30 });
      await using tool = await noting('2', notes).start({ store, process: false });
      await tool.dispatch(Open({ accountId: 'a' }));
      await tool.dispatch(Deposit({ accountId: 'a', amount: 1 }));
      await old.settled();
      assert.deepEqual(notes, ['1 a 1']);
    });
  });

  describe(`versions of a process manager on the ${name} store`, () => {
    test('pass on the deadlines, which fire once', async () => {
      const clock = new TestClock();
      await using store: Store = open(() => clock.now());
      {
        await using old = await closing('1').start({ store, clock });
        await old.dispatch(Open({ accountId: 'a' }));
        await old.settled();
      }
      await using running = await closing('2').start({ store, clock });
      clock.advance({ days: 2 });
      await running.settled();
      const types = (await store.readStream('account-a', { direction: 'forward' })).map(({ event }) => event.type);
      assert.deepEqual(types, ['Opened', 'Closed']);
    });
  });

  test(`a processor that stopped is tried again by the next start on the ${name} store`, async () => {
    await using store: Store = open();
    const notes: string[] = [];
    const failurePolicy = { retries: 0 };
    {
      await using running = await noting('1', notes, 1).start({ store, failurePolicy });
      await running.dispatch(Open({ accountId: 'a' }));
      await running.dispatch(Deposit({ accountId: 'a', amount: 1 }));
      await assert.rejects(running.settled(), { code: 'processor-stopped' });
    }
    await using running = await noting('1', notes).start({ store, failurePolicy });
    await running.settled();
    assert.deepEqual(notes, ['1 a 1']);
    assert.deepEqual(
      (await running.status()).map(({ stopped }) => stopped),
      [undefined],
    );
  });
}
