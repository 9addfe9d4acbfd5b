/** The types of a module's functions, and added types. Source: *WebAssembly 3.0*, "Binary Format / Types". */
import { UnsupportedError } from '../../index.ts';
import type { Cursor } from './cursor.ts';
import { signedBytes, unsignedBytes } from './cursor.ts';
import { EMPTY_BLOCK } from './instructions.ts';
import { Section, type Sections } from './sections.ts';

const Form = { recursive: 0x4e, subFinal: 0x4f, sub: 0x50, array: 0x5e, struct: 0x5f, function: 0x60 } as const;

interface FunctionType {
  readonly params: number;
  /** The encoded vector of results. */
  readonly results: Uint8Array;
}

export class FunctionTypes {
  readonly #types: (FunctionType | undefined)[] = [];
  readonly #added: number[][] = [];
  readonly #indices = new Map<string, number>();

  constructor(sections: Sections) {
    for (const cursor of sections.elements(Section.type)) this.#readGroup(cursor);
  }

  /** Returns the number of parameters of a function type. */
  params(type: number): number {
    return this.#types[type]!.params;
  }

  /** Returns a block type with the results of a function type. */
  blockOf(type: number): readonly number[] {
    const { results } = this.#types[type]!;
    if (results[0] === 0) return [EMPTY_BLOCK];
    if (results[0] === 1) return [...results.subarray(1)];
    return signedBytes(this.add([0], [...results]));
  }

  /** Returns the index of the function type with these vectors of parameters and results. A missing type is added. */
  add(params: readonly number[], results: readonly number[]): number {
    const type = [Form.function, ...params, ...results];
    const key = type.join();
    let index = this.#indices.get(key);
    if (index === undefined) {
      index = this.#types.length + this.#added.push(type) - 1;
      this.#indices.set(key, index);
    }
    return index;
  }

  addTo(sections: Sections): void {
    sections.append(Section.type, this.#added);
  }

  #readGroup(cursor: Cursor): void {
    if (cursor.bytes[cursor.at] === Form.recursive) {
      cursor.skip(1);
      cursor.repeat(() => this.#readSub(cursor));
    } else this.#readSub(cursor);
  }

  #readSub(cursor: Cursor): void {
    let form = cursor.byte();
    if (form === Form.sub || form === Form.subFinal) {
      cursor.repeat(() => cursor.skipNumber());
      form = cursor.byte();
    }
    this.#types.push(form === Form.function ? readFunction(cursor) : skipAggregate(cursor, form));
  }
}

function readFunction(cursor: Cursor): FunctionType {
  const params = cursor.unsigned();
  for (let index = 0; index < params; index++) cursor.skipValueType();
  const results = cursor.taken(() => cursor.repeat(() => cursor.skipValueType()));
  return { params, results };
}

function skipAggregate(cursor: Cursor, form: number): undefined {
  if (form === Form.struct) cursor.repeat(() => skipField(cursor));
  else if (form === Form.array) skipField(cursor);
  else throw new UnsupportedError(`metering of modules with types of the form 0x${form.toString(16)}`);
  return undefined;
}

function skipField(cursor: Cursor): void {
  cursor.skipValueType();
  cursor.skip(1);
}

/** Encodes a vector of value types. */
export function vector(...types: readonly (readonly number[])[]): number[] {
  return [...unsignedBytes(types.length), ...types.flat()];
}
