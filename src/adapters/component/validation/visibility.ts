/** *Explainer.md*, "External Visibility of Types". */

import type { DefinitionNode, ExternNode, FunctionNode } from '../types/nodes.ts';
import { ValueTypeNode } from '../types/nodes.ts';
import type { Marked } from '../types/type-marks.ts';
import type { Scope } from './scope.ts';

/**
 * The visibility of a type: to exports only, or also to imports. Exports can refer to imports, but imports cannot refer
 * to exports.
 */
export const forExports = 1;
export const forImports = 2;
type Visibility = typeof forExports | typeof forImports;

function visibilityOf(scope: Scope, type: Marked<unknown>): number {
  return type.visibleIn === scope.place ? type.visibility : (scope.visible.get(type) ?? 0);
}

/** Records that a type has an externally visible name in the scope, or that all types inside it have such names. */
function markVisible(scope: Scope, type: Marked<unknown>, visibility: Visibility): void {
  const most = Math.max(visibility, visibilityOf(scope, type));
  if (type.visibleIn === 0 || type.visibleIn === scope.place) {
    type.visibleIn = scope.place;
    type.visibility = most;
  } else scope.visible.set(type, most);
}

/**
 * Returns whether every type that is used in an import or export has an externally visible name. The type exports of an
 * instance name the types that the instance itself uses. Records the names that it finds.
 */
export function isVisible(scope: Scope, type: ExternNode, to: Visibility): boolean {
  switch (type.kind) {
    case 'func':
      scope.context.spend(type.params.length);
      return funcIsVisible(scope, type, to);
    case 'type':
      if (!definitionIsVisible(scope, type.type, to)) return false;
      markVisible(scope, type, to);
      if (type.type instanceof ValueTypeNode && type.type.nominal) markVisible(scope, type.type, to);
      return true;
    case 'instance':
      scope.context.spend(type.exports.length);
      for (const one of type.exports) if (!isVisible(scope, one.type, to)) return false;
      return true;
    default:
      // Core modules contain no such types, and a component type was checked when it was defined.
      return true;
  }
}

/**
 * Returns whether the types inside a definition have names. The export of the definition names the definition itself.
 */
function definitionIsVisible(scope: Scope, type: DefinitionNode, to: Visibility): boolean {
  if (type instanceof ValueTypeNode) {
    return type.isNamed ? insideIsVisible(scope, type, to) : valueIsVisible(scope, type, to);
  }
  return type.kind === 'resource' || isVisible(scope, type, to);
}

function funcIsVisible(scope: Scope, { params, result }: FunctionNode, to: Visibility): boolean {
  for (const { type } of params) if (!valueIsVisible(scope, type, to)) return false;
  return result === undefined || valueIsVisible(scope, result, to);
}

function insideIsVisible(scope: Scope, { inside }: ValueTypeNode, to: Visibility): boolean {
  for (const one of inside) if (one !== undefined && !valueIsVisible(scope, one, to)) return false;
  return true;
}

function valueIsVisible(scope: Scope, type: ValueTypeNode, to: Visibility): boolean {
  if (!type.nominal || visibilityOf(scope, type) >= to) return true;
  if (type.isNamed) return false;
  if (type.through !== undefined) return visibilityOf(scope, type.through) >= to;
  if (!insideIsVisible(scope, type, to)) return false;
  markVisible(scope, type, to);
  return true;
}
