/** Encodes values as canonical JSON (docs/encoding.md §3). */

import { toBase64 } from '../../core/base64.ts';
import { type ElementEncoder, orderedElements, orderedEntries } from '../../core/codec/canonical-order.ts';
import type { Subject } from '../../core/codec/codec.ts';
import {
  bigIntegerBytes,
  compareUtf8,
  depthProblem,
  INVALID_DATE_PROBLEM,
  isRecord,
  kindProblem,
  LONE_SURROGATE_PROBLEM,
  NOT_FINITE_PROBLEM,
  type Path,
  PROTO_PROBLEM,
  sortKeys,
  TOO_BIG_PROBLEM,
  unencodable,
} from '../../core/codec/values.ts';
import { MAX_BIG_INTEGER_BYTES, MAX_VALUE_DEPTH } from '../../core/limits.ts';

const textEncoder = new TextEncoder();

/** Encodes a value as canonical JSON. @throws FaultError `unencodable-value` with the path. */
export function encodeJson(value: unknown, subject: Subject): Uint8Array {
  return textEncoder.encode(new Writing(value, subject).text(value, []));
}

/** Encodes one value. An instance keeps the root and the subject, which every step needs for its errors. */
class Writing {
  readonly #root: unknown;
  readonly #subject: Subject;

  constructor(root: unknown, subject: Subject) {
    this.#root = root;
    this.#subject = subject;
  }

  text(value: unknown, path: Path): string {
    switch (typeof value) {
      case 'string':
        return this.#string(value, path);
      case 'number':
        return this.#number(value, path);
      case 'bigint':
        return this.#integer(value, path);
      case 'boolean':
        return value ? 'true' : 'false';
      case 'object':
        return value === null ? 'null' : this.#object(value, path);
      default:
        return this.#refuse(path, kindProblem(value));
    }
  }

  #refuse(path: Path, problem: string): never {
    throw unencodable(path, problem, this.#subject);
  }

  #object(value: object, path: Path): string {
    if (value instanceof Date) return this.#date(value, path);
    if (value instanceof Uint8Array) return `{"$bytes":"${toBase64(value)}"}`;
    if (path.length >= MAX_VALUE_DEPTH) return this.#refuse(path, depthProblem(this.#root, path));
    if (Array.isArray(value)) return `[${this.#elements(value, path).join(',')}]`;
    if (isRecord(value)) return this.#record(value, path);
    if (value instanceof Set) return this.#set(value, path);
    if (value instanceof Map) return this.#map(value, path);
    return this.#refuse(path, kindProblem(value));
  }

  /**
   * Uses `JSON.stringify`, because it writes strings canonically. It uses the shortest escapes, and only those that are
   * needed (RFC 8785 §3.2.2.2).
   */
  #string(value: string, path: Path): string {
    return value.isWellFormed() ? JSON.stringify(value) : this.#refuse(path, LONE_SURROGATE_PROBLEM);
  }

  #number(value: number, path: Path): string {
    if (!Number.isFinite(value)) return this.#refuse(path, NOT_FINITE_PROBLEM);
    if (Number.isSafeInteger(value)) return String(value + 0);
    if (Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 64) return this.#integer(BigInt(value), path);
    const text = String(value);
    // A float must not look like an integer, because 100000000000000000000 would be decoded as one.
    return /[.e]/.test(text) ? text : `${text}.0`;
  }

  #integer(value: bigint, path: Path): string {
    if (Number.isSafeInteger(Number(value))) return String(value);
    if (bigIntegerBytes(value) > MAX_BIG_INTEGER_BYTES) return this.#refuse(path, TOO_BIG_PROBLEM);
    return `{"$int":"${value}"}`;
  }

  #date(value: Date, path: Path): string {
    if (Number.isNaN(value.getTime())) return this.#refuse(path, INVALID_DATE_PROBLEM);
    return `{"$date":"${value.toISOString()}"}`;
  }

  /**
   * Encodes the elements of an array. The loop uses an index, because `map` would skip holes. Holes are undefined, so
   * they are refused.
   */
  #elements(values: readonly unknown[], path: Path): string[] {
    return Array.from(values, (element, index) => this.text(element, [...path, index]));
  }

  #record(record: Readonly<Record<string, unknown>>, path: Path): string {
    let text = '';
    for (const key of sortKeys(Object.keys(record))) {
      const value = record[key];
      if (value === undefined) continue;
      const inner = [...path, key];
      if (key === '__proto__') return this.#refuse(inner, PROTO_PROBLEM);
      const name = this.#string(key.startsWith('$') ? `$${key}` : key, inner);
      text += `${text === '' ? '' : ','}${name}:${this.text(value, inner)}`;
    }
    return `{${text}}`;
  }

  #set(values: ReadonlySet<unknown>, path: Path): string {
    return `{"$set":[${orderedElements(values, this.#elementEncoder(path)).join(',')}]}`;
  }

  #map(map: ReadonlyMap<unknown, unknown>, path: Path): string {
    const entries = orderedEntries(map, this.#elementEncoder(path));
    return `{"$map":[${entries.map(([key, value]) => `[${key},${value}]`).join(',')}]}`;
  }

  #elementEncoder(path: Path): ElementEncoder<string> {
    return {
      encode: (value, index) => this.text(value, [...path, index]),
      compare: compareUtf8,
      refused: (problem) => unencodable(path, problem, this.#subject),
    };
  }
}
