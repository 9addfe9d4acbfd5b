/** *CanonicalABI.md*, "Table State": the handles of one instance, or of the host. */

/**
 * The bit of `ResourceHandle.info` that is set if the handle is a borrow. The higher bits count lends, in steps of
 * {@link LEND}.
 */
export const BORROWED = 1;
export const LEND = 2;

/** `ResourceHandle`: an entry of a table. When its handle is dropped, the entry is reused for the next handle. */
export class ResourceHandle<Type> {
  /** The type of the resource. It is undefined while the entry is free. */
  type: Type | undefined = undefined;
  /**
   * The representation, with all of its 32 bits. While the entry is free, it is the next free index. If JavaScript
   * implements the resource, it is the value that the host passed, which may be an object.
   */
  rep = 0;
  /** The flag and the count of lends. It is 0 for an own handle that is not lent. */
  info = 0;
}

/**
 * A table (`Table`) of handles to resources of the types `Type`. Index 0 is never used. Freed indices are reused, the
 * last one first. Entries are reused too, so that creating and dropping a handle allocates nothing.
 */
export class HandleTable<Type> {
  /** The entries by index. One comparison of an entry's type detects a forged, freed or wrong handle. */
  readonly entries: ResourceHandle<Type>[] = [new ResourceHandle<Type>()];
  /**
   * Handles that are lent to calls that have not returned (`Subtask.lenders`). Those of the innermost call come last,
   * and each call ends its own lends.
   */
  readonly lenders: ResourceHandle<Type>[] = [];
  /**
   * True if the host's table can be read while a call runs. It is false if no component imports a function of the host,
   * and no function can both lend and consume one handle. In this case, the host need not count its lends.
   */
  isObserved = false;
  private free = 0;
  private readonly max: number;
  private readonly refuse: (message: string) => Error;

  /** `refuse` creates the error for a handle beyond `max`. */
  constructor(max: number, refuse: (message: string) => Error) {
    this.max = max;
    this.refuse = refuse;
  }

  /** Returns the live entry of type `type` at `index`, or undefined. */
  get(index: number, type: Type): ResourceHandle<Type> | undefined {
    const entry = this.entries[index];
    return entry !== undefined && entry.type === type ? entry : undefined;
  }

  add(type: Type, rep: number, info: number): number {
    const { entries, free } = this;
    if (free === 0) return this.append(type, rep, info);
    const entry = entries[free]!;
    this.free = entry.rep;
    entry.type = type;
    entry.rep = rep;
    entry.info = info;
    return free;
  }

  private append(type: Type, rep: number, info: number): number {
    const { entries } = this;
    const index = entries.length;
    if (index > this.max)
      throw this.refuse(`more than ${this.max} handles at a time; drop unused handles, or raise maxHandles`);
    const entry = new ResourceHandle<Type>();
    entry.type = type;
    entry.rep = rep;
    entry.info = info;
    entries.push(entry);
    return index;
  }

  /** Frees the entry at `index`, which the caller has checked, and returns its rep. */
  remove(index: number, entry: ResourceHandle<Type>): number {
    const { rep } = entry;
    entry.type = undefined;
    entry.rep = this.free;
    this.free = index;
    return rep;
  }

  /**
   * Removes the borrows of a call that failed before it started. No other call has borrows, because each call ends its
   * own.
   */
  removeBorrows(): void {
    for (const [index, entry] of this.entries.entries()) {
      if (entry.type !== undefined && (entry.info & BORROWED) !== 0) this.remove(index, entry);
    }
  }

  /** Implements `add_lender`. */
  lend(entry: ResourceHandle<Type>): void {
    entry.info += LEND;
    this.lenders.push(entry);
  }

  /** Ends the latest lends, so that `mark` of them remain (`deliver_resolve`). */
  endLends(mark: number): void {
    const { lenders } = this;
    while (lenders.length > mark) lenders.pop()!.info -= LEND;
  }

  /** The number of live handles, for hosts that check for leaks. */
  get size(): number {
    return this.entries.reduce((live, { type }) => (type === undefined ? live : live + 1), 0);
  }
}
