/**
 * `instantiate`: from a component and its imports to an instance.
 */
import { asFailure, endInstances, type RuntimeResource } from './abi/component-instance.ts';
import { propertyOf, show } from './abi/javascript-values.ts';
import { HandleTable } from './abi/table-state.ts';
import { type Component, isSmallModule } from './compile.ts';
import { engine } from './engine/web-assembly.ts';
import { LinkError, Trap } from './errors.ts';
import { defaultMaxHandles, defaultMaxLiftedBytes } from './limits.ts';
import { AsyncImports } from './linking/async-imports.ts';
import { ExportsWriter } from './linking/exports.ts';
import { ImportReader } from './linking/imports.ts';
import type { InstanceItem } from './linking/items.ts';
import { checkPromises } from './linking/js-names.ts';
import { type LinkHost, type Linking, linkComponent } from './linking/link.ts';
import { checkNames, type OptionNames } from './option-names.ts';

/** The values for the imports of a component, by their names. See {@link instantiate}. */
export type ImportObject = object;

/** How a component is instantiated. */
export interface InstantiateOptions {
  /**
   * How resources pass between JavaScript and the component.
   *
   * - `'objects'`: as objects of classes, with methods and `Symbol.dispose`.
   * - `'handles'`: as numbers, for hosts that make millions of calls. See {@link Instance.exports}.
   *
   * @default 'objects'
   */
  readonly resources?: 'objects' | 'handles' | undefined;
  /**
   * The most handles that one component instance, or with `'handles'` the host, may hold at a time.
   *
   * @default 4_000_000
   */
  readonly maxHandles?: number | undefined;
  /** The most bytes of one linear memory. A call after which a memory is larger traps. @default 4_294_967_296 */
  readonly maxMemoryBytes?: number | undefined;
  /**
   * The most that one call may take out of the component, in bytes: the lists and strings in its arguments or in its result. An
   * element of a list that becomes a JavaScript value of its own, and each object inside it, counts 64 bytes more; each number,
   * flag, enum or boolean of them counts 16 more. A call that takes more traps with the code `lifting-exhausted`. Without a
   * limit, lists that overlap in a small memory could fill the memory of the host.
   *
   * @default 268_435_456
   */
  readonly maxLiftedBytes?: number;
  /**
   * Imported functions that return promises without being `async` functions, by the names that jco's option has:
   * `'wasi:io/poll@0.2.0#poll'`, `'wasi:io/poll#[method]pollable.block'`, `'function-at-the-root'`. The version may be
   * left out. `async` functions need not be listed.
   *
   * @default []
   */
  readonly asyncImports?: readonly string[] | undefined;
  /** Called with the exports of each core instance. It is meant for hosts that instrumented the core modules. */
  readonly onCoreInstance?: ((exports: Readonly<Record<string, unknown>>) => void) | undefined;
}

/**
 * A component instance. `Exports` may be the type that `componentTypes` of `decidable/component/types` writes for its
 * exports.
 */
export interface Instance<Exports extends object = Record<string, unknown>> {
  /**
   * The exports of the component. Functions are under their camelCase names, interfaces under their full names
   * (`'wasi:cli/run@0.2.3'`), core modules as `WebAssembly.Module`.
   *
   * A resource type `input-stream` is a class `InputStream`: its constructor, methods and static functions are those of
   * the component, and `Symbol.dispose` drops the resource. `InputStream.create(…)` is the constructor too; `new` is
   * refused if the constructor returns a promise. With `resources: 'handles'` it is an object `inputStream` instead:
   * `create(…)` is the constructor, methods take the handle first, and `drop(handle)` drops it.
   *
   * A function that traps throws a `Trap`. A function whose result is a `result` returns the `ok` case and throws a
   * `ComponentError` for the `error` case. An error that a host function throws is passed on unchanged. If a host
   * function returns a value of another type, a `LinkError` names the import. If an argument has another type, a
   * `TypeError` is thrown: the guest is not called, and receives none of the handles in the other arguments. Each
   * `async func` returns a promise, and so does every function of an instance that was given an asynchronous import.
   */
  readonly exports: Exports;
  /** With `resources: 'handles'`, the number of handles that JavaScript holds. */
  readonly handleCount: number;
  /**
   * Ends the instance: every later call into it traps (`disposed`). The host's resources that it holds are disposed. An
   * instance that traps ends in the same way. Garbage collection does not end an instance, so dispose one that holds
   * files or connections.
   */
  [Symbol.dispose](): void;
}

/**
 * Instantiates a component.
 *
 * `imports` has a property for each import: a function, a `WebAssembly.Module`, an object of exports for an instance, a
 * class for a resource type (with methods on its prototype and static functions on itself; `Symbol.dispose` is called
 * when the component drops one). Names may be those of WIT or camelCase and PascalCase; the property of an interface is
 * its full name, the name with a version compatible by semver or without version, or its last part. The exports of
 * another instance can be passed as they are: the two components are then linked to each other, and values pass between
 * them directly.
 *
 * @throws TypeError if `component` is not a compiled component, or an option is unknown or invalid.
 * @throws LinkError if imports are missing or do not fit (it lists all of them), or two exports have one name in
 *   JavaScript.
 * @throws Trap if a start function traps.
 */
