/**
 * The NATS store next to a program for the client's packages without this package. Both send messages of the same size,
 * with the same guard and message id, to one server or to three. Rounds alternate, so that other work on the machine
 * slows both.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { AckPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import { encodeCommit, NO_HEAD } from '../../src/adapters/stores/nats/commit-message.ts';
import { createNatsStore, type NatsStore } from '../../src/adapters/stores/nats/index.ts';
import { decision, envelope } from '../../src/adapters/testing/builders.ts';
import type { Decision } from '../../src/core/messages.ts';
import { readPages } from '../../src/core/storage/read-events.ts';
import { uuidV4 } from '../../src/core/uuid.ts';
import { type NatsServer, startNatsCluster, startNatsServer, uniqueName } from '../servers/nats.ts';

const ANY = { tag: 'any' } as const;
const PAYLOAD = new Uint8Array(200).fill(7);
/** Streams of the benchmark: more than commands in flight, so that no two wait for each other. */
const STREAMS = 256;

/** @returns sentences with the ratios. */
export async function natsSentences(quick: boolean, log: (line: string) => void): Promise<readonly string[]> {
  const sentences: string[] = [];
  const say = (sentence: string): void => {
    sentences.push(sentence);
    log(`  ${sentence}`);
  };
  const settings: readonly (readonly [string, () => Promise<readonly NatsServer[]>, number])[] = [
    ['one server, flushed every two minutes', async () => [await startNatsServer()], 1],
    [
      'one server, sync_interval always',
      async () => [await startNatsServer({ jetstream: ['sync_interval: always'] })],
      1,
    ],
    ['three servers', () => startNatsCluster(), 3],
  ];
  for (const [name, start, replicas] of settings) {
    const servers = await start();
    for (const inFlight of [1, 64]) {
      const { raw, store } = await appends(servers, replicas, inFlight, quick);
      say(
        `nats: ${name}, ${inFlight} in flight: ${Math.round(store)} appends/s, ${Math.round(raw)} raw guarded publishes/s, ` +
          `ratio ${(store / raw).toFixed(2)}  target 0.8: ${store / raw >= 0.8 ? 'reached' : 'MISSED'}`,
      );
    }
    if (replicas === 1 && name.includes('every')) {
      const { raw, store } = await catchUp(servers[0]!, quick);
      say(
        `nats: catch-up: ${Math.round(store)} events/s, raw consumer ${Math.round(raw)} messages/s, ` +
          `ratio ${(store / raw).toFixed(2)}  target 0.5: ${store / raw >= 0.5 ? 'reached' : 'MISSED'}`,
      );
      const { p50, p99 } = await latency(servers[0]!, quick);
      say(
        `nats: append to a subscriber in another process: p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms  ` +
          `target 5 ms: ${p99 < 5 ? 'reached' : 'MISSED'}`,
      );
    }
    for (const server of servers) await server[Symbol.asyncDispose]();
  }
  return sentences;
}

interface Rates {
  readonly raw: number;
  readonly store: number;
}

async function appends(
  servers: readonly NatsServer[],
  replicas: number,
  inFlight: number,
  quick: boolean,
): Promise<Rates> {
  const url = servers.map((server) => server.url);
  const store = await opened(url, replicas);
  // Without this option, the client makes two errors with stack traces for each request.
  const connection = await connect({ servers: url, noAsyncTraces: true });
  const raw = await rawPublisher(connection, replicas);
  const count = (inFlight === 1 ? 400 : 3_000) * (quick ? 1 : 4);
  const times = { raw: [] as number[], store: [] as number[] };
  const events = [envelope('Done', PAYLOAD)];
  await inParallel(count / 4, inFlight, (index) => raw(index));
  await inParallel(count / 4, inFlight, (index) => store.append(`account-${index % STREAMS}`, events, ANY, given()));
  for (let round = 0; round < (quick ? 3 : 7); round++) {
    times.raw.push(await inParallel(count, inFlight, (index) => raw(index)));
    times.store.push(
      await inParallel(count, inFlight, (index) => store.append(`account-${index % STREAMS}`, events, ANY, given())),
    );
  }
  await store.close();
  await connection.close();
  return { raw: median(times.raw), store: median(times.store) };
}

function given(): Decision {
  return decision({ command: envelope('Do', PAYLOAD) });
}

