/**
 * A guest that shows the core values and the bytes to which values of a type are lowered, and lifts core values and
 * bytes that a test writes. Its `realloc` is a bump allocator that records its calls.
 */
import { compile, type InstantiateOptions, instantiate } from 'decidable/component';
import { assemble } from '../assemble.ts';
import type { GuestType } from './guests.ts';
import type { Lowered } from './vectors/vectors.ts';

/** The address of the first allocation. The test may write anywhere below {@link SLOTS}. */
export const START = 1024;
/** The end of the memory. */
export const END = 2 * 65536;
/** The address of an area for a result. */
export const OUT = 512;
/** The addresses of core values, eight bytes each, of the number of calls to `realloc`, and of their arguments. */
const SLOTS = 65536;
const CALLS = SLOTS + 4096;
/** The number of the call to `realloc` that returns a pointer of the test, counted from 1, and that pointer. */
const LIE = SLOTS + 2048;

/** The module that defines the memory, with a bump allocator that records its calls. */
export const RECORDING_ALLOCATOR = `
  (memory (export "memory") 2)
  (global $next (mut i32) (i32.const ${START}))
  (func (export "realloc") (param $old i32) (param $size i32) (param $align i32) (param $new i32) (result i32)
    (local $entry i32) (local $at i32)
    (local.set $entry (i32.add (i32.const ${CALLS}) (i32.shl (i32.load (i32.const ${CALLS})) (i32.const 4))))
    (i32.store offset=4 (local.get $entry) (local.get $old))
    (i32.store offset=8 (local.get $entry) (local.get $size))
    (i32.store offset=12 (local.get $entry) (local.get $align))
    (i32.store offset=16 (local.get $entry) (local.get $new))
    (i32.store (i32.const ${CALLS}) (i32.add (i32.load (i32.const ${CALLS})) (i32.const 1)))
    (local.set $at (i32.and (i32.add (global.get $next) (i32.sub (local.get $align) (i32.const 1)))
                            (i32.sub (i32.const 0) (local.get $align))))
    (global.set $next (i32.add (local.get $at) (local.get $new)))
    (memory.copy (local.get $at) (local.get $old)
      (select (local.get $size) (local.get $new) (i32.lt_u (local.get $size) (local.get $new))))
    (if (i32.eq (i32.load (i32.const ${CALLS})) (i32.load (i32.const ${LIE})))
      (then (local.set $at (i32.load (i32.const ${LIE + 4})))))
    (local.get $at))
  (func (export "next") (result i32) (global.get $next))
  (func (export "reset") (global.set $next (i32.const ${START})))`;

/** The memory of {@link RECORDING_ALLOCATOR}, which tests read and write. */
export class Recorder {
  private readonly exports: Readonly<Record<string, unknown>>;

  /** The whole memory as it was when it was {@link taken} last. */
  before: Buffer = Buffer.alloc(0);

  constructor(exports: Readonly<Record<string, unknown>>) {
    this.exports = exports;
  }

  get bytes(): Buffer {
    return Buffer.from((this.exports.memory as { buffer: ArrayBuffer }).buffer);
  }

  /** Resets the memory and the record of allocations. */
  reset(): void {
    this.bytes.fill(0);
    (this.exports.reset as () => void)();
  }

  /** Makes the `call`th call to `realloc` return `pointer`. */
  lie(call: number, pointer: number): void {
    this.bytes.writeUInt32LE(call, LIE);
    this.bytes.writeUInt32LE(pointer >>> 0, LIE + 4);
  }

  /** Returns the results of lowering, with core values of these types, and clears them. */
  taken(coreTypes: readonly string[]): Lowered {
    const lowered = this.lowered(coreTypes);
    this.before = Buffer.from(this.bytes);
    this.reset();
    return lowered;
  }

  private lowered(coreTypes: readonly string[]): Lowered {
    const { bytes } = this;
    const core = coreTypes.map((type, index) => hexAt(bytes, SLOTS + 8 * index, type.endsWith('64') ? 8 : 4)).join(' ');
    const calls = Array.from({ length: bytes.readUInt32LE(CALLS) }, (_, call) =>
      [4, 8, 12, 16].map((offset) => bytes.readUInt32LE(CALLS + 16 * call + offset)).join(' '),
    );
    if (calls.length === 0) return { core };
    const end = (this.exports.next as () => number)();
    return { core, realloc: calls.join(', '), memory: bytes.toString('hex', START, end) };
  }

  /** Writes core values and bytes to the addresses from which the guest reads them. */
  write({ core, memory = '' }: Lowered): void {
    const { bytes } = this;
    bytes.write(memory, START, 'hex');
    for (const [index, value] of core.split(' ').entries()) {
      Buffer.from(value, 'hex')
        .reverse()
        .copy(bytes, SLOTS + 8 * index);
    }
  }
}

