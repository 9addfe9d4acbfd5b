/**
 * *CanonicalABI.md*, "Despecialization", "Type Predicates", "Alignment", "Element Size" and "Flattening", for 32-bit
 * memories. Each is computed once per type.
 */
import { sideTable } from '../side-table.ts';
import type { Case, ValueType } from '../types.ts';

// Despecialization -------------------------------------------------------------------------------------------------

/** The cases of a `variant` or of what despecializes to one. */
export function casesOf(type: ValueType & { kind: 'variant' | 'enum' | 'option' | 'result' }): readonly Case[] {
  switch (type.kind) {
    case 'variant':
      return type.cases;
    case 'enum':
      return type.labels.map((name) => ({ name }));
    case 'option':
      return [{ name: 'none' }, { name: 'some', type: type.value }];
    case 'result':
      return [caseOf('ok', type.ok), caseOf('err', type.error)];
  }
}

function caseOf(name: string, type: ValueType | undefined): Case {
  return type === undefined ? { name } : { name, type };
}

/** The field types of a `record` or of what despecializes to one. */
export function fieldsOf(type: ValueType & { kind: 'record' | 'tuple' }): readonly ValueType[] {
  return type.kind === 'record' ? type.fields.map((field) => field.type) : type.elements;
}

/** A `map` despecializes to a list of these. */
export function entryOf(type: ValueType & { kind: 'map' }): ValueType {
  const known = entries.get(type);
  if (known !== undefined) return known;
  const entry: ValueType = { kind: 'tuple', elements: [type.key, type.value] };
  entries.set(type, entry);
  return entry;
}

const entries = sideTable<ValueType, ValueType>();

// Type Predicates --------------------------------------------------------------------------------------------------

export function containsBorrow(type: ValueType): boolean {
  return type.kind === 'borrow' || typesInside(type).some(containsBorrow);
}

/** The types directly inside a type. */
export function typesInside(type: ValueType): readonly ValueType[] {
  switch (type.kind) {
    case 'record':
    case 'tuple':
      return fieldsOf(type);
    case 'list':
      return [type.element];
    case 'map':
      return [type.key, type.value];
    case 'option':
      return [type.value];
    case 'variant':
      return present(type.cases.map((each) => each.type));
    case 'result':
      return present([type.ok, type.error]);
    case 'stream':
    case 'future':
      return present([type.element]);
    default:
      return [];
  }
}

function present(types: readonly (ValueType | undefined)[]): readonly ValueType[] {
  return types.filter((type) => type !== undefined);
}

// Alignment, Element Size ------------------------------------------------------------------------------------------

export interface Layout {
  readonly alignment: 1 | 2 | 4 | 8;
  readonly size: number;
  /** The core types it flattens to; cut off after {@link MAX_FLAT_PARAMS} + 1, since more are never passed flat. */
  readonly flat: readonly FlatType[];
}

export type FlatType = 'i32' | 'i64' | 'f32' | 'f64';

const layouts = sideTable<ValueType, Layout>();

export function layoutOf(type: ValueType): Layout {
  let layout = layouts.get(type);
  if (layout === undefined) layouts.set(type, (layout = computeLayout(type)));
  return layout;
}

const I8: Layout = { alignment: 1, size: 1, flat: ['i32'] };
const I16: Layout = { alignment: 2, size: 2, flat: ['i32'] };
const I32: Layout = { alignment: 4, size: 4, flat: ['i32'] };
const I64: Layout = { alignment: 8, size: 8, flat: ['i64'] };
const F32: Layout = { alignment: 4, size: 4, flat: ['f32'] };
const F64: Layout = { alignment: 8, size: 8, flat: ['f64'] };
const POINTER_AND_LENGTH: Layout = { alignment: 4, size: 8, flat: ['i32', 'i32'] };

