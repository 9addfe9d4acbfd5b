/** A lease keeps a share until it expires, even if the clock of the machine was stepped backward. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type ProcessorStore, RebuildRunning } from 'decidable';
import { createMemoryStore } from 'decidable/memory';
import { type OpenedStore, openStore } from 'decidable/stores';
import { TestClock } from 'decidable/testing';
import { ENGINES, Engines, skipWithout } from '../../servers/engines.ts';
import { account, balances, bankOf } from './transfers.ts';

const engines = new Engines();
after(() => engines[Symbol.asyncDispose]());

const HOUR = 3_600_000;
const LEASE = 300;
const bank = bankOf([]);
const { Open, Deposit } = account.commands;
const BALANCES = { name: 'balances', version: '1' };

/** A member that ended before the clock was stepped backward. Its leases end in an hour. */
async function leaveShares(store: OpenedStore): Promise<void> {
  await using _looking = await bank.start({ store, process: false });
  const { processors } = store;
  const subscriptions = (await processors.listSubscriptions()).map(({ subscription }) => subscription);
  const now = Date.now();
  await processors.announceMember({ id: 'dead', subscriptions, expiresAt: now + HOUR }, now);
  for (const subscription of subscriptions) {
    for (const share of await processors.listShares(subscription)) {
      await processors.claimShare(share, 'dead', now, now + HOUR);
    }
  }
}

/** Resolves when the members of a store have announced themselves this many times. */
function announcements(processors: ProcessorStore, count: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const announce = processors.announceMember.bind(processors);
  let left = count;
  processors.announceMember = async (member, now) => {
    await announce(member, now);
    if (--left > 0) return;
    processors.announceMember = announce;
    resolve();
  };
  return promise;
}

async function holdersOf(store: OpenedStore): Promise<readonly (readonly [string | undefined, bigint])[]> {
  return (await store.processors.listShares(BALANCES)).map(({ holder, token }) => [holder, token] as const);
}

test('members keep their shares as long as they renew their leases', async () => {
  const clock = new TestClock();
  await using store = createMemoryStore({ now: () => clock.now() });
  await using _one = await bank.start({ store, clock, lease: LEASE });
  await using _other = await bank.start({ store, clock, lease: LEASE });
  const beat = async (): Promise<void> => {
    let hasEnded = false;
    const announced = announcements(store.processors, 2).then(() => {
      hasEnded = true;
    });
    while (!hasEnded) {
      clock.advance({ milliseconds: LEASE / 30 });
      await nextTurn();
    }
    await announced;
  };
  let before = await holdersOf(store);
  // The first member releases half of its shares, and the second one claims them.
  while (new Set(before.map(([holder]) => holder)).size < 2 || before.some(([holder]) => holder === undefined)) {
    await beat();
    before = await holdersOf(store);
  }
  for (let beats = 0; beats < 20; beats++) await beat();
  assert.deepEqual(await holdersOf(store), before);
});

for (const name of ENGINES) {
  describe(`a clock that was stepped backward, on ${name},`, { skip: skipWithout(name) }, () => {
    test('does not prevent other members from claiming the shares of a member that has ended', async () => {
      await using store = await openStore(await engines.newAddress(name));
      await leaveShares(store);
      await using running = await bank.start({ store, lease: LEASE });
      await running.dispatch(Open({ accountId: 'a' }));
      const { position } = await running.dispatch(Deposit({ accountId: 'a', amount: 5 }));
      await running.caughtUp(position, { signal: AbortSignal.timeout(20_000) });
      assert.deepEqual(await running.readModel(balances).get('a'), { balance: 5 });
    });
  });
}

describe('a clock that was stepped backward', () => {
  test('does not prevent a rebuild after one that was killed', async () => {
    await using store = createMemoryStore();
    await using running = await bank.start({ store, lease: LEASE });
    await running.dispatch(Open({ accountId: 'a' }));
    await running.caughtUp();
    const subscription = { name: 'balances/rebuild', version: '1' };
    await store.processors.openSubscription({ subscription, kind: 'documents', shares: 8, definition: 'killed' });
    const now = Date.now();
    for (const share of await store.processors.listShares(subscription)) {
      await store.processors.claimShare(share, 'dead', now, now + HOUR);
    }
    await running.rebuild(balances);
    assert.deepEqual(await running.readModel(balances).get('a'), { balance: 0 });
  });

  test('does not allow a rebuild while another one renews its lease', async () => {
    await using store = createMemoryStore();
    await using running = await bank.start({ store, lease: LEASE });
    const subscription = { name: 'balances/rebuild', version: '1' };
    await store.processors.openSubscription({ subscription, kind: 'documents', shares: 1, definition: 'alive' });
    const [free] = await store.processors.listShares(subscription);
    const held = await store.processors.claimShare(free!, 'alive', Date.now(), Date.now() + HOUR);
    const renewing = setInterval(() => store.processors.renewShares([held!], Date.now() + HOUR), LEASE / 3);
    await assert.rejects(running.rebuild(balances), (error) => error instanceof RebuildRunning);
    clearInterval(renewing);
  });
});
