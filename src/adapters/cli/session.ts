/// <reference lib="esnext.disposable" preserve="true" />
/** The parts that all commands share: the configuration, the store and the output. */
import { existsSync } from 'node:fs';
import { isStoreFailure } from '../../core/errors.ts';
import type { EventStore } from '../../core/event-store.ts';
import type { AnyModule } from '../../core/loop/bound-module.ts';
import type { ProcessorStore } from '../../core/processors/processor-store.ts';
import type { StartOptions } from '../../core/processors/system-options.ts';
import type { AnyPart } from '../../core/processors/system-parts.ts';
import type { RunningSystem } from '../../core/system/system.ts';
import { fileOf, type OpenedStore, openStore } from '../stores/address/open-store.ts';
import { parseAddress } from '../stores/address/parse-address.ts';
import type { Config, StoreAccess } from './config.ts';
import { CommandLineError } from './failures.ts';
import { findConfig, type LoadedConfig, loadConfig } from './load-config.ts';
import { Messages } from './messages.ts';
import { Output } from './output.ts';

/** The options that all commands have. */
export interface GlobalOptions {
  readonly config?: string | undefined;
  readonly store?: string | undefined;
  readonly processors?: string | undefined;
  readonly json?: boolean | undefined;
}

/** A running system without its types. */
export type AnyRunningSystem = RunningSystem<AnyModule, AnyPart>;

export class Session {
  readonly output: Output;
  /** Aborted when the reader of the output has ended, or the user presses Ctrl-C. */
  readonly halt: AbortController = new AbortController();
  readonly #options: GlobalOptions;
  #config: Promise<LoadedConfig> | undefined;

  constructor(options: GlobalOptions) {
    this.#options = options;
    this.output = new Output(process.stdout, options.json === true, () => this.halt.abort());
  }

  /** Returns the options with which another thread opens the same store and loads the same system. */
  addresses(): Pick<GlobalOptions, 'config' | 'store'> {
    const { config, store } = this.#options;
    return { config, store };
  }

  /** Loads the configuration, for commands that need the system. */
  config(): Promise<LoadedConfig> {
    this.#config ??= loadConfig(this.#options.config);
    return this.#config;
  }

  /**
   * Loads the configuration, if it exists. With `--store`, a command that only reads a store works without a
   * configuration.
   */
  async optionalConfig(): Promise<LoadedConfig | undefined> {
    const { config, store } = this.#options;
    return store !== undefined && findConfig(config) === undefined ? undefined : await this.config();
  }

  /** Returns the decoder for the messages of the system's modules. */
  async messages(): Promise<Messages> {
    return new Messages((await this.optionalConfig())?.system);
  }

  /** Opens the store for reading. @throws StoreFailure if it does not exist or is not a store. */
  openToRead(): Promise<OpenedStore> {
    return this.#open({ readOnly: true, create: false });
  }

  /** Opens the store, and the store of the processors, for a command that reads the data of processors. */
  openProcessorsToRead(): Promise<OpenedProcessors> {
    return this.#openProcessors({ readOnly: true, create: false });
  }

  /** Opens the store, and the store of the processors, for a command that changes the data of processors. */
  openProcessorsToChange(): Promise<OpenedProcessors> {
    return this.#openProcessors({ readOnly: false, create: false });
  }

  /**
   * Starts the system on its store. The system and its stores are closed at the end of the scope.
   * @param create true to create a missing store.
   */
  async start(create: boolean, { checkDeterminism = false, ...options }: StartedSystemOptions): Promise<StartedSystem> {
    const { system: configured, start } = await this.config();
    const system = checkDeterminism
      ? (await import('../testing/deterministic.ts')).deterministic(configured)
      : configured;
    const stores = await this.#openBoth({ readOnly: false, create });
    const { store, other } = stores;
    try {
      const processors = other === undefined ? {} : { processors: other.processors };
      const running = (await system.start({ ...start, ...options, ...processors, store })) as AnyRunningSystem;
      const close = async (): Promise<void> => {
        try {
          await running.stop();
        } finally {
          await stores.close();
        }
      };
      return { store, running, [Symbol.asyncDispose]: close };
    } catch (error) {
      await stores.close();
      throw error;
    }
  }

