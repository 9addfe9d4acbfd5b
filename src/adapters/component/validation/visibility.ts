/** *Explainer.md*, "External Visibility of Types". */
import type { ExternType, FunctionType, TypeDefinition, ValueType } from '../types.ts';
import type { Context } from './context.ts';
import { facts, isNamed } from './layout.ts';

/**
 * Whether every type that is used in an import or export has an externally visible name, those included that an
 * instance gives itself by its own type exports. The names found are added to `visible`; so is what is built of them.
 */
export function isVisible(context: Context, type: ExternType, visible: Set<object>): boolean {
  switch (type.kind) {
    case 'func':
      context.spend(type.params.length);
      return funcIsVisible(context, type, visible);
    case 'type': {
      if (!definitionIsVisible(context, type.type, visible)) return false;
      visible.add(type);
      if (type.type.kind === 'value type') visible.add(type.type.type);
      return true;
    }
    case 'instance':
      context.spend(type.exports.length);
      for (const one of type.exports) if (!isVisible(context, one.type, visible)) return false;
      return true;
    case 'value':
      return valueIsVisible(context, type.type, visible);
    default:
      // Core modules have no such types, and a component type was checked where it was defined.
      return true;
  }
}

/** A type that is exported gets a name by that: only the types inside it must have theirs. */
function definitionIsVisible(context: Context, type: TypeDefinition, visible: Set<object>): boolean {
  if (type.kind === 'resource') return true;
  if (type.kind !== 'value type') return isVisible(context, type, visible);
  if (!isNamed(type.type)) return valueIsVisible(context, type.type, visible);
  return areVisible(context, facts(context, type.type).inside, visible);
}

function funcIsVisible(context: Context, type: FunctionType, visible: Set<object>): boolean {
  for (const param of type.params) if (!valueIsVisible(context, param.type, visible)) return false;
  return type.result === undefined || valueIsVisible(context, type.result, visible);
}

function areVisible(context: Context, types: readonly ValueType[], visible: Set<object>): boolean {
  for (const one of types) if (!valueIsVisible(context, one, visible)) return false;
  return true;
}

function valueIsVisible(context: Context, type: ValueType, visible: Set<object>): boolean {
  const { nominal, inside } = facts(context, type);
  if (!nominal || visible.has(type)) return true;
  if (isNamed(type)) return false;
  if (type.kind === 'own' || type.kind === 'borrow') return type.through !== undefined && visible.has(type.through);
  if (!areVisible(context, inside, visible)) return false;
  visible.add(type);
  return true;
}