function computeLayout(type: ValueType): Layout {
  switch (type.kind) {
    case 'bool':
    case 's8':
    case 'u8':
      return I8;
    case 's16':
    case 'u16':
      return I16;
    case 's32':
    case 'u32':
    case 'char':
    case 'own':
    case 'borrow':
    case 'stream':
    case 'future':
    case 'error-context':
      return I32;
    case 's64':
    case 'u64':
      return I64;
    case 'f32':
      return F32;
    case 'f64':
      return F64;
    case 'string':
    case 'map':
      return POINTER_AND_LENGTH;
    case 'list':
      return type.length === undefined ? POINTER_AND_LENGTH : layoutOfFixedList(type.element, type.length);
    case 'record':
    case 'tuple':
      return layoutOfFields(fieldsOf(type));
    case 'variant':
    case 'enum':
    case 'option':
    case 'result':
      return layoutOfCases(casesOf(type));
    case 'flags':
      return discriminantLayout(2 ** type.labels.length);
  }
}

function layoutOfFixedList(element: ValueType, length: number): Layout {
  const { alignment, size, flat } = layoutOf(element);
  const count = Math.min(length, MAX_FLAT_PARAMS + 1);
  return { alignment, size: size * length, flat: cut(Array.from({ length: count }, () => flat).flat()) };
}

/** The layout of a record; also that of the tuple that parameters are spilled as. */
export function layoutOfFields(fields: readonly ValueType[]): Layout & { readonly offsets: readonly number[] } {
  let alignment: Layout['alignment'] = 1;
  let size = 0;
  const offsets: number[] = [];
  const flat: FlatType[] = [];
  for (const field of fields) {
    const layout = layoutOf(field);
    alignment = widest(alignment, layout.alignment);
    size = alignTo(size, layout.alignment);
    offsets.push(size);
    size += layout.size;
    for (const one of layout.flat) flat.push(one);
  }
  return { alignment, size: alignTo(size, alignment), flat: cut(flat), offsets };
}

export function alignTo(ptr: number, alignment: number): number {
  const over = ptr % alignment;
  return over === 0 ? ptr : ptr + alignment - over;
}

function layoutOfCases(cases: readonly Case[]): Layout {
  const discriminant = discriminantLayout(cases.length);
  const offset = payloadOffset(cases);
  let alignment = discriminant.alignment;
  let size = 0;
  for (const { type } of cases) {
    if (type === undefined) continue;
    alignment = widest(alignment, layoutOf(type).alignment);
    size = Math.max(size, layoutOf(type).size);
  }
  return {
    alignment,
    size: alignTo(offset + size, alignment),
    flat: cut(['i32', ...joinedPayloads(cases)]),
  };
}

/** `discriminant_type`. */
export function discriminantLayout(cases: number): Layout {
  return cases <= 2 ** 8 ? I8 : cases <= 2 ** 16 ? I16 : I32;
}

/** Where a variant's payload begins: after the discriminant, at `max_case_alignment`. */
export function payloadOffset(cases: readonly Case[]): number {
  const alignments = cases.map(({ type }) => (type === undefined ? 1 : layoutOf(type).alignment));
  return alignTo(discriminantLayout(cases.length).size, alignments.reduce(widest, 1));
}

function widest(a: Layout['alignment'], b: Layout['alignment']): Layout['alignment'] {
  return a > b ? a : b;
}

// Flattening -------------------------------------------------------------------------------------------------------

export const MAX_FLAT_PARAMS = 16;
export const MAX_FLAT_RESULTS = 1;

function cut(flat: readonly FlatType[]): readonly FlatType[] {
  return flat.length > MAX_FLAT_PARAMS ? flat.slice(0, MAX_FLAT_PARAMS + 1) : flat;
}

/** `flatten_variant`, without the discriminant. */
export function joinedPayloads(cases: readonly Case[]): readonly FlatType[] {
  const joined: FlatType[] = [];
  for (const { type } of cases) {
    if (type === undefined) continue;
    for (const [index, flat] of layoutOf(type).flat.entries()) {
      const have = joined[index];
      joined[index] = have === undefined ? flat : join(have, flat);
    }
  }
  return joined;
}

function join(a: FlatType, b: FlatType): FlatType {
  if (a === b) return a;
  if ((a === 'i32' && b === 'f32') || (a === 'f32' && b === 'i32')) return 'i32';
  return 'i64';
}
