/// <reference lib="esnext.disposable" preserve="true" />
/** The parts of one run of the command line that the commands share: the configuration, the store and the output. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { AnyModule } from '../../core/loop/bound-module.ts';
import type { StartOptions } from '../../core/processors/system-options.ts';
import type { AnyPart } from '../../core/processors/system-parts.ts';
import type { RunningSystem } from '../../core/system/system.ts';
import type { SqliteStoreOptions } from '../stores/sqlite/options.ts';
import type { SqliteStore } from '../stores/sqlite/store.ts';
import { CommandLineError } from './failures.ts';
import { findConfig, type LoadedConfig, loadConfig } from './load-config.ts';
import { Messages } from './messages.ts';
import { Output } from './output.ts';

/** The options that all commands have. */
export interface GlobalOptions {
  readonly config?: string | undefined;
  readonly store?: string | undefined;
  readonly json?: boolean | undefined;
}

/** A system that runs, with its types forgotten. */
export type AnyRunningSystem = RunningSystem<AnyModule, AnyPart>;

export class Session {
  readonly output: Output;
  /** Aborted when the reader of the output has left, or the user wants to stop. */
  readonly halt: AbortController = new AbortController();
  readonly #options: GlobalOptions;
  #config: Promise<LoadedConfig> | undefined;

  constructor(options: GlobalOptions) {
    this.#options = options;
    this.output = new Output(process.stdout, options.json === true, () => this.halt.abort());
  }

  /** The configuration, for commands that need the system. */
  config(): Promise<LoadedConfig> {
    this.#config ??= loadConfig(this.#options.config);
    return this.#config;
  }

  /** The configuration, if there is one. A command that only reads a store works without it if `--store` is passed. */
  async optionalConfig(): Promise<LoadedConfig | undefined> {
    const { config, store } = this.#options;
    return store !== undefined && findConfig(config) === undefined ? undefined : await this.config();
  }

  /** Reads and writes the payloads of the system's modules. */
  async messages(): Promise<Messages> {
    return new Messages((await this.optionalConfig())?.system);
  }

  /** The store, which is never changed. @throws StoreFailure if the file does not exist or is not a store. */
  openToRead(): Promise<SqliteStore> {
    return this.#open({ readOnly: true });
  }

  /** The store of a command that changes it. @throws StoreFailure if the file does not exist or is not a store. */
  openToChange(): Promise<SqliteStore> {
    return this.#open({ create: false });
  }

  /**
   * Starts the system on its store. Both are closed when the scope is left.
   * @param create makes the store if it does not exist.
   */
  async start(
    create: boolean,
    options: Pick<StartOptions, 'process' | 'observer' | 'acceptChanges'>,
  ): Promise<StartedSystem> {
    const { system, start } = await this.config();
    const store = await this.#open({ create });
    try {
      const running = (await system.start({ ...start, ...options, store })) as AnyRunningSystem;
      const close = async (): Promise<void> => {
        try {
          await running.stop();
        } finally {
          await store.close();
        }
      };
      return { store, running, [Symbol.asyncDispose]: close };
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  async #open(access: Pick<SqliteStoreOptions, 'readOnly' | 'create'>): Promise<SqliteStore> {
    const options = await this.#storeOptions();
    if (access.create !== true && !existsSync(options.file)) {
      throw new CommandLineError(
        'store-not-found',
        `${options.file} does not exist: name the file of a store, or make one with \`decidable run\` or \`decidable dispatch\``,
      );
    }
    const { createSqliteStore } = await import('../stores/sqlite/store.ts');
    return createSqliteStore({ ...options, ...access });
  }

  async #storeOptions(): Promise<SqliteStoreOptions> {
    const config = await this.optionalConfig();
    const configured = typeof config?.store === 'string' ? { file: config.store } : config?.store;
    if (this.#options.store !== undefined) return { ...configured, file: this.#options.store };
    if (config === undefined || configured === undefined) {
      throw new CommandLineError(
        'no-store',
        "no store is named: pass --store <file>, or set it in the configuration: defineConfig({ system, store: 'bank.db' })",
      );
    }
    return { ...configured, file: resolve(config.folder, configured.file) };
  }
}

/** A system that runs, and its store. */
export interface StartedSystem extends AsyncDisposable {
  readonly store: SqliteStore;
  readonly running: AnyRunningSystem;
}
