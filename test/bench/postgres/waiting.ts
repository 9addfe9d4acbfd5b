/** Figures about subscribers that wait: the delay of an event in another process, and the cost of waiting. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { subscribe } from 'decidable';
import type { PostgresStore } from 'decidable/postgres';
import type { PostgresServer } from '../../servers/postgres.ts';
import { median } from '../measure.ts';
import { serverTime } from './processor-time.ts';
import { newCommit } from './raw.ts';

const ANY = { tag: 'any' } as const;
/** The appends of a round. */
const APPENDS = 200;
const PAYLOAD = new Uint8Array(200).fill(7);

/** Milliseconds, the medians of the rounds. */
export interface Quantiles {
  readonly p50: number;
  readonly p99: number;
}

export interface Latency {
  /** From the call of `append` to the arrival in a subscriber in another process. */
  readonly fromCall: Quantiles;
  /** From the acknowledgement, which follows the flush to disk. */
  readonly fromAcknowledgement: Quantiles;
}

/** Appends an event as soon as the previous one has arrived. Both processes use the clock of the machine. */
export async function latency(server: PostgresServer, store: PostgresStore, rounds: number): Promise<Latency> {
  const subscriber = fork(new URL('subscriber.ts', import.meta.url), [server.url], { execArgv: process.execArgv });
  await once(subscriber, 'message');
  const [calls, acknowledgements]: [Quantiles[], Quantiles[]] = [[], []];
  // The first round warms both processes up.
  for (let round = 0; round <= rounds; round++) {
    const fromCall: number[] = [];
    const fromAcknowledgement: number[] = [];
    for (let index = 0; index < APPENDS; index++) {
      const received = once(subscriber, 'message');
      const { events, decision } = newCommit(PAYLOAD);
      const called = clock();
      await store.append(`late-${index % 50}`, events, ANY, decision);
      const acknowledged = clock();
      const [at] = (await received) as [number];
      fromCall.push(at - called);
      fromAcknowledgement.push(at - acknowledged);
    }
    if (round === 0) continue;
    calls.push(quantilesOf(fromCall));
    acknowledgements.push(quantilesOf(fromAcknowledgement));
  }
  subscriber.disconnect();
  await once(subscriber, 'exit');
  return { fromCall: mediansOf(calls), fromAcknowledgement: mediansOf(acknowledgements) };
}

function clock(): number {
  return performance.timeOrigin + performance.now();
}

function quantilesOf(times: readonly number[]): Quantiles {
  const sorted = times.toSorted((one, other) => one - other);
  return { p50: sorted[APPENDS / 2]!, p99: sorted[0.99 * APPENDS]! };
}

function mediansOf(rounds: readonly Quantiles[]): Quantiles {
  return { p50: median(rounds.map(({ p50 }) => p50)), p99: median(rounds.map(({ p99 }) => p99)) };
}

/** The shares of one core. */
export interface Idle {
  readonly process: number;
  readonly server: number;
}

/** Measures subscriptions that wait for an event that never arrives. */
export async function idle(
  server: PostgresServer,
  store: PostgresStore,
  subscriptions: number,
  seconds: number,
): Promise<Idle> {
  const end = new AbortController();
  const after = await store.awaitEvents(undefined);
  const waiting = Array.from({ length: subscriptions }, async () => {
    for await (const page of subscribe(store, { after, signal: end.signal })) void page;
  });
  // The engine still compiles after the start, and collects its garbage when it has been idle for about ten seconds.
  await setTimeout(20_000);
  const [own, servers] = [process.cpuUsage(), serverTime(server.data)];
  await setTimeout(seconds * 1_000);
  const { user, system } = process.cpuUsage(own);
  const used = serverTime(server.data) - servers;
  end.abort();
  await Promise.allSettled(waiting);
  return { process: (user + system) / 1_000_000 / seconds, server: used / 1_000 / seconds };
}
