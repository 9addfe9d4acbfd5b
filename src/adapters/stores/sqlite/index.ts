/** `decidable/sqlite`: the event store in one SQLite file. */
export type { BackupOptions, BackupProgress } from './backup.ts';
export type { SqliteStoreOptions } from './options.ts';
export { createSqliteStore, type SqliteStore } from './store.ts';
