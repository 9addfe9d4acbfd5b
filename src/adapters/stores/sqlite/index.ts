/** `decidable/sqlite`: streams in one SQLite file, the embedded default. */
export type { BackupOptions, BackupProgress } from './backup.ts';
export { createSqliteStore, type SqliteStore, type SqliteStoreOptions } from './store.ts';
