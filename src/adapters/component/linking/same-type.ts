/**
 * Whether a function that one component exports fits the import of another one that the host links to it. Resource types
 * are compared as what they are at run time; everything else by structure.
 */
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
  const both = (x: ValueType | undefined, y: ValueType | undefined): boolean => isSame(x, y, resolveA, resolveB);
  switch (a.kind) {
    case 'record':
      return b.kind === 'record' && areSame(a.fields, b.fields, both);
    case 'variant':
      return b.kind === 'variant' && areSame(a.cases, b.cases, both);
    case 'tuple':
      return (
        b.kind === 'tuple' &&
        a.elements.length === b.elements.length &&
        a.elements.every((element, index) => both(element, b.elements[index]))
      );
    case 'flags':
    case 'enum':
      return b.kind === a.kind && a.labels.join() === b.labels.join();
    case 'list':
      return b.kind === 'list' && a.length === b.length && both(a.element, b.element);
    case 'option':
      return b.kind === 'option' && both(a.value, b.value);
    case 'result':
      return b.kind === 'result' && both(a.ok, b.ok) && both(a.error, b.error);
    case 'map':
      return b.kind === 'map' && both(a.key, b.key) && both(a.value, b.value);
    case 'own':
    case 'borrow': {
      const resource = resolveA(a.resource);
      return b.kind === a.kind && resource !== undefined && resource === resolveB(b.resource);
    }
    case 'stream':
    case 'future':
      return b.kind === a.kind && both(a.element, b.element);
    default:
      return a.kind === b.kind;
  }
}

type Labelled = { readonly name: string; readonly type?: ValueType };

function areSame(
  a: readonly Labelled[],
  b: readonly Labelled[],
  both: (x: ValueType | undefined, y: ValueType | undefined) => boolean,
): boolean {
  return (
    a.length === b.length && a.every((each, index) => each.name === b[index]!.name && both(each.type, b[index]!.type))
  );
}
