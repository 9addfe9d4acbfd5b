/**
 * Charges fuel for bulk instructions, for which an operand determines the number of bytes or elements. The fuel is
 * charged before they run: one unit for 64 bytes, or for 8 elements of a table or an array. Otherwise a loop of bulk
 * instructions could run a thousand times as long as its fuel allows. The growth of memories and tables is charged too.
 *
 * The number of bytes or elements is the last operand of each of these instructions.
 */
import { type AddedFunction, type Additions, I32, I64 } from './additions.ts';
import { Cursor } from './cursor.ts';
import { vector } from './function-types.ts';
import { EMPTY_BLOCK, Gc, Misc, Op } from './instructions.ts';
import type { Growable, Spaces } from './spaces.ts';

/** The number of bits by which a number of bytes is shifted to the right to calculate units of fuel. */
const BYTES = 6;
const ELEMENTS = 3;

const CHARGED_GC: ReadonlySet<number> = new Set([
  ...[Gc.arrayNew, Gc.arrayNewDefault, Gc.arrayNewData, Gc.arrayNewElem],
  ...[Gc.arrayFill, Gc.arrayCopy, Gc.arrayInitData, Gc.arrayInitElem],
]);

/** Returns the code to insert before the instruction at `start`, or undefined if it is not a bulk instruction. */
export function bulkCharge(
  code: Uint8Array,
  start: number,
  spaces: Spaces,
  additions: Additions,
  fuel: readonly number[],
): readonly number[] | undefined {
  const cursor = new Cursor(code, start);
  const isGc = cursor.byte() === Op.garbageCollection;
  const second = cursor.unsigned();
  if (isGc) return CHARGED_GC.has(second) ? chargingCall(ELEMENTS, false, additions, fuel) : undefined;
  const { memories, tables } = spaces;
  switch (second) {
    case Misc.memoryInit:
      return chargingCall(BYTES, false, additions, fuel);
    case Misc.memoryFill:
      return chargingCall(BYTES, memories[cursor.unsigned()]!.is64, additions, fuel);
    case Misc.memoryCopy:
      return chargingCall(BYTES, areBoth64(memories, cursor), additions, fuel);
    case Misc.tableInit:
      return chargingCall(ELEMENTS, false, additions, fuel);
    case Misc.tableFill:
      return chargingCall(ELEMENTS, tables[cursor.unsigned()]!.is64, additions, fuel);
    case Misc.tableCopy:
      return chargingCall(ELEMENTS, areBoth64(tables, cursor), additions, fuel);
    default:
      return undefined;
  }
}

function areBoth64(space: readonly Growable[], cursor: Cursor): boolean {
  const first = space[cursor.unsigned()]!.is64;
  return space[cursor.unsigned()]!.is64 && first;
}

/** Returns the call of a function that charges for the number on the stack and leaves it there. */
function chargingCall(shift: number, is64: boolean, additions: Additions, fuel: readonly number[]): readonly number[] {
  return additions.call(`charge ${shift} ${is64}`, (): AddedFunction => {
    const type = vector([is64 ? I64 : I32]);
    const wide = is64 ? [] : [Op.i64ExtendUnsigned];
    const units = [Op.i64Const, shift, Op.i64ShiftRightUnsigned];
    const code = [Op.localGet, 0, ...wide, ...units, ...spendingCall(fuel, additions), Op.localGet, 0];
    return { params: type, results: type, locals: [0], code };
  });
}

/** Returns code that charges for the growth of a memory or a table, which is the `i64` on the stack. */
export function growthCharge(
  { kind, pageSizeLog2 }: Growable,
  fuel: readonly number[],
  additions: Additions,
): readonly number[] {
  const shift = kind === 'table' ? -ELEMENTS : pageSizeLog2 - BYTES;
  const units = [...[Op.i64Const, Math.abs(shift)], shift < 0 ? Op.i64ShiftRightUnsigned : Op.i64ShiftLeft];
  return [...units, ...spendingCall(fuel, additions)];
}

/** Returns code that subtracts the units on the stack from the fuel, and traps if too few units are left. */
function spendingCall(fuel: readonly number[], additions: Additions): readonly number[] {
  return additions.call('spend', () => ({
    params: vector([I64]),
    results: vector(),
    locals: [0],
    code: [
      ...[Op.globalGet, ...fuel, Op.localGet, 0, Op.i64Sub, Op.globalSet, ...fuel],
      ...[Op.globalGet, ...fuel, Op.i64Const, 0, Op.i64LessThan, Op.if, EMPTY_BLOCK, Op.unreachable, Op.end],
    ],
  }));
}
