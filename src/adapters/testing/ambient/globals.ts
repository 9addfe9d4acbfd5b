/** The forbidden members of the global object, and the methods that need a locale. */
import { FORBIDDEN, FORBIDDEN_ELSEWHERE, LOCALE_METHODS, OBJECTS } from './catalogue.ts';
import type { AmbientKind } from './forbidden-call.ts';
import { forbid, isCalledByEngine } from './guard.ts';
import { namesLocale, namesTimeZone } from './intl.ts';
import { refusingFunction, refusingGetter, refusingObject } from './refusing.ts';
import { type AnyFunction, objectAt, type Replacement, type Slot } from './slot.ts';

/** Yields a slot for each forbidden member. */
export function* globalSlots(): Iterable<Slot> {
  for (const [path, kind, members] of [...FORBIDDEN, ...FORBIDDEN_ELSEWHERE]) {
    for (const object of holdersAt(path)) {
      for (const key of members.split(' ')) {
        const name = nameOf(path, key);
        const holder = replaceableHolder(object, path, key);
        yield { object: holder, key, replacement: (original) => refusing(holder, key, kind, name, original) };
      }
    }
  }
}

/**
 * Returns the objects at a path. A test runner with a separate realm has a copy of `process`, and modules may have a
 * reference to the original.
 */
function holdersAt(path: string): Set<object> {
  const objects = new Set<object>(path === 'process' ? processes() : []);
  const found = objectAt(path);
  return found === undefined ? objects : objects.add(found);
}

/** Returns the process objects that code can reach. A browser has no process objects. */
export function processes(): Set<NodeJS.Process> {
  const found = objectAt('process') as NodeJS.Process | undefined;
  if (typeof found?.getBuiltinModule !== 'function') return new Set();
  return new Set([found, found.getBuiltinModule('node:process')]);
}

function refusing(
  object: object,
  key: string,
  kind: AmbientKind,
  name: string,
  { value, get }: PropertyDescriptor,
): Replacement {
  // The getter of a global is called only when its value is used, because it may load a module or print a warning.
  const read = (): unknown => (get === undefined ? value : Reflect.apply(get, object, []));
  if (object === globalThis && OBJECTS.has(key)) return { value: refusingObject(name, kind, read) };
  if (object === globalThis && get !== undefined) {
    return { value: refusingFunction(name, kind, (...args) => Reflect.apply(read() as AnyFunction, object, args)) };
  }
  if (typeof value === 'function') return { value: refusingFunction(name, kind, value) };
  return { get: refusingGetter(name, kind, get ?? (() => value)) };
}

/** Returns the name of the global instance of a prototype, such as `crypto` for `Crypto.prototype`. */
function instanceName(path: string): string | undefined {
  return /^(Crypto|Performance|Navigator)\.prototype$/.exec(path)?.[1]?.toLowerCase();
}

/** Returns the prototype, or its instance if the prototype's own property cannot be replaced, as in Bun. */
function replaceableHolder(object: object, path: string, key: string): object {
  const instance = instanceName(path);
  if (instance === undefined || Object.getOwnPropertyDescriptor(object, key)?.configurable !== false) return object;
  return objectAt(instance) ?? object;
}

/** Returns the usual name in a program, such as `crypto.randomUUID` for a method of `Crypto.prototype`. */
function nameOf(path: string, key: string): string {
  const object = instanceName(path) ?? path;
  return object === '' ? key : `${object}.${key}`;
}

/** Yields slots for the methods that need a locale. Some of them need a time zone too. */
export function* localeSlots(): Iterable<Slot> {
  for (const { holder, method, argument, locales } of LOCALE_METHODS) {
    const object = objectAt(holder);
    if (object === undefined) continue;
    const formatter: unknown = locales === undefined ? undefined : Reflect.get(Intl, locales);
    const call = `${holder}.${method}()`;
    const replacement = ({ value: original }: PropertyDescriptor): Replacement => ({
      value: function replaced(this: unknown, ...args: unknown[]): unknown {
        if (!namesLocale(args[argument], formatter) && !isCalledByEngine(replaced)) forbid(call, 'locale', replaced);
        if (locales === 'DateTimeFormat' && !namesTimeZone(args[argument + 1]) && !isCalledByEngine(replaced))
          forbid(call, 'time zone', replaced);
        return Reflect.apply(original, this, args);
      },
    });
    yield { object, key: method, replacement };
  }
}
