/** The imports, the virtual WASI and the counters of one instance. */
import { show } from '../abi/javascript-values.ts';
import { ArgumentError, type Component, type ImportObject, type InstantiateOptions } from '../index.ts';
import type { VirtualWasi } from '../wasi/index.ts';
import type { Bounds } from './metering/budget.ts';
import { Counters } from './metering/counters.ts';

/** The data from which the instances of a component are created. */
export interface InstanceTemplate {
  readonly component: Component;
  /** Called for each instance, so that no two instances share the state of an import. */
  readonly imports: () => ImportObject;
  /** Called for each instance of a guest that needs WASI. */
  readonly wasi: (() => VirtualWasi) | undefined;
  /** The limits that the core modules were rewritten for. */
  readonly bounds: Bounds;
  readonly maxHandles: number;
  readonly maxLiftedBytes: number | undefined;
}

/** The parts that belong to one instance. */
export interface Environment {
  readonly imports: ImportObject;
  readonly options: InstantiateOptions;
  readonly wasi: VirtualWasi | undefined;
  readonly counters: Counters;
}

/** Creates the parts of one instance. @throws ArgumentError if `imports` or `wasi` returns another value. */
export function environmentOf(
  { imports, wasi, bounds, maxHandles, maxLiftedBytes }: InstanceTemplate,
  resources: 'handles' | 'objects',
): Environment {
  const virtual = wasi === undefined ? undefined : virtualOf(wasi);
  const given = imports();
  // The loader would accept a promise as an import object without imports.
  if (isPromise(given)) throw new ArgumentError('imports', 'expected a function that returns an object, got a promise');
  const counters = new Counters(bounds);
  const { maxMemoryBytes } = bounds;
  return {
    imports: virtual === undefined ? given : mergeImports(given, virtual.imports),
    options: {
      resources,
      maxMemoryBytes,
      maxHandles,
      ...(maxLiftedBytes !== undefined && { maxLiftedBytes }),
      onCoreInstance: counters.add,
    },
    wasi: virtual,
    counters,
  };
}

/** Returns whether the value is a promise of any realm. An import object may have a function with the name `then`. */
function isPromise(value: unknown): boolean {
  return Object.prototype.toString.call(value) === '[object Promise]';
}

/** Creates the virtual WASI of an instance. @throws ArgumentError */
function virtualOf(wasi: () => VirtualWasi): VirtualWasi {
  const virtual: Partial<VirtualWasi> = wasi();
  if (virtual?.imports !== undefined) return virtual as VirtualWasi;
  throw new ArgumentError('wasi', `expected a function that returns the result of virtualWasi, got ${show(virtual)}`);
}

/**
 * Adds the interfaces of the virtual WASI to the imports of the host. An interface that the host passes itself, in any
 * version, is not added, because the loader would prefer the later version. Imports that are not own properties, such
 * as those of a proxy or an object of a class, are found last.
 */
export function mergeImports(own: ImportObject, virtual: ImportObject): ImportObject {
  const withoutVersion = (name: string): string => name.replace(/@.*$/, '');
  const given = new Set(Object.keys(own).map(withoutVersion));
  const isGiven = (name: string): boolean => given.has(name) || Reflect.get(own, name) !== undefined;
  const missing = Object.entries(virtual).filter(([name]) => !isGiven(withoutVersion(name)));
  return Object.create(own, Object.getOwnPropertyDescriptors({ ...Object.fromEntries(missing), ...own }));
}
