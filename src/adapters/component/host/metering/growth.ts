/**
 * The growth of a memory or a table. If the engine cannot grow it, the result is -1, and the guest continues. Its
 * decision would then depend on the free memory of the machine. So a growth that the guest's own type allows, but the
 * host or the machine refuses, is a trap. A decision is then either the same on every machine, or not made.
 *
 * `memory.grow` and `table.grow` become calls of a function that is added for each memory and table:
 *
 * ```wat
 * (func (param $by i32) (result i32) (local $size i64) (local $before i32)
 *   (local.set $size <by> + <size>)
 *   (if <size above the maximum of the type> (then (return -1)))
 *   (if <size above the limit> (then <refusal = 1> unreachable))
 *   (local.set $before (memory.grow $by))
 *   (if (before = -1) (then <refusal = 3> unreachable))
 *   (local.get $before))
 * ```
 *
 * The maximum of an imported memory belongs to its definition, and may be less than the maximum of the import. If the
 * engine refuses such a growth, the result is still -1.
 */
import { type AddedFunction, I32, I64 } from './additions.ts';
import { Refusal } from './budget.ts';
import { signedBytes, unsignedBytes } from './cursor.ts';
import { vector } from './function-types.ts';
import { EMPTY_BLOCK, Misc, Op } from './instructions.ts';
import type { Growable } from './spaces.ts';

export interface GrowthParts {
  /** The encoded index of the global that records which growth was refused. */
  readonly refusal: readonly number[];
  /** The limit, in pages or elements. */
  readonly limit: bigint;
  /** Code that pops the growth, an `i64`, from the stack, and charges for it. It is empty without a budget. */
  readonly charge: readonly number[];
}

/** Returns the function that grows the memory or table with this index. */
export function growFunction(
  growable: Growable,
  index: number,
  { refusal, limit, charge }: GrowthParts,
): AddedFunction {
  const { kind, is64, imported, element } = growable;
  const type = is64 ? I64 : I32;
  const params = kind === 'memory' ? [[type]] : [[...element], [type]];
  const by = params.length - 1;
  const [size, before] = [by + 1, by + 2];
  const wide = is64 ? [] : [Op.i64ExtendUnsigned];
  const minusOne = is64 ? [Op.i64Const, 0x7f] : [Op.i32Const, 0x7f];
  const where = unsignedBytes(index);
  const sizeOf = kind === 'memory' ? [Op.memorySize, ...where] : [Op.miscellaneous, Misc.tableSize, ...where];
  const grow = kind === 'memory' ? [Op.memoryGrow, ...where] : [Op.miscellaneous, Misc.tableGrow, ...where];
  const returnMinusOne = [...minusOne, Op.return];
  const refuse = (what: number) => [Op.i32Const, what, Op.globalSet, ...refusal, Op.unreachable];
  const ifAbove = (local: number, bound: bigint, then: readonly number[]) => [
    ...[Op.localGet, local, Op.i64Const, ...signedBytes(BigInt.asIntN(64, bound)), Op.i64GreaterThanUnsigned],
    ...[Op.if, EMPTY_BLOCK, ...then, Op.end],
  ];
  const code = [
    // The number is compared before it is added, because the sum of two 64-bit numbers could overflow.
    ...[Op.localGet, by, ...wide, Op.localSet, size],
    ...ifAbove(size, growable.max, returnMinusOne),
    ...[Op.localGet, size, ...sizeOf, ...wide, Op.i64Add, Op.localSet, size],
    ...ifAbove(size, growable.max, returnMinusOne),
    ...ifAbove(size, limit, refuse(kind === 'memory' ? Refusal.memory : Refusal.tables)),
    ...params.flatMap((_, local) => [Op.localGet, local]),
    ...[...grow, Op.localTee, before, ...minusOne, is64 ? Op.i64Equal : Op.i32Equal],
    ...[Op.if, EMPTY_BLOCK, ...(imported ? returnMinusOne : refuse(Refusal.machine)), Op.end],
    ...(charge.length === 0 ? [] : [Op.localGet, by, ...wide, ...charge]),
    ...[Op.localGet, before],
  ];
  return { params: vector(...params), results: vector([type]), locals: [2, 1, I64, 1, type], code };
}
