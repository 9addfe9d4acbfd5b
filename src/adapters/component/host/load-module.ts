/** `loadModule` converts a component to the module of its world. */
import type { CommandIdAware } from '../../../core/define/command-id-aware.ts';
import { sha256 } from '../../../core/storage/sha256.ts';
import type { CommandHandler, ProcessManager, ReadModel } from '../../../core/worlds.ts';
import { bytesOfComponent, isBytes } from '../compile.ts';
import type { BufferSource, Component, ImportObject } from '../index.ts';
import { compileSource } from './component-source.ts';
import { fitWorld } from './fit.ts';
import {
  FreshInstances,
  freshDecider,
  freshDecideWithCommandId,
  freshEventHandler,
  freshProjector,
  freshRouting,
  freshTypes,
} from './fresh.ts';
import { type DecideWithCommandId, type GuestTemplate, type Handle, type HandleTypes, makeGuest } from './guest.ts';
import { DEFAULT_MAX_HANDLES } from './limits.ts';
import { checkOptions, type LoadModuleOptions } from './options.ts';
import { Pool } from './pool.ts';
import {
  pooledDecider,
  pooledDecideWithCommandId,
  pooledEventHandler,
  pooledProjector,
  pooledRouting,
  pooledTypes,
} from './pooled.ts';
import type { ModuleWorldName } from './worlds.ts';

/** Counts of a module's instances and handles. */
export interface ComponentStatistics {
  /**
   * The number of instances that were created since the module was loaded, those that have ended included.
   *
   * With `isolation: 'pooled'`, it rises by one when the first call after a trap replaces the instance. The event
   * sourcer decides a command again if it trapped on a cached state, because the state may have belonged to an instance
   * that had ended. So a command that traps each time ends two instances if its stream is in the cache.
   */
  readonly instances: number;
  /** The number of handles that the host holds: commands, events and states that have not been dropped yet. */
  readonly handles: number;
}

interface LoadedModule {
  readonly types: HandleTypes;
  /**
   * The compiled component. `loadModule(module.component)` does not compile it again, and keeps the limits of memories,
   * tables and calls. If the options name other limits, the core modules are compiled again. `instantiate` refuses it,
   * because only this host calls the start functions of rewritten modules.
   */
  readonly component: Component;
  readonly statistics: ComponentStatistics;
}

/**
 * A decider in a component. With a virtual WASI it has `decideWithCommandId`, so that the event sourcer passes the
 * command's id.
 */
export type ComponentCommandHandler = CommandHandler<Handle, Handle, Handle> &
  CommandIdAware<Handle, Handle, Handle> &
  LoadedModule;
/** A process manager in a component. */
export type ComponentProcessManager = ProcessManager<Handle, Handle, Handle> & LoadedModule;
/** A read model in a component. */
export type ComponentReadModel = ReadModel<Handle, Handle, Handle> & LoadedModule;

interface ModuleOf {
  readonly 'command-handler': ComponentCommandHandler;
  readonly 'process-manager': ComponentProcessManager;
  readonly 'read-model': ComponentReadModel;
}

/**
 * Loads a component as a module.
 *
 * Its functions throw the errors of the contract: a `RejectionError` if the domain rejects a command, and a
 * `FaultError` if the guest reports a fault. A guest that breaks a rule, exceeds its budget or calls an import that was
 * not granted ends with a `Trap`. The next call replaces its instance, and each use of a handle into the old one throws
 * a `StaleHandle`.
 *
 * ```ts
 * const account = await loadModule(await readFile('bank.wasm'));
 * const sourcer = createEventSourcer({ store, modules: [account] });
 * ```
 *
 * @param source the bytes of a component, or a compiled one.
 * @throws MalformedError | InvalidError | UnsupportedError if the bytes are not a component that can be loaded.
 * @throws ArgumentError if `source` is another value, or an option is unknown or invalid.
 * @throws LinkError if the exports do not match the world, or an import is missing or asynchronous. It shows the
 *   expected and the found types.
 * @throws Trap if a start function traps, or the guest needs more memory than the limit allows.
 */
export async function loadModule<World extends ModuleWorldName = 'command-handler'>(
  source: BufferSource | Component,
  options: LoadModuleOptions<World> = {},
): Promise<ModuleOf[World]> {
  checkOptions(options);
  const { world = 'command-handler' as World } = options;
  // The digest is copied or computed now, because the caller may change the bytes while they are compiled.
  const digest = digestOf(source, options.digest);
  const { component, bounds } = await compileSource(source, options);
  return moduleOf({ ...options, component, bounds, interfaceNames: fitWorld(component, world), digest }, world);
}

