import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { defineReactor, defineSystem, ProcessorStopped, type ReactorContext, type StartOptions } from 'decidable';
import { createMemoryStore } from 'decidable/memory';
import type { Share } from '../../../src/core/processors/processor-store.ts';
import { shareOf } from '../../../src/core/processors/shares.ts';
import { account } from './transfers.ts';

const { Open, Deposit } = account.commands;
const { Deposited } = account.events;

/** A system with one reactor, and functions to fill its store before the reactor runs. */
function systemWith(
  react: (amount: number, context: ReactorContext) => Promise<void>,
  options: { readonly concurrency?: number } = {},
) {
  const reactor = defineReactor({
    name: 'receipts',
    version: '1',
    events: { Deposited },
    ...options,
    react: { Deposited: ({ amount }, context) => react(amount, context) },
  });
  const system = defineSystem({ name: 'bank', deciders: [account], reactors: [reactor] });
  const store = createMemoryStore();
  return {
    store,
    start: (start: Partial<StartOptions> = {}) => system.start({ store, shares: 1, ...start }),
    deposit: async (...deposits: readonly (readonly [accountId: string, amount: number])[]) => {
      await using writing = await system.start({ store, process: false });
      for (const accountId of new Set(deposits.map(([id]) => id))) await writing.dispatch(Open({ accountId }));
      for (const [accountId, amount] of deposits) await writing.dispatch(Deposit({ accountId, amount }));
    },
  };
}

describe('a reactor', () => {
  test('handles the events of a stream one after another, and does not wait with other streams', async () => {
    const [held, other] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const begun: number[] = [];
    const { start, deposit } = systemWith(async (amount) => {
      begun.push(amount);
      if (amount === 1) await held.promise;
      if (amount === 3) other.resolve();
    });
    await deposit(['a', 1], ['a', 2], ['b', 3]);
    await using running = await start();
    await other.promise;
    await turn();
    assert.deepEqual(begun, [1, 3]);
    held.resolve();
    await running.settled();
    assert.deepEqual(begun, [1, 3, 2]);
  });

  test('handles as many streams at the same time as its concurrency', async () => {
    let [active, most] = [0, 0];
    const { start, deposit } = systemWith(
      async () => {
        most = Math.max(most, ++active);
        await turn();
        active--;
      },
      { concurrency: 2 },
    );
    await deposit(['a', 1], ['b', 2], ['c', 3], ['d', 4]);
    await using running = await start();
    await running.settled();
    assert.equal(most, 2);
  });

  for (const [failure, react] of [
    [
      'throws undefined',
      () => {
        throw undefined;
      },
    ],
    ['rejects with undefined', () => Promise.reject(undefined)],
  ] as const) {
    test(`is retried and its event is parked if it ${failure}`, async () => {
      let calls = 0;
      const { start, deposit } = systemWith(() => {
        calls++;
        return react();
      });
      await deposit(['a', 1], ['a', 2]);
      await using running = await start({ failurePolicy: { retries: 1, firstDelay: 1, finally: 'park' } });
      await running.settled();
      assert.equal(calls, 2);
      const parked = await running.parked.list();
      assert.deepEqual(
        parked.map(({ reason }) => reason?.code),
        ['unexpected-exception', undefined],
      );
    });

    test(`is stopped if it ${failure}`, async () => {
      const { start, deposit } = systemWith(react);
      await deposit(['a', 1]);
      await using running = await start({ failurePolicy: { retries: 0 } });
      await assert.rejects(running.settled(), ProcessorStopped);
    });
  }

  test('is cancelled when its system stops, and gets the event with the same key after the next start', async () => {
    const begun = Promise.withResolvers<void>();
    const keys: string[] = [];
    const { start, deposit } = systemWith(async (_amount, { idempotencyKey, signal }) => {
      keys.push(idempotencyKey);
      if (keys.length > 1) return;
      begun.resolve();
      await new Promise((_resolve, fail) => signal.addEventListener('abort', () => fail(signal.reason)));
    });
    await deposit(['a', 1]);
    {
      await using _running = await start({ failurePolicy: { retries: 0, finally: 'park' } });
      await begun.promise;
    }
    await using running = await start();
    await running.settled();
    assert.equal(keys.length, 2);
    assert.equal(keys[0], keys[1]);
    assert.deepEqual(await running.parked.list(), []);
  });
});

describe('a share that is claimed while the shares are read before a page', () => {
  test('gets its earlier events', async () => {
    const seen: number[] = [];
    const reactor = defineReactor({
      name: 'receipts',
      version: '1',
      events: { Deposited },
      react: { Deposited: ({ amount }) => void seen.push(amount) },
    });
    const system = defineSystem({ name: 'bank', deciders: [account], reactors: [reactor] });
    const store = createMemoryStore();
    const accountOf = (share: number): string => {
      for (let id = 0; ; id++) if (shareOf(`account-${id}`, 2) === share) return String(id);
    };
    const deposit = async (share: number, amount: number): Promise<void> => {
      await using writing = await system.start({ store, process: false });
      await writing.dispatch(Deposit({ accountId: accountOf(share), amount }));
    };
    await using writing = await system.start({ store, process: false });
    for (const share of [0, 1]) await writing.dispatch(Open({ accountId: accountOf(share) }));
    await deposit(1, 1);
    await deposit(0, 2);

    // The second share is left to another member, which never starts.
    {
      await using _running = await system.start({
        store: claiming(store, async (share, claim) => (share === 1 ? undefined : claim())),
        shares: 2,
      });
      while (seen.length === 0) await turn();
    }
    assert.deepEqual(seen, [2]);
    await deposit(0, 3);

    // Now it is claimed at the moment at which the shares are read.
    const [looking, claimed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let isReading = false;
    const late = claiming(
      store,
      async (share, claim) => {
        if (share === 0) {
          const result = await claim();
          isReading = true;
          return result;
        }
        await looking.promise;
        const result = await claim();
        claimed.resolve();
        return result;
      },
      async () => {
        if (!isReading) return;
        looking.resolve();
        await claimed.promise;
        for (let turns = 0; turns < 5; turns++) await turn();
      },
    );
    await using running = await system.start({ store: late, shares: 2 });
    await running.settled();
    assert.deepEqual(seen.sort(), [1, 2, 3]);
  });
});

type Store = ReturnType<typeof createMemoryStore>;

/** A store whose shares are claimed, and read, as a test decides. */
function claiming(
  store: Store,
  claimShare: (share: number, claim: () => Promise<Share | undefined>) => Promise<Share | undefined>,
  beforeList: () => Promise<void> = async () => {},
): Store {
  const processors = new Proxy(store.processors, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      if (name === 'claimShare') {
        return (share: Share, ...others: readonly unknown[]) =>
          claimShare(share.share, () => value.call(target, share, ...others));
      }
      if (name === 'listShares') {
        return async (...args: readonly unknown[]) => {
          await beforeList();
          return value.apply(target, args);
        };
      }
      return value.bind(target);
    },
  });
  return new Proxy(store, {
    get: (target, name) => {
      if (name === 'processors') return processors;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