export async function instantiate<Exports extends object = Record<string, unknown>>(
  component: Component,
  imports: ImportObject = {},
  options: InstantiateOptions = {},
): Promise<Instance<Exports>> {
  const { host, linking, finish } = prepare<Exports>(component, imports, options);
  let step = linking.next();
  while (!step.done) {
    try {
      const { module, imports, byteLength } = step.value;
      const isSmall = byteLength !== undefined && isSmallModule(byteLength);
      const instance = isSmall ? new engine.Instance(module, imports) : await engine.instantiate(module, imports);
      options.onCoreInstance?.(instance.exports);
      step = linking.next(instance.exports);
    } catch (error) {
      throw linkFailure(host, error);
    }
  }
  return finish(step.value);
}

/**
 * Instantiates a component synchronously, for hosts that sometimes need a fresh instance. Engines in browsers refuse to
 * instantiate large modules on the main thread like this.
 *
 * @throws the errors of {@link instantiate}.
 */
export function instantiateSync<Exports extends object = Record<string, unknown>>(
  component: Component,
  imports: ImportObject = {},
  options: InstantiateOptions = {},
): Instance<Exports> {
  const { host, linking, finish } = prepare<Exports>(component, imports, options);
  let step = linking.next();
  while (!step.done) {
    try {
      const { exports } = new engine.Instance(step.value.module, step.value.imports);
      options.onCoreInstance?.(exports);
      step = linking.next(exports);
    } catch (error) {
      throw linkFailure(host, error);
    }
  }
  return finish(step.value);
}

interface Preparation<Exports extends object> {
  readonly host: LinkHost;
  readonly linking: Linking<InstanceItem>;
  readonly finish: (item: InstanceItem) => Instance<Exports>;
}

/** The caller chooses the type of the exports, because TypeScript cannot read the types of a binary. */
function prepare<Exports extends object>(
  component: Component,
  imports: ImportObject,
  options: InstantiateOptions,
): Preparation<Exports> {
  if (propertyOf(component, 'plan') === undefined) throw new TypeError(`expected a component, got ${show(component)}`);
  if (typeof imports !== 'object' || imports === null) {
    throw new TypeError(`imports: expected an object, got ${show(imports)}`);
  }
  const { plan } = component;
  if (component.instrumentation !== undefined && options.onCoreInstance === undefined) {
    throw new TypeError('the component was rewritten for a host, which alone can instantiate it; compile it again');
  }
  const host = hostOf(options);
  plan.checkExportNames(host.resources);
  const reader = new ImportReader(imports, plan, host, new AsyncImports(options.asyncImports ?? []));
  const items = reader.read();
  const isAsynchronous = reader.mayWait && engine.promising !== undefined;
  if (host.resources === 'objects' && (isAsynchronous || plan.component.hasAsync)) {
    checkPromises(plan.component.exports, isAsynchronous, reader.isThenable);
  }
  return {
    host,
    linking: linkComponent({ kind: 'component', plan, outer: undefined }, (name) => items.get(name), host, undefined),
    finish: (item) => {
      const exports = new ExportsWriter(host, isAsynchronous).write(item);
      return {
        exports: exports as Exports,
        get handleCount() {
          return host.handles.size;
        },
        [Symbol.dispose]: () => endInstances(host, new Trap('the instance was disposed', { code: 'disposed' })),
      };
    },
  };
}

const OPTION_NAMES: OptionNames<InstantiateOptions> = {
  resources: true,
  maxHandles: true,
  maxMemoryBytes: true,
  maxLiftedBytes: true,
  asyncImports: true,
  onCoreInstance: true,
};

/** @throws TypeError if an option is unknown or invalid. */
function hostOf(options: InstantiateOptions): LinkHost {
  checkNames('options', options, OPTION_NAMES);
  const { resources = 'objects', maxHandles = defaultMaxHandles, maxMemoryBytes = 2 ** 32 } = options;
  const { maxLiftedBytes = defaultMaxLiftedBytes } = options;
  if (resources !== 'handles' && resources !== 'objects') {
    throw new TypeError(`resources: expected 'objects' or 'handles', got ${show(resources)}`);
  }
  checkBound('maxHandles', maxHandles);
  checkBound('maxMemoryBytes', maxMemoryBytes);
  checkBound('maxLiftedBytes', maxLiftedBytes);
  if (options.onCoreInstance !== undefined && typeof options.onCoreInstance !== 'function') {
    throw new TypeError(`onCoreInstance: expected a function, got ${show(options.onCoreInstance)}`);
  }
  const handles = new HandleTable<RuntimeResource>(maxHandles, (message) => new RangeError(message));
  const bounds = { maxHandles, maxMemoryBytes, maxLiftedBytes };
  return { handles, scope: [], instances: [], resources, ...bounds, work: 0, memories: new Map() };
}

function checkBound(name: string, bound: unknown): void {
  if (typeof bound === 'number' && bound >= 0) return;
  throw new TypeError(`${name}: expected a number that is not negative, got ${show(bound)}`);
}

/** Ends an instance that cannot be completed. Returns the error to throw. */
function linkFailure(host: LinkHost, error: unknown): unknown {
  const failure =
    error instanceof engine.LinkError ? new LinkError(error.message, [], { cause: error }) : asFailure(error);
  endInstances(host, failure);
  return failure;
}
