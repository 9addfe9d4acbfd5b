/** Connections: a pool of the store, the caller's pool, or one client that all calls share. */
import type { Compilable } from 'kysely';
import { loadPeer } from '../../../core/missing-peer.ts';
import type { TableStatement } from '../../../core/processors/processor-store.ts';
import { sha256 } from '../../../core/storage/sha256.ts';
import { toHex } from '../../../core/uuid.ts';
import {
  namedQueryOf,
  type OwnPool,
  type PostgresClient,
  type PostgresPool,
  type PostgresPoolClient,
  queryOf,
  type Row,
} from './driver.ts';
import { ClientEnded, isClientEnded, isConnectionLost, isOfSharedSession, NotConnected } from './failures.ts';
import type { Source } from './options.ts';

/** A connection that has one user. */
export interface Connection {
  /** Runs one statement. With a name, it is prepared once for each connection of the store's own pool. */
  query(text: string, values?: readonly unknown[], name?: string): Promise<readonly Row[]>;
  /** Runs a query of Kysely. The columns of its rows are strings. */
  run<Output>(query: Compilable<Output>): Promise<readonly Output[]>;
}

/** A connection in a transaction. */
export interface Transaction extends Connection {
  /** Runs several statements in one round trip. */
  runAll(statements: readonly string[]): Promise<void>;
  /** Runs statements in order. If one fails, all later ones fail too. */
  runEach(statements: readonly TableStatement[]): Promise<readonly PromiseSettledResult<unknown>[]>;
}

/** A source of connections. */
export interface Connections extends Connection {
  /** The maximum number of statements that run simultaneously. */
  readonly parallel: number;
  /** Acquires a connection until it is released. A single client has one user at a time. */
  acquire(): Promise<AcquiredClient>;
  /** Runs a transaction. If `run` throws, it is rolled back. */
  transaction<Result>(run: (connection: Transaction) => Promise<Result>): Promise<Result>;
  /**
   * Opens a connection that listens on a channel. Then it acquires a shared advisory lock, which may take as long as a
   * transaction, and calls `notified`.
   * @param lock the expression of the lock's key.
   * @param ended called if the connection is lost, or the lock cannot be acquired.
   * @returns the function that closes the connection, which releases the lock.
   */
  listen(channel: string, lock: string, notified: () => void, ended: () => void): Promise<() => void>;
  /** Ends the store's own connections. */
  close(): Promise<void>;
}

/** A client in use. */
export interface AcquiredClient {
  readonly client: PostgresClient;
  release(isBroken?: boolean): void;
}

/**
 * Makes the connections for a source.
 * @throws MissingPeerError if the store has to create a pool, and `pg` is not installed.
 */
export async function connectionsOf(source: Source): Promise<Connections> {
  if (source.kind === 'client') return new SharedClient(source.client);
  if (source.kind === 'pool') return new PooledConnections(source.pool, undefined, false);
  const { default: pg } = await loadPeer('pg', 'decidable/postgres', () => import('pg'));
  const pool: OwnPool = new pg.Pool({
    connectionString: source.url,
    max: source.maxConnections,
    allowExitOnIdle: true,
    keepAlive: true,
    application_name: 'decidable',
    pipeline: true,
  });
  // A connection that is lost while it is idle is replaced when it is needed.
  pool.on('error', ignore);
  return new PooledConnections(pool, pool, source.readOnly);
}

/**
 * Ignores the error that a client emits when it loses its connection, in addition to the failure of its statement.
 * Without a listener, the error would end the process.
 */
function ignore(): void {}

class PooledConnections implements Connections {
  readonly parallel = 2;
  readonly #pool: PostgresPool;
  /** The pool, if the store created it. */
  readonly #own: OwnPool | undefined;
  readonly #names: StatementNames | undefined;
  readonly #isReadOnly: boolean;

