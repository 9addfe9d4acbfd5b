/**
 * Builds a read model from a whole ledger. It is compared with a loop on the raw driver that folds the same events, and
 * writes the same rows and a checkpoint in the same batches.
 */
import { copyFileSync } from 'node:fs';
import Sqlite, { type Database } from 'better-sqlite3';
import type { System } from 'decidable';
import { createSqliteStore } from 'decidable/sqlite';
import { Packr } from 'msgpackr';
import { type Benchmark, type Contestant, timed } from '../measure.ts';
import { inScratch } from '../scratch.ts';
import { ACCOUNTS, type Moved, withBuiltTable, withDocuments, withTable } from './ledger.ts';

const BATCH = 1_000;

type AnySystem = Pick<System<readonly [], readonly [], readonly [], readonly []>, 'start'>;

/** @param file a ledger of `events` entries. */
export function documents(file: string, events: number, quick: boolean): Benchmark {
  return benchmark('documents', 'a document read model', events, quick, [
    ours(withDocuments, file, events),
    byHand(file, events, rawDocuments),
  ]);
}

/** @param file a ledger of `events` entries. */
export function tables(file: string, events: number, quick: boolean): Benchmark {
  return benchmark('tables', 'a table read model', events, quick, [
    ours(withTable, file, events),
    byHand(file, events, rawTable),
  ]);
}

/** The same as {@link tables}, with a handler that builds a Kysely query for each event. */
export function builtTables(file: string, events: number, quick: boolean): Benchmark {
  return benchmark('built', 'a table read model of Kysely queries', events, quick, [
    ours(withBuiltTable, file, events),
    byHand(file, events, rawTable),
  ]);
}

function benchmark(
  name: string,
  what: string,
  events: number,
  quick: boolean,
  contestants: readonly Contestant[],
): Benchmark {
  return {
    name,
    about: `${what} of ${events.toLocaleString('en')} events over ${ACCOUNTS.toLocaleString('en')} keys, SQLite`,
    unit: 'events/s',
    rounds: quick ? 3 : 7,
    contestants,
    targets: [{ of: 'decidable', against: 'raw driver', atLeast: 0.5 }],
  };
}

function ours(system: AnySystem, file: string, events: number): Contestant {
  return {
    name: 'decidable',
    run: () =>
      inScratch(async (copy) => {
        copyFileSync(file, copy);
        await using store = createSqliteStore({ file: copy, durability: 'normal' });
        await using running = await system.start({ store, process: true });
        return await timed(events, () => running.caughtUp());
      }),
  };
}

interface Row {
  readonly position: number;
  readonly payload: Uint8Array;
}

type Apply = (database: Database) => { event(moved: Moved, position: number): void; flush(): void };

function byHand(file: string, events: number, apply: Apply): Contestant {
  return {
    name: 'raw driver',
    run: () =>
      inScratch(async (copy) => {
        copyFileSync(file, copy);
        const database = new Sqlite(copy);
        database.pragma('journal_mode = WAL');
        database.pragma('synchronous = NORMAL');
        database.exec('create table checkpoint (position integer not null) strict');
        database.exec('insert into checkpoint values (0)');
        const target = apply(database);
        const packr = new Packr({ useRecords: false, variableMapSize: true });
        const query = database.prepare<[number, number], Row>(
          `select e.position, e.payload from events e join event_types t on t.id = e.event_type_id
           where e.position > ? and t.category = 'ledger' and t.type = 'Moved' order by e.position limit ?`,
        );
        const saveCheckpoint = database.prepare('update checkpoint set position = ?');
        const measured = await timed(events, () => {
          let read = 0;
          for (let page = query.all(0, BATCH); page.length > 0; page = query.all(page.at(-1)!.position, BATCH)) {
            database.exec('begin immediate');
            for (const { position, payload } of page) target.event(packr.unpack(payload), position);
            target.flush();
            saveCheckpoint.run(page.at(-1)!.position);
            database.exec('commit');
            read += page.length;
          }
          if (read !== events) throw new Error(`${read} events were read`);
        });
        database.close();
        return measured;
      }),
  };
}

interface Balance {
  readonly balance: number;
  readonly entries: number;
}

const rawDocuments: Apply = (database) => {
  database.exec(`create table my_documents (
    key text primary key not null, state blob not null, position integer not null) strict, without rowid`);
  const put = database.prepare(
    `insert into my_documents values (?, ?, ?)
     on conflict (key) do update set state = excluded.state, position = excluded.position`,
  );
  const packr = new Packr({ useRecords: false, variableMapSize: true });
  const all = new Map<string, Balance>();
  const changed = new Map<string, number>();
  return {
    event: ({ account, amount }, position) => {
      const { balance, entries } = all.get(account) ?? { balance: 0, entries: 0 };
      all.set(account, { balance: balance + amount, entries: entries + 1 });
      changed.set(account, position);
    },
    flush: () => {
      for (const [key, position] of changed) put.run(key, packr.pack(all.get(key)), position);
      changed.clear();
    },
  };
};

const rawTable: Apply = (database) => {
  database.exec(`create table my_balances (
    account text primary key, balance integer not null, entries integer not null)`);
  const upsert = database.prepare(
    `insert into my_balances (account, balance, entries) values (?, ?, 1)
     on conflict (account) do update set balance = balance + excluded.balance, entries = entries + 1`,
  );
  return { event: ({ account, amount }) => upsert.run(account, amount), flush: () => undefined };
};
