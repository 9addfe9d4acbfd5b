/** Reads objects that JavaScript passes, without the properties that every object has. */

import { toCamelCase } from '../camel-case.ts';
import { flagsInto, propertyOf } from './javascript-values.ts';

/**
 * Returns a function that replaces an object by one with only the fields or flags of these labels. Returns undefined if
 * no label is the name of a property that every object has, such as `constructor` or `to-string`.
 */
export function memberView(labels: readonly string[]): ((value: unknown) => unknown) | undefined {
  const keys = labels.map(toCamelCase);
  if (!keys.some((key) => key in Object.prototype)) return undefined;
  return (value) => {
    // A list or set of the names of flags is read in another way.
    if (typeof value !== 'object' || value === null || Symbol.iterator in value) return value;
    const view: Record<string, unknown> = Object.create(null);
    for (const key of keys) view[key] = memberIn(value, key);
    return view;
  };
}

/** Does the same as `flagsInto`, without reading the properties that every object has. */
export function flagsOf(labels: readonly string[]): (value: unknown) => number {
  const pack = flagsInto(labels);
  const view = memberView(labels);
  return view === undefined ? pack : (value) => pack(view(value));
}

/**
 * Returns a member of an object that JavaScript passes: an own property, or a property of its class. The properties
 * that every object and every function has, such as `toString` and `call`, are not members.
 */
export function memberIn(object: object, key: string): unknown {
  return key in Function.prototype ? offeredMember(object, key) : propertyOf(object, key);
}

function offeredMember(object: object, key: string): unknown {
  let holder: object | null = object;
  while (holder !== null && !Object.hasOwn(holder, key)) holder = Object.getPrototypeOf(holder);
  // Reading `caller` or `arguments` of that prototype throws.
  if (holder !== object && isFunctionPrototype(holder)) return undefined;
  const value = propertyOf(object, key);
  if (key === 'constructor' && propertyOf(value, 'prototype') === holder) return undefined;
  // A proxy may return a value that differs from the inherited one.
  return holder !== object && isObjectPrototype(holder) && value === propertyOf(holder, key) ? undefined : value;
}

/** Returns true for the prototypes of all realms. */
function isObjectPrototype(object: object | null): boolean {
  return object !== null && Object.getPrototypeOf(object) === null && Object.hasOwn(object, 'isPrototypeOf');
}

/** Returns true for the prototypes of all realms. */
function isFunctionPrototype(object: object | null): boolean {
  return typeof object === 'function' && isObjectPrototype(Object.getPrototypeOf(object));
}
