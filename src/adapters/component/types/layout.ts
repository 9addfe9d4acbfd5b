/**
 * *CanonicalABI.md*, "Alignment", "Element Size" and "Flattening", for 32-bit memories. Each of them is computed once
 * per type. ("Type Predicates" are properties of a `ValueTypeNode`.)
 */
import { maxFlatParams } from '../limits.ts';
import type { ValueType } from '../types.ts';

// Alignment, Element Size ------------------------------------------------------------------------------------------

export interface Layout {
  readonly alignment: 1 | 2 | 4 | 8;
  readonly size: number;
  /**
   * The core types that the type flattens to, at most {@link maxFlatParams} + 1, because more are never passed flat.
   */
  readonly flat: readonly FlatType[];
}

export type FlatType = 'i32' | 'i64' | 'f32' | 'f64';

const I8: Layout = { alignment: 1, size: 1, flat: ['i32'] };
const I16: Layout = { alignment: 2, size: 2, flat: ['i32'] };
const I32: Layout = { alignment: 4, size: 4, flat: ['i32'] };
const I64: Layout = { alignment: 8, size: 8, flat: ['i64'] };
const F32: Layout = { alignment: 4, size: 4, flat: ['f32'] };
const F64: Layout = { alignment: 8, size: 8, flat: ['f64'] };

/** The layouts of the types that contain no types. A type that is missing here has the layout of an i32. */
const leaves: { readonly [kind: string]: Layout } = {
  bool: I8,
  s8: I8,
  u8: I8,
  s16: I16,
  u16: I16,
  s64: I64,
  u64: I64,
  f32: F32,
  f64: F64,
};

/** The layouts of a pointer and a length, with 32-bit and with 64-bit pointers. */
export const NARROW: Layout = { alignment: 4, size: 8, flat: ['i32', 'i32'] };
export const WIDE: Layout = { alignment: 8, size: 16, flat: ['i64', 'i64'] };

/**
 * Returns the layout of a type. It follows from its kind, the layouts of the types inside it (undefined for a case
 * without a payload), the number of its cases or flags, the length of a fixed-length list, and the layout of a pointer
 * and a length.
 */
export function layoutFrom(
  kind: ValueType['kind'],
  inside: readonly (Layout | undefined)[],
  labels: number,
  length: number | undefined,
  pointer: Layout,
): Layout {
  switch (kind) {
    case 'record':
    case 'tuple':
      return recordLayout(inside as readonly Layout[]);
    case 'variant':
    case 'enum':
    case 'option':
    case 'result':
      return variantLayout(labels || 2, inside);
    case 'flags':
      return discriminantLayout(2 ** labels);
    default:
      if (length !== undefined) return layoutOfFixedList(inside[0]!, length);
      return isPointer(kind) ? pointer : (leaves[kind] ?? I32);
  }
}

/** Returns whether a value of this kind is a pointer to bytes elsewhere in memory, unless it has a fixed length. */
export function isPointer(kind: ValueType['kind']): boolean {
  return kind === 'string' || kind === 'list' || kind === 'map';
}

function layoutOfFixedList({ alignment, size, flat }: Layout, length: number): Layout {
  const count = Math.min(length, maxFlatParams + 1);
  return { alignment, size: size * length, flat: cut(Array.from({ length: count }, () => flat).flat()) };
}

/** Returns the layout of a record, or of the tuple that holds parameters in memory. */
export function layoutOfFields(fields: readonly { readonly layout: Layout }[]): RecordLayout {
  return recordLayout(fields.map((field) => field.layout));
}

/** A layout with the offset of each field. */
type RecordLayout = Layout & { readonly offsets: readonly number[] };

function recordLayout(fields: readonly Layout[]): RecordLayout {
  let alignment: Layout['alignment'] = 1;
  let size = 0;
  let flat: readonly FlatType[] = [];
  const offsets = fields.map((field) => {
    alignment = widest(alignment, field.alignment);
    const offset = alignTo(size, field.alignment);
    size = offset + field.size;
    flat = appended(flat, field.flat);
    return offset;
  });
  return { alignment, size: alignTo(size, alignment), flat: cut(flat), offsets };
}

export function alignTo(ptr: number, alignment: number): number {
  const over = ptr % alignment;
  return over === 0 ? ptr : ptr + alignment - over;
}

function variantLayout(cases: number, payloads: readonly (Layout | undefined)[]): Layout {
  const discriminant = discriminantLayout(cases);
  let payloadAlignment: Layout['alignment'] = 1;
  let size = 0;
  const flat: FlatType[] = ['i32'];
  for (const payload of payloads) {
    if (payload === undefined) continue;
    payloadAlignment = widest(payloadAlignment, payload.alignment);
    size = Math.max(size, payload.size);
    joinTo(flat, 1, payload.flat);
  }
  const alignment = widest(discriminant.alignment, payloadAlignment);
  return { alignment, size: alignTo(alignTo(discriminant.size, payloadAlignment) + size, alignment), flat: cut(flat) };
}

/** Implements `discriminant_type`. */
export function discriminantLayout(cases: number): Layout {
  return cases <= 2 ** 8 ? I8 : cases <= 2 ** 16 ? I16 : I32;
}

export function widest(a: Layout['alignment'], b: Layout['alignment']): Layout['alignment'] {
  return a > b ? a : b;
}

// Flattening -------------------------------------------------------------------------------------------------------

/** Returns the concatenation of both lists, cut off if there are too many core types to pass flat. */
export function appended(flat: readonly FlatType[], more: readonly FlatType[]): readonly FlatType[] {
  const { length } = flat;
  if (length === 0) return more;
  if (length > maxFlatParams) return flat;
  const all = new Array<FlatType>(length + more.length);
  for (let index = 0; index < all.length; index++) all[index] = (flat[index] ?? more[index - length])!;
  return all;
}

function cut(flat: readonly FlatType[]): readonly FlatType[] {
  return flat.length > maxFlatParams ? flat.slice(0, maxFlatParams + 1) : flat;
}

/** Joins the flat types of a payload with those of the payloads before it, which begin at `from`. */
export function joinTo(joined: FlatType[], from: number, payload: readonly FlatType[]): void {
  for (let index = 0; index < payload.length; index++) {
    const one = payload[index]!;
    const have = joined[from + index];
    joined[from + index] = have === undefined ? one : join(have, one);
  }
}

function join(a: FlatType, b: FlatType): FlatType {
  if (a === b) return a;
  if ((a === 'i32' && b === 'f32') || (a === 'f32' && b === 'i32')) return 'i32';
  return 'i64';
}
