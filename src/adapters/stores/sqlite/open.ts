/** Opening a file: is it ours, is it of a format that we know, and how is it to be written. */
import Sqlite, { type Database } from 'better-sqlite3';
import { drawnPause, FileFailure, fileFailure, isBusy } from './failures.ts';
import { APPLICATION_ID, FORMAT_VERSION, MIGRATIONS } from './migrations.ts';

export interface OpenOptions {
  readonly file: string;
  readonly durability: 'full' | 'normal';
  readonly readOnly: boolean;
  /** Milliseconds. */
  readonly busyTimeout: number;
  readonly maxPages: number | undefined;
}

/**
 * Milliseconds that SQLite itself may wait for another process's lock, with all of this process waiting. What is beyond
 * is waited for without holding anything up.
 */
const SHORT_WAIT = 1;

/** The version of Node-API that better-sqlite3 13 is built for: an older engine does not refuse it, it crashes. */
const NODE_API = 10;

/** @throws FileFailure; the connection is closed then. */
export function open(options: OpenOptions): Database {
  const { file, readOnly, busyTimeout } = options;
  refuseOldEngine(file);
  let database: Database | undefined;
  try {
    database = new Sqlite(file, { readonly: readOnly, fileMustExist: readOnly, timeout: busyTimeout });
    prepareInTurn(database, options);
    database.pragma(`busy_timeout = ${Math.min(busyTimeout, SHORT_WAIT)}`);
    return database;
  } catch (error) {
    database?.close();
    // The driver's own complaint: the folder does not exist.
    if (error instanceof TypeError) throw new FileFailure('io', `${file}: ${error.message}`, { cause: error });
    throw fileFailure(error, file);
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
 * SQLite waits for other processes' locks, but not where that could be for ever: of two that have read a new file and want
 * to give it a write-ahead log, one is told at once that the file is busy.
 */
function prepareInTurn(database: Database, options: OpenOptions): void {
  const since = performance.now();
  for (;;) {
    try {
      prepareFile(database, options);
      return;
    } catch (error) {
      if (!isBusy(error) || performance.now() - since >= options.busyTimeout) throw error;
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, drawnPause());
  }
}

function prepareFile(database: Database, { file, durability, readOnly, maxPages }: OpenOptions): void {
  // Looked at before anything is changed: what is not ours stays as it is.
  const version = formatVersion(database, file);
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
  // Set in either case: better-sqlite3 is built to open write-ahead logs with NORMAL, which forgets the last commits in
  // a power loss (https://www.sqlite.org/pragma.html#pragma_synchronous).
  database.pragma(`synchronous = ${durability === 'full' ? 'FULL' : 'NORMAL'}`);
  // Declared for whoever reads the schema, and for PRAGMA foreign_key_check. Six look-ups for each event cost a tenth of
  // its append, and the ids have just been looked up.
  database.pragma('foreign_keys = OFF');
  if (version < FORMAT_VERSION) migrate(database, file);
  if (maxPages !== undefined) database.pragma(`max_page_count = ${maxPages}`);
}

/** 0: the file is new. */
function formatVersion(database: Database, file: string): number {
  // In one transaction: another process may make the store meanwhile.
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

/** All steps in one transaction; of several processes that open an older file at once, one migrates it. */
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
