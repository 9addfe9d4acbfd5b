/**
 * Copies values, so that the package and its callers never share an object.
 *
 * Only the kinds of values that have an encoding are copied (docs/encoding.md §1): lists, records, dates, binary, sets
 * and maps. Other objects, such as instances of a class, are returned unchanged, because a schema may still accept or
 * drop them.
 */
import { isRecord } from './values.ts';

/** Returns a deep copy of a value without cycles. */
export function copyValue(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? copyObject(value, copyValue) : value;
}

/** Returns a deep copy of a caller's value, which may contain cycles. Each field is read once. */
export function copyForeign(value: unknown): unknown {
  const copies = new Map<object, unknown>();
  const copy = (original: unknown): unknown => {
    if (typeof original !== 'object' || original === null) return original;
    if (copies.has(original)) return copies.get(original);
    return copyObject(original, copy, (made) => copies.set(original, made));
  };
  return copy(value);
}

type Copy = (value: unknown) => unknown;

/** Copies an object. `begun` is called with the empty copy of a container before its content is copied. */
function copyObject(value: object, copy: Copy, begun?: (made: object) => void): object {
  if (Array.isArray(value)) return copyList(value, copy, begun);
  if (isRecord(value)) return copyRecord(value, copy, begun);
  if (value instanceof Date) return new Date(value.getTime());
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (value instanceof Set) return copySet(value, copy, begun);
  if (value instanceof Map) return copyMap(value, copy, begun);
  return value;
}

function copyList(list: readonly unknown[], copy: Copy, begun?: (made: object) => void): unknown[] {
  const made = [...list];
  begun?.(made);
  for (let index = 0; index < made.length; index++) {
    const element = made[index];
    if (typeof element === 'object' && element !== null) made[index] = copy(element);
  }
  return made;
}

function copyRecord(record: Readonly<Record<string, unknown>>, copy: Copy, begun?: (made: object) => void): object {
  // A spread is several times faster than a loop, and it defines a field `__proto__`, which an assignment would not.
  const made: Record<string, unknown> = { ...record };
  begun?.(made);
  for (const key in made) {
    const field = made[key];
    if (typeof field === 'object' && field !== null) define(made, key, copy(field));
  }
  return made;
}

function define(record: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(record, key, { value });
  else record[key] = value;
}

function copySet(set: ReadonlySet<unknown>, copy: Copy, begun?: (made: object) => void): Set<unknown> {
  const made = new Set<unknown>();
  begun?.(made);
  for (const element of set) made.add(copy(element));
  return made;
}

function copyMap(
  map: ReadonlyMap<unknown, unknown>,
  copy: Copy,
  begun?: (made: object) => void,
): Map<unknown, unknown> {
  const made = new Map<unknown, unknown>();
  begun?.(made);
  for (const [key, held] of map) made.set(copy(key), copy(held));
  return made;
}
