/**
 * Checks whether a given type matches an expected type. All types except resource types are compared by structure.
 *
 * Source: *Explainer.md*, "Type Checking".
 */

import {
  type ComponentNode,
  type DefinitionNode,
  type ExternNode,
  type FunctionNode,
  InstanceNode,
  isPrimitive,
  type NamedNode,
  type TypeEntry,
  ValueTypeNode,
} from '../types/nodes.ts';
import type { ResourceType } from '../types.ts';
import type { Context } from './context.ts';
import { matchModule } from './core-modules.ts';
import { type Mismatch, mismatch, within } from './mismatch.ts';
import { Substitution } from './substitution.ts';

const noResources: ReadonlySet<ResourceType> = new Set();

/** One comparison of given types with expected types. It binds the abstract resource types of the expected side. */
export class Matcher {
  /** The substitution of types of the expected side by types of the given side. */
  readonly bound: Substitution;
  readonly #context: Context;
  readonly #abstract: ReadonlySet<ResourceType>;
  /** For each type, the types that were found equal to it before. */
  readonly #equal = new Map<ValueTypeNode, Set<ValueTypeNode>>();

  constructor(context: Context, abstract: readonly ResourceType[]) {
    this.#context = context;
    this.bound = new Substitution(context);
    this.#abstract = abstract.length === 0 ? noResources : new Set(abstract);
  }

