/**
 * The canonical order of sets and maps (docs/encoding.md): the order of their encoded elements or keys. Elements or
 * keys that have the same encoding are refused.
 */
import { compareBytes, NoEncoding } from './values.ts';

/** The problem of a set or a map with two different elements or keys that have the same encoding. */
const EQUAL_ELEMENTS_PROBLEM =
  'contains elements or keys that are different in JavaScript but equal when encoded, such as 5 and 5n';

/** Encodes the elements of one set, or the keys and the values of one map. */
export interface ElementEncoder<Encoded> {
  /** Encodes an element, a key or a value. @param index its index in the order of insertion. */
  readonly encode: (value: unknown, index: number) => Encoded;
  /** Compares two encoded elements or keys. */
  readonly compare: (left: Encoded, right: Encoded) => number;
  /** Makes the error for the problem of the set or map. */
  readonly refused: (problem: string) => unknown;
}

/**
 * Returns the encoded elements of a set in canonical order.
 * @throws the error of `refused` if two of them are equal.
 */
export function orderedElements<Encoded>(set: ReadonlySet<unknown>, encoder: ElementEncoder<Encoded>): Encoded[] {
  const elements: Encoded[] = [];
  for (const element of set) elements.push(encoder.encode(element, elements.length));
  elements.sort(encoder.compare);
  refuseEqual(elements, (element) => element, encoder);
  return elements;
}

/**
 * Returns the encoded keys and values of a map in the canonical order of the keys.
 * @throws the error of `refused` if two keys are equal.
 */
export function orderedEntries<Encoded>(
  map: ReadonlyMap<unknown, unknown>,
  encoder: ElementEncoder<Encoded>,
): (readonly [key: Encoded, value: Encoded])[] {
  const entries: (readonly [key: Encoded, value: Encoded])[] = [];
  for (const [key, value] of map) {
    const index = entries.length;
    entries.push([encoder.encode(key, index), encoder.encode(value, index)]);
  }
  entries.sort(([left], [right]) => encoder.compare(left, right));
  refuseEqual(entries, ([key]) => key, encoder);
  return entries;
}

/** Refuses a sorted list with two equal elements or keys. */
function refuseEqual<Item, Encoded>(
  sorted: readonly Item[],
  keyOf: (item: Item) => Encoded,
  { compare, refused }: ElementEncoder<Encoded>,
): void {
  for (let index = 1; index < sorted.length; index++) {
    if (compare(keyOf(sorted[index - 1]!), keyOf(sorted[index]!)) === 0) throw refused(EQUAL_ELEMENTS_PROBLEM);
  }
}

/**
 * Returns the encoder of the elements of a set or a map in MessagePack.
 *
 * @param trail the keys down to the current value. The element's index is added at `depth`.
 * @param encodeApart encodes a value to bytes of its own.
 */
export function msgpackElements(
  trail: (string | number)[],
  depth: number,
  encodeApart: (value: unknown, depth: number) => Uint8Array,
): ElementEncoder<Uint8Array> {
  return {
    encode: (value, index) => {
      trail[depth] = index;
      return encodeApart(value, depth + 1);
    },
    compare: compareBytes,
    refused: (problem) => new NoEncoding(trail, depth, problem),
  };
}
