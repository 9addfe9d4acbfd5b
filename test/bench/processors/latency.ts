/**
 * The latency from an append in one process to the subscriber in another process, on one SQLite file. The writer reads
 * the clock just before it sends the command, and the subscriber reads it when its page arrives. Both use the clock of
 * one machine.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createEventSourcer } from 'decidable';
import { createSqliteStore } from 'decidable/sqlite';
import { median } from '../measure.ts';
import { inFolder } from '../scratch.ts';
import { ledger } from './ledger.ts';

/** Milliseconds. Each is the median of the rounds' quantiles. */
export interface Quantiles {
  readonly p50: number;
  readonly p99: number;
}

export interface Latency {
  /** From the call of `dispatch` to the page. */
  readonly fromCall: Quantiles;
  /** From the acknowledgement to the page. It is negative if the page arrives first. */
  readonly fromAcknowledgement: Quantiles;
  /** From the call to the acknowledgement, most of which is the disk. */
  readonly append: Quantiles;
}

interface Append {
  readonly called: number;
  readonly acknowledged: number;
  readonly received: number;
}

/** Measures `rounds` times `appends` commands. */
export async function latency(rounds: number, appends: number): Promise<Latency> {
  const measured: (readonly Append[])[] = [];
  for (let round = 0; round < rounds; round++) measured.push(await inFolder((folder) => oneRound(folder, appends)));
  const quantiles = (delay: (append: Append) => number): Quantiles => {
    const sorted = measured.map((round) => round.map(delay).toSorted((one, other) => one - other));
    return { p50: median(sorted.map((of) => quantile(of, 0.5))), p99: median(sorted.map((of) => quantile(of, 0.99))) };
  };
  return {
    fromCall: quantiles(({ called, received }) => received - called),
    fromAcknowledgement: quantiles(({ acknowledged, received }) => received - acknowledged),
    append: quantiles(({ called, acknowledged }) => acknowledged - called),
  };
}

/** Sends commands, 5 to 25 milliseconds apart, to a store that a child process subscribes to. */
async function oneRound(folder: string, appends: number): Promise<readonly Append[]> {
  const file = `${folder}/latency.db`;
  await using store = createSqliteStore({ file, durability: 'full' });
  const sourcer = createEventSourcer({ store, modules: [ledger] });
  const subscriber = fork(new URL('subscriber.ts', import.meta.url), [file], { execArgv: process.execArgv });
  const received = new Map<number, number>();
  subscriber.on('message', ([sent, at]: [number, number]) => received.set(sent, at));
  await once(subscriber, 'message');
  received.clear();
  const sent: Omit<Append, 'received'>[] = [];
  for (let index = 0; index < appends; index++) {
    await new Promise((resolve) => setTimeout(resolve, 5 + (index % 21)));
    const called = clock();
    await sourcer.dispatch(ledger.commands.Move({ ledger: 'x', entries: [{ account: String(called), amount: 1 }] }));
    sent.push({ called, acknowledged: clock() });
  }
  while (received.size < appends) await once(subscriber, 'message');
  subscriber.kill();
  await once(subscriber, 'exit');
  await sourcer.close();
  return sent.map((append) => ({ ...append, received: received.get(append.called)! }));
}

function clock(): number {
  return performance.timeOrigin + performance.now();
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
}
