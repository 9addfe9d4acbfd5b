/**
 * Makes NaNs have the same bits on every machine.
 *
 * The sign and payload of a NaN that an instruction computes depend on the processor (*WebAssembly 3.0*, "Numerics /
 * NaN Propagation"). A guest can read them if it stores the number or reinterprets its bits. So each instruction that
 * may compute a NaN is followed by code that replaces any NaN with the canonical one. NaNs that are only loaded, stored
 * or moved keep their bits, because runtime libraries hide pointers in them.
 */
import type { Cursor } from './cursor.ts';
import { Op } from './instructions.ts';

/** The type of a number, or of the lanes of a vector. */
export type FloatType = 'f32' | 'f64' | 'f32x4' | 'f64x2';

/** The value types of WebAssembly, in the binary format. */
export const FLOAT_VALUE_TYPE: { readonly [Type in FloatType]: number } = {
  f32: 0x7d,
  f64: 0x7c,
  f32x4: 0x7b,
  f64x2: 0x7b,
};

/** The opcodes of `f32.demote_f64` and `f64.promote_f32`. */
const DEMOTE = 0xb6;
const PROMOTE = 0xbb;

/** Opcodes of vector instructions after `0xfd`: the conversions of lanes, rounding, and arithmetic. */
const F32X4_ARITHMETIC = new Set([0x5e, 0x67, 0x68, 0x69, 0x6a, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9]);
const F64X2_ARITHMETIC = new Set([0x5f, 0x74, 0x75, 0x7a, 0x94, 0xef, 0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5]);
/**
 * The opcodes of `f32x4.relaxed_madd`, `f32x4.relaxed_nmadd`, `f32x4.relaxed_min` and `f32x4.relaxed_max`, and those of
 * `f64x2`.
 */
const RELAXED: ReadonlyMap<number, FloatType> = new Map([
  [0x105, 'f32x4'],
  [0x106, 'f32x4'],
  [0x107, 'f64x2'],
  [0x108, 'f64x2'],
  [0x10d, 'f32x4'],
  [0x10e, 'f32x4'],
  [0x10f, 'f64x2'],
  [0x110, 'f64x2'],
]);

/**
 * Returns the type of the NaN that an instruction may compute, or undefined if it cannot compute a NaN. `abs`, `neg`
 * and `copysign` only change the sign, and `pmin` and `pmax` return an operand.
 *
 * @param cursor a cursor after the opcode, which is not moved.
 */
export function computedFloat(cursor: Cursor, op: number): FloatType | undefined {
  if (op === Op.vector) return computedLanes(cursor);
  // `ceil` to `sqrt`, and `add` to `max`.
  if (op >= 0x8d && op <= 0x97) return 'f32';
  if (op >= 0x9b && op <= 0xa5) return 'f64';
  if (op === DEMOTE) return 'f32';
  return op === PROMOTE ? 'f64' : undefined;
}

function computedLanes(cursor: Cursor): FloatType | undefined {
  const second = secondOpcode(cursor);
  if (F32X4_ARITHMETIC.has(second)) return 'f32x4';
  return F64X2_ARITHMETIC.has(second) ? 'f64x2' : RELAXED.get(second);
}

/** Reads the second opcode. The cursor is before it, and is not moved. */
export function secondOpcode(cursor: Cursor): number {
  const { at } = cursor;
  const second = cursor.unsigned();
  cursor.at = at;
  return second;
}

/** Returns whether an instruction makes the bits of a float visible: a store, a reinterpretation, a sign, a vector. */
export function showsFloatBits(op: number): boolean {
  return (
    op === 0x38 ||
    op === 0x39 || // f32.store, f64.store
    op === 0xbc ||
    op === 0xbd || // i32.reinterpret_f32, i64.reinterpret_f64
    op === 0x98 ||
    op === 0xa6 || // f32.copysign, f64.copysign
    op === Op.vector
  );
}

/** The canonical NaN: a positive sign and the payload with only its highest bit. */
const CANONICAL_F32 = [0x00, 0x00, 0xc0, 0x7f];
const CANONICAL_F64 = [0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xf8, 0x7f];
const SELECT = 0x1b;
const V128_CONST = [Op.vector, 0x0c];
const V128_BITSELECT = [Op.vector, 0x52];

/** The opcodes of `f32.eq`, `f64.eq`, `f32x4.eq` and `f64x2.eq`. They return false if an operand is a NaN. */
const EQUAL: { readonly [Type in FloatType]: readonly number[] } = {
  f32: [0x5b],
  f64: [0x61],
  f32x4: [Op.vector, 0x41],
  f64x2: [Op.vector, 0x47],
};

const CANONICAL: { readonly [Type in FloatType]: readonly number[] } = {
  f32: [0x43, ...CANONICAL_F32],
  f64: [0x44, ...CANONICAL_F64],
  f32x4: [...V128_CONST, ...CANONICAL_F32, ...CANONICAL_F32, ...CANONICAL_F32, ...CANONICAL_F32],
  f64x2: [...V128_CONST, ...CANONICAL_F64, ...CANONICAL_F64],
};

/** Returns code that replaces a NaN on the stack with the canonical one. The code uses the local. */
export function canonicalizing(type: FloatType, local: readonly number[]): readonly number[] {
  const choose = type === 'f32' || type === 'f64' ? [SELECT] : V128_BITSELECT;
  return [
    Op.localTee,
    ...local,
    ...CANONICAL[type],
    Op.localGet,
    ...local,
    Op.localGet,
    ...local,
    ...EQUAL[type],
    ...choose,
  ];
}
