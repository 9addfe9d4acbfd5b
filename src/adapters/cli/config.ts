/// <reference lib="esnext.disposable" preserve="true" />
/** The configuration file of the command line, as its author writes it. */
import type { StartOptions } from '../../core/processors/system-options.ts';
import type { AnySystemDefinition } from '../../core/processors/system-parts.ts';
import type { OpenedStore } from '../stores/address/open-store.ts';

/** A system that `defineSystem` has made. */
export interface ConfigSystem extends AnySystemDefinition {
  start(options: StartOptions): Promise<AsyncDisposable>;
}

/** The access to the store that a command needs. */
export interface StoreAccess {
  /** True if the command never changes the store. */
  readonly readOnly: boolean;
  /** True if the command makes the store if it does not exist. */
  readonly create: boolean;
}

/** The configuration of the command line. */
export interface Config {
  /** The system that the commands work on. */
  readonly system: ConfigSystem;
  /**
   * The address of the store, as `openStore` takes it: `bank.db`, `sqlite:bank.db?durability=normal`. A relative name of a
   * file is relative to the folder of the configuration file. A function opens a store whose options have no text, for
   * example a pool of connections. `--store` replaces it.
   */
  readonly store?: string | ((access: StoreAccess) => OpenedStore | Promise<OpenedStore>) | undefined;
  /** The options with which `run` and `dispatch` start the system, for example the failure policies. */
  readonly start?: Omit<StartOptions, 'store' | 'processors' | 'process' | 'closeStore'> | undefined;
}

/**
 * Types the configuration file of the command line. It returns its argument.
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