async function opened(url: readonly string[], replicas: number, name = uniqueName()): Promise<NatsStore> {
  for (;;) {
    try {
      return await createNatsStore({ url, name, replicas });
    } catch (error) {
      // A cluster that has just begun has no leader yet.
      if (replicas === 1) throw error;
    }
  }
}

/** Publishes messages with the size of a commit, guarded by the last message of their subject. */
async function rawPublisher(
  connection: NatsConnection,
  replicas: number,
): Promise<(index: number) => Promise<unknown>> {
  const name = uniqueName();
  const { streams } = await jetstreamManager(connection);
  await streams.add({ name, subjects: [`${name}.e.>`], num_replicas: replicas, allow_direct: true });
  const last = new Map<string, number>();
  const payload = encodeCommit('account-1', NO_HEAD, [envelope('Done', PAYLOAD)], given(), BigInt(Date.now())).bytes;
  return async (index) => {
    const subject = `${name}.e.account.${index % STREAMS}`;
    const guard = headers();
    guard.set('Nats-Msg-Id', uuidV4());
    guard.set('Nats-Expected-Last-Subject-Sequence', String(last.get(subject) ?? 0));
    const reply = await connection.request(subject, payload, { headers: guard, timeout: 10_000 });
    last.set(subject, reply.json<{ seq: number }>().seq);
  };
}

/** @returns calls per second. */
async function inParallel(count: number, inFlight: number, call: (index: number) => Promise<unknown>): Promise<number> {
  let next = 0;
  const began = performance.now();
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (next < count) await call(next++);
    }),
  );
  return (count * 1_000) / (performance.now() - began);
}

async function catchUp({ url }: NatsServer, quick: boolean): Promise<Rates> {
  const name = uniqueName();
  const store = await opened([url], 1, name);
  const count = quick ? 20_000 : 100_000;
  await inParallel(count, 128, (index) =>
    store.append(`account-${index % 2_000}`, [envelope('Done', PAYLOAD)], ANY, given()),
  );
  const connection = await connect({ servers: url });
  const manager = await jetstreamManager(connection);
  const times = { raw: [] as number[], store: [] as number[] };
  for (let round = 0; round < (quick ? 3 : 5); round++) {
    let began = performance.now();
    await manager.consumers.add(name, { durable_name: `raw${round}`, ack_policy: AckPolicy.None });
    const consumer = await jetstream(connection).consumers.get(name, `raw${round}`);
    let read = 0;
    for await (const message of await consumer.consume({ max_messages: 5_000 })) {
      read += message.data.length > 0 ? 1 : 0;
      if (read === count) break;
    }
    times.raw.push((count * 1_000) / (performance.now() - began));
    began = performance.now();
    read = 0;
    for await (const page of readPages(store)) read += page.length;
    if (read !== count) throw new Error(`read ${read} of ${count} events`);
    times.store.push((count * 1_000) / (performance.now() - began));
  }
  await connection.close();
  await store.close();
  return { raw: median(times.raw), store: median(times.store) };
}

/** A subscriber in another process reports when an event reaches it. Both use the machine's clock. */
async function latency({ url }: NatsServer, quick: boolean): Promise<{ readonly p50: number; readonly p99: number }> {
  const name = uniqueName();
  const store = await opened([url], 1, name);
  const program = fileURLToPath(new URL('nats-subscriber.ts', import.meta.url));
  const flags = ['--conditions=decidable-source', '--disable-warning=ExperimentalWarning'];
  const child = fork(program, [url, name], { execArgv: flags });
  await once(child, 'message');
  const rounds: { readonly p50: number; readonly p99: number }[] = [];
  // The first round warms both processes up.
  for (let round = 0; round < (quick ? 4 : 8); round++) {
    const times: number[] = [];
    for (let index = 0; index < 200; index++) {
      const received = once(child, 'message');
      const began = performance.timeOrigin + performance.now();
      await store.append(`account-${index % 50}`, [envelope('Done', PAYLOAD)], ANY, given());
      const [at] = (await received) as [number];
      times.push(at - began);
    }
    times.sort((a, b) => a - b);
    if (round > 0) rounds.push({ p50: times[100]!, p99: times[197]! });
  }
  child.kill();
  await once(child, 'close');
  await store.close();
  return { p50: median(rounds.map(({ p50 }) => p50)), p99: median(rounds.map(({ p99 }) => p99)) };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
