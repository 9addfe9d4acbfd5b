/** *Explainer.md*, "External Visibility of Types". */

import type { DefinitionNode, ExternNode, FunctionNode } from '../types/extern-type.ts';
import type { Noted } from '../types/type-marks.ts';
import { ValueTypeNode } from '../types/value-type.ts';
import type { Scope } from './scope.ts';

/** The kind of name of a type. Exports can refer to imports, and imports cannot refer to exports. */
export const forExports = 1;
export const forImports = 2;
type Visibility = typeof forExports | typeof forImports;

function visibilityOf(scope: Scope, type: Noted<unknown>): number {
  return type.visibleIn === scope.place ? type.visibility : (scope.visible.get(type) ?? 0);
}

/** Marks a type that has an externally visible name in the scope, or consists of such types, and need not be inspected again. */
function name(scope: Scope, type: Noted<unknown>, visibility: Visibility): void {
  const most = Math.max(visibility, visibilityOf(scope, type));
  if (type.visibleIn === 0 || type.visibleIn === scope.place) {
    type.visibleIn = scope.place;
    type.visibility = most;
  } else scope.visible.set(type, most);
}

/**
 * Returns whether every type in an import or export has an externally visible name. The names include those that an instance's
 * own type exports define. It marks the types that it finds.
 */
export function isVisible(scope: Scope, type: ExternNode, to: Visibility): boolean {
  switch (type.kind) {
    case 'func':
      scope.context.spend(type.params.length);
      return funcIsVisible(scope, type, to);
    case 'type':
      if (!definitionIsVisible(scope, type.type, to)) return false;
      name(scope, type, to);
      if (type.type instanceof ValueTypeNode && type.type.nominal) name(scope, type.type, to);
      return true;
    case 'instance':
      scope.context.spend(type.exports.length);
      for (const one of type.exports) if (!isVisible(scope, one.type, to)) return false;
      return true;
    default:
      // Core modules have no such types, and a component type was checked at its definition.
      return true;
  }
}

/** An exported type gets a name by the export, so that only the types inside it need names. */
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
  name(scope, type, to);
  return true;
}
