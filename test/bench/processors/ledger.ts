/**
 * The domain of the benchmarks of processors: a ledger whose entries move money on 10,000 accounts. An entry names its
 * account, and neighbours in the store have different accounts, so that a page changes almost as many documents as it
 * has events.
 */
import { commandUuid, defineDecider, defineProjector, defineSystem } from 'decidable';
import { createSqliteStore } from 'decidable/sqlite';
import { defineTables } from 'decidable/tables';
import type { Kysely } from 'kysely';
import { Packr } from 'msgpackr';
import { z } from 'zod';

export const ACCOUNTS = 10_000;

/** The number of events in one commit. */
const COMMIT = 100;

export interface Moved {
  readonly account: string;
  readonly amount: number;
}

const Moved = z.object({ account: z.string(), amount: z.int() });

export const ledger = defineDecider({
  name: 'ledger',
  version: '1',
  state: z.object({}),
  commands: { Move: z.object({ ledger: z.string(), entries: z.array(Moved) }) },
  events: { Moved },
  category: 'ledger',
  streamId: ({ data }) => data.ledger,
  initialState: {},
  evolve: { Moved: () => undefined },
  decide: { Move: (_state, { entries }) => entries.map((data) => ({ type: 'Moved', data })) },
});

export const balances = defineProjector({
  name: 'balances',
  version: '1',
  state: z.object({ balance: z.int(), entries: z.int() }),
  events: { Moved: ledger.events.Moved },
  key: ({ data }) => data.account,
  initialState: { balance: 0, entries: 0 },
  project: {
    Moved: (document, { amount }) => {
      document.balance += amount;
      document.entries += 1;
    },
  },
});

export interface BalanceTable {
  balances: { account: string; balance: number; entries: number };
}

const create = (db: Kysely<BalanceTable>) => [
  db.schema
    .createTable('balances')
    .addColumn('account', 'text', (column) => column.primaryKey())
    .addColumn('balance', 'integer', (column) => column.notNull())
    .addColumn('entries', 'integer', (column) => column.notNull()),
];

export const balanceTable = defineTables({
  name: 'balance_table',
  version: '1',
  events: { Moved: ledger.events.Moved },
  create,
  handle: {
    Moved: ({ upsert, add }, { account, amount }) =>
      upsert('balances', { account }, { balance: add(amount), entries: add(1) }),
  },
});

/** The same table, with a handler that builds a Kysely query for each event. */
export const builtTable = defineTables({
  name: 'built_table',
  version: '1',
  events: { Moved: ledger.events.Moved },
  create,
  handle: {
    Moved: ({ db }, { account, amount }) =>
      db
        .insertInto('balances')
        .values({ account, balance: amount, entries: 1 })
        .onConflict((conflict) =>
          conflict.column('account').doUpdateSet((row) => ({
            balance: row('balances.balance', '+', row.ref('excluded.balance')),
            entries: row('balances.entries', '+', 1),
          })),
        ),
  },
});

export const withDocuments = defineSystem({ name: 'ledger', deciders: [ledger], readModels: [balances] });
export const withTable = defineSystem({ name: 'ledger', deciders: [ledger], readModels: [balanceTable] });
export const withBuiltTable = defineSystem({ name: 'ledger', deciders: [ledger], readModels: [builtTable] });

/** Returns the entry at an index. The accounts are in a pseudo-random order in which each occurs equally often. */
export function entry(index: number): Moved {
  const account = (index * 7_919 + Math.floor(index / ACCOUNTS)) % ACCOUNTS;
  return { account: `a${String(account).padStart(5, '0')}`, amount: (index % 200) - 50 };
}

/** Appends `events` entries to a new file, 100 in a commit. */
export async function fillLedger(file: string, events: number): Promise<void> {
  const packr = new Packr({ useRecords: false, variableMapSize: true });
  await using store = createSqliteStore({ file, durability: 'normal' });
  const commits: Promise<unknown>[] = [];
  for (let first = 0; first < events; first += COMMIT) {
    const envelopes = Array.from({ length: COMMIT }, (_, offset) => ({
      type: 'Moved',
      schemaVersion: 1,
      payload: packr.pack(entry(first + offset)),
    }));
    const commandId = commandUuid(`entries from ${first}`);
    const decision = {
      commandId,
      command: { type: 'Move', schemaVersion: 1, payload: packr.pack({ ledger: 'x', entries: [] }) },
      contentType: 'application/vnd.msgpack',
      module: { name: 'ledger', version: '1' },
      outcome: { tag: 'accepted' as const },
      correlationId: commandId,
    };
    commits.push(store.append(`ledger-${(first / COMMIT) % 1_000}`, envelopes, { tag: 'any' }, decision));
    if (commits.length === 200) await Promise.all(commits.splice(0));
  }
  await Promise.all(commits);
}
