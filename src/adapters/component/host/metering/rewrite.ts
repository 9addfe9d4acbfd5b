/**
 * Rewrites a core module before the engine compiles it, so that it stays within the host's bounds. The bounds are then
 * the same on every machine:
 *
 * - Its memories and tables have maxima. Further growth traps (`growth.ts`).
 * - With a budget, its functions count their work (`meter.ts`, `bulk.ts`).
 * - The NaNs that its functions compute become canonical (`floats.ts`).
 *
 * Code whose effect still differs between machines is refused (`determinism.ts`). Without a budget, only functions that
 * grow a memory or a table, or compute with floats, are changed.
 */
import { engine } from '../../engine/web-assembly.ts';
import { UnsupportedError } from '../../index.ts';
import { Additions, ExportKind, exportsReserved, I32, I64 } from './additions.ts';
import {
  type Bounds,
  type Budget,
  DEPTH,
  FILL,
  FUEL,
  OutOfBudget,
  REFUSAL,
  RESERVED,
  Refusal,
  START,
} from './budget.ts';
import { bulkCharge, growthCharge } from './bulk.ts';
import { Cursor, signedBytes } from './cursor.ts';
import { refuseIndeterminism, summarize } from './determinism.ts';
import { FunctionTypes } from './function-types.ts';
import { type GrowthParts, growFunction } from './growth.ts';
import { Misc, Op } from './instructions.ts';
import { type Changes, type MeterGlobals, meterBody, type Replace } from './meter.ts';
import { Section, Sections } from './sections.ts';
import { type Growable, limitDefined, type Spaces, spacesOf } from './spaces.ts';

/**
 * Returns the rewritten module. An invalid module is returned unchanged, so that the engine reports the error.
 *
 * @throws OutOfBudget if the initial size of a memory or a table is greater than its limit.
 * @throws IndeterminismError if the effect of an instruction differs between machines and is not granted.
 * @throws UnsupportedError if an instruction is unknown, or cannot be counted.
 */
export function rewrite(module: Uint8Array<ArrayBuffer>, bounds: Bounds): Uint8Array<ArrayBuffer> {
  const sections = new Sections(module);
  if (exportsReserved(sections)) throw new UnsupportedError(`core exports whose names begin with "${RESERVED}"`);
  const spaces = spacesOf(sections);
  const grown = [...spaces.memories, ...spaces.tables];
  const excess = grown.find((each) => !each.imported && each.min > limitOf(each, bounds));
  const countsCode = bounds.budget !== undefined && sections.count(Section.code) > 0;
  const growsCode = grown.length > 0 && mayGrow(sections.content(Section.code), spaces);
  const isCut = grown.some((each) => !each.imported && each.max > limitOf(each, bounds));
  const hasCode = sections.count(Section.code) > 0;
  if (excess === undefined && !hasCode && !isCut) return module;
  // The additions would put an index in range that was out of range.
  if (!engine.validate(module)) return module;
  if (excess !== undefined) throw tooLarge(excess, bounds);
  const grant = bounds.grant ?? [];
  const summary = summarize(sections);
  refuseIndeterminism(summary, grant);
  const canonicalNans = summary.computesNan.count > 0 && !grant.includes('nan-bits');
  if (!countsCode && !growsCode && !canonicalNans && !isCut) return module;
  limitDefined(sections, (growable) => limitOf(growable, bounds));
  if (!countsCode && !growsCode && !canonicalNans) return sections.module();
  return rewriteCode(sections, spaces, bounds, canonicalNans);
}

function tooLarge({ kind }: Growable, { maxMemoryBytes, maxTableElements }: Bounds): OutOfBudget {
  return kind === 'memory' ? new OutOfBudget('memory', maxMemoryBytes) : new OutOfBudget('tables', maxTableElements);
}

/** Returns the limit, in pages of a memory or elements of a table. */
function limitOf({ kind, pageSizeLog2 }: Growable, { maxMemoryBytes, maxTableElements }: Bounds): bigint {
  const most = kind === 'memory' ? maxMemoryBytes / 2 ** pageSizeLog2 : maxTableElements;
  return most > Number.MAX_SAFE_INTEGER ? 1n << 62n : BigInt(Math.floor(most));
}

/**
 * Returns whether the code may contain `memory.grow` or `table.grow`. It searches for their opcodes and the bytes that
 * follow them. Reading every instruction would take twenty times as long.
 */
function mayGrow(code: Uint8Array | undefined, { memories, tables }: Spaces): boolean {
  if (code === undefined) return false;
  return isCandidate(code, 0, code.length, memories.length, tables.length);
}

