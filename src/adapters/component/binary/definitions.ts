/**
 * A component as its binary describes it: the definitions in binary order, with unresolved indices. The section names
 * and their order are those of *Binary.md*.
 */
import type { PrimitiveKind, ValueType } from '../types.ts';

// Component Definitions ------------------------------------------------------------------------------------------

/** A decoded component. */
export interface Component {
  readonly kind: 'component';
  /** The byte offset of the preamble. */
  readonly offset: number;
  readonly definitions: readonly Definition[];
}

/** One definition. `offset` is the byte offset at which it begins. */
export type Definition =
  | CoreModule
  | CoreInstance
  | CoreType
  | NestedComponent
  | Instance
  | Alias
  | Type
  | Canon
  | Start
  | Import
  | Export
  | Value;

/** A core module, whose bytes the engine compiles. */
export interface CoreModule {
  readonly kind: 'core module';
  readonly offset: number;
  /** A view of the module's bytes in the input. The bytes are not copied. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The imports and exports of the module, before validation. */
  readonly module: ModuleInterface;
}

/** A core module without its function bodies, initial values and segments. */
export interface ModuleInterface {
  /** The recursion groups. */
  readonly types: readonly (readonly CoreSubType[])[];
  readonly imports: readonly {
    readonly offset: number;
    readonly module: string;
    readonly name: string;
    readonly type: CoreExternDecl;
  }[];
  /** Functions, tables, memories, tags and globals, in section order. Each continues the index space of its sort. */
  readonly defined: readonly CoreExternDecl[];
  readonly exports: readonly (CoreInlineExport & { readonly offset: number })[];
}

/** A component inside another component. */
export interface NestedComponent {
  readonly kind: 'component';
  readonly offset: number;
  readonly component: Component;
}

// Instance Definitions -------------------------------------------------------------------------------------------

/** A decoded `core:sort`. */
export type CoreSort = 'func' | 'table' | 'memory' | 'global' | 'tag' | 'type' | 'module' | 'instance';

/** A sort of the component level, or `core ` and a core sort. */
export type Sort = `core ${CoreSort}` | 'func' | 'value' | 'type' | 'component' | 'instance';

/** `sortidx`: an index and the index space that it is in. */
export interface SortIndex {
  readonly sort: Sort;
  readonly index: number;
}

/** A decoded `core:instance`. */
export type CoreInstance =
  | {
      readonly kind: 'core instance';
      readonly offset: number;
      readonly form: 'instantiate';
      readonly module: number;
      /** The arguments, each with a name and the index of a core instance. */
      readonly arguments: readonly { readonly name: string; readonly instance: number }[];
    }
  | {
      readonly kind: 'core instance';
      readonly offset: number;
      readonly form: 'inline exports';
      readonly exports: readonly CoreInlineExport[];
    };

/** `core:inlineexport`: a name for an existing definition. */
export interface CoreInlineExport {
  readonly name: string;
  readonly sort: CoreSort;
  readonly index: number;
}

/** A decoded `instance`. */
export type Instance =
  | {
      readonly kind: 'instance';
      readonly offset: number;
      readonly form: 'instantiate';
      readonly component: number;
      readonly arguments: readonly InstantiateArgument[];
    }
  | {
      readonly kind: 'instance';
      readonly offset: number;
      readonly form: 'inline exports';
      readonly exports: readonly InlineExport[];
    };

/** A decoded `instantiatearg`. */
export interface InstantiateArgument extends SortIndex {
  readonly name: string;
}

/** `inlineexport`: a name for an existing definition. */
export interface InlineExport extends NameAttributes, SortIndex {}

// Alias Definitions ----------------------------------------------------------------------------------------------

/** `alias`: refers to an export of an instance, or to a definition of an enclosing component or type. */
export type Alias =
  | {
      readonly kind: 'alias';
      readonly offset: number;
      readonly target: 'export' | 'core export';
      readonly sort: Sort;
      readonly instance: number;
      readonly name: string;
    }
  | {
      readonly kind: 'alias';
      readonly offset: number;
      readonly target: 'outer';
      readonly sort: Sort;
      /** The number of enclosing components and types to skip. */
      readonly count: number;
      readonly index: number;
    };

// Type Definitions -----------------------------------------------------------------------------------------------

/** A decoded `core:type`. */
export interface CoreType {
  readonly kind: 'core type';
  readonly offset: number;
  readonly type: CoreDefType;
}

/** A recursion group (of one or more) or a module type. A recursion group has one type index for each member. */
export type CoreDefType =
  | CoreRecType
  | { readonly kind: 'module type'; readonly declarators: readonly ModuleDeclarator[] };

export interface CoreRecType {
  readonly kind: 'rec';
  readonly types: readonly CoreSubType[];
}

