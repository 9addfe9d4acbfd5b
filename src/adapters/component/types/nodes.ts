/**
 * The types of the validator and the linker: their structure, the properties that follow from it, and cached results of
 * computations on them. They correspond to the types of `types.ts`, which are the API of a component. `describe.ts`
 * converts them. Types refer to one another in a circle (a handle refers to the type index that names it), so they are
 * in one file.
 */
import type { CoreModuleType, FunctionType, PrimitiveKind, ResourceType, ValueType } from '../types.ts';
import { type FlatType, isPointer, type Layout, layoutFrom, NARROW, WIDE } from './layout.ts';
import type { Marked } from './type-marks.ts';

// Value types ------------------------------------------------------------------------------------------------------

const nothing: readonly never[] = [];

/**
 * A value type. One class represents all kinds, so that the engine can compile one fast version of the code that reads
 * types. With plain objects that have different properties for each kind, validation took 50 % longer.
 */
export class ValueTypeNode implements Marked<ValueTypeNode> {
  readonly kind: ValueType['kind'];
  /** The types directly inside. A case of a variant or result, a stream or a future may have no type inside. */
  readonly inside: readonly (ValueTypeNode | undefined)[];
  /** The labels of the fields, cases or flags. */
  readonly labels: readonly string[];
  /** The length of a fixed-length list. */
  readonly length: number | undefined;
  /** The resource type of a handle. `through` is the type index that names it ("External Visibility"). */
  readonly resource: ResourceType | undefined;
  readonly through: TypeEntry | undefined;

  /** The number of types in it, each counted as often as it occurs. */
  nodes: number = 1;
  /** The number of levels of types inside one another, 1 for a primitive. */
  depth: number = 1;
  /** An upper bound of `elem_size(t, 'i64')`. It is almost always small, so the exact size need not be computed. */
  most: number = 16;
  /** True if the type contains a borrow (`contains_borrow(t)`). */
  borrow: boolean = false;
  /** True if the type contains a `list`, `map` or `string`, whose bytes are elsewhere in memory. */
  pointer: boolean = false;
  /**
   * True if the type contains a type that needs an externally visible name: a resource, record, variant, enum or flags.
   */
  nominal: boolean = false;
  /** True if the type contains a handle. */
  handle: boolean = false;
  visibleIn: number = 0;
  visibility: number = 0;
  replacedIn: number = 0;
  replacement: ValueTypeNode | undefined = undefined;
  #narrow: Layout | undefined = undefined;
  #wide: Layout | undefined = undefined;
  /** The cached result of `describeValue`. */
  description: ValueType | undefined = undefined;

  constructor(
    kind: ValueType['kind'],
    inside: ValueTypeNode['inside'] = nothing,
    labels: readonly string[] = nothing,
    length?: number,
    resource?: ResourceType,
    through?: TypeEntry,
  ) {
    this.kind = kind;
    this.inside = inside;
    this.labels = labels;
    this.length = length;
    this.resource = resource;
    this.through = through;
    this.#measure();
  }

  /** The alignment, size and core types with 32-bit pointers. */
  get layout(): Layout {
    this.#narrow ??= this.#layoutWith(NARROW, (one) => one?.layout);
    return this.#narrow;
  }

  /** The layout with 64-bit pointers, which bounds the size of values. */
  get wide(): Layout {
    this.#wide ??= this.#layoutWith(WIDE, (one) => one?.wide);
    return this.#wide;
  }

  #layoutWith(pointer: Layout, layoutOf: (type: ValueTypeNode | undefined) => Layout | undefined): Layout {
    return layoutFrom(this.kind, this.inside.map(layoutOf), this.labels.length, this.length, pointer);
  }

  /** The types of the fields of a record or tuple. */
  get fields(): readonly ValueTypeNode[] {
    return this.inside as readonly ValueTypeNode[];
  }

  /** The type in a list or option, or the key of a map. */
  get element(): ValueTypeNode {
    return this.inside[0]!;
  }

  /** The element of the list that a `map` despecializes to. */
  get entry(): ValueTypeNode {
    return new ValueTypeNode('tuple', this.inside);
  }

  /** True if the type itself needs an externally visible name, apart from the types inside it. */
  get isNamed(): boolean {
    const { kind } = this;
    return kind === 'record' || kind === 'variant' || kind === 'enum' || kind === 'flags';
  }

  /** Returns a new type of the same kind with other types inside. It is a new type even if these types are the same. */
  with(inside: ValueTypeNode['inside']): ValueTypeNode {
    return new ValueTypeNode(this.kind, inside, this.labels, this.length);
  }

  #measure(): void {
    const { kind, length } = this;
    this.nominal = this.isNamed;
    this.pointer = length === undefined && isPointer(kind);
    for (const one of this.inside) {
      if (one === undefined) continue;
      this.nodes += one.nodes;
      this.depth = Math.max(this.depth, one.depth + 1);
      this.borrow ||= one.borrow;
      this.pointer ||= one.pointer;
      this.nominal ||= one.nominal;
      this.handle ||= one.handle;
      // Eight more bytes are for padding.
      this.most += (one.most + 8) * (length ?? 1);
    }
    if (kind === 'own' || kind === 'borrow') {
      this.nominal = this.handle = true;
      this.borrow = kind === 'borrow';
    }
    // The value is a handle. Built-ins with their own canonical options read and write the elements.
    if (kind === 'stream' || kind === 'future') this.pointer = false;
  }
}

