/**
 * The Kysely dialect by which programs read the tables of a file. It has a separate connection, so that a query of a
 * program reads no uncommitted changes and cannot write. A store in memory has only one connection. Its dialect accepts
 * only reads, and ends each query before it returns.
 *
 * By default the driver returns each integer as a `number`, which rounds those beyond 2^53. Here such an integer is a
 * `bigint`, as in decoded payloads (docs/encoding.md §1.2).
 */
import Sqlite, { type Database, type Statement } from 'better-sqlite3';
import { type Driver, SqliteDialect, type SqliteDialectConfig } from 'kysely';

type Row = Record<string, unknown>;

/**
 * Makes the dialect for the tables of a file.
 * @param own the connection of the store.
 */
export function readDialect(file: string, own: Database): SqliteDialect {
  if (own.memory) return new SqliteDialect({ database: async () => sharedConnection(own) });
  let connection: Database | undefined;
  return new ReadDialect(
    {
      database: async () => {
        connection = openForReading(file);
        return withExactIntegers(connection);
      },
    },
    () => connection,
  );
}

/** Ends a transaction that a program has left open, because later queries would not read newer rows. */
class ReadDialect extends SqliteDialect {
  readonly #connection: () => Database | undefined;

  constructor(config: SqliteDialectConfig, connection: () => Database | undefined) {
    super(config);
    this.#connection = connection;
  }

  override createDriver(): Driver {
    const driver = super.createDriver();
    const { releaseConnection } = driver;
    driver.releaseConnection = async (...args) => {
      const connection = this.#connection();
      if (connection?.open && connection.inTransaction) connection.prepare('rollback').run();
      await releaseConnection.apply(driver, args);
    };
    return driver;
  }
}

function sharedConnection(database: Database): ReadDatabase {
  return {
    // The store closes its own connection.
    close: () => {},
    prepare: (sql) => {
      // A transaction of a reader would include the writes of the store.
      const statement = prepareSelect(database, sql);
      const { reader, all, run } = exactStatement(statement.safeIntegers(true));
      // The connection can do nothing else while a query is iterated.
      return { reader, all, run, iterate: (parameters) => all(parameters).values() };
    },
  };
}

/** A read-only connection can still attach, copy and configure databases, so only these statements are allowed. */
const SELECT = /^\s*(?:select|with|values|explain)\b/i;
const TRANSACTION = /^\s*(?:begin|commit|rollback|savepoint|release)\b/i;

/** Prepares a select. @throws SqliteError with the code SQLITE_READONLY for any other statement. */
function prepareSelect(database: Database, sql: string): Statement<unknown[], Row> {
  if (SELECT.test(sql)) {
    const statement = database.prepare<unknown[], Row>(sql);
    if (statement.reader && statement.readonly) return statement;
  }
  throw new Sqlite.SqliteError(`expected a select, because a reader cannot write; got: ${sql}`, 'SQLITE_READONLY');
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
    prepare: (sql) =>
      exactStatement(TRANSACTION.test(sql) ? database.prepare<unknown[], Row>(sql) : prepareSelect(database, sql)),
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

/** Converts the bigints of a row in place, because the driver made the row for this call. */
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
