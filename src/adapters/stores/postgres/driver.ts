/**
 * The parts of the package `pg` that the store uses. They are written out, because the published types must not need
 * `@types/pg`, which users may not have.
 */

/** A statement. All columns are read as text, in arrays or by name. */
export interface PostgresQuery {
  readonly text: string;
  readonly values?: unknown[];
  /** The name under which each connection prepares the statement. */
  readonly name?: string;
  readonly rowMode?: 'array';
  /** The extended mode refuses a text with several statements. @default the simple mode if there are no values */
  readonly queryMode?: 'extended';
  readonly types: { getTypeParser(type: number, format?: string): (text: string) => unknown };
}

/** The result of a statement. */
export interface PostgresResult {
  readonly command?: string;
  readonly rows: unknown[];
  readonly rowCount: number | null;
}

/** A `Client` of `pg`. */
export interface PostgresClient {
  query(query: PostgresQuery): Promise<PostgresResult>;
  on(event: 'error', listener: (error?: Error) => void): unknown;
  removeListener(event: 'error', listener: (error?: Error) => void): unknown;
  /** Returns the function that converts the text of a column of this type. */
  getTypeParser(type: number, format?: string): (text: string) => unknown;
}

/** A client that belongs to a pool. */
export interface PostgresPoolClient extends PostgresClient {
  /** Returns the client to the pool. With an error, the pool closes the connection instead. */
  release(error?: Error | boolean): void;
  on(event: 'notification', listener: (message: { readonly channel: string }) => void): unknown;
  on(event: 'error' | 'end', listener: (error?: Error) => void): unknown;
  removeAllListeners(event: 'notification'): unknown;
  removeListener(event: 'error', listener: (error?: Error) => void): unknown;
}

/** A `Pool` of `pg`. */
export interface PostgresPool {
  connect(callback: (error: Error | undefined, client: PostgresPoolClient | undefined) => void): void;
}

/** A pool that the store created. */
export interface OwnPool extends PostgresPool {
  end(): Promise<void>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'connect', listener: (client: PostgresClient) => void): unknown;
}

/** A row as text. A NULL column is null. */
export type Row = readonly (string | null)[];

/** A type map that returns each column as text. */
const TEXTS = { getTypeParser: () => (text: string) => text };

/** Makes a statement whose rows are arrays. */
export function queryOf(text: string, values: readonly unknown[], name?: string): PostgresQuery {
  return { text, values: values as unknown[], rowMode: 'array', types: TEXTS, ...(name === undefined ? {} : { name }) };
}

/** Makes a statement whose rows are objects with the names of the columns. */
export function namedQueryOf(text: string, values: readonly unknown[]): PostgresQuery {
  return { text, values: values as unknown[], types: TEXTS };
}
