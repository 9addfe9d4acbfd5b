/** The statements of table read models on a connection. */
import type { Database, Statement } from 'better-sqlite3';
import type { TableStatement } from '../../../core/processors/processor-store.ts';

/** Prepared statements that are kept. */
const MAX_KEPT = 500;

/** Prepares the statements of table read models, and keeps them. */
export class TableStatements {
  readonly #database: Database;
  readonly #prepared = new Map<string, Statement<unknown[]>>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** Runs statements that create, drop or rename tables. Kept statements may refer to tables that are gone then. */
  run(statements: readonly TableStatement[]): void {
    for (const { sql, parameters } of statements) this.#database.prepare<unknown[]>(sql).run(...parameters);
    this.#prepared.clear();
  }

  prepared(sql: string): Statement<unknown[]> {
    const known = this.#prepared.get(sql);
    if (known !== undefined) return known;
    if (this.#prepared.size >= MAX_KEPT) this.#prepared.clear();
    const prepared = this.#database.prepare<unknown[]>(sql);
    this.#prepared.set(sql, prepared);
    return prepared;
  }
}
