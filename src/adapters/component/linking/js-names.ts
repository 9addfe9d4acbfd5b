/**
 * The names that JavaScript has for imports and exports. Two names of WIT can have one name in JavaScript: `v-1` and
 * `v1` are both `v1`. One of them would be lost, so they are refused, with both names.
 */
import { toCamelCase, toPascalCase } from '../abi/javascript-values.ts';
import { LinkError, showPath } from '../errors.ts';
import type { ComponentNode, ExternNode, FunctionNode, NamedNode } from '../types/extern-type.ts';
import type { ValueTypeNode } from '../types/value-type.ts';
import type { ResourceType } from '../types.ts';
import { isInterfaceName, parseResourceFunction, type ResourceFunctionName } from './names.ts';

/** How the resources of a component are seen. */
type Representation = 'objects' | 'handles';

// Values -----------------------------------------------------------------------------------------------------------

/** Why the values of a function cannot pass between it and JavaScript. Undefined if they can. */
export function labelCollision({ params, result }: FunctionNode): string | undefined {
  for (const { type } of params) if (type.collision !== null) return sameLabels(type.collision);
  return result === undefined || result.collision === null ? undefined : sameLabels(result.collision);
}

function sameLabels([a, b]: readonly [string, string]): string {
  return `the labels ${showPath([a])} and ${showPath([b])} have the same name in JavaScript: ${showPath([toCamelCase(a)])}`;
}

// Imports ----------------------------------------------------------------------------------------------------------

/** By the name of an import, another one in the list that has the same name in JavaScript. */
export type SameNames = ReadonlyMap<string, string>;

/** Undefined if all names differ. */
export function sameNames(list: readonly NamedNode[]): SameNames | undefined {
  // The names differ otherwise, because those that differ in letter case alone are invalid.
  if (!list.some(({ name }) => /-\d/.test(name))) return undefined;
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

/** A function that returns an object of a class. If it returns a promise of it, a method `then` would be called. */
export interface ResourceResult {
  readonly path: readonly string[];
  readonly resource: ResourceType;
  readonly isAsync: boolean;
}

/** The exports of a component, as far as their names are concerned. */
export interface ExportNames {
  readonly resourceResults: readonly ResourceResult[];
  /** The resource types that have a method `then`. */
  readonly thenables: ReadonlySet<ResourceType>;
}

/**
 * Checks that the exports have different names in JavaScript, and lists the functions whose promises could go wrong.
 *
 * @throws LinkError that names both.
 */
export function exportNames({ exports, imported }: ComponentNode, representation: Representation): ExportNames {
  const checker = new ExportChecker(representation, new Set(imported));
  checker.check(exports, []);
  return checker;
}

class ExportChecker implements ExportNames {
  readonly resourceResults: ResourceResult[] = [];
  readonly thenables: Set<ResourceType> = new Set();
  readonly #representation: Representation;
  /** The resource types that the host implements: their members are not installed on anything. */
  readonly #imported: ReadonlySet<ResourceType>;

  constructor(representation: Representation, imported: ReadonlySet<ResourceType>) {
    this.#representation = representation;
    this.#imported = imported;
  }

  check(list: readonly NamedNode[], path: readonly string[]): void {
    if (list.some(({ name }) => suspicious.test(name))) this.#checkNames(list, path);
    for (const { name, type } of list) {
      if (type.kind === 'instance') this.check(type.exports, [...path, name]);
      else if (type.kind === 'func') {
        const collision = labelCollision(type);
        if (collision !== undefined) throw exportRefusal([...path, name], collision);
        if (this.#representation === 'objects') this.#noteResources(name, type, path);
      }
    }
  }

  #checkNames(list: readonly NamedNode[], path: readonly string[]): void {
    const names = new Map<string, string>();
    /** The names of the resource types whose members are installed. */
    const own = new Set<string>();
    for (const { name, type } of list) {
      const parsed = parseResourceFunction(name);
      if (parsed !== undefined && !own.has(parsed.resource)) continue;
      const key = exportKey(name, type, this.#representation);
      const other = names.get(key);
      const reason = other === undefined ? parsed && reservedName(parsed, this.#representation) : sameName(other, key);
      if (reason !== undefined) throw exportRefusal([...path, name], reason);
      names.set(key, name);
      if (type.kind === 'type' && type.type.kind === 'resource' && !this.#imported.has(type.type)) own.add(name);
    }
  }

  #noteResources(name: string, type: FunctionNode, path: readonly string[]): void {
    const resource = resourceResult(type);
    if (resource !== undefined) this.resourceResults.push({ path: [...path, name], resource, isAsync: type.async });
    if (!name.endsWith('.then')) return;
    const self = type.params[0]?.type.resource;
    if (parseResourceFunction(name)?.form === 'method' && self !== undefined) this.thenables.add(self);
  }
}

/** Names that may be refused. No others are, because names that differ in letter case alone are invalid. */
const suspicious = /-\d|\.(?:drop|create|prototype)$/i;

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

/** The resource type whose object a function returns, as its result or in an \`option\` or as the \`ok\` case. */
function resourceResult({ result }: FunctionNode): ResourceType | undefined {
  let type: ValueTypeNode | undefined = result;
  while (type?.kind === 'result' || type?.kind === 'option') type = type.inside[0];
  return type?.resource;
}

/**
 * Checks that no promise carries an object that has a method `then`: JavaScript would call it, as one of a promise.
 *
 * @param isAsynchronous true if every function returns a promise.
 * @param isThenable returns true if the objects of a resource type that the host implements have such a method.
 * @throws LinkError that names the function.
 */
export function checkPromises(
  { resourceResults, thenables }: ExportNames,
  isAsynchronous: boolean,
  isThenable: (resource: ResourceType) => boolean,
): void {
  for (const { path, resource, isAsync } of resourceResults) {
    if (!isAsync && !isAsynchronous) continue;
    if (!thenables.has(resource) && !isThenable(resource)) continue;
    const reason = 'it returns a promise of a resource with a method "then", which JavaScript would call';
    throw exportRefusal(path, `${reason}; use resources: 'handles'`);
  }
}

/** A refusal of an export. */
export function exportRefusal(path: readonly string[], message: string): LinkError {
  return new LinkError(`export ${showPath(path)}: ${message}`, path);
}
