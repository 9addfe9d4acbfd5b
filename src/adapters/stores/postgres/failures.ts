/** Converts errors of PostgreSQL and of the connection to errors of the store that name the remedy. */
import { DecidableError } from '../../../core/errors.ts';
import { EngineFailure, toAppendFailure, toStoreFailure } from '../../../core/storage/engine-failure.ts';

/** No connection could be made, so nothing was sent. */
export class NotConnected extends Error {
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message || String((cause as NodeJS.ErrnoException).code) : String(cause), {
      cause,
    });
  }
}

/** The only client has lost its connection, and cannot connect again. Nothing was sent. */
export class ClientEnded extends Error {
  constructor(cause: Error) {
    super(cause.message, { cause });
  }
}

/** Returns whether the client refused a statement, because it had lost its connection before. */
export function isClientEnded(error: unknown): error is Error {
  return error instanceof Error && /^Client .* is not queryable$/.test(error.message);
}

/** An error that the server sent. Its transaction has been rolled back, unless the code means that the server ended. */
interface ServerError extends Error {
  /** SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html). */
  readonly code: string;
  readonly severity: string;
  readonly constraint?: string | undefined;
}

export function isServerError(error: unknown): error is ServerError {
  return error instanceof Error && 'severity' in error && 'code' in error && /^[0-9A-Z]{5}$/.test(String(error.code));
}

/** The kinds of failures by SQLSTATE. A prefix of two characters is a class. */
const KINDS: readonly (readonly [prefix: string, code: string, advice: string])[] = [
  ['25006', 'read-only', 'connect to the primary server, and set default_transaction_read_only to off'],
  ['28', 'io', 'check the name and the password of the role, and pg_hba.conf'],
  ['3D000', 'not-found', 'check the name of the database, or create it'],
  ['42501', 'read-only', 'grant the role privileges on the schema'],
  ['53100', 'full', 'free disk space on the server; acknowledged commits are safe'],
  ['54', 'full', 'the row is too large for PostgreSQL; store large data elsewhere'],
  ['53', 'busy', 'raise the limits of the server, or open fewer connections'],
  ['55P03', 'busy', 'another transaction holds a lock; try again'],
  ['57014', 'busy', 'the statement was cancelled, for example by statement_timeout; try again'],
  ['40', 'busy', 'transactions conflicted for longer than retryTimeout; try again'],
  ['3F000', 'not-a-store', 'the schema was dropped; open the store again'],
  ['42P01', 'not-a-store', 'a table of the store was dropped; restore a backup'],
  ['42883', 'not-a-store', 'a function of the store was dropped; restore a backup'],
  ['23', 'corrupt', 'the rows contradict the schema; restore a backup'],
  ['XX001', 'corrupt', 'restore a backup'],
  ['XX002', 'corrupt', 'rebuild the index with REINDEX, or restore a backup'],
];

/** Returns the code of the failure for an error of the server, and the advice. */
function remedyOf(error: unknown): readonly [code: string, advice: string] | undefined {
  if (!isServerError(error)) return undefined;
  const kind = KINDS.find(([prefix]) => error.code.startsWith(prefix));
  return kind === undefined ? undefined : [kind[1], kind[2]];
}

/**
 * Converts an error of the driver, the server or the system into an `EngineFailure`. Other errors are returned
 * unchanged.
 */
