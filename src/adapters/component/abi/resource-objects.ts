/**
 * *Explainer.md*, "JS API": resources as JavaScript objects. A guest's resource is an object of a class that this file
 * creates. A resource that the host implements is an object of the host's own class.
 */

import { toPascalCase } from '../camel-case.ts';
import { ValueError } from '../errors.ts';
import { maxRecentObjects } from '../limits.ts';
import { destroyFromHost, destroyQuietly, RuntimeResource } from './component-instance.ts';
import { propertyOf, show } from './javascript-values.ts';
import type { CallScope, ResourceObjects } from './resource-state.ts';
import { BORROWED, LEND } from './table-state.ts';
import { WrongValue } from './wrong-value.ts';

// Resources of guests ----------------------------------------------------------------------------------------------

/**
 * A value of {@link ObjectHandle.info}: the handle was dropped or consumed, or the call that it was borrowed for has
 * ended.
 */
const GONE = -1;

/** A handle (`ResourceHandle`) that a JavaScript object holds. */
class ObjectHandle {
  readonly type: RuntimeResource;
  readonly rep: number;
  /** The value of `ResourceHandle.info`, or {@link GONE}. */
  info: number;
  isRegistered = false;

  constructor(type: RuntimeResource, rep: number, info: number) {
    this.type = type;
    this.rep = rep;
    this.info = info;
  }

  /** Ends one lend. */
  release(): void {
    this.info -= LEND;
  }

  remove(): void {
    this.info = GONE;
    if (this.isRegistered) unregister(this);
  }
}

/** Returns the handle in an object that this file created, and undefined for other objects. */
let handleIn: (value: object) => ObjectHandle | undefined;

/** The base of all resource classes of guests. The handle is private, so it can be neither forged nor copied. */
class Resource {
  readonly #handle: ObjectHandle;

  static {
    handleIn = (value) => (#handle in value ? value.#handle : undefined);
  }

  constructor(handle: ObjectHandle) {
    this.#handle = handle;
    if (handle.info === 0) track(this);
  }

  /** Drops the resource. Runs the destructor for an own handle, and does nothing if the handle has already ended. */
  [Symbol.dispose](): void {
    const handle = this.#handle;
    const { info, rep, type } = handle;
    if (info === GONE) return;
    if (info >= LEND)
      throw new ValueError(
        `expected a ${type.name} that is not lent, got one that is lent to a running call; drop it after the call`,
      );
    handle.remove();
    if (info === 0) destroyFromHost(type, rep);
  }
}

/** Returns the live handle of type `type` that `value` holds. */
function handleOf(value: unknown, type: RuntimeResource): ObjectHandle {
  const handle = typeof value === 'object' && value !== null ? handleIn(value) : undefined;
  if (handle === undefined) throw new WrongValue(`expected a resource of type ${type.name}, got ${show(value)}`);
  if (handle.type !== type) throw new WrongValue(`expected a ${type.name}, got a ${handle.type.name} of another type`);
  if (handle.info === GONE)
    throw new WrongValue(`expected a live ${type.name}, got one that was dropped, consumed or lent for one call`);
  return handle;
}

/** Removes the own handle from an object, which cannot be used afterwards. Returns its rep. */
export function takeFromObject(value: unknown, type: RuntimeResource): number {
  const handle = handleOf(value, type);
  if (handle.info !== 0) {
    if ((handle.info & BORROWED) !== 0) throw new WrongValue(`expected an own ${type.name}, got a borrowed one`);
    throw new WrongValue(`expected a ${type.name} that is not lent, got one that is lent to a running call`);
  }
  handle.remove();
  return handle.rep;
}

/** Undoes {@link takeFromObject}. */
export function returnToObject(value: object): void {
  handleIn(value)!.info = 0;
  track(value as Resource);
}

/** Returns the rep of the handle in an object. If there is a `scope`, lends the handle until the scope is released. */
export function borrowFromObject(value: unknown, type: RuntimeResource, scope: CallScope | undefined): number {
  const handle = handleOf(value, type);
  if (scope !== undefined) {
    handle.info += LEND;
    scope.push(handle);
  }
  return handle.rep;
}

// A resource that is never dropped explicitly is dropped when its object is garbage-collected, as *Explainer.md*
// requires. Registering an object for finalization takes several times as long as a call, and most objects are dropped
// in the turn in which they are created. So new objects are put in a list. The objects that are live when the turn
// ends, or when the list is full, are registered.

const registry = new FinalizationRegistry<ObjectHandle>(({ info, rep, type }) => {
  if (info === 0) destroyQuietly(type, rep);
});

function unregister(handle: ObjectHandle): void {
  handle.isRegistered = false;
  registry.unregister(handle);
}

/**
 * Objects with own handles that were created in this turn. They cannot be garbage-collected, so their number is
 * limited.
 */
const recent: (Resource | undefined)[] = new Array<undefined>(maxRecentObjects).fill(undefined);
let recentCount = 0;
let willRegister = false;

function track(resource: Resource): void {
  recent[recentCount++] = resource;
  if (recentCount === maxRecentObjects) registerRecent();
  else if (!willRegister) {
    willRegister = true;
    queueMicrotask(() => {
      willRegister = false;
      registerRecent();
    });
  }
}

function registerRecent(): void {
  for (let index = 0; index < recentCount; index++) {
    const resource = recent[index]!;
    recent[index] = undefined;
    const handle = handleIn(resource)!;
    if (handle.info === GONE || handle.isRegistered) continue;
    handle.isRegistered = true;
    registry.register(resource, handle, handle);
  }
  recentCount = 0;
}

/** Returns the JavaScript objects of a type that a component defines. Its class is created on the first call. */
export function guestObjects(type: RuntimeResource): GuestResourceObjects {
  if (type.objects instanceof GuestResourceObjects) return type.objects;
  const objects = new GuestResourceObjects(type);
  type.objects = objects;
  return objects;
}

export type ResourceClass = { new (...args: unknown[]): Resource; prototype: Resource };

/**
 * Represents the resources of a type that a component defines as objects. It creates the class of these objects, and
 * the linker adds the members of the class.
 */
export class GuestResourceObjects implements ResourceObjects {
  readonly exported: ResourceClass;
  /** The guest's `[constructor]`. It is undefined until the linker has found it. */
  construct: ((...args: unknown[]) => unknown) | undefined = undefined;
  /**
   * The name of the static function that calls `construct`. It is defined if `construct` returns a promise, because
   * `new` cannot return a promise.
   */
  promisingConstructor: string | undefined = undefined;
  private readonly type: RuntimeResource;

