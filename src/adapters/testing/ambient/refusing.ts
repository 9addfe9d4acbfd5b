/** Values that replace forbidden ones, and refuse to be used. The engine's own code may use them. */
import type { AmbientKind } from './forbidden-call.ts';
import { forbid, isUsedByEngine } from './guard.ts';
import type { AnyFunction } from './slot.ts';

/** Members that say something about a function, and do not use it. */
const DESCRIBING: ReadonlySet<PropertyKey> = new Set(['name', 'length', 'prototype']);

/**
 * A function that refuses to be called, constructed, or asked for its members: `process.hrtime.bigint()`.
 *
 * Symbols are not refused: test runners mark every value that they find on the global object with symbols of their own. They
 * reach an object that is made for this purpose, so that nobody changes the original.
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
  // A class, because an arrow function could not be constructed: `new WebSocket()` would fail in other words.
  return new Proxy(class {}, { apply, construct, get });
}

/** An object whose members refuse to be read: `navigator.language`. */
export function refusingObject(name: string, kind: AmbientKind, original: () => unknown): unknown {
  const get = (target: object, key: PropertyKey): unknown => {
    if (typeof key === 'symbol') return Reflect.get(target, key);
    return isUsedByEngine(get) ? Reflect.get(Object(original()), key) : forbid(`${name}.${String(key)}`, kind, get);
  };
  return new Proxy({}, { get });
}

/** A getter that refuses to be read: `process.pid`. */
export function refusingGetter(name: string, kind: AmbientKind, original: () => unknown): () => unknown {
  return function get(this: unknown): unknown {
    return isUsedByEngine(get) ? Reflect.apply(original, this, []) : forbid(name, kind, get);
  };
}
