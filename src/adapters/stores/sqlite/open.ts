/** Opens a file, checks that it is a store of a known format, and configures the connection. */
import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import Sqlite, { type Database } from 'better-sqlite3';
import { EngineFailure } from '../../../core/storage/engine-failure.ts';
import { elapsed } from '../../../core/storage/timers.ts';
import { fileFailure, isBusy, randomDelay } from './failures.ts';
import { copyIntoMemory, isOutOfReach } from './memory-copy.ts';
import { APPLICATION_ID, FORMAT_VERSION, MIGRATIONS } from './migrations.ts';
import type { CheckedOptions } from './options.ts';

export interface OpenOptions extends Omit<CheckedOptions, 'now'> {
  /** The absolute path of `file`, or `:memory:`. Messages show `file`. */
  readonly path: string;
}

/**
 * Milliseconds that SQLite itself may wait for another process's lock, which blocks this process. The store waits for
 * the rest of the timeout without blocking.
 */
const SHORT_WAIT = 1;

/**
 * The maximum number of bytes of the write-ahead log after a checkpoint. A large commit or a long read makes it grow,
 * and the next write after the checkpoint truncates it. SQLite checkpoints at 4 MB, so a log of usual size is never
 * truncated.
 */
const MAX_LOG_BYTES = 16 * 2 ** 20;

/** The version of Node-API that better-sqlite3 13 needs. On an older engine, its first call would end the process. */
const NODE_API = 10;

/** Opens the file. @throws EngineFailure after closing the connection. */
export function open(options: OpenOptions): Database {
  const { file, path, readOnly, busyTimeout, create } = options;
  refuseOldEngine(file);
  const isMemory = path === ':memory:';
  if (!isMemory && !existsSync(dirname(path))) {
    throw new EngineFailure(
      'io',
      `${file}: the folder ${dirname(path)} does not exist; create it, or pass another file name`,
    );
  }
  if (!isMemory && !create && !existsSync(path)) {
    throw new EngineFailure('io', `${file} does not exist; pass the name of a store's file, or set create to true`);
  }
  if (!isMemory && statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    throw new EngineFailure('not-a-store', `${file} is a folder; pass the name of a store's file`);
  }
  try {
    return connect(
      () => new Sqlite(path, { readonly: readOnly, fileMustExist: !create, timeout: busyTimeout }),
      options,
    );
  } catch (error) {
    if (readOnly && isOutOfReach(error, path)) return connect(() => copyIntoMemory(file, path), options);
    throw error;
  }
}

function connect(make: () => Database, options: OpenOptions): Database {
  let database: Database | undefined;
  try {
    database = make();
    prepareInTurn(database, options);
    database.pragma(`busy_timeout = ${Math.min(options.busyTimeout, SHORT_WAIT)}`);
    return database;
  } catch (error) {
    database?.close();
    throw fileFailure(error, options.file);
  }
}

function refuseOldEngine(file: string): void {
  const { napi, node } = process.versions;
  if (Number(napi) >= NODE_API) return;
  throw new EngineFailure(
    'unsupported-engine',
    `${file}: better-sqlite3 needs Node-API ${NODE_API}, but Node ${node} has ${napi}; use Node 22.14 or newer`,
  );
}

/**
 * Prepares the file, and tries again while it is locked. SQLite waits for other processes' locks, unless that could be
 * a deadlock. If two connections have read a new file and want to add a write-ahead log, one of them fails immediately.
 */
function prepareInTurn(database: Database, options: OpenOptions): void {
  const since = elapsed();
  for (;;) {
    try {
      prepareFile(database, options);
      return;
    } catch (error) {
      if (!isBusy(error) || elapsed() - since >= options.busyTimeout) throw error;
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, randomDelay());
  }
}

function prepareFile(database: Database, options: OpenOptions): void {
  const { file, durability, readOnly, create, maxPages } = options;
  // The version is read before anything is changed, so that a file that is not a store is not modified.
  const version = formatVersion(database, file);
  if (version === 0 && !create) {
    throw new EngineFailure('not-a-store', `${file} is empty; pass the name of a store's file, or set create to true`);
  }
  if (readOnly) {
    if (version < FORMAT_VERSION) {
      throw new EngineFailure(
        'read-only',
        `${file} has format version ${version}, but this package reads ${FORMAT_VERSION}; open it once for writing to upgrade it`,
      );
    }
    return;
  }
  const mode = database.pragma('journal_mode = WAL', { simple: true });
  if (mode !== 'wal' && !database.memory) {
    throw new EngineFailure(
      'io',
      `${file}: a write-ahead log is not possible here (journal_mode ${mode}); use a local file system`,
    );
  }
  // The level is set in both cases, because better-sqlite3 opens write-ahead logs with NORMAL, which loses the last
  // commits in a power loss (https://www.sqlite.org/pragma.html#pragma_synchronous).
  database.pragma(`synchronous = ${durability === 'full' ? 'FULL' : 'NORMAL'}`);
  database.pragma(`journal_size_limit = ${MAX_LOG_BYTES}`);
  // Foreign keys are declared for readers of the schema and for PRAGMA foreign_key_check. Enforcing them would cost six
  // look-ups for each event, a tenth of its append, although the ids have just been looked up.
  database.pragma('foreign_keys = OFF');
  if (version < FORMAT_VERSION) migrate(database, file);
  if (maxPages !== undefined) database.pragma(`max_page_count = ${maxPages}`);
}

/** Returns the format version of the file, or 0 if the file is new. */
function formatVersion(database: Database, file: string): number {
  // The values are read in one transaction, because another process may create the store at the same time.
  const { application, version, things } = database.transaction(() => ({
    application: Number(database.pragma('application_id', { simple: true })),
    version: Number(database.pragma('user_version', { simple: true })),
    things: Number(database.prepare('select count(*) from sqlite_schema').pluck().get()),
  }))();
  if (application !== APPLICATION_ID) {
    if (application === 0 && version === 0 && things === 0) return 0;
    throw new EngineFailure(
      'not-a-store',
      `${file} is a SQLite database of another application (application_id ${application}, ${things} tables and indexes); pass another file name`,
    );
  }
  if (version > FORMAT_VERSION) {
    throw new EngineFailure(
      'newer-format',
      `${file} has format version ${version}, but this package reads versions up to ${FORMAT_VERSION}; use a newer version of decidable`,
    );
  }
  return version;
}

/**
 * Runs all steps in one transaction. If several processes open an older file simultaneously, one of them migrates it.
 */
function migrate(database: Database, file: string): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    for (const step of MIGRATIONS.slice(formatVersion(database, file))) {
      for (const change of step) database.exec(change.compile().sql);
    }
    database.pragma(`application_id = ${APPLICATION_ID}`);
    database.pragma(`user_version = ${FORMAT_VERSION}`);
    database.exec('COMMIT');
  } catch (error) {
    if (database.inTransaction) database.exec('ROLLBACK');
    throw error;
  }
}
