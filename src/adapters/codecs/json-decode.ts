/**
 * Decodes JSON strictly (RFC 8259; docs/encoding.md §3). `JSON.parse` is not used, because it accepts duplicate keys,
 * rounds integers, keeps lone surrogates and does not limit the depth. Spaces, other orders of keys and other forms of
 * numbers and escapes are accepted, because people and other libraries write them.
 */

import { toBase64 } from '../../core/base64.ts';
import type { Subject } from '../../core/codec/codec.ts';
import {
  bigIntegerBytes,
  NOT_FINITE_PROBLEM,
  NoValue,
  normalFloat,
  PROTO_PROBLEM,
  undecodable,
} from '../../core/codec/values.ts';
import { isFault } from '../../core/errors.ts';
import { MAX_BIG_INTEGER_BYTES, MAX_VALUE_DEPTH } from '../../core/limits.ts';
import { encodeJson } from './json-encode.ts';

const textDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Decodes JSON. @throws FaultError `undecodable-payload` with the byte offset. */
export function decodeJson(bytes: Uint8Array, subject: Subject): unknown {
  let text: string;
  try {
    text = textDecoder.decode(bytes);
  } catch {
    throw undecodable(0, 'the bytes are not valid UTF-8', subject);
  }
  const reading = new Reading(text);
  try {
    return reading.whole();
  } catch (error) {
    if (!(error instanceof NoValue)) throw error;
    const offset = new TextEncoder().encode(text.slice(0, error.offset)).length;
    throw undecodable(offset, error.problem, subject);
  }
}

const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
/** Matches characters that need no escape, up to a quote, an escape or a control character. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: RFC 8259 §7 refuses them.
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const ESCAPE = /\\(?:(["\\/bfnrt])|u([0-9a-fA-F]{4}))/y;
const ESCAPED: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };
/** The maximum length of an integer as text. A byte has 2.41 decimal digits, and there may be a sign. */
const LONGEST_INTEGER = Math.ceil(MAX_BIG_INTEGER_BYTES * 2.41) + 1;

class Reading {
  readonly #text: string;
  #index = 0;
  #insideCollection = false;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): unknown {
    const value = this.#value(0);
    this.#match(SPACE);
    if (this.#index < this.#text.length) this.#refuse('expected the end of the text after the value');
    return value;
  }

  #refuse(problem: string, index: number = this.#index): never {
    throw new NoValue(index, problem);
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#index;
    const match = pattern.exec(this.#text);
    if (match !== null) this.#index = pattern.lastIndex;
    return match;
  }

  /** Skips spaces, and then the token if it is next. Returns whether the token was next. */
  #takes(token: string): boolean {
    this.#match(SPACE);
    if (!this.#text.startsWith(token, this.#index)) return false;
    this.#index += token.length;
    return true;
  }

  #expect(token: string, where: string): void {
    if (!this.#takes(token)) this.#refuse(`expected ${JSON.stringify(token)} ${where}`);
  }

