/** `instantiate` creates an instance of a component with its imports. */

import type { OptionNames } from '../../core/unknown-names.ts';
import { asFailure, endInstances, type RuntimeResource } from './abi/component-instance.ts';
import { propertyOf, show } from './abi/javascript-values.ts';
import { HandleTable } from './abi/table-state.ts';
import { type Component, isSmallModule } from './compile.ts';
import { engine } from './engine/web-assembly.ts';
import { ArgumentError, LinkError, Trap } from './errors.ts';
import { defaultMaxHandles, defaultMaxLiftedBytes } from './limits.ts';
import { AsyncImports } from './linking/async-imports.ts';
import { ExportsWriter } from './linking/exports.ts';
import { ImportReader } from './linking/imports.ts';
import type { InstanceItem } from './linking/items.ts';
import { checkPromises } from './linking/js-names.ts';
import { type LinkHost, type Linking, linkComponent } from './linking/link.ts';
import { checkNames } from './option-names.ts';

/** The values for the imports of a component, by their names. See {@link instantiate}. */
export type ImportObject = object;

/** The options of {@link instantiate}. */
export interface InstantiateOptions {
  /**
   * The form of resources in JavaScript.
   *
   * - `'objects'`: objects of classes, with methods and `Symbol.dispose`.
   * - `'handles'`: numbers, for hosts that make millions of calls. See {@link Instance.exports}.
   *
   * @default 'objects'
   */
  readonly resources?: 'objects' | 'handles' | undefined;
  /**
   * The maximum number of handles that one component instance, or with `'handles'` the host, may hold simultaneously.
   *
   * @default 4_000_000
   */
  readonly maxHandles?: number | undefined;
  /**
   * The maximum number of bytes of one linear memory. A call after which a memory is larger traps.
   * @default 4_294_967_296
   */
  readonly maxMemoryBytes?: number | undefined;
  /**
   * The maximum number of bytes that one call may lift out of the component, in the lists and strings of its arguments
   * or its result. An element of a list that becomes a separate JavaScript value counts 64 bytes more, and so does each
   * object inside it. Each number, flag, enum or boolean in these objects counts 16 more. A call that lifts more traps
   * with the code `lifting-exhausted`. Without a limit, lists that overlap in a small memory could fill the memory of
   * the host.
   *
   * @default 268_435_456
   */
  readonly maxLiftedBytes?: number;
  /**
   * Imported functions that return promises without being `async` functions. The names are those of jco's option:
   * `'wasi:io/poll@0.2.0#poll'`, `'wasi:io/poll#[method]pollable.block'`, `'function-at-the-root'`. The version may be
   * omitted. `async` functions need not be listed.
   *
   * @default []
   */
  readonly asyncImports?: readonly string[] | undefined;
  /** Called with the exports of each core instance. Hosts that instrumented the core modules use it. */
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
   * A resource type `input-stream` is a class `InputStream`. Its constructor, methods and static functions are those of
   * the component, and `Symbol.dispose` drops the resource. `InputStream.create(…)` is the constructor too, because
   * `new` is refused if the constructor returns a promise. With `resources: 'handles'`, the resource type is an object
   * `inputStream` instead: `create(…)` is the constructor, the first argument of a method is the handle, and
   * `drop(handle)` drops it.
   *
   * A function that traps throws a `Trap`. A function whose result is a `result` returns the `ok` case and throws a
   * `ComponentError` for the `error` case. An error that a host function throws is passed on unchanged. If a host
   * function returns a value of the wrong type, a `LinkError` names the import. If an argument has the wrong type, a
   * `ValueError` names the argument. In this case the guest is not called, and receives none of the handles in the
   * other arguments. Each `async func` returns a promise, and so does every function of an instance that was given an
   * asynchronous import.
   */
  readonly exports: Exports;
  /** The number of handles that JavaScript holds with `resources: 'handles'`. */
  readonly handleCount: number;
  /**
   * Ends the instance. Every later call into it traps with the code `disposed`. The resources of the host that it holds
   * are disposed. An instance that traps ends in the same way. Garbage collection does not end an instance, so dispose
   * one that holds files or connections.
   */
  [Symbol.dispose](): void;
}

