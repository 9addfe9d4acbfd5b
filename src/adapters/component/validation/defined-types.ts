/** *Binary.md*, "Type Definitions": the type that a `deftype` defines, and the rules for it. */
import type { CompoundType, DefType, ValType } from '../binary/definitions.ts';
import { UnsupportedError } from '../errors.ts';
import { maxElementSize, maxFlags, maxTypeDepth, maxTypeNodes } from '../limits.ts';
import {
  type DefinitionNode,
  FunctionNode,
  type ParamNode,
  primitive,
  type TypeEntry,
  ValueTypeNode,
} from '../types/nodes.ts';
import type { ResourceType } from '../types.ts';
import type { Context } from './context.ts';
import { parseName } from './names.ts';
import type { Scope } from './scope.ts';

/** Returns the value type that a `valtype` denotes. */
export function valueType(scope: Scope, type: ValType): ValueTypeNode {
  if (typeof type === 'string') return primitive(type);
  const { context } = scope;
  const found = context.at(scope.types, type, 'type').type;
  return found instanceof ValueTypeNode ? found : context.fail(`type index ${type} is not a defined type`);
}

/** Returns the resource type at a type index, and the entry of that index as its name. */
export function handleType(scope: Scope, index: number): { resource: ResourceType; through: TypeEntry } {
  const entry = scope.context.at(scope.types, index, 'type');
  if (entry.type.kind === 'resource') return { resource: entry.type, through: entry };
  return scope.context.fail(`type index ${index} is not a resource type`);
}

/** The primitives that can be keys of a map: `keytype`. */
const keyTypes: ReadonlySet<string> = new Set('bool s8 u8 s16 u16 s32 u32 s64 u64 char string'.split(' '));

type Simple = Exclude<DefType, { kind: 'component type' | 'instance type' }>;

/**
 * Returns the type that a `deftype` defines. It does not handle component and instance types, because they have their
 * own scopes.
 */
export function definedType(scope: Scope, type: Simple): DefinitionNode {
  switch (type.kind) {
    case 'func':
      return functionType(scope, type);
    case 'resource':
      return resourceType(scope, type);
    case 'primitive':
      return primitive(type.type);
    case 'own':
    case 'borrow': {
      const { resource, through } = handleType(scope, type.resource);
      return new ValueTypeNode(type.kind, undefined, undefined, undefined, resource, through);
    }
    default:
      return compoundType(scope, type);
  }
}

/** The error text for an empty type, and the long and the short term for a label. */
const words: { readonly [kind: string]: readonly [empty: string, label: string, short: string] } = {
  record: ['record type must have at least one field', 'record field', 'field'],
  variant: ['variant type must have at least one case', 'variant case', 'case'],
  flags: ['flags must have at least one entry', 'flag', 'flag'],
  enum: ['enum type must have at least one variant', 'enum tag', 'tag'],
  tuple: ['tuple type must have at least one type', '', ''],
};

function compoundType(scope: Scope, { kind, inside: written, labels, length }: CompoundType): ValueTypeNode {
  const { context } = scope;
  context.spend(1);
  const count = written.length;
  if (count === 0 || labels.length > 0) {
    const [empty, label, short] = words[kind]!;
    if (count + labels.length === 0) context.fail(empty);
    if (kind === 'flags' && labels.length > maxFlags) context.fail(`cannot have more than ${maxFlags} flags`);
    uniqueLabels(scope, labels, label, short);
  }
  const inside = new Array<ValueTypeNode | undefined>(count);
  for (let index = 0; index < count; index++) {
    const one = written[index];
    inside[index] = one === undefined ? undefined : valueType(scope, one);
  }
  const type = new ValueTypeNode(kind, inside, labels, length);
  if (length === 0) context.fail('a fixed-length list cannot be empty');
  const [first] = inside;
  if (kind === 'map' && !keyTypes.has(type.element.kind)) {
    context.fail(`a \`${type.element.kind}\` cannot be a map key`);
  }
  if (kind === 'stream' || kind === 'future') {
    if (first?.borrow) context.fail(`a \`${kind}\` cannot contain a \`borrow\` type`);
    if (kind === 'stream' && first?.kind === 'char') {
      context.fail('`stream<char>` is not valid');
    }
  }
  const { depth, nodes } = type;
  if (depth > maxTypeDepth) context.fail(`type nesting is too deep: more than ${maxTypeDepth} levels`);
  if (nodes > maxTypeNodes) context.fail(`effective type size exceeds the limit of ${maxTypeNodes}`);
  if (type.most >= maxElementSize && type.wide.size >= maxElementSize) {
    const { size } = type.wide;
    context.fail(`the size of a ${kind} exceeds maximum byte size: ${size} of less than ${maxElementSize}`);
  }
  return type;
}

function functionType(scope: Scope, { async, params, result: written }: Simple & { kind: 'func' }): FunctionNode {
  const { context } = scope;
  uniqueLabels(scope, params.map(nameOf), 'function parameter', 'parameter');
  const types = params.map(({ name, type }): ParamNode => ({ name, type: valueType(scope, type) }));
  const result = written === undefined ? undefined : valueType(scope, written);
  context.spend(1 + params.length);
  context.hasAsync ||= async;
  if (result?.borrow) context.fail('function result cannot contain a `borrow` type', ['result']);
  return new FunctionNode(async, types, result);
}

function resourceType(scope: Scope, type: Simple & { kind: 'resource' }): ResourceType {
  const { context } = scope;
  if (scope.kind !== 'component') context.fail('resources can only be defined within a concrete component');
  if (type.rep === 'i64') throw new UnsupportedError('memory64', 'a resource');
  if (type.rep !== 'i32') context.fail('resources can only be represented by `i32`');
  if (type.dtor !== undefined) {
    const { params, results } = context.at(scope.core.func, type.dtor, 'function');
    if (params.length !== 1 || params[0] !== 'i32' || results.length > 0) {
      context.fail('wrong signature for a destructor: expected (func (param i32))');
    }
  }
  const resource: ResourceType = { kind: 'resource', name: undefined };
  scope.local.add(resource);
  return resource;
}

function nameOf({ name }: { readonly name: string }): string {
  return name;
}

/** Checks that each name is a label, and that the labels are strongly unique. */
function uniqueLabels({ context }: Scope, list: readonly string[], what: string, short: string): void {
  // Most lists have one label or none.
  const seen = list.length > 1 ? new Map<string, string>() : undefined;
  context.spend(list.length);
  for (const name of list) {
    const canonical = canonicalLabel(context, name, what);
    const previous = seen?.get(canonical);
    if (previous !== undefined) {
      context.fail(`${what} name \`${name}\` conflicts with previous ${short} name \`${previous}\``, [name]);
    }
    seen?.set(canonical, name);
  }
}

function canonicalLabel(context: Context, name: string, what: string): string {
  const parsed = parseName(name);
  if (typeof parsed !== 'string' && parsed.kind === 'label') {
    context.mayCollide ||= parsed.mayCollide;
    return parsed.canonical;
  }
  return context.fail(name === '' ? `${what} name cannot be empty` : `${what} name \`${name}\` is not in kebab case`, [
    name,
  ]);
}
