/**
 * The names that JavaScript has for imports and exports. Two names of WIT can have one name in JavaScript: `v-1` and
 * `v1` are both `v1`. One of them would be lost, so they are refused, with both names.
 */
import { toCamelCase, toPascalCase } from '../camel-case.ts';
import { LinkError, showPath } from '../errors.ts';
import type { ComponentNode, ExternNode, FunctionNode, NamedNode, ValueTypeNode } from '../types/nodes.ts';
import type { ResourceType } from '../types.ts';
import { isInterfaceName, parseResourceFunction, type ResourceFunctionName } from './names.ts';

/** The form of a component's resources in JavaScript. */
type Representation = 'objects' | 'handles';

// Values -----------------------------------------------------------------------------------------------------------

/** Explains why the values of a function cannot pass between it and JavaScript. Undefined if they can. */
export function labelCollision({ params, result }: FunctionNode): string | undefined {
  for (const type of [...params.map((param) => param.type), result]) {
    const labels = type && collisionIn(type);
    if (labels === undefined) continue;
    const [a, b] = labels;
    const name = showPath([toCamelCase(a)]);
    return `the labels ${showPath([a])} and ${showPath([b])} have the same name in JavaScript: ${name}`;
  }
  return undefined;
}

/** Returns two labels of a record or flags in it that have the same name in JavaScript. */
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

/** Another import in the list with the same name in JavaScript, by the name of an import. */
export type SameNames = ReadonlyMap<string, string>;

/** Undefined if all names differ. */
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
 * Checks that the exports have different names in JavaScript.
 *
 * @throws LinkError that names both.
 */
export function checkExportNames({ exports, imported }: ComponentNode, representation: Representation): void {
  checkExports(exports, [], representation, new Set(imported));
}

/** `imported`: the resource types that the host implements. Their members are not installed on anything. */
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
    if (collision !== undefined) throw exportRefusal([...path, name], collision);
    const parsed = parseResourceFunction(name);
    if (parsed !== undefined && !own.has(parsed.resource)) continue;
    const key = exportKey(name, type, representation);
    const other = names.get(key);
    const reason = other === undefined ? parsed && reservedName(parsed, representation) : sameName(other, key);
    if (reason !== undefined) throw exportRefusal([...path, name], reason);
    names.set(key, name);
    if (type.kind === 'type' && type.type.kind === 'resource' && !imported.has(type.type)) own.add(name);
  }
}

function sameName(other: string, key: string): string {
  return `it has the same name in JavaScript as ${showPath([other])}: ${showPath([key.slice(key.lastIndexOf('.') + 1)])}`;
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
    return `it has the same name in JavaScript as the function that drops a handle: "drop"; use resources: 'objects'`;
  }
  if (representation === 'objects' && form === 'static' && member === 'prototype') {
    return `a class cannot have a static function "prototype"; use resources: 'handles'`;
  }
  return undefined;
}

/**
 * Checks that no promise carries an object that has a method `then`, because JavaScript would call it as that of a
 * promise.
 *
 * @param isAsynchronous true if every function returns a promise.
 * @param isThenable returns true if the objects of a resource type that is imported have such a method.
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
    throw exportRefusal(path, `${reason}; use resources: 'handles'`);
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

/** The resource type whose object a function returns, as its result or in an `option` or as the `ok` case. */
function resourceResult({ result }: FunctionNode): ResourceType | undefined {
  let type: ValueTypeNode | undefined = result;
  while (type?.kind === 'result' || type?.kind === 'option') type = type.inside[0];
  return type?.resource;
}

/** A refusal of an export. */
export function exportRefusal(path: readonly string[], message: string): LinkError {
  return new LinkError(`export ${showPath(path)}: ${message}`, path);
}
