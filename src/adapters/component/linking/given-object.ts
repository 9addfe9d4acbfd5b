/** Finds each import in the object that JavaScript passes for a list of imports. */
import type { HostCallable } from '../abi/canon-lift.ts';
import { propertyOf, show } from '../abi/javascript-values.ts';
import { memberIn } from '../abi/members.ts';
import { toCamelCase, toPascalCase } from '../camel-case.ts';
import { showPath, ValueError } from '../errors.ts';
import type { ExternNode, NamedNode } from '../types/nodes.ts';
import type { SameNames } from './js-names.ts';
import { constructorOf, isObject, itemOf } from './known.ts';
import { firstOf, GivenNames, parseResourceFunction, type ResourceFunctionName } from './names.ts';

export class GivenObject {
  readonly #object: object;
  readonly #names: GivenNames;
  /** The imports that the object is passed for. */
  readonly #imports: readonly NamedNode[];
  /** The imports whose JavaScript names collide. They are found under their WIT names only. */
  readonly #same: SameNames | undefined;

  constructor(object: object, imports: readonly NamedNode[], same: SameNames | undefined) {
    this.#object = object;
    this.#names = new GivenNames(object);
    this.#imports = imports;
    this.#same = same;
  }

  /** Returns the value under a WIT name, or under the corresponding JavaScript name. */
  member(name: string, type: ExternNode): unknown {
    if (type.kind === 'type') return this.#resourceType(name);
    return this.#same?.has(name) ? memberIn(this.#object, name) : this.#names.find(name);
  }

  #resourceType(name: string): unknown {
    if (this.#same?.has(name)) return classIn(memberIn(this.#object, name));
    return classIn(firstOf(this.#object, [toPascalCase(name), name, toCamelCase(name)]));
  }

  /**
   * Returns the function that implements `[method]r.m`, `[static]r.m` or `[constructor]r`. It is a member of the class
   * or object that was passed for the resource `r`.
   */
  resourceFunction(name: string): HostCallable | undefined {
    const parsed = parseResourceFunction(name);
    if (parsed === undefined || this.#same?.has(name)) return undefined;
    const given = this.#resourceType(parsed.resource);
    if (!isObject(given)) return undefined;
    if (typeof given !== 'function') return this.#functionOver(given, parsed);
    if (parsed.form === 'constructor') {
      return constructorOf(given) ?? ((...args) => Reflect.construct(given, args));
    }
    const member = toCamelCase(parsed.member);
    if (parsed.form === 'static') {
      // The class of a component also has its constructor as a static function.
      return memberIn(given, member) === constructorOf(given) ? undefined : bindMember(given, member);
    }
    const { prototype } = given as { prototype: unknown };
    const method = isObject(prototype) ? memberIn(prototype, member) : undefined;
    return isCallable(method) ? exportedOr(method, (self, ...args) => callMethod(self, member, args)) : undefined;
  }

  /**
   * Returns a member of an object of functions on handles. `create` is the constructor, and `drop` is the destructor.
   */
  #functionOver(given: object, { form, resource, member }: ResourceFunctionName): HostCallable | undefined {
    if (form === 'constructor') return bindMember(given, 'create');
    const name = toCamelCase(member);
    if (name === 'drop' || (name === 'create' && this.#hasConstructor(resource))) return undefined;
    return bindMember(given, name);
  }

  #hasConstructor(resource: string): boolean {
    return this.#imports.some(({ name }) => name === `[constructor]${resource}`);
  }

  /**
   * Explains why an import was not found although the object has a property with its name. Returns an empty string if
   * the reason is unknown.
   */
  reason(name: string): string {
    const other = this.#same?.get(name);
    if (other !== undefined) {
      const way = parseResourceFunction(name) === undefined ? `; pass it as ${showPath([name])}` : '';
      return `, because ${showPath([other])} has the same JavaScript name${way}`;
    }
    const parsed = parseResourceFunction(name);
    if (parsed === undefined || parsed.form === 'constructor' || !/^(drop|create)$/.test(toCamelCase(parsed.member))) {
      return '';
    }
    const { resource, member } = parsed;
    if (!isObject(this.#resourceType(resource)) || typeof this.#resourceType(resource) === 'function') return '';
    const role = toCamelCase(member) === 'drop' ? 'the destructor' : 'the constructor';
    return `, because ${showPath([toCamelCase(member)])} is ${role} in an object of functions; pass a class`;
  }
}

/** Returns the value itself if it is a function, or the default export of a module. */
export function functionIn(value: unknown): HostCallable | undefined {
  if (isCallable(value)) return value;
  const inner = propertyOf(value, 'default');
  return isCallable(inner) ? inner : undefined;
}

/** Returns the class in a module. An object of functions may have a function with the name `default`. */
function classIn(value: unknown): unknown {
  const inner = functionIn(value);
  return propertyOf(inner, 'prototype') === undefined ? value : inner;
}

function bindMember(object: object, member: string): HostCallable | undefined {
  const call = memberIn(object, member);
  return isCallable(call) ? exportedOr(call, (...args) => call.apply(object, args)) : undefined;
}

/**
 * Returns the method itself if a component exports it, and otherwise `call`. An asynchronous method remains
 * recognizable as asynchronous.
 */
function exportedOr(method: HostCallable, call: HostCallable): HostCallable {
  if (itemOf(method) !== undefined) return method;
  return isAsyncFunction(method) ? async (...args) => call(...args) : call;
}

function callMethod(self: unknown, member: string, args: unknown[]): unknown {
  const method = propertyOf(self, member);
  if (!isCallable(method))
    throw new ValueError(`expected a resource with a method ${member}, got ${show(self)}`, ['self']);
  return method.apply(self, args);
}

function isCallable(value: unknown): value is HostCallable {
  return typeof value === 'function';
}

export function isAsyncFunction(call: HostCallable): boolean {
  return call.constructor.name === 'AsyncFunction';
}

/** Returns whether a value can be a class. Arrow functions, methods and `async` functions cannot. */
export function isConstructor(value: object): boolean {
  try {
    // Constructs an `Object` with the prototype of `value`, and does not call `value`.
    Reflect.construct(Object, [], value as new () => unknown);
    return true;
  } catch {
    return false;
  }
}

/**
 * Returns whether a value is a function and not a class. A class may have the functions of an interface as its static
 * members.
 */
export function isPlainFunction(value: object): boolean {
  return typeof value === 'function' && Object.getOwnPropertyDescriptor(value, 'prototype')?.writable !== false;
}
