/**
 * SQLite makes the two files of the write-ahead log for a reader too, and a connection that can only read cannot remove them.
 * A connection that may write removes them when it closes as the last one.
 */
import { statSync } from 'node:fs';
import Sqlite, { type Database } from 'better-sqlite3';

/**
 * Removes the log if it is empty and no process has the file open. The file itself does not change, because there is nothing
 * to write into it. SQLite's locks protect other processes.
 */
export function removeEmptyLog(path: string): void {
  if (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size !== 0) return;
  let database: Database | undefined;
  try {
    database = new Sqlite(path, { fileMustExist: true, timeout: 0 });
    // The log is opened by the first read.
    database.prepare('select 1 from sqlite_schema limit 1').get();
  } catch {
    // The file may only be read, or another process closes it just now. An empty log does no harm.
  } finally {
    database?.close();
  }
}