function isCandidate(code: Uint8Array, start: number, end: number, memories: number, tables: number): boolean {
  for (let at = start; at < end - 1; at++) {
    const byte = code[at];
    if (byte === Op.memoryGrow && (code[at + 1]! & 0x7f) < memories) return true;
    if (byte === Op.miscellaneous && (code[at + 1]! & 0x7f) === Misc.tableGrow && tables > 0) return true;
  }
  return false;
}

// Code ------------------------------------------------------------------------------------------------------------

function rewriteCode(
  sections: Sections,
  spaces: Spaces,
  bounds: Bounds,
  canonicalNans: boolean,
): Uint8Array<ArrayBuffer> {
  const types = new FunctionTypes(sections);
  const additions = new Additions(types, spaces);
  const refusal = additions.global(REFUSAL, I32, [Op.i32Const, Refusal.none]);
  const globals = bounds.budget && {
    fuel: additions.global(FUEL, I64, [Op.i64Const, ...signedBytes(BigInt(bounds.budget.fuel))]),
    depth: additions.global(DEPTH, I32, [Op.i32Const, ...signedBytes(bounds.budget.callDepth)]),
  };
  const replace = replacements(sections, spaces, bounds, additions, refusal, globals?.fuel);
  const bodies = rewriteBodies(sections, spaces, types, { globals, replace, canonicalNans });
  if (bounds.budget !== undefined && globals !== undefined) exportFill(additions, bounds.budget, globals);
  deferStart(sections, spaces, additions);
  additions.addTo(sections);
  sections.replace(Section.code, additions.code(sections.count(Section.code), bodies));
  return sections.module();
}

function rewriteBodies(
  sections: Sections,
  { memories, tables }: Spaces,
  types: FunctionTypes,
  changes: Changes,
): readonly Uint8Array[] {
  const signatures = sections.elements(Section.function);
  const chunks: Uint8Array[] = [];
  for (const cursor of sections.elements(Section.code)) {
    const type = signatures.next().value?.unsigned() ?? 0;
    const start = cursor.at;
    const end = cursor.unsigned() + cursor.at;
    const { globals, canonicalNans } = changes;
    const changesEach = globals !== undefined || canonicalNans;
    if (!changesEach && !isCandidate(cursor.bytes, start, end, memories.length, tables.length)) {
      chunks.push(cursor.bytes.subarray(start, end));
    } else {
      cursor.at = start;
      const signature = () => ({ params: types.params(type), block: types.blockOf(type) });
      chunks.push(...meterBody(cursor, signature, changes));
    }
    cursor.at = end;
  }
  return chunks;
}

/** Returns the function that replaces bulk instructions and the instructions that grow a memory or a table. */
function replacements(
  sections: Sections,
  spaces: Spaces,
  bounds: Bounds,
  additions: Additions,
  refusal: readonly number[],
  fuel: readonly number[] | undefined,
): Replace {
  const code = sections.content(Section.code)!;
  const grow = (kind: Growable['kind'], index: number): readonly number[] => {
    const growable = (kind === 'memory' ? spaces.memories : spaces.tables)[index]!;
    const charge = fuel === undefined ? [] : growthCharge(growable, fuel, additions);
    const parts: GrowthParts = { refusal, limit: limitOf(growable, bounds), charge };
    return additions.call(`${kind}.grow ${index}`, () => growFunction(growable, index, parts));
  };
  return (op, from, to) => {
    const cursor = new Cursor(code, from + 1);
    if (op === Op.memoryGrow) return grow('memory', cursor.unsigned());
    if (op === Op.miscellaneous && cursor.unsigned() === Misc.tableGrow) return grow('table', cursor.unsigned());
    const charge = fuel === undefined ? undefined : bulkCharge(code, from, spaces, additions, fuel);
    return charge && [...charge, ...code.subarray(from, to)];
  };
}

/**
 * Exports a function that fills the counters. Each call into the guest begins with it. Setting the two globals from
 * JavaScript takes five times as long, because an `i64` is a `bigint` there.
 */
function exportFill(additions: Additions, { fuel, callDepth }: Budget, globals: MeterGlobals): void {
  const code = [
    ...[Op.i64Const, ...signedBytes(BigInt(fuel)), Op.globalSet, ...globals.fuel],
    ...[Op.i32Const, ...signedBytes(callDepth), Op.globalSet, ...globals.depth],
  ];
  const index = additions.function(FILL, () => ({ params: [0], results: [0], locals: [0], code }));
  additions.export(FILL, ExportKind.function, index);
}

/**
 * Exports the start function instead of running it. The host runs the function after it has received the counters,
 * which explain a trap.
 */
function deferStart(sections: Sections, { importedFunctions }: Spaces, additions: Additions): void {
  const start = sections.content(Section.start);
  if (start === undefined || new Cursor(start).unsigned() < importedFunctions) return;
  additions.export(START, ExportKind.function, [...start]);
  sections.remove(Section.start);
}
