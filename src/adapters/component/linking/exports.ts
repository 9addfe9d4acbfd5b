/** *Explainer.md*, "JS API", *create an exports object*: converts the exports of a component to JavaScript objects. */
import { callableOf, type HostCallable, promisingCallableOf } from '../abi/canon-lift.ts';
import type { RuntimeResource } from '../abi/component-instance.ts';
import { destroyFromHost } from '../abi/component-instance.ts';
import { propertyOf } from '../abi/javascript-values.ts';
import { removeHostOwn } from '../abi/resource-handles.ts';
import { type GuestResourceObjects, guestObjects } from '../abi/resource-objects.ts';
import { toCamelCase, toPascalCase } from '../camel-case.ts';
import type { LinkError } from '../errors.ts';
import type { InstanceItem, Item } from './items.ts';
import { exportError } from './js-names.ts';
import { itemOf, remember, rememberClass, rememberConstructor } from './known.ts';
import type { LinkHost } from './link.ts';
import { isInterfaceName, parseResourceFunction, type ResourceFunctionName } from './names.ts';

/** Creates the exports objects of one instantiated component. */
export class ExportsWriter {
  readonly #host: LinkHost;
  /** If true, a call may have to wait for the host, so every export returns a promise. */
  readonly #isAsynchronous: boolean;
  /**
   * With `resources: 'handles'`, the object of functions for each resource type. A type may be exported under several
   * names.
   */
  readonly #handleFunctions = new Map<RuntimeResource, object>();

  constructor(host: LinkHost, isAsynchronous: boolean) {
    this.#host = host;
    this.#isAsynchronous = isAsynchronous;
  }

  write(item: InstanceItem): Record<string, unknown> {
    const exports: Record<string, unknown> = {};
    remember(exports, item);
    // Types come first, because the functions of a resource are members of the class or object for its type.
    for (const [name, each] of item.exports) {
      if (each.kind === 'type' && each.resource !== undefined) this.#writeType(exports, name, each.resource);
    }
    for (const [name, each] of item.exports) this.#writeItem(exports, name, each, item);
    return exports;
  }

