/**
 * Static properties of value types that validation asks for: *CanonicalABI.md*, "Type Predicates", and "Alignment" and
 * "Element Size" with 64-bit pointers, which bound the size of values. They are computed once per type object, from
 * those of the types inside it.
 */
import { alignTo, discriminantLayout, typesInside } from '../abi/layout.ts';
import type { ValueType } from '../types.ts';
import type { Context } from './context.ts';

/** What follows from the structure of a value type. */
export interface Facts {
  /** The types directly inside. */
  readonly inside: readonly ValueType[];
  /** Types in it, each as often as it occurs. */
  readonly nodes: number;
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

/** The {@link Facts} of a type. */
export function facts(context: Context, type: ValueType): Facts {
  const { facts: known } = context;
  let found = known.get(type);
  if (found === undefined) {
    found = leaves.get(type.kind) ?? measure(context, type);
    known.set(type, found);
  }
  return found;
}

const leaf: Facts = {
  inside: [],
  nodes: 1,
  depth: 1,
  alignment: 4,
  size: 4,
  borrow: false,
  pointer: false,
  nominal: false,
  resource: false,
};

/** What is known of a type is so of another one of the same structure, with other types `inside`. */
export function shareFacts(context: Context, of: ValueType, other: ValueType, inside?: readonly ValueType[]): void {
  const known = facts(context, of);
  context.facts.set(other, inside === undefined ? known : { ...known, inside });
}

/** Of types with nothing inside. */
const leaves = new Map<string, Facts>([
  ['string', { ...leaf, size: 16, alignment: 8, pointer: true }],
  ['own', { ...leaf, nominal: true, resource: true }],
  ['borrow', { ...leaf, nominal: true, resource: true, borrow: true }],
]);
for (const [size, ...kinds] of [
  [1, 'bool', 's8', 'u8'],
  [2, 's16', 'u16'],
  [4, 's32', 'u32', 'f32', 'char', 'error-context'],
  [8, 's64', 'u64', 'f64'],
] as const) {
  for (const kind of kinds) leaves.set(kind, { ...leaf, size, alignment: size });
}

/** A part of a type: its label, or what it is, and its type, if it has one. */
export interface Part {
  readonly name: string;
  readonly type?: ValueType | undefined;
}

/** The parts of a type, in order. */
export function parts(type: ValueType): readonly Part[] {
  switch (type.kind) {
    case 'record':
      return type.fields;
    case 'variant':
      return type.cases;
    case 'flags':
    case 'enum':
      return type.labels.map((name) => ({ name }));
    case 'tuple':
      return type.elements.map((element, index) => ({ name: String(index), type: element }));
    case 'option':
      return [{ name: 'some', type: type.value }];
    case 'result':
      return [
        { name: 'ok', type: type.ok },
        { name: 'err', type: type.error },
      ];
    case 'map':
      return [
        { name: 'key', type: type.key },
        { name: 'value', type: type.value },
      ];
    case 'list':
    case 'stream':
    case 'future':
      return [{ name: 'element', type: type.element }];
    default:
      return [];
  }
}

/** Whether the type itself, not what is in it, needs an externally visible name. */
export function isNamed(type: ValueType): boolean {
  return type.kind === 'record' || type.kind === 'variant' || type.kind === 'enum' || type.kind === 'flags';
}

function measure(context: Context, type: ValueType): Facts {
  const inside = typesInside(type);
  const known = inside.map((one) => facts(context, one));
  let nodes = 1;
  let depth = 0;
  let borrow = false;
  let pointer = false;
  let resource = false;
  let nominal = isNamed(type);
  for (const one of known) {
    nodes += one.nodes;
    if (one.depth > depth) depth = one.depth;
    borrow ||= one.borrow;
    pointer ||= one.pointer;
    nominal ||= one.nominal;
    resource ||= one.resource;
  }
  if (type.kind === 'map' || (type.kind === 'list' && type.length === undefined)) pointer = true;
  // A handle: what is inside is read and written by built-ins with options of their own.
  if (type.kind === 'stream' || type.kind === 'future') pointer = false;
  const { size, alignment } = extent(type, known);
  return { inside, nodes, depth: depth + 1, alignment, size, borrow, pointer, nominal, resource };
}

type Extent = Pick<Facts, 'size' | 'alignment'>;

function extent(type: ValueType, inside: readonly Facts[]): Extent {
  switch (type.kind) {
    case 'record':
    case 'tuple': {
      let size = 0;
      let alignment = 1;
      for (const one of inside) {
        size = alignTo(size, one.alignment) + one.size;
        alignment = Math.max(alignment, one.alignment);
      }
      return { size: alignTo(size, alignment), alignment };
    }
    case 'variant':
      return variant(type.cases.length, inside);
    case 'enum':
      return variant(type.labels.length, inside);
    case 'option':
    case 'result':
      return variant(2, inside);
    case 'flags': {
      const size = type.labels.length <= 8 ? 1 : type.labels.length <= 16 ? 2 : 4;
      return { size, alignment: size };
    }
    case 'list': {
      const [element] = inside;
      if (element === undefined || type.length === undefined) return { size: 16, alignment: 8 };
      return { size: type.length * element.size, alignment: element.alignment };
    }
    case 'map':
      return { size: 16, alignment: 8 };
    default:
      return leaf;
  }
}

function variant(cases: number, inside: readonly Facts[]): Extent {
  const discriminant = discriminantLayout(cases).size;
  let payload = 0;
  let payloadAlignment = 1;
  for (const one of inside) {
    payload = Math.max(payload, one.size);
    payloadAlignment = Math.max(payloadAlignment, one.alignment);
  }
  const alignment = Math.max(discriminant, payloadAlignment);
  return { size: alignTo(alignTo(discriminant, payloadAlignment) + payload, alignment), alignment };
}
