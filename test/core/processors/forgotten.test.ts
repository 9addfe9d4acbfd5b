/**
 * Rules for progress and leases that other libraries violate. The other rules have separate tests: fencing in the suite
 * of processor stores, the order of parked keys in `poison.test.ts`, effects of new versions in `versions.test.ts`,
 * reading one's own writes in `caught-up.test.ts`, and the deadlines of processes that have ended in
 * `deadlines.test.ts`.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { defineProjector, defineReactor, defineSystem } from 'decidable';
import { createMemoryStore } from 'decidable/memory';
import { createSqliteStore } from 'decidable/sqlite';
import { TestClock } from 'decidable/testing';
import { z } from 'zod';
import { account, transfer } from './transfers.ts';

const { Open, Deposit } = account.commands;
const { Request } = transfer.commands;
const { Opened, Deposited } = account.events;

/** Called when an event was projected. */
let onProjected = (): void => undefined;

const sums = defineProjector({
  name: 'sums',
  version: '1',
  state: z.object({ sum: z.int() }),
  events: { Deposited },
  key: ({ data }) => data.accountId,
  initialState: { sum: 0 },
  project: {
    Deposited: (document, { amount }) => {
      document.sum += amount;
      onProjected();
    },
  },
});

const bank = defineSystem({ name: 'bank', deciders: [account, transfer], readModels: [sums] });
const SUMS = { name: 'sums', version: '1' };

/** A promise with its functions, for handlers that a test delays. */
function gate() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { passed: promise, open: () => resolve() };
}

const ENGINES = [
  ['memory', () => createMemoryStore()],
  ['SQLite', () => createSqliteStore({ file: ':memory:' })],
] as const;

for (const [engine, open] of ENGINES) {
  describe(`a checkpoint on ${engine}`, () => {
    test('moves past events that the filter excludes, even if no page has an event', async () => {
      await using store = open();
      await using running = await bank.start({ store });
      for (let index = 0; index < 5; index++) {
        await running.dispatch(Request({ transferId: `t${index}`, from: 'a', to: 'b', amount: 1 }));
      }
      await running.caughtUp();
      const head = (await running.status())[0]?.head;
      for (const { checkpoint } of await store.processors.listShares(SUMS)) assert.equal(checkpoint, head);
    });

    test('is the lowest position that is not finished, even if later events are finished', async () => {
      await using store = open();
      const [held, later] = [gate(), gate()];
      const seen: string[] = [];
      const reactor = defineReactor({
        name: 'slow',
        version: '1',
        events: { Opened },
        react: {
          Opened: async ({ accountId }) => {
            if (accountId === 'a') await held.passed;
            seen.push(accountId);
            if (accountId === 'b') later.open();
          },
        },
      });
      const system = defineSystem({ name: 'bank', deciders: [account], reactors: [reactor] });
      {
        await using tool = await system.start({ store, process: false });
        for (const accountId of ['a', 'b']) await tool.dispatch(Open({ accountId }));
      }
      await using running = await system.start({ store, shares: 1 });
      await later.passed;
      const [share] = await store.processors.listShares({ name: 'slow', version: '1' });
      assert.deepEqual([seen, share?.checkpoint], [['b'], undefined]);
      held.open();
      await running.settled();
      assert.deepEqual(seen, ['b', 'a']);
    });

    test('is not changed, and nothing is written, if the member has lost its share', async () => {
      await using store = open();
      const clock = new TestClock();
      await using running = await bank.start({ store, clock, shares: 1 });
      await running.dispatch(Open({ accountId: 'a' }));
      await running.caughtUp();
      const before = (await store.processors.listShares(SUMS))[0]!;
      // Another member, whose clock is ahead, acquires the share and does nothing with it.
      const taken = await store.processors.claimShare(
        (await store.processors.listShares(SUMS))[0]!,
        'another',
        clock.now() + 60_000,
        clock.now() + 600_000,
      );
      assert.ok(taken !== undefined);
      const projected = gate();
      onProjected = projected.open;
      await running.dispatch(Deposit({ accountId: 'a', amount: 5 }));
      // The processor has folded the event, but its commit is refused.
      await projected.passed;
      await running.stop();
      assert.equal(await store.processors.readDocument(SUMS, 'a'), undefined);
      assert.equal((await store.processors.listShares(SUMS))[0]!.checkpoint, before.checkpoint);
    });
  });

  describe(`a lease on ${engine}`, () => {
    test('is a row that ends by itself, so that a member without a session is replaced', async () => {
      await using store = open();
      const clock = new TestClock();
      // This member was killed. It holds all shares, and no process releases them.
      await using _looking = await bank.start({ store, clock, process: false });
      for (const share of await store.processors.listShares(SUMS)) {
        await store.processors.claimShare(share, 'killed', clock.now(), clock.now() + 10_000);
      }
      await using running = await bank.start({ store, clock });
      await running.dispatch(Open({ accountId: 'a' }));
      const { position } = await running.dispatch(Deposit({ accountId: 'a', amount: 5 }));
      assert.equal(await running.readModel(sums).get('a'), undefined);
      clock.advance({ seconds: 11 });
      await running.caughtUp(position);
      assert.deepEqual(await running.readModel(sums).get('a'), { sum: 5 });
    });
  });
}