/** `core:subtype`: a type with the types that it is declared to extend. */
export interface CoreSubType {
  readonly final: boolean;
  readonly supertypes: readonly number[];
  readonly composite: CoreCompositeType;
}

/** A decoded `core:comptype`. */
export type CoreCompositeType =
  | { readonly kind: 'func'; readonly params: readonly CoreValType[]; readonly results: readonly CoreValType[] }
  | { readonly kind: 'struct'; readonly fields: readonly CoreFieldType[] }
  | { readonly kind: 'array'; readonly element: CoreFieldType };

/** A decoded `core:fieldtype`. */
export interface CoreFieldType {
  readonly type: CoreValType | 'i8' | 'i16';
  readonly mutable: boolean;
}

/** The keyword of a number or vector type, or a reference type. */
export type CoreValType = 'i32' | 'i64' | 'f32' | 'f64' | 'v128' | CoreRefType;

/** `heap` is an abstract heap type's keyword or a type index. */
export interface CoreRefType {
  readonly nullable: boolean;
  readonly heap: CoreHeapType;
}

/** A decoded `core:heaptype`. */
export type CoreHeapType =
  | 'func'
  | 'extern'
  | 'any'
  | 'eq'
  | 'i31'
  | 'struct'
  | 'array'
  | 'exn'
  | 'none'
  | 'noextern'
  | 'nofunc'
  | 'noexn'
  | number;

/** A `core:limits`, in elements of a table or pages of a memory. */
export interface CoreLimits {
  readonly min: bigint;
  readonly max?: bigint;
  readonly shared: boolean;
  readonly is64: boolean;
  /** log2 of a memory's page size, if it is present (custom page sizes). @default 16 */
  readonly pageSizeLog2?: number;
}

/** A `core:externtype`. Function and tag types are type indices. */
export type CoreExternDecl =
  | { readonly kind: 'func'; readonly type: number }
  | { readonly kind: 'table'; readonly element: CoreRefType; readonly limits: CoreLimits }
  | { readonly kind: 'memory'; readonly limits: CoreLimits }
  | { readonly kind: 'global'; readonly type: CoreValType; readonly mutable: boolean }
  | { readonly kind: 'tag'; readonly type: number };

/** A decoded `core:moduledecl`. */
export type ModuleDeclarator =
  | {
      readonly kind: 'import';
      readonly offset: number;
      readonly module: string;
      readonly name: string;
      readonly type: CoreExternDecl;
    }
  | { readonly kind: 'core type'; readonly offset: number; readonly type: CoreRecType }
  | { readonly kind: 'alias'; readonly offset: number; readonly count: number; readonly index: number }
  | { readonly kind: 'export'; readonly offset: number; readonly name: string; readonly type: CoreExternDecl };

/** A decoded `type`. */
export interface Type {
  readonly kind: 'type';
  readonly offset: number;
  readonly type: DefType;
}

/** `valtype`: a primitive, or the index of a type. */
export type ValType = PrimitiveKind | number;

/** `labelvaltype`: a field or a parameter. */
export interface LabelValType {
  readonly name: string;
  readonly type: ValType;
}

/** A decoded `deftype`. */
export type DefType =
  | { readonly kind: 'primitive'; readonly type: PrimitiveKind }
  | CompoundType
  | { readonly kind: 'own' | 'borrow'; readonly resource: number }
  | {
      readonly kind: 'func';
      readonly async: boolean;
      readonly params: readonly LabelValType[];
      readonly result: ValType | undefined;
    }
  | { readonly kind: 'component type' | 'instance type'; readonly declarators: readonly Declarator[] }
  | { readonly kind: 'resource'; readonly rep: CoreValType; readonly dtor?: number };

/** A `defvaltype` that may contain types. All kinds have the same properties. */
export interface CompoundType {
  readonly kind: Exclude<ValueType['kind'], PrimitiveKind | 'own' | 'borrow'>;
  /**
   * The types inside this type, in the order of the binary. A case, a result, a stream or a future may have no type
   * inside.
   */
  readonly inside: readonly (ValType | undefined)[];
  /** The labels of the fields, cases or flags. */
  readonly labels: readonly string[];
  /** The length of a fixed-length list. */
  readonly length: number | undefined;
}

/** A declarator of a component or instance type (`import` only in a component type). */
export type Declarator = CoreType | Type | Alias | Import | ExportDeclarator;

/** A decoded `exportdecl`. */
interface ExportDeclarator extends NameAttributes {
  readonly kind: 'export declarator';
  readonly offset: number;
  readonly type: ExternDecl;
}

/** An `externtype` with unresolved indices. */
export type ExternDecl =
  | { readonly sort: 'core module' | 'func' | 'component' | 'instance'; readonly type: number }
  | { readonly sort: 'value'; readonly bound: 'eq'; readonly value: number }
  | { readonly sort: 'value'; readonly bound: 'type'; readonly type: ValType }
  | { readonly sort: 'type'; readonly bound: 'eq'; readonly type: number }
  | { readonly sort: 'type'; readonly bound: 'sub' };

