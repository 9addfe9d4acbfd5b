/**
 * What a rewritten module has beside its own definitions. Everything stands behind what was there, so that no index of the
 * module changes: types, functions, globals and exports.
 */
import { RESERVED } from './budget.ts';
import { unsignedBytes } from './cursor.ts';
import type { FunctionTypes } from './function-types.ts';
import { Op } from './instructions.ts';
import { concat, Section, type Sections } from './sections.ts';
import type { Spaces } from './spaces.ts';

export const I32 = 0x7f;
export const I64 = 0x7e;

/** `exportdesc`. */
export const ExportKind = { function: 0, global: 3 } as const;

const MUTABLE = 1;

/** A function, as its vectors of parameters, results and locals, and its code without the last `end`. */
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

  /** A call of a function that is made where it is first asked for. */
  call(name: string, make: () => AddedFunction): readonly number[] {
    let index = this.#functions.get(name);
    if (index === undefined) {
      const { params, results, locals, code } = make();
      index = this.#first.function + this.#bodies.length;
      this.#functions.set(name, index);
      this.#signatures.push(unsignedBytes(this.#types.add(params, results)));
      const body = [...locals, ...code, Op.end];
      this.#bodies.push([...unsignedBytes(body.length), ...body]);
    }
    return [Op.call, ...unsignedBytes(index)];
  }

  /** A mutable global that is exported; what comes back is its index, as it is written. */
  global(name: string, type: number, init: readonly number[]): readonly number[] {
    const index = unsignedBytes(this.#first.global + this.#globals.length);
    this.#globals.push([type, MUTABLE, ...init, Op.end]);
    this.export(name, ExportKind.global, index);
    return index;
  }

  export(name: string, kind: number, index: readonly number[]): void {
    this.#exports.push([...unsignedBytes(name.length), ...new TextEncoder().encode(name), kind, ...index]);
  }

  /** Everything but the code goes to its place. */
  addTo(sections: Sections): void {
    this.#types.addTo(sections);
    sections.append(Section.function, this.#signatures);
    sections.append(Section.global, this.#globals);
    sections.append(Section.export, this.#exports);
  }

  /** The code section: the bodies of the module's own functions, and those of the functions that are added. */
  code(count: number, bodies: readonly Uint8Array[]): Uint8Array {
    return concat([unsignedBytes(count + this.#bodies.length), ...bodies, ...this.#bodies]);
  }
}

/** Whether a module exports a name that only a rewritten one has. */
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
