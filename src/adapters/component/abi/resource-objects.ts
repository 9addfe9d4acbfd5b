/**
 * *Explainer.md*, "JS API": resources as JavaScript objects. A guest's resource is an object of a class that this file
 * makes; a resource that the host implements is an object of the host's own class.
 */
import { destroyFromHost } from './canon-resource.ts';
import { propertyOf, show, toPascalCase } from './javascript-values.ts';
import { type CallScope, type ResourceObjects, RuntimeResource } from './runtime-state.ts';

// Resources of guests ----------------------------------------------------------------------------------------------

/** `ResourceHandle`, as a JavaScript object holds it. */
class ObjectHandle {
  readonly type: RuntimeResource;
  readonly rep: number;
  readonly isOwn: boolean;
  isLive = true;
  lends = 0;

  constructor(type: RuntimeResource, rep: number, isOwn: boolean) {
    this.type = type;
    this.rep = rep;
    this.isOwn = isOwn;
  }

  /** The end of a lend. */
  release(): void {
    this.lends--;
  }
}

/** What nobody drops is dropped once its object is gone, as *Explainer.md* asks for. */
const registry = new FinalizationRegistry<ObjectHandle>((handle) => {
  if (!handle.isLive) return;
  handle.isLive = false;
  try {
    destroyFromHost(handle.type, handle.rep);
  } catch {
    // The instance trapped, now or before: nobody is there to be told, and the next call into it says so.
  }
});

/** The handle that an object of ours holds. */
let handleIn: (value: object) => ObjectHandle | undefined;

/** The base of all resource classes of guests. The handle is private: it can be neither forged nor copied. */
class Resource {
  #handle: ObjectHandle;

  static {
    handleIn = (value) => (#handle in value ? value.#handle : undefined);
  }

  constructor(handle: ObjectHandle) {
    this.#handle = handle;
    if (handle.isOwn) registry.register(this, handle, handle);
  }

  /** Drops the resource: runs its destructor, if it is an own handle. Harmless where it is gone already. */
  [Symbol.dispose](): void {
    const handle = this.#handle;
    if (!handle.isLive) return;
    if (handle.lends > 0) throw new TypeError(`cannot drop ${handle.type.name}: it is lent to a running call`);
    handle.isLive = false;
    if (!handle.isOwn) return;
    registry.unregister(handle);
    destroyFromHost(handle.type, handle.rep);
  }
}

/** The live handle of type `type` that `value` holds. */
function handleOf(value: unknown, type: RuntimeResource): ObjectHandle {
  const handle = handleIn(Object(value));
  if (handle === undefined) throw new TypeError(`expected a resource of type ${type.name}, got ${show(value)}`);
  if (handle.type !== type) throw new TypeError(`expected a ${type.name}, got a ${handle.type.name} of another type`);
  if (!handle.isLive) throw new TypeError(`this ${type.name} was dropped, given away or lent for one call`);
  return handle;
}

/** Tells a class's constructor that it is given a handle, not the arguments of `[constructor]`. */
const WRAP = Symbol('wrap');

export type ResourceClass = { new (...args: unknown[]): Resource; prototype: Resource };

/** Resources that a component defines, as objects. Their class is made here; the linker adds the methods. */
export class GuestResourceObjects implements ResourceObjects {
  readonly exported: ResourceClass;
  /** The guest's `[constructor]`, once the linker has found it. */
  construct: ((...args: unknown[]) => unknown) | undefined = undefined;
  private readonly type: RuntimeResource;

  constructor(type: RuntimeResource) {
    this.type = type;
    const construct = (args: unknown[]): ObjectHandle => {
      if (this.construct === undefined) throw new TypeError(`${type.name} has no constructor`);
      return this.take(this.construct(...args));
    };
    this.exported = class extends Resource {
      constructor(...args: unknown[]) {
        super(args[0] === WRAP && args[1] instanceof ObjectHandle ? args[1] : construct(args));
      }
    };
    Object.defineProperty(this.exported, 'name', { value: toPascalCase(type.name) });
  }

  liftOwn(rep: number): unknown {
    return new this.exported(WRAP, new ObjectHandle(this.type, rep, true));
  }

  liftBorrow(rep: number, scope: CallScope): unknown {
    const handle = new ObjectHandle(this.type, rep, false);
    scope.push({
      release: () => {
        handle.isLive = false;
      },
    });
    return new this.exported(WRAP, handle);
  }

  lowerOwn(value: unknown): number {
    return this.take(value).rep;
  }

  revive(value: object): void {
    const handle = handleIn(value)!;
    handle.isLive = true;
    registry.register(value, handle, handle);
  }

  lowerBorrow(value: unknown, scope: CallScope): number {
    const handle = handleOf(value, this.type);
    handle.lends++;
    scope.push(handle);
    return handle.rep;
  }

  /** Takes the own handle out of an object, which is dead from then on. */
  private take(value: unknown): ObjectHandle {
    const handle = handleOf(value, this.type);
    if (!handle.isOwn) throw new TypeError(`expected an own ${this.type.name}, got a borrowed one`);
    if (handle.lends > 0) throw new TypeError(`cannot give away ${this.type.name}: it is lent to a running call`);
    handle.isLive = false;
    registry.unregister(handle);
    return new ObjectHandle(this.type, handle.rep, true);
  }
}

// Resources of the host --------------------------------------------------------------------------------------------

/** A class, or whatever else the host gives for a resource type. */
export type HostClass = object;

/**
 * Resources that the host implements. What represents one is what the host gave: an object, or with `resources: 'handles'` a
 * number of its own choice, all 32 bits of which are kept. No guest sees it, since only who defines a type can ask for a rep.
 * So an object lives as long as its handle, and goes with the instance that had it: a table here would keep it for ever.
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

  lowerOwn(value: unknown): number {
    const { exported } = this;
    const fits = this.asHandles
      ? typeof value === 'number'
      : typeof exported !== 'function' || value instanceof exported;
    if (!fits) throw new TypeError(`expected a resource of type ${this.name}, got ${show(value)}`);
    return value as number;
  }

  lowerBorrow(value: unknown): number {
    return this.lowerOwn(value);
  }
}

/** The run-time type of a resource that the host implements as `given`. */
export function hostResource(name: string, given: HostClass, asHandles: boolean): RuntimeResource {
  const type = new RuntimeResource(name, undefined);
  type.objects = new HostResources(name, given, asHandles);
  type.dtor = (rep) => (asHandles ? callMember(given, 'drop', rep) : callMember(rep, Symbol.dispose));
  return type;
}

/** Calls a function that an object may have. */
function callMember(object: unknown, key: PropertyKey, ...args: unknown[]): void {
  const member = propertyOf(object, key);
  if (typeof member === 'function') member.apply(object, args);
}
