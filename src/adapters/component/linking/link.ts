/**
 * Instantiation: runs the definitions of a component in their order, as *Explainer.md* lays out its index spaces.
 *
 * It is a generator that yields each core module to instantiate. So asynchronous and synchronous callers share its
 * code.
 */
import { type LiftedFunction, lendsAndConsumes } from '../abi/canon-lift.ts';
import { coreFunctionOf } from '../abi/canon-lower.ts';
import { resourceDrop, resourceNew, resourceRep } from '../abi/canon-resource.ts';
import { Context, type CoreFunction, LinearMemory } from '../abi/canonical-options.ts';
import { ComponentInstance, ENTERED, type Host, IDLE, RuntimeResource } from '../abi/component-instance.ts';
import type { CoreSort, Sort, SortIndex } from '../binary/definitions.ts';
import type { EngineImports, EngineMemory, EngineModule } from '../engine/web-assembly.ts';
import { LinkError, UnsupportedError } from '../errors.ts';
import { instanceCost, maxLinkWork } from '../limits.ts';
import type { ExternNode } from '../types/nodes.ts';
import type { ResourceType } from '../types.ts';
import type {
  ResolvedOptions,
  ResourceBinding,
  ValidatedAlias,
  ValidatedBuiltin,
  ValidatedDefinition,
  ValidatedLift,
  ValidatedLower,
} from '../validation/validated.ts';
import { type ComponentItem, erasedType, Frame, type InstanceItem, type Item } from './items.ts';

/** A core module to instantiate. The caller passes its exports to `next`. */
interface CoreInstantiation {
  readonly module: EngineModule;
  readonly imports: EngineImports;
  /** The length of the module's binary, if it is known. */
  readonly byteLength: number | undefined;
}

export type Linking<Result> = Generator<CoreInstantiation, Result, Record<string, unknown>>;

/** The data that all instances of one `instantiate` call share. */
export interface LinkHost extends Host {
  readonly resources: 'objects' | 'handles';
  readonly maxHandles: number;
  readonly maxMemoryBytes: number;
  /** The work done so far. `maxLinkWork` is its limit. */
  work: number;
  /** The views of each memory, which all functions that use it share. */
  readonly memories: Map<unknown, LinearMemory>;
}

/** Instantiates a component. `imports` returns the item for each of its imports. */
export function* linkComponent(
  { plan, outer }: ComponentItem,
  imports: (name: string) => Item | undefined,
  host: LinkHost,
  parent: ComponentInstance | undefined,
): Linking<InstanceItem> {
  const { definitions } = plan.component;
  spend(host, definitions.length + instanceCost);
  const instance = new ComponentInstance(parent, host, host.maxHandles);
  const frame = new Frame(plan, outer, instance);
  const exports = new Map<string, Item>();
  // Core start functions run inside the instance. Nothing can enter it before it is complete.
  instance.state = ENTERED;
  // Most definitions need no generator. A generator for each definition would take as long as its work.
  for (const each of definitions) {
    if (each.kind === 'core instance') {
      spend(host, instanceCost);
      frame.core.instance.push(yield* coreInstance(frame, each.definition, host));
    } else if (each.kind === 'instance') {
      const made = yield* nestedInstance(frame, each.definition, host);
      frame.items.instance.push(made);
      bind(frame, each.introduces, made);
    } else define(frame, each, imports, exports, host);
  }
  if (instance.state !== ENTERED) throw instance.failure;
  instance.state = IDLE;
  return { kind: 'instance', exports };
}

function spend(host: LinkHost, work: number): void {
  if ((host.work += work) > maxLinkWork)
    throw new LinkError(
      `expected instances and definitions of at most ${maxLinkWork} units of work, got more (maxLinkWork)`,
    );
}

