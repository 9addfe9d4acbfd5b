/**
 * Substitution of types in types, as instantiation and the use of an instance type need it.
 *
 * Source: *Explainer.md*, "Type Checking".
 */
import {
  type ExternType,
  type FunctionType,
  type InstanceType,
  type NamedExtern,
  type ResourceType,
  resultOf,
  type TypeDefinition,
  type ValueType,
} from '../types.ts';
import type { Context } from './context.ts';
import { facts, isNamed, shareFacts } from './layout.ts';
import type { TypeEntry } from './scope.ts';
import { SparseMap } from './sparse-map.ts';
import type { ResourceBinding } from './validated.ts';

/**
 * Replaces resource types, and with them the value types and type indices that have names of their own. What was
 * replaced once is replaced by the same object again, and what has nothing to replace in it stays the same object, so
 * that what was shared stays shared.
 */
export class Substitution {
  readonly resources: SparseMap<ResourceType, ResourceType> = new SparseMap();
  readonly values: SparseMap<ValueType, ValueType> = new SparseMap();
  readonly entries: SparseMap<object, TypeEntry> = new SparseMap();
  private readonly closed = new SparseMap<ExternType, ExternType>();
  private readonly context: Context;

  constructor(context: Context) {
    this.context = context;
  }

  /** Replaces each of the resource types by a fresh one; returns these. */
  refresh(resources: readonly ResourceType[]): ResourceType[] {
    return resources.map((resource) => {
      const fresh: ResourceType = { ...resource };
      this.resources.set(resource, fresh);
      return fresh;
    });
  }

  resource(type: ResourceType): ResourceType {
    return this.resources.get(type) ?? type;
  }

  value(type: ValueType): ValueType {
    if (!facts(this.context, type).nominal) return type;
    let found = this.values.get(type);
    if (found === undefined) {
      this.context.spend(1);
      found = type.kind === 'own' || type.kind === 'borrow' ? this.handle(type) : this.inside(type);
      this.values.set(type, found);
    }
    return found;
  }

  private handle(type: ValueType & { readonly kind: 'own' | 'borrow' }): ValueType {
    const resource = this.resource(type.resource);
    if (type.through === undefined) return resource === type.resource ? type : { kind: type.kind, resource };
    const through = this.entries.get(type.through) ?? type.through;
    if (resource === type.resource && through === type.through) return type;
    return { kind: type.kind, resource, through };
  }

  private inside(type: ValueType): ValueType {
    const before = facts(this.context, type).inside;
    this.context.spend(before.length);
    const after = before.map((one) => this.value(one));
    if (after.every((one, index) => one === before[index])) return type;
    const replaced = withChildren(type, after);
    shareFacts(this.context, type, replaced, after);
    return replaced;
  }

  private func(type: FunctionType): FunctionType {
    this.context.spend(1 + type.params.length);
    const params = type.params.map((param) => {
      const inner = this.value(param.type);
      return inner === param.type ? param : { name: param.name, type: inner };
    });
    const result = type.result && this.value(type.result);
    if (result === type.result && params.every((param, index) => param === type.params[index])) return type;
    return { kind: 'func', async: type.async, params, ...(result && { result }) };
  }

  /** A type index, with what it stands for replaced. */
  private entry(type: TypeEntry): TypeEntry {
    const found = this.entries.get(type);
    if (found !== undefined) return found;
    const definition = this.definition(type.type);
    return definition === type.type ? type : this.rename(type, definition);
  }

  private rename(type: TypeEntry, definition: TypeDefinition): TypeEntry {
    this.context.spend(1);
    const found: TypeEntry = { kind: 'type', bound: type.bound, type: definition };
    this.entries.set(type, found);
    return found;
  }

  /** A new type index, and a new type where types have names of their own, unless an argument took its place before. */
  private openEntry(type: TypeEntry): TypeEntry {
    const found = this.entries.get(type);
    if (found !== undefined) return found;
    const definition = this.definition(type.type);
    const fresh = renameEntry(this.context, definition, type.bound).type;
    if (type.type.kind === 'value type' && fresh.kind === 'value type') this.values.set(type.type.type, fresh.type);
    return this.rename(type, fresh);
  }

  private definition(type: TypeDefinition): TypeDefinition {
    if (type.kind === 'resource') return this.resource(type);
    if (type.kind !== 'value type') return this.extern(type);
    const inner = this.value(type.type);
    return inner === type.type ? type : { kind: 'value type', type: inner };
  }

  private externs(list: readonly NamedExtern[]): readonly NamedExtern[] {
    this.context.spend(list.length);
    const after = list.map((one) => {
      const type = this.extern(one.type);
      return type === one.type ? one : namedExtern(one, type);
    });
    return after.every((one, index) => one === list[index]) ? list : after;
  }

  /** What binds resource types of its own keeps them: no one else refers to these. */
  extern<Type extends ExternType>(type: Type): Type;
  extern(type: ExternType): ExternType {
    if (type.kind === 'type') return this.entry(type);
    let found = this.closed.get(type);
    if (found === undefined) {
      found = this.replaced(type);
      this.closed.set(type, found);
    }
    return found;
  }

