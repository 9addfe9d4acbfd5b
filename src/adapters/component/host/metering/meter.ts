/**
 * Budgets in the code itself: a function is rewritten so that it counts, and traps where it has nothing left. An engine's
 * own limits differ from machine to machine, and change as code warms up; these do not.
 *
 * - *Fuel*: one unit for each call of a function, and one for each round of a loop. All other code runs once between those,
 *   but for the instructions that move as much as they are told (`bulk.ts`).
 * - *Call depth*: how many functions of the module are active at once.
 *
 * A function's body becomes a block, so that it has one way out, where its depth is given back:
 *
 * ```wat
 * <depth - 1, trap below 0> <fuel - 1, trap below 0>
 * block (result …) <body: `return` leaves the block, `loop` begins with fuel - 1> end
 * <depth + 1>
 * ```
 *
 * An exception takes another way out. So a function that catches keeps its depth in a local, and sets the counter anew
 * wherever a caught exception may land.
 */
import { I32 } from './additions.ts';
import { type Cursor, signedBytes, unsignedBytes } from './cursor.ts';
import { EMPTY_BLOCK, Op, opensBlock, refuseUnsteady, skipImmediates } from './instructions.ts';
import { concat } from './sections.ts';

/** The indices of the globals that count, as they are written. */
export interface MeterGlobals {
  readonly fuel: readonly number[];
  readonly depth: readonly number[];
}

/** What is done at a place of the code: it takes the place of what stands from `from` to `to`. */
interface Edit {
  readonly from: number;
  readonly to: number;
  readonly kind: 'loop' | 'return' | 'tail call' | 'landing' | 'replacement';
  readonly code: readonly number[];
}

/** A function: its type's parameters, and the type of a block with its results. */
export interface Signature {
  readonly params: number;
  readonly block: readonly number[];
}

/**
 * What to put in the place of an instruction from `from` to `to`; undefined where it stays as it is. Asked for those whose
 * opcode is `memory.grow`, or has a second opcode behind it.
 */
export type Replace = (op: number, from: number, to: number) => readonly number[] | undefined;

/** As many locals as make a frame count once more: engines keep eight bytes for each. */
const LOCALS_PER_DEPTH = 16;

/** The body at the cursor, with its counters, and with its length in front. Without `globals` nothing is counted. */
export function meterBody(
  cursor: Cursor,
  signature: () => Signature,
  globals: MeterGlobals | undefined,
  replace: Replace,
): readonly Uint8Array[] {
  const length = cursor.unsigned();
  const end = cursor.at + length;
  const start = cursor.at;
  const locals = readLocals(cursor);
  const { edits, catches } = findEdits(cursor, end, globals !== undefined, replace);
  const frame = globals === undefined ? undefined : makeFrame(signature(), locals.count, catches, globals);
  const chunks: (Uint8Array | readonly number[])[] = [];
  if (frame === undefined) chunks.push(cursor.bytes.subarray(start, locals.end));
  else if (catches) {
    chunks.push([...unsignedBytes(locals.groups + 1)], cursor.bytes.subarray(locals.start, locals.end), [1, I32]);
  } else chunks.push(cursor.bytes.subarray(start, locals.end));
  if (frame !== undefined) chunks.push(frame.enter);
  let at = locals.end;
  for (const edit of edits) {
    chunks.push(cursor.bytes.subarray(at, edit.from), codeOf(edit, frame));
    at = edit.to;
  }
  chunks.push(cursor.bytes.subarray(at, end));
  if (frame !== undefined) chunks.push(frame.leave, [Op.end]);
  const body = concat(chunks);
  return [Uint8Array.from(unsignedBytes(body.length)), body];
}

interface Locals {
  readonly groups: number;
  readonly count: number;
  /** Where the groups are, behind their number. */
  readonly start: number;
  readonly end: number;
}

function readLocals(cursor: Cursor): Locals {
  const groups = cursor.unsigned();
  const start = cursor.at;
  let count = 0;
  for (let group = 0; group < groups; group++) {
    count += cursor.unsigned();
    cursor.skipValueType();
  }
  return { groups, count, start, end: cursor.at };
}