  async #openProcessors(access: StoreAccess): Promise<OpenedProcessors> {
    const { store, other = store, close } = await this.#openBoth(access);
    return {
      readAll: (options) => store.readAll(options),
      hidingTransactions: async () => (await store.hidingTransactions?.()) ?? [],
      processors: other.processors,
      [Symbol.asyncDispose]: close,
    };
  }

  /** Opens the store, and the separate store of the processors, if there is one. */
  async #openBoth(access: StoreAccess): Promise<{
    readonly store: OpenedStore;
    readonly other: OpenedStore | undefined;
    readonly close: () => Promise<void>;
  }> {
    const store = await this.#open(access);
    try {
      const other = await this.#openOther(access);
      const close = async (): Promise<void> => {
        try {
          await store.close();
        } finally {
          await other?.close();
        }
      };
      return { store, other, close };
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  async #openOther(access: StoreAccess): Promise<OpenedStore | undefined> {
    const { store, processors } = this.#options;
    if (processors !== undefined) return await openNamed(processors, '--processors', access);
    // The checkpoints in the configured store of the processors belong to the configured store of the events.
    if (store !== undefined) return undefined;
    const config = await this.config();
    return config.processors === undefined
      ? undefined
      : await openNamed(config.processors, '--processors', access, config.folder);
  }

  async #open(access: StoreAccess): Promise<OpenedStore> {
    const { store, folder } = await this.#store();
    return typeof store === 'function' ? await store(access) : await openNamed(store, '--store', access, folder);
  }

  /** Returns the store that the option or the configuration names, with the folder of its relative name. */
  async #store(): Promise<{ readonly store: NonNullable<Config['store']>; readonly folder: string | undefined }> {
    const config = await this.optionalConfig();
    const store = this.#options.store;
    if (store !== undefined) return { store, folder: undefined };
    if (config?.store !== undefined) return { store: config.store, folder: config.folder };
    throw new CommandLineError(
      'no-store',
      "no store is named; pass --store <address>, or set it in the configuration: defineConfig({ system, store: 'bank.db' })",
      { argument: '--store' },
    );
  }
}

/**
 * Opens the store with an address.
 *
 * @throws CommandLineError `store-not-found` if it must exist but does not.
 */
export async function openNamed(
  address: string,
  argument: string,
  access: StoreAccess,
  folder?: string,
): Promise<OpenedStore> {
  const parsed = parseAddress(address);
  if (parsed.engine === 'sqlite' && !access.create) {
    const file = fileOf(parsed, folder);
    if (!existsSync(file)) {
      throw new CommandLineError(
        'store-not-found',
        `${file} does not exist; pass the name of a store's file, or create one with \`decidable run\` or \`decidable dispatch\``,
        { argument },
      );
    }
  }
  try {
    return await openStore(address, { ...access, folder });
  } catch (cause) {
    if (!isStoreFailure(cause, 'failure') || cause.payload.val.code !== 'not-found') throw cause;
    throw new CommandLineError('store-not-found', cause.message, { argument, cause });
  }
}

/** The options with which a command starts the system. */
export interface StartedSystemOptions extends Pick<StartOptions, 'process' | 'observer' | 'acceptChanges'> {
  /** Checks each function of a module while it runs. @default false */
  readonly checkDeterminism?: boolean | undefined;
}

/** A running system and its store. */
export interface StartedSystem extends AsyncDisposable {
  readonly store: OpenedStore;
  readonly running: AnyRunningSystem;
}

/** The storage of processors, and the events that they process. */
export interface OpenedProcessors
  extends Pick<EventStore, 'readAll'>,
    Pick<OpenedStore, 'hidingTransactions'>,
    AsyncDisposable {
  readonly processors: ProcessorStore;
}
