/** Stores that cannot respond for a while. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import Sqlite from 'better-sqlite3';
import {
  defineProjector,
  defineReactor,
  defineSystem,
  type EventStore,
  type ProcessorStore,
  type StopReason,
} from 'decidable';
import { createMemoryStore } from 'decidable/memory';
import { createNatsStore } from 'decidable/nats';
import { createPostgresStore } from 'decidable/postgres';
import { createSqliteStore } from 'decidable/sqlite';
import { z } from 'zod';
import { skipWithoutBinary, startNatsServer } from '../../servers/nats.ts';
import { startPostgres } from '../../servers/postgres.ts';
import { account } from './transfers.ts';

const folder = mkdtempSync(join(tmpdir(), 'decidable-outage-'));
after(() => rmSync(folder, { recursive: true }));

const { Open, Deposit } = account.commands;

const balances = defineProjector({
  name: 'balances',
  version: '1',
  state: z.object({ balance: z.int() }),
  events: { Deposited: account.events.Deposited },
  key: ({ data }) => data.accountId,
  initialState: { balance: 0 },
  project: {
    Deposited: (document, { amount }) => {
      document.balance += amount;
    },
  },
});

/** A system with a reactor that collects amounts. */
function bank() {
  const reacted: number[] = [];
  const reactor = defineReactor({
    name: 'receipts',
    version: '1',
    events: { Deposited: account.events.Deposited },
    react: { Deposited: ({ amount }) => void reacted.push(amount) },
  });
  const system = defineSystem({ name: 'bank', deciders: [account], readModels: [balances], reactors: [reactor] });
  return { system, reacted };
}

/** Collects the processors that wait for a store or have stopped. */
function watching() {
  const stopped: StopReason[] = [];
  const waiting = new Map<string, StopReason>();
  let changed = Promise.withResolvers<void>();
  return {
    stopped,
    observer: {
      unavailable: ({ subscription }: { readonly subscription: { readonly name: string } }, reason: StopReason) => {
        waiting.set(subscription.name, reason);
        changed.resolve();
      },
      stopped: (_processor: unknown, reason: StopReason) => {
        stopped.push(reason);
        changed.resolve();
      },
    },
    /** Resolves with the codes of the failures when as many processors wait for a store. */
    waiting: async (count: number): Promise<ReadonlySet<string>> => {
      while (waiting.size < count && stopped.length === 0) {
        await changed.promise;
        changed = Promise.withResolvers();
      }
      return new Set([...waiting.values()].map(({ code }) => code));
    },
    stop: async (count: number): Promise<readonly string[]> => {
      while (stopped.length < count) {
        await changed.promise;
        changed = Promise.withResolvers();
      }
      return stopped.map(({ code }) => code);
    },
  };
}

interface Restarted {
  readonly server: { stop(): Promise<void>; start(): Promise<void>; remove(): Promise<void> };
  open(): Promise<EventStore & AsyncDisposable & { readonly processors: ProcessorStore }>;
}

/** The stores with a server. */
const engines: Readonly<Record<string, { readonly skip: string | false; start(): Promise<Restarted> }>> = {
  PostgreSQL: {
    skip: false,
    start: async () => {
      const server = await startPostgres();
      return { server, open: () => createPostgresStore({ url: server.url, retryTimeout: 50, pollInterval: 50 }) };
    },
  },
  NATS: {
    skip: skipWithoutBinary,
    start: async () => {
      const server = await startNatsServer();
      return {
        server: {
          stop: () => server.stop(),
          start: () => server.start(),
          remove: () => server[Symbol.asyncDispose](),
        },
        open: () => createNatsStore({ url: server.url, timeout: 300, busyTimeout: 0 }),
      };
    },
  },
};

const failurePolicy = { retries: 0, firstDelay: 5, longestDelay: 50 };

