/** `loadModule`: a component as the module of its world. */
import type { CommandIdAware } from '../../../core/define/command-id-aware.ts';
import { sha256 } from '../../../core/storage/sha256.ts';
import type { CommandHandler, ProcessManager, ReadModel } from '../../../core/worlds.ts';
import { show } from '../abi/javascript-values.ts';
import { recompile } from '../compile.ts';
import { type BufferSource, type Component, compile, type ImportObject } from '../index.ts';
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
import { DEFAULT_MAX_HANDLES, DEFAULT_MAX_MEMORY_BYTES, DEFAULT_MAX_TABLE_ELEMENTS } from './limits.ts';
import { type Bounds, checkBounds } from './metering/budget.ts';
import { rewrite } from './metering/rewrite.ts';
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
import type { WorldName } from './worlds.ts';

/** Counts of a module's instances and handles. */
export interface ComponentStatistics {
  /** How many instances have been made. */
  readonly instances: number;
  /** How many handles the host holds: commands, events and states that are not dropped yet. */
  readonly handles: number;
}

interface OfComponent {
  readonly types: HandleTypes;
  /**
   * The component, to be used again: `loadModule(module.component)` compiles nothing, and keeps the bounds of memories,
   * tables and calls. With other bounds, the core modules are compiled again. `instantiate` refuses it, because this host
   * calls the start functions of rewritten modules.
   */
  readonly component: Component;
  readonly statistics: ComponentStatistics;
}

/** A decider behind handles. With a virtual WASI, it decides by the command's id (`decideWithCommandId`), as the event sourcer asks it. */
export type ComponentCommandHandler = CommandHandler<Handle, Handle, Handle> &
  CommandIdAware<Handle, Handle, Handle> &
  OfComponent;
/** A process manager behind handles. */
export type ComponentProcessManager = ProcessManager<Handle, Handle, Handle> & OfComponent;
/** A read model behind handles. */
export type ComponentReadModel = ReadModel<Handle, Handle, Handle> & OfComponent;

interface ModuleOf {
  readonly 'command-handler': ComponentCommandHandler;
  readonly 'process-manager': ComponentProcessManager;
  readonly 'read-model': ComponentReadModel;
}

/**
 * Makes a module of a component.
 *
 * Its functions throw as the contract says: a `RejectionError` where the domain says no, a `FaultError` where the guest
 * could not do its work. A guest that breaks a rule, exhausts a budget or calls what it was not granted ends in a `Trap`;
 * its instance is replaced by the next call, and the handles into it are refused with a `StaleHandle`.
 *
 * @param source bytes of a component, or a compiled one.
 * @throws MalformedError | InvalidError | UnsupportedError if the bytes are not a component that can be loaded.
 * @throws TypeError | RangeError if an option is unknown or invalid.
 * @throws LinkError if its exports do not fit the world, with both sides shown, or an import is missing or asynchronous.
 * @throws Trap if it traps at its start, or needs more memory there than it may have.
 */
export async function loadModule<World extends WorldName = 'command-handler'>(
  source: BufferSource | Component,
  options: LoadModuleOptions<World> = {},
): Promise<ModuleOf[World]> {
  checkOptions(options);
  const { world = 'command-handler', isolation, imports = {}, maxHandles = DEFAULT_MAX_HANDLES } = options;
  // The caller may change the bytes while they are compiled.
  const digest = options.digest?.slice() ?? (isBytes(source) ? sha256(bytesOf(source)) : undefined);
  const { component, bounds } = await compiled(source, options);
  const template: GuestTemplate = {
    component,
    interfaceNames: fitWorld(component, world),
    imports: typeof imports === 'function' ? (imports as () => ImportObject) : () => imports,
    wasi: options.wasi,
    bounds,
    maxHandles,
    maxLiftedBytes: options.maxLiftedBytes,
  };
  const parts = isolation === 'fresh' ? freshParts(template) : await pooledParts(template);
  return { ...exportsOf(parts, world, digest), component, statistics: parts.statistics } as ModuleOf[World];
}

async function compiled(
  source: BufferSource | Component,
  options: LoadModuleOptions,
): Promise<{ component: Component; bounds: Bounds }> {
  // A component that this host has compiled says which bounds it was rewritten to keep.
  const own: Partial<Bounds> = isCompiled(source) ? (source.instrumentation ?? {}) : {};
  const {
    budget = own.budget,
    maxMemoryBytes = own.maxMemoryBytes ?? DEFAULT_MAX_MEMORY_BYTES,
    maxTableElements = own.maxTableElements ?? DEFAULT_MAX_TABLE_ELEMENTS,
  } = options;
  const bounds = checkBounds({ budget, maxMemoryBytes, maxTableElements });
  const instrument = (module: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> => rewrite(module, bounds);
  const how = { instrument, instrumentation: bounds };
  if (isCompiled(source)) return { component: keeps(own, bounds) ? source : await recompile(source, how), bounds };
  // A response cannot be read twice, and the digest is that of the bytes.
  if (!isBytes(source)) {
    const way = 'arrayBuffer' in Object(source) ? '; pass the bytes that its method arrayBuffer returns' : '';
    throw new TypeError(`expected the bytes of a component, or a compiled one, got ${show(source)}${way}`);
  }
  return { component: await compile(bytesOf(source), how), bounds };
}

/** Returns whether what was rewritten to keep `own` keeps `bounds`. */
function keeps(own: Partial<Bounds>, bounds: Bounds): boolean {
  return (
    own.maxMemoryBytes === bounds.maxMemoryBytes &&
    own.maxTableElements === bounds.maxTableElements &&
    own.budget?.fuel === bounds.budget?.fuel &&
    own.budget?.callDepth === bounds.budget?.callDepth
  );
}

/** By its shape: the class may be of another copy of the package. */
function isCompiled(source: unknown): source is Component {
  return typeof source === 'object' && source !== null && 'plan' in source;
}

/** By what they say that they are: buffers may be of another realm, or shared, where there is such a thing. */
function isBytes(source: unknown): source is BufferSource {
  return ArrayBuffer.isView(source) || /^\[object (Shared)?ArrayBuffer\]$/.test(Object.prototype.toString.call(source));
}

function bytesOf(source: BufferSource): Uint8Array {
  return ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source);
}

/** What a module is made of, in either isolation. */
interface Parts {
  readonly types: ReturnType<typeof pooledTypes>;
  readonly decider: () => ReturnType<typeof pooledDecider>;
  /** Where a virtual WASI can show what follows from the id. */
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

/** The numbers of now, whenever they are read. Node shows a getter as one, and so is told what to show. */
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

function exportsOf(parts: Parts, world: WorldName, digest: Uint8Array | undefined): object {
  const { types, decideWithCommandId } = parts;
  switch (world) {
    case 'command-handler':
      return {
        types,
        decider: parts.decider(),
        routing: described(parts.routing(), digest),
        ...(decideWithCommandId && { decideWithCommandId }),
      };
    case 'process-manager':
      return { types, eventHandler: described(parts.eventHandler(), digest) };
    case 'read-model':
      return { types, projector: described(parts.projector(), digest) };
  }
}

/** The guest's description, asked for once, with the digest: the host knows the code better than the code does. */
function described<Description extends { readonly digest?: Uint8Array | undefined }, Rest>(
  part: Rest & { describe(): Description },
  digest: Uint8Array | undefined,
): Rest & { describe(): Description } {
  const description = part.describe();
  const known = Object.freeze({ ...description, digest: digest ?? description.digest });
  return { ...part, describe: () => known };
}
