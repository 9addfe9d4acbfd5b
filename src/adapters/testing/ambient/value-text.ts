/** Describes values as texts that change with them, to find changes of variables. */

const MAX_NODES = 20_000;

/** The number of each object that is compared by identity. */
const numbers = new WeakMap<object, number>();
let lastNumber = 0;

/**
 * Returns a text that changes with the value. Instances of classes and functions count as unchanged while they are the
 * same object, because schemas and other objects of libraries have caches. Missing fields, undefined and null are
 * equal.
 *
 * @param isNewMemo tells whether an object that was not seen before counts as missing
 */
export function textOf(root: unknown, isNewMemo: (value: object) => boolean = () => false): string {
  const seen = new Map<object, number>();
  const parts: string[] = [];
  const isMissing = (value: unknown): boolean => {
    if (value === undefined || value === null) return true;
    const isObject = typeof value === 'object' || typeof value === 'function';
    return isObject && !numbers.has(value) && isOpaque(value) && isNewMemo(value);
  };
  const add = (value: unknown): void => {
    if (isMissing(value)) parts.push('-');
    else if (typeof value === 'function') parts.push(`f${numberOf(value)}`);
    else if (typeof value === 'object') addObject(value as object);
    else parts.push(`${typeof value} ${String(value)}`);
  };
  const addObject = (value: object): void => {
    const known = seen.get(value);
    if (known !== undefined || parts.length > MAX_NODES) {
      parts.push(`^${known}`);
      return;
    }
    seen.set(value, seen.size);
    if (value instanceof Date) parts.push(`d${value.getTime()}`);
    else if (value instanceof RegExp) parts.push(`r${value.lastIndex}`);
    else if (ArrayBuffer.isView(value))
      parts.push(`b${String(new Uint8Array(value.buffer, value.byteOffset, value.byteLength))}`);
    else if (value instanceof Map) entries('{', [...value]);
    else if (value instanceof Set) list('(', [...value]);
    else if (Array.isArray(value)) list('[', value);
    else if (isPlain(value)) entries('{', dataOf(value));
    else parts.push(`o${numberOf(value)}`);
  };
  const list = (open: string, elements: readonly unknown[]): void => {
    parts.push(open);
    for (const element of elements) add(element);
    parts.push('.');
  };
  const entries = (open: string, all: readonly (readonly [unknown, unknown])[]): void =>
    list(open, all.filter(([, value]) => !isMissing(value)).flat());
  add(root);
  return parts.join(' ');
}

/** Returns whether the value is compared by identity. */
function isOpaque(value: object): boolean {
  if (typeof value === 'function') return true;
  const isContainer = [Date, RegExp, Map, Set].some((type) => value instanceof type);
  return !(isContainer || ArrayBuffer.isView(value) || Array.isArray(value) || isPlain(value));
}

function numberOf(value: object): number {
  let number = numbers.get(value);
  if (number === undefined) numbers.set(value, (number = ++lastNumber));
  return number;
}

export function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/** Returns the fields with data, without symbols. A getter is not called. */
export function dataOf(value: object): readonly (readonly [string, unknown])[] {
  return Object.entries(Object.getOwnPropertyDescriptors(value)).flatMap(([name, field]) =>
    'value' in field ? [[name, field.value] as const] : [],
  );
}
