/**
 * A value type of the validator: its structure, and the properties that follow from it.
 *
 * One class represents all kinds, so that the engine can compile one fast version of the code that reads types. With
 * plain objects, each kind with properties of its own, validation took half as long again. {@link describeValue}
 * returns plain objects.
 */

import type { PrimitiveKind, ResourceType, ValueType } from '../types.ts';
import type { TypeEntry } from './extern-type.ts';
import { isPointer, type Layout, layoutFrom, NARROW, WIDE } from './layout.ts';
import type { Marked } from './type-marks.ts';

const nothing: readonly never[] = [];

export class ValueTypeNode implements Marked<ValueTypeNode> {
  readonly kind: ValueType['kind'];
  /** The types directly inside. A case of a variant or result, a stream or a future may have none. */
  readonly inside: readonly (ValueTypeNode | undefined)[];
  /** The labels of the fields, cases or flags. */
  readonly labels: readonly string[];
  /** The length of a fixed-length list. */
  readonly length: number | undefined;
  /** The resource type of a handle. `through` is the type index that named it ("External Visibility"). */
  readonly resource: ResourceType | undefined;
  readonly through: TypeEntry | undefined;

  /** The number of types in it, each counted as often as it occurs. */
  nodes: number = 1;
  /** The number of levels of types inside one another, 1 for a primitive. */
  depth: number = 1;
  /** An upper bound of `elem_size(t, 'i64')`. It is almost always small, so the exact size need not be computed. */
  most: number = 16;
  /** `contains_borrow(t)` */
  borrow: boolean = false;
  /** True if it contains a `list`, `map` or `string`, whose bytes are elsewhere in memory. */
  pointer: boolean = false;
  /** True if it contains a type that needs an externally visible name: a resource, record, variant, enum or flags. */
  nominal: boolean = false;
  /** True if it contains a handle. */
  handle: boolean = false;
  visibleIn: number = 0;
  visibility: number = 0;
  replacedIn: number = 0;
  replacement: ValueTypeNode | undefined = undefined;
  #narrow: Layout | undefined = undefined;
  #wide: Layout | undefined = undefined;
  /** See {@link describeValue}. */
  description: ValueType | undefined = undefined;

  constructor(
    kind: ValueType['kind'],
    inside: ValueTypeNode['inside'] = nothing,
    labels: readonly string[] = nothing,
    length?: number,
    resource?: ResourceType,
    through?: TypeEntry,
  ) {
    this.kind = kind;
    this.inside = inside;
    this.labels = labels;
    this.length = length;
    this.resource = resource;
    this.through = through;
    this.#measure();
  }

  /** The alignment, size and core types with 32-bit pointers. */
  get layout(): Layout {
    this.#narrow ??= this.#layoutWith(NARROW, (one) => one?.layout);
    return this.#narrow;
  }

  /** The layout with 64-bit pointers, which bounds the size of values. */
  get wide(): Layout {
    this.#wide ??= this.#layoutWith(WIDE, (one) => one?.wide);
    return this.#wide;
  }

  #layoutWith(pointer: Layout, layoutOf: (type: ValueTypeNode | undefined) => Layout | undefined): Layout {
    return layoutFrom(this.kind, this.inside.map(layoutOf), this.labels.length, this.length, pointer);
  }

  /** The types of the fields of a record or tuple. */
  get fields(): readonly ValueTypeNode[] {
    return this.inside as readonly ValueTypeNode[];
  }

  /** The type in a list or option, or the key of a map. */
  get element(): ValueTypeNode {
    return this.inside[0]!;
  }

  /** The element of the list that a `map` despecializes to. */
  get entry(): ValueTypeNode {
    return new ValueTypeNode('tuple', this.inside);
  }

  /** True if the type itself needs an externally visible name, apart from the types inside it. */
  get isNamed(): boolean {
    const { kind } = this;
    return kind === 'record' || kind === 'variant' || kind === 'enum' || kind === 'flags';
  }

  /** Returns the type with other types inside. Even with the same types, it is a new type. */
  with(inside: ValueTypeNode['inside']): ValueTypeNode {
    return new ValueTypeNode(this.kind, inside, this.labels, this.length);
  }

  #measure(): void {
    const { kind, length } = this;
    this.nominal = this.isNamed;
    this.pointer = length === undefined && isPointer(kind);
    for (const one of this.inside) {
      if (one === undefined) continue;
      this.nodes += one.nodes;
      this.depth = Math.max(this.depth, one.depth + 1);
      this.borrow ||= one.borrow;
      this.pointer ||= one.pointer;
      this.nominal ||= one.nominal;
      this.handle ||= one.handle;
      // Alignment may need padding.
      this.most += (one.most + 8) * (length ?? 1);
    }
    if (kind === 'own' || kind === 'borrow') {
      this.nominal = this.handle = true;
      this.borrow = kind === 'borrow';
    }
    // The value is a handle. Built-ins with options of their own read and write its elements.
    if (kind === 'stream' || kind === 'future') this.pointer = false;
  }
}

const primitives: { [Kind in PrimitiveKind]?: ValueTypeNode } = {};

/** Returns the only object of a primitive type. */
export function primitive(kind: PrimitiveKind): ValueTypeNode {
  primitives[kind] ??= new ValueTypeNode(kind);
  return primitives[kind];
}

/** Returns whether a type is primitive. */
export function isPrimitive({ kind }: ValueTypeNode): boolean {
  return kind in primitives;
}
