/// <reference lib="esnext.disposable" preserve="true" />
/** The types of the command line's configuration file. */
import type { StartOptions } from '../../core/processors/system-options.ts';
import type { AnySystemDefinition } from '../../core/processors/system-parts.ts';
import type { OpenedStore } from '../stores/address/open-store.ts';

/** The result of `defineSystem`. */
export interface ConfigSystem extends AnySystemDefinition {
  start(options: StartOptions): Promise<AsyncDisposable>;
}

/** The kind of access to the store that a command needs. */
export interface StoreAccess {
  /** True if the command never changes the store. */
  readonly readOnly: boolean;
  /** True if the command makes the store if it does not exist. */
  readonly create: boolean;
}

/** The configuration of the command line. */
export interface Config {
  /** The system that the commands use. */
  readonly system: ConfigSystem;
  /**
   * The address of the store, as `openStore` accepts it, such as `bank.db` or `sqlite:bank.db?durability=normal`. A
   * relative name of a file is relative to the folder of the configuration file. Use a function if the
   * options of the store cannot be part of an address, for example a pool of connections. `--store` replaces it.
   */
  readonly store?: string | ((access: StoreAccess) => OpenedStore | Promise<OpenedStore>) | undefined;
  /**
   * The address of the store in which processors keep checkpoints, documents, tables, parked events and deadlines.
   * `--processors` replaces it, and `--store` without `--processors` omits it.
   * @default the store of the events
   */
  readonly processors?: string | undefined;
  /** The options with which `run` and `dispatch` start the system, for example the failure policies. */
  readonly start?: Omit<StartOptions, 'store' | 'processors' | 'process' | 'closeStore'> | undefined;
}

/**
 * Checks the type of the configuration, and returns it unchanged.
 *
 * @example
 * // decidable.config.ts
 * import { defineConfig } from 'decidable/cli';
 * import { bank } from './bank.ts';
 *
 * export default defineConfig({ system: bank, store: 'bank.db' });
 */
export function defineConfig(config: Config): Config {
  return config;
}
