/** Opens a file: finds out whether it is a store of a known format, and how it is to be written. */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import Sqlite, { type Database } from 'better-sqlite3';
import { FileFailure, fileFailure, isBusy, randomDelay } from './failures.ts';
import { copyIntoMemory, isOutOfReach } from './memory-copy.ts';
import { APPLICATION_ID, FORMAT_VERSION, MIGRATIONS } from './migrations.ts';
import type { CheckedOptions } from './options.ts';
import { elapsed } from './timers.ts';

export interface OpenOptions extends Omit<CheckedOptions, 'now'> {
  /** The absolute path of `file`, which is the name in messages; or `:memory:`. */
  readonly path: string;
}

/**
 * Milliseconds that SQLite itself may wait for another process's lock. The whole process waits for it. The rest of the
 * time-out is waited for without stopping the process.
 */
const SHORT_WAIT = 1;

/**
 * Bytes that the write-ahead log keeps after a checkpoint. One large commit, or a long read, lets it grow; the next
 * write after the checkpoint cuts it back. SQLite checkpoints at 4 MB, so that a log of usual size is never cut.
 */
const MAX_LOG_BYTES = 16 * 2 ** 20;

/** The version of Node-API that better-sqlite3 13 is built for. On an older engine, its first call ends the process. */
const NODE_API = 10;

/** @throws FileFailure; the connection is closed then. */
export function open(options: OpenOptions): Database {
  const { file, path, readOnly, busyTimeout, create } = options;
  refuseOldEngine(file);
  const isMemory = path === ':memory:';
  if (!isMemory && !existsSync(dirname(path))) {
    throw new FileFailure('io', `${file}: there is no folder ${dirname(path)}: make it, or name another`);
  }
  if (!isMemory && !create && !existsSync(path)) {
    throw new FileFailure('io', `${file} does not exist: name the file of a store, or let \`create\` make one`);
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
  throw new FileFailure(
    'unsupported-engine',
    `${file}: better-sqlite3 needs Node-API ${NODE_API}, and Node ${node} has ${napi}: use Node 22.14 or newer`,
  );
}

/**
 * SQLite waits for other processes' locks, unless the wait could last forever. If two connections have read a new file
 * and want to add a write-ahead log, one of them fails immediately.
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
  // The version is read before anything is changed, so that a file that is not a store stays as it is.
  const version = formatVersion(database, file);
  if (version === 0 && !create) {
    throw new FileFailure('not-a-store', `${file} is empty: name the file of a store, or let \`create\` make one`);
  }
  if (readOnly) {
    if (version < FORMAT_VERSION) {
      throw new FileFailure(
        'read-only',
        `${file} has format version ${version}, this package reads ${FORMAT_VERSION}: open it once for writing`,
      );
    }
    return;
  }
  const mode = database.pragma('journal_mode = WAL', { simple: true });
  if (mode !== 'wal' && !database.memory) {
    throw new FileFailure('io', `${file}: no write-ahead log here (journal_mode ${mode}): use a local file system`);
  }
  // Set in both cases: better-sqlite3 is built to open write-ahead logs with NORMAL, which forgets the last commits in
  // a power loss (https://www.sqlite.org/pragma.html#pragma_synchronous).
  database.pragma(`synchronous = ${durability === 'full' ? 'FULL' : 'NORMAL'}`);
  database.pragma(`journal_size_limit = ${MAX_LOG_BYTES}`);
  // Foreign keys are declared for readers of the schema and for PRAGMA foreign_key_check. To enforce them would cost
  // six look-ups for each event, a tenth of its append, and the ids have just been looked up.
  database.pragma('foreign_keys = OFF');
  if (version < FORMAT_VERSION) migrate(database, file);
  if (maxPages !== undefined) database.pragma(`max_page_count = ${maxPages}`);
}

/** 0: the file is new. */
function formatVersion(database: Database, file: string): number {
  // In one transaction: another process may make the store at the same time.
  const { application, version, things } = database.transaction(() => ({
    application: Number(database.pragma('application_id', { simple: true })),
    version: Number(database.pragma('user_version', { simple: true })),
    things: Number(database.prepare('select count(*) from sqlite_schema').pluck().get()),
  }))();
  if (application !== APPLICATION_ID) {
    if (application === 0 && version === 0 && things === 0) return 0;
    throw new FileFailure(
      'not-a-store',
      `${file} is a SQLite database of something else (application_id ${application}, ${things} tables and indexes): name another file`,
    );
  }
  if (version > FORMAT_VERSION) {
    throw new FileFailure(
      'newer-format',
      `${file} has format version ${version}, this package knows ${FORMAT_VERSION}: use a newer decidable`,
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