  extern(given: ExternNode, expected: ExternNode): Mismatch | undefined {
    this.#context.spend(1);
    switch (expected.kind) {
      case 'func':
        if (given.kind === 'func') return this.func(given, expected);
        break;
      case 'type':
        if (given.kind === 'type') return this.#entry(given, expected);
        break;
      case 'instance':
        if (given.kind === 'instance') return this.exports(given, expected.exports, 'instance export');
        break;
      case 'component':
        if (given.kind === 'component') return matchComponent(this.#context, given, this.bound.extern(expected));
        break;
      default:
        if (given.kind === 'core module') return matchModule(this.#context, given.type, expected.type);
    }
    return mismatch(`expected ${sortName(expected)}, found ${sortName(given)}`);
  }

  exports(given: InstanceNode, expected: readonly NamedNode[], what: string): Mismatch | undefined {
    return this.all((name) => given.export(name), expected, 'missing expected export', `type mismatch in ${what}`);
  }

  /**
   * Compares each expected item with the given item of the same name. `missing` and `different` are parts of the error
   * text.
   */
  all(
    given: (name: string) => ExternNode | undefined,
    expected: readonly NamedNode[],
    missing: string,
    different: string,
  ): Mismatch | undefined {
    for (const { name, type } of expected) {
      const found = given(name);
      if (found === undefined) return { message: `${missing} \`${name}\``, path: [name] };
      const wrong = this.extern(found, type);
      if (wrong !== undefined) return within(name, `${different} \`${name}\``, wrong);
    }
    return undefined;
  }

  #entry(given: TypeEntry, expected: TypeEntry): Mismatch | undefined {
    const { bound } = this;
    const wrong = this.#definition(given.type, expected.type);
    if (wrong !== undefined) return wrong;
    bound.entries.set(expected, given);
    if (expected.type instanceof ValueTypeNode && expected.type.nominal && given.type instanceof ValueTypeNode) {
      bound.values.set(expected.type, given.type);
    }
    return undefined;
  }

  #definition(given: DefinitionNode, expected: DefinitionNode): Mismatch | undefined {
    const { bound } = this;
    if (expected instanceof ValueTypeNode) {
      if (given instanceof ValueTypeNode) return this.value(given, expected);
      return otherDefinition(given, expected);
    }
    switch (expected.kind) {
      case 'resource':
        if (given.kind !== 'resource') break;
        if (this.#abstract.has(expected) && bound.resources.get(expected) === undefined)
          bound.resources.set(expected, given);
        return bound.resource(expected) === given ? undefined : mismatch('resource types are not the same');
      case 'func':
        if (given.kind === 'func') return this.func(given, expected);
        break;
      case 'component': {
        if (given.kind !== 'component') break;
        const other = bound.extern(expected);
        return matchComponent(this.#context, given, other) ?? matchComponent(this.#context, other, given);
      }
      default: {
        if (given.kind !== 'instance') break;
        const other = bound.extern(expected);
        return matchInstanceType(this.#context, given, other) ?? matchInstanceType(this.#context, other, given);
      }
    }
    return otherDefinition(given, expected);
  }

  func(given: FunctionNode, expected: FunctionNode): Mismatch | undefined {
    this.#context.spend(1 + given.params.length);
    if (given.async !== expected.async) {
      return mismatch(
        `expected ${expected.async ? 'an async' : 'a sync'} function, found ${given.async ? 'async' : 'sync'}`,
      );
    }
    if (given.params.length !== expected.params.length) {
      return mismatch(`expected ${expected.params.length} parameters, found ${given.params.length}`);
    }
    for (let index = 0; index < expected.params.length; index++) {
      const param = expected.params[index]!;
      const own = given.params[index]!;
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

  value(given: ValueTypeNode, expected: ValueTypeNode): Mismatch | undefined {
    // The same object is the same type, unless it contains resource types, which this comparison may replace.
    if (given === expected && !expected.handle) return undefined;
    if (this.bound.values.get(expected) === given) return undefined;
    // Small types are compared again. A large type may contain the same type many times.
    if (expected.nodes <= smallType) return this.#structure(given, expected);
    const known = this.#equal.get(expected);
    if (known?.has(given)) return undefined;
    const wrong = this.#structure(given, expected);
    if (wrong !== undefined) return wrong;
    if (known === undefined) this.#equal.set(expected, new Set([given]));
    else known.add(given);
    return undefined;
  }

  #structure(given: ValueTypeNode, expected: ValueTypeNode): Mismatch | undefined {
    const { kind, inside, labels } = expected;
    const count = Math.max(inside.length, labels.length);
    this.#context.spend(1 + count);
    if (given.kind !== kind) {
      if (!isPrimitive(expected)) return mismatch(`expected ${kind}, found ${given.kind}`);
      if (isPrimitive(given)) return mismatch(`expected primitive \`${kind}\` found primitive \`${given.kind}\``);
      return mismatch(`expected primitive, found ${given.kind}: expected ${kind}, found ${given.kind}`);
    }
    if (expected.resource !== undefined && this.bound.resource(expected.resource) !== given.resource) {
      return mismatch('resource types are not the same');
    }
    if (given.length !== expected.length) {
      return mismatch(`expected a list of ${expected.length ?? 'any'} elements, found ${given.length ?? 'any'}`);
    }
    const isNames = kind === 'flags' || kind === 'enum';
    const found = Math.max(given.inside.length, given.labels.length);
    if (found !== count) {
      const what = kind === 'record' ? 'fields' : kind === 'tuple' ? 'types' : 'cases';
      return mismatch(isNames ? `mismatch in ${kind} elements` : `expected ${count} ${what}, found ${found}`);
    }
    for (let index = 0; index < count; index++) {
      const label = labels[index];
      const own = given.labels[index];
      if (own !== label) {
        if (isNames) return mismatch(`mismatch in ${kind} elements`);
        const what = kind === 'record' ? 'field name' : 'case named';
        return mismatch(`expected ${what} \`${label}\`, found \`${own}\``);
      }
      const wrong = this.#part(given.inside[index], inside[index], expected, index);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  }

  #part(
    given: ValueTypeNode | undefined,
    expected: ValueTypeNode | undefined,
    { kind, labels }: ValueTypeNode,
    index: number,
  ): Mismatch | undefined {
    if (given === undefined && expected === undefined) return undefined;
    const wrong = given && expected && this.value(given, expected);
    if (wrong === undefined && given !== undefined && expected !== undefined) return undefined;
    const name = labels[index] ?? partNames[kind]?.[index] ?? `${index}`;
    if (wrong !== undefined) return within(name, `type mismatch in ${place(kind, name)}`, wrong);
    const isNone = expected === undefined;
    if (kind !== 'variant')
      return mismatch(`expected ${name} type${isNone ? ' to not be present' : ', but found none'}`);
    return mismatch(`expected case \`${name}\` to have ${isNone ? 'no type' : 'a type, found none'}`);
  }
}

/** The maximum number of nodes of a small type. */
const smallType = 32;

/** The names of the parts of a type that have no labels. The parts of a tuple have numbers. */
const partNames: { readonly [kind: string]: readonly string[] } = {
  option: ['some'],
  result: ['ok', 'err'],
  map: ['key', 'value'],
  list: ['element'],
  stream: ['element'],
  future: ['element'],
};

/** Describes the position of a part in a type, for error texts. */
function place(kind: ValueTypeNode['kind'], name: string): string {
  if (kind === 'record') return `record field \`${name}\``;
  if (kind === 'variant') return `variant case \`${name}\``;
  return kind === 'result' ? `${name} variant` : `${kind} ${kind === 'tuple' ? 'field ' : ''}${name}`;
}

/**
 * Returns the reason why the component type `given` does not match `expected`. Both types bind their own resource
 * types.
 */
function matchComponent(context: Context, given: ComponentNode, expected: ComponentNode): Mismatch | undefined {
  if (given === expected) return undefined;
  // The imports of the expected side supply those of the given side.
  const imports = new Matcher(context, given.imported);
  const supplied = new Map(expected.imports.map(({ name, type }) => [name, type]));
  const wrong = imports.all(
    (name) => supplied.get(name),
    given.imports,
    'missing expected import',
    'type mismatch in component import',
  );
  if (wrong !== undefined) return wrong;
  const exports = imports.bound.extern(new InstanceNode(given.exports, []));
  return new Matcher(context, expected.defined).exports(exports, expected.exports, 'component export');
}

/**
 * Returns the reason why the instance type `given` does not match `expected`. Both types bind their own resource types.
 */
function matchInstanceType(context: Context, given: InstanceNode, expected: InstanceNode): Mismatch | undefined {
  return new Matcher(context, expected.defined).exports(given, expected.exports, 'instance export');
}

function otherDefinition(given: DefinitionNode, expected: DefinitionNode): Mismatch {
  return mismatch(`expected ${definitionName(expected)}, found ${definitionName(given)}`);
}

/** Returns the sort of an import or export, for error texts. */
export function sortName(type: ExternNode): string {
  return type.kind === 'core module' ? 'module' : type.kind;
}

function definitionName(type: DefinitionNode): string {
  return type instanceof ValueTypeNode ? 'defined type' : type.kind;
}
