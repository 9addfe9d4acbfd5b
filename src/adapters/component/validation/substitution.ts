/**
 * Substitution of types in types, as instantiation and the use of an instance type need it.
 *
 * Source: *Explainer.md*, "Type Checking".
 */
import type {
  ComponentType,
  ExternType,
  FunctionType,
  InstanceType,
  NamedExtern,
  ResourceType,
  TypeDefinition,
  ValueType,
} from '../types.ts';
import type { Context } from './context.ts';
import { children, facts, isNamed } from './layout.ts';
import type { TypeEntry } from './scope.ts';
import type { ResourceBinding } from './validated.ts';

/**
 * Replaces resource types, and with them the value types and type indices that have names of their own. What was
 * replaced once is replaced by the same object again, so that what was shared stays shared.
 */
export class Substitution {
  readonly resources: Map<ResourceType, ResourceType> = new Map();
  readonly values: Map<ValueType, ValueType> = new Map();
  readonly entries: Map<object, TypeEntry> = new Map();
  private readonly funcs = new Map<FunctionType, FunctionType>();
  private readonly components = new Map<ComponentType, ComponentType>();
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
    if (!facts(type).nominal) return type;
    let found = this.values.get(type);
    if (found === undefined) {
      this.context.spend(1);
      found = this.rebuild(type);
      this.values.set(type, found);
    }
    return found;
  }

  private optional(type: ValueType | undefined): ValueType | undefined {
    return type === undefined ? undefined : this.value(type);
  }

  private rebuild(type: ValueType): ValueType {
    switch (type.kind) {
      case 'record':
        this.context.spend(type.fields.length);
        return { kind: 'record', fields: type.fields.map(({ name, type: one }) => ({ name, type: this.value(one) })) };
      case 'variant': {
        this.context.spend(type.cases.length);
        const cases = type.cases.map((one) => {
          const payload = this.optional(one.type);
          return payload === undefined ? one : { name: one.name, type: payload };
        });
        return { kind: 'variant', cases };
      }
      case 'tuple':
        this.context.spend(type.elements.length);
        return { kind: 'tuple', elements: type.elements.map((one) => this.value(one)) };
      case 'list':
        return { ...type, element: this.value(type.element) };
      case 'option':
        return { kind: 'option', value: this.value(type.value) };
      case 'map':
        return { kind: 'map', key: this.value(type.key), value: this.value(type.value) };
      case 'result': {
        const ok = this.optional(type.ok);
        const error = this.optional(type.error);
        return { kind: 'result', ...(ok && { ok }), ...(error && { error }) };
      }
      case 'stream':
      case 'future': {
        const element = this.optional(type.element);
        return element === undefined ? type : { kind: type.kind, element };
      }
      case 'own':
      case 'borrow': {
        const resource = this.resource(type.resource);
        if (type.through === undefined) return { kind: type.kind, resource };
        return { kind: type.kind, resource, through: this.entries.get(type.through) ?? type.through };
      }
      default:
        return { ...type };
    }
  }

  func(type: FunctionType): FunctionType {
    let found = this.funcs.get(type);
    if (found === undefined) {
      this.context.spend(1 + type.params.length);
      const params = type.params.map(({ name, type: one }) => ({ name, type: this.value(one) }));
      const result = this.optional(type.result);
      found = { kind: 'func', async: type.async, params, ...(result && { result }) };
      this.funcs.set(type, found);
    }
    return found;
  }

  /** A type index is replaced by a new one, unless it was bound to one of the arguments before. */
  entry(type: TypeEntry): TypeEntry {
    let found = this.entries.get(type);
    if (found === undefined) {
      this.context.spend(1);
      found = { kind: 'type', bound: type.bound, type: this.definition(type.type) };
      this.entries.set(type, found);
    }
    return found;
  }

  definition(type: TypeDefinition): TypeDefinition {
    switch (type.kind) {
      case 'value type':
        return { kind: 'value type', type: this.value(type.type) };
      case 'resource':
        return this.resource(type);
      case 'func':
        return this.func(type);
      case 'component':
        return this.component(type);
      default:
        return this.instance(type);
    }
  }

  component(type: ComponentType): ComponentType {
    let found = this.components.get(type);
    if (found === undefined) {
      const { imported, defined } = type;
      found = {
        kind: 'component',
        imports: this.externs(type.imports),
        exports: this.externs(type.exports),
        imported,
        defined,
      };
      this.components.set(type, found);
    }
    return found;
  }

  instance(type: InstanceType): InstanceType {
    return { kind: 'instance', exports: this.externs(type.exports), defined: type.defined };
  }

  externs(list: readonly NamedExtern[]): NamedExtern[] {
    this.context.spend(list.length);
    return list.map((one) => ({ ...one, type: this.extern(one.type) }));
  }

  extern(type: ExternType): ExternType {
    switch (type.kind) {
      case 'func':
        return this.func(type);
      case 'type':
        return this.entry(type);
      case 'component':
        return this.component(type);
      case 'instance':
        return this.instance(type);
      case 'value':
        return { kind: 'value', type: this.value(type.type) };
      default:
        return type;
    }
  }
}

/**
 * The instance that an instance type describes: each use of the type makes its resource types anew, and its types are
 * other types than those of any other use.
 */
export function openInstance(context: Context, type: InstanceType): { type: InstanceType; fresh: ResourceType[] } {
  const substitution = new Substitution(context);
  const fresh = substitution.refresh(type.defined);
  return { type: { kind: 'instance', exports: substitution.externs(type.exports), defined: [] }, fresh };
}

/** The same type under a new name: a new type index, and a new type where types have names of their own. */
export function renameEntry(entry: TypeEntry): TypeEntry {
  const { bound, type } = entry;
  if (type.kind !== 'value type' || !isNamed(type.type)) return { kind: 'type', bound, type };
  return { kind: 'type', bound, type: { kind: 'value type', type: { ...type.type } } };
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
    if (!facts(type).resource || seen.has(type)) return;
    seen.add(type);
    context.spend(1);
    if (type.kind === 'own' || type.kind === 'borrow') used.add(type.resource);
    else for (const one of children(type)) inValue(one);
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
