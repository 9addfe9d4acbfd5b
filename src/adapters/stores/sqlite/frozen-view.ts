/**
 * A second connection that sees the file as it is now, whatever is committed later. A long read needs it: the store's
 * own connection sees other commits between two of its statements, and an online backup starts again at each of them.
 *
 * SQLite keeps the pages of the view in the log until the connection is closed, so that the log grows in the meantime.
 */
import Sqlite, { type Database } from 'better-sqlite3';

/** Milliseconds that SQLite waits for another process to recover the log. The whole process waits for it. */
const SHORT_WAIT = 5;

/** @throws the driver's error. */
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