function hexAt(bytes: Buffer, at: number, length: number): string {
  return Buffer.from(bytes.subarray(at, at + length))
    .reverse()
    .toString('hex');
}

/** Returns core values in the notation of {@link Lowered}. */
export function i32(...values: number[]): string {
  return values.map((value) => (value >>> 0).toString(16).padStart(8, '0')).join(' ');
}

export const storesOf = (types: readonly string[]): string =>
  types.map((type, index) => `(${type}.store (i32.const ${SLOTS + 8 * index}) (local.get ${index}))`).join(' ');
export const loadsOf = (types: readonly string[]): string =>
  types.map((type, index) => `(${type}.load (i32.const ${SLOTS + 8 * index}))`).join(' ');

/** Returns the declaration of parameters with these core types. */
export function asParams(flat: string): readonly string[] {
  const types = flat === '' ? [] : flat.split(' ');
  return types.length > 16 ? ['i32'] : types;
}

/** `memory`, `realloc` and the encoding, for a component whose core instance `$m` has them. */
export function canonicalOptions(encoding = 'utf8'): string {
  return `(memory (core memory $m "memory")) (realloc (core func $m "realloc")) string-encoding=${encoding}`;
}

export interface Probe {
  readonly recorder: Recorder;
  /** The host passes a value. Returns the value that the guest receives. */
  take(value: unknown): Lowered;
  /** The guest passes the value that was written. Returns the value that the host receives. */
  pass(written: Lowered): unknown;
  /**
   * The host returns a value. Returns the value that the guest receives, in its core result or in the area at
   * {@link OUT}.
   */
  ask(value: unknown, size: number): Lowered & { readonly area?: string };
  /**
   * The guest returns the value that was written, as a core value or as the pointer to an area. Returns the value that
   * the host receives.
   */
  give(written: Lowered): unknown;
}

/** Creates a probe. A `result` is returned in a tuple, because otherwise it would be thrown or unwrapped. */
export async function probe(
  { type, definitions = '', flat }: GuestType,
  encoding = 'utf8',
  options: InstantiateOptions = {},
): Promise<Probe> {
  const core = asParams(flat);
  const [one = 'i32', ...more] = core.length === 0 ? [] : flat.split(' ');
  const isOne = more.length === 0;
  const result = type.startsWith('(result') ? `(tuple ${type})` : type;
  const isWrapped = result !== type;
  const param = core.length === 0 ? '' : `(param ${core.join(' ')})`;
  const canonical = canonicalOptions(encoding);
  let seen: unknown;
  let answer: unknown;
  const instances: Readonly<Record<string, unknown>>[] = [];
  const component = await compile(
    await assemble(`(component
      ${definitions}
      (import "observe" (func $observe (param "value" ${type})))
      (import "produce" (func $produce (result ${result})))
      (core module $Memory ${RECORDING_ALLOCATOR})
      (core instance $m (instantiate $Memory))
      (core func $observe' (canon lower (func $observe) ${canonical}))
      (core func $produce' (canon lower (func $produce) ${canonical}))
      (core module $M
        (import "m" "memory" (memory 2))
        (import "" "observe" (func $observe ${param}))
        (import "" "produce" (func $produce ${isOne ? `(result ${one})` : '(param i32)'}))
        (func (export "take") ${param} ${storesOf(core)})
        (func (export "pass") (call $observe ${loadsOf(core)}))
        (func (export "give") (result ${isOne ? one : 'i32'}) ${loadsOf([isOne ? one : 'i32'])})
        (func (export "ask")
          ${isOne ? `(${one}.store (i32.const ${SLOTS}) (call $produce))` : `(call $produce (i32.const ${OUT}))`}))
      (core instance $i (instantiate $M (with "m" (instance $m))
        (with "" (instance (export "observe" (func $observe')) (export "produce" (func $produce'))))))
      (func (export "take") (param "value" ${type}) (canon lift (core func $i "take") ${canonical}))
      (func (export "give") (result ${result}) (canon lift (core func $i "give") ${canonical}))
      (func (export "pass") (canon lift (core func $i "pass")))
      (func (export "ask") (canon lift (core func $i "ask"))))`),
  );
  const { exports } = await instantiate(
    component,
    {
      observe: (value: unknown) => {
        seen = value;
      },
      produce: () => (isWrapped ? [answer] : answer),
    },
    { ...options, onCoreInstance: (each) => instances.push(each) },
  );
  const { take, pass, give, ask } = exports as Record<string, (...args: unknown[]) => unknown>;
  const recorder = new Recorder(instances[0]!);
  return {
    recorder,
    take: (value) => {
      take!(value);
      return recorder.taken(core);
    },
    pass: (written) => {
      recorder.write(written);
      pass!();
      recorder.reset();
      return seen;
    },
    ask: (value, size) => {
      answer = value;
      ask!();
      if (isOne) return recorder.taken([one]);
      const area = recorder.bytes.toString('hex', OUT, OUT + size);
      return { ...recorder.taken([]), area };
    },
    give: (written) => {
      recorder.write(written);
      const value = give!();
      recorder.reset();
      return isWrapped ? (value as unknown[])[0] : value;
    },
  };
}

