/** *Explainer.md*, "Index Spaces": the state of a component, component type or instance type during validation. */
import type { Sort } from '../binary/definitions.ts';
import type { ComponentNode, ExternNode, FunctionNode, InstanceNode, NamedNode, TypeEntry } from '../types/nodes.ts';
import { type Marked, newPlace } from '../types/type-marks.ts';
import type { CoreExternType, CoreFuncType, CoreModuleType, ResourceType } from '../types.ts';
import type { Context } from './context.ts';
import type { CoreTypeEntry } from './core-types.ts';
import type { CoreInstanceType } from './validated.ts';

type CoreSpaces = {
  readonly [Kind in Exclude<CoreExternType['kind'], 'func'>]: (CoreExternType & { readonly kind: Kind })[];
} & { readonly func: CoreFuncType[] };

/** The names on one side, imports or exports. */
export interface Names {
  /** The names as written, by their canonical forms. */
  readonly unique: Map<string, string>;
  /** The type indices that plain names denote. */
  readonly resources: Map<string, TypeEntry>;
}

/** The index spaces, the imports and the exports. */
export interface Scope {
  readonly kind: 'component' | 'component type' | 'instance type';
  readonly context: Context;
  readonly parent: Scope | undefined;
  readonly core: CoreSpaces;
  readonly coreTypes: CoreTypeEntry[];
  readonly coreModules: CoreModuleType[];
  readonly coreInstances: CoreInstanceType[];
  readonly funcs: FunctionNode[];
  readonly types: TypeEntry[];
  readonly components: ComponentNode[];
  readonly instances: InstanceNode[];
  readonly imports: NamedNode[];
  readonly exports: NamedNode[];
  readonly importNames: Names;
  readonly exportNames: Names;
  /** The resource types that imports introduced. */
  readonly imported: ResourceType[];
  /** The resource types that exports introduced. */
  readonly defined: ResourceType[];
  /** The resource types in `imported` and `defined`. */
  readonly known: Set<ResourceType>;
  /** The resource types that type definitions of this component create. */
  readonly local: Set<ResourceType>;
  /** The number with which the scope marks types as externally visible. See `visibility.ts`. */
  readonly place: number;
  /** The visibility of types that another scope has marked. */
  readonly visible: Map<Marked<unknown>, number>;
}

/** Returns an empty set of names. */
export function noNames(): Names {
  return { unique: new Map(), resources: new Map() };
}

/** Returns an empty scope inside `parent`. */
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
    importNames: noNames(),
    exportNames: noNames(),
    imported: [],
    defined: [],
    known: new Set(),
    local: new Set(),
    place: newPlace(),
    visible: new Map(),
  };
}

/** Returns the scope `count` levels outside of `scope`. `written` is the count in the alias, for the error text. */
export function outerScope(scope: Scope, count: number, written: number = count): Scope {
  let found: Scope | undefined = scope;
  for (let left = count; left > 0 && found !== undefined; left--) found = found.parent;
  return found ?? scope.context.fail(`invalid outer alias count of ${written}`);
}

/** Appends a type to the index space of its core sort. */
export function pushCore({ core }: Scope, type: CoreExternType): void {
  if (type.kind === 'func') core.func.push(type);
  else if (type.kind === 'table') core.table.push(type);
  else if (type.kind === 'memory') core.memory.push(type);
  else if (type.kind === 'global') core.global.push(type);
  else core.tag.push(type);
}

/** Appends a type to the index space of its sort. */
export function push(scope: Scope, type: ExternNode): void {
  if (type.kind === 'core module') scope.coreModules.push(type.type);
  else if (type.kind === 'func') scope.funcs.push(type);
  else if (type.kind === 'type') scope.types.push(type);
  else if (type.kind === 'component') scope.components.push(type);
  else scope.instances.push(type);
}

/** Returns the definition at an index of a sort that can be imported and exported. */
export function lookUp(scope: Scope, sort: Sort, index: number): ExternNode {
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