/** The cursor is at the first instruction, and behind the last one afterwards. */
function findEdits(
  cursor: Cursor,
  end: number,
  isMetered: boolean,
  replace: Replace,
): { edits: readonly Edit[]; catches: boolean } {
  const edits: Edit[] = [];
  let catches = false;
  let nesting = 0;
  while (cursor.at < end) {
    const from = cursor.at;
    const op = cursor.byte();
    if (isMetered) refuseUnsteady(cursor, op);
    skipImmediates(cursor, op);
    const to = cursor.at;
    if (op === Op.memoryGrow || op === Op.garbageCollection || op === Op.miscellaneous) {
      const code = replace(op, from, to);
      if (code !== undefined) edits.push({ from, to, kind: 'replacement', code });
    }
    if (!isMetered) continue;
    if (opensBlock(op)) {
      nesting++;
      catches ||= op === Op.try || op === Op.tryTable;
      if (op === Op.loop) edits.push({ from: to, to, kind: 'loop', code: [] });
    } else if (op === Op.end || op === Op.delegate) nesting--;
    else if (op === Op.return) edits.push({ from, to, kind: 'return', code: [Op.br, ...unsignedBytes(nesting)] });
    else if (isTailCall(op)) edits.push({ from, to: from, kind: 'tail call', code: [] });
    // Where a block ends that was open while something could be thrown, or a handler begins; but for the body's own end.
    if (catches && to < end && isLanding(op)) edits.push({ from: to, to, kind: 'landing', code: [] });
  }
  return { edits, catches };
}

function isTailCall(op: number): boolean {
  return op === Op.returnCall || op === Op.returnCallIndirect || op === Op.returnCallRef;
}

function isLanding(op: number): boolean {
  return op === Op.end || op === Op.catch || op === Op.catchAll;
}

/** What stands around and in a function that counts. */
interface Frame {
  readonly enter: readonly number[];
  readonly leave: readonly number[];
  readonly spend: readonly number[];
  /** Sets the depth to what it is in this function; nothing where nothing is caught. */
  readonly restore: readonly number[];
}

function makeFrame(
  { params, block }: Signature,
  locals: number,
  catches: boolean,
  { fuel, depth }: MeterGlobals,
): Frame {
  const weight = signedBytes(1 + Math.floor((params + locals) / LOCALS_PER_DEPTH));
  const saved = unsignedBytes(params + locals);
  const trapIfNegative = (type: 'i32' | 'i64') => [
    ...(type === 'i32' ? [Op.i32Const, 0, Op.i32LessThan] : [Op.i64Const, 0, Op.i64LessThan]),
    ...[Op.if, EMPTY_BLOCK, Op.unreachable, Op.end],
  ];
  const spend = [
    ...[Op.globalGet, ...fuel, Op.i64Const, 1, Op.i64Sub, Op.globalSet, ...fuel],
    ...[Op.globalGet, ...fuel, ...trapIfNegative('i64')],
  ];
  const restore = catches ? [Op.localGet, ...saved, Op.globalSet, ...depth] : [];
  const enter = [
    ...[Op.globalGet, ...depth, Op.i32Const, ...weight, Op.i32Sub],
    ...(catches ? [Op.localTee, ...saved] : []),
    ...[Op.globalSet, ...depth, Op.globalGet, ...depth, ...trapIfNegative('i32')],
    ...[...spend, Op.block, ...block],
  ];
  const now = catches ? [Op.localGet, ...saved] : [Op.globalGet, ...depth];
  const leave = [...now, Op.i32Const, ...weight, Op.i32Add, Op.globalSet, ...depth];
  return { enter, leave, spend, restore };
}

function codeOf(edit: Edit, frame: Frame | undefined): readonly number[] {
  if (frame === undefined) return edit.code;
  switch (edit.kind) {
    case 'loop':
      return [...frame.restore, ...frame.spend];
    case 'tail call':
      return frame.leave;
    case 'landing':
      return frame.restore;
    default:
      return edit.code;
  }
}