function databaseFailure(error: unknown): unknown {
  if (error instanceof DamagedRow) {
    return new EngineFailure(
      'corrupt',
      `${error.message}; restore a backup. verifyChain() reports which streams are intact`,
    );
  }
  if (error instanceof Overtaken) {
    return new EngineFailure('busy', 'other processes append to the stream continuously; try again');
  }
  if (error instanceof NotConnected) {
    const [code, advice] = remedyOf(error.cause) ?? ['io', 'check that the server runs and accepts connections'];
    return new EngineFailure(code, `no connection to PostgreSQL: ${error.message}; ${advice}`, { cause: error.cause });
  }
  if (error instanceof ClientEnded) {
    const message = `the client of the store has lost its connection: ${error.message}; connect a new client, and open the store again`;
    return new EngineFailure('io', message, { cause: error.cause });
  }
  if (isStatementPooling(error)) {
    const message = `${error.message}; use the session or transaction mode of the pooler`;
    return new EngineFailure('unsupported-engine', message, { cause: error });
  }
  if (isServerError(error)) {
    const [code, advice] = remedyOf(error) ?? ['io', 'check the server, and try again'];
    return new EngineFailure(code, `${error.message} (SQLSTATE ${error.code}); ${advice}`, { cause: error });
  }
  if (isConnectionError(error)) {
    const message = `the connection to PostgreSQL was lost: ${error.message}; check the server, and try again`;
    return new EngineFailure('io', message, { cause: error });
  }
  return error;
}

/** Makes the failure of a write whose outcome is unknown. */
export function unknownOutcome(cause: unknown): EngineFailure {
  const text = cause instanceof Error ? cause.message : String(cause);
  return new EngineFailure(
    'unknown-outcome',
    `the connection to PostgreSQL was lost during a commit: ${text}; look the command up by its id before you send it again`,
    { cause },
  );
}

/** A row that contradicts another row, itself or the schema. The store finds it, and PostgreSQL does not. */
export class DamagedRow extends Error {}

export function damage(message: string): Error {
  return new DamagedRow(message);
}

/** Returns whether the transaction was rolled back because of other transactions, so that nothing was written. */
function isRetryable(error: unknown): boolean {
  return isServerError(error) && (error.code === '40001' || error.code === '40P01' || error.code === '23505');
}

/**
 * Returns whether the connection ended, or the server reported that it is about to end. The transaction may be
 * committed, because a server with synchronous replication can report its shutdown after the commit. A connection error
 * of the driver has no SQLSTATE.
 */
export function isConnectionLost(error: unknown): boolean {
  if (isStatementPooling(error)) return false;
  if (isServerError(error)) return /^(57P0|08|25P0[34])/.test(error.code);
  return isConnectionError(error);
}

/**
 * Returns whether the session does not have the prepared statements of its client, because a pooler sends transactions
 * to different sessions. The statement did not run.
 */
export function isOfSharedSession(error: unknown): boolean {
  return isServerError(error) && (error.code === '26000' || error.code === '42P05');
}

/** Returns whether a pooler refused a transaction. PgBouncer has only a message for that. */
function isStatementPooling(error: unknown): error is ServerError {
  return isServerError(error) && error.code === '08P01' && /statement pooling/.test(error.message);
}

/**
 * Returns whether the error is a connection error. An error of the system has the name of the system call. An error of
 * the driver has only a message.
 */
function isConnectionError(error: unknown): error is Error {
  if (!(error instanceof Error) || error instanceof DecidableError) return false;
  if (error instanceof NotConnected || error instanceof ClientEnded) return false;
  if ('syscall' in error && 'errno' in error) return true;
  return /^(Connection terminated|Client has encountered a connection error|Client was closed|timeout)/i.test(
    error.message,
  );
}

/**
 * A transaction with a higher id has appended to a stream that this one has locked. This one is repeated with a new id.
 */
export class Overtaken extends Error {}

/** Returns whether a read, or an attempt to connect, should be repeated after this error. */
export function isTransient(error: unknown): boolean {
  if (error instanceof NotConnected || error instanceof Overtaken) return true;
  return isConnectionLost(error) || isRetryable(error) || isOfSharedSession(error);
}

/** Converts an error to the one that `append` throws. */
export function asAppendFailure(error: unknown): unknown {
  return toAppendFailure(error instanceof DecidableError ? error : databaseFailure(error));
}

/** Converts an error to the one that all other methods throw. */
export function asStoreFailure(error: unknown): unknown {
  return toStoreFailure(error instanceof DecidableError ? error : databaseFailure(error));
}

/**
 * Returns a random delay before the next attempt, in milliseconds. Its maximum doubles with each attempt, up to 200.
 */
export function retryDelay(tries: number): number {
  return Math.random() * Math.min(200, 2 ** tries);
}
