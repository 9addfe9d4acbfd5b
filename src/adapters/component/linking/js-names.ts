/**
 * The JavaScript names of imports and exports. Two WIT names can have the same JavaScript name: `v-1` and `v1` both
 * become `v1`. One of them would be lost, so both are refused with an error that names them.
 */
import { toCamelCase, toPascalCase } from '../camel-case.ts';
import { LinkError, showPath } from '../errors.ts';
import type { ComponentNode, ExternNode, FunctionNode, NamedNode, ValueTypeNode } from '../types/nodes.ts';
import type { ResourceType } from '../types.ts';
import { isInterfaceName, parseResourceFunction, type ResourceFunctionName } from './names.ts';

/** The form of a component's resources in JavaScript. */
type Representation = 'objects' | 'handles';

// Values -----------------------------------------------------------------------------------------------------------

/** Explains why the values of a function cannot pass between it and JavaScript. Returns undefined if they can. */
export function labelCollision({ params, result }: FunctionNode): string | undefined {
  for (const type of [...params.map((param) => param.type), result]) {
    const labels = type && collisionIn(type);
    if (labels === undefined) continue;
    const [a, b] = labels;
    const name = showPath([toCamelCase(a)]);
    return `the labels ${showPath([a])} and ${showPath([b])} have the same JavaScript name ${name}; rename one of them`;
  }
  return undefined;
}

/** Returns two labels of a record or flags in the type that have the same JavaScript name. */
function collisionIn({ kind, inside, labels }: ValueTypeNode): readonly [string, string] | undefined {
  for (const one of inside) {
    const found = one && collisionIn(one);
    if (found !== undefined) return found;
  }
  if (kind !== 'record' && kind !== 'flags') return undefined;
  const names = new Map<string, string>();
  for (const label of labels) {
    const other = names.get(toCamelCase(label));
    if (other !== undefined) return [other, label];
    names.set(toCamelCase(label), label);
  }
  return undefined;
}

// Imports ----------------------------------------------------------------------------------------------------------

/** The imports of a list whose JavaScript names collide, each with another import of the same JavaScript name. */
export type SameNames = ReadonlyMap<string, string>;

/** Returns the imports whose JavaScript names collide, or undefined if all names differ. */
export function sameNames(list: readonly NamedNode[]): SameNames | undefined {
  const same = new Map<string, string>();
  const names = new Map<string, string>();
  for (const { name, type } of list) {
    const key = importKey(name, type);
    const other = names.get(key);
    if (other === undefined) names.set(key, name);
    else same.set(name, other).set(other, name);
  }
  return same.size === 0 ? undefined : same;
}

function importKey(name: string, type: ExternNode): string {
  const parsed = parseResourceFunction(name);
  if (parsed !== undefined) return `${toPascalCase(parsed.resource)}.${toCamelCase(parsed.member)}`;
  if (type.kind === 'type') return toPascalCase(name);
  return isInterfaceName(name) ? name : toCamelCase(name);
}

// Exports ----------------------------------------------------------------------------------------------------------

/**
 * Checks that the exports have different JavaScript names.
 *
 * @throws LinkError that names both.
 */
export function checkExportNames({ exports, imported }: ComponentNode, representation: Representation): void {
  checkExports(exports, [], representation, new Set(imported));
}

/**
 * Checks the names of exports. `imported` contains the resource types that the host implements. Their members are not
 * installed on any object.
 */
function checkExports(
  list: readonly NamedNode[],
  path: readonly string[],
  representation: Representation,
  imported: ReadonlySet<ResourceType>,
): void {
  const names = new Map<string, string>();
  /** The names of the resource types whose members are installed. */
  const own = new Set<string>();
  for (const { name, type } of list) {
    if (type.kind === 'instance') checkExports(type.exports, [...path, name], representation, imported);
    const collision = type.kind === 'func' ? labelCollision(type) : undefined;
    if (collision !== undefined) throw exportError([...path, name], collision);
    const parsed = parseResourceFunction(name);
    if (parsed !== undefined && !own.has(parsed.resource)) continue;
    const key = exportKey(name, type, representation);
    const other = names.get(key);
    const reason = other === undefined ? parsed && reservedName(parsed, representation) : sameName(other, key);
    if (reason !== undefined) throw exportError([...path, name], reason);
    names.set(key, name);
    if (type.kind === 'type' && type.type.kind === 'resource' && !imported.has(type.type)) own.add(name);
  }
}

function sameName(other: string, key: string): string {
  return `it has the same JavaScript name as ${showPath([other])}, ${showPath([key.slice(key.lastIndexOf('.') + 1)])}; rename one of them`;
}

function exportKey(name: string, type: ExternNode, representation: Representation): string {
  const parsed = parseResourceFunction(name);
  if (parsed === undefined) {
    if (isInterfaceName(name)) return name;
    return type.kind === 'type' && representation === 'objects' ? toPascalCase(name) : toCamelCase(name);
  }
  const { form, resource, member } = parsed;
  // Methods and static functions are members of different objects, unless one object has all functions of the resource.
  const holder = representation === 'objects' ? `${form} ${resource}` : resource;
  return `${holder}.${form === 'constructor' ? 'create' : toCamelCase(member)}`;
}

function reservedName({ form, member }: ResourceFunctionName, representation: Representation): string | undefined {
  if (representation === 'handles' && form !== 'constructor' && member === 'drop') {
    return `it has the same JavaScript name as the function that drops a handle, "drop"; use resources: 'objects'`;
  }
  if (representation === 'objects' && form === 'static' && member === 'prototype') {
    return `a class cannot have a static function "prototype"; use resources: 'handles'`;
  }
  return undefined;
}

/**
 * Checks that no promise resolves to an object with a method `then`, because JavaScript would call that method.
 *
 * @param isAsynchronous true if every function returns a promise.
 * @param isThenable returns true if the objects of an imported resource type have such a method.
 * @throws LinkError that names the function.
 */
export function checkPromises(
  exports: readonly NamedNode[],
  isAsynchronous: boolean,
  isThenable: (resource: ResourceType) => boolean,
): void {
  const thenables = new Set<ResourceType>();
  const carriers: { readonly path: readonly string[]; readonly resource: ResourceType }[] = [];
  visit(exports, []);
  for (const { path, resource } of carriers) {
    if (!thenables.has(resource) && !isThenable(resource)) continue;
    const reason = 'it returns a promise of a resource with a method "then", which JavaScript would call';
    throw exportError(path, `${reason}; use resources: 'handles'`);
  }

  function visit(list: readonly NamedNode[], path: readonly string[]): void {
    for (const { name, type } of list) {
      if (type.kind === 'instance') visit(type.exports, [...path, name]);
      if (type.kind !== 'func') continue;
      const self = type.params[0]?.type.resource;
      const parsed = parseResourceFunction(name);
      if (parsed?.form === 'method' && parsed.member === 'then' && self !== undefined) thenables.add(self);
      const resource = type.async || isAsynchronous ? resourceResult(type) : undefined;
      if (resource !== undefined) carriers.push({ path: [...path, name], resource });
    }
  }
}

/**
 * Returns the resource type of the object that a function returns, also inside an `option` or the `ok` case of a
 * `result`.
 */
function resourceResult({ result }: FunctionNode): ResourceType | undefined {
  let type: ValueTypeNode | undefined = result;
  while (type?.kind === 'result' || type?.kind === 'option') type = type.inside[0];
  return type?.resource;
}

/** Returns the error for an export. */
export function exportError(path: readonly string[], message: string): LinkError {
  return new LinkError(`export ${showPath(path)}: ${message}`, path);
}
