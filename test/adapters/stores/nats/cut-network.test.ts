/** A cluster whose network is cut while all servers run. The minority refuses, and the majority continues. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { isAppendFailure, readEvents, subscribe } from 'decidable';
import { createNatsStore, type NatsStore, type NatsStoreOptions } from 'decidable/nats';
import { type NatsServer, skipWithoutBinary, uniqueName } from '../../../servers/nats.ts';
import {
  connectionsTo,
  leaderOf,
  leaderSeenBy,
  makeLeader,
  openReplicated,
  settled,
  until,
} from '../../../servers/nats-cluster.ts';
import { PartitionedCluster } from '../../../servers/partition.ts';
import { ANY, decision, envelope } from '../commands.ts';
import { examine, send, Writers } from './writers.ts';

/** Milliseconds between two commits of a writer. The test waits for elections, which take seconds. */
const PAUSE = 100;
const TWO = [envelope('A'), envelope('B')];

const REFUSALS = ['busy', 'io', 'unknown-outcome'];

/** Expects that the store refuses the commit, with one of these codes. */
async function refused(appending: Promise<unknown>, codes: readonly string[] = REFUSALS): Promise<void> {
  await assert.rejects(
    appending,
    (error) => isAppendFailure(error, 'failure') && codes.includes(error.payload.val.code),
  );
}

/** Opens a store whose connection is to this server, although it knows others. The client chooses one at random. */
async function openedOn(server: NatsServer, options: NatsStoreOptions): Promise<NatsStore> {
  for (;;) {
    const before = await connectionsTo(server);
    const store = await createNatsStore(options);
    if ((await connectionsTo(server)) > before) return store;
    await store.close();
  }
}

/** A subscriber that keeps the command ids of all events that it receives. */
class Subscriber implements AsyncDisposable {
  readonly seen: string[] = [];
  readonly #store: NatsStore;
  readonly #ending = new AbortController();
  readonly #running: Promise<void>;
  #failure: unknown;

  constructor(store: NatsStore) {
    this.#store = store;
    this.#running = this.#run().catch((error: unknown) => {
      if (!this.#ending.signal.aborted) this.#failure = error;
    });
  }

  async #run(): Promise<void> {
    for await (const { events } of subscribe(this.#store, { signal: this.#ending.signal })) {
      this.seen.push(...events.map(({ context }) => context.causationId));
    }
  }

  /** Resolves when this many events were received. */
  received(count: number): Promise<boolean> {
    return until(async () => {
      if (this.#failure !== undefined) throw this.#failure;
      return this.seen.length >= count;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#running;
    await this.#store.close();
  }
}

describe('a cluster whose network is cut', { skip: skipWithoutBinary, timeout: 300_000 }, () => {
  test('refuses commits in the minority, and stores each command once for all readers', async () => {
    await using stack = new AsyncDisposableStack();
    const cluster = stack.use(await PartitionedCluster.start());
    const { servers } = cluster;
    const name = uniqueName();
    await (await openReplicated(servers, name)).close();
    await settled(servers, [name, `${name}_state`]);
    const cut = await leaderOf(servers, name);
    const majority = servers.filter((server) => server !== cut);
    const inMajority = majority.map(({ url }) => url);

    // One program can reach only the server that is cut off. Another one uses it too, and knows the others.
    const bound = await connect({ servers: cut.url, ignoreClusterUpdates: true });
    stack.defer(() => bound.close());
    const trapped = stack.use(await createNatsStore({ name, connection: bound, timeout: 1_500, busyTimeout: 3_000 }));
    const moving = stack.use(await openedOn(cut, { name, url: [cut.url, ...inMajority], timeout: 1_500 }));

    // In this store, the server forgets command ids sooner than it notices that it was cut off.
    const brief = { name: uniqueName(), duplicateWindow: 3_000, connectionLife: 1_000, timeout: 1_500 };
    const majorityOfBrief = stack.use(await openReplicated(majority, brief.name, brief));
    await makeLeader(cut, brief.name, servers);
    const trappedInBrief = stack.use(await createNatsStore({ ...brief, connection: bound, busyTimeout: 3_000 }));
    await trappedInBrief.append('s-1', TWO, ANY, decision());

    // The consumer of at least one subscriber is on the server that is cut off.
    const observer = await connect({ servers: inMajority, ignoreClusterUpdates: true });
    stack.defer(() => observer.close());
    const { consumers } = await jetstreamManager(observer);
    const subscribers: Subscriber[] = [];
    const isOnCut = async (): Promise<boolean> => {
      const found = await consumers.list(name).next();
      return found.some(({ cluster }) => cluster?.leader === cut.serverName);
    };
    while (subscribers.length < 2 || !(await isOnCut())) {
      subscribers.push(stack.use(new Subscriber(await createNatsStore({ name, url: inMajority, timeout: 1_500 }))));
      await until(async () => (await consumers.list(name).next()).length === subscribers.length);
    }

    const writers = stack.use(new Writers([moving], 4, PAUSE));
    await writers.more(40);
    cluster.isolate(cut);
    // The server answers reads as the leader until it misses the others. It cannot finish the first commit, and refuses
    // the later ones for that reason.
    const commands = [decision(), decision(), decision()];
    await refused(trapped.append('s-9', TWO, ANY, commands[0]!));
    await refused(trapped.append('s-9', TWO, ANY, commands[1]!));
    await refused(trapped.append('s-9', TWO, ANY, commands[0]!));
    assert.equal(await leaderSeenBy(cut, name), cut.serverName);
    // The majority may have stored the command since the cut, so it is not even sent (stale-server.test.ts, too).
    await refused(trappedInBrief.append('s-2', TWO, ANY, decision()), ['busy']);
    assert.equal(await leaderSeenBy(cut, brief.name), cut.serverName);
    await leaderOf(majority, name);
    const known = decision();
    await leaderOf(majority, brief.name);
    await send(majorityOfBrief, 's-1', known, PAUSE);
    // The client has moved to the majority, which acknowledges commits.
    await writers.more(40);
    await until(async () => (await leaderSeenBy(cut, name)) === undefined);
    await refused(trapped.append('s-9', TWO, ANY, commands[2]!));
    await refused(trappedInBrief.append('s-2', TWO, ANY, known));

    cluster.heal();
    await writers.more(40);
    await settled(servers, [name, `${name}_state`, brief.name]);
    await send(trappedInBrief, 's-2', known, PAUSE);
    assert.equal((await majorityOfBrief.findDecision(known.commandId))?.stream, 's-1');
    assert.deepEqual(await majorityOfBrief.readStream('s-2', { direction: 'forward' }), []);
    for (const command of commands) {
      await send(trapped, 's-9', command, PAUSE);
      writers.acknowledged.set(command.commandId, 's-9');
    }
    await writers.stop();

    const fresh = stack.use(await openReplicated(servers, name, { busyTimeout: 30_000 }));
    await examine(fresh, writers.acknowledged);
    const stored: string[] = [];
    for await (const { context } of readEvents(fresh)) stored.push(context.causationId);
    for (const subscriber of subscribers) {
      await subscriber.received(stored.length);
      assert.deepEqual(subscriber.seen, stored);
    }
  });
});
