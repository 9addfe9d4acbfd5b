/**
 * The types, functions, globals and exports that rewriting adds to a module. They come after its own
 * definitions, so that no index of the module changes.
 */
import { RESERVED } from './budget.ts';
import { unsignedBytes } from './cursor.ts';
import type { FunctionTypes } from './function-types.ts';
import { Op } from './instructions.ts';
import { concat, Section, type Sections } from './sections.ts';
import type { Spaces } from './spaces.ts';

export const I32 = 0x7f;
export const I64 = 0x7e;

/** The bytes of the kinds of exports (`exportdesc`). */
export const ExportKind = { function: 0, global: 3 } as const;

const MUTABLE = 1;

/** A function to add, with its vectors of parameters, results and locals, and its code without the last `end`. */
export interface AddedFunction {
  readonly params: readonly number[];
  readonly results: readonly number[];
  readonly locals: readonly number[];
  readonly code: readonly number[];
}

export class Additions {
  readonly #types: FunctionTypes;
  readonly #functions = new Map<string, number>();
  readonly #signatures: number[][] = [];
  readonly #bodies: number[][] = [];
  readonly #globals: number[][] = [];
  readonly #exports: number[][] = [];
  readonly #first: { readonly function: number; readonly global: number };

  constructor(types: FunctionTypes, spaces: Spaces) {
    this.#types = types;
    this.#first = { function: spaces.functions, global: spaces.globals };
  }

  /**
   * Returns code that calls the added function `name`. When a name is first used, it adds the function that `make`
   * returns.
   */
  call(name: string, make: () => AddedFunction): readonly number[] {
    return [Op.call, ...this.function(name, make)];
  }

  /** Returns the encoded index of the function of this name. The first call with a name adds the function. */
  function(name: string, make: () => AddedFunction): readonly number[] {
    let index = this.#functions.get(name);
    if (index === undefined) {
      const { params, results, locals, code } = make();
      index = this.#first.function + this.#bodies.length;
      this.#functions.set(name, index);
      this.#signatures.push(unsignedBytes(this.#types.add(params, results)));
      const body = [...locals, ...code, Op.end];
      this.#bodies.push([...unsignedBytes(body.length), ...body]);
    }
    return unsignedBytes(index);
  }

  /** Adds a mutable global that is exported. Returns its encoded index. */
  global(name: string, type: number, init: readonly number[]): readonly number[] {
    const index = unsignedBytes(this.#first.global + this.#globals.length);
    this.#globals.push([type, MUTABLE, ...init, Op.end]);
    this.export(name, ExportKind.global, index);
    return index;
  }

  export(name: string, kind: number, index: readonly number[]): void {
    this.#exports.push([...unsignedBytes(name.length), ...new TextEncoder().encode(name), kind, ...index]);
  }

  /** Adds everything except the code to the sections. */
  addTo(sections: Sections): void {
    this.#types.addTo(sections);
    sections.append(Section.function, this.#signatures);
    sections.append(Section.global, this.#globals);
    sections.append(Section.export, this.#exports);
  }

  /** Returns the code section: the bodies of the module's own functions, then those of the added functions. */
  code(count: number, bodies: readonly Uint8Array[]): Uint8Array {
    return concat([unsignedBytes(count + this.#bodies.length), ...bodies, ...this.#bodies]);
  }
}

/** Returns whether a module exports a name that is reserved for rewritten modules. */
export function exportsReserved(sections: Sections): boolean {
  for (const cursor of sections.elements(Section.export)) {
    const start = cursor.at;
    if (cursor.startsWithName(RESERVED)) return true;
    cursor.at = start;
    cursor.skipName();
    cursor.skip(1);
    cursor.skipNumber();
  }
  return false;
}
