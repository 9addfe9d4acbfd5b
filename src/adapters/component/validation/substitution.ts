/**
 * Substitution of types in types. Instantiation and the use of an instance type need it.
 *
 * Source: *Explainer.md*, "Type Checking".
 */

import {
  ComponentNode,
  type DefinitionNode,
  type ExternNode,
  FunctionNode,
  InstanceNode,
  type NamedNode,
  TypeEntry,
  ValueTypeNode,
} from '../types/nodes.ts';
import { Replacements } from '../types/type-marks.ts';
import type { ResourceType } from '../types.ts';
import type { Context } from './context.ts';
import type { ResourceBinding } from './validated.ts';

/**
 * Replaces resource types, and the value types and type indices that have names. It replaces a type by the same object
 * each time, and returns a type without replacements unchanged. So shared types remain shared.
 */
export class Substitution {
  readonly resources: Map<ResourceType, ResourceType> = new Map();
  readonly values: Replacements<ValueTypeNode> = new Replacements();
  readonly entries: Replacements<TypeEntry> = new Replacements();
  readonly #closed = new Map<ExternNode, ExternNode>();
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Maps each resource type to a new one. Returns the new resource types. */
  refresh(resources: readonly ResourceType[]): ResourceType[] {
    return resources.map((resource) => {
      const fresh: ResourceType = { kind: 'resource', name: resource.name };
      this.resources.set(resource, fresh);
      return fresh;
    });
  }

  resource(type: ResourceType): ResourceType {
    return this.resources.get(type) ?? type;
  }

  value(type: ValueTypeNode): ValueTypeNode {
    if (!type.nominal) return type;
    let found = this.values.get(type);
    if (found === undefined) {
      this.#context.spend(1 + type.inside.length);
      found = type.through === undefined ? this.#inside(type) : this.#handle(type, type.through);
      this.values.set(type, found);
    }
    return found;
  }

  #handle(type: ValueTypeNode, named: TypeEntry): ValueTypeNode {
    const resource = type.resource && this.resource(type.resource);
    const through = this.entries.get(named) ?? named;
    if (resource === type.resource && through === named) return type;
    return new ValueTypeNode(type.kind, undefined, undefined, undefined, resource, through);
  }

  #inside(type: ValueTypeNode): ValueTypeNode {
    const after = mapped(type.inside, (one) => one && this.value(one));
    return after === type.inside ? type : type.with(after);
  }

  #func(type: FunctionNode): FunctionNode {
    this.#context.spend(1 + type.params.length);
    const params = mapped(type.params, (param) => {
      const inner = this.value(param.type);
      return inner === param.type ? param : { name: param.name, type: inner };
    });
    const result = type.result && this.value(type.result);
    if (result === type.result && params === type.params) return type;
    return new FunctionNode(type.async, params, result);
  }

  /** Returns a type index for the replaced type. */
  #entry(type: TypeEntry): TypeEntry {
    const found = this.entries.get(type);
    if (found !== undefined) return found;
    const definition = this.#definition(type.type);
    return definition === type.type ? type : this.#rename(type, new TypeEntry(type.bound, definition));
  }

  #rename(type: TypeEntry, fresh: TypeEntry): TypeEntry {
    this.#context.spend(1);
    this.entries.set(type, fresh);
    return fresh;
  }

  /**
   * Returns a new type index, unless an argument has already replaced the old one. The index has a new type if the type
   * has a name.
   */
  #openEntry(type: TypeEntry): TypeEntry {
    const found = this.entries.get(type);
    if (found !== undefined) return found;
    const fresh = renamed(this.#definition(type.type), type.bound);
    if (type.type instanceof ValueTypeNode && type.type.nominal && fresh.type instanceof ValueTypeNode) {
      this.values.set(type.type, fresh.type);
    }
    return this.#rename(type, fresh);
  }

  #definition(type: DefinitionNode): DefinitionNode {
    if (type instanceof ValueTypeNode) return this.value(type);
    return type.kind === 'resource' ? this.resource(type) : this.extern(type);
  }

  #externs(list: readonly NamedNode[]): readonly NamedNode[] {
    this.#context.spend(list.length);
    return mapped(list, (one) => {
      const type = this.extern(one.type);
      return type === one.type ? one : withType(one, type);
    });
  }

  /**
   * Replaces the types in an import or export. A type that binds resource types keeps them, because no other type
   * refers to them.
   */
  extern<Type extends ExternNode>(type: Type): Type;
  extern(type: ExternNode): ExternNode {
    if (type.kind === 'type') return this.#entry(type);
    if (type.kind === 'func') return this.#func(type);
    let found = this.#closed.get(type);
    if (found === undefined) {
      found = this.#replaced(type);
      this.#closed.set(type, found);
    }
    return found;
  }

  #replaced(type: Exclude<ExternNode, TypeEntry | FunctionNode>): ExternNode {
    switch (type.kind) {
      case 'component': {
        const imports = this.#externs(type.imports);
        const exports = this.#externs(type.exports);
        if (imports === type.imports && exports === type.exports) return type;
        return new ComponentNode(imports, exports, type.imported, type.defined);
      }
      case 'instance': {
        const exports = this.#externs(type.exports);
        return exports === type.exports ? type : new InstanceNode(exports, type.defined);
      }
      default:
        return type;
    }
  }

  /** Returns the exports of a new instance. Its types differ from the types of every other instance. */
  open(list: readonly NamedNode[]): NamedNode[] {
    this.#context.spend(list.length);
    return list.map((one) => withType(one, this.#openExtern(one.type)));
  }

  #openExtern(type: ExternNode): ExternNode {
    if (type.kind === 'type') return this.#openEntry(type);
    return type.kind === 'instance' ? new InstanceNode(this.open(type.exports), type.defined) : this.extern(type);
  }
}

