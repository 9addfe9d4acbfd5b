/**
 * Compares a function that one component exports with the import of another component that the host links to it.
 * Resource types are compared by identity at run time, and all other types by structure.
 */
import type { RuntimeResource } from '../abi/component-instance.ts';
import type { FunctionNode, ValueTypeNode } from '../types/nodes.ts';
import type { ResourceType } from '../types.ts';

/** Returns the run-time type of a static resource type. */
export type Resolve = (resource: ResourceType) => RuntimeResource | undefined;

/** A type, and the run-time types of its static resource types. */
interface Resolved {
  readonly type: FunctionNode;
  readonly resolve: Resolve;
}

export function isSameFunction(
  { type: a, resolve: resolveA }: Resolved,
  { type: b, resolve: resolveB }: Resolved,
): boolean {
  return (
    a.async === b.async &&
    areSame(a.params, b.params, (one, other) => one.name === other.name && isSame(one.type, other.type)) &&
    isSame(a.result, b.result)
  );

  function isSame(one: ValueTypeNode | undefined, other: ValueTypeNode | undefined): boolean {
    if (one === undefined || other === undefined) return one === other;
    if (one.kind !== other.kind || one.length !== other.length) return false;
    if (one.resource !== undefined && other.resource !== undefined) {
      const resource = resolveA(one.resource);
      return resource !== undefined && resource === resolveB(other.resource);
    }
    return (
      areSame(one.labels, other.labels, (label, same) => label === same) && areSame(one.inside, other.inside, isSame)
    );
  }
}

function areSame<Element>(
  list: readonly Element[],
  other: readonly Element[],
  isSame: (one: Element, other: Element) => boolean,
): boolean {
  return list.length === other.length && list.every((each, index) => isSame(each, other[index] as Element));
}
