/**
 * Budgets in the code itself: a core module is rewritten so that it counts, and traps where it has nothing left. An engine's
 * own limits differ from machine to machine, and change as code warms up; these do not.
 *
 * - *Fuel*: one unit for each call of a function, and one for each round of a loop. All other code runs once between those.
 * - *Call depth*: how many functions of the module are active at once.
 *
 * Two globals are added behind the module's own, so that no index changes, and exported under names that nobody else uses.
 * Each function's body becomes a block, so that it has one way out, where its depth is given back:
 *
 * ```wat
 * <depth - 1, trap below 0> <fuel - 1, trap below 0>
 * block (result …) <body: `return` leaves the block, `loop` begins with fuel - 1> end
 * <depth + 1>
 * ```
 */
import { UnsupportedError } from '../../../component/index.ts';
import { Cursor, signedBytes, unsignedBytes } from './cursor.ts';
import { EMPTY_BLOCK, Op, opensBlock, skipImmediates } from './instructions.ts';

/** The exports of a metered module: an `i64` and an `i32` that hold what is left. */
export const FUEL = 'decidable fuel';
export const DEPTH = 'decidable depth';

const HEADER_LENGTH = 8;
const Section = { type: 1, import: 2, function: 3, global: 6, export: 7, code: 10, tag: 13 } as const;
/** The order in which sections stand; custom ones anywhere. */
const ORDER = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];
const FUNCTION_TYPE = 0x60;
const I32 = 0x7f;
const I64 = 0x7e;
const MUTABLE = 1;
const GLOBAL_EXPORT = 3;

interface SectionBytes {
  readonly id: number;
  readonly content: Uint8Array;
}

/** What a call may use up, in each core module of the component. */
export interface Budget {
  /** Calls of functions, and rounds of loops. */
  readonly fuel: number;
  /** Functions that are active at once. */
  readonly callDepth: number;
}

/**
 * The module with budgets, which are full at its start; one that has no code stays as it is.
 * @throws UnsupportedError for garbage-collected types.
 */
export function meter(module: Uint8Array<ArrayBuffer>, budget: Budget): Uint8Array<ArrayBuffer> {
  const sections = sectionsOf(module);
  const contentOf = (id: number): Uint8Array | undefined => sections.find((section) => section.id === id)?.content;
  const code = contentOf(Section.code);
  if (code === undefined || code[0] === 0) return module;

  const types = new FunctionTypes(contentOf(Section.type) ?? new Uint8Array(1));
  const functions = indicesOf(contentOf(Section.function));
  const globals = importedGlobals(contentOf(Section.import)) + countOf(contentOf(Section.global));
  const counters = { fuel: unsignedBytes(globals), depth: unsignedBytes(globals + 1) };
  const bodies = meterBodies(code, functions, types, counters);

  const replaced = new Map<number, Uint8Array>([
    [Section.type, types.content()],
    [
      Section.global,
      appended(contentOf(Section.global), [
        [I64, MUTABLE, Op.i64Const, ...signedBytes(BigInt(budget.fuel)), Op.end],
        [I32, MUTABLE, Op.i32Const, ...signedBytes(BigInt(budget.callDepth)), Op.end],
      ]),
    ],
    [
      Section.export,
      appended(contentOf(Section.export), [
        [...nameBytes(FUEL), GLOBAL_EXPORT, ...counters.fuel],
        [...nameBytes(DEPTH), GLOBAL_EXPORT, ...counters.depth],
      ]),
    ],
    [Section.code, bodies],
  ]);
  return moduleOf(module, sections, replaced);
}

// Sections ---------------------------------------------------------------------------------------------------------------

function sectionsOf(module: Uint8Array): SectionBytes[] {
  const cursor = new Cursor(module, HEADER_LENGTH);
  const sections: SectionBytes[] = [];
  while (cursor.at < module.length) {
    const id = cursor.byte();
    const length = cursor.unsigned();
    sections.push({ id, content: module.subarray(cursor.at, cursor.at + length) });
    cursor.skip(length);
  }
  return sections;
}

/** Custom sections are left out: names and debugging information speak of code that is no longer there. */
function moduleOf(
  module: Uint8Array,
  sections: readonly SectionBytes[],
  replaced: ReadonlyMap<number, Uint8Array>,
): Uint8Array<ArrayBuffer> {
  const chunks: Uint8Array[] = [module.subarray(0, HEADER_LENGTH)];
  for (const id of ORDER) {
    const content = replaced.get(id) ?? sections.find((section) => section.id === id)?.content;
    if (content !== undefined) chunks.push(Uint8Array.of(id, ...unsignedBytes(content.length)), content);
  }
  return concat(chunks);
}