const primitives: { [Kind in PrimitiveKind]?: ValueTypeNode } = {};

/** Returns the single object that represents a primitive type. */
export function primitive(kind: PrimitiveKind): ValueTypeNode {
  primitives[kind] ??= new ValueTypeNode(kind);
  return primitives[kind];
}

/** Returns whether a type is primitive. */
export function isPrimitive({ kind }: ValueTypeNode): boolean {
  return kind in primitives;
}

// Types of functions, instances and components -----------------------------------------------------------------------

/**
 * An entry of a type index space. The object is the identity of the index ("typeidx") and of its aliases. An import or
 * export creates a new entry for the same type, and only that entry has an externally visible name.
 */
export class TypeEntry implements Marked<TypeEntry> {
  readonly kind = 'type';
  readonly bound: 'eq' | 'sub';
  readonly type: DefinitionNode;
  visibleIn: number = 0;
  visibility: number = 0;
  replacedIn: number = 0;
  replacement: TypeEntry | undefined = undefined;

  constructor(bound: 'eq' | 'sub', type: DefinitionNode) {
    this.bound = bound;
    this.type = type;
  }
}

/** The type that a type index denotes. */
export type DefinitionNode = ValueTypeNode | ResourceType | FunctionNode | ComponentNode | InstanceNode;

/** A field or a parameter. */
export interface ParamNode {
  readonly name: string;
  readonly type: ValueTypeNode;
}

/** The result of `flatten_functype` for a function type, for the synchronous ABI. */
export interface Signature {
  readonly params: readonly ValueTypeNode[];
  /** The names of the parameters, for error texts. */
  readonly names: readonly string[];
  readonly result: ValueTypeNode | undefined;
  /**
   * The result of `flatten_types` for the parameters and for the result, before any value is spilled. The lists are cut
   * off as in `Layout`.
   */
  readonly flat: readonly FlatType[];
  readonly flatResult: readonly FlatType[];
  /** True if there are strings, lists or maps among the parameters. */
  readonly pointer: boolean;
  /**
   * The number of core parameters. It is 1 if they are spilled to memory. The out-pointer of a lowered function does
   * not count.
   */
  readonly flatParams: number;
  readonly spillsParams: boolean;
  readonly spillsResult: boolean;
  /**
   * True if there are at most four parameters, each is one core value, and no parameter is spilled. A handle inside
   * another value is not simple.
   */
  readonly isSimple: boolean;
  readonly lendsHandles: boolean;
}

/** A function's type. */
export class FunctionNode {
  readonly kind = 'func';
  readonly async: boolean;
  readonly params: readonly ParamNode[];
  readonly result: ValueTypeNode | undefined;
  /** The cached result of `signatureOf`. */
  signature: Signature | undefined = undefined;
  /** The cached result of `describeFunction`. */
  description: FunctionType | undefined = undefined;

  constructor(async: boolean, params: readonly ParamNode[], result: ValueTypeNode | undefined) {
    this.async = async;
    this.params = params;
    this.result = result;
  }
}

/** A core module that is imported or exported. */
interface ModuleNode {
  readonly kind: 'core module';
  readonly type: CoreModuleType;
}

/** The type of an import or an export. */
export type ExternNode = ModuleNode | FunctionNode | TypeEntry | ComponentNode | InstanceNode;

/** An import or export: its name, its type and the attributes of the name. */
export interface NamedNode {
  readonly name: string;
  readonly type: ExternNode;
  readonly implements: string | undefined;
  readonly externalId: string | undefined;
}

/** A list of exports, which can be found by name. */
class Exporting {
  readonly exports: readonly NamedNode[];
  /** The cached number of levels of `checkNesting`. */
  nesting: number = 0;
  #byName: Map<string, ExternNode> | undefined = undefined;

  constructor(exports: readonly NamedNode[]) {
    this.exports = exports;
  }

  export(name: string): ExternNode | undefined {
    if (this.#byName === undefined) {
      this.#byName = new Map();
      for (const one of this.exports) this.#byName.set(one.name, one.type);
    }
    return this.#byName.get(name);
  }
}

/** The type of an instance. `defined` means the same as in `types.ts`. */
export class InstanceNode extends Exporting {
  readonly kind = 'instance';
  readonly defined: readonly ResourceType[];

  constructor(exports: readonly NamedNode[], defined: readonly ResourceType[]) {
    super(exports);
    this.defined = defined;
  }
}

/** The type of a component. `imported` and `defined` mean the same as in `types.ts`. */
export class ComponentNode extends Exporting {
  readonly kind = 'component';
  readonly imports: readonly NamedNode[];
  readonly imported: readonly ResourceType[];
  readonly defined: readonly ResourceType[];

  constructor(
    imports: readonly NamedNode[],
    exports: readonly NamedNode[],
    imported: readonly ResourceType[],
    defined: readonly ResourceType[],
  ) {
    super(exports);
    this.imports = imports;
    this.imported = imported;
    this.defined = defined;
  }
}
