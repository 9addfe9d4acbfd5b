/**
 * *CanonicalABI.md*, "Flattening": the payloads of a variant share core values whose types have room for all of them.
 * This file converts such a value to another core type (`CoerceValueIter`, and the last part of `lower_flat_variant`).
 */

import type { FlatType } from '../types/layout.ts';
import type { CoreValue } from './canonical-options.ts';

const bits = new DataView(new ArrayBuffer(8));

/** Returns a value of another core type with the same bits, truncated or padded with zeros. */
export function coerce(value: CoreValue, from: FlatType, to: FlatType): CoreValue {
  if (from === to) return value;
  bits.setBigInt64(0, 0n);
  if (typeof value === 'bigint') bits.setBigInt64(0, value, true);
  else if (from === 'f32') bits.setFloat32(0, value, true);
  else if (from === 'f64') bits.setFloat64(0, value, true);
  else bits.setInt32(0, value, true);
  if (to === 'i64') return bits.getBigInt64(0, true);
  if (to === 'i32') return bits.getInt32(0, true);
  return to === 'f32' ? bits.getFloat32(0, true) : bits.getFloat64(0, true);
}
