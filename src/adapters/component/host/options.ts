/**
 * The options of `loadModule`, checked before anything is compiled: a bound that is misspelt must not be taken for one
 * that holds. What the bounds have to be is in `metering/budget.ts`.
 */
import { show } from '../abi/javascript-values.ts';
import { nameOfTypedArray } from '../abi/number-lists.ts';
import { checkNames, type OptionNames } from '../option-names.ts';
import { MOST_HANDLES } from './limits.ts';
import type { LoadModuleOptions } from './load-module.ts';
import { checkCount } from './metering/budget.ts';
import { WORLD_NAMES } from './worlds.ts';

const NAMES: OptionNames<LoadModuleOptions> = {
  world: true,
  isolation: true,
  imports: true,
  wasi: true,
  maxMemoryBytes: true,
  maxTableElements: true,
  maxHandles: true,
  maxLiftedBytes: true,
  budget: true,
  digest: true,
};

/** Bytes of a SHA-256. */
const DIGEST_BYTES = 32;

/**
 * What TypeScript checks, for those who have it not, and what it does not.
 *
 * @throws TypeError | RangeError that names the option, what is expected and what was got.
 */
export function checkOptions(options: LoadModuleOptions): void {
  checkNames('options', options, NAMES);
  const { world, isolation, imports = {}, wasi, maxHandles, maxLiftedBytes, digest } = options;
  if (world !== undefined) checkOneOf('world', world, WORLD_NAMES);
  if (isolation !== undefined) checkOneOf('isolation', isolation, ['pooled', 'fresh']);
  if (typeof imports !== 'function' && (typeof imports !== 'object' || imports === null)) {
    throw unexpected('imports', 'an object, or a function that makes one', show(imports));
  }
  if (wasi !== undefined && typeof wasi !== 'function') {
    throw unexpected('wasi', 'a function that makes one for each instance, as in () => virtualWasi()', show(wasi));
  }
  if (maxHandles !== undefined) checkCount('maxHandles', maxHandles, MOST_HANDLES);
  if (maxLiftedBytes !== undefined) checkCount('maxLiftedBytes', maxLiftedBytes, Number.MAX_SAFE_INTEGER);
  if (digest !== undefined) checkDigest(digest);
}

function checkOneOf(option: string, value: string, names: readonly string[]): void {
  if (!names.includes(value)) throw new TypeError(`${option}: ${show(value)} is none of ${names.join(', ')}`);
}

function checkDigest(digest: unknown): void {
  const isBytes = nameOfTypedArray(digest) === 'Uint8Array';
  const { length } = digest as Uint8Array;
  if (isBytes && length === DIGEST_BYTES) return;
  const got = isBytes ? `${length} bytes` : show(digest);
  throw unexpected('digest', `the ${DIGEST_BYTES} bytes of a SHA-256`, got);
}

function unexpected(option: string, expected: string, got: string): TypeError {
  return new TypeError(`${option}: expected ${expected}, got ${got}`);
}
