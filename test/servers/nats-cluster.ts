/** The states of a NATS cluster that a test waits for, as the monitoring ports show them. */
import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import { connect } from '@nats-io/transport-node';
import { createNatsStore, type NatsStore, type NatsStoreOptions } from 'decidable/nats';
import type { NatsServer } from './nats.ts';

interface Monitored {
  readonly meta_cluster?: { readonly leader?: string };
  readonly account_details?: readonly { readonly stream_detail?: readonly Detail[] }[];
}

interface Detail {
  readonly name: string;
  readonly cluster?: {
    readonly leader?: string;
    readonly replicas?: readonly { readonly current?: boolean }[];
  };
}

/** Milliseconds between two looks at a state. */
const PAUSE = 50;

/** Looks until the state is there, and returns it. */
export async function until<State>(look: () => Promise<State | undefined | false>): Promise<State> {
  for (;;) {
    const state = await look();
    if (state !== undefined && state !== false) return state;
    await setTimeout(PAUSE);
  }
}

async function jetStreamOf(server: NatsServer): Promise<Monitored> {
  const response = await fetch(new URL('/jsz?accounts=1&streams=1', server.monitoring));
  return (await response.json()) as Monitored;
}

async function streamSeenBy(server: NatsServer, name: string): Promise<Detail | undefined> {
  const { account_details: accounts = [] } = await jetStreamOf(server);
  return accounts.flatMap((account) => account.stream_detail ?? []).find((stream) => stream.name === name);
}

/**
 * Returns the name of the server that leads a stream, as another server sees it, or `undefined` if it sees no leader.
 */
export async function leaderSeenBy(server: NatsServer, name: string): Promise<string | undefined> {
  return (await streamSeenBy(server, name))?.cluster?.leader;
}

/** Returns the number of clients that are connected to a server. */
export async function connectionsTo(server: NatsServer): Promise<number> {
  const response = await fetch(new URL('/connz', server.monitoring));
  return ((await response.json()) as { readonly num_connections: number }).num_connections;
}

/** Waits until all given servers see the same one of them as the leader of the stream, and returns it. */
export function leaderOf(servers: readonly NatsServer[], name: string): Promise<NatsServer> {
  return until(async () => {
    const leaders = await Promise.all(servers.map((server) => leaderSeenBy(server, name)));
    const leader = servers.find(({ serverName }) => serverName === leaders[0]);
    return leaders.every((seen) => seen === leaders[0]) && leader;
  });
}

/**
 * Waits until all servers see the same leader of JetStream and of each stream, and all replicas have all messages. A
 * server that returns makes the others elect leaders again, and agrees with them after that.
 */
export async function settled(servers: readonly NatsServer[], names: readonly string[]): Promise<void> {
  await until(async () => {
    const leaders = await Promise.all(servers.map(async (server) => (await jetStreamOf(server)).meta_cluster?.leader));
    return leaders[0] !== undefined && leaders.every((leader) => leader === leaders[0]);
  });
  for (const name of names) {
    await until(async () => {
      const { replicas = [] } = (await streamSeenBy(await leaderOf(servers, name), name))?.cluster ?? {};
      return replicas.length === servers.length - 1 && replicas.every(({ current }) => current === true);
    });
  }
}

/** Makes a server the leader of a stream. */
export async function makeLeader(server: NatsServer, name: string, servers: readonly NatsServer[]): Promise<void> {
  const connection = await connect({ servers: server.url });
  await until(async () => {
    if ((await leaderOf(servers, name)) === server) return true;
    const placement = { preferred: server.serverName };
    await connection.request(`$JS.API.STREAM.LEADER.STEPDOWN.${name}`, JSON.stringify({ placement }));
    return false;
  });
  await connection.close();
}

/** Opens a store with three replicas, as soon as the cluster has a leader. */
export async function openReplicated(
  servers: readonly NatsServer[],
  name: string,
  options: NatsStoreOptions = {},
): Promise<NatsStore> {
  const url = servers.map((server) => server.url);
  for (;;) {
    try {
      return await createNatsStore({ url, name, replicas: 3, timeout: 1_500, busyTimeout: 3_000, ...options });
    } catch (error) {
      assert.match(String(error), /StoreFailure/);
    }
  }
}