  constructor(pool: PostgresPool, own: OwnPool | undefined, isReadOnly: boolean) {
    this.#pool = pool;
    this.#own = own;
    this.#names = own === undefined ? undefined : new StatementNames();
    this.#isReadOnly = isReadOnly;
  }

  async query(text: string, values: readonly unknown[] = [], name?: string): Promise<readonly Row[]> {
    return this.#using((connection) => this.#alone(connection, () => connection.query(text, values, name)));
  }

  run<Output>(query: Compilable<Output>): Promise<readonly Output[]> {
    return this.#using((connection) => this.#alone(connection, () => connection.run(query)));
  }

  transaction<Result>(run: (connection: Transaction) => Promise<Result>): Promise<Result> {
    return this.#using((connection) => transact(connection, run, this.#isReadOnly));
  }

  /**
   * Runs a statement outside of a transaction of the caller. Read-only stores begin a transaction for each statement
   * instead of changing a setting of the session, because a pooler may lend the session to other programs.
   */
  async #alone<Result>(connection: ClientConnection, run: () => Promise<Result>): Promise<Result> {
    if (!this.#isReadOnly) return run();
    // The client sends the three statements together.
    connection.isInTransaction = true;
    const begun = connection.query(BEGIN_READ_ONLY);
    const result = run();
    const ended = connection.query('commit');
    const [, found] = await Promise.allSettled([begun, result, ended]);
    await begun;
    if (found.status === 'rejected') throw found.reason;
    await ended;
    return found.value;
  }

  async #using<Result>(use: (connection: ClientConnection) => Promise<Result>): Promise<Result> {
    const client = await this.#connect();
    const connection = new ClientConnection(client, this.#names);
    try {
      return await use(connection);
    } catch (error) {
      connection.isBroken ||= isConnectionLost(error);
      throw error;
    } finally {
      this.#release(client, connection.isBroken);
    }
  }

  async acquire(): Promise<AcquiredClient> {
    const client = await this.#connect();
    return { client, release: (isBroken) => this.#release(client, isBroken === true) };
  }

  #connect(): Promise<PostgresPoolClient> {
    return new Promise((resolve, reject) => {
      this.#pool.connect((error, client) => {
        if (client === undefined) {
          reject(new NotConnected(error));
          return;
        }
        // The listener is added before a promise continues. The server may end the connection in the same message.
        client.on('error', ignore);
        resolve(client);
      });
    });
  }

  #release(client: PostgresPoolClient, isBroken: boolean): void {
    client.removeListener('error', ignore);
    client.release(isBroken);
  }

  async listen(channel: string, lock: string, notified: () => void, ended: () => void): Promise<() => void> {
    const client = await this.#connect();
    let isEnded = false;
    const end = (): void => {
      if (isEnded) return;
      isEnded = true;
      client.removeAllListeners('notification');
      // The connection is closed instead of returned, because it listens.
      client.release(true);
    };
    client.on('notification', (message) => {
      if (message.channel === channel) notified();
    });
    const lost = (): void => {
      if (isEnded) return;
      end();
      ended();
    };
    client.on('error', lost);
    client.on('end', lost);
    try {
      await client.query(queryOf(`listen "${channel}"`, []));
    } catch (error) {
      end();
      throw error;
    }
    client.query(queryOf(`select pg_advisory_lock_shared(${lock})`, [])).then(notified, lost);
    return end;
  }

  async close(): Promise<void> {
    await this.#own?.end();
  }
}

/** One client. Its calls run one after another, so that a transaction contains no statement of another call. */
class SharedClient implements Connections {
  readonly parallel = 1;
  readonly #client: PostgresClient;
  readonly #connection: ClientConnection;
  #last: Promise<unknown> = Promise.resolve();

  constructor(client: PostgresClient) {
    client.on('error', ignore);
    this.#client = client;
    this.#connection = new ClientConnection(client, undefined);
  }

  query(text: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    return this.#next(() => this.#connection.query(text, values));
  }

  run<Output>(query: Compilable<Output>): Promise<readonly Output[]> {
    return this.#next(() => this.#connection.run(query));
  }

