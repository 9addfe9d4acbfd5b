/** Engines whose servers are stopped, killed, replaced and cut off while programs use them. */
import { setTimeout } from 'node:timers/promises';
import { CuttingProxy } from '../../../servers/cutting-proxy.ts';
import { startEngine } from '../../../servers/engines.ts';
import { startNatsCluster, startNatsServer, uniqueName } from '../../../servers/nats.ts';
import { leaderOf, settled } from '../../../servers/nats-cluster.ts';
import { PartitionedCluster } from '../../../servers/partition.ts';
import { startPostgres } from '../../../servers/postgres.ts';

/** A fault of the servers. It has ended when the promise resolves. */
export interface Disturbance {
  readonly name: string;
  run(): Promise<void>;
}

/** A store, and the faults that its servers can have. */
export interface DisturbedStore {
  readonly address: string;
  readonly disturbances: readonly Disturbance[];
}

export interface DisturbedEngine extends AsyncDisposable {
  /** Returns the address of a store that does not exist, and its faults. */
  newStore(): DisturbedStore;
}

export const DISTURBED_ENGINES = ['SQLite', 'PostgreSQL', 'NATS', 'NATS cluster'] as const;
export type DisturbedEngineName = (typeof DISTURBED_ENGINES)[number];

/**
 * Starts an engine.
 * @param isLong true for all faults, of which a test without much time has the worst ones.
 */
export function startDisturbedEngine(name: DisturbedEngineName, isLong = false): Promise<DisturbedEngine> {
  switch (name) {
    case 'SQLite':
      return sqlite();
    case 'PostgreSQL':
      return postgres(isLong);
    case 'NATS':
      return nats(isLong);
    case 'NATS cluster':
      return isLong ? partitionedCluster() : cluster();
  }
}

async function sqlite(): Promise<DisturbedEngine> {
  const engine = await startEngine('SQLite');
  return {
    newStore: () => ({ address: engine.newAddress(), disturbances: [] }),
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}

/** A server behind a proxy that cuts connections and can lead to another server. It keeps what it has acknowledged. */
async function postgres(isLong: boolean): Promise<DisturbedEngine> {
  let server = await startPostgres({ durable: true });
  const proxy = await CuttingProxy.start(server.port);
  const cuts: readonly Disturbance[] = (['request', 'response'] as const).map((cut) => ({
    name: `connections are lost at the ${cut}`,
    run: async () => {
      for (let count = 0; count < 2; count++) {
        const { cuts } = proxy;
        proxy.cutNext(cut);
        while (proxy.cuts === cuts) await setTimeout(1);
      }
    },
  }));
  const stops = isLong ? (['immediate', 'fast'] as const) : (['immediate'] as const);
  const restarts: readonly Disturbance[] = stops.map((how) => ({
    name: how === 'fast' ? 'the server is stopped and started' : 'the server crashes and is started',
    run: async () => {
      await server.stop(how);
      await server.start();
    },
  }));
  const failover: Disturbance = {
    name: 'another server with a copy of the data replaces the server',
    run: async () => {
      await server.stop('immediate');
      const next = await startPostgres({ durable: true, copyOf: server.data });
      proxy.moveTo(next.port);
      await server.remove();
      server = next;
    },
  };
  const disturbances = [...cuts, ...restarts, failover];
  return {
    newStore: () => ({
      address: `postgres://postgres@127.0.0.1:${proxy.port}/postgres?schema=${uniqueName()}`,
      disturbances,
    }),
    async [Symbol.asyncDispose]() {
      await proxy.close();
      await server.remove();
    },
  };
}

async function nats(isLong: boolean): Promise<DisturbedEngine> {
  const server = await startNatsServer({ jetstream: ['sync_interval: always'] });
  const signals = isLong ? (['SIGKILL', 'SIGTERM'] as const) : (['SIGKILL'] as const);
  const disturbances = signals.map((signal) => ({
    name: signal === 'SIGTERM' ? 'the server is stopped and started' : 'the server is killed and started',
    run: async () => {
      await server.stop(signal);
      await server.start();
    },
  }));
  return {
    newStore: () => ({ address: `${server.url}/${uniqueName()}?timeout=2000`, disturbances }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function cluster(): Promise<DisturbedEngine> {
  const servers = await startNatsCluster();
  return {
    newStore() {
      const { address, leaderKilled } = replicatedStore(servers);
      return { address, disturbances: [leaderKilled] };
    },
    async [Symbol.asyncDispose]() {
      for (const server of servers) await server[Symbol.asyncDispose]();
    },
  };
}

async function partitionedCluster(): Promise<DisturbedEngine> {
  const cluster = await PartitionedCluster.start();
  const { servers } = cluster;
  return {
    newStore() {
      const store = replicatedStore(servers);
      const cut: Disturbance = {
        name: 'the leader is cut off from the others until they have elected another',
        run: async () => {
          const leader = await leaderOf(servers, store.name);
          cluster.isolate(leader);
          await leaderOf(
            servers.filter((server) => server !== leader),
            store.name,
          );
          await setTimeout(3_000);
          cluster.heal();
          await settled(servers, [store.name]);
        },
      };
      return { address: store.address, disturbances: [store.leaderKilled, cut, store.followerKilled] };
    },
    [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
  };
}

type Servers = Awaited<ReturnType<typeof startNatsCluster>>;

/** A store with three replicas. One server at a time is killed, and returns before the next one is killed. */
function replicatedStore(servers: Servers) {
  const name = uniqueName();
  const hosts = servers.map(({ port }) => `127.0.0.1:${port}`).join(',');
  const kill = async (chosen: 'leader' | 'follower'): Promise<void> => {
    const leader = await leaderOf(servers, name);
    const victim = chosen === 'leader' ? leader : servers.find((server) => server !== leader)!;
    await victim.stop('SIGKILL');
    // The others elect a leader in the meantime.
    await leaderOf(
      servers.filter((server) => server !== victim),
      name,
    );
    await victim.start();
    await settled(servers, [name]);
  };
  return {
    name,
    address: `nats://${hosts}/${name}?replicas=3&timeout=1500`,
    leaderKilled: { name: 'the leader is killed and returns', run: () => kill('leader') },
    followerKilled: { name: 'another server is killed and returns', run: () => kill('follower') },
  };
}
