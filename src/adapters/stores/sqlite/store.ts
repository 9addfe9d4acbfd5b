/// <reference lib="esnext.disposable" preserve="true" />
/** The event store in one SQLite file (wit/event-store.wit), for several processes of one machine. */
import { resolve } from 'node:path';
import type { Database } from 'better-sqlite3';
import type { ProcessorStore } from '../../../core/processors/processor-store.ts';
import { type CommitStore, GuardedCommitStore } from '../../../core/storage/guarded-store.ts';
import { type BackupOptions, checkBackup } from './backup.ts';
import { asStoreFailure } from './failures.ts';
import { open } from './open.ts';
import { SqliteOperations } from './operations.ts';
import { checkOptions, type SqliteStoreOptions } from './options.ts';

/** An event store in one SQLite file. Several processes of one machine can use it simultaneously. */
export interface SqliteStore extends CommitStore {
  /** Storage for processors, in the same file: checkpoints, documents, tables, parked events and deadlines. */
  readonly processors: ProcessorStore;

  /** Refuses later calls, finishes writes and backups in progress, and closes the file. */
  close(): Promise<void>;

  /**
   * Copies the current state of the store to a file that must not exist. The store can be used in the meantime, and
   * other processes can write.
   *
   * @throws StoreFailure `invalid-argument`, `closed`, or `failure` with a code such as `io`, `full` or `moved`.
   */
  backup(file: string, options?: BackupOptions): Promise<void>;
}

/**
 * Opens the store in a file. It creates a missing store and upgrades an older format. The caller may change the bytes
 * that the store returns.
 *
 * @example const store = createSqliteStore({ file: 'bank.db' });
 * @throws StoreFailure `failure` whose `payload.val.code` is `not-a-store`, `newer-format`, `read-only`, `corrupt`,
 * `busy`, `full`, `io` or `unsupported-engine`.
 * @throws DefinitionError if an option is unknown or invalid.
 */
export function createSqliteStore(options: SqliteStoreOptions): SqliteStore {
  const checked = checkOptions(options);
  const path = checked.file === ':memory:' ? checked.file : resolve(checked.file);
  let database: Database | undefined;
  try {
    database = open({ ...checked, path });
    return new Store(new SqliteOperations(database, path, checked));
  } catch (error) {
    database?.close();
    throw asStoreFailure(error, checked.file);
  }
}

class Store extends GuardedCommitStore implements SqliteStore {
  readonly #operations: SqliteOperations;
  readonly processors: ProcessorStore;

  constructor(operations: SqliteOperations) {
    super(operations);
    this.#operations = operations;
    this.processors = operations.processors;
  }

  backup(file: string, options: BackupOptions = {}): Promise<void> {
    return this.guarded(
      () => checkBackup(file, options),
      () => this.#operations.backup(file, options),
    );
  }
}
