/// <reference lib="esnext.disposable" preserve="true" />
/**
 * A store of streams in a schema of a PostgreSQL database: the contract (wit/event-store.wit), for several processes.
 */
import { DecidableError } from '../../../core/errors.ts';
import type { ProcessorStore } from '../../../core/processors/processor-store.ts';
import { type CommitStore, GuardedCommitStore } from '../../../core/storage/guarded-store.ts';
import { type Connections, connectionsOf } from './connections.ts';
import { asStoreFailure } from './failures.ts';
import type { HidingTransaction } from './hiding-transactions.ts';
import { prepareSchema } from './migrations.ts';
import { PostgresOperations } from './operations.ts';
import { checkOptions, type PostgresStoreOptions } from './options.ts';

/** An event store in a schema of a PostgreSQL database. Any number of processes may have it open. */
export interface PostgresStore extends CommitStore {
  /** Storage for processors, in the same schema: checkpoints, documents, tables, parked events and deadlines. */
  readonly processors: ProcessorStore;

  /**
   * Returns the open transactions that hide events from readers, the oldest first. The list is empty if all events are
   * visible.
   *
   * @example
   * for (const { processId, state } of await store.hidingTransactions()) console.log(processId, state);
   * @throws StoreFailure
   */
  hidingTransactions(): Promise<readonly HidingTransaction[]>;

  /** Finishes the writes in progress, refuses later calls, and closes the store's own connections. */
  close(): Promise<void>;
}

/**
 * Opens the store in a schema. Creates it if it is missing, and upgrades an older format.
 *
 * @example const store = await createPostgresStore({ url: 'postgres://localhost/bank' });
 * @throws StoreFailure `failure` whose `payload.val.code` is `newer-format`, `not-found`, `not-a-store`,
 *   `unsupported-engine`, `read-only`, `full`, `busy` or `io`.
 * @throws DefinitionError that names the option, if it is unknown or invalid.
 * @throws MissingPeerError if the package `pg` is not installed.
 */
export async function createPostgresStore(options: PostgresStoreOptions): Promise<PostgresStore> {
  const checked = checkOptions(options);
  let connections: Connections | undefined;
  try {
    connections = await connectionsOf(checked.source);
    await prepareSchema(connections, checked);
    return new Store(new PostgresOperations(connections, checked));
  } catch (error) {
    await connections?.close();
    throw error instanceof DecidableError ? error : asStoreFailure(error);
  }
}

class Store extends GuardedCommitStore implements PostgresStore {
  readonly #operations: PostgresOperations;
  readonly processors: ProcessorStore;

  constructor(operations: PostgresOperations) {
    super(operations);
    this.#operations = operations;
    this.processors = operations.processors;
  }

  hidingTransactions(): Promise<readonly HidingTransaction[]> {
    return this.guarded(
      () => {},
      () => this.#operations.hidingTransactions(),
    );
  }
}
