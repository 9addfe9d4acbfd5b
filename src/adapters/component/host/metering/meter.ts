/**
 * Implements budgets in the guest's code. Each function is rewritten so that it counts its work, and traps if its
 * budget is exhausted. An engine's own limits differ from machine to machine, and change as code warms up. These limits
 * do not.
 *
 * - *Fuel*: each call of a function and each iteration of a loop costs one unit. All other code runs once between them,
 *   except for the bulk instructions (`bulk.ts`).
 * - *Call depth*: the number of nested calls of the module's functions.
 *
 * A function's body becomes a block. The block has one exit, at which the depth is restored:
 *
 * ```wat
 * <depth - 1, trap below 0> <fuel - 1, trap below 0>
 * block (result …) <body: `return` leaves the block, `loop` begins with fuel - 1> end
 * <depth + 1>
 * ```
 *
 * An exception bypasses this exit. So a function that catches exceptions keeps its depth in a local, and resets the
 * counter at each place where a caught exception may continue.
 */
import { I32 } from './additions.ts';
import { type Cursor, signedBytes, unsignedBytes } from './cursor.ts';
import { canonicalizing, computedFloat, FLOAT_VALUE_TYPE, type FloatType } from './floats.ts';
import { EMPTY_BLOCK, Op, opensBlock, skipImmediates } from './instructions.ts';
import { concat } from './sections.ts';

/** The encoded indices of the counters. */
export interface MeterGlobals {
  readonly fuel: readonly number[];
  readonly depth: readonly number[];
}

/** The changes to a function. */
export interface Changes {
  /** The counters. Without them, nothing is counted. */
  readonly globals: MeterGlobals | undefined;
  readonly replace: Replace;
  /** True if the NaNs that the function computes become canonical. */
  readonly canonicalNans: boolean;
}

/** A change of the code, which replaces the bytes from `from` to `to`. */
interface Edit {
  readonly from: number;
  readonly to: number;
  readonly kind: 'loop' | 'return' | 'tail call' | 'landing' | 'replacement' | FloatType;
  readonly code: readonly number[];
}

/** The signature of a function: the parameters of its type, and the type of a block with its results. */
export interface Signature {
  readonly params: number;
  readonly block: readonly number[];
}

/**
 * Returns the replacement of the instruction from `from` to `to`, or undefined if the instruction is unchanged. It is
 * called for `memory.grow`, and for instructions with a second opcode.
 */
export type Replace = (op: number, from: number, to: number) => readonly number[] | undefined;

/** The number of locals that make a frame count one more. Engines keep eight bytes for each local. */
const LOCALS_PER_DEPTH = 16;

/** Returns the changed body of the function at the cursor, preceded by its length. */
export function meterBody(cursor: Cursor, signature: () => Signature, changes: Changes): readonly Uint8Array[] {
  const { globals } = changes;
  const length = cursor.unsigned();
  const end = cursor.at + length;
  const start = cursor.at;
  const locals = readLocals(cursor);
  const { edits, catches, floats } = findEdits(cursor, end, changes);
  const added = addedLocals(catches, floats);
  if (globals === undefined && edits.length === 0) {
    cursor.at = end;
    return [Uint8Array.from(unsignedBytes(length)), cursor.bytes.subarray(start, end)];
  }
  const first = globals === undefined && added.length === 0 ? 0 : signature().params + locals.count;
  const localOf = (type: number): readonly number[] => unsignedBytes(first + added.indexOf(type));
  const frame = globals && makeFrame(signature(), locals.count, catches ? localOf(I32) : undefined, globals);
  const chunks: (Uint8Array | readonly number[])[] = [
    unsignedBytes(locals.groups + added.length),
    cursor.bytes.subarray(locals.start, locals.end),
    ...added.map((type) => [1, type]),
  ];
  if (frame !== undefined) chunks.push(frame.enter);
  let at = locals.end;
  for (const edit of edits) {
    chunks.push(cursor.bytes.subarray(at, edit.from), codeOf(edit, frame, localOf));
    at = edit.to;
  }
  chunks.push(cursor.bytes.subarray(at, end));
  if (frame !== undefined) chunks.push(frame.leave, [Op.end]);
  const body = concat(chunks);
  return [Uint8Array.from(unsignedBytes(body.length)), body];
}

/** Returns the types of the locals that a changed body has in addition to its own, each once. */
function addedLocals(catches: boolean, floats: ReadonlySet<FloatType>): readonly number[] {
  const types = new Set<number>(catches ? [I32] : []);
  for (const type of floats) types.add(FLOAT_VALUE_TYPE[type]);
  return [...types];
}

