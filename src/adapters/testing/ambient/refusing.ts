/** Makes values that replace forbidden ones and throw when they are used. The engine's own code may use them. */
import type { AmbientKind } from './forbidden-call.ts';
import { forbid, isUsedByEngine } from './guard.ts';
import type { AnyFunction } from './slot.ts';

/** Members that describe a function without using it. */
const DESCRIBING: ReadonlySet<PropertyKey> = new Set(['name', 'length', 'prototype']);

/**
 * Makes a function that throws when it is called or constructed, or when a member is read, as in
 * `process.hrtime.bigint()`.
 *
 * Symbols are allowed, because test runners mark every value on the global object with their own symbols. They mark the
 * proxy's target, so the original is not changed.
 */
export function refusingFunction(call: string, kind: AmbientKind, original: AnyFunction): unknown {
  const apply = (_target: object, self: unknown, args: unknown[]): unknown =>
    isUsedByEngine(apply) ? Reflect.apply(original, self, args) : forbid(`${call}()`, kind, apply);
  const construct = (_target: object, args: unknown[]): object =>
    isUsedByEngine(construct) ? Reflect.construct(original, args) : forbid(`${call}()`, kind, construct);
  const get = (target: object, key: PropertyKey): unknown => {
    if (typeof key === 'symbol') return Reflect.get(target, key);
    if (DESCRIBING.has(key) || isUsedByEngine(get)) return Reflect.get(original, key);
    return forbid(`${call}.${String(key)}()`, kind, get);
  };
  // The target is a class, because an arrow function cannot be constructed, and `new WebSocket()` would throw another
  // error.
  return new Proxy(class {}, { apply, construct, get });
}

/** Makes an object that throws when a member is read, as in `navigator.language`. */
export function refusingObject(name: string, kind: AmbientKind, original: () => unknown): unknown {
  const get = (target: object, key: PropertyKey): unknown => {
    if (typeof key === 'symbol') return Reflect.get(target, key);
    return isUsedByEngine(get) ? Reflect.get(Object(original()), key) : forbid(`${name}.${String(key)}`, kind, get);
  };
  return new Proxy({}, { get });
}

/** Makes a getter that throws, as for `process.pid`. */
export function refusingGetter(name: string, kind: AmbientKind, original: () => unknown): () => unknown {
  return function get(this: unknown): unknown {
    return isUsedByEngine(get) ? Reflect.apply(original, this, []) : forbid(name, kind, get);
  };
}