  #value(depth: number): unknown {
    if (this.#takes('"')) return this.#string();
    const at = this.#index;
    if (this.#takes('{')) return this.#object(at, depth);
    if (this.#takes('[')) return this.#array(this.#nested(at, depth));
    if (this.#takes('true')) return true;
    if (this.#takes('false')) return false;
    if (this.#takes('null')) return null;
    return this.#number();
  }

  /** Returns the depth of the values in a list, record, set or map at `depth`. */
  #nested(at: number, depth: number): number {
    if (depth >= MAX_VALUE_DEPTH) this.#refuse(`a value is nested deeper than ${MAX_VALUE_DEPTH} levels`, at);
    return depth + 1;
  }

  #number(): number | bigint {
    const at = this.#index;
    const match = this.#match(NUMBER);
    if (match === null) return this.#refuse('expected a JSON value');
    const [token, fraction, exponent] = match;
    const value = Number(token);
    const isInteger = fraction === undefined && exponent === undefined;
    if (isInteger && !Number.isSafeInteger(value)) return this.#bigInteger(token, at);
    if (!Number.isFinite(value)) return this.#refuse(`a number ${NOT_FINITE_PROBLEM}`, at);
    return normalFloat(value);
  }

  /**
   * Converts an integer to a bigint. The length of the text is checked first, because converting takes quadratic time.
   */
  #bigInteger(token: string, at: number): bigint {
    const value = token.length > LONGEST_INTEGER ? undefined : BigInt(token);
    if (value !== undefined && bigIntegerBytes(value) <= MAX_BIG_INTEGER_BYTES) return value;
    return this.#refuse(`an integer has more than ${MAX_BIG_INTEGER_BYTES} bytes`, at);
  }

  /** Reads a string after its first quote. */
  #string(): string {
    const at = this.#index - 1;
    let text = this.#match(PLAIN)?.[0] ?? '';
    while (!this.#text.startsWith('"', this.#index)) {
      const escaped = this.#match(ESCAPE);
      if (escaped === null) this.#refuse('a string has no end, an invalid escape or a control character');
      const [, letter, unit] = escaped as RegExpExecArray;
      text += unit === undefined ? (ESCAPED[letter!] ?? letter!) : String.fromCharCode(Number.parseInt(unit, 16));
      text += this.#match(PLAIN)?.[0] ?? '';
    }
    this.#index++;
    if (!text.isWellFormed()) this.#refuse('a string contains a lone surrogate', at);
    return text;
  }

  /** Reads an array after its bracket. */
  #array(depth: number): unknown[] {
    const array: unknown[] = [];
    if (this.#takes(']')) return array;
    do array.push(this.#value(depth));
    while (this.#takes(','));
    this.#expect(']', 'at the end of an array');
    return array;
  }

  /** Reads an object after its brace. */
  #object(at: number, depth: number): unknown {
    const record: Record<string, unknown> = {};
    if (this.#takes('}')) return this.#nested(at, depth) && record;
    do {
      this.#expect('"', 'before a key');
      const keyAt = this.#index - 1;
      const key = this.#string();
      this.#expect(':', 'after a key');
      if (/^\$(?!\$)/.test(key)) {
        return Object.keys(record).length === 0 ? this.#tagged(key, at, depth) : this.#refuse(TAG_PROBLEM, keyAt);
      }
      const name = key.startsWith('$') ? key.slice(1) : key;
      if (name === '__proto__') this.#refuse(`a key ${PROTO_PROBLEM}`, keyAt);
      if (Object.hasOwn(record, name)) this.#refuse(`the key ${JSON.stringify(name)} is duplicated`, keyAt);
      record[name] = this.#value(this.#nested(at, depth));
    } while (this.#takes(','));
    this.#expect('}', 'at the end of an object');
    return record;
  }

  #tagged(tag: string, at: number, depth: number): unknown {
    const value = this.#fromTag(tag, at, depth);
    if (!this.#takes('}')) this.#refuse(TAG_PROBLEM);
    return value;
  }

  #fromTag(tag: string, at: number, depth: number): unknown {
    switch (tag) {
      case '$int':
        return this.#int(this.#textOf(tag), at);
      case '$date':
        return this.#date(this.#textOf(tag), at);
      case '$bytes':
        return this.#bytes(this.#textOf(tag), at);
      case '$set':
        return this.#collection(at, () => this.#set(at, this.#nested(at, depth)));
      case '$map':
        return this.#collection(at, () => this.#map(at, this.#nested(at, depth)));
      default:
        return this.#refuse(`unknown tag ${JSON.stringify(tag)}; if the key of a record begins with $, write $$`, at);
    }
  }

  #textOf(tag: string): string {
    this.#expect('"', `after ${tag}`);
    return this.#string();
  }

  #int(text: string, at: number): number | bigint {
    if (!/^(?:0|-?[1-9]\d*)$/.test(text)) this.#refuse('$int must contain an integer, such as "9007199254740993"', at);
    const number = Number(text);
    return Number.isSafeInteger(number) ? number : this.#bigInteger(text, at);
  }

  #date(text: string, at: number): Date {
    const date = new Date(text);
    const isExact = !Number.isNaN(date.getTime()) && date.toISOString() === text;
    return isExact ? date : this.#refuse('$date must contain a date of the form 2026-01-31T12:00:00.000Z', at);
  }

  #bytes(text: string, at: number): Uint8Array {
    const problem = '$bytes must contain base64 with padding';
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) {
      return this.#refuse(problem, at);
    }
    const bytes = Uint8Array.from(atob(text), (unit) => unit.charCodeAt(0));
    return toBase64(bytes) === text ? bytes : this.#refuse(problem, at);
  }

  #set(at: number, depth: number): Set<unknown> {
    this.#expect('[', 'after $set');
    const elements = this.#array(depth);
    const set = new Set(elements);
    return set.size === elements.length ? set : this.#refuse(EQUAL_PROBLEM, at);
  }

  #map(at: number, depth: number): Map<unknown, unknown> {
    const map = new Map<unknown, unknown>();
    this.#expect('[', 'after $map');
    if (this.#takes(']')) return map;
    do {
      this.#expect('[', 'before a key and its value');
      const key = this.#value(depth);
      if (map.has(key)) this.#refuse(EQUAL_PROBLEM, at);
      this.#expect(',', 'between a key and its value');
      map.set(key, this.#value(depth));
      this.#expect(']', 'after a key and its value');
    } while (this.#takes(','));
    this.#expect(']', 'at the end of a map');
    return map;
  }

  /**
   * Reads a set or a map. The outermost collection is encoded again, because the encoder refuses equal elements.
   * JavaScript itself compares objects only by identity.
   */
  #collection(at: number, read: () => unknown): unknown {
    if (this.#insideCollection) return read();
    this.#insideCollection = true;
    const value = read();
    this.#insideCollection = false;
    try {
      encodeJson(value, { kind: 'state', type: 'collection', schemaVersion: 1 });
    } catch (error) {
      throw isFault(error) ? new NoValue(at, EQUAL_PROBLEM) : error;
    }
    return value;
  }
}

const EQUAL_PROBLEM = 'a set or a map contains two elements or keys that are equal';
const TAG_PROBLEM =
  'a key with one $ is a tag and must be the only key; if the key of a record begins with $, write $$';
