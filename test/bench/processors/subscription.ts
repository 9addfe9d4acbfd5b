/**
 * Reads all events of a store with a subscription, in pages, with the raw driver, and with emmett's consumer, which
 * stores a checkpoint for each event.
 */
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { readPages, subscribe } from 'decidable';
import { createSqliteStore } from 'decidable/sqlite';
import { type Benchmark, type Contestant, timed } from '../measure.ts';
import type { Peers } from '../peers.ts';
import { inScratch } from '../scratch.ts';
import { entry } from './ledger.ts';

const PAGE = 1_000;

/** @param file a ledger of `events` entries. */
export function subscription(file: string, events: number, peers: Peers | undefined, quick: boolean): Benchmark {
  return {
    name: 'subscription',
    about: `catching up with ${events.toLocaleString('en')} events, SQLite`,
    unit: 'events/s',
    rounds: quick ? 3 : 5,
    contestants: [
      ours('subscribe', file, events, async (store) => {
        let read = 0;
        for await (const page of subscribe(store, { pageSize: PAGE })) {
          read += page.events.length;
          if (page.position === page.head) return read;
        }
        return read;
      }),
      ours('pages by hand', file, events, async (store) => {
        let read = 0;
        for await (const page of readPages(store, { pageSize: PAGE })) read += page.length;
        return read;
      }),
      raw(file, events),
      // Its rate is two orders of magnitude lower, so it reads fewer events.
      ...(peers === undefined ? [] : [emmett(peers, quick ? 2_000 : 10_000)]),
    ],
    targets: [
      { of: 'subscribe', against: 'pages by hand', atLeast: 0.9 },
      { of: 'subscribe', against: 'emmett', atLeast: 2 },
      { of: 'subscribe', against: 'raw driver', atLeast: 0 },
    ],
  };
}

function ours(
  name: string,
  file: string,
  events: number,
  readAll: (store: ReturnType<typeof createSqliteStore>) => Promise<number>,
): Contestant {
  return {
    name,
    run: async () => {
      await using store = createSqliteStore({ file, readOnly: true });
      return await timed(events, async () => {
        const read = await readAll(store);
        if (read !== events) throw new Error(`${read} events were read`);
      });
    },
  };
}

function raw(file: string, events: number): Contestant {
  return {
    name: 'raw driver',
    run: async () => {
      const database = new Sqlite(file, { readonly: true });
      const query = database.prepare<[number, number], { position: number }>(
        'select position, stream_id, revision, decision_id, event_type_id, payload from events where position > ? order by position limit ?',
      );
      const measured = await timed(events, () => {
        let read = 0;
        for (let page = query.all(0, PAGE); page.length > 0; page = query.all(page.at(-1)!.position, PAGE)) {
          read += page.length;
        }
        if (read !== events) throw new Error(`${read} events were read`);
      });
      database.close();
      return measured;
    },
  };
}

function emmett(peers: Peers, events: number): Contestant {
  return {
    name: 'emmett',
    run: () =>
      inScratch(async (file) => {
        const reader = await peers.emmettConsumer(
          join(file, '../emmett.db'),
          Array.from({ length: events }, (_, index) => ({ type: 'Moved', data: entry(index) })),
        );
        try {
          return await timed(events, () => reader.read());
        } finally {
          await reader.close();
        }
      }),
  };
}
