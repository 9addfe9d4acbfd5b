/** Replaces properties while a decision runs, and restores them afterwards. */

/** A property to replace. */
export interface Slot {
  readonly object: object;
  readonly key: string;
  /** Makes the replacement of the property: a value or a getter. */
  readonly replacement: (original: PropertyDescriptor) => Replacement;
}

/** The replacement of a property. */
export type Replacement = { readonly value: unknown } | { readonly get: () => unknown };

/** A function in a property descriptor. */
export type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

/** A slot that caches its replacement while the property is the same, so that a run costs less than a millisecond. */
interface Kept extends Slot {
  original?: PropertyDescriptor;
  made?: PropertyDescriptor;
}

/** Replaces the properties of all slots, and returns a function that restores them. */
export function replaceAll(slots: readonly Slot[]): () => void {
  const replaced: [slot: Slot, own: PropertyDescriptor | undefined][] = [];
  const restore = (): void => {
    for (const [{ object, key }, own] of replaced.reverse()) {
      if (own === undefined) Reflect.deleteProperty(object, key);
      else Object.defineProperty(object, key, own);
    }
  };
  try {
    for (const slot of slots) {
      const own = Object.getOwnPropertyDescriptor(slot.object, slot.key);
      const original = own ?? inherited(slot.object, slot.key);
      // The engine does not have the property, or the property could not be restored.
      if (original === undefined || own?.configurable === false) continue;
      Object.defineProperty(slot.object, slot.key, madeFor(slot, original));
      replaced.push([slot, own]);
    }
  } catch (error) {
    restore();
    throw error;
  }
  return restore;
}

function inherited(object: object, key: string): PropertyDescriptor | undefined {
  for (let holder = Object.getPrototypeOf(object); holder !== null; holder = Object.getPrototypeOf(holder)) {
    const descriptor = Object.getOwnPropertyDescriptor(holder, key);
    if (descriptor !== undefined) return descriptor;
  }
  return undefined;
}

function madeFor(slot: Kept, original: PropertyDescriptor): PropertyDescriptor {
  const { original: last, made } = slot;
  if (made !== undefined && last?.value === original.value && last?.get === original.get) return made;
  slot.original = original;
  return (slot.made = {
    ...hidden(slot, slot.replacement(original)),
    configurable: true,
    enumerable: original.enumerable === true,
  });
}

/**
 * Wraps a replacement on the global object in a getter, because Jest collects every value there and empties it when a
 * test file has ended.
 */
function hidden({ object }: Slot, replacement: Replacement): PropertyDescriptor {
  if ('get' in replacement) return replacement;
  const { value } = replacement;
  return object === globalThis ? { get: () => value } : { value, writable: true };
}

/** Returns the object at a path from the global object, or undefined if this engine does not have it. */
export function objectAt(path: string): object | undefined {
  let object: unknown = globalThis;
  for (const step of path === '' ? [] : path.split('.')) {
    if ((typeof object !== 'object' && typeof object !== 'function') || object === null) return undefined;
    object = Reflect.get(object, step);
  }
  return (typeof object === 'object' && object !== null) || typeof object === 'function' ? object : undefined;
}
