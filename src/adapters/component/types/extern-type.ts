/**
 * The types of the validator and the linker: those of `types.ts`, with {@link ValueTypeNode} for value types, and with fields for
 * derived facts.
 */
import type { Signature } from '../abi/values.ts';
import type { CoreModuleType, FunctionType, ResourceType } from '../types.ts';
import type { Noted } from './type-marks.ts';
import type { ValueTypeNode } from './value-type.ts';

/**
 * An entry of a type index space. The object is the identity of the index ("typeidx") and of its aliases. An import or export
 * makes a new entry for the same type, and only that entry has an externally visible name.
 */
export class TypeEntry implements Noted<TypeEntry> {
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

/** A type that a type index can refer to. */
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
  /** The facts that the canonical ABI derived from the type. */
  signature: Signature | undefined = undefined;
  /** See `describeFunction`. */
  description: FunctionType | undefined = undefined;

  constructor(async: boolean, params: readonly ParamNode[], result: ValueTypeNode | undefined) {
    this.async = async;
    this.params = params;
    this.result = result;
  }
}

/** The type of a core module that is imported or exported. */
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

/** Exports by name. */
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

/** The type of an instance. `defined` as in `types.ts`. */
export class InstanceNode extends Exporting {
  readonly kind = 'instance';
  readonly defined: readonly ResourceType[];

  constructor(exports: readonly NamedNode[], defined: readonly ResourceType[]) {
    super(exports);
    this.defined = defined;
  }
}

/** The type of a component. `imported` and `defined` as in `types.ts`. */
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
