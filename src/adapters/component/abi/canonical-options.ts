/**
 * *CanonicalABI.md*, "Canonical ABI Options" and "Lifting and Lowering Context".
 */
import type { StringEncoding } from '../binary/definitions.ts';
import type { EngineFunction, EngineMemory } from '../engine/web-assembly.ts';
import type { Trap } from '../errors.ts';
import { type ComponentInstance, type Handles, POISONED, type RuntimeResource } from './component-instance.ts';

/** A core value as the JavaScript API of WebAssembly passes it. */
export type CoreValue = number | bigint;

/** A core function. The engine checks the types of its core values. */
export type CoreFunction = EngineFunction;

/**
 * `MemInst`: the views of a linear memory, which are cached until it grows. Growing detaches the old buffer, so that
 * its views have the length 0. Reading a length is cheaper than reading `memory.buffer`.
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

  /** Updates the views. Returns false if the memory has grown beyond its limit. Its views then stay empty. */
  refresh(): boolean {
    const buffer = this.memory?.buffer;
    if (buffer === undefined) return true;
    if (buffer.byteLength > this.maxBytes) return false;
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
    return true;
  }
}

/** The index of an own handle in the guest's table, and the value that JavaScript passed for it. */
export type LoweredOwn = readonly [index: number, value: unknown];

/** `LiftLowerContext`: the memory, the handles and the options that the staged functions use. */
export class Context {
  readonly instance: ComponentInstance;
  readonly memory: LinearMemory;
  readonly encoding: StringEncoding;
  readonly resources: RuntimeResource[];
  /** The handles of the instance and of the host. They are copied here because every call reads them. */
  readonly handles: Handles;
  readonly hostHandles: Handles;
  /** The second result of `store_string_into_range` and `store_list_into_range`, which is the (tagged) length. */
  lowered = 0;
  /** The number of bytes that the call has lifted so far. */
  lifted = 0;
  /** The maximum number of bytes that the call may lift. */
  readonly maxLifted: number;
  /**
   * The own handles that were lowered so far, with their values. The list is defined only while arguments of JavaScript
   * are lowered.
   */
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
   * Implements `reallocate` with the checks that follow each of its uses. The result must be aligned and in bounds. The
   * views of the memory are current afterwards.
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

  /** Implements `allocate`. */
  allocate(alignment: number, length: number): number {
    return this.reallocate(0, 0, alignment, length);
  }

  /** Returns whether a range is out of bounds. The views are current afterwards, so call it before any access. */
  isOutOfBounds(ptr: number, length: number): boolean {
    const memory = this.memory;
    if (memory.bytes.length !== 0 && ptr + length <= memory.bytes.length) return false;
    // A shared memory grows without detaching.
    if (!memory.refresh()) {
      const message = `the guest is out of budget: more than ${memory.maxBytes} bytes in one memory; the limit is maxMemoryBytes`;
      throw this.instance.trap(message, { code: 'memory-exhausted' });
    }
    return ptr + length > memory.bytes.length;
  }

  /** Counts a value of this size, before it is lifted. */
  lift(size: number): void {
    if ((this.lifted += size) <= this.maxLifted) return;
    const message = `more than ${this.maxLifted} bytes of lists and strings in one call; the limit is maxLiftedBytes`;
    throw this.instance.trap(`the guest is out of budget: ${message}`, { code: 'lifting-exhausted' });
  }

  trap(message: string): Trap {
    return this.instance.trap(message);
  }
}

/**
 * The placeholder for a missing `realloc`. It is never called, because validation requires `realloc` for every function
 * that allocates.
 */
const noRealloc: CoreFunction = () => {
  throw new Error('every memory has its realloc');
};
