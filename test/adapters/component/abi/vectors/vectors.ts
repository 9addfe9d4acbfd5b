/**
 * Reads the vectors that `scripts/abi-vectors.py` creates with the executable reference of the specification. Each file
 * names the commit of the specification. To create them again, run `python3 scripts/abi-vectors.py
 * path/to/component-model`.
 *
 * A type is a keyword or a list: `["record", …]`, `["tuple", …]`, `["variant", …]` (null, or a number of cases, without
 * payload), `["list", element, length?]`, `["option", value]`, `["result", ok, error]`, `["map", key, value]`,
 * `["flags", count]`, `["enum", count]`. Labels follow from the place: fields are `f0`, `f1`, …
 *
 * A value has the form of its type: 64-bit integers are decimal text, floats are the hex of their bits, a variant or
 * result is `[case, payload?]`, an option `[value?]`, flags and enums are numbers, a map is a list of pairs.
 */
import { readFileSync } from 'node:fs';
import { ValueTypeNode } from '../../../../../src/adapters/component/types/nodes.ts';
import type { GuestType } from '../guests.ts';

export type VectorType = string | VectorParts;
export interface VectorParts extends ReadonlyArray<VectorType | number | null> {
  readonly 0: string;
}
export type VectorValue = boolean | number | string | readonly VectorValue[];

/** The results of lowering, as text: core values, calls of `realloc`, and the bytes that it wrote there. */
export interface Lowered {
  readonly core: string;
  readonly realloc?: string;
  readonly memory?: string;
}

/** The vectors of a file. */
export function readVectors<Vectors>(name: 'values' | 'strings' | 'functions' | 'damaged'): Vectors {
  return JSON.parse(readFileSync(new URL(`./${name}.json`, import.meta.url), 'utf8'));
}

// Types ------------------------------------------------------------------------------------------------------------

type Part = VectorType | null;

/** Returns the fields, elements or cases of a type. A case without a payload is null. */
function partsOf([kind, ...parts]: VectorParts): readonly Part[] {
  if (kind === 'flags' || kind === 'enum') return [];
  if (kind === 'list') return [parts[0] as Part];
  return parts.flatMap((part) => (typeof part === 'number' ? new Array<Part>(part).fill(null) : [part]));
}

function labels(letter: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${letter}${index}`);
}

/** Returns the type in the form of the validator. */
export function valueTypeOf(type: VectorType): ValueTypeNode {
  if (typeof type === 'string') return new ValueTypeNode(type as ValueTypeNode['kind'], [], []);
  const [kind, count, length] = type;
  const parts = partsOf(type).map((part) => (part === null ? undefined : valueTypeOf(part)));
  const node = (inside: ValueTypeNode['inside'], names: readonly string[]) =>
    new ValueTypeNode(kind as ValueTypeNode['kind'], inside, names, typeof length === 'number' ? length : undefined);
  switch (kind) {
    case 'record':
      return node(parts, labels('f', parts.length));
    case 'variant':
      return node(parts, labels('c', parts.length));
    case 'flags':
      return node([], labels('b', count as number));
    case 'enum':
      return node([], labels('c', count as number));
    case 'result':
      return node([parts[0], parts[1]], []);
    default:
      return node(parts, []);
  }
}

/** Returns the type as component text. Types that need a name are imported first. */
export function guestTypeOf(type: VectorType, flat = ''): GuestType & { readonly definitions: string } {
  const definitions: string[] = [];
  return { type: write(type, definitions), definitions: definitions.join('\n'), flat };
}

/** Writes a type. The definitions that it needs are appended to `definitions`. */
export function write(type: VectorType, definitions: string[]): string {
  if (typeof type === 'string') return type;
  const [kind, count, length] = type;
  const parts = partsOf(type).map((part) => (part === null ? undefined : write(part, definitions)));
  const define = (inside: string[]): string => {
    const name = `t${definitions.length}`;
    definitions.push(
      `(type $${name}-x (${kind} ${inside.join(' ')})) (import "${name}" (type $${name} (eq $${name}-x)))`,
    );
    return `$${name}`;
  };
  switch (kind) {
    case 'record':
      return define(parts.map((part, index) => `(field "f${index}" ${part})`));
    case 'variant':
      return define(parts.map((part, index) => `(case "c${index}" ${part ?? ''})`));
    case 'flags':
      return define(labels('b', count as number).map((label) => `"${label}"`));
    case 'enum':
      return define(labels('c', count as number).map((label) => `"${label}"`));
    case 'result':
      return `(result ${parts[0] ?? ''} ${parts[1] === undefined ? '' : `(error ${parts[1]})`})`;
    case 'list':
      return `(list ${parts[0]} ${length ?? ''})`;
    default:
      return `(${kind} ${parts.join(' ')})`;
  }
}

// Values -----------------------------------------------------------------------------------------------------------

const TYPED_ARRAYS: Record<string, { from(values: never[]): unknown }> = {
  u8: Uint8Array,
  s8: Int8Array,
  u16: Uint16Array,
  s16: Int16Array,
  u32: Uint32Array,
  s32: Int32Array,
  u64: BigUint64Array,
  s64: BigInt64Array,
  f32: Float32Array,
  f64: Float64Array,
};

/** Returns the value in the form of JavaScript (*Explainer.md*, "JS API"). */
export function toJavaScript(type: VectorType, value: VectorValue): unknown {
  if (typeof type === 'string') return toPrimitive(type, value);
  const [kind] = type;
  const parts = partsOf(type);
  const of = (index: number, each: VectorValue): unknown => toJavaScript(parts[index]!, each);
  if (kind === 'enum') return `c${value}`;
  if (kind === 'flags') {
    return Object.fromEntries(
      labels('b', type[1] as number).map((label, bit) => [label, (Number(value) >>> bit) % 2 === 1]),
    );
  }
  const values = value as readonly VectorValue[];
  switch (kind) {
    case 'list': {
      const elements = values.map((each) => of(0, each));
      return TYPED_ARRAYS[String(parts[0])]?.from(elements as never[]) ?? elements;
    }
    case 'record':
      return Object.fromEntries(values.map((each, index) => [`f${index}`, of(index, each)]));
    case 'tuple':
      return values.map((each, index) => of(index, each));
    case 'option':
      if (!isTaggedOption(type)) return values.length === 0 ? undefined : of(0, values[0]!);
      return values.length === 0 ? { tag: 'none' } : { tag: 'some', val: of(0, values[0]!) };
    case 'map':
      return new Map((values as [VectorValue, VectorValue][]).map(([key, each]) => [of(0, key), of(1, each)]));
    default: {
      const index = Number(values[0]);
      const tag = kind === 'result' ? ['ok', 'err'][index] : `c${index}`;
      if (parts[index] !== null) return { tag, val: of(index, values[1]!) };
      return kind === 'result' ? { tag, val: undefined } : { tag };
    }
  }
}

/** The innermost of several options in one another is a value or `undefined`. From there, every other one is tagged. */
function isTaggedOption([, inner]: VectorParts): boolean {
  return Array.isArray(inner) && inner[0] === 'option' && !isTaggedOption(inner as unknown as VectorParts);
}

function toPrimitive(type: string, value: VectorValue): unknown {
  switch (type) {
    case 'u64':
    case 's64':
      return BigInt(String(value));
    case 'f32':
      return Buffer.from(String(value), 'hex').readFloatBE();
    case 'f64':
      return Buffer.from(String(value), 'hex').readDoubleBE();
    default:
      return value;
  }
}
