/** A table for the tests of table read models. Its statements are compiled for the engine of the store. */
import assert from 'node:assert/strict';
import type { Compilable, Dialect, Kysely } from 'kysely';
import type {
  NewSubscription,
  ProcessorStore,
  Share,
  SubscriptionId,
  TableSetup,
  TableStatement,
} from '../../../core/processors/processor-store.ts';
import { tablePrefix } from '../../../core/processors/table-prefix.ts';
import { BALANCES, NOW } from './fixtures.ts';

interface Line {
  readonly id: number;
  readonly amount: number | bigint;
  readonly note: string | null;
}

/** The table's name is that of a version of a read model, because all versions are in one database. */
type Tables = Readonly<Record<string, Line>>;

/** The table of one version of a read model. */
export interface LinesTable {
  readonly setup: TableSetup;
  /** Inserts a row. The statement fails if the table has a row with this id. */
  insert(id: number, amount: number | bigint, note?: string): TableStatement;
  /** Adds to the amount of a row. */
  add(id: number, amount: number): TableStatement;
  /** Returns the rows in the order of their ids, as a reader gets them. */
  rows(): Promise<readonly (readonly [id: number, amount: number | bigint, note: string | null])[]>;
  /** Runs a statement on the connection of a reader. */
  runAsReader(statement: TableStatement): Promise<unknown>;
}

/** Makes the table of a version. @param replaced the version that the table replaces later. */
export async function linesTable(
  processors: ProcessorStore,
  subscription: SubscriptionId = BALANCES,
  replaced?: SubscriptionId,
): Promise<LinesTable> {
  const { tables } = processors;
  assert.ok(tables !== undefined, 'a store with the capability "tables" has "tables"');
  const kysely = await import('kysely');
  const name = tableName(subscription);
  const compiler = new kysely.Kysely<Tables>({
    dialect: (tables.engine?.compileDialect() as Dialect | undefined) ?? sqliteDialect(kysely),
  });
  const statement = (query: Compilable): TableStatement => {
    const { sql, parameters } = query.compile();
    return { sql, parameters };
  };
  const reading = async <Result>(read: (db: Kysely<Tables>) => Promise<Result>): Promise<Result> => {
    const db = new kysely.Kysely<Tables>({ dialect: tables.readDialect() as Dialect });
    try {
      return await read(db);
    } finally {
      await db.destroy();
    }
  };
  return {
    setup: {
      create: [
        statement(
          compiler.schema
            .createTable(name)
            .addColumn('id', 'integer', (column) => column.primaryKey())
            .addColumn('amount', 'integer', (column) => column.notNull())
            .addColumn('note', 'text'),
        ),
      ],
      drop: [statement(compiler.schema.dropTable(name).ifExists())],
      ...(replaced === undefined
        ? {}
        : {
            replacing: {
              rename: [statement(compiler.schema.alterTable(name).renameTo(tableName(replaced)))],
              setup: (await linesTable(processors, replaced)).setup,
            },
          }),
    },
    insert: (id, amount, note) => statement(compiler.insertInto(name).values({ id, amount, note: note ?? null })),
    add: (id, amount) =>
      statement(
        compiler
          .updateTable(name)
          .set(({ eb }) => ({ amount: eb('amount', '+', amount) }))
          .where('id', '=', id),
      ),
    rows: () =>
      reading(async (db) => {
        const rows = await db.selectFrom(name).selectAll().orderBy('id').execute();
        return rows.map(({ id, amount, note }) => [id, amount, note] as const);
      }),
    runAsReader: ({ sql, parameters }) =>
      reading((db) => db.executeQuery(kysely.CompiledQuery.raw(sql, [...parameters]))),
  };
}

function tableName(subscription: SubscriptionId): string {
  return `${tablePrefix(subscription)}lines`;
}

function sqliteDialect(kysely: typeof import('kysely')): Dialect {
  return {
    createAdapter: () => new kysely.SqliteAdapter(),
    createDriver: () => new kysely.DummyDriver(),
    createIntrospector: (db) => new kysely.SqliteIntrospector(db),
    createQueryCompiler: () => new kysely.SqliteQueryCompiler(),
  };
}

/** A subscription with one share and this table. */
export function subscriptionWith(setup: TableSetup, subscription: SubscriptionId = BALANCES): NewSubscription {
  return { subscription, kind: 'tables', shares: 1, definition: '{"events":["A"]}', tables: setup };
}

/** Opens a subscription with this table, and claims its share. */
export async function claimedWith(
  processors: ProcessorStore,
  { setup }: LinesTable,
  subscription: SubscriptionId = BALANCES,
): Promise<Share> {
  await processors.openSubscription(subscriptionWith(setup, subscription));
  const [share] = await processors.listShares(subscription);
  const claimed = await processors.claimShare(share!, 'me', NOW, NOW + 1_000);
  assert.ok(claimed !== undefined);
  return claimed;
}