  #writeItem(exports: Record<string, unknown>, name: string, item: Item, container: InstanceItem): void {
    switch (item.kind) {
      case 'func': {
        const callable = this.#callable(item, name);
        const parsed = parseResourceFunction(name);
        if (parsed === undefined) {
          exports[toCamelCase(name)] = callable;
          return;
        }
        const type = container.exports.get(parsed.resource);
        if (type?.kind === 'type' && type.resource !== undefined) {
          this.#writeMember(type.resource, parsed, callable, item, container);
        }
        return;
      }
      case 'instance':
        exports[isInterfaceName(name) ? name : toCamelCase(name)] = this.write(item);
        return;
      case 'core module':
        remember(item.module, item);
        exports[toCamelCase(name)] = item.module;
        return;
      case 'component': {
        const component = {};
        remember(component, item);
        exports[toCamelCase(name)] = component;
        return;
      }
      case 'type':
    }
  }

  #callable(item: Item & { kind: 'func' }, name: string): HostCallable {
    const { func } = item;
    if (func.kind === 'host') return func.call;
    const callable: HostCallable = this.#isPromising(item)
      ? promisingCallableOf(func, this.#shownName(name))
      : callableOf(func, this.#shownName(name));
    remember(callable, item);
    return callable;
  }

  /** Returns the name of a function in messages: `decide` or `Event.toEnvelope`. */
  #shownName(name: string): string {
    const parsed = parseResourceFunction(name);
    if (parsed === undefined) return toCamelCase(name);
    const { form, member, resource } = parsed;
    const holder = this.#host.resources === 'handles' ? toCamelCase(resource) : toPascalCase(resource);
    return `${holder}.${form === 'constructor' ? 'create' : toCamelCase(member)}`;
  }

  #isPromising({ func }: Item & { kind: 'func' }): boolean {
    return this.#isAsynchronous || (func.kind === 'lifted' && func.type.async);
  }

  // Resource types -------------------------------------------------------------------------------------------------

  #writeType(exports: Record<string, unknown>, name: string, resource: RuntimeResource): void {
    if (resource.impl === undefined) {
      const given = resource.objects?.exported;
      if (given !== undefined) exports[toPascalCase(name)] = given;
      return;
    }
    if (this.#host.resources === 'handles') {
      exports[toCamelCase(name)] = this.#functionsOf(resource);
      return;
    }
    const { exported } = guestObjects(resource);
    rememberClass(exported, resource);
    exports[toPascalCase(name)] = exported;
  }

  #functionsOf(resource: RuntimeResource): object {
    const known = this.#handleFunctions.get(resource);
    if (known !== undefined) return known;
    const { handles } = this.#host;
    const drop = (handle: unknown): void => destroyFromHost(resource, removeHostOwn(handles, resource, handle));
    const functions = { drop };
    this.#handleFunctions.set(resource, functions);
    rememberClass(functions, resource);
    return functions;
  }

  #writeMember(
    resource: RuntimeResource,
    { form, member, resource: resourceName }: ResourceFunctionName,
    callable: HostCallable,
    item: Item & { kind: 'func' },
    container: InstanceItem,
  ): void {
    if (resource.impl === undefined) return;
    if (this.#host.resources === 'handles') {
      const key = form === 'constructor' ? 'create' : toCamelCase(member);
      define(this.#functionsOf(resource), key, callable, item, true);
      return;
    }
    const objects = guestObjects(resource);
    if (form === 'constructor') {
      // If the guest has a static function `create`, that function keeps its name.
      const key = container.exports.has(`[static]${resourceName}.create`) ? `[constructor]${resourceName}` : 'create';
      this.#writeConstructor(objects, callable, item, key);
    } else if (form === 'static') define(objects.exported, toCamelCase(member), callable, item);
    else {
      const method = methodOf(callable);
      remember(method, item);
      define(objects.exported.prototype, toCamelCase(member), method, item);
    }
  }

  /** Installs the constructor. `new` calls it, and so does a static function `key`, whose result may be a promise. */
  #writeConstructor(
    objects: GuestResourceObjects,
    callable: HostCallable,
    item: Item & { kind: 'func' },
    key: string,
  ): void {
    const known = objects.construct && itemOf(objects.construct);
    if (known !== undefined && !isSame(known, item)) throw memberCollision('constructor');
    objects.construct = callable;
    if (this.#isPromising(item)) objects.promisingConstructor = key;
    define(objects.exported, key, callable, item);
    rememberConstructor(objects.exported, callable);
  }
}

/**
 * Returns the function as a method that passes `this` as the first argument. Passing the usual few arguments one by one
 * is faster.
 */
function methodOf(callable: HostCallable): HostCallable {
  return function (this: unknown, a, b, c, ...more) {
    return more.length === 0 ? callable(this, a, b, c) : callable(this, a, b, c, ...more);
  };
}

/**
 * Defines a member of a class. Two exports of one resource type share a class, so the same function may be defined
 * twice.
 *
 * @throws LinkError if another function has the same name, as *Explainer.md* requires ("pathological cases").
 */
function define(target: object, key: string, value: HostCallable, item: Item, enumerable: boolean = false): void {
  const known = Object.hasOwn(target, key) ? itemOf(propertyOf(target, key)) : undefined;
  if (known === undefined) {
    Object.defineProperty(target, key, { value, configurable: true, writable: true, enumerable });
  } else if (!isSame(known, item)) throw memberCollision(key);
}

function isSame(a: Item, b: Item): boolean {
  return a.kind === 'func' && b.kind === 'func' && a.func === b.func;
}

function memberCollision(key: string): LinkError {
  return exportError(
    [key],
    'two exports of one resource type have different functions with this name; rename one of them',
  );
}
