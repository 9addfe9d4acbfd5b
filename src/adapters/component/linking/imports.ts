/**
 * *Explainer.md*, "JS API", *read the imports*: from the object that JavaScript gives to the items that the linker uses.
 */
import { type HostCallable, rootOf } from '../abi/canon-lift.ts';
import { isAsynchronous, refusal } from '../abi/canon-lower.ts';
import { propertyOf, show, toCamelCase, toPascalCase } from '../abi/javascript-values.ts';
import { GuestResourceObjects, hostResource } from '../abi/resource-objects.ts';
import { RuntimeResource } from '../abi/runtime-state.ts';
import { type EngineModule, engine } from '../engine/web-assembly.ts';
import type { LinkError } from '../errors.ts';
import type { ExternNode, FunctionNode, InstanceNode, NamedNode, TypeEntry } from '../types/extern-type.ts';
import { Context } from '../validation/context.ts';
import { Matcher } from '../validation/subtyping.ts';
import { describeExtern, erasedType, type Frame, type InstanceItem, type Item } from './items.ts';
import { isObject, itemOf, resourceOf } from './known.ts';
import type { LinkHost } from './link.ts';
import { findImport, firstOf, parseResourceFunction } from './names.ts';
import { isSameFunction, type Resolve } from './same-type.ts';

/** A host's resource types by what it gave for them, so that what is one class is one type in all components. */
const hostResources = {
  objects: new WeakMap<object, RuntimeResource>(),
  handles: new WeakMap<object, RuntimeResource>(),
};

/** Reads imports for one root component while it is being linked. */
export class ImportReader {
  readonly #given: object;
  readonly #host: LinkHost;
  readonly #types: ReadonlyMap<string, NamedNode>;
  /** Whether an import was given that may make a guest wait. */
  mayWait = false;

  constructor(given: object, imports: readonly NamedNode[], host: LinkHost) {
    this.#given = given;
    this.#host = host;
    this.#types = new Map(imports.map((each) => [each.name, each]));
  }

  readonly read = (name: string, frame: Frame): Item | undefined => {
    const extern = this.#types.get(name);
    if (extern === undefined) return undefined;
    const scope = { frame, bound: new Map() };
    const { type } = extern;
    const value =
      needsValue(type) &&
      (memberOf(this.#given, name, type) ?? (extern.implements && memberOf(this.#given, extern.implements, type)));
    return this.#item(type, value, name, this.#given, [name], scope);
  };

  #item(
    type: ExternNode,
    value: unknown,
    name: string,
    container: object,
    path: readonly string[],
    scope: Scope,
  ): Item {
    switch (type.kind) {
      case 'func':
        return this.#func(type, value, name, container, path, scope);
      case 'type':
        return this.#type(type, value, path, scope);
      case 'instance':
        return this.#instance(type, value, path, scope);
      case 'core module':
        return coreModule(type, value, path);
      case 'component': {
        const known = itemOf(value);
        if (known?.kind !== 'component') throw missing(type, value, path);
        return fitting(known, known.plan.component.type, type, path);
      }
    }
  }

  // Functions ------------------------------------------------------------------------------------------------------

  #func(
    type: FunctionNode,
    value: unknown,
    name: string,
    container: object,
    path: readonly string[],
    scope: Scope,
  ): Item {
    const found = functionIn(value) ?? resourceFunction(container, name);
    if (found === undefined) throw missing(type, value, path);
    const known = itemOf(found);
    if (known?.kind === 'func') return this.#checked(known, type, path, scope);
    this.mayWait ||= isAsynchronous(type, found);
    return { kind: 'func', func: { kind: 'host', path, call: found } };
  }

