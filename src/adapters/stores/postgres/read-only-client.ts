/**
 * The connection of a reader of tables. It is always in a read-only transaction, whatever text a program runs. Only
 * statements that read reach the server, one in each call, and every end of a transaction begins the next one. At the
 * end, the connection returns to the pool as it was, because a rollback also undoes `set_config`.
 */

import { quoted } from '../../../core/storage/sql-identifier.ts';
import type { PostgresClient, PostgresQuery, PostgresResult } from './driver.ts';

/** A statement that a reader runs is not one that reads. The code is that of PostgreSQL for read-only transactions. */
class NotReading extends Error {
  override readonly name: string = 'NotReading';
  readonly code = '25006';

  constructor(text: string) {
    super(`expected a select, because a reader cannot write; got: ${text}`);
  }
}

/** The server refuses those of them that write, because the transaction is read-only. */
const READS = /^\s*(?:select|with|values|table|explain|show)\b/i;

/** The statements by which Kysely controls transactions. */
const BEGIN =
  /^(?:begin|start transaction(?: isolation level (read (?:un)?committed|repeatable read|serializable))?(?: read only)?)$/;
const END = /^(?:commit|rollback)$/;
const SAVEPOINT = /^(?:savepoint|release|rollback to) "(?:[^"]|"")*"$/;

/** A client in a read-only transaction. */
export class ReadOnlyClient {
  readonly #client: PostgresClient;
  readonly #schema: string;
  readonly #types: PostgresQuery['types'];

  constructor(client: PostgresClient, schema: string, types: PostgresQuery['types']) {
    this.#client = client;
    this.#schema = schema;
    this.#types = types;
  }

  /** Begins a transaction in which names of tables are those of the schema. */
  async begin(isolation = 'read committed'): Promise<void> {
    await this.#run(`start transaction isolation level ${isolation} read only`);
    // After its first query, a transaction can no longer be changed to read-write.
    await this.#run(`select set_config('search_path', $1, true)`, [`${quoted(this.#schema)}, public`]);
  }

  /** Ends the transaction. Settings that its statements changed have their former values again. */
  async end(): Promise<void> {
    await this.#run('rollback');
  }

  /** Runs a statement of the program. @throws NotReading */
  async query(text: string, parameters: readonly unknown[]): Promise<PostgresResult> {
    if (READS.test(text) || SAVEPOINT.test(text)) return this.#run(text, parameters);
    const begin = BEGIN.exec(text);
    if (begin === null && !END.test(text)) throw new NotReading(text);
    await this.end();
    await this.begin(begin?.[1]);
    return { command: text.toUpperCase(), rows: [], rowCount: null };
  }

  #run(text: string, parameters: readonly unknown[] = []): Promise<PostgresResult> {
    // In the extended mode, a text is one statement. `pg` uses it by default only if there are parameters.
    return this.#client.query({ text, values: [...parameters], types: this.#types, queryMode: 'extended' });
  }
}