/**
 * Instantiates a component.
 *
 * `imports` has a property for each import: a function, a `WebAssembly.Module`, an object of exports for an instance,
 * or a class for a resource type. Such a class has the methods on its prototype and the static functions on itself, and
 * `Symbol.dispose` is called when the component drops a resource. Names may be those of WIT, or camelCase and
 * PascalCase. The property of an interface is its full name, the name with a version compatible by semver or without a
 * version, or its last part. The exports of another instance can be passed unchanged. The two components are then
 * linked to each other, and values pass between them directly.
 *
 * ```ts
 * const { exports } = await instantiate(component, { 'example:bank/rates': { rateOf: (currency) => 1.1 } });
 * ```
 *
 * @throws ArgumentError if `component` is not a compiled component, or an option is unknown or invalid.
 * @throws LinkError if imports are missing or have the wrong type (it lists all of them), or two exports have the same
 *   JavaScript name.
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
 * Instantiates a component synchronously, for hosts that sometimes need a fresh instance. Browsers refuse to
 * instantiate large modules synchronously on the main thread.
 *
 * @example using instance = instantiateSync(compileSync(readFileSync('bank.wasm')));
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

/**
 * Checks the arguments, and reads the imports before any code of the component runs. The caller chooses the type of the
 * exports, because TypeScript cannot read the types of a binary.
 */
function prepare<Exports extends object>(
  component: Component,
  imports: ImportObject,
  options: InstantiateOptions,
): Preparation<Exports> {
  if (propertyOf(component, 'plan') === undefined)
    throw new ArgumentError('component', `expected a compiled component, got ${show(component)}`);
  if (typeof imports !== 'object' || imports === null) {
    throw new ArgumentError('imports', `expected an object, got ${show(imports)}`);
  }
  const { plan } = component;
  if (component.instrumentation !== undefined && options.onCoreInstance === undefined) {
    throw new ArgumentError(
      'component',
      'expected a component that was not rewritten for another host; compile it again with `compile`',
    );
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

/**
 * Checks the options, and makes the host's side of the instance.
 * @throws ArgumentError if an option is unknown or invalid.
 */
function hostOf(options: InstantiateOptions): LinkHost {
  checkNames('options', options, OPTION_NAMES);
  const { resources = 'objects', maxHandles = defaultMaxHandles, maxMemoryBytes = 2 ** 32 } = options;
  const { maxLiftedBytes = defaultMaxLiftedBytes } = options;
  if (resources !== 'handles' && resources !== 'objects') {
    throw new ArgumentError('resources', `expected 'objects' or 'handles', got ${show(resources)}`);
  }
  checkBound('maxHandles', maxHandles);
  checkBound('maxMemoryBytes', maxMemoryBytes);
  checkBound('maxLiftedBytes', maxLiftedBytes);
  if (options.onCoreInstance !== undefined && typeof options.onCoreInstance !== 'function') {
    throw new ArgumentError('onCoreInstance', `expected a function, got ${show(options.onCoreInstance)}`);
  }
  const handles = new HandleTable<RuntimeResource>(
    maxHandles,
    (message) => new Trap(message, { code: 'handles-exhausted' }),
  );
  const bounds = { maxHandles, maxMemoryBytes, maxLiftedBytes };
  return { handles, scope: [], instances: [], resources, ...bounds, work: 0, memories: new Map() };
}

function checkBound(name: string, bound: unknown): void {
  if (typeof bound === 'number' && bound >= 0) return;
  throw new ArgumentError(name, `expected a number of at least 0, got ${show(bound)}`);
}

/** Ends an instance that could not be created completely. Returns the error to throw. */
function linkFailure(host: LinkHost, error: unknown): unknown {
  const failure =
    error instanceof engine.LinkError ? new LinkError(error.message, [], { cause: error }) : asFailure(error);
  endInstances(host, failure);
  return failure;
}
