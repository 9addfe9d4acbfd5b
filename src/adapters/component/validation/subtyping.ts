/**
 * Whether what is given may stand where something is expected. All types but resource types are compared by structure.
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
import { matchModule } from './core-modules.ts';
import { facts, type Part, parts } from './layout.ts';
import { type Mismatch, mismatch, within } from './mismatch.ts';
import type { TypeEntry } from './scope.ts';
import { SparseMap } from './sparse-map.ts';
import { Substitution } from './substitution.ts';

const noResources: ReadonlySet<ResourceType> = new Set();

/** One comparison of things given with things expected, in which abstract resource types of the latter are bound. */
export class Matcher {
  /** What stands for the types of the expected side. */
  readonly bound: Substitution;
  private readonly context: Context;
  private readonly abstract: ReadonlySet<ResourceType>;
  /** What was found equal to a type before: one type, or several. */
  private readonly equal = new SparseMap<ValueType, ValueType | Set<ValueType>>();

  constructor(context: Context, abstract: readonly ResourceType[]) {
    this.context = context;
    this.bound = new Substitution(context);
    this.abstract = abstract.length === 0 ? noResources : new Set(abstract);
  }

  extern(given: ExternType, expected: ExternType): Mismatch | undefined {
    this.context.spend(1);
    switch (expected.kind) {
      case 'func':
        if (given.kind === 'func') return this.func(given, expected);
        break;
      case 'type':
        if (given.kind === 'type') return this.entry(given, expected);
        break;
      case 'instance':
        if (given.kind === 'instance') return this.exports(given, expected.exports, 'instance export');
        break;
      case 'component':
        if (given.kind === 'component') return matchComponent(this.context, given, this.bound.extern(expected));
        break;
      case 'core module':
        if (given.kind === 'core module') return matchModule(this.context, given.type, expected.type);
        break;
      default:
        if (given.kind === 'value') return this.value(given.type, expected.type);
    }
    return mismatch(`expected ${sortName(expected)}, found ${sortName(given)}`);
  }

  exports(given: InstanceType, expected: readonly NamedExtern[], what: string): Mismatch | undefined {
    const own = externMap(this.context, given);
    for (const { name, type } of expected) {
      const found = own.get(name);
      if (found === undefined) return mismatch(`missing expected export \`${name}\``);
      const wrong = this.extern(found, type);
      if (wrong !== undefined) return within(name, `type mismatch in ${what} \`${name}\``, wrong);
    }
    return undefined;
  }

  private entry(given: TypeEntry, expected: TypeEntry): Mismatch | undefined {
    const { bound } = this;
    const wrong = this.definition(given.type, expected.type);
    if (wrong !== undefined) return wrong;
    bound.entries.set(expected, given);
    if (given.type.kind === 'value type' && expected.type.kind === 'value type') {
      bound.values.set(expected.type.type, given.type.type);
    }
    return undefined;
  }

  private definition(given: TypeDefinition, expected: TypeDefinition): Mismatch | undefined {
    const { bound } = this;
    switch (expected.kind) {
      case 'resource':
        if (given.kind !== 'resource') break;
        if (this.abstract.has(expected) && bound.resources.get(expected) === undefined)
          bound.resources.set(expected, given);
        return bound.resource(expected) === given ? undefined : mismatch('resource types are not the same');
      case 'value type':
        if (given.kind === 'value type') return this.value(given.type, expected.type);
        break;
      case 'func':
        if (given.kind === 'func') return this.func(given, expected);
        break;
      case 'component': {
        if (given.kind !== 'component') break;
        const other = bound.extern(expected);
        return matchComponent(this.context, given, other) ?? matchComponent(this.context, other, given);
      }
      default: {
        if (given.kind !== 'instance') break;
        const other = bound.extern(expected);
        return matchInstanceType(this.context, given, other) ?? matchInstanceType(this.context, other, given);
      }
    }
    return mismatch(`expected ${definitionName(expected)}, found ${definitionName(given)}`);
  }

  func(given: FunctionType, expected: FunctionType): Mismatch | undefined {
    this.context.spend(1 + given.params.length);
    if (given.async !== expected.async) {
      return mismatch(
        `expected ${expected.async ? 'an async' : 'a sync'} function, found ${given.async ? 'async' : 'sync'}`,
      );
    }
    if (given.params.length !== expected.params.length) {
      return mismatch(`expected ${expected.params.length} parameters, found ${given.params.length}`);
    }
    for (const [index, param] of expected.params.entries()) {
      const own = given.params[index] ?? param;
      if (own.name !== param.name) return mismatch(`expected parameter named \`${param.name}\`, found \`${own.name}\``);
      const wrong = this.value(own.type, param.type);
      if (wrong !== undefined)
        return within(param.name, `type mismatch in function parameter \`${param.name}\``, wrong);
    }
    if (given.result === undefined || expected.result === undefined) {
      if (given.result === expected.result) return undefined;
      return mismatch(
        expected.result === undefined ? 'expected a result, found none' : 'expected a result to be present',
      );
    }
    const wrong = this.value(given.result, expected.result);
    return wrong && within('result', 'type mismatch with result type', wrong);
  }