function concat(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

function countOf(vector: Uint8Array | undefined): number {
  return vector === undefined ? 0 : new Cursor(vector).unsigned();
}

/** A vector with more elements. */
function appended(vector: Uint8Array | undefined, elements: readonly (readonly number[])[]): Uint8Array {
  const cursor = new Cursor(vector ?? Uint8Array.of(0));
  const count = cursor.unsigned();
  const rest = cursor.bytes.subarray(cursor.at);
  return concat([Uint8Array.from(unsignedBytes(count + elements.length)), rest, Uint8Array.from(elements.flat())]);
}

function nameBytes(name: string): number[] {
  return [...unsignedBytes(name.length), ...new TextEncoder().encode(name)];
}

function indicesOf(section: Uint8Array | undefined): number[] {
  const indices: number[] = [];
  if (section === undefined) return indices;
  const cursor = new Cursor(section);
  cursor.repeat(() => {
    indices.push(cursor.unsigned());
  });
  return indices;
}

function importedGlobals(section: Uint8Array | undefined): number {
  let globals = 0;
  if (section === undefined) return globals;
  const cursor = new Cursor(section);
  cursor.repeat(() => {
    cursor.skipName();
    cursor.skipName();
    const kind = cursor.byte();
    if (kind === 1 || kind === 3) cursor.skipValueType();
    if (kind === 1 || kind === 2) cursor.skipLimits();
    if (kind === 3 || kind === 4) cursor.skip(1);
    if (kind === 0 || kind === 4) cursor.skipNumber();
    if (kind === 3) globals++;
  });
  return globals;
}

/** The types of functions, and those of blocks with several results, which are added. */
class FunctionTypes {
  readonly #section: Uint8Array;
  readonly #results: Uint8Array[] = [];
  readonly #added: number[][] = [];

  constructor(section: Uint8Array) {
    this.#section = section;
    const cursor = new Cursor(section);
    cursor.repeat(() => {
      if (cursor.byte() !== FUNCTION_TYPE) throw new UnsupportedError('metering of garbage-collected types');
      cursor.repeat(() => {
        cursor.skipValueType();
      });
      const start = cursor.at;
      cursor.repeat(() => {
        cursor.skipValueType();
      });
      this.#results.push(section.subarray(start, cursor.at));
    });
  }

  /** A block type with the results of a function type. */
  blockOf(type: number): readonly number[] {
    const results = this.#results[type]!;
    if (results[0] === 0) return [EMPTY_BLOCK];
    if (results[0] === 1) return [...results.subarray(1)];
    this.#added.push([FUNCTION_TYPE, 0, ...results]);
    return signedBytes(BigInt(this.#results.length + this.#added.length - 1));
  }

  content(): Uint8Array {
    return appended(this.#section, this.#added);
  }
}

// Code -------------------------------------------------------------------------------------------------------------------

interface Counters {
  readonly fuel: readonly number[];
  readonly depth: readonly number[];
}

function meterBodies(
  code: Uint8Array,
  functions: readonly number[],
  types: FunctionTypes,
  counters: Counters,
): Uint8Array {
  const spend = [
    ...[Op.globalGet, ...counters.fuel, Op.i64Const, 1, Op.i64Sub, Op.globalSet, ...counters.fuel],
    ...[Op.globalGet, ...counters.fuel, Op.i64Const, 0, Op.i64LessThan, Op.if, EMPTY_BLOCK, Op.unreachable, Op.end],
  ];
  const enter = [
    ...[Op.globalGet, ...counters.depth, Op.i32Const, 1, Op.i32Sub, Op.globalSet, ...counters.depth],
    ...[Op.globalGet, ...counters.depth, Op.i32Const, 0, Op.i32LessThan, Op.if, EMPTY_BLOCK, Op.unreachable, Op.end],
    ...spend,
  ];
  const leave = [Op.globalGet, ...counters.depth, Op.i32Const, 1, Op.i32Add, Op.globalSet, ...counters.depth];

  const cursor = new Cursor(code);
  const chunks: Uint8Array[] = [];
  cursor.repeat(() => {
    const length = cursor.unsigned();
    const end = cursor.at + length;
    const locals = cursor.at;
    cursor.repeat(() => {
      cursor.skipNumber();
      cursor.skipValueType();
    });
    const block = types.blockOf(functions[chunks.length / 2]!);
    const body = [code.subarray(locals, cursor.at), Uint8Array.from([...enter, Op.block, ...block])];
    body.push(...meterBody(cursor, end, spend, leave), Uint8Array.from([...leave, Op.end]));
    const whole = concat(body);
    chunks.push(Uint8Array.from(unsignedBytes(whole.length)), whole);
  });
  return concat([Uint8Array.from(unsignedBytes(functions.length)), ...chunks]);
}

/** The instructions up to `end`, the last of which closes the block that they stand in now. */
function meterBody(cursor: Cursor, end: number, spend: readonly number[], leave: readonly number[]): Uint8Array[] {
  const { bytes } = cursor;
  const chunks: Uint8Array[] = [];
  let copied = cursor.at;
  const copyTo = (at: number): void => {
    if (at > copied) chunks.push(bytes.subarray(copied, at));
    copied = at;
  };
  let nesting = 0;
  while (cursor.at < end) {
    const start = cursor.at;
    const op = cursor.byte();
    skipImmediates(cursor, op);
    if (opensBlock(op)) nesting++;
    else if (op === Op.end || op === Op.delegate) nesting--;
    if (op === Op.loop) {
      copyTo(cursor.at);
      chunks.push(Uint8Array.from(spend));
    } else if (op === Op.return) {
      copyTo(start);
      chunks.push(Uint8Array.from([Op.br, ...unsignedBytes(nesting)]));
      copied = cursor.at;
    } else if (op === Op.returnCall || op === Op.returnCallIndirect || op === Op.returnCallRef) {
      copyTo(start);
      chunks.push(Uint8Array.from(leave));
    }
  }
  copyTo(end);
  return chunks;
}
