/** Runs the statements of table read models on a connection. */
import type { Database, Statement } from 'better-sqlite3';
import { StatementFailed, type TableStatement } from '../../../core/processors/processor-store.ts';
import { isDriverError } from './failures.ts';

/** The maximum number of prepared statements that are kept. */
const MAX_KEPT = 500;

/** The errors of SQLite that are due to a statement. Others, such as a full disk, are failures of the file. */
const OWN_FAILURES = /^SQLITE_(ERROR|CONSTRAINT|MISMATCH|RANGE|TOOBIG)/;

/** Prepares the statements of table read models, and caches them. */
export class TableStatements {
  readonly #database: Database;
  readonly #prepared = new Map<string, Statement<unknown[]>>();

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Runs statements that create, drop or rename tables, and empties the cache, because its statements may be invalid.
   * @throws StatementFailed
   */
  run(statements: readonly TableStatement[]): void {
    for (const [index, { sql, parameters }] of statements.entries()) {
      this.#attempt(index, () => this.#database.prepare<unknown[]>(sql).run(...parameters));
    }
    this.#prepared.clear();
  }

  /** Runs the statements of events. @throws StatementFailed if a failure is due to a statement instead of the file. */
  write(statements: readonly TableStatement[]): void {
    for (const [index, { sql, parameters }] of statements.entries()) {
      this.#attempt(index, () => this.#keep(sql).run(...parameters));
    }
  }

  #attempt(index: number, run: () => unknown): void {
    try {
      run();
    } catch (error) {
      if (isDriverError(error) && !OWN_FAILURES.test(error.code)) throw error;
      throw new StatementFailed(index, error);
    }
  }

  #keep(sql: string): Statement<unknown[]> {
    const known = this.#prepared.get(sql);
    if (known !== undefined) return known;
    if (this.#prepared.size >= MAX_KEPT) this.#prepared.clear();
    const prepared = this.#database.prepare<unknown[]>(sql);
    this.#prepared.set(sql, prepared);
    return prepared;
  }
}
