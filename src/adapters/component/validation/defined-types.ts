/** *Binary.md*, "Type Definitions": what a `deftype` stands for, and what makes it invalid. */
import type { DefType, LabelValType, ValType } from '../binary/definitions.ts';
import { UnsupportedError } from '../errors.ts';
import { maxElementSize, maxFlags, maxTypeDepth, maxTypeNodes } from '../limits.ts';
import {
  type Case,
  type Field,
  type FunctionType,
  type PrimitiveKind,
  type ResourceType,
  resultOf,
  type TypeDefinition,
  type ValueType,
} from '../types.ts';
import { facts } from './layout.ts';
import { canonicalName, isLabel } from './names.ts';
import type { Scope } from './scope.ts';

const primitives = new Map<PrimitiveKind, ValueType>();

/** One object for each primitive type. */
function primitive(kind: PrimitiveKind): ValueType {
  let found = primitives.get(kind);
  if (found === undefined) {
    found = { kind };
    primitives.set(kind, found);
  }
  return found;
}

/** The value type that a `valtype` stands for. */
export function valueType(scope: Scope, type: ValType): ValueType {
  if (typeof type === 'string') return primitive(type);
  const { context } = scope;
  const found = context.at(scope.types, type, 'type').type;
  return found.kind === 'value type' ? found.type : context.fail(`type index ${type} is not a defined type`);
}

function optionalType(scope: Scope, type: ValType | undefined): ValueType | undefined {
  return type === undefined ? undefined : valueType(scope, type);
}

/** The resource type at a type index, and the index as the name of it. */
export function handleType(scope: Scope, index: number): { resource: ResourceType; through: object } {
  const entry = scope.context.at(scope.types, index, 'type');
  if (entry.type.kind === 'resource') return { resource: entry.type, through: entry };
  return scope.context.fail(`type index ${index} is not a resource type`);
}

/** The primitives that can be keys of a map: `keytype`. */
const keyTypes: ReadonlySet<string> = new Set('bool s8 u8 s16 u16 s32 u32 s64 u64 char string'.split(' '));

type Simple = Exclude<DefType, { kind: 'component type' | 'instance type' }>;

/** The type that a `deftype` defines; component and instance types have scopes of their own. */
export function definedType(scope: Scope, type: Simple): TypeDefinition {
  if (type.kind === 'func') return functionType(scope, type);
  if (type.kind === 'resource') return resourceType(scope, type);
  const value = definedValueType(scope, type);
  const { context } = scope;
  const { size, depth, nodes } = facts(context, value);
  context.spend(1);
  if (depth > maxTypeDepth) context.fail(`type nesting is too deep: more than ${maxTypeDepth} levels`);
  if (nodes > maxTypeNodes) context.fail(`effective type size exceeds the limit of ${maxTypeNodes}`);
  if (size >= maxElementSize) {
    context.fail(`the size of a ${value.kind} exceeds maximum byte size: ${size} of less than ${maxElementSize}`);
  }
  return { kind: 'value type', type: value };
}

