/** *Binary.md*, "Import and Export Definitions". */
import type { Export, ExternDecl, InlineExport, NameAttributes } from '../binary/definitions.ts';
import { UnsupportedError } from '../errors.ts';
import { maxNesting } from '../limits.ts';
import type { ValueTypeNode } from '../types/nodes.ts';
import { type ExternNode, type FunctionNode, InstanceNode, type NamedNode, TypeEntry } from '../types/nodes.ts';
import type { ResourceType } from '../types.ts';
import { isVersionSuffix, type ParsedName, parseName } from './names.ts';
import { lookUp, type Names, noNames, push, type Scope } from './scope.ts';
import { hasFreeResource, locate, openInstance, renamed } from './substitution.ts';
import { Matcher, sortName } from './subtyping.ts';
import type { ResourceBinding } from './validated.ts';
import { forExports, forImports, isVisible } from './visibility.ts';

/** No resource types. */
const nothing: readonly ResourceType[] = [];

/** Resolves an `externtype`. `fresh` contains the resource types that it introduces. */
function declared(scope: Scope, name: string, type: ExternDecl): { type: ExternNode; fresh: readonly ResourceType[] } {
  const { context } = scope;
  switch (type.sort) {
    case 'core module': {
      const entry = context.at(scope.coreTypes, type.type, 'core type');
      if (entry.kind !== 'module') return context.fail(`core type index ${type.type} is not a module type`);
      return { type: { kind: 'core module', type: entry.type }, fresh: nothing };
    }
    case 'value':
      throw new UnsupportedError('values');
    case 'type': {
      if (type.bound === 'eq') return { type: context.at(scope.types, type.type, 'type'), fresh: nothing };
      const resource: ResourceType = { kind: 'resource', name };
      return { type: new TypeEntry('sub', resource), fresh: [resource] };
    }
    default: {
      const found = context.at(scope.types, type.type, 'type').type;
      if (type.sort === 'instance' && found.kind === 'instance') return openInstance(context, found);
      if (type.sort === found.kind) return { type: found, fresh: nothing };
      const what = type.sort === 'func' ? 'a function' : type.sort === 'component' ? 'a component' : 'an instance';
      return context.fail(`type index ${type.type} is not ${what} type`);
    }
  }
}

/** Validates an `import`, `importdecl` or `exportdecl`, which adds a definition of the declared type. */
export function declare(
  scope: Scope,
  side: 'import' | 'export',
  name: NameAttributes,
  decl: ExternDecl,
): { type: ExternNode; introduces: readonly ResourceBinding[] } {
  const { type: written, fresh } = declared(scope, name.name, decl);
  const type = written.kind === 'type' ? renamed(written.type, fresh.length > 0 ? 'sub' : 'eq') : written;
  const names = side === 'import' ? scope.importNames : scope.exportNames;
  checkName(scope, side, names, name, type);
  if (scope.kind !== 'instance type') checkVisible(scope, side, name.name, type);
  const introduced = side === 'import' ? scope.imported : scope.defined;
  for (const resource of fresh) {
    introduced.push(resource);
    scope.known.add(resource);
  }
  (side === 'import' ? scope.imports : scope.exports).push(named(name, type));
  push(scope, type);
  return { type, introduces: locate(type, fresh) };
}

/** Validates an `export`. */
export function exportItem(
  scope: Scope,
  definition: Export,
): { type: ExternNode; introduces: readonly ResourceBinding[] } {
  const { type: given, fresh } = ascribed(scope, definition, lookUp(scope, definition.sort, definition.index));
  // The export of a type is a new index with its own identity. The types in an instance keep their identity,
  // because the suite (`async/big-interleaving-test.wast`) exports functions whose types were exported before, as part
  // of an instance.
  const type = defineResources(scope, definition.name, given.kind === 'type' ? renamed(given.type, 'eq') : given);
  checkName(scope, 'export', scope.exportNames, definition, type);
  checkVisible(scope, 'export', definition.name, type);
  scope.exports.push(named(definition, type));
  push(scope, type);
  return { type, introduces: locate(type, fresh) };
}

function ascribed(
  scope: Scope,
  definition: Export,
  given: ExternNode,
): { type: ExternNode; fresh: readonly ResourceType[] } {
  if (definition.type === undefined) return { type: given, fresh: nothing };
  const { context } = scope;
  const expected = declared(scope, definition.name, definition.type);
  const wrong = new Matcher(context, expected.fresh).extern(given, expected.type);
  if (wrong !== undefined) {
    const message = `ascribed type of export is not compatible with the item's type: ${wrong.message}`;
    context.fail(message, [definition.name, ...wrong.path]);
  }
  return expected;
}

/**
 * Records the resource types that an export defines. A component defines the resource types that it does not import.
 * The first export of such a type defines it.
 */
function defineResources(scope: Scope, name: string, type: ExternNode): ExternNode {
  if (type.kind === 'type' && type.type.kind === 'resource') {
    const resource = type.type;
    if (scope.known.has(resource)) return type;
    scope.known.add(resource);
    scope.defined.push(resource);
    if (resource.name === undefined) Object.assign(resource, { name });
    return new TypeEntry('sub', resource);
  }
  if (type.kind === 'instance') {
    scope.context.spend(type.exports.length);
    for (const one of type.exports) defineResources(scope, one.name, one.type);
  }
  return type;
}

/**
 * Returns the instance type of `inlineexport`s, which name existing definitions. They make no type externally visible.
 */