describe('a store that is unavailable', () => {
  for (const [engine, { skip, start }] of Object.entries(engines)) {
    test(`makes processors wait while ${engine} restarts, and loses and repeats nothing`, { skip }, async () => {
      const { server, open } = await start();
      try {
        const { system, reacted } = bank();
        const { observer, waiting, stopped } = watching();
        await using store = await open();
        await using running = await system.start({ store, failurePolicy, observer });
        await running.dispatch(Open({ accountId: 'a' }));
        await running.dispatch(Deposit({ accountId: 'a', amount: 1 }));
        await running.settled();
        await server.stop();
        // The client of NATS waits for the server itself.
        if (engine === 'PostgreSQL') assert.deepEqual([...(await waiting(2))], ['io']);
        else await assert.rejects(running.dispatch(Deposit({ accountId: 'b', amount: 1 })));
        await server.start();
        // The store may still have connections to the old server, so the first append may fail.
        const deposit = Deposit({ accountId: 'a', amount: 10 });
        const isDone = () =>
          running.dispatch(deposit, { commandId: 'deposit' }).then(
            () => true,
            () => false,
          );
        while (!(await isDone()));
        await running.settled();
        assert.deepEqual(await running.readModel(balances).get('a'), { balance: 11 });
        assert.deepEqual(stopped, []);
        assert.deepEqual(reacted, [1, 10]);
        for (const status of await running.status()) {
          assert.deepEqual([status.stopped, status.outage], [undefined, undefined], status.name);
        }
      } finally {
        await server.remove();
      }
    });
  }

  test('makes processors wait while another process writes to the file', async () => {
    const file = join(folder, 'busy.db');
    const { system, reacted } = bank();
    const { observer, waiting, stopped } = watching();
    await using store = createSqliteStore({ file, durability: 'normal', busyTimeout: 5 });
    await using events = createSqliteStore({ file: join(folder, 'events.db'), durability: 'normal' });
    const started = { store: events, processors: store.processors, failurePolicy, observer };
    await using running = await system.start(started);
    await running.dispatch(Open({ accountId: 'a' }));
    await running.settled();
    const other = new Sqlite(file);
    other.exec('begin immediate');
    await running.dispatch(Deposit({ accountId: 'a', amount: 5 }));
    assert.deepEqual([...(await waiting(2))], ['busy']);
    assert.ok((await running.status()).every(({ outage }) => outage?.code === 'busy'));
    other.exec('rollback');
    other.close();
    await running.settled();
    assert.deepEqual(await running.readModel(balances).get('a'), { balance: 5 });
    // The effect is not repeated, because only the commit is tried again.
    assert.deepEqual(reacted, [5]);
    assert.deepEqual(stopped, []);
    assert.ok((await running.status()).every(({ outage }) => outage === undefined));
  });

  test('does not keep a system from stopping', async () => {
    const file = join(folder, 'stopped.db');
    const { system } = bank();
    const { observer, waiting } = watching();
    await using store = createSqliteStore({ file, durability: 'normal', busyTimeout: 5 });
    await using events = createSqliteStore({ file: join(folder, 'events2.db'), durability: 'normal' });
    const policy = { retries: 0, firstDelay: 60_000, longestDelay: 60_000 };
    const started = { store: events, processors: store.processors, failurePolicy: policy, observer };
    const running = await system.start(started);
    await running.dispatch(Open({ accountId: 'a' }));
    const other = new Sqlite(file);
    other.exec('begin immediate');
    await running.dispatch(Deposit({ accountId: 'a', amount: 5 }));
    await waiting(2);
    other.exec('rollback');
    other.close();
    await running.stop();
  });
});

describe('a store that is closed', () => {
  test('stops the processors', async () => {
    const { system } = bank();
    const { observer, stop } = watching();
    const store = createMemoryStore();
    const running = await system.start({ store, failurePolicy, observer });
    await store.close();
    assert.deepEqual(await stop(2), ['closed', 'closed']);
    await running.stop().catch(() => undefined);
  });
});
