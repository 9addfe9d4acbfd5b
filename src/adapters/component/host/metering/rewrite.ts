/**
 * A core module within the bounds that the host sets. It is rewritten before the engine compiles it, so that the bounds are
 * the same on every machine:
 *
 * - its memories and tables get maxima, and growing them beyond traps (`growth.ts`);
 * - with a budget, its functions count what they do (`meter.ts`, `bulk.ts`).
 *
 * Without a budget, only the few functions that grow something are touched.
 */
import { engine } from '../../engine/web-assembly.ts';
import { isUnsupportedError, UnsupportedError } from '../../index.ts';
import { Additions, ExportKind, exportsReserved, I32, I64 } from './additions.ts';
import { type Bounds, DEPTH, FUEL, OutOfBudget, REFUSAL, RESERVED, Refusal, START } from './budget.ts';
import { payingGrowth, payment } from './bulk.ts';
import { Cursor, signedBytes } from './cursor.ts';
import { FunctionTypes } from './function-types.ts';
import { type GrowthParts, growing } from './growth.ts';
import { Misc, Op } from './instructions.ts';
import { type MeterGlobals, meterBody, type Replace } from './meter.ts';
import { Section, Sections } from './sections.ts';
import { type Growable, limitDefined, type Spaces, spacesOf } from './spaces.ts';

/**
 * The module within its bounds. What is no valid module comes back as it is: the engine says what is wrong with it.
 *
 * @throws OutOfBudget where a memory or a table starts with more than it may have.
 * @throws UnsupportedError for what cannot be counted, or is not the same on every machine.
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
  if (excess === undefined && !countsCode && !growsCode && !isCut) return module;
  // Behind what is added, an index that was out of range would be in range.
  if (!engine.validate(module)) return module;
  if (excess !== undefined) throw tooLarge(excess, bounds);

  limitDefined(sections, (growable) => limitOf(growable, bounds));
  if (!countsCode && !growsCode) return sections.module();
  try {
    return rewriteCode(sections, spaces, bounds);
  } catch (error) {
    // Where nothing is counted, no instruction has to be understood: growing beyond the maximum is -1 then.
    if (countsCode || !isUnsupportedError(error)) throw error;
    return sections.module();
  }
}

function tooLarge({ kind }: Growable, { maxMemoryBytes, maxTableElements }: Bounds): OutOfBudget {
  return kind === 'memory' ? new OutOfBudget('memory', maxMemoryBytes) : new OutOfBudget('tables', maxTableElements);
}

/** Pages of a memory, elements of a table. */
function limitOf({ kind, pageSizeLog2 }: Growable, { maxMemoryBytes, maxTableElements }: Bounds): bigint {
  const most = kind === 'memory' ? maxMemoryBytes / 2 ** pageSizeLog2 : maxTableElements;
  return most > Number.MAX_SAFE_INTEGER ? 1n << 62n : BigInt(Math.floor(most));
}

/**
 * Whether the code may hold `memory.grow` or `table.grow`: their opcodes, each followed by what follows them. Reading every
 * instruction would take twenty times as long.
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

// Code -------------------------------------------------------------------------------------------------------------------

function rewriteCode(sections: Sections, spaces: Spaces, bounds: Bounds): Uint8Array<ArrayBuffer> {
  const types = new FunctionTypes(sections);
  const additions = new Additions(types, spaces);
  const refusal = additions.global(REFUSAL, I32, [Op.i32Const, Refusal.none]);
  const globals = bounds.budget && {
    fuel: additions.global(FUEL, I64, [Op.i64Const, ...signedBytes(BigInt(bounds.budget.fuel))]),
    depth: additions.global(DEPTH, I32, [Op.i32Const, ...signedBytes(bounds.budget.callDepth)]),
  };
  const bodies = rewriteBodies(
    sections,
    spaces,
    types,
    globals,
    replacing(sections, spaces, bounds, additions, refusal, globals?.fuel),
  );
  deferStart(sections, spaces, additions);
  additions.addTo(sections);
  sections.replace(Section.code, additions.code(sections.count(Section.code), bodies));
  return sections.module();
}

function rewriteBodies(
  sections: Sections,
  { memories, tables }: Spaces,
  types: FunctionTypes,
  globals: MeterGlobals | undefined,
  replace: Replace,
): readonly Uint8Array[] {
  const signatures = sections.elements(Section.function);
  const chunks: Uint8Array[] = [];
  for (const cursor of sections.elements(Section.code)) {
    const type = signatures.next().value?.unsigned() ?? 0;
    const start = cursor.at;
    const end = cursor.unsigned() + cursor.at;
    if (globals === undefined && !isCandidate(cursor.bytes, start, end, memories.length, tables.length)) {
      chunks.push(cursor.bytes.subarray(start, end));
    } else {
      cursor.at = start;
      chunks.push(
        ...meterBody(cursor, () => ({ params: types.params(type), block: types.blockOf(type) }), globals, replace),
      );
    }
    cursor.at = end;
  }
  return chunks;
}

/** The code in the place of instructions that grow something, and of those that move as much as they are told. */
function replacing(
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
    const charge = fuel === undefined ? [] : payingGrowth(growable, fuel, additions);
    const parts: GrowthParts = { refusal, limit: limitOf(growable, bounds), charge };
    return additions.call(`${kind}.grow ${index}`, () => growing(growable, index, parts));
  };
  return (op, from, to) => {
    const cursor = new Cursor(code, from + 1);
    if (op === Op.memoryGrow) return grow('memory', cursor.unsigned());
    if (op === Op.miscellaneous && cursor.unsigned() === Misc.tableGrow) return grow('table', cursor.unsigned());
    const paid = fuel === undefined ? undefined : payment(code, from, spaces, additions, fuel);
    return paid && [...paid, ...code.subarray(from, to)];
  };
}

/** A start function of the module's own is left to the host, which has the counters then and can say why it trapped. */
function deferStart(sections: Sections, { importedFunctions }: Spaces, additions: Additions): void {
  const start = sections.content(Section.start);
  if (start === undefined || new Cursor(start).unsigned() < importedFunctions) return;
  additions.export(START, ExportKind.function, [...start]);
  sections.remove(Section.start);
}
