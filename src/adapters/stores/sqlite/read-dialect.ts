/**
 * The dialect by which programs read the tables of a file. It has a connection of its own, so that a query of a program
 * can neither see half of a transaction nor write. A store in memory has only one connection. Its dialect refuses
 * everything but reading, and ends each query before it returns.
 *
 * By default the driver returns each integer as a `number`, which rounds those beyond 2^53. Here such an integer is a
 * `bigint`, as in decoded payloads (docs/encoding.md §1.2).
 */
import Sqlite, { type Database, type Statement } from 'better-sqlite3';
import { SqliteDialect } from 'kysely';

type Row = Record<string, unknown>;

/**
 * The dialect for the tables of a file.
 * @param own the connection of the store.
 */
export function readDialect(file: string, own: Database): SqliteDialect {
  return new SqliteDialect({
    database: async () => (own.memory ? sharedConnection(own) : withExactIntegers(openForReading(file))),
  });
}

function sharedConnection(database: Database): ReadDatabase {
  return {
    // The store closes it.
    close: () => {},
    prepare: (sql) => {
      const statement = database.prepare<unknown[], Row>(sql);
      // A transaction of a reader would take in what the store writes.
      if (!statement.reader || !statement.readonly) {
        throw new Sqlite.SqliteError(`a reader of a store in memory can only select: ${sql}`, 'SQLITE_READONLY');
      }
      const { reader, all, run } = exactStatement(statement.safeIntegers(true));
      // The connection can do nothing else while a query is iterated.
      return { reader, all, run, iterate: (parameters) => all(parameters).values() };
    },
  };
}

function openForReading(file: string): Database {
  const database = new Sqlite(file, { readonly: true, fileMustExist: true });
  database.defaultSafeIntegers(true);
  return database;
}

/** The part of a connection that Kysely uses. */
interface ReadDatabase {
  close(): void;
  prepare(sql: string): ReadStatement;
}

interface ReadStatement {
  readonly reader: boolean;
  all(parameters: readonly unknown[]): unknown[];
  run(parameters: readonly unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint };
  iterate(parameters: readonly unknown[]): IterableIterator<unknown>;
}

function withExactIntegers(database: Database): ReadDatabase {
  return {
    close: () => {
      database.close();
    },
    prepare: (sql) => exactStatement(database.prepare<unknown[], Row>(sql)),
  };
}

function exactStatement(statement: Statement<unknown[], Row>): ReadStatement {
  return {
    reader: statement.reader,
    all: (parameters) => statement.all(...parameters).map(exact),
    run: (parameters) => statement.run(...parameters),
    *iterate(parameters) {
      for (const row of statement.iterate(...parameters)) yield exact(row);
    },
  };
}

/** Changes the row, which the driver made for this call. */
function exact(row: Row): Row {
  for (const column in row) {
    const value = row[column];
    if (typeof value === 'bigint') row[column] = exactInteger(value);
  }
  return row;
}

function exactInteger(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
