/**
 * Static properties of value types: what *CanonicalABI.md* calls "Type Predicates", "Alignment", "Element Size" (with
 * 64-bit pointers, for the bound on the size of values) and "Flattening" (with 32-bit pointers). Each is computed once
 * per type object, from the properties of the types inside it.
 */
import { maxFlatParams } from '../limits.ts';
import type { FunctionType, ValueType } from '../types.ts';

/** What follows from the structure of a value type. */
export interface Facts {
  /** Levels of types inside one another, 1 for a primitive. */
  readonly depth: number;
  /** `alignment(t, 'i64')` */
  readonly alignment: number;
  /** `elem_size(t, 'i64')` */
  readonly size: number;
  /** `contains_borrow(t)` */
  readonly borrow: boolean;
  /** Contains a `list`, `map` or `string`, whose bytes are elsewhere in memory. */
  readonly pointer: boolean;
  /** Contains a type that needs an externally visible name: a resource, record, variant, enum or flags. */
  readonly nominal: boolean;
  /** Contains a handle. */
  readonly resource: boolean;
}

const known = new WeakMap<ValueType, Facts>();

/** The {@link Facts} of a type. */
export function facts(type: ValueType): Facts {
  let found = known.get(type);
  if (found === undefined) {
    found = measure(type);
    known.set(type, found);
  }
  return found;
}

const leaf: Facts = {
  depth: 1,
  alignment: 4,
  size: 4,
  borrow: false,
  pointer: false,
  nominal: false,
  resource: false,
};

const scalarSizes: { readonly [kind: string]: number } = {
  bool: 1,
  s8: 1,
  u8: 1,
  s16: 2,
  u16: 2,
  s64: 8,
  u64: 8,
  f64: 8,
};

/** The types directly inside a type. */
export function children(type: ValueType): readonly ValueType[] {
  switch (type.kind) {
    case 'record':
      return type.fields.map((field) => field.type);
    case 'variant':
      return type.cases.flatMap((one) => one.type ?? []);
    case 'tuple':
      return type.elements;
    case 'option':
      return [type.value];
    case 'result':
      return [type.ok ?? [], type.error ?? []].flat();
    case 'map':
      return [type.key, type.value];
    case 'list':
    case 'stream':
    case 'future':
      return type.element === undefined ? [] : [type.element];
    default:
      return [];
  }
}

/** Whether the type itself, not what is in it, needs an externally visible name. */
export function isNamed(type: ValueType): boolean {
  return type.kind === 'record' || type.kind === 'variant' || type.kind === 'enum' || type.kind === 'flags';
}

function measure(type: ValueType): Facts {
  const inside = children(type).map(facts);
  let depth = 0;
  let borrow = type.kind === 'borrow';
  let pointer = false;
  let resource = borrow || type.kind === 'own';
  let nominal = resource || isNamed(type);
  for (const one of inside) {
    if (one.depth > depth) depth = one.depth;
    borrow ||= one.borrow;
    pointer ||= one.pointer;
    nominal ||= one.nominal;
    resource ||= one.resource;
  }
  const shape = { ...leaf, depth: depth + 1, borrow, pointer, nominal, resource };
  switch (type.kind) {
    case 'record':
    case 'tuple': {
      let size = 0;
      let alignment = 1;
      for (const one of inside) {
        size = alignTo(size, one.alignment) + one.size;
        alignment = Math.max(alignment, one.alignment);
      }
      return { ...shape, size: alignTo(size, alignment), alignment };
    }
    case 'variant':
      return { ...shape, ...variant(type.cases.length, inside) };
    case 'enum':
      return { ...shape, ...variant(type.labels.length, inside) };
    case 'option':
    case 'result':
      return { ...shape, ...variant(2, inside) };
    case 'flags': {
      const size = type.labels.length <= 8 ? 1 : type.labels.length <= 16 ? 2 : 4;
      return { ...shape, size, alignment: size };
    }
    case 'list': {
      const [element] = inside;
      if (element !== undefined && type.length !== undefined) {
        return { ...shape, size: type.length * element.size, alignment: element.alignment };
      }
      return { ...shape, size: 16, alignment: 8, pointer: true };
    }
    case 'map':
    case 'string':
      return { ...shape, size: 16, alignment: 8, pointer: true };
    case 'stream':
    case 'future':
      // A handle: what is inside is read and written by built-ins with options of their own.
      return { ...shape, pointer: false };
    default: {
      const size = scalarSizes[type.kind] ?? 4;
      return { ...shape, size, alignment: size };
    }
  }
}

