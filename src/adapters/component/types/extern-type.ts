/**
 * The types of the validator and the linker. They correspond to those of `types.ts`, with {@link ValueTypeNode} for
 * value types, and cache the results of computations on them.
 */
import type { CoreModuleType, FunctionType, ResourceType } from '../types.ts';
import type { Signature } from './signature.ts';
import type { Marked } from './type-marks.ts';
import type { ValueTypeNode } from './value-type.ts';

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

/** A function's type. */
export class FunctionNode {
  readonly kind = 'func';
  readonly async: boolean;
  readonly params: readonly ParamNode[];
  readonly result: ValueTypeNode | undefined;
  /** The results of the canonical ABI for this type. */
  signature: Signature | undefined = undefined;
  /** See `describeFunction`. */
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

/** A list of exports that finds them by name. */
class Exporting {
  readonly exports: readonly NamedNode[];
  /** See `checkNesting`. */
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