/** A compiled component, its options and the binding of its exports. */
interface ModuleSource
  extends LoadModuleOptions,
    Pick<GuestTemplate, 'component' | 'bounds' | 'interfaceNames' | 'bind'> {}

/** Makes the module of a component whose exports fit. */
export async function moduleOf<World extends ModuleWorldName>(
  source: ModuleSource,
  world: World,
): Promise<ModuleOf[World]> {
  const { component, bounds, interfaceNames, bind, imports = {}, maxHandles = DEFAULT_MAX_HANDLES } = source;
  const template: GuestTemplate = {
    component,
    interfaceNames,
    bind,
    imports: typeof imports === 'function' ? (imports as () => ImportObject) : () => imports,
    wasi: source.wasi,
    bounds,
    maxHandles,
    maxLiftedBytes: source.maxLiftedBytes,
  };
  const parts = source.isolation === 'fresh' ? freshParts(template) : await pooledParts(template);
  return { ...exportsOf(parts, world, source.digest), component, statistics: parts.statistics } as ModuleOf[World];
}

/** Returns the digest of the option or of the bytes. A compiled component has none. */
export function digestOf(source: BufferSource | Component, digest: Uint8Array | undefined): Uint8Array | undefined {
  return digest?.slice() ?? (isBytes(source) ? sha256(bytesOfComponent(source)) : undefined);
}

/** The parts of a module, in either isolation. */
interface Parts {
  readonly types: ReturnType<typeof pooledTypes>;
  readonly decider: () => ReturnType<typeof pooledDecider>;
  /** The function is undefined without a virtual WASI, because nothing else depends on the id. */
  readonly decideWithCommandId: DecideWithCommandId | undefined;
  readonly routing: () => ReturnType<typeof pooledRouting>;
  readonly eventHandler: () => ReturnType<typeof pooledEventHandler>;
  readonly projector: () => ReturnType<typeof pooledProjector>;
  readonly statistics: ComponentStatistics;
}

async function pooledParts(template: GuestTemplate): Promise<Parts> {
  const pool = new Pool(template, await makeGuest(template));
  return {
    types: pooledTypes(pool),
    decider: () => pooledDecider(pool),
    decideWithCommandId: template.wasi && pooledDecideWithCommandId(pool),
    routing: () => pooledRouting(pool),
    eventHandler: () => pooledEventHandler(pool),
    projector: () => pooledProjector(pool),
    statistics: statisticsOf(pool),
  };
}

function freshParts(template: GuestTemplate): Parts {
  const fresh = new FreshInstances(template);
  return {
    types: freshTypes(fresh),
    decider: () => freshDecider(fresh),
    decideWithCommandId: template.wasi && freshDecideWithCommandId(fresh),
    routing: () => freshRouting(fresh),
    eventHandler: () => freshEventHandler(fresh),
    projector: () => freshProjector(fresh),
    statistics: statisticsOf(fresh),
  };
}

/** Returns statistics that are current whenever they are read. Node prints their values instead of `[Getter]`. */
function statisticsOf(source: ComponentStatistics): ComponentStatistics {
  const statistics = {
    get instances() {
      return source.instances;
    },
    get handles() {
      return source.handles;
    },
  };
  return Object.defineProperty(statistics, Symbol.for('nodejs.util.inspect.custom'), {
    value: () => ({ ...statistics }),
  });
}

function exportsOf(parts: Parts, world: ModuleWorldName, digest: Uint8Array | undefined): object {
  const { types, decideWithCommandId } = parts;
  switch (world) {
    case 'command-handler':
      return {
        types,
        decider: parts.decider(),
        routing: withDescription(parts.routing(), digest),
        ...(decideWithCommandId && { decideWithCommandId }),
      };
    case 'process-manager':
      return { types, eventHandler: withDescription(parts.eventHandler(), digest) };
    case 'read-model':
      return { types, projector: withDescription(parts.projector(), digest) };
  }
}

/** Reads the guest's description once, and adds the digest, which the host computes. */
function withDescription<Description extends { readonly digest?: Uint8Array | undefined }, Rest>(
  part: Rest & { describe(): Description },
  digest: Uint8Array | undefined,
): Rest & { describe(): Description } {
  const description = part.describe();
  const known = Object.freeze({ ...description, digest: digest ?? description.digest });
  return { ...part, describe: () => known };
}
