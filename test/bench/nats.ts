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
import { createNatsStore, type NatsStore, type NatsStoreOptions } from '../../src/adapters/stores/nats/index.ts';
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
      const { raw, store, ratio, cpu, sent } = await appends(servers, replicas, inFlight, quick);
      say(
        `nats: ${name}, ${inFlight} in flight: ${Math.round(store)} appends/s, ${Math.round(raw)} raw guarded publishes/s, ` +
          `ratio ${ratio.toFixed(2)} (processor time ${cpu.toFixed(2)}), ${sent.toFixed(2)} messages for each append  ` +
          `target 0.8: ${ratio >= 0.8 ? 'reached' : 'MISSED'}`,
      );
    }
    if (replicas === 1 && name.includes('every')) {
      const { raw, store, ratio, cpu } = await catchUp(servers[0]!, quick);
      say(
        `nats: catch-up: ${Math.round(store)} events/s, raw consumer ${Math.round(raw)} messages/s, ` +
          `ratio ${ratio.toFixed(2)} (processor time ${cpu.toFixed(2)})  ` +
          `target 0.5: ${ratio >= 0.5 ? 'reached' : 'MISSED'}`,
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

/** Medians of all rounds. A round runs both programs, so the ratios compare what ran under the same load. */
interface Rates {
  /** Calls per second. */
  readonly raw: number;
  readonly store: number;
  /** The rate of the store, divided by that of the raw program. */
  readonly ratio: number;
  /** The processor time of the raw program, divided by that of the store. The server's time is not included. */
  readonly cpu: number;
}

interface Round {
  readonly rate: number;
  /** Processor time of this process for each call, in microseconds. */
  readonly cpu: number;
}

/** Runs both programs in turn. The order alternates, because the first one of a round pays for its garbage. */
async function inTurn(rounds: number, raw: () => Promise<Round>, store: () => Promise<Round>): Promise<Rates> {
  const [ofRaw, ofStore]: [Round[], Round[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    if (round % 2 === 0) ofRaw.push(await raw());
    ofStore.push(await store());
    if (round % 2 === 1) ofRaw.push(await raw());
  }
  return {
    raw: median(ofRaw.map(({ rate }) => rate)),
    store: median(ofStore.map(({ rate }) => rate)),
    ratio: median(ofStore.map(({ rate }, index) => rate / ofRaw[index]!.rate)),
    cpu: median(ofStore.map(({ cpu }, index) => ofRaw[index]!.cpu / cpu)),
  };
}

async function measured(count: number, run: () => Promise<void>): Promise<Round> {
  const before = process.cpuUsage();
  const began = performance.now();
  await run();
  const rate = (count * 1_000) / (performance.now() - began);
  const { user, system } = process.cpuUsage(before);
  return { rate, cpu: (user + system) / count };
}

async function appends(
  servers: readonly NatsServer[],
  replicas: number,
  inFlight: number,
  quick: boolean,
): Promise<Rates & { readonly sent: number }> {
  const url = servers.map((server) => server.url);
  const own = await connect({ servers: url });
  const store = await opened({ connection: own }, replicas);
  // Without this option, the client makes two errors with stack traces for each request.
  const connection = await connect({ servers: url, noAsyncTraces: true });
  const raw = await rawPublisher(connection, replicas);
  const count = inFlight === 1 ? 400 : 3_000;
  const rounds = quick ? 9 : 25;
  const events = [envelope('Done', PAYLOAD)];
  const append = (index: number): Promise<unknown> => store.append(`account-${index % STREAMS}`, events, ANY, given());
  // The first thousands of calls run in unoptimized code.
  await inParallel(3_000, 16, raw);
  await inParallel(3_000, 16, append);
  const before = own.stats().outMsgs;
  const rates = await inTurn(
    rounds,
    () => measured(count, () => inParallel(count, inFlight, raw)),
    () => measured(count, () => inParallel(count, inFlight, append)),
  );
  const sent = (own.stats().outMsgs - before) / (rounds * count);
  await store.close();
  await own.close();
  await connection.close();
  return { ...rates, sent };
}

function given(): Decision {
  return decision({ command: envelope('Do', PAYLOAD) });
}

async function opened(options: NatsStoreOptions, replicas: number, name = uniqueName()): Promise<NatsStore> {
  for (;;) {
    try {
      return await createNatsStore({ ...options, name, replicas });
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

async function inParallel(count: number, inFlight: number, call: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (next < count) await call(next++);
    }),
  );
}

async function catchUp({ url }: NatsServer, quick: boolean): Promise<Rates> {
  const name = uniqueName();
  const store = await opened({ url }, 1, name);
  const count = quick ? 20_000 : 100_000;
  await inParallel(count, 128, (index) =>
    store.append(`account-${index % 2_000}`, [envelope('Done', PAYLOAD)], ANY, given()),
  );
  const connection = await connect({ servers: url });
  const manager = await jetstreamManager(connection);
  let consumers = 0;
  const raw = async (): Promise<void> => {
    const durable = `raw${consumers++}`;
    await manager.consumers.add(name, { durable_name: durable, ack_policy: AckPolicy.None });
    const consumer = await jetstream(connection).consumers.get(name, durable);
    let read = 0;
    for await (const message of await consumer.consume({ max_messages: 5_000 })) {
      read += message.data.length > 0 ? 1 : 0;
      if (read === count) break;
    }
  };
  const pages = async (): Promise<void> => {
    let read = 0;
    for await (const page of readPages(store)) read += page.length;
    if (read !== count) throw new Error(`read ${read} of ${count} events`);
  };
  await raw();
  await pages();
  const rates = await inTurn(
    quick ? 5 : 9,
    () => measured(count, raw),
    () => measured(count, pages),
  );
  await connection.close();
  await store.close();
  return rates;
}

/** A subscriber in another process reports when an event reaches it. Both use the machine's clock. */
async function latency({ url }: NatsServer, quick: boolean): Promise<{ readonly p50: number; readonly p99: number }> {
  const name = uniqueName();
  const store = await opened({ url }, 1, name);
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
