/// <reference lib="esnext.disposable" preserve="true" />
/** The configuration file of the command line, as its author writes it. */
import type { StartOptions } from '../../core/processors/system-options.ts';
import type { AnySystemDefinition } from '../../core/processors/system-parts.ts';
import type { SqliteStoreOptions } from '../stores/sqlite/options.ts';

/** A system that `defineSystem` has made. */
export interface ConfigSystem extends AnySystemDefinition {
  start(options: StartOptions): Promise<AsyncDisposable>;
}

/** The configuration of the command line. */
export interface Config {
  /** The system that the commands work on. */
  readonly system: ConfigSystem;
  /**
   * The SQLite file, or the options of its store. A relative name is relative to the folder of the configuration file.
   * `--store` replaces it.
   */
  readonly store?: string | Omit<SqliteStoreOptions, 'readOnly' | 'create'> | undefined;
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