function define(
  frame: Frame,
  each: Exclude<ValidatedDefinition, { readonly kind: 'core instance' | 'instance' }>,
  imports: (name: string) => Item | undefined,
  exports: Map<string, Item>,
  host: LinkHost,
): void {
  switch (each.kind) {
    case 'core module': {
      const module = frame.plan.modules.get(each.definition)!;
      const byteLength = each.definition.bytes.length;
      frame.items['core module'].push({ kind: 'core module', module, type: each.type, byteLength, pages: each.pages });
      return;
    }
    case 'component':
      frame.items.component.push({ kind: 'component', plan: frame.plan.nestedPlan(each.component), outer: frame });
      return;
    case 'alias':
      alias(frame, each);
      return;
    case 'type':
      frame.items.type.push(typeDefinition(frame, each));
      return;
    case 'erased type':
      frame.items.type.push(erasedType);
      return;
    case 'canon lift':
      frame.items.func.push({ kind: 'func', func: lift(frame, each, host) });
      return;
    case 'canon lower':
      frame.core.func.push(lower(frame, each, host));
      return;
    case 'canon builtin':
      frame.core.func.push(builtin(frame, each));
      return;
    case 'import': {
      const { name } = each.definition;
      const found = imports(name);
      if (found === undefined) throw new LinkError(`missing import: ${name}`, [name]);
      const item = withOwnResource(frame, found, each.type);
      push(frame, item.kind, item);
      bind(frame, each.introduces, item);
      return;
    }
    case 'export': {
      const item = narrowed(host, itemAt(frame, each.definition), each.type);
      exports.set(each.definition.name, item);
      if (item.kind === 'type') item.resource?.nameOnce(each.definition.name);
      push(frame, item.kind, item);
      bind(frame, each.introduces, item);
      return;
    }
    case 'start':
    case 'value':
      throw new UnsupportedError('values');
    case 'core type':
      return;
  }
}

/** Returns the run-time resource type for an import that names a resource type of the component itself. */
function withOwnResource(frame: Frame, item: Item, type: ExternNode): Item {
  if (item !== erasedType || type.kind !== 'type' || type.bound !== 'eq' || type.type.kind !== 'resource') return item;
  return { kind: 'type', resource: resourceAt(frame, type.type) };
}

// Instance Definitions ---------------------------------------------------------------------------------------------

function* coreInstance(
  frame: Frame,
  definition: (ValidatedDefinition & { kind: 'core instance' })['definition'],
  host: LinkHost,
): Linking<Record<string, unknown>> {
  if (definition.form === 'inline exports') {
    const exports: Record<string, unknown> = Object.create(null);
    for (const { name, sort, index } of definition.exports) exports[name] = coreSpace(frame, sort)[index];
    return exports;
  }
  const imports: EngineImports = Object.create(null);
  for (const { name, instance } of definition.arguments) imports[name] = at(frame.core.instance, instance);
  const { module, byteLength, pages } = at(frame.items['core module'], definition.module);
  spend(host, pages);
  return yield { module, imports, byteLength };
}

function* nestedInstance(
  frame: Frame,
  definition: (ValidatedDefinition & { kind: 'instance' })['definition'],
  host: LinkHost,
): Linking<InstanceItem> {
  if (definition.form === 'inline exports') {
    return { kind: 'instance', exports: itemsOf(host, frame, definition.exports) };
  }
  const args = itemsOf(host, frame, definition.arguments);
  return yield* linkComponent(
    at(frame.items.component, definition.component),
    (name) => args.get(name),
    host,
    frame.instance,
  );
}

function itemsOf(
  host: LinkHost,
  frame: Frame,
  list: readonly (SortIndex & { readonly name: string })[],
): Map<string, Item> {
  spend(host, list.length);
  const items = new Map<string, Item>();
  for (const each of list) items.set(each.name, itemAt(frame, each));
  return items;
}

/** Narrows an item to a type, so that an instance keeps only the exports of its type. */
function narrowed(host: LinkHost, item: Item, type: ExternNode): Item {
  if (item.kind !== 'instance' || type.kind !== 'instance') return item;
  spend(host, type.exports.length);
  const exports = new Map<string, Item>();
  for (const { name, type: shown } of type.exports) exports.set(name, narrowed(host, item.exports.get(name)!, shown));
  return { kind: 'instance', exports };
}

// Index spaces -----------------------------------------------------------------------------------------------------

function coreSpace({ core }: Frame, sort: CoreSort): unknown[] {
  if (sort === 'type' || sort === 'module') throw new Error('every sort has a space');
  return core[sort];
}

function itemAt({ items }: Frame, { sort, index }: SortIndex): Item {
  if (isItemSort(items, sort)) return at<Item>(items[sort], index);
  throw new UnsupportedError(sort === 'value' ? 'values' : sort);
}

function isItemSort(items: Frame['items'], sort: Sort): sort is Item['kind'] {
  return sort in items;
}

function push<Kind extends Item['kind']>({ items }: Frame, kind: Kind, item: Item & { readonly kind: Kind }): void {
  items[kind].push(item);
}

/** Returns the element at an index, which the validator has checked. */
function at<T>(space: readonly T[], index: number): T {
  const found = space[index];
  if (found === undefined) throw new Error('every index is in its space');
  return found;
}

