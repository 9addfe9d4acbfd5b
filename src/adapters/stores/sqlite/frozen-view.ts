/**
 * A second connection whose view of the file does not include later commits. A long read needs it, because other
 * commits become visible to the store's own connection between two statements, and an online backup restarts at each of
 * them.
 *
 * SQLite keeps the pages of the view in the log until the connection is closed, so the log grows in the meantime.
 */
import Sqlite, { type Database } from 'better-sqlite3';

/** Milliseconds that SQLite waits for another process that recovers the log. It blocks this process. */
const SHORT_WAIT = 5;

/** Opens the view. @throws the driver's error. */
export function openFrozenView(path: string): Database {
  const database = new Sqlite(path, { readonly: true, fileMustExist: true, timeout: SHORT_WAIT });
  try {
    database.exec('BEGIN');
    // The view begins with the first read.
    database.prepare('select count(*) from sqlite_schema').get();
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}
