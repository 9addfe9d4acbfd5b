/**
 * *CanonicalABI.md*, "Runtime State": "Table State" and "Resource State".
 *
 * A table keeps its entries in parallel arrays, so that making and dropping a handle allocates nothing.
 */
import type { Trap } from '../errors.ts';
import type { ComponentInstance } from './component-instance.ts';

/** `Table.MAX_LENGTH`. */
export const MAX_TABLE_LENGTH: number = 2 ** 28 - 1;

/** `ResourceType` at run time: made anew by each instantiation of the component that defines it, or by the host. */
export class RuntimeResource {
  /** For messages. */
  readonly name: string;
  /** The instance that defines the type; undefined where the host does. */
  readonly impl: ComponentInstance | undefined;
  /** Set once the definition's core function is known. */
  dtor: ((rep: number) => void) | undefined = undefined;
  /** What JavaScript sees of it; see `resource-objects.ts`. */
  objects: ResourceObjects | undefined = undefined;

  constructor(name: string, impl: ComponentInstance | undefined) {
    this.name = name;
    this.impl = impl;
  }
}

/** How own and borrowed handles of one resource type become JavaScript objects and back. */
export interface ResourceObjects {
  /** The class (or, with `resources: 'handles'`, the object of functions) under which the type is exported. */
  readonly exported: object | undefined;
  liftOwn(rep: number): unknown;
  /** The object of a handle that ends with the current call: `scope` undoes it. */
  liftBorrow(rep: number, scope: CallScope): unknown;
  lowerOwn(value: unknown): number;
  lowerBorrow(value: unknown, scope: CallScope): number;
}

/** What a call has to undo when it ends, innermost last. */
export type CallScope = { release(): void }[];

/** In `info`: the entry is a borrow. Lends are counted above it, in steps of {@link LEND}. */
export const BORROWED = 1;
export const LEND = 2;

/**
 * `Table`, for `ResourceHandle`s. Index 0 is never used; freed indices are reused last in, first out, and the chain of
 * free indices runs through `reps`.
 */
export class HandleTable {
  /** The type of each live handle, and undefined elsewhere: one comparison finds out a forged, freed or wrong handle. */
  types: (RuntimeResource | undefined)[] = [undefined, undefined, undefined, undefined];
  /** `rep`: all of its 32 bits. */
  reps: Int32Array = new Int32Array(4);
  /** 0 for an own handle that is not lent. */
  info: Int32Array = new Int32Array(4);
  /** Handles lent to calls that have not returned (`Subtask.lenders`), innermost last: a call undoes its own part. */
  readonly lenders: number[] = [];
  private length = 1;
  private free = 0;
  private readonly max: number;
  private readonly refuse: (message: string) => Error;

  /** `refuse` makes the error for a handle beyond `max`. */
  constructor(max: number, refuse: (message: string) => Error) {
    this.max = max;
    this.refuse = refuse;
  }

  add(type: RuntimeResource, rep: number, info: number): number {
    let index = this.free;
    if (index !== 0) this.free = this.reps[index]!;
    else {
      index = this.length;
      if (index > this.max) throw this.refuse(`too many handles: the limit is ${this.max}`);
      if (index === this.types.length) this.grow();
      this.length = index + 1;
    }
    this.types[index] = type;
    this.reps[index] = rep;
    this.info[index] = info;
    return index;
  }

  /** The caller has looked at the entry. */
  remove(index: number): void {
    this.types[index] = undefined;
    this.reps[index] = this.free;
    this.free = index;
  }

  /** `add_lender`. */
  lend(index: number): void {
    this.info[index]! += LEND;
    this.lenders.push(index);
  }

  /** `deliver_resolve`: ends the lends since there were `mark` of them. */
  endLends(mark: number): void {
    const { lenders, info } = this;
    while (lenders.length > mark) info[lenders.pop()!]! -= LEND;
  }

  /** How many handles are live: nothing but an account for hosts that look for leaks. */
  get size(): number {
    return this.types.reduce((live, type) => (type === undefined ? live : live + 1), 0);
  }

  private grow(): void {
    const capacity = this.types.length * 2;
    const reps = new Int32Array(capacity);
    const info = new Int32Array(capacity);
    reps.set(this.reps);
    info.set(this.info);
    while (this.types.length < capacity) this.types.push(undefined);
    this.reps = reps;
    this.info = info;
  }
}

/** Why `index` is no handle of type `expected`. */
export function wrongHandle(instance: ComponentInstance, index: number, expected: RuntimeResource): Trap {
  const found = instance.handles.types[index];
  if (found === undefined) return instance.trap(`unknown handle index ${index >>> 0}`);
  return instance.trap(
    `handle index ${index >>> 0} used with the wrong type, expected ${describe(expected)} but found ${
      describe(found) === describe(expected) ? 'a different ' : ''
    }${describe(found)}`,
  );
}

function describe(type: RuntimeResource): string {
  return type.impl === undefined ? 'host-defined resource' : 'guest-defined resource';
}
