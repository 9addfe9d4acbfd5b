/** The options of a NATS store, checked before a connection is made. */
import { DefinitionError } from '../../../core/errors.ts';
import { checkOptionNames } from '../../../core/option-names.ts';
import { millisecondsProblem, mustBe } from '../../../core/predicates.ts';
import type { OptionNames } from '../../../core/unknown-names.ts';

/**
 * A connection that a transport of nats.js has made, for example `connect` of `@nats-io/transport-node`. The type has
 * only a few of its members, so that a program without the client's packages compiles.
 */
export interface NatsClientConnection {
  isClosed(): boolean;
  getServer(): string;
  drain(): Promise<void>;
}

/** A report about the flushes of the server to disk. */
export interface FlushReport {
  /**
   * `always`: an acknowledged commit survives a power loss. `periodic`: a power loss may lose the commits since the
   * last flush. `unknown`: it could not be checked.
   */
  readonly sync: 'always' | 'periodic' | 'unknown';
  /** The server's `sync_interval` in milliseconds. It is `undefined` if the interval is unknown. */
  readonly interval?: number | undefined;
  /** A sentence that describes the setting, and how to change it. */
  readonly message: string;
}

/** The functions that a store calls to report observations that are not errors. */
export interface NatsStoreObserver {
  /** Called once after the store was opened, unless the server flushes each commit to disk. */
  readonly flush?: ((report: FlushReport) => void) | undefined;
}

/** The options that open a store on a NATS JetStream server or cluster. */
export interface NatsStoreOptions {
  /**
   * The address of a server, or of several servers of one cluster. The first one may have a user and a password, or a
   * token: `nats://user:password@host:4222`, `nats://token@host:4222`. For other credentials, pass a `connection`.
   * @default 'nats://127.0.0.1:4222'
   */
  readonly url?: string | readonly string[] | undefined;
  /** A connection of the caller, which `close` leaves open. It cannot be combined with `url`. */
  readonly connection?: NatsClientConnection | undefined;
  /**
   * The name of the store: letters, digits, `_` and `-`. The names of the JetStream streams and all subjects begin with
   * it.
   * @default 'decidable'
   */
  readonly name?: string | undefined;
  /**
   * The number of servers that keep a copy of each commit: 1, 3 or 5. It has an effect only when the store is created.
   * @default 1
   */
  readonly replicas?: number | undefined;
  /** The storage of the server: files or memory. It has an effect only when the store is created. @default 'file' */
  readonly storage?: 'file' | 'memory' | undefined;
  /**
   * Creates the store if it does not exist. With `false`, a missing store is a failure.
   * @default true, and `false` with `readOnly`
   */
  readonly create?: boolean | undefined;
  /**
   * Opens the store only for reading. Appends, imports, snapshots and the work of processors fail with `read-only`.
   * @default false
   */
  readonly readOnly?: boolean | undefined;
  /**
   * Milliseconds that a request waits for the server's reply.
   * @default 5_000
   */
  readonly timeout?: number | undefined;
  /**
   * Milliseconds for which a read, or the opening of the store, is repeated while no server answers, before it fails
   * with `busy`. A restart of a server or the election of a leader then only delays readers and processors.
   * @default 30_000
   */
  readonly busyTimeout?: number | undefined;
  /**
   * Milliseconds for which the server itself recognizes a command id. The store looks up older ids. It has an effect
   * only when the store is created.
   * @default 600_000
   */
  readonly duplicateWindow?: number | undefined;
  /**
   * Milliseconds after which the server drops a connection that does not answer: its `ping_interval` times its
   * `ping_max` plus 1. A message that was sent earlier cannot arrive later. The value must be less than
   * `duplicateWindow`.
   * @default 360_000
   */
  readonly connectionLife?: number | undefined;
  /**
   * The address of the server's monitoring port, for example `http://127.0.0.1:8222`. The store reads the interval
   * between two flushes to disk there, and reports it to `observer.flush`.
   */
  readonly monitoring?: string | undefined;
  /**
   * A connection of the caller to the system account of the servers, instead of `monitoring`. All servers of the
   * cluster report their intervals, and `observer.flush` gets the longest one. `close` leaves the connection open.
   */
  readonly systemConnection?: NatsClientConnection | undefined;
  /** Hooks for logs and alerts. */
  readonly observer?: NatsStoreObserver | undefined;
  /**
   * The clock of `recordedAt`: milliseconds since the Unix epoch.
   * @default Date.now
   */
  readonly now?: (() => number) | undefined;
}

const NAMES: OptionNames<NatsStoreOptions> = {
  url: true,
  connection: true,
  name: true,
  replicas: true,
  storage: true,
  create: true,
  readOnly: true,
  timeout: true,
  busyTimeout: true,
  duplicateWindow: true,
  connectionLife: true,
  monitoring: true,
  systemConnection: true,
  observer: true,
  now: true,
};

