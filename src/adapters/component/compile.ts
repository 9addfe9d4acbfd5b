/** `compile` converts bytes to a component that can be instantiated. */

import type { OptionNames } from '../../core/unknown-names.ts';
import { propertyOf, show } from './abi/javascript-values.ts';
import { decode } from './binary/decode.ts';
import type { Component as BinaryComponent, CoreModule } from './binary/definitions.ts';
import { download } from './download.ts';
import { type EngineModule, engine } from './engine/web-assembly.ts';
import { ArgumentError, InvalidError } from './errors.ts';
import { coreModulesOf, Plan } from './linking/plan.ts';
import { checkNames } from './option-names.ts';
import { describeExterns } from './types/describe.ts';
import type { NamedExtern } from './types.ts';
import { validate } from './validation/validate.ts';

/** A component that was decoded and validated, with its core modules compiled. {@link compile} creates it. */
export class Component {
  /** The validated component and its compiled core modules. Only this package uses it. */
  readonly plan: Plan;
  /**
   * Describes how the core modules were rewritten (see {@link CompileOptions}). It is undefined if they were not
   * rewritten.
   */
  readonly instrumentation: object | undefined;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  // They are computed on demand, because few programs read them.
  #imports: readonly NamedExtern[] | undefined;
  #exports: readonly NamedExtern[] | undefined;

  constructor(plan: Plan, bytes: Uint8Array<ArrayBuffer>, instrumentation: object | undefined) {
    this.plan = plan;
    this.#bytes = bytes;
    this.instrumentation = instrumentation;
  }

  /** The imports with full types, in the order of the binary. */
  get imports(): readonly NamedExtern[] {
    this.#imports ??= describeExterns(this.plan.component.imports);
    return this.#imports;
  }

  /** The exports of its instances with full types, in the order of the binary. */
  get exports(): readonly NamedExtern[] {
    this.#exports ??= describeExterns(this.plan.component.exports);
    return this.#exports;
  }

