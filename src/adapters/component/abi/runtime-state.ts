/**
 * *CanonicalABI.md*, "Runtime State": "Table State" and "Resource State".
 */
import type { Trap } from '../errors.ts';
import type { ComponentInstance } from './component-instance.ts';

const UNNAMED = 'resource';

/** `ResourceType` at run time: made anew by each instantiation of the component that defines it, or by the host. */
export class RuntimeResource {
  /** For messages: the name of its first export or import. */
  name: string;
  /** The instance that defines the type; undefined where the host does. */
  readonly impl: ComponentInstance | undefined;
  /** Set once the definition's core function is known. */
  dtor: ((rep: number) => void) | undefined = undefined;
  /** What JavaScript sees of it; see `resource-objects.ts`. Set before JavaScript sees any. */
  objects: ResourceObjects | undefined = undefined;

  constructor(name: string | undefined, impl: ComponentInstance | undefined) {
    this.name = name ?? UNNAMED;
    this.impl = impl;
  }

  nameOnce(name: string): void {
    if (this.name === UNNAMED) this.name = name;
  }
}

/** How JavaScript sees the handles of one resource type, if not as numbers. */
export interface ResourceObjects {
  /** The class (or, with `resources: 'handles'`, the object of functions) under which the type is exported. */
  readonly exported: object;
  liftOwn(rep: number): unknown;
  /** The object of a handle that ends with the current call: `scope` undoes it. */
  liftBorrow(rep: number, scope: CallScope): unknown;
  /** Returns what represents the value of a resource that the host implements. */
  lower?(value: unknown): number;
}

/** What a call has to undo when it ends, innermost last. */
export type CallScope = { release(): void }[];

/** In `ResourceHandle.info`: the handle is a borrow. Lends are counted above it, in steps of {@link LEND}. */
export const BORROWED = 1;
export const LEND = 2;

/** `ResourceHandle`: an entry of a table. It stays when its handle is dropped, and serves the next one. */
export class ResourceHandle {
  /** Undefined while the entry is free. */
  type: RuntimeResource | undefined = undefined;
  /**
   * All of its 32 bits; the next free index while the entry is free. Of a resource that JavaScript implements, what the host
   * gave for it: an object, where it is one.
   */
  rep = 0;
  /** 0 for an own handle that is not lent. */
  info = 0;
}

/**
 * `Table`, for handles to resources. Index 0 is never used; freed indices are reused last in, first out. Entries are
 * reused too, so that making and dropping a handle allocates nothing.
 */
export class HandleTable {
  /** One comparison of an entry's type finds out a forged, freed or wrong handle. */
  readonly entries: ResourceHandle[] = [new ResourceHandle()];
  /** Handles lent to calls that have not returned (`Subtask.lenders`), innermost last: a call undoes its own part. */
  readonly lenders: ResourceHandle[] = [];
  /**
   * Whether anything can see the host's table while a call runs. Not so where no component has an import of the host's
   * to call, and no function is lent what it may be given too: then the host need not count what it lends.
   */
  isObserved = false;
  private free = 0;
  private readonly max: number;
  private readonly refuse: (message: string) => Error;

  /** `refuse` makes the error for a handle beyond `max`. */
  constructor(max: number, refuse: (message: string) => Error) {
    this.max = max;
    this.refuse = refuse;
  }

  /** The live entry of type `type` at `index`, or undefined. */
  get(index: number, type: RuntimeResource): ResourceHandle | undefined {
    const entry = this.entries[index];
    return entry !== undefined && entry.type === type ? entry : undefined;
  }

  add(type: RuntimeResource, rep: number, info: number): number {
    const { entries, free } = this;
    if (free === 0) return this.append(type, rep, info);
    const entry = entries[free]!;
    this.free = entry.rep;
    entry.type = type;
    entry.rep = rep;
    entry.info = info;
    return free;
  }

  private append(type: RuntimeResource, rep: number, info: number): number {
    const { entries } = this;
    const index = entries.length;
    if (index > this.max) throw this.refuse(`too many handles: the limit is ${this.max}`);
    const entry = new ResourceHandle();
    entry.type = type;
    entry.rep = rep;
    entry.info = info;
    entries.push(entry);
    return index;
  }

  /** Frees the entry, which the caller has looked at, and gives its rep. */
  remove(index: number, entry: ResourceHandle): number {
    const { rep } = entry;
    entry.type = undefined;
    entry.rep = this.free;
    this.free = index;
    return rep;
  }

  /** Of a call that is not made after all. All borrows are its own: calls that have ended left none. */
  removeBorrows(): void {
    for (const [index, entry] of this.entries.entries()) {
      if (entry.type !== undefined && (entry.info & BORROWED) !== 0) this.remove(index, entry);
    }
  }

  /** `add_lender`. */
  lend(entry: ResourceHandle): void {
    entry.info += LEND;
    this.lenders.push(entry);
  }

  /** `deliver_resolve`: ends the lends since there were `mark` of them. */
  endLends(mark: number): void {
    const { lenders } = this;
    while (lenders.length > mark) lenders.pop()!.info -= LEND;
  }

  /** How many handles are live: nothing but an account for hosts that look for leaks. */
  get size(): number {
    return this.entries.reduce((live, { type }) => (type === undefined ? live : live + 1), 0);
  }
}

/** Why `index` is no handle of type `expected`. */
export function wrongHandle(instance: ComponentInstance, index: number, expected: RuntimeResource): Trap {
  const found = instance.handles.entries[index]?.type;
  if (found === undefined) return instance.trap(`unknown handle index ${index >>> 0}`);
  return instance.trap(
    `handle index ${index >>> 0} used with the wrong type: expected ${expected.name}, found ${found.name}`,
  );
}
