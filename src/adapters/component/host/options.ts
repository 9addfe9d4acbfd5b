/**
 * The options of `loadModule`, and their checks. The checks run before anything is compiled, so a misspelt limit is
 * never ignored. The checks of the limits are in `metering/budget.ts`.
 */

import type { OptionNames } from '../../../core/unknown-names.ts';
import { show } from '../abi/javascript-values.ts';
import { nameOfTypedArray } from '../abi/number-lists.ts';
import { ArgumentError, type ImportObject } from '../index.ts';
import { checkNames } from '../option-names.ts';
import type { VirtualWasi } from '../wasi/index.ts';
import { MOST_HANDLES } from './limits.ts';
import { type Budget, checkCount } from './metering/budget.ts';
import type { Indeterminism } from './metering/determinism.ts';
import { MODULE_WORLD_NAMES, type ModuleWorldName } from './worlds.ts';

/** The limits of a component, and the indeterminism that it may have. */
export interface GuestLimits {
  /**
   * The maximum number of bytes of each linear memory of an instance. A guest that grows a memory beyond it ends with
   * {@link OutOfBudget}. It cannot read the limit, so it makes the same decisions everywhere.
   *
   * @default 268_435_456
   */
  readonly maxMemoryBytes?: number | undefined;
  /**
   * The maximum number of elements of each table of an instance.
   *
   * @default 1_000_000
   */
  readonly maxTableElements?: number | undefined;
  /**
   * The maximum number of handles in each handle table of an instance, and in the host's table. A call that exceeds it
   * fails.
   *
   * @default 1_000_000
   */
  readonly maxHandles?: number | undefined;
  /**
   * The maximum number of bytes of lists and strings that one call may lift out of the guest. See the same option of
   * `instantiate`.
   *
   * @default 268_435_456
   */
  readonly maxLiftedBytes?: number | undefined;
  /**
   * The resources that one call may use in each core module of the component. A call that exceeds them ends with
   * {@link OutOfBudget} on every machine. The core modules are rewritten so that they count their work, which makes
   * them slower. By default, nothing is counted.
   *
   * The limits of memories, tables and calls are compiled into a component. A component that this host has compiled
   * keeps its limits, unless the options name other limits. In this case its core modules are compiled again. The core
   * modules of a component that `compile` has compiled are always compiled again.
   */
  readonly budget?: Budget | undefined;
  /**
   * Indeterminism that the guest may have. Code whose effect differs between machines is refused with an
   * {@link IndeterminismError} if it is not granted:
   *
   * - `'relaxed-simd'`: relaxed vector instructions.
   * - `'threads'`: waiting for another thread.
   * - `'nan-bits'`: NaNs keep the bits of the processor. By default, the functions that compute with floats
   *   are rewritten so that each computed NaN is the canonical one.
   *
   * @default []
   */
  readonly grant?: readonly Indeterminism[] | undefined;
}

/** The options of `loadModule`. */
export interface LoadModuleOptions<World extends ModuleWorldName = ModuleWorldName> extends GuestLimits {
  /**
   * The world of the component. It determines the exports, and therefore the kind of the module.
   *
   * @default 'command-handler'
   */
  readonly world?: World;
  /**
   * - `'pooled'`: one instance serves all calls until it traps. This is fast, but a guest can carry hidden state from
   *   one command to the next.
   * - `'fresh'`: each call has a separate instance, and only bytes are kept between calls. Use it to prove
   *   decisions.
   *
   * On the main thread of a page, Chromium cannot synchronously instantiate a core module of more than 8 MiB. For such
   * guests, `'fresh'` needs a worker. A pooled instance that trapped is replaced asynchronously, and calls trap with
   * the code `instance-not-ready` until then.
   *
   * @default 'pooled'
   */
  readonly isolation?: 'pooled' | 'fresh' | undefined;
  /**
   * The imports of the component, or a function that creates them for each instance. Use a function if an import keeps
   * state, so that no two instances share it. No import may be asynchronous, because a module cannot wait.
   *
   * @default {}
   */
  readonly imports?: ImportObject | (() => ImportObject) | undefined;
  /**
   * Creates WASI for each instance of a guest whose language needs it: `() => virtualWasi({ grant: LANGUAGE_RUNTIME
   * })`. In a decision, its clock and randomness are derived from the command's id. In a process manager's handler they
   * are derived from the event. In other calls they are constants.
   */
  readonly wasi?: (() => VirtualWasi) | undefined;
  /**
   * The SHA-256 of the binary, 32 bytes.
   * @default the hash of the bytes, or undefined for a compiled component
   */
  readonly digest?: Uint8Array | undefined;
}

/** The names of the limits. */
export const LIMIT_NAMES: OptionNames<GuestLimits> = {
  maxMemoryBytes: true,
  maxTableElements: true,
  maxHandles: true,
  maxLiftedBytes: true,
  budget: true,
  grant: true,
};

const NAMES: OptionNames<LoadModuleOptions> = {
  world: true,
  isolation: true,
  imports: true,
  wasi: true,
  ...LIMIT_NAMES,
  digest: true,
};

const DIGEST_BYTES = 32;

/**
 * Checks the options at run time, because callers may not use TypeScript.
 *
 * @throws ArgumentError that names the option, the expected value and the given one.
 */
export function checkOptions(options: LoadModuleOptions): void {
  checkNames('options', options, NAMES);
  const { world, isolation, digest } = options;
  if (world !== undefined) checkOneOf('world', world, MODULE_WORLD_NAMES);
  if (isolation !== undefined) checkOneOf('isolation', isolation, ['pooled', 'fresh']);
  checkEnvironment(options);
  if (digest !== undefined) checkDigest(digest);
}

/** Checks the imports and the limits that do not depend on the code. @throws ArgumentError that names the option. */
export function checkEnvironment(options: Pick<LoadModuleOptions, 'imports' | 'wasi'> & GuestLimits): void {
  const { imports = {}, wasi, maxHandles, maxLiftedBytes } = options;
  if (typeof imports !== 'function' && (typeof imports !== 'object' || imports === null)) {
    throw unexpected('imports', 'an object, or a function that creates one', show(imports));
  }
  if (wasi !== undefined && typeof wasi !== 'function') {
    throw unexpected(
      'wasi',
      'a function that creates a virtual WASI for each instance, such as () => virtualWasi()',
      show(wasi),
    );
  }
  if (maxHandles !== undefined) checkCount('maxHandles', maxHandles, MOST_HANDLES);
  if (maxLiftedBytes !== undefined) checkCount('maxLiftedBytes', maxLiftedBytes, Number.MAX_SAFE_INTEGER);
}

export function checkOneOf(option: string, value: string, names: readonly string[]): void {
  if (!names.includes(value)) throw unexpected(option, `one of ${names.join(', ')}`, show(value));
}

function checkDigest(digest: unknown): void {
  const isBytes = nameOfTypedArray(digest) === 'Uint8Array';
  const { length } = digest as Uint8Array;
  if (isBytes && length === DIGEST_BYTES) return;
  const got = isBytes ? `${length} bytes` : show(digest);
  throw unexpected('digest', `the ${DIGEST_BYTES} bytes of a SHA-256`, got);
}

export function unexpected(option: string, expected: string, got: string): ArgumentError {
  return new ArgumentError(option, `expected ${expected}, got ${got}`);
}
