/**
 * `instantiate`: from a component and its imports to an instance.
 */
import { Context, LinearMemory } from './abi/canonical-options.ts';
import { asFailure, ComponentInstance } from './abi/component-instance.ts';
import { noCase, propertyOf, show } from './abi/javascript-values.ts';
import { HandleTable, RuntimeResource } from './abi/runtime-state.ts';
import { type Component, isSmallModule } from './compile.ts';
import { keepingShapes } from './engine/keep-shape.ts';
import { engine } from './engine/web-assembly.ts';
import { LinkError } from './errors.ts';
import { defaultMaxHandles } from './limits.ts';
import { ExportsWriter } from './linking/exports.ts';
import { ImportReader } from './linking/imports.ts';
import { Frame, type InstanceItem } from './linking/items.ts';
import { type LinkHost, type Linking, linkComponent } from './linking/link.ts';
import { Plan } from './linking/plan.ts';
import { validate } from './validation/validate.ts';

/** What a component is given, by the names of its imports: see {@link instantiate}. */
export type ImportObject = object;

/** How a component is instantiated. */
export interface InstantiateOptions {
  /**
   * How resources pass between JavaScript and the component.
   *
   * - `'objects'` (default): as objects of classes, with methods and `Symbol.dispose`.
   * - `'handles'`: as numbers, for hosts that make millions of calls. See {@link Instance.exports}.
   */
  readonly resources?: 'objects' | 'handles';
  /** The most handles that one component instance, or with `'handles'` the host, may hold at a time. 4,000,000. */
  readonly maxHandles?: number;
  /** The most bytes of one linear memory. A call after which a memory is larger traps. */
  readonly maxMemoryBytes?: number;
  /** Called with the exports of each core instance: for hosts that have instrumented the core modules. */
  readonly onCoreInstance?: (exports: Readonly<Record<string, unknown>>) => void;
}

/** A component instance. */
export interface Instance {
  /**
   * What the component exports. Functions are under their camelCase names, interfaces under their full names
   * (`'wasi:cli/run@0.2.3'`), core modules as `WebAssembly.Module`.
   *
   * A resource type `input-stream` is a class `InputStream`: its constructor, methods and static functions are those of
   * the component, and `Symbol.dispose` drops the resource. With `resources: 'handles'` it is an object `inputStream`
   * instead: `create(…)` is the constructor, methods take the handle first, and `drop(handle)` drops it.
   *
   * A function traps with a `Trap`; one whose result is a `result` returns the `ok` case and throws a `ComponentError`
   * for the `error` case. What a host function threw comes through as it is; what it gave that is not of its type is a
   * `LinkError` with the name of the import. An argument that is not of its type is a `TypeError`: the guest was not called
   * then, and has none of the handles that stood before it. `async func`s, and all functions of an instance that was given an
   * asynchronous import, give a promise.
   */
  readonly exports: Record<string, unknown>;
  /** With `resources: 'handles'`: how many handles JavaScript holds. */
  readonly handleCount: number;
}

/**
 * Instantiates a component.
 *
 * `imports` has a property for each import: a function, a `WebAssembly.Module`, an object of exports for an instance, a
 * class for a resource type (with methods on its prototype and static functions on itself; `Symbol.dispose` is called
 * when the component drops one). Names may be those of WIT or camelCase and PascalCase; an interface may stand under its
 * full name, under a version compatible by semver, without version, or under its last part. What another instance
 * exports can be given as it is: the two components are then linked to each other, and values pass between them directly.
 *
 * @throws TypeError where `component` is none, or an option says nothing.
 * @throws LinkError where an import is missing or does not fit.
 * @throws Trap where a start function traps.
 */
export async function instantiate(
  component: Component,
  imports: ImportObject = {},
  options: InstantiateOptions = {},
): Promise<Instance> {
  const { linking, finish } = prepare(component, imports, options);
  let step = linking.next();
  while (!step.done) {
    try {
      const { module, imports, byteLength } = step.value;
      const isSmall = byteLength !== undefined && isSmallModule(byteLength);
      const instance = isSmall ? new engine.Instance(module, imports) : await engine.instantiate(module, imports);
      options.onCoreInstance?.(instance.exports);
      step = linking.next(instance.exports);
    } catch (error) {
      throw linkFailure(error);
    }
  }
  return finish(step.value);
}

/**
 * The same at once, for hosts that need a fresh instance now and then. Engines in browsers refuse to instantiate large
 * modules on the main thread like this.
 *
 * @throws what {@link instantiate} throws.
 */
export function instantiateSync(
  component: Component,
  imports: ImportObject = {},
  options: InstantiateOptions = {},
): Instance {
  const { linking, finish } = prepare(component, imports, options);
  let step = linking.next();
  while (!step.done) {
    try {
      const { exports } = new engine.Instance(step.value.module, step.value.imports);
      options.onCoreInstance?.(exports);
      step = linking.next(exports);
    } catch (error) {
      throw linkFailure(error);
    }
  }
  return finish(step.value);
}

interface Preparation {
  readonly linking: Linking<InstanceItem>;
  readonly finish: (item: InstanceItem) => Instance;
}

function prepare(component: Component, imports: ImportObject, options: InstantiateOptions): Preparation {
  if (propertyOf(component, 'plan') === undefined) throw new TypeError(`expected a component, got ${show(component)}`);
  const host = hostOf(options);
  const reader = new ImportReader(imports, component.plan.component.imports, host);
  const root = { kind: 'component' as const, plan: component.plan, outer: undefined };
  return {
    linking: linkComponent(root, reader.read, host, undefined),
    finish: (item) => {
      keepShapes();
      const exports = new ExportsWriter(host, reader.mayWait && engine.promising !== undefined).write(item);
      return {
        exports,
        get handleCount() {
          return host.handles.size;
        },
      };
    },
  };
}

function hostOf(options: InstantiateOptions): LinkHost {
  const { resources = 'objects', maxHandles = defaultMaxHandles, maxMemoryBytes = 2 ** 32 } = options;
  if (resources !== 'handles' && resources !== 'objects') noCase(resources, ['objects', 'handles']);
  for (const bound of [maxHandles, maxMemoryBytes])
    if (!(bound >= 0)) throw new TypeError(`expected a number, got ${show(bound)}`);
  const handles = new HandleTable(maxHandles, (message) => new RangeError(message));
  return { handles, scope: [], resources, maxHandles, maxMemoryBytes, work: 0, memories: new Map() };
}

/** Of what links, objects that hold nothing. */
const keepShapes = keepingShapes(() => {
  const host = hostOf({ maxHandles: 0 });
  const instance = new ComponentInstance(undefined, host, 0);
  const frame = new Frame(new Plan(nothing, new Map()), undefined, instance);
  const context = new Context(instance, new LinearMemory(undefined, 0), 'utf8');
  return [
    ...[frame, frame.plan.stagersFor('handles').host, context, new RuntimeResource(undefined, instance)],
    ...[new ImportReader({}, [], host), new ExportsWriter(host, false)],
  ];
});

const nothing = validate({ kind: 'component', offset: 0, definitions: [] });

function linkFailure(error: unknown): unknown {
  if (error instanceof engine.LinkError) return new LinkError(error.message, [], { cause: error });
  return asFailure(error);
}
