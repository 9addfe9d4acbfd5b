/** `decidable/sqlite`: streams in one SQLite file, the embedded default. */
export { createSqliteStore, type SqliteStore, type SqliteStoreOptions } from './store.ts';
