/**
 * *Explainer.md*, "JS API", *create an exports object*: from what a component exports to what JavaScript sees.
 */
import { callableOf, type HostCallable, promisingCallableOf } from '../abi/canon-lift.ts';
import { destroyFromHost } from '../abi/canon-resource.ts';
import { toCamelCase, toPascalCase } from '../abi/javascript-values.ts';
import { removeHostOwn } from '../abi/resource-handles.ts';
import { GuestResourceObjects } from '../abi/resource-objects.ts';
import type { RuntimeResource } from '../abi/runtime-state.ts';
import type { InstanceItem, Item } from './items.ts';
import { remember, rememberClass } from './known.ts';
import type { LinkHost } from './link.ts';
import { parseResourceFunction, type ResourceFunctionName } from './names.ts';

/** Makes the exports objects of one instantiated component. */
export class ExportsWriter {
  readonly #host: LinkHost;
  /** Whether a call may have to wait for the host, so that every export gives a promise. */
  readonly #isAsynchronous: boolean;
  /** With `resources: 'handles'`, what stands for each resource type, under however many names it is exported. */
  readonly #handleFunctions = new Map<RuntimeResource, object>();

  constructor(host: LinkHost, isAsynchronous: boolean) {
    this.#host = host;
    this.#isAsynchronous = isAsynchronous;
  }

  write(item: InstanceItem): Record<string, unknown> {
    const exports: Record<string, unknown> = {};
    remember(exports, item);
    // Types first: the functions of a resource are members of what stands for its type.
    for (const [name, each] of item.exports) {
      if (each.kind === 'type' && each.resource !== undefined) this.#writeType(exports, name, each.resource);
    }
    for (const [name, each] of item.exports) this.#writeItem(exports, name, each, item);
    return exports;
  }

  #writeItem(exports: Record<string, unknown>, name: string, item: Item, container: InstanceItem): void {
    switch (item.kind) {
      case 'func': {
        const callable = this.#callable(item);
        const parsed = parseResourceFunction(name);
        if (parsed === undefined) {
          exports[toCamelCase(name)] = callable;
          return;
        }
        const type = container.exports.get(parsed.resource);
        if (type?.kind === 'type' && type.resource !== undefined) {
          this.#writeMember(type.resource, parsed, callable, item);
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

  #callable(item: Item & { kind: 'func' }): HostCallable {
    const { func } = item;
    if (func.kind === 'host') return func.call;
    const isAsynchronous = this.#isAsynchronous || func.type.async;
    const callable: HostCallable = isAsynchronous ? promisingCallableOf(func) : callableOf(func);
    remember(callable, item);
    return callable;
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
    { form, member }: ResourceFunctionName,
    callable: HostCallable,
    item: Item,
  ): void {
    if (resource.impl === undefined) return;
    if (this.#host.resources === 'handles') {
      define(this.#functionsOf(resource), form === 'constructor' ? 'create' : toCamelCase(member), callable, true);
      return;
    }
    const objects = guestObjects(resource);
    if (form === 'constructor') objects.construct ??= callable;
    else if (form === 'static') define(objects.exported, toCamelCase(member), callable);
    else {
      const method = function (this: unknown, ...args: unknown[]): unknown {
        return callable(this, ...args);
      };
      remember(method, item);
      define(objects.exported.prototype, toCamelCase(member), method);
    }
  }
}

/** What the first export of a resource type defines stays: two exports of one type share a class. But for what every class has. */
function define(target: object, key: string, value: HostCallable, enumerable: boolean = false): void {
  if (!Object.hasOwn(target, key) || /^(name|length|constructor)$/.test(key)) {
    Object.defineProperty(target, key, { value, configurable: true, writable: true, enumerable });
  }
}

function guestObjects(resource: RuntimeResource): GuestResourceObjects {
  const known = resource.objects;
  if (known instanceof GuestResourceObjects) return known;
  const objects = new GuestResourceObjects(resource);
  resource.objects = objects;
  return objects;
}

/** `ns:package/interface@version`, and not a plain name. */
function isInterfaceName(name: string): boolean {
  return /[:/@]/.test(name);
}
