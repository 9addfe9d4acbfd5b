/**
 * The types of the component model with every index resolved, as plain data: `component.imports` and
 * `component.exports`. The validator, the linker and the canonical ABI use another form of these types, which is in
 * `types/`.
 *
 * Source: Component Model, *Explainer.md*, "Type Definitions".
 */

/** A value type. `kind` is the keyword of the text format. */
export type ValueType =
  | { readonly kind: PrimitiveKind }
  | { readonly kind: 'record'; readonly fields: readonly Field[] }
  | { readonly kind: 'variant'; readonly cases: readonly Case[] }
  /** A fixed-length list has a `length`. */
  | { readonly kind: 'list'; readonly element: ValueType; readonly length?: number }
  | { readonly kind: 'tuple'; readonly elements: readonly ValueType[] }
  | { readonly kind: 'flags'; readonly labels: readonly string[] }
  | { readonly kind: 'enum'; readonly labels: readonly string[] }
  | { readonly kind: 'option'; readonly value: ValueType }
  | { readonly kind: 'result'; readonly ok?: ValueType; readonly error?: ValueType }
  | { readonly kind: 'map'; readonly key: ValueType; readonly value: ValueType }
  | { readonly kind: 'own'; readonly resource: ResourceType }
  | { readonly kind: 'borrow'; readonly resource: ResourceType }
  | { readonly kind: 'stream'; readonly element?: ValueType }
  | { readonly kind: 'future'; readonly element?: ValueType };

/** The value types without parts, by their keywords. Source: *Explainer.md*, `primvaltype`. */
export type PrimitiveKind =
  | 'bool'
  | 's8'
  | 'u8'
  | 's16'
  | 'u16'
  | 's32'
  | 'u32'
  | 's64'
  | 'u64'
  | 'f32'
  | 'f64'
  | 'char'
  | 'string'
  | 'error-context';

/** A field of a record or a parameter of a function. */
export interface Field {
  readonly name: string;
  readonly type: ValueType;
}

/** A case of a variant. `type` is the type of its payload, if it has one. */
export interface Case {
  readonly name: string;
  readonly type?: ValueType;
}

/**
 * The identity of a resource type inside one component. Two resource types are equal if they are the same object. The
 * identity is static. Each instantiation maps it to a run-time resource type.
 */
export interface ResourceType {
  readonly kind: 'resource';
  /** The name under which the type was first imported or exported, for error messages. */
  readonly name: string | undefined;
}

/** A function's type. `result` is absent if the function returns nothing. Source: *Explainer.md*, `functype`. */
export interface FunctionType {
  readonly kind: 'func';
  readonly async: boolean;
  readonly params: readonly Field[];
  readonly result?: ValueType;
}

/** The type of an import or an export. Source: *Explainer.md*, `externtype`. */
export type ExternType =
  | { readonly kind: 'core module'; readonly type: CoreModuleType }
  | FunctionType
  | { readonly kind: 'value'; readonly type: ValueType }
  /** A type imported or exported by equality (`eq`), or a resource type that is first seen here (`sub resource`). */
  | { readonly kind: 'type'; readonly bound: 'eq' | 'sub'; readonly type: TypeDefinition }
  | ComponentType
  | InstanceType;

/** An entry of a component's type index space. */
export type TypeDefinition =
  | { readonly kind: 'value type'; readonly type: ValueType }
  | ResourceType
  | FunctionType
  | ComponentType
  | InstanceType;

/** An import or an export: its name, its type and the attributes of the name. */
export interface NamedExtern {
  readonly name: string;
  readonly type: ExternType;
  /** The attribute `(implements "…")` of the name. `externalId` is the attribute `(external-id "…")`. */
  readonly implements?: string;
  readonly externalId?: string;
}

/**
 * The type of a component. Each instantiation binds the resource types in `imported` to the ones that it is given, and
 * creates new ones for the resource types in `defined`.
 */
export interface ComponentType {
  readonly kind: 'component';
  readonly imports: readonly NamedExtern[];
  readonly exports: readonly NamedExtern[];
  readonly imported: readonly ResourceType[];
  readonly defined: readonly ResourceType[];
}

/** The type of an instance: its exports, by name. */
export interface InstanceType {
  readonly kind: 'instance';
  readonly exports: readonly NamedExtern[];
  /**
   * The resource types that each use of an instance *type* creates (its `sub resource` exports). The list is empty in
   * the type of an import, export or instance, because its resource types belong to the enclosing component.
   */
  readonly defined: readonly ResourceType[];
}

/** The imports and exports of a core module, as *Binary.md*'s `core:moduletype` lists them. */
export interface CoreModuleType {
  readonly imports: readonly { readonly module: string; readonly name: string; readonly type: CoreExternType }[];
  readonly exports: readonly { readonly name: string; readonly type: CoreExternType }[];
}

/**
 * A core value type as text, for example `i32`. `funcref` is short for `(ref null func)`, and `(ref null 3)` is a
 * concrete type, with the number that the validator assigned to its structure.
 */
export type CoreValueType = 'i32' | 'i64' | 'f32' | 'f64' | 'v128' | (string & {});

/** The type of an import or an export of a core module. Source: *WebAssembly 3.0*, `externtype`. */
export type CoreExternType =
  | CoreFuncType
  | { readonly kind: 'table'; readonly element: CoreValueType; readonly limits: Limits }
  | { readonly kind: 'memory'; readonly limits: Limits }
  | { readonly kind: 'global'; readonly type: CoreValueType; readonly mutable: boolean }
  | { readonly kind: 'tag'; readonly params: readonly CoreValueType[]; readonly id?: number };

/** The type of a core function. */
export interface CoreFuncType {
  readonly kind: 'func';
  readonly params: readonly CoreValueType[];
  readonly results: readonly CoreValueType[];
  /** The number that the validator assigned to the structure of its recursion group and its position in the group. */
  readonly id?: number;
}

/** The bounds of a table, in elements, or of a memory, in pages. */
export interface Limits {
  /** The initial size. */
  readonly min: bigint;
  /** The maximum size, if there is one. */
  readonly max?: bigint;
  /** True if several threads can use it. */
  readonly shared: boolean;
  /** True if addresses or indices have 64 bits. */
  readonly is64: boolean;
  /**
   * The binary logarithm of a memory's page size.
   * @default 16
   */
  readonly pageSizeLog2?: number;
}
