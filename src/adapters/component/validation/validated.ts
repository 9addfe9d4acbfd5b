/**
 * The result of the validator, for the linker: the resolved definitions of a component, in binary order.
 *
 * ## Static and run-time resource types
 *
 * A {@link ResourceType} is static. It is an object that identifies a resource type in the scope of one component. The
 * linker keeps a map from static to run-time resource types for each component instance. Each definition that has
 * `introduces` adds entries. A {@link ResourceBinding} names the static type, and the export path that leads to it in
 * the result of the definition (an empty path denotes the definition itself). All other definitions only use static
 * types that are already in the map.
 *
 * The types of a definition (`type`, `core`) use the static types of the component that contains the definition. The
 * types of a nested component use its own static types.
 */
import type * as binary from '../binary/definitions.ts';
import type {
  ComponentNode,
  ExternNode,
  FunctionNode,
  InstanceNode,
  NamedNode,
  ValueTypeNode,
} from '../types/nodes.ts';
import type { CoreExternType, CoreModuleType, CoreValueType, ResourceType } from '../types.ts';

/** A component that can be linked. */
export interface ValidatedComponent {
  readonly component: binary.Component;
  /** The type that the component has for other components. */
  readonly type: ComponentNode;
  readonly imports: readonly NamedNode[];
  readonly exports: readonly NamedNode[];
  /** The result for each of `component.definitions`, at the same index. */
  readonly definitions: readonly ValidatedDefinition[];
  /** True if the component, or a component before it or inside it, has a name that may collide in JavaScript. */
  readonly mayCollide: boolean;
  /** True if the component, or a component before it or inside it, has the type of an `async` function. */
  readonly hasAsync: boolean;
}

/**
 * A static resource type and its binding: `path` leads from the definition's result through instance exports to a type.
 * `(import "i" (instance (export "r" (type (sub resource)))))` introduces one resource type with the path `['r']`.
 */
export interface ResourceBinding {
  readonly resource: ResourceType;
  readonly path: readonly string[];
}

/** A definition with its resolved types. */
export type ValidatedDefinition =
  | {
      readonly kind: 'core module';
      readonly definition: binary.CoreModule;
      readonly type: CoreModuleType;
      /** The initial size of its memories and tables, in pages. See `pagesOf`. */
      readonly pages: number;
    }
  | { readonly kind: 'core instance'; readonly definition: binary.CoreInstance; readonly type: CoreInstanceType }
  | { readonly kind: 'core type'; readonly definition: binary.CoreType }
  | {
      readonly kind: 'component';
      readonly definition: binary.NestedComponent;
      readonly component: ValidatedComponent;
    }
  | {
      readonly kind: 'instance';
      readonly definition: binary.Instance;
      /** The type after substitution of the arguments, with fresh resource types for those that the child defines. */
      readonly type: InstanceNode;
      readonly introduces: readonly ResourceBinding[];
    }
  | ValidatedAlias
  | {
      /** The definition of a resource type. Each instantiation creates a new one. */
      readonly kind: 'type';
      readonly type: ResourceType;
      readonly dtor: number | undefined;
      readonly introduces: readonly ResourceBinding[];
    }
  /** The definition of any other type. It has no form at run time. */
  | { readonly kind: 'erased type' }
  | ValidatedLift
  | ValidatedLower
  | ValidatedBuiltin
  | { readonly kind: 'start'; readonly definition: binary.Start; readonly type: FunctionNode }
  | {
      readonly kind: 'import';
      readonly definition: binary.Import;
      readonly type: ExternNode;
      readonly introduces: readonly ResourceBinding[];
    }
  | {
      readonly kind: 'export';
      readonly definition: binary.Export;
      /** The ascribed type, or the inferred type if the export does not ascribe a type. */
      readonly type: ExternNode;
      readonly introduces: readonly ResourceBinding[];
    }
  | { readonly kind: 'value'; readonly definition: binary.Value; readonly type: ValueTypeNode };

/** An alias and the type of its target. */
export type ValidatedAlias =
  | { readonly kind: 'alias'; readonly definition: binary.Alias; readonly target: 'export'; readonly type: ExternNode }
  | {
      readonly kind: 'alias';
      readonly definition: binary.Alias;
      readonly target: 'core export';
      readonly type: CoreExternType;
    }
  /** A core module, core type, component or type of an enclosing scope. */
  | { readonly kind: 'alias'; readonly definition: binary.Alias; readonly target: 'outer' };

/** `canon lift`: a core function of type `core` becomes a component function of type `type`. */
export interface ValidatedLift {
  readonly kind: 'canon lift';
  readonly definition: binary.Canon & { readonly name: 'lift' };
  readonly type: FunctionNode;
  /** The flattened type (`flatten_functype` with the context `lift`). */
  readonly core: CoreSignature;
  readonly options: ResolvedOptions;
}

/** `canon lower`: a component function of type `type` becomes a core function of type `core`. */
export interface ValidatedLower {
  readonly kind: 'canon lower';
  readonly definition: binary.Canon & { readonly name: 'lower' };
  readonly type: FunctionNode;
  /** The flattened type (`flatten_functype` with the context `lower`). */
  readonly core: CoreSignature;
  readonly options: ResolvedOptions;
}

/** Any other canonical built-in: a core function of type `core`. */
export interface ValidatedBuiltin {
  readonly kind: 'canon builtin';
  readonly definition: binary.CanonicalBuiltin;
  readonly core: CoreSignature;
  /** The resource type of `resource.new`, `resource.drop` and `resource.rep`. */
  readonly resource: ResourceType | undefined;
  /** The stream or future type of the `stream` and `future` built-ins, or the result of `task.return`. */
  readonly type: ValueTypeNode | undefined;
  /** The options of the built-ins that accept options. */
  readonly options: ResolvedOptions | undefined;
}

/** Parameters and results of a core function. */
export interface CoreSignature {
  readonly params: readonly CoreValueType[];
  readonly results: readonly CoreValueType[];
}

/** The core exports of a core instance, by name. */
export type CoreInstanceType = ReadonlyMap<string, CoreExternType>;

/** Canonical options without duplicates and with defaults. Functions and memories are core indices. */
export interface ResolvedOptions {
  readonly stringEncoding: binary.StringEncoding;
  readonly async: boolean;
  readonly memory: number | undefined;
  readonly realloc: number | undefined;
  readonly postReturn: number | undefined;
  readonly callback: number | undefined;
}
