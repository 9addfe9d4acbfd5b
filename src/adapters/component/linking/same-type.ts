/**
 * Whether a function that one component exports fits the import of another one that the host links to it. Resource types
 * are compared as what they are at run time; everything else by structure.
 */
import { typesInside } from '../abi/layout.ts';
import type { RuntimeResource } from '../abi/runtime-state.ts';
import type { FunctionType, ResourceType, ValueType } from '../types.ts';

/** What a static resource type is at run time. */
export type Resolve = (resource: ResourceType) => RuntimeResource | undefined;

/** A type, and what its static resource types are. */
export interface Resolved<Type> {
  readonly type: Type;
  readonly resolve: Resolve;
}

export function isSameFunction(given: Resolved<FunctionType>, expected: Resolved<FunctionType>): boolean {
  const [{ type: a }, { type: b }] = [given, expected];
  return (
    a.async === b.async &&
    a.params.length === b.params.length &&
    a.params.every((param, index) => param.name === b.params[index]!.name) &&
    a.params.every((param, index) => isSame(param.type, b.params[index]!.type, given.resolve, expected.resolve)) &&
    isSame(a.result, b.result, given.resolve, expected.resolve)
  );
}

function isSame(a: ValueType | undefined, b: ValueType | undefined, resolveA: Resolve, resolveB: Resolve): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (a.kind !== b.kind || shapeOf(a) !== shapeOf(b)) return false;
  if ('resource' in a && 'resource' in b) {
    const resource = resolveA(a.resource);
    return resource !== undefined && resource === resolveB(b.resource);
  }
  const [inA, inB] = [typesInside(a), typesInside(b)];
  return inA.length === inB.length && inA.every((each, index) => isSame(each, inB[index], resolveA, resolveB));
}

/** What makes up a type of its kind, apart from the types inside. */
function shapeOf(type: ValueType): string {
  switch (type.kind) {
    case 'record':
      return type.fields.map((field) => field.name).join();
    case 'variant':
      return type.cases.map((each) => `${each.name} ${each.type !== undefined}`).join();
    case 'flags':
    case 'enum':
      return type.labels.join();
    case 'list':
      return `${type.length}`;
    case 'result':
      return `${type.ok !== undefined}`;
    default:
      return '';
  }
}