function alignTo(offset: number, alignment: number): number {
  return Math.ceil(offset / alignment) * alignment;
}

function variant(cases: number, inside: readonly Facts[]): { size: number; alignment: number } {
  const discriminant = cases <= 256 ? 1 : cases <= 65_536 ? 2 : 4;
  let payload = 0;
  let payloadAlignment = 1;
  for (const one of inside) {
    payload = Math.max(payload, one.size);
    payloadAlignment = Math.max(payloadAlignment, one.alignment);
  }
  const alignment = Math.max(discriminant, payloadAlignment);
  return { size: alignTo(alignTo(discriminant, payloadAlignment) + payload, alignment), alignment };
}

// Flattening -----------------------------------------------------------------------------------------------------

type FlatType = 'i32' | 'i64' | 'f32' | 'f64';

const flattened = new WeakMap<ValueType, readonly FlatType[]>();

/** More flat types than this are passed in memory, whatever they are; no list is made longer. */
const enough = maxFlatParams + 1;

/** `flatten_type(t)` with 32-bit pointers, cut off after {@link maxFlatParams} + 1 types. */
export function flatten(type: ValueType): readonly FlatType[] {
  let found = flattened.get(type);
  if (found === undefined) {
    found = flattenType(type).slice(0, enough);
    flattened.set(type, found);
  }
  return found;
}

/** `flatten_types(ts)`, cut off in the same way. */
export function flattenAll(types: readonly ValueType[]): FlatType[] {
  const flat: FlatType[] = [];
  for (const type of types) {
    flat.push(...flatten(type));
    if (flat.length >= enough) return flat.slice(0, enough);
  }
  return flat;
}

/** The flat parameters of a function. */
export function flattenParams(type: FunctionType): FlatType[] {
  return flattenAll(type.params.map((param) => param.type));
}

/** The flat results of a function. */
export function flattenResult(type: FunctionType): readonly FlatType[] {
  return type.result === undefined ? [] : flatten(type.result);
}

function flattenType(type: ValueType): readonly FlatType[] {
  switch (type.kind) {
    case 's64':
    case 'u64':
      return ['i64'];
    case 'f32':
    case 'f64':
      return [type.kind];
    case 'string':
    case 'map':
      return ['i32', 'i32'];
    case 'list': {
      if (type.length === undefined) return ['i32', 'i32'];
      const element = flatten(type.element);
      const count = element.length === 0 ? 0 : Math.min(type.length, enough);
      return Array.from({ length: count }, () => element).flat();
    }
    case 'record':
    case 'tuple':
      return flattenAll(children(type));
    case 'variant':
    case 'option':
    case 'result':
      return ['i32', ...joinAll(children(type))];
    default:
      return ['i32'];
  }
}

function joinAll(cases: readonly ValueType[]): FlatType[] {
  const flat: FlatType[] = [];
  for (const one of cases) {
    flatten(one).forEach((type, index) => {
      const other = flat[index];
      flat[index] = other === undefined ? type : join(other, type);
    });
  }
  return flat;
}

function join(a: FlatType, b: FlatType): FlatType {
  if (a === b) return a;
  return (a === 'i32' && b === 'f32') || (a === 'f32' && b === 'i32') ? 'i32' : 'i64';
}