  /** A component's function. What may wait behind it makes this one wait as well. */
  #checked(item: Item & { kind: 'func' }, type: FunctionNode, path: readonly string[], scope: Scope): Item {
    const { func } = item;
    this.mayWait ||= func.kind === 'host' ? isAsynchronous(type, func.call) : rootOf(func.context.instance).mayWait;
    return checked(item, type, path, scope);
  }

  // Resource types -------------------------------------------------------------------------------------------------

  #type(type: TypeEntry, value: unknown, path: readonly string[], scope: Scope): Item {
    if (type.type.kind !== 'resource') return erasedType;
    const expected = resolveIn(scope)(type.type);
    // A resource type that an import before this one has bound needs not be given again.
    if (expected === undefined) {
      const resource = this.#resource(value, type, path);
      scope.bound.set(type.type, resource);
      return { kind: 'type', resource };
    }
    if (isObject(value) && this.#resource(value, type, path) !== expected) throw otherResource(path);
    return { kind: 'type', resource: expected };
  }

  #resource(value: unknown, type: ExternNode, path: readonly string[]): RuntimeResource {
    if (!isObject(value)) throw missing(type, value, path);
    const known = value instanceof RuntimeResource ? value : resourceOf(value);
    if (known !== undefined) {
      // Its own component may have it as numbers.
      if (this.#host.resources === 'objects') known.objects ??= new GuestResourceObjects(known);
      return known;
    }
    // A class stands for objects even where the guest's own resources are numbers: import objects work in both.
    const asHandles = this.#host.resources === 'handles' && typeof value !== 'function';
    const resources = hostResources[asHandles ? 'handles' : 'objects'];
    let resource = resources.get(value);
    if (resource === undefined) {
      resource = hostResource(path.at(-1) ?? 'resource', value, asHandles);
      resources.set(value, resource);
    }
    return resource;
  }

  // Instances ------------------------------------------------------------------------------------------------------

  #instance(
    type: InstanceNode,
    value: unknown,
    path: readonly string[],
    scope: Scope,
    known: Item | undefined = itemOf(value),
  ): InstanceItem {
    // An instance of nothing but types without a run-time form need not be given.
    if (!needsValue(type)) value = {};
    if (!isObject(value)) throw missing(type, value, path);
    const exports = new Map<string, Item>();
    for (const { name, type: expected } of type.exports) {
      const inner = [...path, name];
      const item = known?.kind === 'instance' ? known.exports.get(name) : undefined;
      exports.set(
        name,
        item === undefined
          ? this.#item(expected, needsValue(expected) && memberOf(value, name, expected), name, value, inner, scope)
          : this.#recognised(item, expected, inner, scope),
      );
    }
    return { kind: 'instance', exports };
  }

  /** An item that another component exports, against the type that is expected of it. */
  #recognised(item: Item, type: ExternNode, path: readonly string[], scope: Scope): Item {
    if (item.kind !== type.kind) {
      throw refusal(path, `${describeExtern(type)} expected, got ${describeExtern(item)}`);
    }
    if (item.kind === 'func' && type.kind === 'func') return this.#checked(item, type, path, scope);
    if (item.kind === 'type' && type.kind === 'type') return this.#type(type, item.resource, path, scope);
    if (type.kind === 'instance') return this.#instance(type, Object.create(null), path, scope, item);
    if (item.kind === 'core module' && type.kind === 'core module') return coreModule(type, item.module, path);
    return item.kind === 'component' ? fitting(item, item.plan.component.type, type, path) : item;
  }
}

/** The resource types that the import being read has bound so far, beside those that the component has already. */
interface Scope {
  readonly frame: Frame;
  readonly bound: Map<unknown, RuntimeResource>;
}

function resolveIn({ frame, bound }: Scope): Resolve {
  return (resource) => bound.get(resource) ?? frame.instance.resources[frame.plan.slotOf(resource)];
}

function checked(item: Item & { kind: 'func' }, type: FunctionNode, path: readonly string[], scope: Scope): Item {
  const { func } = item;
  if (func.kind === 'host') return item;
  const { context, stagers } = func;
  const given = {
    type: func.type,
    resolve: ((resource) => context.resources[stagers.direct.slotOf(resource)]) satisfies Resolve,
  };
  if (isSameFunction(given, { type, resolve: resolveIn(scope) })) return item;
  throw refusal(path, 'the component function given has another type');
}

/** What another component exports, where it is of the type that is expected. */
function fitting(item: Item, given: ExternNode, type: ExternNode, path: readonly string[]): Item {
  const wrong = new Matcher(new Context(), []).extern(given, type);
  if (wrong === undefined) return item;
  throw refusal(path, wrong.message, undefined, wrong.path);
}

function needsValue(type: ExternNode): boolean {
  if (type.kind === 'instance') return type.exports.some((each) => needsValue(each.type));
  return type.kind !== 'type' || type.type.kind === 'resource';
}

