/** `decidable/postgres`: streams in a PostgreSQL database, for several processes. */
export type { PostgresClient, PostgresPool, PostgresPoolClient, PostgresQuery, PostgresResult } from './driver.ts';
export type { HidingTransaction } from './hiding-transactions.ts';
export type { PostgresStoreOptions } from './options.ts';
export { createPostgresStore, type PostgresStore } from './store.ts';
