/**
 * One command after another on SQLite, each acknowledged when it is safe from a power loss, in streams of 10 and of
 * 1,000.
 */
import { createSqliteStore } from '../../src/adapters/stores/sqlite/index.ts';
import { createEventSourcer } from '../../src/core/loop/create-event-sourcer.ts';
import { account, commandsOf } from './bank.ts';
import { type Benchmark, type Contestant, timed } from './measure.ts';
import type { Peers } from './peers.ts';
import { openRaw, rawHandler } from './raw-driver.ts';
import { inScratch } from './scratch.ts';

interface Load {
  readonly streams: number;
  readonly length: number;
}

export function sequential(peers: Peers | undefined, quick: boolean): Benchmark {
  const short: Load = { streams: quick ? 100 : 400, length: 10 };
  const long: Load = { streams: quick ? 1 : 4, length: 1_000 };
  const loads = [short, long];
  return {
    name: 'sequential',
    about: 'one command after another, SQLite WAL, synchronous = FULL',
    unit: 'commands/s',
    rounds: quick ? 3 : 7,
    contestants: [
      ...loads.map(ours),
      ...loads.map(raw),
      // This contestant handles 500 commands a second, so it receives fewer of them, in streams of the same lengths.
      ...(peers === undefined
        ? []
        : [emmett(peers, { ...short, streams: 50 }), emmett(peers, { ...long, streams: 1 })]),
    ],
    targets: [
      { of: 'decidable, streams of 10', against: 'raw driver, streams of 10', atLeast: 0.8 },
      { of: 'decidable, streams of 10', against: 'emmett, streams of 10', atLeast: 3 },
      { of: 'decidable, streams of 1000', against: 'decidable, streams of 10', atLeast: 0.75 },
      { of: 'decidable, streams of 1000', against: 'emmett, streams of 1000', atLeast: 20 },
      { of: 'decidable, streams of 1000', against: 'raw driver, streams of 1000', atLeast: 0 },
    ],
  };
}

function ours({ streams, length }: Load): Contestant {
  return {
    name: `decidable, streams of ${length}`,
    run: () =>
      inScratch(async (file) => {
        const store = createSqliteStore({ file, durability: 'full' });
        const sourcer = createEventSourcer({ store, modules: [account] });
        const measured = await timed(streams * length, async () => {
          for (const command of commandsOf(streams, length)) {
            const { outcome } = await sourcer.dispatch(command);
            if (outcome.tag !== 'accepted') throw new Error(`a command was rejected: ${outcome.val.code}`);
          }
        });
        await sourcer.close();
        await store.close();
        return measured;
      }),
  };
}

function raw({ streams, length }: Load): Contestant {
  return {
    name: `raw driver, streams of ${length}`,
    run: () =>
      inScratch(async (file) => {
        await createSqliteStore({ file }).close();
        const database = openRaw(file);
        const handle = rawHandler(database);
        const measured = await timed(streams * length, () => {
          for (const command of commandsOf(streams, length)) handle(command);
        });
        database.close();
        return measured;
      }),
  };
}

function emmett(peers: Peers, { streams, length }: Load): Contestant {
  return {
    name: `emmett, streams of ${length}`,
    run: () =>
      inScratch(async (file) => {
        const handle = peers.emmettSqlite(file);
        return timed(streams * length, async () => {
          for (const command of commandsOf(streams, length)) await handle(command);
        });
      }),
  };
}
