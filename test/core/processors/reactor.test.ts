import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { defineReactor, defineSystem, type ReactorContext, type StartOptions } from 'decidable';
import { createMemoryStore } from 'decidable/memory';
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
