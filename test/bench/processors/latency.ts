/**
 * From an append in one process to the subscriber in another one, on one SQLite file: the writer's clock is read just before
 * the command is sent, the subscriber's when its page arrives. Both are the clock of one machine.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createEventSourcer } from 'decidable';
import { createSqliteStore } from 'decidable/sqlite';
import { inFolder } from '../scratch.ts';
import { ledger } from './ledger.ts';

/** Milliseconds. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly appends: number;
}

/** Sends `appends` commands, 5 to 25 milliseconds apart, to a store that a child process subscribes to. */
export function latency(appends: number): Promise<Latency> {
  return inFolder(async (folder) => {
    const file = `${folder}/latency.db`;
    await using store = createSqliteStore({ file, durability: 'full' });
    const sourcer = createEventSourcer({ store, modules: [ledger] });
    const subscriber = fork(new URL('subscriber.ts', import.meta.url), [file], { execArgv: process.execArgv });
    const received = new Map<number, number>();
    subscriber.on('message', ([sent, at]: [number, number]) => received.set(sent, at));
    await once(subscriber, 'message');
    received.clear();
    const sent: number[] = [];
    for (let index = 0; index < appends; index++) {
      await new Promise((resolve) => setTimeout(resolve, 5 + (index % 21)));
      const at = performance.timeOrigin + performance.now();
      sent.push(at);
      await sourcer.dispatch(ledger.commands.Move({ ledger: 'x', entries: [{ account: String(at), amount: 1 }] }));
    }
    while (received.size < appends) await once(subscriber, 'message');
    subscriber.kill();
    await once(subscriber, 'exit');
    await sourcer.close();
    const delays = sent.map((at) => received.get(at)! - at).toSorted((one, other) => one - other);
    const quantile = (share: number) => delays[Math.min(delays.length - 1, Math.floor(share * delays.length))]!;
    return { p50: quantile(0.5), p99: quantile(0.99), max: delays.at(-1)!, appends };
  });
}
