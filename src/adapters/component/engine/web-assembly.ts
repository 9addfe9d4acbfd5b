/**
 * The part of the engine's WebAssembly API that the loader uses. TypeScript declares it for browsers only (`lib.dom`),
 * and lacks the newer JavaScript promise integration.
 */

/** A compiled core module. It is an opaque object of the engine. */
export interface EngineModule {
  readonly [Symbol.toStringTag]: 'WebAssembly.Module';
}

interface EngineInstance {
  readonly exports: Record<string, unknown>;
}

export interface EngineMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/** A core function that JavaScript can call. */
export type EngineFunction = (...values: (number | bigint)[]) => number | bigint | undefined;

/** Core imports by module name, then by field name. */
export type EngineImports = Record<string, Record<string, unknown>>;

type ErrorConstructorOf = abstract new (...args: never[]) => Error;

interface Engine {
  readonly Module: {
    new (bytes: Uint8Array<ArrayBuffer>): EngineModule;
    imports(module: EngineModule): { module: string; name: string; kind: string }[];
    exports(module: EngineModule): { name: string; kind: string }[];
  };
  readonly Instance: new (module: EngineModule, imports: EngineImports) => EngineInstance;
  readonly Memory: new (descriptor: { initial: number; maximum?: number }) => EngineMemory;
  readonly Table: new (descriptor: { element: 'anyfunc'; initial: number }) => { readonly length: number };
  readonly RuntimeError: ErrorConstructorOf;
  readonly CompileError: ErrorConstructorOf;
  readonly LinkError: ErrorConstructorOf;
  /** The class of core exceptions. It is missing in engines without exception handling. */
  readonly Exception?: abstract new (
    ...args: never[]
  ) => object;
  readonly Suspending?: new (callable: (...values: (number | bigint)[]) => unknown) => EngineFunction;
  readonly promising?: (core: EngineFunction) => (...values: (number | bigint)[]) => Promise<unknown>;
  validate(bytes: Uint8Array<ArrayBuffer>): boolean;
  compile(bytes: Uint8Array<ArrayBuffer>): Promise<EngineModule>;
  instantiate(module: EngineModule, imports: EngineImports): Promise<EngineInstance>;
}

/** The engine's `WebAssembly`. */
export const engine: Engine = (globalThis as unknown as { WebAssembly: Engine }).WebAssembly;
