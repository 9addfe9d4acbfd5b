/**
 * Validates the definitions of a component in binary order, and builds its index spaces. A component that breaks a rule
 * of the specification is refused. The result contains the resolved definitions, which the linker runs.
 */
import type { Canon, Component, CoreDefType, Declarator, Definition, DefType, Type } from '../binary/definitions.ts';
import { UnsupportedError } from '../errors.ts';
import { ComponentNode, type DefinitionNode, InstanceNode, TypeEntry } from '../types/nodes.ts';
import { builtin, lift, lower } from './canonical.ts';
import { Context } from './context.ts';
import { coreInstanceType, declaredModuleType, moduleType, pagesOf } from './core-modules.ts';
import { definedType } from './defined-types.ts';
import { checkNesting, declare, exportItem } from './externs.ts';
import { alias, instanceType } from './instances.ts';
import { newScope, type Scope } from './scope.ts';
import type { ValidatedComponent, ValidatedDefinition } from './validated.ts';

const erased: ValidatedDefinition = { kind: 'erased type' };

/**
 * Validates a decoded component and all components nested in it. The engine validates the bodies of core functions when
 * it compiles the modules.
 *
 * @throws InvalidError if a rule is broken, with the byte offset of the definition.
 * @throws UnsupportedError if the component uses a feature that this loader does not have.
 */
export function validate(component: Component): ValidatedComponent {
  return validateComponent(component, new Context(), undefined);
}

function validateComponent(component: Component, context: Context, parent: Scope | undefined): ValidatedComponent {
  const scope = newScope('component', context, parent);
  const definitions = component.definitions.map((definition) => {
    context.offset = definition.offset;
    return validateDefinition(scope, definition);
  });
  const type = componentType(scope);
  const { imports, exports } = type;
  const { mayCollide, hasAsync } = context;
  return { component, type, imports, exports, definitions, mayCollide, hasAsync };
}

function validateDefinition(scope: Scope, definition: Definition): ValidatedDefinition {
  const { context } = scope;
  switch (definition.kind) {
    case 'core module': {
      const type = moduleType(context, definition.module);
      scope.coreModules.push(type);
      return { kind: 'core module', definition, type, pages: pagesOf(definition.module) };
    }
    case 'core instance': {
      const type = coreInstanceType(scope, definition);
      scope.coreInstances.push(type);
      return { kind: 'core instance', definition, type };
    }
    case 'core type':
      coreType(scope, definition.type);
      return { kind: 'core type', definition };
    case 'component': {
      const component = validateComponent(definition.component, context, scope);
      scope.components.push(component.type);
      return { kind: 'component', definition, component };
    }
    case 'instance': {
      const { type, introduces } = instanceType(scope, definition);
      scope.instances.push(type);
      return { kind: 'instance', definition, type, introduces };
    }
    case 'alias':
      return alias(scope, definition);
    case 'type': {
      const type = typeDefinition(scope, definition);
      if (type.kind !== 'resource' || definition.type.kind !== 'resource') return erased;
      const { dtor } = definition.type;
      return { kind: 'type', type, dtor, introduces: [{ resource: type, path: [] }] };
    }
    case 'canon':
      return canonical(scope, definition);
    case 'import': {
      const { type, introduces } = declare(scope, 'import', definition, definition.type);
      return { kind: 'import', definition, type, introduces };
    }
    case 'export': {
      const { type, introduces } = exportItem(scope, definition);
      return { kind: 'export', definition, type, introduces };
    }
    default:
      throw new UnsupportedError('values');
  }
}

function coreType(scope: Scope, type: CoreDefType): void {
  if (type.kind === 'rec') scope.context.coreTypes.define(scope.coreTypes, type.types);
  else scope.coreTypes.push({ kind: 'module', type: declaredModuleType(scope, type.declarators) });
}

function canonical(scope: Scope, definition: Canon): ValidatedDefinition {
  if (definition.name === 'lift') return lift(scope, definition);
  return definition.name === 'lower' ? lower(scope, definition) : builtin(scope, definition);
}

/** Adds a type definition to the type index space. */
function typeDefinition(scope: Scope, definition: Type): DefinitionNode {
  const type = resolve(scope, definition.type);
  scope.types.push(new TypeEntry('eq', type));
  return type;
}

function resolve(scope: Scope, type: DefType): DefinitionNode {
  if (!('declarators' in type)) return definedType(scope, type);
  const inner = newScope(type.kind, scope.context, scope);
  for (const declarator of type.declarators) declaratorType(inner, declarator);
  if (type.kind === 'component type') return componentType(inner);
  return checkNesting(scope, new InstanceNode(inner.exports, inner.defined));
}

function declaratorType(scope: Scope, declarator: Declarator): void {
  scope.context.offset = declarator.offset;
  switch (declarator.kind) {
    case 'core type':
      coreType(scope, declarator.type);
      return;
    case 'type':
      typeDefinition(scope, declarator);
      return;
    case 'alias':
      alias(scope, declarator);
      return;
    case 'import':
      declare(scope, 'import', declarator, declarator.type);
      return;
    default:
      declare(scope, 'export', declarator, declarator.type);
  }
}

/**
 * Returns the type that a component has for other components. Its exports define the resource types that it does not
 * import.
 */
function componentType(scope: Scope): ComponentNode {
  const { imports, exports, imported, defined } = scope;
  return checkNesting(scope, new ComponentNode(imports, exports, imported, defined));
}
