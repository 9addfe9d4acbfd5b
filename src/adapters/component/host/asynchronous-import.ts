/** Which import makes a guest wait: found where it is to be named, in the same places as the loader finds it. */
import { propertyOf } from '../abi/javascript-values.ts';
import { toCamelCase, toPascalCase } from '../camel-case.ts';
import type { ImportObject, NamedExtern } from '../index.ts';
import { findImport, firstOf, parseResourceFunction } from '../linking/names.ts';

/** The names that lead to the first asynchronous import; undefined where none can be told. */
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

/** A function, or the default export of a module. */
function isAsynchronous(value: unknown): boolean {
  const call = typeof value === 'function' ? value : propertyOf(value, 'default');
  return typeof call === 'function' && call.constructor.name === 'AsyncFunction';
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