function definedValueType(scope: Scope, type: Exclude<Simple, { kind: 'func' | 'resource' }>): ValueType {
  const { context } = scope;
  switch (type.kind) {
    case 'primitive':
      return primitive(type.type);
    case 'record':
      if (type.fields.length === 0) context.fail('record type must have at least one field');
      return { kind: 'record', fields: fields(scope, type.fields, 'record field', 'field') };
    case 'variant': {
      if (type.cases.length === 0) context.fail('variant type must have at least one case');
      uniqueLabels(scope, type.cases, 'variant case', 'case');
      const cases = type.cases.map((one): Case => {
        const payload = optionalType(scope, one.type);
        return payload === undefined ? { name: one.name } : { name: one.name, type: payload };
      });
      return { kind: 'variant', cases };
    }
    case 'list': {
      const element = valueType(scope, type.element);
      if (type.length === undefined) return { kind: 'list', element };
      if (type.length === 0) context.fail('the length of a fixed-length list must be larger than 0');
      return { kind: 'list', element, length: type.length };
    }
    case 'tuple':
      if (type.elements.length === 0) context.fail('tuple type must have at least one type');
      return { kind: 'tuple', elements: type.elements.map((one) => valueType(scope, one)) };
    case 'flags':
      if (type.labels.length === 0) context.fail('flags must have at least one entry');
      if (type.labels.length > maxFlags) context.fail(`cannot have more than ${maxFlags} flags`);
      return { kind: 'flags', labels: labels(scope, type.labels, 'flag', 'flag') };
    case 'enum':
      if (type.labels.length === 0) context.fail('enum type must have at least one variant');
      return { kind: 'enum', labels: labels(scope, type.labels, 'enum tag', 'tag') };
    case 'option':
      return { kind: 'option', value: valueType(scope, type.value) };
    case 'result':
      return resultOf(optionalType(scope, type.ok), optionalType(scope, type.error));
    case 'map': {
      const key = valueType(scope, type.key);
      if (!keyTypes.has(key.kind)) context.fail(`a map key must be a bool, integer, char or string, found ${key.kind}`);
      return { kind: 'map', key, value: valueType(scope, type.value) };
    }
    case 'own':
    case 'borrow': {
      const { resource, through } = handleType(scope, type.resource);
      return { kind: type.kind, resource, through };
    }
    default: {
      const element = optionalType(scope, type.element);
      if (element === undefined) return { kind: type.kind };
      if (facts(context, element).borrow) context.fail(`a \`${type.kind}\` cannot contain a \`borrow\` type`);
      if (type.kind === 'stream' && element.kind === 'char') {
        context.fail('`stream<char>` is not valid at this time: a stream of `char` is not defined yet');
      }
      return { kind: type.kind, element };
    }
  }
}

function functionType(scope: Scope, type: Simple & { kind: 'func' }): FunctionType {
  const { context } = scope;
  const params = fields(scope, type.params, 'function parameter', 'parameter');
  const result = optionalType(scope, type.result);
  context.spend(1 + params.length);
  if (result === undefined) return { kind: 'func', async: type.async, params };
  if (facts(context, result).borrow) context.fail('function result cannot contain a `borrow` type', ['result']);
  return { kind: 'func', async: type.async, params, result };
}

function resourceType(scope: Scope, type: Simple & { kind: 'resource' }): ResourceType {
  const { context } = scope;
  if (scope.kind !== 'component') context.fail('resources can only be defined within a concrete component');
  if (type.rep === 'i64')
    throw new UnsupportedError('memory64', 'resources represented by i64 (memory64) are not supported');
  if (type.rep !== 'i32') context.fail('resources can only be represented by `i32`');
  if (type.dtor !== undefined) {
    const { params, results } = context.at(scope.core.func, type.dtor, 'function');
    if (params.length !== 1 || params[0] !== 'i32' || results.length > 0) {
      context.fail('wrong signature for a destructor: expected (func (param i32))');
    }
  }
  const resource: ResourceType = { kind: 'resource' };
  scope.local.add(resource);
  return resource;
}

function fields(scope: Scope, list: readonly LabelValType[], what: string, short: string): Field[] {
  uniqueLabels(scope, list, what, short);
  return list.map(({ name, type }) => ({ name, type: valueType(scope, type) }));
}

function labels(scope: Scope, list: readonly string[], what: string, short: string): readonly string[] {
  const named = list.map((name) => ({ name }));
  uniqueLabels(scope, named, what, short);
  return list;
}

/** Labels must be labels and strongly unique. */
function uniqueLabels(
  { context }: Scope,
  list: readonly { readonly name: string }[],
  what: string,
  short: string,
): void {
  // Most lists have one label, and most of the others are short.
  const seen = list.length > 1 ? new Map<string, string>() : undefined;
  context.spend(list.length);
  for (const { name } of list) {
    if (!isLabel(name)) {
      context.fail(name === '' ? `${what} name cannot be empty` : `${what} name \`${name}\` is not in kebab case`, [
        name,
      ]);
    }
    if (seen === undefined) continue;
    const canonical = canonicalName(name);
    const previous = seen.get(canonical);
    if (previous !== undefined) {
      context.fail(`${what} name \`${name}\` conflicts with previous ${short} name \`${previous}\``, [name]);
    }
    seen.set(canonical, name);
  }
}