  constructor(type: RuntimeResource) {
    this.type = type;
    const construct = (args: unknown[]): ObjectHandle => {
      const { construct, exported, promisingConstructor: instead } = this;
      if (construct === undefined)
        throw new TypeError(`${exported.name} has no constructor; use a function of the component that returns one`);
      if (instead !== undefined) {
        const call = `await ${exported.name}${/\W/.test(instead) ? `[${show(instead)}]` : `.${instead}`}(…)`;
        throw new TypeError(
          `${exported.name} cannot be created by "new", because its constructor may have to wait; use ${call}`,
        );
      }
      return new ObjectHandle(type, takeFromObject(construct(...args), type), 0);
    };
    this.exported = class extends Resource {
      constructor(...args: unknown[]) {
        // Only this file can create an `ObjectHandle`.
        super(args[0] instanceof ObjectHandle ? args[0] : construct(args));
      }
    };
    Object.defineProperty(this.exported, 'name', { value: toPascalCase(type.name) });
  }

  liftOwn(rep: number): unknown {
    return new this.exported(new ObjectHandle(this.type, rep, 0));
  }

  liftBorrow(rep: number, scope: CallScope): unknown {
    const handle = new ObjectHandle(this.type, rep, BORROWED);
    scope.push({ release: () => handle.remove() });
    return new this.exported(handle);
  }
}

// Resources of the host --------------------------------------------------------------------------------------------

/** The value that the host passes for a resource type, which is usually a class. */
export type HostClass = object;

/**
 * Represents the resources of a type that the host implements. Their rep is the value that the host passed: an object,
 * or with `resources: 'handles'` a number, of which all 32 bits are kept. No guest can read such a rep, because only
 * the component that defines a type can read its reps. So an object lives as long as its handle, and at most as long as
 * the instance that holds the handle. A table of objects would keep them forever.
 */
class HostResources implements ResourceObjects {
  readonly exported: HostClass;
  private readonly name: string;
  private readonly asHandles: boolean;

  constructor(name: string, given: HostClass, asHandles: boolean) {
    this.name = name;
    this.exported = given;
    this.asHandles = asHandles;
  }

  liftOwn(rep: number): unknown {
    return rep;
  }

  liftBorrow(rep: number): unknown {
    return rep;
  }

  /** Returns the rep of the resource, which is `value` itself. */
  lower(value: unknown): number {
    const { exported } = this;
    const fits = this.asHandles
      ? typeof value === 'number'
      : typeof exported !== 'function' || value instanceof exported;
    if (!fits) throw new WrongValue(`expected a resource of type ${this.name}, got ${show(value)}`);
    return value as number;
  }
}

/** Returns the run-time type of a resource that the host implements as `given`. */
export function hostResource(name: string, given: HostClass, asHandles: boolean): RuntimeResource {
  const type = new RuntimeResource(name, undefined);
  type.objects = new HostResources(name, given, asHandles);
  type.dtor = (rep) => (asHandles ? callMember(given, 'drop', rep) : callMember(rep, Symbol.dispose));
  return type;
}

/** Calls a method of an object if the object has it. */
function callMember(object: unknown, key: PropertyKey, ...args: unknown[]): void {
  const member = propertyOf(object, key);
  if (typeof member === 'function') member.apply(object, args);
}
