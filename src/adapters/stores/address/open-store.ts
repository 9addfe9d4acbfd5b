/// <reference lib="esnext.disposable" preserve="true" />
/** Opens any store by its address. Only the adapter of that store is loaded. */
import { isAbsolute, resolve } from 'node:path';
import { DefinitionError, StoreFailure } from '../../../core/errors.ts';
import { checkOptionNames } from '../../../core/option-names.ts';
import { mustBe } from '../../../core/predicates.ts';
import type { ProcessorStore } from '../../../core/processors/processor-store.ts';
import type { CommitStore } from '../../../core/storage/guarded-store.ts';
import type { OptionNames } from '../../../core/unknown-names.ts';
import type { HidingTransaction } from '../postgres/hiding-transactions.ts';
import type { BackupOptions } from '../sqlite/backup.ts';
import { parseAddress, type StoreAddress } from './parse-address.ts';

/** A store of any engine. Every store of the package can be verified and copied, and keeps processors. */
export interface OpenedStore extends CommitStore {
  /** Storage for processors: checkpoints, documents, parked events and deadlines. */
  readonly processors: ProcessorStore;

  /** Returns the open transactions that hide events from readers. Only a PostgreSQL store has this method. */
  hidingTransactions?(): Promise<readonly HidingTransaction[]>;

  /**
   * Copies the store to a file while it is in use. Only a SQLite store has this method. `copyStore` copies any store.
   */
  backup?(file: string, options?: BackupOptions): Promise<void>;
}

/** The options of {@link openStore}. */
export interface OpenStoreOptions {
  /** Opens an existing store only for reading. @default false */
  readonly readOnly?: boolean | undefined;
  /**
   * Creates the store if it does not exist. With `false`, a missing store is a failure.
   * @default true, and `false` with `readOnly`
   */
  readonly create?: boolean | undefined;
  /**
   * The folder that contains relative file names.
   * @default the current folder of the process
   */
  readonly folder?: string | undefined;
  /**
   * The clock of `recordedAt`: milliseconds since the Unix epoch.
   * @default Date.now
   */
  readonly now?: (() => number) | undefined;
}

const NAMES: OptionNames<OpenStoreOptions> = { readOnly: true, create: true, folder: true, now: true };

/**
 * Opens the store with an address, or creates it: `bank.db`, `sqlite:bank.db?durability=normal`,
 * `postgres://user:password@host/database?schema=bank`, `nats://host:4222/bank`, `memory:`.
 *
 * @example
 * await using store = await openStore(process.env.STORE ?? 'bank.db');
 * await using running = await bank.start({ store });
 *
 * @throws AddressError `invalid-address` that names the part of the address.
 * @throws MissingPeerError `missing-peer` that names the package to install.
 * @throws StoreFailure if the store cannot be opened.
 * @throws DefinitionError if an option is invalid or unknown.
 */
export async function openStore(address: string, options: OpenStoreOptions = {}): Promise<OpenedStore> {
  checkOptionNames(options, NAMES, 'openStore');
  const { readOnly = false, now } = options;
  const { create = !readOnly } = options;
  for (const [name, value] of Object.entries({ readOnly, create })) {
    if (typeof value !== 'boolean') throw new DefinitionError(`openStore.${name}`, mustBe('true or false', value));
  }
  const parsed = parseAddress(address);
  switch (parsed.engine) {
    case 'memory': {
      if (!create) throw emptyMemory();
      const { createMemoryStore } = await import('../memory/store.ts');
      return createMemoryStore({ now });
    }
    case 'sqlite': {
      const { createSqliteStore } = await import('../sqlite/store.ts');
      return createSqliteStore({ ...parsed.parameters, file: fileOf(parsed, options.folder), readOnly, create, now });
    }
    case 'postgres': {
      const { createPostgresStore } = await import('../postgres/store.ts');
      return await createPostgresStore({ ...parsed.parameters, url: parsed.url, readOnly, create, now });
    }
    case 'nats': {
      const { createNatsStore } = await import('../nats/store.ts');
      const { servers: url, name, parameters } = parsed;
      return await createNatsStore({ ...parameters, url, name, readOnly, create, now });
    }
  }
}

/** Returns the absolute file name of a SQLite store. */
export function fileOf({ file }: Extract<StoreAddress, { engine: 'sqlite' }>, folder?: string): string {
  return folder === undefined || file === ':memory:' || isAbsolute(file) ? file : resolve(folder, file);
}

function emptyMemory(): StoreFailure {
  const message =
    'a store in memory is empty when it is opened, so it cannot be opened with readOnly; name another store';
  return new StoreFailure({ tag: 'failure', val: { code: 'unsupported', message } }, message);
}