/** Returns a list with each element replaced, or the same list if no element changes. */
function mapped<Element>(list: readonly Element[], replace: (element: Element) => Element): readonly Element[] {
  let changed: Element[] | undefined;
  for (let index = 0; index < list.length; index++) {
    const before = list[index] as Element;
    const after = replace(before);
    if (after === before && changed === undefined) continue;
    changed ??= list.slice(0, index);
    changed.push(after);
  }
  return changed ?? list;
}

function withType({ name, implements: of, externalId }: NamedNode, type: ExternNode): NamedNode {
  return { name, type, implements: of, externalId };
}

/**
 * Returns the instance that an instance type describes. Each use of the type creates its resource types, and its types
 * differ from the types of every other use.
 */
export function openInstance(context: Context, type: InstanceNode): { type: InstanceNode; fresh: ResourceType[] } {
  const substitution = new Substitution(context);
  const fresh = substitution.refresh(type.defined);
  return { type: new InstanceNode(substitution.open(type.exports), []), fresh };
}

/** Returns a new type index for the same type. The index has a new type if the type has a name. */
export function renamed(type: DefinitionNode, bound: TypeEntry['bound']): TypeEntry {
  return new TypeEntry(bound, type instanceof ValueTypeNode && type.isNamed ? type.with(type.inside) : type);
}

const nothing: readonly never[] = [];

/** Returns the path to each of the resource types in an import or export of type `extern`. */
export function locate(extern: ExternNode, resources: readonly ResourceType[]): readonly ResourceBinding[] {
  if (resources.length === 0) return nothing;
  const left = new Set(resources);
  const found: ResourceBinding[] = [];
  visit(extern, []);
  return found;

  function visit(one: ExternNode, path: readonly string[]): void {
    if (one.kind === 'type' && one.type.kind === 'resource' && left.delete(one.type)) {
      found.push({ resource: one.type, path });
    } else if (one.kind === 'instance') {
      for (const { name, type } of one.exports) {
        if (left.size > 0 && (type.kind === 'type' || type.kind === 'instance')) visit(type, [...path, name]);
      }
    }
  }
}

/** Returns whether a type refers to a resource type that it does not bind itself. */
export function hasFreeResource(context: Context, definition: DefinitionNode): boolean {
  const used = new Set<ResourceType>();
  const bound = new Set<ResourceType>();
  const seen = new Set<object>();
  inDefinition(definition);
  return [...used].some((resource) => !bound.has(resource));

  function inDefinition(type: DefinitionNode): void {
    if (type instanceof ValueTypeNode) inValue(type);
    else if (type.kind === 'resource') used.add(type);
    else inExtern(type);
  }

  function inValue(type: ValueTypeNode | undefined): void {
    if (!type?.handle || seen.has(type)) return;
    seen.add(type);
    context.spend(1);
    if (type.resource !== undefined) used.add(type.resource);
    for (const one of type.inside) inValue(one);
  }

  function inExtern(type: ExternNode): void {
    if (seen.has(type)) return;
    seen.add(type);
    context.spend(1);
    if (type.kind === 'func') {
      for (const param of type.params) inValue(param.type);
      inValue(type.result);
    } else if (type.kind === 'type') inDefinition(type.type);
    else if (type.kind === 'component' || type.kind === 'instance') {
      for (const resource of type.defined) bound.add(resource);
      if (type.kind === 'component') {
        for (const resource of type.imported) bound.add(resource);
        for (const one of type.imports) inExtern(one.type);
      }
      for (const one of type.exports) inExtern(one.type);
    }
  }
}