  value(given: ValueType, expected: ValueType): Mismatch | undefined {
    // The same object stands for the same type, unless there are resource types in it that this comparison replaces.
    if (given === expected && !facts(this.context, expected).resource) return undefined;
    const known = this.equal.get(expected);
    if (known === given || (known instanceof Set && known.has(given))) return undefined;
    this.context.spend(1);
    const wrong = this.structure(given, expected);
    if (wrong !== undefined) return wrong;
    if (known === undefined) this.equal.set(expected, given);
    else if (known instanceof Set) known.add(given);
    else this.equal.set(expected, new Set([known, given]));
    return undefined;
  }

  private structure(given: ValueType, expected: ValueType): Mismatch | undefined {
    const { kind } = expected;
    if (given.kind !== kind) {
      if (!isPrimitive(expected)) return mismatch(`expected ${kind}, found ${given.kind}`);
      if (isPrimitive(given)) return mismatch(`expected primitive \`${kind}\` found primitive \`${given.kind}\``);
      return mismatch(`expected primitive, found ${given.kind}: expected ${kind}, found ${given.kind}`);
    }
    if ('resource' in given && 'resource' in expected && this.bound.resource(expected.resource) !== given.resource) {
      return mismatch('resource types are not the same');
    }
    if (given.kind === 'list' && expected.kind === 'list' && given.length !== expected.length) {
      return mismatch(`expected a list of ${expected.length ?? 'any'} elements, found ${given.length ?? 'any'}`);
    }
    return this.parts(kind, parts(given), parts(expected));
  }

  private parts(kind: ValueType['kind'], given: readonly Part[], expected: readonly Part[]): Mismatch | undefined {
    this.context.spend(expected.length);
    const labels = kind === 'flags' || kind === 'enum';
    if (given.length !== expected.length) {
      const what = kind === 'record' ? 'fields' : kind === 'tuple' ? 'types' : 'cases';
      return mismatch(
        labels ? `mismatch in ${kind} elements` : `expected ${expected.length} ${what}, found ${given.length}`,
      );
    }
    for (const [index, { name, type }] of expected.entries()) {
      const own = given[index];
      if (own?.name !== name) {
        if (labels) return mismatch(`mismatch in ${kind} elements`);
        return mismatch(
          `expected ${kind === 'record' ? 'field name' : 'case named'} \`${name}\`, found \`${own?.name}\``,
        );
      }
      if (type === undefined || own.type === undefined) {
        if (type === own.type) continue;
        const none = type === undefined;
        if (kind !== 'variant')
          return mismatch(`expected ${name} type${none ? ' to not be present' : ', but found none'}`);
        return mismatch(`expected case \`${name}\` to have ${none ? 'no type' : 'a type, found none'}`);
      }
      const wrong = this.value(own.type, type);
      if (wrong !== undefined) return within(name, `type mismatch in ${place(kind, name)}`, wrong);
    }
    return undefined;
  }
}

/** Where a part of a type is, for messages. */
function place(kind: ValueType['kind'], name: string): string {
  if (kind === 'record') return `record field \`${name}\``;
  if (kind === 'variant') return `variant case \`${name}\``;
  return kind === 'result' ? `${name} variant` : `${kind} ${kind === 'tuple' ? 'field ' : ''}${name}`;
}

/** Whether a component of type `given` may stand where `expected` is asked for. Both bind their resource types. */
function matchComponent(context: Context, given: ComponentType, expected: ComponentType): Mismatch | undefined {
  if (given === expected) return undefined;
  // What is expected supplies the imports of what is given.
  const imports = new Matcher(context, given.imported);
  const supplied = new Map(expected.imports.map(({ name, type }) => [name, type]));
  for (const { name, type } of given.imports) {
    const supply = supplied.get(name);
    if (supply === undefined) return mismatch(`missing expected import \`${name}\``);
    const wrong = imports.extern(supply, type);
    if (wrong !== undefined) return within(name, `type mismatch in component import \`${name}\``, wrong);
  }
  const own: InstanceType = { kind: 'instance', exports: given.exports, defined: [] };
  const exports = imports.bound.extern(own);
  return new Matcher(context, expected.defined).exports(exports, expected.exports, 'component export');
}

/** The same for two instance types that bind their resource types. */
function matchInstanceType(context: Context, given: InstanceType, expected: InstanceType): Mismatch | undefined {
  return new Matcher(context, expected.defined).exports(given, expected.exports, 'instance export');
}

/** The exports of an instance by name. */
export function externMap(context: Context, instance: InstanceType): ReadonlyMap<string, ExternType> {
  let found = context.exports.get(instance);
  if (found === undefined) {
    found = new Map(instance.exports.map(({ name, type }) => [name, type]));
    context.exports.set(instance, found);
  }
  return found;
}

/** The sort of an import or export, for messages. */
export function sortName(type: ExternType): string {
  return type.kind === 'core module' ? 'module' : type.kind;
}

function definitionName(type: TypeDefinition): string {
  return type.kind === 'value type' ? 'defined type' : type.kind;
}

function isPrimitive(type: ValueType): boolean {
  return Object.keys(type).length === 1;
}
