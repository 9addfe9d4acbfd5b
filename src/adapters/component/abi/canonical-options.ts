/**
 * *CanonicalABI.md*, "Canonical ABI Options" and "Lifting and Lowering Context".
 */
import type { StringEncoding } from '../binary/definitions.ts';
import type { EngineFunction, EngineMemory } from '../engine/web-assembly.ts';
import type { Trap } from '../errors.ts';
import { type ComponentInstance, type Handles, POISONED, type RuntimeResource } from './component-instance.ts';

/** A core value as the JavaScript API of WebAssembly passes it. */
export type CoreValue = number | bigint;

/** A core function. Those of guests take and return core values; nothing checks that here: the engine does. */
export type CoreFunction = EngineFunction;

/**
 * `MemInst`: views of a linear memory, kept until it grows. Growing detaches the old buffer, which leaves views of
 * length 0: that is cheaper to look at than `memory.buffer`.
 */
export class LinearMemory {
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  view: DataView<ArrayBuffer> = new DataView(this.bytes.buffer);
  private readonly memory: EngineMemory | undefined;
  readonly maxBytes: number;

  constructor(memory: EngineMemory | undefined, maxBytes: number) {
    this.memory = memory;
    this.maxBytes = maxBytes;
  }

  /** Renews the views. Gives false where the memory has grown beyond its budget: they stay empty then. */
  refresh(): boolean {
    const buffer = this.memory?.buffer;
    if (buffer === undefined) return true;
    if (buffer.byteLength > this.maxBytes) return false;
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
    return true;
  }
}

/** An own handle's index in the guest's table, and what JavaScript gave for it. */
export type LoweredOwn = readonly [index: number, value: unknown];

/** `LiftLowerContext`: what the staged functions of `abi/` need of the instance whose memory and handles they touch. */
export class Context {
  readonly instance: ComponentInstance;
  readonly memory: LinearMemory;
  readonly encoding: StringEncoding;
  readonly resources: RuntimeResource[];
  /** Of the instance, and of the host: at hand, since every call looks into them. */
  readonly handles: Handles;
  readonly hostHandles: Handles;
  /** The second result of `store_string_into_range` and `store_list_into_range`: the (tagged) length. */
  lowered = 0;
  /** How much the call has lifted so far, and how much it may. */
  lifted = 0;
  readonly maxLifted: number;
  /** While JavaScript's arguments are lowered, one by one: the own handles that were, with what was given for each. */
  loweredOwns: LoweredOwn[] | undefined = undefined;
  private readonly realloc: CoreFunction;

  constructor(
    instance: ComponentInstance,
    memory: LinearMemory,
    encoding: StringEncoding,
    realloc: CoreFunction = noRealloc,
  ) {
    this.instance = instance;
    this.memory = memory;
    this.encoding = encoding;
    this.resources = instance.resources;
    this.handles = instance.handles;
    this.hostHandles = instance.host.handles;
    this.maxLifted = instance.host.maxLiftedBytes;
    this.realloc = realloc;
  }

  /**
   * `reallocate`, with the checks that follow each of its uses: the result is aligned and in bounds.
   * The memory's views are current afterwards.
   */
  reallocate(old: number, oldLength: number, alignment: number, length: number): number {
    const { instance, realloc } = this;
    instance.mayLeave = false;
    const ptr = (realloc(old, oldLength, alignment, length) as number) >>> 0;
    if (instance.state === POISONED) throw instance.failure;
    instance.mayLeave = true;
    if ((ptr & (alignment - 1)) !== 0) throw this.trap('unaligned pointer: realloc return: result not aligned');
    if (this.isOutOfBounds(ptr, length)) {
      throw this.trap('list content out-of-bounds: realloc return: beyond end of memory');
    }
    return ptr;
  }

  /** `allocate`. */
  allocate(alignment: number, length: number): number {
    return this.reallocate(0, 0, alignment, length);
  }

  /** Whether a range lies outside of the memory. The views are current afterwards, so this goes before any access. */
  isOutOfBounds(ptr: number, length: number): boolean {
    const memory = this.memory;
    if (memory.bytes.length !== 0 && ptr + length <= memory.bytes.length) return false;
    // A shared memory grows without detaching.
    if (!memory.refresh()) {
      const message = `the guest is out of budget: more than ${memory.maxBytes} bytes in one memory (maxMemoryBytes)`;
      throw this.instance.trap(message, { code: 'memory-exhausted' });
    }
    return ptr + length > memory.bytes.length;
  }

  /** Before anything of this size is lifted. */
  lift(size: number): void {
    if ((this.lifted += size) <= this.maxLifted) return;
    const message = `more than ${this.maxLifted} bytes of lists and strings in one call (maxLiftedBytes)`;
    throw this.instance.trap(`the guest is out of budget: ${message}`, { code: 'lifting-exhausted' });
  }

  trap(message: string): Trap {
    return this.instance.trap(message);
  }
}

/** Validation asks for `realloc` wherever something is to be allocated. */
const noRealloc: CoreFunction = () => {
  throw new Error('every memory has its realloc');
};