  transaction<Result>(run: (connection: Transaction) => Promise<Result>): Promise<Result> {
    return this.#next(() => transact(this.#connection, run));
  }

  acquire(): Promise<AcquiredClient> {
    return new Promise((resolve) => {
      void this.#next(
        () => new Promise<void>((release) => resolve({ client: this.#client, release: () => release() })),
      );
    });
  }

  #next<Result>(run: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(run).catch((error: unknown) => {
      throw isClientEnded(error) ? new ClientEnded(error) : error;
    });
    this.#last = result.catch(() => {});
    return result;
  }

  async listen(): Promise<() => void> {
    throw new Error('a single client cannot listen, because all calls share it');
  }

  async close(): Promise<void> {
    await this.#last;
    this.#client.removeListener('error', ignore);
  }
}

/**
 * The names of prepared statements. A pooler may send each transaction to another session, which has the prepared
 * statements of other clients. So a name has the hash of its statement, and never runs another one.
 */
class StatementNames {
  readonly #names = new Map<string, string>();
  /** False after the server has shown that its sessions are shared, so that statements are no longer prepared. */
  isUsed = true;

  of(text: string, name: string): string {
    let unique = this.#names.get(text);
    if (unique === undefined) {
      unique = `${name} ${toHex(sha256(new TextEncoder().encode(text))).slice(0, 24)}`;
      this.#names.set(text, unique);
    }
    return unique;
  }
}

class ClientConnection implements Transaction {
  readonly #client: PostgresClient;
  /** The names of prepared statements, or undefined if statements are not prepared. */
  readonly #names: StatementNames | undefined;
  /** True in a transaction. A statement that failed in it cannot be repeated alone. */
  isInTransaction = false;
  /** True if the connection was lost or is in an unknown state, so that it is not used again. */
  isBroken = false;

  constructor(client: PostgresClient, names: StatementNames | undefined) {
    this.#client = client;
    this.#names = names;
  }

  async query(text: string, values: readonly unknown[] = [], name?: string): Promise<readonly Row[]> {
    const names = name !== undefined && this.#names?.isUsed === true ? this.#names : undefined;
    try {
      const { rows } = await this.#client.query(queryOf(text, values, names?.of(text, name!)));
      return rows as Row[];
    } catch (error) {
      if (names === undefined || !isOfSharedSession(error)) throw error;
      names.isUsed = false;
      // The statement did not run.
      if (this.isInTransaction) throw error;
      return this.query(text, values);
    }
  }

  async run<Output>(query: Compilable<Output>): Promise<readonly Output[]> {
    const { sql, parameters } = query.compile();
    const { rows } = await this.#client.query(namedQueryOf(sql, parameters));
    return rows as Output[];
  }

  async runEach(statements: readonly TableStatement[]): Promise<readonly PromiseSettledResult<unknown>[]> {
    // The statements do not wait for one another, so a client that pipelines needs one round trip for all of them.
    return Promise.allSettled(statements.map(({ sql, parameters }) => this.#client.query(queryOf(sql, parameters))));
  }

  async runAll(statements: readonly string[]): Promise<void> {
    await this.#client.query(queryOf(statements.join(';\n'), []));
  }
}

const BEGIN = 'begin isolation level read committed';
const BEGIN_READ_ONLY = `${BEGIN} read only`;

async function transact<Result>(
  connection: ClientConnection,
  run: (connection: Transaction) => Promise<Result>,
  isReadOnly = false,
): Promise<Result> {
  await connection.query(isReadOnly ? BEGIN_READ_ONLY : BEGIN);
  connection.isInTransaction = true;
  let result: Result;
  try {
    result = await run(connection);
  } catch (error) {
    try {
      if (!isConnectionLost(error)) await connection.query('rollback');
    } catch {
      connection.isBroken = true;
    }
    throw error;
  }
  await connection.query('commit');
  return result;
}