  /**
   * Returns the component as data that can be posted to a worker: its binary, and the compiled core modules, which a
   * worker shares with this thread. {@link fromPostable} returns a component for it there, without compiling.
   *
   * @example
   * worker.postMessage(component.toPostable());
   * // in the worker
   * const component = fromPostable(message);
   */
  toPostable(): PostableComponent {
    const modules = coreModulesOf(this.plan.component.component).map((each) => this.plan.modules.get(each)!);
    return { kind: POSTABLE, bytes: this.#bytes, modules, instrumentation: this.instrumentation };
  }
}

const POSTABLE = 'decidable component 1';

/** A component as data for `postMessage` and `structuredClone`. {@link Component.toPostable} creates it. */
export interface PostableComponent {
  /** Marks the data as a component, in the format of this version. */
  readonly kind: typeof POSTABLE;
  /** The bytes of the component. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The instances of `WebAssembly.Module`, in the order of the binary. */
  readonly modules: readonly object[];
  readonly instrumentation: object | undefined;
}

/** Bytes of a component, a response or blob that holds them, or a promise of one of these. */
export type ComponentSource = BytesSource | PromiseLike<BytesSource>;

type BytesSource = BufferSource | Response | Blob;

/** A buffer of bytes, or a view of one. */
export type BufferSource = ArrayBufferLike | ArrayBufferView;

/** The options of {@link compile}. */
export interface CompileOptions {
  /**
   * Rewrites each core module before the engine validates and compiles it. Hosts that limit and count a guest's
   * resources use it. If the function throws, `compile` throws the same error, unless the component itself is invalid.
   */
  readonly instrument?: ((module: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>) | undefined;
  /**
   * Describes the change that `instrument` makes, as data that can be posted. It is kept as
   * `component.instrumentation`.
   */
  readonly instrumentation?: object | undefined;
}

const OPTION_NAMES: OptionNames<CompileOptions> = { instrument: true, instrumentation: true };

/**
 * Decodes, validates and compiles a component.
 *
 * No JavaScript code is generated. The engine compiles the component's core modules, and closures do the rest. So
 * `compile` works under a content security policy without `unsafe-eval`. The policy must allow `wasm-unsafe-eval`.
 * Otherwise the engine throws a `CompileError` that names the policy.
 *
 * @param source the bytes of the binary, a `Response` of `fetch`, a `Blob`, or a promise of one of these. Bytes are
 *   copied. The engine compiles the core modules of a response while the rest of it is still being downloaded.
 * @throws ArgumentError if `source` is another value, the response reports a failure, or an option is unknown.
 * @throws MalformedError if the bytes are not a component binary, with a byte offset.
 * @throws InvalidError if the component breaks a rule of the specification.
 * @throws UnsupportedError if it uses a feature that this loader does not have.
 *
 * @example
 * const component = await compile(await readFile('bank.wasm'));
 */
export async function compile(source: ComponentSource, options: CompileOptions = {}): Promise<Component> {
  checkNames('options', options, OPTION_NAMES);
  const { instrument, instrumentation } = options;
  const early: EarlyModules = new Map();
  // Bytes are copied before the caller can change them.
  const bytes = isBytes(source) ? copyOf(source) : await bytesOf(await source, instrument ? undefined : early);
  const decoded = decode(bytes);
  // The engine compiles on other threads while this one validates. An error of the validator comes first.
  const compiling = compileModules(decoded, instrument, early);
  compiling.catch(() => undefined);
  const component = validate(decoded);
  return new Component(new Plan(component, await compiling), bytes, instrumentation);
}

/**
 * Compiles a component synchronously. Browsers refuse to compile large modules synchronously on the main thread.
 *
 * @example const component = compileSync(readFileSync('bank.wasm'));
 * @throws the errors of {@link compile}.
 */
export function compileSync(source: BufferSource): Component {
  const bytes = copyOf(source);
  const decoded = decode(bytes);
  const component = validate(decoded);
  const modules = new Map(coreModulesOf(decoded).map((definition) => [definition, compileModuleSync(definition)]));
  return new Component(new Plan(component, modules), bytes, undefined);
}

/** Compiles the core modules of a component again, from their original bytes. The validated component is reused. */
export async function recompile(component: Component, options: CompileOptions): Promise<Component> {
  const { bytes, instrumentation } = component.toPostable();
  const { component: validated, modules: compiled } = component.plan;
  const early: EarlyModules = new Map();
  if (instrumentation === undefined) {
    // A module that is not rewritten need not be compiled again.
    for (const [{ bytes }, module] of compiled) early.set(bytes.byteOffset, Promise.resolve(module));
  }
  const modules = await compileModules(validated.component, options.instrument, early);
  return new Component(new Plan(validated, modules), bytes, options.instrumentation);
}

/**
 * Returns the component for the result of {@link Component.toPostable}, in this thread or another. Nothing is compiled.
 *
 * @example onmessage = ({ data }) => start(fromPostable(data));
 * @throws ArgumentError if `postable` is another value.
 */
export function fromPostable(postable: PostableComponent): Component {
  const { kind, bytes, modules, instrumentation } = (postable ?? {}) as Partial<PostableComponent>;
  if (kind !== POSTABLE || !isUint8Array(bytes) || !Array.isArray(modules)) {
    throw new ArgumentError('postable', `expected the result of component.toPostable(), got ${show(postable)}`);
  }
  const decoded = decode(bytes);
  const definitions = coreModulesOf(decoded);
  if (definitions.length !== modules.length || !modules.every((each) => each instanceof engine.Module)) {
    throw new ArgumentError(
      'postable.modules',
      `expected the ${definitions.length} compiled core modules of the component`,
    );
  }
  const compiled = new Map(definitions.map((each, index) => [each, modules[index] as EngineModule]));
  return new Component(new Plan(validate(decoded), compiled), bytes, instrumentation);
}

/** Core modules that the engine compiles before the whole component has been downloaded, by their offset in it. */
type EarlyModules = Map<number, Promise<EngineModule>>;

async function bytesOf(source: BytesSource, early: EarlyModules | undefined): Promise<Uint8Array<ArrayBuffer>> {
  if (!isBody(source)) return copyOf(source);
  if (!isResponse(source)) return new Uint8Array(await source.arrayBuffer());
  if (!source.ok)
    throw new ArgumentError(
      'source',
      `expected a response with a component, got status ${source.status} from ${source.url}`,
    );
  if (source.body === null || early === undefined) return new Uint8Array(await source.arrayBuffer());
  return download(source.body, (offset, bytes) => {
    const compiling = engine.compile(bytes);
    // `compileModule` awaits it later. Until then, a rejection must not be reported as unhandled.
    compiling.catch(() => undefined);
    early.set(offset, compiling);
  });
}

/**
 * Returns whether the value is a response or a blob. It tests the shape, because the object may be of another realm.
 */
function isBody(source: unknown): source is Response | Blob {
  return typeof propertyOf(source, 'arrayBuffer') === 'function';
}

function isResponse(source: Response | Blob): source is Response {
  return 'ok' in source;
}

/**
 * Returns whether a value is a buffer of bytes or a view of one. It tests the tag, because the value may be of another
 * realm, or shared.
 */
export function isBytes(source: unknown): source is BufferSource {
  return ArrayBuffer.isView(source) || /^\[object (Shared)?ArrayBuffer\]$/.test(Object.prototype.toString.call(source));
}

function isUint8Array(value: unknown): value is Uint8Array {
  return Object.prototype.toString.call(value) === '[object Uint8Array]';
}

function copyOf(source: BufferSource): Uint8Array<ArrayBuffer> {
  return bytesOfComponent(source).slice() as Uint8Array<ArrayBuffer>;
}

/** Returns a view of the bytes that were passed as a component. @throws ArgumentError if they are not bytes. */
export function bytesOfComponent(source: BufferSource): Uint8Array {
  if (!isBytes(source)) throw notBytes(source);
  return ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source);
}

function notBytes(source: unknown): ArgumentError {
  const isPlace = typeof source === 'string' || propertyOf(source, 'href') !== undefined;
  const way = isPlace
    ? '; pass the bytes of the file, or the response of fetch'
    : isBody(source)
      ? '; compile it with `compile`, or pass its bytes'
      : '';
  return new ArgumentError(
    'source',
    `expected the bytes of a component, a Response or a Blob, got ${show(source)}${way}`,
  );
}

/**
 * The size in bytes up to which compiling a module takes no longer than passing it to another thread and waiting for
 * it. If the engine has the module in its cache, compiling is much faster. Browsers may refuse modules larger than 4
 * KiB on their main thread.
 */
let smallModule = 64 * 1024;

/** Returns whether a module of this size is compiled and instantiated synchronously. */
export function isSmallModule(byteLength: number): boolean {
  return byteLength <= smallModule;
}

async function compileModules(
  decoded: BinaryComponent,
  instrument: CompileOptions['instrument'],
  early: EarlyModules,
): Promise<ReadonlyMap<CoreModule, EngineModule>> {
  const compiling = coreModulesOf(decoded).map(async (definition): Promise<[CoreModule, EngineModule]> => {
    return [definition, await compileModule(definition, instrument, early)];
  });
  return new Map(await Promise.all(compiling));
}

async function compileModule(
  definition: CoreModule,
  instrument: CompileOptions['instrument'],
  early: EarlyModules,
): Promise<EngineModule> {
  const bytes = instrument === undefined ? definition.bytes : instrument(definition.bytes);
  // An early module was compiled from the original bytes.
  const compiled = bytes === definition.bytes ? early.get(bytes.byteOffset) : undefined;
  try {
    return await (compiled ?? compileIfSmall(bytes) ?? engine.compile(bytes));
  } catch (error) {
    throw invalidModule(definition, error);
  }
}

/** Compiles synchronously. Returns undefined if the module is not small, or the engine refuses it. */
function compileIfSmall(bytes: Uint8Array<ArrayBuffer>): EngineModule | undefined {
  if (!isSmallModule(bytes.length)) return undefined;
  try {
    return new engine.Module(bytes);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    smallModule = 4096;
    return undefined;
  }
}

function compileModuleSync(definition: CoreModule): EngineModule {
  try {
    return new engine.Module(definition.bytes);
  } catch (error) {
    throw invalidModule(definition, error);
  }
}

function invalidModule(definition: CoreModule, error: unknown): unknown {
  // A content security policy that forbids WebAssembly does not make the module invalid.
  if (!(error instanceof engine.CompileError) || /Policy|CSP/.test(error.message)) return error;
  return new InvalidError(`invalid core module: ${error.message}`, definition.offset);
}