/** Adds the resource types of a definition to the map from static to run-time resource types. */
function bind(frame: Frame, introduces: readonly ResourceBinding[], item: Item): void {
  for (const { resource, path } of introduces) {
    let found: Item | undefined = item;
    for (const name of path) found = found?.kind === 'instance' ? found.exports.get(name) : undefined;
    if (found?.kind !== 'type' || found.resource === undefined) {
      throw new LinkError(`missing resource type: ${path.join(' ')}`, path);
    }
    frame.instance.resources[frame.plan.slotOf(resource)] = found.resource;
  }
}

function resourceAt(frame: Frame, resource: ResourceType): RuntimeResource {
  return at(frame.instance.resources, frame.plan.slotOf(resource));
}

// Alias Definitions ------------------------------------------------------------------------------------------------

function alias(frame: Frame, { definition }: ValidatedAlias): void {
  switch (definition.target) {
    case 'export': {
      const item = at(frame.items.instance, definition.instance).exports.get(definition.name);
      if (item === undefined) throw new LinkError(`missing export: ${definition.name}`, [definition.name]);
      push(frame, item.kind, item);
      return;
    }
    case 'core export':
      coreSpace(frame, coreSortOf(definition.sort)).push(at(frame.core.instance, definition.instance)[definition.name]);
      return;
    case 'outer': {
      if (definition.sort === 'core type') return;
      let outer = frame;
      // The validator has counted the components around this one.
      for (let count = definition.count; count > 0; count--) outer = outer.outer!;
      const item = itemAt(outer, definition);
      push(frame, item.kind, item);
    }
  }
}

function coreSortOf(sort: Sort): CoreSort {
  return sort.slice('core '.length) as CoreSort;
}

// Type Definitions -------------------------------------------------------------------------------------------------

/** Creates a resource type. */
function typeDefinition(frame: Frame, { type, dtor }: ValidatedDefinition & { kind: 'type' }): Item & { kind: 'type' } {
  const resource = new RuntimeResource(type.name, frame.instance);
  if (dtor !== undefined) resource.dtor = at(frame.core.func, dtor) as (rep: number) => undefined;
  frame.instance.resources[frame.plan.slotOf(type)] = resource;
  return { kind: 'type', resource };
}

// Canonical Definitions --------------------------------------------------------------------------------------------

function contextOf(frame: Frame, options: ResolvedOptions, host: LinkHost): Context {
  const { memory, realloc } = options;
  return new Context(
    frame.instance,
    linearMemory(memory === undefined ? undefined : frame.core.memory[memory], host),
    options.stringEncoding,
    realloc === undefined ? undefined : frame.core.func[realloc],
  );
}

function linearMemory(memory: unknown, host: LinkHost): LinearMemory {
  let linear = host.memories.get(memory);
  if (linear === undefined) {
    linear = new LinearMemory(memory as EngineMemory | undefined, host.maxMemoryBytes);
    host.memories.set(memory, linear);
  }
  return linear;
}

function lift(frame: Frame, { definition, type, options }: ValidatedLift, host: LinkHost): LiftedFunction {
  // This comes before any function is passed to JavaScript, so that all of them count the lends of the host, or none.
  host.handles.isObserved ||= lendsAndConsumes(type);
  return {
    kind: 'lifted',
    type,
    stagers: frame.plan.stagersFor(host.resources),
    context: contextOf(frame, options, host),
    core: options.async ? unsupported('asynchronous ABI', frame) : at(frame.core.func, definition.func),
    postReturn: options.postReturn === undefined ? undefined : at(frame.core.func, options.postReturn),
  };
}

function lower(frame: Frame, { definition, type, options }: ValidatedLower, host: LinkHost): CoreFunction {
  if (options.async) return unsupported('asynchronous ABI', frame);
  return coreFunctionOf(at(frame.items.func, definition.func).func, {
    type,
    stagers: frame.plan.stagersFor(host.resources),
    context: contextOf(frame, options, host),
  });
}

function builtin(frame: Frame, { definition, resource }: ValidatedBuiltin): CoreFunction {
  if (resource === undefined) return unsupported(definition.name, frame);
  const type = resourceAt(frame, resource);
  switch (definition.name) {
    case 'resource.new':
      return resourceNew(frame.instance, type);
    case 'resource.drop':
      return resourceDrop(frame.instance, type);
    default:
      return resourceRep(frame.instance, type);
  }
}

/**
 * Returns a function that throws. A guest that imports an unsupported built-in can run unless it calls the built-in.
 */
function unsupported(feature: string, { instance }: Frame): CoreFunction {
  return () => {
    const error = new UnsupportedError(feature);
    instance.poison(error);
    throw error;
  };
}