/** Two components that pass values to each other. */
export interface Relay {
  readonly callee: Recorder;
  readonly caller: Recorder;
  /** The caller passes the value that was written. Returns the value that the callee receives. */
  pass(written: Lowered): Lowered;
  /**
   * The callee returns the value that was written. Returns the value that the caller receives, in its core result or in
   * the area at {@link OUT}.
   */
  ask(written: Lowered, size: number): Lowered & { readonly area?: string };
}

/** Creates two components with the string encodings `from` (of the callee) and `to` (of the caller). */
export async function relay({ type, definitions = '', flat }: GuestType, from = 'utf8', to = from): Promise<Relay> {
  const core = asParams(flat);
  const param = core.length === 0 ? '' : `(param ${core.join(' ')})`;
  const [one = 'i32', ...more] = flat.split(' ');
  const isOne = more.length === 0;
  const instances: Readonly<Record<string, unknown>>[] = [];
  const component = await compile(
    await assemble(`(component
      (component $Callee
        ${definitions}
        (core module $M ${RECORDING_ALLOCATOR}
          (func (export "take") ${param} ${storesOf(core)})
          (func (export "give") (result ${isOne ? one : 'i32'}) ${loadsOf([isOne ? one : 'i32'])}))
        (core instance $m (instantiate $M))
        (func (export "take") (param "value" ${type}) (canon lift (core func $m "take") ${canonicalOptions(to)}))
        (func (export "give") (result ${type}) (canon lift (core func $m "give") ${canonicalOptions(to)})))
      (component $Caller
        ${definitions}
        (import "take" (func $take (param "value" ${type})))
        (import "give" (func $give (result ${type})))
        (core module $Memory ${RECORDING_ALLOCATOR})
        (core instance $m (instantiate $Memory))
        (core func $take' (canon lower (func $take) ${canonicalOptions(from)}))
        (core func $give' (canon lower (func $give) ${canonicalOptions(from)}))
        (core module $M
          (import "m" "memory" (memory 2))
          (import "" "take" (func $take ${param}))
          (import "" "give" (func $give ${isOne ? `(result ${one})` : '(param i32)'}))
          (func (export "pass") (call $take ${loadsOf(core)}))
          (func (export "ask")
            ${isOne ? `(${one}.store (i32.const ${SLOTS}) (call $give))` : `(call $give (i32.const ${OUT}))`}))
        (core instance $i (instantiate $M (with "m" (instance $m))
          (with "" (instance (export "take" (func $take')) (export "give" (func $give'))))))
        (func (export "pass") (canon lift (core func $i "pass")))
        (func (export "ask") (canon lift (core func $i "ask"))))
      ${definitions}
      (instance $callee (instantiate $Callee ${argumentsFor(definitions)}))
      (instance $caller (instantiate $Caller ${argumentsFor(definitions)}
        (with "take" (func $callee "take")) (with "give" (func $callee "give"))))
      (export "pass" (func $caller "pass"))
      (export "ask" (func $caller "ask")))`),
  );
  const { exports } = await instantiate(component, {}, { onCoreInstance: (each) => instances.push(each) });
  const { pass, ask } = exports as Record<string, () => void>;
  const [callee, caller] = instances.slice(0, 2).map((each) => new Recorder(each));
  return {
    callee: callee!,
    caller: caller!,
    pass: (written) => {
      caller!.write(written);
      pass!();
      caller!.reset();
      return callee!.taken(core);
    },
    ask: (written, size) => {
      callee!.write(written);
      ask!();
      callee!.reset();
      if (isOne) return caller!.taken([one]);
      const area = caller!.bytes.toString('hex', OUT, OUT + size);
      return { ...caller!.taken([]), area };
    },
  };
}

/** The imports of `definitions` have the same names outside and inside. */
function argumentsFor(definitions: string): string {
  return Array.from(definitions.matchAll(/\(import "([^"]+)"/g), ([, name]) => `(with "${name}" (type $${name}))`).join(
    ' ',
  );
}
