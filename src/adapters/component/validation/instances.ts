/** *Explainer.md*, "Instance Definitions" and "Alias Definitions". */
import type { Alias, Instance } from '../binary/definitions.ts';
import { type ComponentNode, type ExternNode, InstanceNode } from '../types/nodes.ts';
import { bagOfExports, checkOuterType } from './externs.ts';
import { lookUp, outerScope, push, pushCore, type Scope } from './scope.ts';
import { locate } from './substitution.ts';
import { Matcher, sortName } from './subtyping.ts';
import type { ResourceBinding, ValidatedAlias } from './validated.ts';

/** Returns the type of an `instance`. */
export function instanceType(
  scope: Scope,
  definition: Instance,
): { type: InstanceNode; introduces: readonly ResourceBinding[] } {
  if (definition.form === 'inline exports') return { type: bagOfExports(scope, definition.exports), introduces: [] };
  const { context } = scope;
  const component = context.at(scope.components, definition.component, 'component');
  const given = new Map<string, ExternNode>();
  for (const { name, sort, index } of definition.arguments) {
    if (given.has(name)) {
      context.fail(`instantiation argument \`${name}\` conflicts with previous argument \`${name}\``, [name]);
    }
    given.set(name, lookUp(scope, sort, index));
  }
  return instantiate(scope, component, given);
}

function instantiate(
  { context }: Scope,
  component: ComponentNode,
  given: ReadonlyMap<string, ExternNode>,
): { type: InstanceNode; introduces: readonly ResourceBinding[] } {
  const matcher = new Matcher(context, component.imported);
  const wrong = matcher.all(
    (name) => given.get(name),
    component.imports,
    'missing import named',
    'type mismatch for import',
  );
  if (wrong !== undefined) context.fail(wrong.message, wrong.path);
  const fresh = matcher.bound.refresh(component.defined);
  const type = new InstanceNode(matcher.bound.open(component.exports), []);
  return { type, introduces: locate(type, fresh) };
}

/** Validates an `alias`. */
export function alias(scope: Scope, definition: Alias): ValidatedAlias {
  if (scope.kind !== 'component') restrict(scope, definition);
  const { context } = scope;
  const kind = 'alias';
  switch (definition.target) {
    case 'outer':
      outerAlias(scope, definition);
      return { kind, definition, target: 'outer' };
    case 'export': {
      const { instance, name, sort } = definition;
      const type = context.at(scope.instances, instance, 'instance').export(name);
      if (type === undefined) return context.fail(`instance ${instance} has no export named \`${name}\``, [name]);
      const wanted = sort === 'core module' ? 'module' : sort;
      if (sortName(type) !== wanted)
        context.fail(`export \`${name}\` for instance ${instance} is not a ${wanted}`, [name]);
      push(scope, type);
      return { kind, definition, target: 'export', type };
    }
    default: {
      const { instance, name, sort } = definition;
      const type = context.at(scope.coreInstances, instance, 'core instance').get(name);
      if (type === undefined) return context.fail(`core instance ${instance} has no export named \`${name}\``, [name]);
      const wanted = sort.slice('core '.length);
      if (type.kind !== wanted)
        context.fail(`export \`${name}\` for core instance ${instance} is not a ${wanted}`, [name]);
      pushCore(scope, type);
      return { kind, definition, target: 'core export', type };
    }
  }
}

/** Checks that an alias in a component or instance type refers to a type or an instance. */
function restrict(scope: Scope, { target, sort }: Alias): void {
  const allowed = target === 'outer' ? ['core type', 'type'] : target === 'export' ? ['instance', 'type'] : [];
  if (!allowed.includes(sort)) {
    scope.context.fail(`aliases in component and instance types may only refer to types or instances, found a ${sort}`);
  }
}

function outerAlias(scope: Scope, { count, index, sort }: Alias & { readonly target: 'outer' }): void {
  const { context } = scope;
  const outer = outerScope(scope, count);
  if (sort === 'core module') scope.coreModules.push(context.at(outer.coreModules, index, 'module'));
  else if (sort === 'core type') scope.coreTypes.push(context.at(outer.coreTypes, index, 'core type'));
  else if (sort === 'component') scope.components.push(context.at(outer.components, index, 'component'));
  else {
    const entry = context.at(outer.types, index, 'type');
    if (crossesComponent(scope, outer)) checkOuterType(scope, entry);
    scope.types.push(entry);
  }
}

function crossesComponent(scope: Scope, outer: Scope): boolean {
  for (let at: Scope | undefined = scope; at !== undefined && at !== outer; at = at.parent) {
    if (at.kind === 'component') return true;
  }
  return false;
}
