/**
 * SQLite creates the two files of the write-ahead log for a reader too, but a read-only connection cannot remove them.
 * A writable connection removes them if it is the last one to close.
 */
import { statSync } from 'node:fs';
import Sqlite, { type Database } from 'better-sqlite3';

/**
 * Removes the log if it is empty and no process has the file open. The database file does not change, because an empty
 * log has no pages. SQLite's locks protect other processes.
 */
export function removeEmptyLog(path: string): void {
  if (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size !== 0) return;
  let database: Database | undefined;
  try {
    database = new Sqlite(path, { fileMustExist: true, timeout: 0 });
    // The log is opened by the first read.
    database.prepare('select 1 from sqlite_schema limit 1').get();
  } catch {
    // The file may be read-only, or another process may be closing it. An empty log is harmless.
  } finally {
    database?.close();
  }
}
