/** The first place at which two values differ, for errors that show it. */
import { isRecord, type Path } from './values.ts';

/** Two values, and the path that leads to them. */
export interface Difference {
  readonly path: Path;
  readonly first: unknown;
  readonly second: unknown;
}

/**
 * Returns the first difference between two values, or undefined if they are equal. 5 and 5n differ, the fields of
 * records have no order, and a field that is `undefined` is absent. Sets and maps are compared in their order, which is
 * the same in all decoded values.
 */
export function differenceOf(first: unknown, second: unknown, path: Path = []): Difference | undefined {
  if (Object.is(first, second)) return undefined;
  const different = { path, first, second };
  if (typeof first !== 'object' || typeof second !== 'object' || first === null || second === null) return different;
  const kind = kindOf(first);
  if (kind !== kindOf(second)) return different;
  switch (kind) {
    case 'record':
      return differenceOfRecords(first as Fields, second as Fields, path);
    case 'date':
      return Object.is((first as Date).getTime(), (second as Date).getTime()) ? undefined : different;
    case 'other':
      return different;
    default:
      return differenceOfLists(elementsOf(first), elementsOf(second), path, different);
  }
}

type Fields = Readonly<Record<string, unknown>>;

function kindOf(value: object): 'list' | 'binary' | 'set' | 'map' | 'date' | 'record' | 'other' {
  if (Array.isArray(value)) return 'list';
  if (value instanceof Uint8Array) return 'binary';
  if (value instanceof Set) return 'set';
  if (value instanceof Map) return 'map';
  if (value instanceof Date) return 'date';
  return isRecord(value) ? 'record' : 'other';
}

function elementsOf(value: object): readonly unknown[] {
  return Array.isArray(value) ? value : [...(value as Iterable<unknown>)];
}

/**
 * Returns the first difference between two lists. If one list is a prefix of the other, the difference is the lists
 * themselves.
 */
function differenceOfLists(
  first: readonly unknown[],
  second: readonly unknown[],
  path: Path,
  whole: Difference,
): Difference | undefined {
  const shorter = Math.min(first.length, second.length);
  for (let index = 0; index < shorter; index++) {
    const difference = differenceOf(first[index], second[index], [...path, index]);
    if (difference !== undefined) return difference;
  }
  return first.length === second.length ? undefined : whole;
}

function differenceOfRecords(first: Fields, second: Fields, path: Path): Difference | undefined {
  for (const key of new Set([...Object.keys(first), ...Object.keys(second)])) {
    const [left, right] = [own(first, key), own(second, key)];
    const difference = differenceOf(left, right, [...path, key]);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function own(record: Fields, key: string): unknown {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

/** The maximum number of characters of a value that an error shows. */
const SHOWN_CHARACTERS = 80;

/** Describes a value in one line, for errors: `5n`, `"a string"`, `2026-01-31T12:00:00.000Z`, `{ amount: 5 }`. */
export function showValue(value: unknown): string {
  const text = textOf(value, 3);
  return text.length <= SHOWN_CHARACTERS ? text : `${text.slice(0, SHOWN_CHARACTERS - 1)}…`;
}

/** Describes a value. @param levels the levels of lists and records that are shown. Deeper ones are abbreviated. */
function textOf(value: unknown, levels: number): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.slice(0, SHOWN_CHARACTERS));
    case 'bigint':
      return `${value}n`;
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value);
    case 'object':
      return value === null ? 'null' : objectText(value, levels);
    case 'function':
      return 'a function';
    default:
      return String(value);
  }
}

function objectText(value: object, levels: number): string {
  const kind = kindOf(value);
  if (kind === 'date')
    return Number.isNaN((value as Date).getTime()) ? 'an invalid Date' : (value as Date).toISOString();
  if (kind === 'other') return `an instance of ${value.constructor?.name || 'a class'}`;
  if (kind === 'record') {
    const fields = Object.entries(value).map(([key, field]) =>
      levels === 0 ? key : `${key}: ${textOf(field, levels - 1)}`,
    );
    return fields.length === 0 ? '{}' : `{ ${fields.slice(0, SHOWN_CHARACTERS).join(', ')} }`;
  }
  const elements = elementsOf(value).slice(0, SHOWN_CHARACTERS);
  const name = kind === 'list' ? '' : `${kind === 'binary' ? 'Uint8Array' : value.constructor.name} `;
  return levels === 0 ? `${name}[…]` : `${name}[${elements.map((element) => textOf(element, levels - 1)).join(', ')}]`;
}
