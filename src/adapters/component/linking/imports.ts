/**
 * *Explainer.md*, "JS API", *read the imports*: converts the object that JavaScript passes to the items that the linker
 * uses.
 */
import { importError } from '../abi/canon-lower.ts';
import { RuntimeResource } from '../abi/component-instance.ts';
import { propertyOf, show } from '../abi/javascript-values.ts';
import { guestObjects, hostResource } from '../abi/resource-objects.ts';
import { type EngineModule, engine } from '../engine/web-assembly.ts';
import { LinkError } from '../errors.ts';
import type { ExternNode, FunctionNode, InstanceNode, TypeEntry } from '../types/nodes.ts';
import type { ResourceType } from '../types.ts';
import { Context } from '../validation/context.ts';
import { Matcher } from '../validation/subtyping.ts';
import type { AsyncImports } from './async-imports.ts';
import { functionIn, GivenObject, isAsyncFunction, isConstructor, isPlainFunction } from './given-object.ts';
import { combinedError } from './import-problems.ts';
import { describeExtern, erasedType, expectedExtern, type InstanceItem, type Item } from './items.ts';
import { labelCollision } from './js-names.ts';
import { isObject, itemOf, resourceOf } from './known.ts';
import type { LinkHost } from './link.ts';
import type { Plan } from './plan.ts';
import { isSameFunction, type Resolve } from './same-type.ts';

/** A host's resource types by their class or object, so that one class is one type in all components. */
const hostResources = {
  objects: new WeakMap<object, RuntimeResource>(),
  handles: new WeakMap<object, RuntimeResource>(),
};

/** The placeholder for a resource type that was refused. It prevents further errors for the uses of that type. */
const refusedResource = new RuntimeResource(undefined, undefined);

/** Reads the imports of one root component. */
export class ImportReader {
  readonly #given: object;
  readonly #host: LinkHost;
  readonly #plan: Plan;
  readonly #asyncImports: AsyncImports;
  /** The resource types that the imports have bound so far. */
  readonly #bound = new Map<ResourceType, RuntimeResource>();
  readonly #refused: LinkError[] = [];
  /** True if an import may make a guest wait. */
  mayWait = false;

  constructor(given: object, plan: Plan, host: LinkHost, asyncImports: AsyncImports) {
    this.#given = given;
    this.#host = host;
    this.#plan = plan;
    this.#asyncImports = asyncImports;
  }

  /**
   * Reads all imports before any code of the component runs.
   *
   * @throws LinkError that lists every import that is missing or has the wrong type.
   */
  read(): ReadonlyMap<string, Item> {
    const { imports } = this.#plan.component;
    const items = new Map<string, Item>();
    const given = new GivenObject(this.#given, imports, this.#plan.sameNames(imports));
    for (const { name, type, implements: of } of imports) {
      const value = needsValue(type)
        ? (given.member(name, type) ?? (of === undefined ? undefined : given.member(of, type)))
        : undefined;
      items.set(name, this.#read(type, value, name, given, [name], undefined));
    }
    this.#asyncImports.check();
    if (this.#refused.length > 0) throw combinedError(this.#refused);
    return items;
  }

  /**
   * Reads one import. `known` is the item if another component exports it. If an item is refused, reading continues, so
   * that one error can list all problems.
   */
  #read(
    type: ExternNode,
    value: unknown,
    name: string,
    container: GivenObject,
    path: readonly string[],
    known: Item | undefined,
  ): Item {
    try {
      return known === undefined ? this.#item(type, value, name, container, path) : this.#recognised(known, type, path);
    } catch (error) {
      if (!(error instanceof LinkError)) throw error;
      this.#refused.push(error);
      return erasedType;
    }
  }

  #item(type: ExternNode, value: unknown, name: string, container: GivenObject, path: readonly string[]): Item {
    switch (type.kind) {
      case 'func':
        return this.#func(type, value, name, container, path);
      case 'type':
        return this.#type(type, value, path);
      case 'instance':
        return this.#instance(type, value, path);
      case 'core module':
        return coreModule(type, value, path);
      case 'component': {
        const known = itemOf(value);
        if (known?.kind !== 'component') throw unexpected(type, value, path);
        return matchType(known, known.plan.component.type, type, path);
      }
    }
  }

  // Functions ------------------------------------------------------------------------------------------------------

  #func(type: FunctionNode, value: unknown, name: string, container: GivenObject, path: readonly string[]): Item {
    const call = functionIn(value) ?? container.resourceFunction(name);
    const isDeclared = this.#asyncImports.has(path);
    if (call === undefined) throw unexpected(type, value, path, container.reason(name));
    const known = itemOf(call);
    if (known?.kind === 'func') return this.#checked(known, type, path);
    const collision = this.#plan.component.mayCollide ? labelCollision(type) : undefined;
    if (collision !== undefined) throw importError(path, collision);
    const mayWait = type.async || isDeclared || isAsyncFunction(call);
    this.mayWait ||= mayWait;
    return { kind: 'func', func: { kind: 'host', path, call, mayWait } };
  }