  private replaced(type: Exclude<ExternType, TypeEntry>): ExternType {
    switch (type.kind) {
      case 'func':
        return this.func(type);
      case 'component': {
        const imports = this.externs(type.imports);
        const exports = this.externs(type.exports);
        return imports === type.imports && exports === type.exports ? type : { ...type, imports, exports };
      }
      case 'instance': {
        const exports = this.externs(type.exports);
        return exports === type.exports ? type : { ...type, exports };
      }
      default:
        return type;
    }
  }

  /** The exports of a new instance: its types are other types than those of any other instance. */
  open(list: readonly NamedExtern[]): NamedExtern[] {
    this.context.spend(list.length);
    return list.map((one) => namedExtern(one, this.openExtern(one.type)));
  }

  private openExtern(type: ExternType): ExternType {
    if (type.kind === 'type') return this.openEntry(type);
    return type.kind === 'instance' ? { ...type, exports: this.open(type.exports) } : this.extern(type);
  }
}

/** An import or export under a name that is written with its attributes. */
export function namedExtern(
  { name, implements: of, externalId }: Omit<NamedExtern, 'type'>,
  type: ExternType,
): NamedExtern {
  if (of === undefined && externalId === undefined) return { name, type };
  return { name, type, ...(of !== undefined && { implements: of }), ...(externalId !== undefined && { externalId }) };
}

/** The type with other types inside, in the order of {@link Facts.inside}. */
function withChildren(type: ValueType, inside: readonly ValueType[]): ValueType {
  let at = 0;
  const next = (old: ValueType): ValueType => inside[at++] ?? old;
  switch (type.kind) {
    case 'record':
      return { kind: 'record', fields: type.fields.map(({ name, type: one }) => ({ name, type: next(one) })) };
    case 'variant':
      return {
        kind: 'variant',
        cases: type.cases.map(({ name, type: one }) => (one ? { name, type: next(one) } : { name })),
      };
    case 'tuple':
      return { kind: 'tuple', elements: inside };
    case 'list':
      return { ...type, element: next(type.element) };
    case 'option':
      return { kind: 'option', value: next(type.value) };
    case 'map':
      return { kind: 'map', key: next(type.key), value: next(type.value) };
    case 'result':
      return resultOf(type.ok && next(type.ok), type.error && next(type.error));
    case 'stream':
    case 'future':
      return { ...type, ...(type.element && { element: next(type.element) }) };
    default:
      return type;
  }
}

/**
 * The instance that an instance type describes: each use of the type makes its resource types anew, and its types are
 * other types than those of any other use.
 */
export function openInstance(context: Context, type: InstanceType): { type: InstanceType; fresh: ResourceType[] } {
  const substitution = new Substitution(context);
  const fresh = substitution.refresh(type.defined);
  return { type: { kind: 'instance', exports: substitution.open(type.exports), defined: [] }, fresh };
}

/** The same type under a new name: a new type index, and a new type where types have names of their own. */
export function renameEntry(context: Context, type: TypeDefinition, bound: TypeEntry['bound']): TypeEntry {
  if (type.kind !== 'value type' || !isNamed(type.type)) return { kind: 'type', bound, type };
  const renamed = { ...type.type };
  shareFacts(context, type.type, renamed);
  return { kind: 'type', bound, type: { kind: 'value type', type: renamed } };
}

/** By which path each of the resource types is found in what has the type `extern`. */
export function locate(extern: ExternType, resources: readonly ResourceType[]): ResourceBinding[] {
  if (resources.length === 0) return [];
  const left = new Set(resources);
  const found: ResourceBinding[] = [];
  visit(extern, []);
  return found;

  function visit(one: ExternType, path: readonly string[]): void {
    if (one.kind === 'type' && one.type.kind === 'resource' && left.delete(one.type)) {
      found.push({ resource: one.type, path });
    } else if (one.kind === 'instance') {
      for (const { name, type } of one.exports) {
        if (left.size > 0 && (type.kind === 'type' || type.kind === 'instance')) visit(type, [...path, name]);
      }
    }
  }
}

/** Whether a type refers to a resource type that it does not bind itself. */
export function hasFreeResource(context: Context, definition: TypeDefinition): boolean {
  const used = new Set<ResourceType>();
  const bound = new Set<ResourceType>();
  const seen = new Set<object>();
  inDefinition(definition);
  return [...used].some((resource) => !bound.has(resource));

  function inDefinition(type: TypeDefinition): void {
    if (type.kind === 'resource') used.add(type);
    else if (type.kind === 'value type') inValue(type.type);
    else inExtern(type);
  }

  function inValue(type: ValueType): void {
    if (!facts(context, type).resource || seen.has(type)) return;
    seen.add(type);
    context.spend(1);
    if (type.kind === 'own' || type.kind === 'borrow') used.add(type.resource);
    else for (const one of facts(context, type).inside) inValue(one);
  }

  function inExtern(type: ExternType): void {
    if (seen.has(type)) return;
    seen.add(type);
    context.spend(1);
    if (type.kind === 'func') {
      for (const param of type.params) inValue(param.type);
      if (type.result !== undefined) inValue(type.result);
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
