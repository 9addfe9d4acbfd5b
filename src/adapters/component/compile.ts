/**
 * `compile`: from bytes to a component that can be instantiated.
 */
import { propertyOf, show } from './abi/javascript-values.ts';
import { decode } from './binary/decode.ts';
import type { CoreModule } from './binary/definitions.ts';
import { download } from './download.ts';
import { type EngineModule, engine } from './engine/web-assembly.ts';
import { InvalidError } from './errors.ts';
import { coreModulesOf, Plan } from './linking/plan.ts';
import { describeExterns } from './types/describe.ts';
import type { NamedExtern } from './types.ts';
import { validate } from './validation/validate.ts';

/** A component that was decoded and validated, with its core modules compiled. Made by {@link compile}. */
export class Component {
  /** For `instantiate` only. */
  readonly plan: Plan;
  // Described when someone looks: few do.
  #imports: readonly NamedExtern[] | undefined;
  #exports: readonly NamedExtern[] | undefined;

  constructor(plan: Plan) {
    this.plan = plan;
  }

  /** What it needs, with full types, in the order of the binary. */
  get imports(): readonly NamedExtern[] {
    this.#imports ??= describeExterns(this.plan.component.imports);
    return this.#imports;
  }

  /** What its instances export, with full types, in the order of the binary. */
  get exports(): readonly NamedExtern[] {
    this.#exports ??= describeExterns(this.plan.component.exports);
    return this.#exports;
  }
}

/** Bytes of a component, or the response that brings them, or a promise of either. */
export type ComponentSource = BufferSource | Response | PromiseLike<BufferSource | Response>;

/** Bytes as JavaScript hands them around. */
export type BufferSource = ArrayBufferLike | ArrayBufferView;

/** How a component is compiled. */
export interface CompileOptions {
  /**
   * Rewrites each core module before the engine compiles and so validates it: for hosts that bound and count what a guest
   * uses. What it throws comes out where the component itself is valid.
   */
  readonly instrument?: (module: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;
}

/**
 * Decodes, validates and compiles a component. The bytes must not change while it does.
 *
 * Nothing is generated: the component's core modules are compiled by the engine, and the rest is closures. So this
 * works under a content security policy without `unsafe-eval`. It needs `wasm-unsafe-eval`; without, the engine's `CompileError`
 * names the policy.
 *
 * @param source the binary, or a `Response` as `fetch` gives it: the engine compiles core modules while the rest is still
 *   coming. Promises of either do.
 * @throws TypeError where `source` is neither, or the response says that it failed.
 * @throws MalformedError where the bytes are no component binary, with a byte offset.
 * @throws InvalidError where the component breaks a rule of the specification.
 * @throws UnsupportedError where it uses a feature that this loader does not have.
 */
export async function compile(source: ComponentSource, { instrument }: CompileOptions = {}): Promise<Component> {
  const early: EarlyModules = new Map();
  const decoded = decode(await bytesOf(source, instrument === undefined ? early : undefined));
  // The engine compiles on other threads while this one validates. What validation says comes first.
  const compiling = Promise.all(
    coreModulesOf(decoded).map(async (definition): Promise<[CoreModule, EngineModule]> => {
      return [definition, await compileModule(instrumented(definition, instrument), early)];
    }),
  );
  compiling.catch(() => undefined);
  const component = validate(decoded);
  return new Component(new Plan(component, new Map(await compiling)));
}

/**
 * The same at once. Engines in browsers refuse to compile large modules on the main thread like this.
 *
 * @throws what {@link compile} throws.
 */
export function compileSync(bytes: BufferSource): Component {
  const decoded = decode(viewOf(bytes));
  const component = validate(decoded);
  const modules = new Map(coreModulesOf(decoded).map((definition) => [definition, compileModuleSync(definition)]));
  return new Component(new Plan(component, modules));
}

/** Core modules that the engine was handed before the component was complete, by their offset in it. */
type EarlyModules = Map<number, Promise<EngineModule>>;

async function bytesOf(source: ComponentSource, early: EarlyModules | undefined): Promise<Uint8Array> {
  const given = await source;
  if (!isResponse(given)) return viewOf(given);
  if (!given.ok) throw new TypeError(`cannot load the component: ${given.url} answered ${given.status}`);
  if (given.body === null || early === undefined) return viewOf(await given.arrayBuffer());
  return download(given.body, (offset, bytes) => {
    const compiling = engine.compile(bytes);
    // Asked for again when the component is known to be one.
    compiling.catch(() => undefined);
    early.set(offset, compiling);
  });
}

function isResponse(source: unknown): source is Response {
  return typeof propertyOf(source, 'arrayBuffer') === 'function';
}

function viewOf(bytes: BufferSource): Uint8Array {
  if (ArrayBuffer.isView(bytes)) return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (propertyOf(bytes, 'byteLength') === undefined)
    throw new TypeError(`expected bytes or a Response, got ${show(bytes)}`);
  return new Uint8Array(bytes);
}

/**
 * Up to this size, handing a module to another thread and waiting for it takes about as long as compiling it, and much longer
 * where the engine has it in its cache. Browsers may refuse what is larger than 4 KiB on their main thread.
 */
let smallModule = 64 * 1024;

/** Whether a module of so many bytes is compiled and instantiated at once. */
export function isSmallModule(byteLength: number): boolean {
  return byteLength <= smallModule;
}

function instrumented(definition: CoreModule, instrument: CompileOptions['instrument']): CoreModule {
  return instrument === undefined ? definition : { ...definition, bytes: instrument(definition.bytes) };
}

async function compileModule(definition: CoreModule, early: EarlyModules): Promise<EngineModule> {
  const { bytes } = definition;
  try {
    return await (early.get(bytes.byteOffset) ?? compileAtOnce(bytes) ?? engine.compile(bytes));
  } catch (error) {
    throw invalidModule(definition, error);
  }
}

/** Undefined where the module is not small, or the engine refuses. */
function compileAtOnce(bytes: Uint8Array<ArrayBuffer>): EngineModule | undefined {
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
  // Where a page's policy forbids WebAssembly, nothing is wrong with the module.
  if (!(error instanceof engine.CompileError) || /Policy|CSP/.test(error.message)) return error;
  return new InvalidError(`invalid core module: ${error.message}`, definition.offset);
}