  /** Checks a function that another component exports. If that function may have to wait, so may this component. */
  #checked(item: Item & { kind: 'func' }, type: FunctionNode, path: readonly string[]): Item {
    const { func } = item;
    if (func.kind === 'host') {
      this.mayWait ||= func.mayWait;
      return item;
    }
    this.mayWait ||= func.context.instance.root.mayWait;
    const { context, stagers } = func;
    const given = {
      type: func.type,
      resolve: ((resource) => context.resources[stagers.direct.slotOf(resource)]) satisfies Resolve,
    };
    if (isSameFunction(given, { type, resolve: this.#resolve }) || this.#usesRefused(type)) return item;
    throw importError(path, 'expected a function of the imported type, got a component function of another type');
  }

  readonly #resolve: Resolve = (resource) => this.#bound.get(resource);

  #usesRefused({ params, result }: FunctionNode): boolean {
    return this.#refused.length > 0 && (result?.handle === true || params.some(({ type }) => type.handle));
  }

  // Resource types -------------------------------------------------------------------------------------------------

  #type({ type, bound }: TypeEntry, value: unknown, path: readonly string[]): Item {
    if (type.kind !== 'resource') return erasedType;
    const known = this.#bound.get(type);
    if (known === refusedResource) return erasedType;
    if (known !== undefined) {
      // The same resource type need not be passed again.
      if (isObject(value) && this.#resource(value, path) !== known) throw otherClass(path);
      return { kind: 'type', resource: known };
    }
    // The type is equal to a resource type that the component defines. The linker already has that type.
    if (bound === 'eq') return erasedType;
    this.#bound.set(type, refusedResource);
    const resource = this.#resource(value, path);
    this.#bound.set(type, resource);
    return { kind: 'type', resource };
  }

  #resource(value: unknown, path: readonly string[]): RuntimeResource {
    if (!isObject(value)) throw unexpected({ kind: 'type' }, value, path);
    const known = value instanceof RuntimeResource ? value : resourceOf(value);
    if (known !== undefined) {
      // The component that defines the type may represent its resources as numbers.
      if (this.#host.resources === 'objects' && known.impl !== undefined) guestObjects(known);
      return known;
    }
    const isClass = typeof value === 'function';
    if (isClass && !isConstructor(value)) throw unexpected({ kind: 'type' }, value, path);
    // A class is for objects even if the guest's own resources are numbers, so that import objects work with both.
    const asHandles = this.#host.resources === 'handles' && !isClass;
    const resources = hostResources[asHandles ? 'handles' : 'objects'];
    let resource = resources.get(value);
    if (resource === undefined) {
      resource = hostResource(path.at(-1) ?? 'resource', value, asHandles);
      resources.set(value, resource);
    }
    return resource;
  }

  /** Returns whether the objects of an imported resource type have a method `then`. */
  readonly isThenable = (type: ResourceType): boolean => {
    const given = this.#bound.get(type)?.objects?.exported;
    return typeof propertyOf(propertyOf(given, 'prototype'), 'then') === 'function';
  };

  // Instances ------------------------------------------------------------------------------------------------------

  #instance(
    type: InstanceNode,
    value: unknown,
    path: readonly string[],
    known: Item | undefined = itemOf(value),
  ): InstanceItem {
    // An instance that has only types without a run-time form may be missing.
    const given = needsValue(type) ? value : {};
    if (!isObject(given) || isPlainFunction(given)) throw unexpected(type, given, path);
    const exports = new Map<string, Item>();
    const container = new GivenObject(given, type.exports, this.#plan.sameNames(type.exports));
    for (const { name, type: expected } of type.exports) {
      const item = known?.kind === 'instance' ? known.exports.get(name) : undefined;
      const value = item === undefined && needsValue(expected) ? container.member(name, expected) : undefined;
      exports.set(name, this.#read(expected, value, name, container, [...path, name], item));
    }
    return { kind: 'instance', exports };
  }

  /** Checks an item that another component exports against the expected type. */
  #recognised(item: Item, type: ExternNode, path: readonly string[]): Item {
    if (item.kind !== type.kind) {
      throw importError(path, `expected ${expectedExtern(type)}, got ${describeExtern(item)}`);
    }
    if (item.kind === 'func' && type.kind === 'func') return this.#checked(item, type, path);
    if (item.kind === 'type' && type.kind === 'type') return this.#type(type, item.resource, path);
    if (type.kind === 'instance') return this.#instance(type, Object.create(null), path, item);
    if (item.kind === 'core module' && type.kind === 'core module') return coreModule(type, item.module, path);
    return item.kind === 'component' ? matchType(item, item.plan.component.type, type, path) : item;
  }
}

/** Returns the export of another component, if it is of the expected type. */
function matchType(item: Item, given: ExternNode, type: ExternNode, path: readonly string[]): Item {
  const wrong = new Matcher(new Context(), []).extern(given, type);
  if (wrong === undefined) return item;
  throw importError(path, wrong.message, undefined, wrong.path);
}

function needsValue(type: ExternNode): boolean {
  if (type.kind === 'instance') return type.exports.some((each) => needsValue(each.type));
  return type.kind !== 'type' || type.type.kind === 'resource';
}

// Core modules -----------------------------------------------------------------------------------------------------

function coreModule(extern: ExternNode & { kind: 'core module' }, value: unknown, path: readonly string[]): Item {
  const known = itemOf(value);
  if (known?.kind === 'core module' && known.type !== undefined) {
    return matchType(known, { kind: known.kind, type: known.type }, extern, path);
  }
  if (!(value instanceof engine.Module)) throw unexpected(extern, value, path);
  const { type } = extern;
  const module = value as EngineModule;
  const exports = new Map(engine.Module.exports(module).map((each) => [each.name, kindOf(each.kind)]));
  for (const each of type.exports) {
    if (exports.get(each.name) === each.type.kind) continue;
    throw importError(path, `expected a core module that exports the ${each.type.kind} ${show(each.name)}`);
  }
  const imports = new Map(type.imports.map((each) => [`${each.module}\0${each.name}`, each.type.kind]));
  for (const each of engine.Module.imports(module)) {
    if (imports.get(`${each.module}\0${each.name}`) === kindOf(each.kind)) continue;
    throw importError(
      path,
      `expected a core module with the imports of its type, got one that also imports ${show(each.module)} ${show(each.name)}`,
    );
  }
  return { kind: 'core module', module, type: undefined, byteLength: undefined, pages: 0 };
}

/** Converts the engine's name of a core sort to the name in the text format. */
function kindOf(kind: string): string {
  return kind === 'function' ? 'func' : kind;
}

// Errors -----------------------------------------------------------------------------------------------------------

function unexpected(
  type: Pick<ExternNode, 'kind'>,
  value: unknown,
  path: readonly string[],
  reason: string = '',
): LinkError {
  return importError(
    path,
    `expected ${expectedExtern(type)}, got ${value === undefined ? 'nothing' : show(value)}${reason}`,
  );
}

function otherClass(path: readonly string[]): LinkError {
  return importError(path, 'expected the class that was passed for the same resource type before, got another one');
}