// Reading JavaScript objects ---------------------------------------------------------------------------------------

/** What is given under a name of WIT, or under the one that JavaScript gives it. */
function memberOf(object: object, name: string, type: ExternNode): unknown {
  if (type.kind !== 'type') return findImport(object, name);
  return classIn(firstOf(object, [toPascalCase(name), name, toCamelCase(name)]));
}

/** A function, or the default export of a module. */
function functionIn(value: unknown): HostCallable | undefined {
  if (typeof value === 'function') return value as HostCallable;
  const inner = propertyOf(value, 'default');
  return typeof inner === 'function' ? (inner as HostCallable) : undefined;
}

/** The same of a class; what is made of functions may have one that is called `default`. */
function classIn(value: unknown): unknown {
  const inner = functionIn(value);
  return propertyOf(inner, 'prototype') === undefined ? value : inner;
}

/** `[method]r.m` and its like, as members of the class or object that is given for `r`. */
function resourceFunction(container: object, name: string): HostCallable | undefined {
  const parsed = parseResourceFunction(name);
  if (parsed === undefined) return undefined;
  const { resource } = parsed;
  const given = classIn(firstOf(container, [toPascalCase(resource), resource, toCamelCase(resource)]));
  if (!isObject(given)) return undefined;
  const isClass = typeof given === 'function';
  if (isClass && parsed.form === 'constructor') return (...args) => Reflect.construct(given, args);
  const isMethod = isClass && parsed.form === 'method';
  const member = parsed.form === 'constructor' ? 'create' : toCamelCase(parsed.member);
  const method = propertyOf(isMethod ? given.prototype : given, member);
  if (typeof method !== 'function') return undefined;
  const call: HostCallable = isMethod
    ? (self, ...args) => callMethod(self, member, args)
    : (...args) => method.apply(given, args);
  return knownOr(method as HostCallable, call);
}

/** A component's own method keeps its identity. An asynchronous one has to be seen as such. */
function knownOr(method: HostCallable, call: HostCallable): HostCallable {
  if (itemOf(method) !== undefined) return method;
  return method.constructor.name === 'AsyncFunction' ? async (...args) => call(...args) : call;
}

function callMethod(self: unknown, member: string, args: unknown[]): unknown {
  const method = propertyOf(self, member);
  if (typeof method !== 'function')
    throw new TypeError(`expected a resource with a method ${member}, got ${show(self)}`);
  return method.apply(self, args);
}

// Core modules -----------------------------------------------------------------------------------------------------

function coreModule(extern: ExternNode & { kind: 'core module' }, value: unknown, path: readonly string[]): Item {
  const known = itemOf(value);
  if (known?.kind === 'core module' && known.type !== undefined) {
    return fitting(known, { kind: known.kind, type: known.type }, extern, path);
  }
  if (!(value instanceof engine.Module)) throw missing(extern, value, path);
  const { type } = extern;
  const module = value as EngineModule;
  const exports = new Map(engine.Module.exports(module).map((each) => [each.name, kindOf(each.kind)]));
  for (const each of type.exports) {
    if (exports.get(each.name) === each.type.kind) continue;
    throw refusal(path, `the core module has no ${each.type.kind} ${show(each.name)}`);
  }
  const imports = new Map(type.imports.map((each) => [`${each.module}\0${each.name}`, each.type.kind]));
  for (const each of engine.Module.imports(module)) {
    if (imports.get(`${each.module}\0${each.name}`) === kindOf(each.kind)) continue;
    throw refusal(path, `the core module needs ${show(each.module)} ${show(each.name)}`);
  }
  return { kind: 'core module', module, type: undefined, byteLength: undefined, pages: 0 };
}

/** The engine's word for a core sort. */
function kindOf(kind: string): string {
  return kind === 'function' ? 'func' : kind;
}

// Errors -----------------------------------------------------------------------------------------------------------

function missing(type: ExternNode, value: unknown, path: readonly string[]): LinkError {
  const got = value === undefined ? 'nothing' : show(value);
  return refusal(path, `${describeExtern(type)} expected, got ${got}`);
}

function otherResource(path: readonly string[]): LinkError {
  return refusal(path, 'another resource type was bound before');
}
