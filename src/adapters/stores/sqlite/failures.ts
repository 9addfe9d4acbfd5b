/** Converts errors of SQLite and of the file system to errors of the store, with the file's name and advice. */
import Sqlite from 'better-sqlite3';
import { DecidableError } from '../../../core/errors.ts';
import { EngineFailure, toAppendFailure, toStoreFailure } from '../../../core/storage/engine-failure.ts';

/**
 * The codes and the advice for SQLite's primary result codes (https://www.sqlite.org/rescode.html). An extended code
 * begins with its primary code.
 */
const KINDS: readonly (readonly [prefix: string, code: string, advice: string])[] = [
  ['SQLITE_READONLY', 'read-only', 'make the file and its folder writable, or open the file with readOnly'],
  ['SQLITE_FULL', 'full', 'free space on the disk, or raise maxPages; all acknowledged commits are stored'],
  [
    'SQLITE_BUSY',
    'busy',
    'another process has been writing for longer than busyTimeout; try again, or raise busyTimeout',
  ],
  ['SQLITE_LOCKED', 'busy', 'another connection has locked the table; try again'],
  ['SQLITE_CORRUPT', 'corrupt', 'restore a backup; PRAGMA integrity_check shows details'],
  ['SQLITE_CONSTRAINT', 'corrupt', 'the rows contradict the schema; PRAGMA integrity_check shows details'],
  ['SQLITE_ERROR', 'corrupt', 'the file does not match its format version; restore a backup'],
  ['SQLITE_NOTADB', 'not-a-store', 'the file is not a SQLite database; pass the name of another file'],
  ['SQLITE_CANTOPEN', 'io', 'check that the folder exists, and that it can be read and written'],
];

/**
 * Converts an error of the driver or the file system into an `EngineFailure`. Other errors, such as bugs, are returned
 * unchanged.
 */
export function fileFailure(error: unknown, file: string): unknown {
  if (isSystemError(error)) {
    const code = error.code === 'ENOSPC' || error.code === 'EDQUOT' ? 'full' : 'io';
    return new EngineFailure(code, `${file}: ${error.message}`, { cause: error });
  }
  if (error instanceof Damage) {
    return new EngineFailure(
      'corrupt',
      `${file}: ${error.message}; restore a backup, and run verifyChain() to see which part is intact`,
    );
  }
  if (!isDriverError(error)) return error;
  const [, code, advice] = KINDS.find(([prefix]) => error.code.startsWith(prefix)) ?? [
    '',
    'io',
    'check the disk, and try again',
  ];
  return new EngineFailure(code, `${file}: ${error.message} (${error.code}): ${advice}`, { cause: error });
}

/**
 * Converts the failure of a COMMIT. Nothing was written, unless the flush failed. In that case SQLite rolls the commit
 * back, but the log may contain all its frames, and a recovery after a power loss would apply them
 * (https://www.sqlite.org/walformat.html §4).
 */
export function commitFailure(error: unknown, file: string): unknown {
  if (!isDriverError(error) || !/^SQLITE_IOERR_(DIR_)?FSYNC/.test(error.code)) return fileFailure(error, file);
  return new EngineFailure(
    'unknown-outcome',
    `${file}: ${error.message} (${error.code}); the commit may have succeeded, so send the command again with the same id`,
    { cause: error },
  );
}

/**
 * Rows that contradict one another, which SQLite does not detect. This error becomes an `EngineFailure` with the code
 * `corrupt`.
 */
class Damage extends Error {}

export function damage(message: string): Error {
  return new Damage(message);
}

export function isDriverError(error: unknown): error is InstanceType<typeof Sqlite.SqliteError> {
  return error instanceof Sqlite.SqliteError;
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'errno' in error;
}

/**
 * An append is refused because of an inline read model. It is not a `DecidableError`, so that the writer rolls back the
 * whole transaction, which contains the append already.
 */
export class InlineRefusal extends Error {
  readonly fault: Error;

  constructor(fault: Error) {
    super(fault.message);
    this.fault = fault;
  }
}

/** Converts an error to the one that `append` throws. */
export function asAppendFailure(error: unknown, file: string): unknown {
  if (error instanceof InlineRefusal) return error.fault;
  return toAppendFailure(error instanceof DecidableError ? error : fileFailure(error, file));
}

/** Converts an error to the one that all other methods throw. */
export function asStoreFailure(error: unknown, file: string): unknown {
  return toStoreFailure(error instanceof DecidableError ? error : fileFailure(error, file));
}

export function isBusy(error: unknown): boolean {
  return isDriverError(error) && error.code.startsWith('SQLITE_BUSY');
}

/**
 * Returns a random delay of 1 to 3 milliseconds between two attempts while another process holds a lock.
 */
export function randomDelay(): number {
  return 1 + Math.random() * 2;
}