// Canonical Definitions ------------------------------------------------------------------------------------------

/** A decoded `canon`. */
export type Canon =
  | {
      readonly kind: 'canon';
      readonly offset: number;
      readonly name: 'lift';
      readonly func: number;
      readonly options: readonly CanonicalOption[];
      readonly type: number;
    }
  | {
      readonly kind: 'canon';
      readonly offset: number;
      readonly name: 'lower';
      readonly func: number;
      readonly options: readonly CanonicalOption[];
    }
  | CanonicalBuiltin;

/** A canonical built-in. Its name determines its operands, which *Binary.md* lists. */
export interface CanonicalBuiltin {
  readonly kind: 'canon';
  readonly offset: number;
  readonly name: BuiltinName;
  /**
   * The index of a resource, stream or future type. In `thread.new` and `thread.spawn`, the index of a core function
   * type.
   */
  readonly type?: number | undefined;
  /** The `core:valtype` of `context.get` and `context.set`. */
  readonly valtype?: CoreValType;
  /** The slot of `context.get` and `context.set`. */
  readonly slot?: number;
  /** The `resultlist` of `task.return`. */
  readonly result?: ValType;
  readonly options?: readonly CanonicalOption[];
  readonly async?: boolean;
  readonly cancellable?: boolean;
  readonly shared?: boolean;
  readonly memory?: number;
  readonly table?: number;
}

/** The built-ins by their names in the text format. */
export type BuiltinName =
  | 'resource.new'
  | 'resource.drop'
  | 'resource.rep'
  | 'backpressure.inc'
  | 'backpressure.dec'
  | 'task.return'
  | 'task.cancel'
  | 'context.get'
  | 'context.set'
  | 'subtask.cancel'
  | 'subtask.drop'
  | 'stream.new'
  | 'stream.read'
  | 'stream.write'
  | 'stream.cancel-read'
  | 'stream.cancel-write'
  | 'stream.drop-readable'
  | 'stream.drop-writable'
  | 'future.new'
  | 'future.read'
  | 'future.write'
  | 'future.cancel-read'
  | 'future.cancel-write'
  | 'future.drop-readable'
  | 'future.drop-writable'
  | 'error-context.new'
  | 'error-context.debug-message'
  | 'error-context.drop'
  | 'waitable-set.new'
  | 'waitable-set.wait'
  | 'waitable-set.poll'
  | 'waitable-set.drop'
  | 'waitable.join'
  | 'thread.index'
  | 'thread.new-indirect'
  | 'thread.resume-later'
  | 'thread.suspend'
  | 'thread.yield'
  | 'thread.suspend-then-resume'
  | 'thread.yield-then-resume'
  | 'thread.suspend-then-promote'
  | 'thread.yield-then-promote'
  | 'thread.spawn-ref'
  | 'thread.spawn-indirect'
  | 'thread.available-parallelism';

/** The encoding of the strings of a canonical definition in memory. */
export type StringEncoding = 'utf8' | 'utf16' | 'latin1+utf16';

/** One `canonopt`, as written. The validator refuses duplicates and conflicts. */
export type CanonicalOption =
  | { readonly kind: 'string-encoding'; readonly encoding: StringEncoding }
  | { readonly kind: 'memory' | 'realloc' | 'post-return' | 'callback'; readonly index: number }
  | { readonly kind: 'async' };

// Start Definitions ----------------------------------------------------------------------------------------------

/** A decoded `start`. */
export interface Start {
  readonly kind: 'start';
  readonly offset: number;
  readonly func: number;
  readonly arguments: readonly number[];
  readonly results: number;
}

// Import and Export Definitions ----------------------------------------------------------------------------------

/** A decoded `nameattributes`. */
export interface NameAttributes {
  readonly name: string;
  readonly implements?: string;
  readonly versionSuffix?: string;
  readonly externalId?: string;
  /** The kind of an attribute that is repeated, which is invalid. */
  readonly duplicate?: string;
}

/** A decoded `import` or `importdecl`. */
export interface Import extends NameAttributes {
  readonly kind: 'import';
  readonly offset: number;
  readonly type: ExternDecl;
}

/** A decoded `export`. */
export interface Export extends NameAttributes, SortIndex {
  readonly kind: 'export';
  readonly offset: number;
  /** The type ascribed to the export. */
  readonly type: ExternDecl | undefined;
}

// Value Definitions ----------------------------------------------------------------------------------------------

/** A `value` with its undecoded bytes. */
export interface Value {
  readonly kind: 'value';
  readonly offset: number;
  readonly type: ValType;
  readonly bytes: Uint8Array<ArrayBuffer>;
}
