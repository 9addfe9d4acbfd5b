/** *Explainer.md*, "Index Spaces": a component, component type or instance type while it is being validated. */
import type { Sort } from '../binary/definitions.ts';
import type {
  ComponentType,
  CoreExternType,
  CoreFuncType,
  CoreModuleType,
  ExternType,
  FunctionType,
  InstanceType,
  NamedExtern,
  ResourceType,
} from '../types.ts';
import type { Context } from './context.ts';
import type { CoreTypeEntry } from './core-types.ts';
import type { CoreInstanceType } from './validated.ts';

/**
 * What stands in a type index space. The object is the identity of the index ("typeidx") and of its aliases: an import
 * or export makes a new one for the same type, and only that one has an externally visible name.
 */
export type TypeEntry = ExternType & { readonly kind: 'type' };

type CoreSpaces = {
  readonly [Kind in Exclude<CoreExternType['kind'], 'func'>]: (CoreExternType & { readonly kind: Kind })[];
} & { readonly func: CoreFuncType[] };

/** The names on one side, imports or exports. */
export interface Names {
  /** The name that was given, by its canonical form. */
  readonly unique: Map<string, string>;
  /** The type index that a plain name stands for. */
  readonly resources: Map<string, TypeEntry>;
  /** Type entries and value types that have an externally visible name, or are built of such. */
  readonly visible: Set<object>;
}

/** The index spaces, and what must be known of imports and exports. */
export interface Scope {
  readonly kind: 'component' | 'component type' | 'instance type';
  readonly context: Context;
  readonly parent: Scope | undefined;
  readonly core: CoreSpaces;
  readonly coreTypes: CoreTypeEntry[];
  readonly coreModules: CoreModuleType[];
  readonly coreInstances: CoreInstanceType[];
  readonly funcs: FunctionType[];
  readonly types: TypeEntry[];
  readonly components: ComponentType[];
  readonly instances: InstanceType[];
  readonly imports: NamedExtern[];
  readonly exports: NamedExtern[];
  readonly importNames: Names;
  readonly exportNames: Names;
  /** The resource types that imports introduced. */
  readonly imported: ResourceType[];
  /** The resource types that exports introduced. */
  readonly defined: ResourceType[];
  /** Both. */
  readonly known: Set<ResourceType>;
  /** The resource types that type definitions of this component make. */
  readonly local: Set<ResourceType>;
}

function names(): Names {
  return { unique: new Map(), resources: new Map(), visible: new Set() };
}

/** An empty scope inside `parent`. */
export function newScope(kind: Scope['kind'], context: Context, parent: Scope | undefined): Scope {
  return {
    kind,
    context,
    parent,
    core: { func: [], table: [], memory: [], global: [], tag: [] },
    coreTypes: [],
    coreModules: [],
    coreInstances: [],
    funcs: [],
    types: [],
    components: [],
    instances: [],
    imports: [],
    exports: [],
    importNames: names(),
    exportNames: names(),
    imported: [],
    defined: [],
    known: new Set(),
    local: new Set(),
  };
}

/** The scope `count` levels out; `written` is the count of the alias, for the message. */
export function outerScope(scope: Scope, count: number, written: number = count): Scope {
  let found: Scope | undefined = scope;
  for (let left = count; left > 0 && found !== undefined; left--) found = found.parent;
  return found ?? scope.context.fail(`invalid outer alias count of ${written}`);
}

/** Appends to the index space of a core sort. */
export function pushCore({ core }: Scope, type: CoreExternType): void {
  if (type.kind === 'func') core.func.push(type);
  else if (type.kind === 'table') core.table.push(type);
  else if (type.kind === 'memory') core.memory.push(type);
  else if (type.kind === 'global') core.global.push(type);
  else core.tag.push(type);
}

/** Appends to the index space of the type's sort. */
export function push(scope: Scope, type: ExternType): void {
  if (type.kind === 'core module') scope.coreModules.push(type.type);
  else if (type.kind === 'func') scope.funcs.push(type);
  else if (type.kind === 'type') scope.types.push(type);
  else if (type.kind === 'component') scope.components.push(type);
  else if (type.kind === 'instance') scope.instances.push(type);
}

/** What stands at an index of a sort that can be imported and exported. */
export function lookUp(scope: Scope, sort: Sort, index: number): ExternType {
  const { context } = scope;
  switch (sort) {
    case 'core module':
      return { kind: 'core module', type: context.at(scope.coreModules, index, 'module') };
    case 'func':
      return context.at(scope.funcs, index, 'function');
    case 'type':
      return context.at(scope.types, index, 'type');
    case 'component':
      return context.at(scope.components, index, 'component');
    case 'instance':
      return context.at(scope.instances, index, 'instance');
    default:
      return context.fail(`a component cannot import or export a ${sort}`);
  }
}
