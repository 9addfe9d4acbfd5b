/** The options of a PostgreSQL store. They are checked before a connection is made. */
import { DefinitionError } from '../../../core/errors.ts';
import { checkOptionNames } from '../../../core/option-names.ts';
import { isPositiveU32, isText, millisecondsProblem, mustBe } from '../../../core/predicates.ts';
import type { OptionNames } from '../../../core/unknown-names.ts';
import { databaseAddressProblem } from './database-address.ts';
import type { PostgresClient, PostgresPool } from './driver.ts';

/** The options that open a store in a PostgreSQL database. Exactly one of `url`, `pool` and `client` is required. */
export interface PostgresStoreOptions {
  /** The address of the database: `postgres://user:password@host:5432/database`. The store makes its own pool. */
  readonly url?: string | undefined;
  /** A `Pool` of the package `pg`, which the caller ends after the store is closed. */
  readonly pool?: PostgresPool | undefined;
  /**
   * A connected `Client` of the package `pg`, which the caller ends after the store is closed. The calls use this
   * connection one after another. This option is for serverless functions, and for poolers that share connections
   * between transactions. With a client, the store does not listen for notifications.
   */
  readonly client?: PostgresClient | undefined;
  /**
   * The schema of the store's tables. It is created if it does not exist. Several stores may be in one database.
   * @default 'decidable'
   */
  readonly schema?: string | undefined;
  /**
   * Creates the store if the schema does not contain a store. With `false`, a missing store is a failure.
   * @default true, and `false` with `readOnly`
   */
  readonly create?: boolean | undefined;
  /**
   * Opens the store only for reading. Writes fail with `read-only`. It requires `url`.
   * @default false
   */
  readonly readOnly?: boolean | undefined;
  /**
   * The number of connections of the store's own pool, one of which listens. It requires `url`.
   * @default 10
   */
  readonly maxConnections?: number | undefined;
  /**
   * Wakes readers by LISTEN on a separate connection. With `false`, readers are woken by appends of this process and by
   * a check of the database every `pollInterval` milliseconds. Set it to `false` if a pooler does not keep sessions.
   * @default true, and `false` with `client`
   */
  readonly listen?: boolean | undefined;
  /**
   * Milliseconds between two checks of the database while a caller waits for events.
   * @default 1_000
   */
  readonly pollInterval?: number | undefined;
  /**
   * Milliseconds for which a call is tried again if the connection is lost, the server restarts, or transactions
   * exclude each other. After that it fails.
   * @default 10_000
   */
  readonly retryTimeout?: number | undefined;
  /**
   * The clock of `recordedAt`: milliseconds since the Unix epoch.
   * @default the clock of the server
   */
  readonly now?: (() => number) | undefined;
}

const NAMES: OptionNames<PostgresStoreOptions> = {
  url: true,
  pool: true,
  client: true,
  schema: true,
  create: true,
  readOnly: true,
  maxConnections: true,
  listen: true,
  pollInterval: true,
  retryTimeout: true,
  now: true,
};

/** The source of the connections. */
export type Source =
  | { readonly kind: 'url'; readonly url: string; readonly maxConnections: number; readonly readOnly: boolean }
  | { readonly kind: 'pool'; readonly pool: PostgresPool }
  | { readonly kind: 'client'; readonly client: PostgresClient };

/** The options with their defaults. */
export interface CheckedOptions {
  readonly source: Source;
  readonly schema: string;
  readonly create: boolean;
  readonly readOnly: boolean;
  readonly listen: boolean;
  readonly pollInterval: number;
  readonly retryTimeout: number;
  readonly now: (() => number) | undefined;
}

/** The maximum number of bytes of a name. PostgreSQL truncates longer names. */
const MAX_NAME_BYTES = 63;

/** Checks the options, and sets the defaults. @throws DefinitionError that names the option. */
export function checkOptions(options: PostgresStoreOptions): CheckedOptions {
  checkOptionNames(options, NAMES, 'createPostgresStore');
  const { schema = 'decidable', pollInterval = 1_000, retryTimeout = 10_000, now } = options;
  const { readOnly = false } = options;
  const { create = readOnly !== true } = options;
  const source = sourceOf(options);
  const { listen = source.kind !== 'client' } = options;
  if (isText(schema) && schema.startsWith('pg_')) {
    throw invalid('schema', 'a name that does not begin with "pg_", which PostgreSQL reserves', schema);
  }
  if (!isText(schema) || schema === '' || schema.includes('\0') || Buffer.byteLength(schema) > MAX_NAME_BYTES) {
    throw invalid('schema', `a name of 1 to ${MAX_NAME_BYTES} bytes without NUL`, schema);
  }
  if (typeof readOnly !== 'boolean') throw invalid('readOnly', 'true or false', readOnly);
  if (typeof create !== 'boolean') throw invalid('create', 'true or false', create);
  if (create && readOnly)
    throw invalid('create', 'false with readOnly, because a read-only store is not created', create);
  if (typeof listen !== 'boolean') throw invalid('listen', 'true or false', listen);
  if (listen && source.kind === 'client') {
    throw invalid('listen', 'false with a client, because a wait would occupy the only connection', listen);
  }
  checkMilliseconds('pollInterval', pollInterval, 1);
  checkMilliseconds('retryTimeout', retryTimeout, 0);
  if (now !== undefined && typeof now !== 'function') {
    throw invalid('now', 'a function that returns milliseconds', now);
  }
  return { source, schema, create, readOnly, listen, pollInterval, retryTimeout, now };
}

function sourceOf({ url, pool, client, maxConnections, readOnly = false }: PostgresStoreOptions): Source {
  const given = [url, pool, client].filter((option) => option !== undefined);
  if (given.length !== 1) {
    throw new DefinitionError(
      'createPostgresStore',
      `expected one of url, pool and client, got ${given.length} of them`,
    );
  }
  if (maxConnections !== undefined) {
    if (url === undefined) throw invalid('maxConnections', 'omitted, because it requires url', maxConnections);
    if (!isPositiveU32(maxConnections) || maxConnections < 2) {
      throw invalid('maxConnections', 'a whole number from 2', maxConnections);
    }
  }
  if (readOnly && url === undefined) throw invalid('readOnly', 'false without url', readOnly);
  if (url !== undefined) {
    if (typeof url !== 'string' || !/^postgres(ql)?:\/\//.test(url)) {
      throw new DefinitionError('createPostgresStore.url', 'expected an address such as postgres://user@host/database');
    }
    const problem = databaseAddressProblem(url);
    if (problem !== undefined) throw new DefinitionError('createPostgresStore.url', problem);
    return { kind: 'url', url, maxConnections: maxConnections ?? 10, readOnly };
  }
  if (pool !== undefined) {
    if (typeof pool?.connect !== 'function') throw invalidSource('pool', 'a Pool of the package pg', pool);
    return { kind: 'pool', pool };
  }
  if (typeof client?.query !== 'function')
    throw invalidSource('client', 'a connected Client of the package pg', client);
  return { kind: 'client', client };
}

/** Does not show the value, because it can be an address with a password. */
function invalidSource(name: string, expected: string, actual: unknown): DefinitionError {
  return new DefinitionError(`createPostgresStore.${name}`, `expected ${expected}, got another ${typeof actual}`);
}

function checkMilliseconds(name: string, value: number, least: number): void {
  const problem = millisecondsProblem(value, least);
  if (problem !== undefined) throw new DefinitionError(`createPostgresStore.${name}`, problem);
}

function invalid(name: string, expected: string, actual: unknown): DefinitionError {
  return new DefinitionError(`createPostgresStore.${name}`, mustBe(expected, actual));
}