interface Locals {
  readonly groups: number;
  readonly count: number;
  /** The position of the groups, after their number. */
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

/** Finds the changes of a body. The cursor must be at the first instruction. It is moved past the last one. */
function findEdits(
  cursor: Cursor,
  end: number,
  { globals, replace, canonicalNans }: Changes,
): { edits: readonly Edit[]; catches: boolean; floats: ReadonlySet<FloatType> } {
  const edits: Edit[] = [];
  const floats = new Set<FloatType>();
  let catches = false;
  let nesting = 0;
  while (cursor.at < end) {
    const from = cursor.at;
    const op = cursor.byte();
    const float = canonicalNans ? computedFloat(cursor, op) : undefined;
    skipImmediates(cursor, op);
    const to = cursor.at;
    if (float !== undefined) {
      floats.add(float);
      edits.push({ from: to, to, kind: float, code: [] });
    }
    if (op === Op.memoryGrow || op === Op.garbageCollection || op === Op.miscellaneous) {
      const code = replace(op, from, to);
      if (code !== undefined) edits.push({ from, to, kind: 'replacement', code });
    }
    if (globals === undefined) continue;
    if (opensBlock(op)) {
      nesting++;
      catches ||= op === Op.try || op === Op.tryTable;
      if (op === Op.loop) edits.push({ from: to, to, kind: 'loop', code: [] });
    } else if (op === Op.end || op === Op.delegate) nesting--;
    else if (op === Op.return) edits.push({ from, to, kind: 'return', code: [Op.br, ...unsignedBytes(nesting)] });
    else if (isTailCall(op)) edits.push({ from, to: from, kind: 'tail call', code: [] });
    // A caught exception may land at the end of a block, or at the start of a handler, but not at the end of the body.
    if (catches && to < end && isLanding(op)) edits.push({ from: to, to, kind: 'landing', code: [] });
  }
  return { edits, catches, floats };
}

function isTailCall(op: number): boolean {
  return op === Op.returnCall || op === Op.returnCallIndirect || op === Op.returnCallRef;
}

function isLanding(op: number): boolean {
  return op === Op.end || op === Op.catch || op === Op.catchAll;
}

/** The code that a function with counters contains in addition to its own. */
interface Frame {
  readonly enter: readonly number[];
  readonly leave: readonly number[];
  readonly spend: readonly number[];
  /** Code that sets the depth to the depth of this function. It is empty if the function catches nothing. */
  readonly restore: readonly number[];
}

function makeFrame(
  { params, block }: Signature,
  locals: number,
  saved: readonly number[] | undefined,
  { fuel, depth }: MeterGlobals,
): Frame {
  const weight = signedBytes(1 + Math.floor((params + locals) / LOCALS_PER_DEPTH));
  const trapIfNegative = (type: 'i32' | 'i64') => [
    ...(type === 'i32' ? [Op.i32Const, 0, Op.i32LessThan] : [Op.i64Const, 0, Op.i64LessThan]),
    ...[Op.if, EMPTY_BLOCK, Op.unreachable, Op.end],
  ];
  const spend = [
    ...[Op.globalGet, ...fuel, Op.i64Const, 1, Op.i64Sub, Op.globalSet, ...fuel],
    ...[Op.globalGet, ...fuel, ...trapIfNegative('i64')],
  ];
  const restore = saved === undefined ? [] : [Op.localGet, ...saved, Op.globalSet, ...depth];
  const enter = [
    ...[Op.globalGet, ...depth, Op.i32Const, ...weight, Op.i32Sub],
    ...(saved === undefined ? [] : [Op.localTee, ...saved]),
    ...[Op.globalSet, ...depth, Op.globalGet, ...depth, ...trapIfNegative('i32')],
    ...[...spend, Op.block, ...block],
  ];
  const now = saved === undefined ? [Op.globalGet, ...depth] : [Op.localGet, ...saved];
  const leave = [...now, Op.i32Const, ...weight, Op.i32Add, Op.globalSet, ...depth];
  return { enter, leave, spend, restore };
}

function codeOf(
  { kind, code }: Edit,
  frame: Frame | undefined,
  localOf: (type: number) => readonly number[],
): readonly number[] {
  switch (kind) {
    case 'f32':
    case 'f64':
    case 'f32x4':
    case 'f64x2':
      return canonicalizing(kind, localOf(FLOAT_VALUE_TYPE[kind]));
    case 'loop':
      return frame === undefined ? code : [...frame.restore, ...frame.spend];
    case 'tail call':
      return frame === undefined ? code : frame.leave;
    case 'landing':
      return frame === undefined ? code : frame.restore;
    default:
      return code;
  }
}