export function bagOfExports(scope: Scope, list: readonly InlineExport[]): InstanceNode {
  const unnamed = noNames();
  const exports = list.map((one) => {
    const type = lookUp(scope, one.sort, one.index);
    checkName(scope, 'export', unnamed, one, type);
    // An inline export adds no type index. The resource does not get this name, so annotated names cannot refer to it.
    unnamed.resources.clear();
    return named(one, type);
  });
  scope.context.spend(exports.length);
  return checkNesting(scope, new InstanceNode(exports, nothing));
}

/** Returns the number of levels of components and instances in a type. */
function nesting(type: ExternNode): number {
  if (type.kind === 'type')
    return type.type.kind === 'component' || type.type.kind === 'instance' ? nesting(type.type) : 0;
  if (type.kind !== 'component' && type.kind !== 'instance') return 0;
  if (type.nesting === 0) {
    let inside = 0;
    for (const one of type.exports) inside = Math.max(inside, nesting(one.type));
    if (type.kind === 'component') for (const one of type.imports) inside = Math.max(inside, nesting(one.type));
    type.nesting = inside + 1;
  }
  return type.nesting;
}

/**
 * Checks the nesting that references make, such as types that each contain the previous one. See {@link maxNesting}.
 */
export function checkNesting<Type extends ExternNode>({ context }: Scope, type: Type): Type {
  if (nesting(type) > maxNesting) context.fail(`nesting too deep: more than ${maxNesting} types and components`);
  return type;
}

function checkVisible(scope: Scope, side: 'import' | 'export', name: string, type: ExternNode): void {
  if (!isVisible(scope, type, side === 'import' ? forImports : forExports)) {
    const message = `${sortName(type)} not valid to be used as ${side}: \`${name}\` refers to a type without a name`;
    scope.context.fail(message, [name]);
  }
}

// Names ----------------------------------------------------------------------------------------------------------

function checkName(
  { context }: Scope,
  side: 'import' | 'export',
  names: Names,
  { name, implements: of, versionSuffix, duplicate }: NameAttributes,
  type: ExternNode,
): void {
  if (duplicate !== undefined) context.fail(`duplicate '${duplicate}' option in name`, [name]);
  const parsed = parseName(name);
  if (typeof parsed === 'string') {
    context.fail(`${side} name \`${name}\` is not a valid extern name: ${parsed}`, [name]);
    return;
  }
  if (of !== undefined) {
    const interfaceName = parseName(of);
    if (typeof interfaceName === 'string') context.fail(`\`${of}\` is not a valid name: ${interfaceName}`, [name]);
    else if (interfaceName.kind !== 'interface') context.fail(`\`${of}\` must be an interface name`, [name]);
    if (type.kind !== 'instance') context.fail('only instances can have an `implements`', [name]);
    if (parsed.kind !== 'label') context.fail(`name \`${name}\` is not valid with \`implements\``, [name]);
  }
  if (versionSuffix !== undefined && (parsed.kind !== 'interface' || !isVersionSuffix(name, versionSuffix))) {
    context.fail(`version suffix \`${versionSuffix}\` does not fit \`${name}\``, [name]);
  }
  if (parsed.resource !== undefined) {
    const wrong = annotationMismatch(names, parsed.kind, parsed.resource, type);
    if (wrong !== undefined) context.fail(`${side} name \`${name}\`: ${wrong}`, [name]);
  }
  const { canonical, mayCollide } = parsed;
  context.mayCollide ||= mayCollide;
  const previous = names.unique.get(canonical);
  if (previous !== undefined)
    context.fail(`${side} name \`${name}\` conflicts with previous name \`${previous}\``, [name]);
  names.unique.set(canonical, name);
  if (type.kind === 'type' && type.type.kind === 'resource') names.resources.set(name, type);
}

/** Returns the reason why the type does not match the annotation of its name, or undefined if it matches. */
function annotationMismatch(
  names: Names,
  kind: ParsedName['kind'],
  resource: string,
  type: ExternNode,
): string | undefined {
  if (type.kind !== 'func') return 'item is not a func';
  const entry = names.resources.get(resource);
  if (kind === 'static') return entry === undefined ? 'static resource name is not known in this context' : undefined;
  if (kind === 'constructor') return constructorMismatch(names, entry, type);
  const [self] = type.params;
  if (self === undefined) return 'function should have at least one argument';
  if (self.name !== 'self') return 'function should have a first argument called `self`';
  if (self.type.kind !== 'borrow') return 'function should take a first argument of `(borrow $T)`';
  return resourceMismatch(names, entry, self.type);
}

function constructorMismatch(names: Names, entry: TypeEntry | undefined, type: FunctionNode): string | undefined {
  if (type.result === undefined) return 'function should return one value';
  const result = type.result.kind === 'result' ? type.result.inside[0] : type.result;
  if (result?.kind !== 'own') return 'function should return `(own $T)` or `(result (own $T))`';
  return resourceMismatch(names, entry, result);
}

function resourceMismatch(names: Names, entry: TypeEntry | undefined, { through }: ValueTypeNode): string | undefined {
  if (through === undefined || entry === through) return undefined;
  for (const [name, other] of names.resources) {
    if (other === through) return `function does not match expected resource name \`${name}\``;
  }
  return 'resource used in function does not have a name in this context';
}

/** Returns an import or export with the attributes of its name. */
function named({ name, implements: of, externalId }: NameAttributes, type: ExternNode): NamedNode {
  return { name, type, implements: of, externalId };
}

/**
 * Checks that an `outer` alias of a type across a component boundary can be substituted. Source: *Explainer.md*, "Alias
 * Definitions".
 */
export function checkOuterType(scope: Scope, entry: TypeEntry): void {
  if (hasFreeResource(scope.context, entry.type)) {
    scope.context.fail('outer type alias transitively refers to resources not defined in the current component');
  }
}