/** The options with their defaults. */
export interface CheckedOptions {
  readonly servers: readonly string[];
  readonly connection: NatsClientConnection | undefined;
  readonly name: string;
  readonly replicas: number;
  readonly storage: 'file' | 'memory';
  readonly create: boolean;
  readonly readOnly: boolean;
  readonly timeout: number;
  readonly busyTimeout: number;
  readonly duplicateWindow: number;
  readonly connectionLife: number;
  readonly monitoring: string | undefined;
  readonly systemConnection: NatsClientConnection | undefined;
  readonly observer: NatsStoreObserver;
  readonly now: () => number;
}

const DEFAULT_URL = 'nats://127.0.0.1:4222';

/** Checks the options, and sets the defaults. @throws DefinitionError that names the option. */
export function checkOptions(options: NatsStoreOptions): CheckedOptions {
  checkOptionNames(options, NAMES, 'createNatsStore');
  const { url, connection, name = 'decidable', replicas = 1, storage = 'file', readOnly = false } = options;
  const { create = readOnly !== true } = options;
  const { timeout = 5_000, busyTimeout = 30_000, duplicateWindow = 600_000, connectionLife = 360_000 } = options;
  const { monitoring, systemConnection, observer = {}, now = Date.now } = options;
  if (connection !== undefined && url !== undefined) throw cannotCombine('url', 'connection');
  if (connection !== undefined && typeof Object(connection).request !== 'function') {
    throw invalidAddress('connection', 'a connection of @nats-io/transport-node', connection);
  }
  const servers: readonly unknown[] = Array.isArray(url) ? url : [url ?? DEFAULT_URL];
  if (servers.length === 0 || !servers.every(isAddress)) {
    throw invalidAddress('url', 'the address of a server, as in nats://host:4222, or an array of them', url);
  }
  // The name of the second stream is longer by six characters, and a file system may limit names to 255 bytes.
  if (typeof name !== 'string' || !/^[A-Za-z0-9_-]{1,200}$/.test(name)) {
    throw invalid('name', '1 to 200 letters, digits, _ and -', name);
  }
  if (replicas !== 1 && replicas !== 3 && replicas !== 5) throw invalid('replicas', '1, 3 or 5', replicas);
  if (storage !== 'file' && storage !== 'memory') throw invalid('storage', `'file' or 'memory'`, storage);
  if (typeof create !== 'boolean') throw invalid('create', 'true or false', create);
  if (typeof readOnly !== 'boolean') throw invalid('readOnly', 'true or false', readOnly);
  if (create && readOnly)
    throw invalid('create', 'false with readOnly, because a read-only store is not created', create);
  checkMilliseconds('timeout', timeout, 1);
  checkMilliseconds('busyTimeout', busyTimeout, 0);
  checkMilliseconds('duplicateWindow', duplicateWindow, 100);
  checkMilliseconds('connectionLife', connectionLife, 1);
  if (connectionLife >= duplicateWindow) throw invalid('connectionLife', 'less than duplicateWindow', connectionLife);
  if (monitoring !== undefined && !URL.canParse(monitoring)) {
    throw invalidAddress('monitoring', 'the address of a monitoring port, as in http://host:8222', monitoring);
  }
  if (systemConnection !== undefined && typeof Object(systemConnection).requestMany !== 'function') {
    throw invalid('systemConnection', 'a connection of @nats-io/transport-node', systemConnection);
  }
  if (systemConnection !== undefined && monitoring !== undefined) {
    throw cannotCombine('monitoring', 'systemConnection');
  }
  if (typeof observer !== 'object' || observer === null) throw invalid('observer', 'an object', observer);
  checkOptionNames(observer, { flush: true }, 'createNatsStore.observer');
  if (typeof now !== 'function') throw invalid('now', 'a function that returns milliseconds', now);
  return {
    servers: servers as readonly string[],
    connection,
    name,
    replicas,
    storage,
    create,
    readOnly,
    timeout,
    busyTimeout,
    duplicateWindow,
    connectionLife,
    monitoring,
    systemConnection,
    observer,
    now,
  };
}

function isAddress(server: unknown): boolean {
  if (typeof server !== 'string' || server.trim() === '') return false;
  // The credentials may have any characters.
  const place = server.slice(server.lastIndexOf('@') + 1);
  return URL.canParse(place.includes('://') ? place : `nats://${place}`);
}

function cannotCombine(name: string, other: string): DefinitionError {
  return new DefinitionError(`createNatsStore.${name}`, `cannot be combined with ${other}; omit one of them`);
}

/** Does not show the value, because it can be an address with a password. */
function invalidAddress(name: string, expected: string, actual: unknown): DefinitionError {
  const kind = typeof actual === 'string' ? 'another string' : typeof actual;
  return new DefinitionError(`createNatsStore.${name}`, `expected ${expected}, got ${kind}`);
}

function checkMilliseconds(name: string, value: number, least: number): void {
  const problem = millisecondsProblem(value, least);
  if (problem !== undefined) throw new DefinitionError(`createNatsStore.${name}`, problem);
}

function invalid(name: string, expected: string, actual: unknown): DefinitionError {
  return new DefinitionError(`createNatsStore.${name}`, mustBe(expected, actual));
}
