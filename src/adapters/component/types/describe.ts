/** Converts the types of the validator to the plain types of `types.ts`, which are the API of a component. */
import type { ExternType, FunctionType, NamedExtern, TypeDefinition, ValueType } from '../types.ts';
import type { DefinitionNode, ExternNode, FunctionNode, NamedNode } from './nodes.ts';
import { ValueTypeNode } from './nodes.ts';

/** Describes a value type. It returns the same object for the same type. */
function describeValue(type: ValueTypeNode): ValueType {
  type.description ??= describe(type);
  return type.description;
}

function describe({ kind, inside, labels, length, resource }: ValueTypeNode): ValueType {
  // Cases of variants and results, and streams and futures, may have no type.
  const types = inside.map((one) => one && describeValue(one)) as ValueType[];
  const [first, second] = types as [ValueType, ValueType];
  switch (kind) {
    case 'record':
      return { kind, fields: labels.map((name, index) => ({ name, type: types[index]! })) };
    case 'variant':
      return {
        kind,
        cases: labels.map((name, index) => {
          const type = inside[index] && types[index];
          return type === undefined ? { name } : { name, type };
        }),
      };
    case 'list':
      return { kind, element: first, ...(length !== undefined && { length }) };
    case 'tuple':
      return { kind, elements: types };
    case 'flags':
    case 'enum':
      return { kind, labels };
    case 'option':
      return { kind, value: first };
    case 'result':
      return { kind, ...(inside[0] && { ok: first }), ...(inside[1] && { error: second }) };
    case 'map':
      return { kind, key: first, value: second };
    case 'own':
    case 'borrow':
      return { kind, resource: resource! };
    case 'stream':
    case 'future':
      return inside[0] === undefined ? { kind } : { kind, element: first };
    default:
      return { kind };
  }
}

/** Describes a function type. It returns the same object for the same type. */
export function describeFunction(type: FunctionNode): FunctionType {
  if (type.description === undefined) {
    const { kind, async, params, result } = type;
    const plain: FunctionType = {
      kind,
      async,
      params: params.map((one) => ({ name: one.name, type: describeValue(one.type) })),
    };
    type.description = result === undefined ? plain : { ...plain, result: describeValue(result) };
  }
  return type.description;
}

function describeType(type: DefinitionNode): TypeDefinition {
  if (type instanceof ValueTypeNode) return { kind: 'value type', type: describeValue(type) };
  return type.kind === 'resource' ? type : describeClosed(type);
}

/** Describes a type that can also be the type of an import or export. */
function describeClosed(type: DefinitionNode & ExternNode): TypeDefinition & ExternType {
  switch (type.kind) {
    case 'func':
      return describeFunction(type);
    case 'instance':
      return { kind: 'instance', exports: describeExterns(type.exports), defined: type.defined };
    case 'component': {
      const { kind, imported, defined } = type;
      return {
        kind,
        imports: describeExterns(type.imports),
        exports: describeExterns(type.exports),
        imported,
        defined,
      };
    }
  }
}

/** Describes imports or exports. */
export function describeExterns(list: readonly NamedNode[]): NamedExtern[] {
  return list.map(({ name, type, implements: of, externalId }) => ({
    name,
    type: describeExtern(type),
    ...(of !== undefined && { implements: of }),
    ...(externalId !== undefined && { externalId }),
  }));
}

function describeExtern(type: ExternNode): ExternType {
  if (type.kind === 'core module') return { kind: 'core module', type: type.type };
  return type.kind === 'type'
    ? { kind: 'type', bound: type.bound, type: describeType(type.type) }
    : describeClosed(type);
}
