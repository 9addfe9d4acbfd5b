/**
 * Results, contexts and failures as JSON, for logs and HTTP responses. `JSON.stringify` throws on a `bigint`, and
 * writes bytes as an object with a number for each of them.
 *
 * | value | in JSON | source |
 * |---|---|---|
 * | `bigint` | a string of its decimal digits: `"42"` | ProtoJSON, for 64-bit integers |
 * | `Uint8Array` | a base64 string | ProtoJSON |
 * | `Date` | an ISO 8601 string | `Date.prototype.toJSON` |
 * | `Map` | an array of pairs | |
 * | `Set` | an array | |
 * | `Error` | `{ name, message, code?, payload?, cause? }` | |
 * | `undefined`, a function, a symbol | the field is left out; `null` in an array | `JSON.stringify` |
 *
 * The result is for people and logs. It is not a codec, because the string of a number cannot be distinguished from
 * other strings. The JSON codec is `decidable/codecs/json`.
 */
import { toBase64 } from './base64.ts';
import { MAX_VALUE_DEPTH } from './limits.ts';

/** A value that `JSON.stringify` writes unchanged. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue };

/** An object that converts itself for `JSON.stringify`, bigints and bytes included. */
export interface JsonConvertible {
  /**
   * Converts the object for `JSON.stringify`, which calls this method. The values are converted as by {@link toJson}.
   */
  toJSON(): JsonValue;
}

/**
 * Converts any value for `JSON.stringify`: a `bigint` becomes its decimal digits, bytes become base64.
 *
 * Results and failures of the event sourcer have a `toJSON` that does this. Use the function for other values, such as
 * a `RecordedDecision` or the data of an event. A value that is nested deeper than 100 levels, such as a cycle, ends in
 * `"…"`.
 *
 * @example JSON.stringify(toJson({ revision: 3n, hash: new Uint8Array([1, 2]) })); // '{"revision":"3","hash":"AQI="}'
 */
export function toJson(value: unknown): JsonValue {
  return converted(value, 0) ?? null;
}

/** Returns the converted value, or `undefined` if JSON has no such value. */
function converted(value: unknown, depth: number): JsonValue | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : null;
    case 'bigint':
      return String(value);
    case 'object':
      if (value === null) return null;
      return depth > MAX_VALUE_DEPTH ? '…' : convertedObject(value, depth + 1);
    default:
      return undefined;
  }
}

function convertedObject(value: object, depth: number): JsonValue {
  if (value instanceof Uint8Array) return toBase64(value);
  if (value instanceof Date) return value.toJSON();
  if (value instanceof Map) return [...value].map((pair) => converted(pair, depth) ?? null);
  if (Array.isArray(value) || value instanceof Set) return [...value].map((item) => converted(item, depth) ?? null);
  if (value instanceof Error) return fields(errorFields(value), depth);
  return fields(value, depth);
}

function fields(value: object, depth: number): JsonValue {
  const entries = Object.entries(value).flatMap(([name, field]) => {
    const json = converted(field, depth);
    return json === undefined ? [] : [[name, json] as const];
  });
  return Object.fromEntries(entries);
}

/** Returns the fields of an error. The stack is left out, because it contains file paths of the machine. */
function errorFields(error: Error): object {
  const { name, message, cause } = error;
  const code: unknown = Reflect.get(error, 'code');
  const payload: unknown = Reflect.get(error, 'payload');
  return { name, message, code, payload, cause };
}
