/**
 * Finds the asynchronous import of a guest, so that an error can name it. It searches the places that the loader
 * searches.
 */
import { propertyOf } from '../abi/javascript-values.ts';
import { toCamelCase, toPascalCase } from '../camel-case.ts';
import type { ImportObject, NamedExtern } from '../index.ts';
import { findImport, firstOf, parseResourceFunction } from '../linking/names.ts';

/** Returns the names that lead to the first asynchronous import, or undefined if no such import is recognized. */
export function asynchronousImport(imports: readonly NamedExtern[], given: ImportObject): string[] | undefined {
  for (const { name, type } of imports) {
    const value = memberOf(given, name);
    if (type.kind === 'func' && (type.async || isAsynchronous(value))) return [name];
    const inner = type.kind === 'instance' && isObject(value) && asynchronousImport(type.exports, value);
    if (inner) return [name, ...inner];
  }
  return undefined;
}

function memberOf(given: object, name: string): unknown {
  const parsed = parseResourceFunction(name);
  if (parsed === undefined) return findImport(given, name);
  const { form, resource, member } = parsed;
  const type = firstOf(given, [toPascalCase(resource), resource, toCamelCase(resource)]);
  return propertyOf(form === 'method' ? propertyOf(type, 'prototype') : type, toCamelCase(member));
}

/** Returns whether a function, or the default export of a module, is an `async function`. */
function isAsynchronous(value: unknown): boolean {
  const call = typeof value === 'function' ? value : propertyOf(value, 'default');
  return typeof call === 'function' && call.constructor.name === 'AsyncFunction';
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
