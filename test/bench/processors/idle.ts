/** The processor time of subscriptions that wait for an event that never arrives. */
import { subscribe } from 'decidable';
import { createSqliteStore } from 'decidable/sqlite';
import { inFolder } from '../scratch.ts';
import { fillLedger } from './ledger.ts';

/** Returns the share of one core that `subscriptions` idle subscriptions use. */
export function idle(subscriptions: number, seconds: number): Promise<number> {
  return inFolder(async (folder) => {
    const file = `${folder}/idle.db`;
    await fillLedger(file, 1_000);
    await using store = createSqliteStore({ file });
    const end = new AbortController();
    let caughtUp = 0;
    const waiting = Array.from({ length: subscriptions }, async () => {
      for await (const { position, head } of subscribe(store, { signal: end.signal }))
        if (position === head) caughtUp++;
    });
    while (caughtUp < subscriptions) await new Promise((resolve) => setTimeout(resolve, 10));
    // The engine still compiles after the start, and collects its garbage when it has been idle for about ten seconds.
    await new Promise((resolve) => setTimeout(resolve, 20_000));
    const before = process.cpuUsage();
    await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
    const { user, system } = process.cpuUsage(before);
    end.abort();
    await Promise.allSettled(waiting);
    return (user + system) / 1_000_000 / seconds;
  });
}
