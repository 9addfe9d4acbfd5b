/** Splits a core module into its sections, and joins them again. */
import { Cursor, unsignedBytes } from './cursor.ts';

export const Section = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  code: 10,
} as const;

/** The order of the sections. Custom sections may be anywhere. */
const ORDER = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];
const HEADER_LENGTH = 8;
const NAMES = 'name';

export class Sections {
  readonly #module: Uint8Array;
  readonly #contents = new Map<number, Uint8Array>();
  /** The custom section with the names of functions. It remains correct, because rewriting only adds to the module. */
  #names: Uint8Array | undefined;

  constructor(module: Uint8Array) {
    this.#module = module;
    const cursor = new Cursor(module, HEADER_LENGTH);
    while (cursor.at < module.length) {
      const id = cursor.byte();
      const length = cursor.unsigned();
      const content = module.subarray(cursor.at, cursor.at + length);
      if (id !== Section.custom) this.#contents.set(id, content);
      else if (new Cursor(content).startsWithName(NAMES)) this.#names = content;
      cursor.skip(length);
    }
  }

  /** The custom section with the names of functions. */
  get names(): Uint8Array | undefined {
    return this.#names;
  }

  content(id: number): Uint8Array | undefined {
    return this.#contents.get(id);
  }

  /** Returns the number of elements of a section that is a vector. */
  count(id: number): number {
    const content = this.#contents.get(id);
    return content === undefined ? 0 : new Cursor(content).unsigned();
  }

  /** Yields a cursor at the start of each element of a section that is a vector. */
  *elements(id: number): Generator<Cursor> {
    const content = this.#contents.get(id);
    if (content === undefined) return;
    const cursor = new Cursor(content);
    for (let count = cursor.unsigned(); count > 0; count--) yield cursor;
  }

  replace(id: number, content: Uint8Array): void {
    this.#contents.set(id, content);
  }

  remove(id: number): void {
    this.#contents.delete(id);
  }

  /** Appends elements to a section. */
  append(id: number, elements: readonly (readonly number[])[]): void {
    if (elements.length === 0) return;
    const cursor = new Cursor(this.#contents.get(id) ?? Uint8Array.of(0));
    const count = cursor.unsigned();
    const before = cursor.bytes.subarray(cursor.at);
    this.replace(id, concat([unsignedBytes(count + elements.length), before, ...elements]));
  }

  /**
   * Returns the module. It has no custom section except the names, because the content of the others may no longer
   * match the code.
   */
  module(): Uint8Array<ArrayBuffer> {
    const chunks: Bytes[] = [this.#module.subarray(0, HEADER_LENGTH)];
    const add = (id: number, content: Uint8Array | undefined): void => {
      if (content !== undefined) chunks.push([id, ...unsignedBytes(content.length)], content);
    };
    for (const id of ORDER) add(id, this.#contents.get(id));
    add(Section.custom, this.#names);
    return concat(chunks);
  }
}

type Bytes = Uint8Array | readonly number[];

export function concat(chunks: readonly Bytes[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
