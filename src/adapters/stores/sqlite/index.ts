/** `decidable/sqlite`: streams in one SQLite file, the embedded default. */
export type { BackupOptions, BackupProgress } from './backup.ts';
export type { SqliteStoreOptions } from './options.ts';
export { createSqliteStore, type SqliteStore } from './store.ts';
