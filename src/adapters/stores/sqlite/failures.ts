/** Errors of SQLite and of the file system as errors of the store, with the file's name and an advice. */
import Sqlite from 'better-sqlite3';
import { AppendFailure, DecidableError, StoreFailure } from '../../../core/errors.ts';
import type { StoreFault } from '../../../core/event-store.ts';

/** A failure of the file. It becomes the error of an append or of a read when it leaves the store. */
export class FileFailure extends Error {
  readonly failure: StoreFault;
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.failure = { code, message };
  }
}

/**
 * The kinds of failures by SQLite's primary result code (https://www.sqlite.org/rescode.html). An extended code begins
 * with its primary code.
 */
const KINDS: readonly (readonly [prefix: string, code: string, advice: string])[] = [
  ['SQLITE_READONLY', 'read-only', 'make the file and its folder writable, or open it with readOnly to read it'],
  ['SQLITE_FULL', 'full', 'make room on the disk, or raise maxPages; what was acknowledged is there'],
  ['SQLITE_BUSY', 'busy', 'another process writes for longer than busyTimeout: try again, or raise it'],
  ['SQLITE_LOCKED', 'busy', 'another connection holds the table: try again'],
  ['SQLITE_CORRUPT', 'corrupt', 'restore a backup; PRAGMA integrity_check says more'],
  ['SQLITE_CONSTRAINT', 'corrupt', 'the rows contradict the schema; PRAGMA integrity_check says more'],
  ['SQLITE_ERROR', 'corrupt', 'the file lacks what its format version promises: restore a backup'],
  ['SQLITE_NOTADB', 'not-a-store', 'the file is not a SQLite database: name another file'],
  ['SQLITE_CANTOPEN', 'io', 'see that the folder exists, and that it may be read and written'],
];

/**
 * Converts an error of the driver or the file system into a `FileFailure`. Other errors, such as bugs, are returned
 * unchanged.
 */
export function fileFailure(error: unknown, file: string): unknown {
  if (isSystemError(error)) {
    const code = error.code === 'ENOSPC' || error.code === 'EDQUOT' ? 'full' : 'io';
    return new FileFailure(code, `${file}: ${error.message}`, { cause: error });
  }
  if (error instanceof Damage) {
    return new FileFailure('corrupt', `${file}: ${error.message}: restore a backup; verifyChain() says what is whole`);
  }
  if (!isDriverError(error)) return error;
  const [, code, advice] = KINDS.find(([prefix]) => error.code.startsWith(prefix)) ?? [
    '',
    'io',
    'see to the disk, and try again',
  ];
  return new FileFailure(code, `${file}: ${error.message} (${error.code}): ${advice}`, { cause: error });
}

/**
 * Converts the failure of a COMMIT. Nothing was written, unless flushing failed. In this case SQLite rolls the commit
 * back, but the log may contain all of its frames, and a recovery after a power loss would apply them
 * (https://www.sqlite.org/walformat.html §4).
 */
export function commitFailure(error: unknown, file: string): unknown {
  if (!isDriverError(error) || !/^SQLITE_IOERR_(DIR_)?FSYNC/.test(error.code)) return fileFailure(error, file);
  return new FileFailure(
    'unknown-outcome',
    `${file}: ${error.message} (${error.code}): look the command up by its id before you send it again`,
    { cause: error },
  );
}

/** Damage that the store found, and not SQLite: rows that contradict one another. It becomes a `FileFailure` of `corrupt`. */
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
 * The append is refused because of an inline read model. It is not a `DecidableError`, so that the writer takes back the
 * whole transaction, in which the append was made already.
 */
export class InlineRefusal extends Error {
  readonly fault: Error;

  constructor(fault: Error) {
    super(fault.message);
    this.fault = fault;
  }
}

/** The error as `append` throws it. */
export function asAppendFailure(error: unknown, file: string): unknown {
  if (error instanceof InlineRefusal) return error.fault;
  const found = error instanceof DecidableError ? error : fileFailure(error, file);
  if (!(found instanceof FileFailure)) return found;
  return new AppendFailure({ tag: 'failure', val: found.failure }, found.message, { cause: found.cause });
}

/** The error as everything else throws it. */
export function asStoreFailure(error: unknown, file: string): unknown {
  const found = error instanceof DecidableError ? error : fileFailure(error, file);
  if (!(found instanceof FileFailure)) return found;
  return new StoreFailure({ tag: 'failure', val: found.failure }, found.message, { cause: found.cause });
}

export function isBusy(error: unknown): boolean {
  return isDriverError(error) && error.code.startsWith('SQLITE_BUSY');
}

/**
 * Milliseconds between two tries while another process holds a lock: random, from 1 to 3. A waiting writer tries often.
 */
export function randomDelay(): number {
  return 1 + Math.random() * 2;
}
