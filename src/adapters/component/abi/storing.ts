/**
 * *CanonicalABI.md*, "Storing": writes values to linear memory.
 *
 * `realloc` may grow the memory, which replaces its views. Code after a nested `store` must read the views again.
 */

import { toCamelCase } from '../camel-case.ts';
import { UnsupportedError } from '../errors.ts';
import { casesOf, payloadOffset } from '../types/cases.ts';
import { discriminantLayout, layoutOfFields } from '../types/layout.ts';
import type { ValueTypeNode } from '../types/nodes.ts';
import type { Context } from './canonical-options.ts';
import {
  isTaggedOption,
  matchCase,
  requireLength,
  toBigInt,
  toCharCode,
  toElements,
  toNumber,
  toObject,
  toPairs,
  toTuple,
} from './javascript-values.ts';
import { canonicalizeNan } from './loading.ts';
import { flagsOf, memberView } from './members.ts';
import { numberKindOf, storeBytes, storeNumbers, toNumberList } from './number-lists.ts';
import { lowerBorrow, lowerOwn } from './resource-handles.ts';
import type { Stager, Store } from './staging.ts';
import { storeStringIntoRange } from './strings.ts';
import { WrongValue, within } from './wrong-value.ts';

export function stageStore(stager: Stager, type: ValueTypeNode): Store {
  switch (type.kind) {
    case 'bool':
      return (cx, value, ptr) => cx.memory.view.setUint8(ptr, value ? 1 : 0);
    case 'u8':
    case 's8':
      return (cx, value, ptr) => cx.memory.view.setInt8(ptr, toNumber(value));
    case 'u16':
    case 's16':
      return (cx, value, ptr) => cx.memory.view.setInt16(ptr, toNumber(value), true);
    case 'u32':
    case 's32':
      return (cx, value, ptr) => cx.memory.view.setInt32(ptr, toNumber(value), true);
    case 'u64':
    case 's64':
      return (cx, value, ptr) => cx.memory.view.setBigInt64(ptr, BigInt.asIntN(64, toBigInt(value)), true);
    case 'f32':
      return (cx, value, ptr) => cx.memory.view.setFloat32(ptr, canonicalizeNan(toNumber(value)), true);
    case 'f64':
      return (cx, value, ptr) => cx.memory.view.setFloat64(ptr, canonicalizeNan(toNumber(value)), true);
    case 'char':
      return (cx, value, ptr) => cx.memory.view.setInt32(ptr, toCharCode(value), true);
    case 'string':
      return storeString;
    case 'list':
      return stageStoreList(stager, type);
    case 'map':
      return storePointerAndLength(stageStoreMapIntoRange(stager, type));
    case 'record': {
      const store = stageStoreRecord(stager, type);
      const view = memberView(type.labels);
      return view === undefined ? store : (cx, value, ptr) => store(cx, view(value), ptr);
    }
    case 'tuple':
      return stageStoreRecord(stager, type);
    case 'variant':
    case 'enum':
    case 'option':
    case 'result':
      return stageStoreVariant(stager, type);
    case 'flags':
      return stageStoreFlags(type.labels);
    case 'own': {
      const lower = lowerOwn(stager, type.resource!);
      return (cx, value, ptr) => cx.memory.view.setInt32(ptr, lower(cx, value), true);
    }
    case 'borrow': {
      const lower = lowerBorrow(stager, type.resource!);
      return (cx, value, ptr) => cx.memory.view.setInt32(ptr, lower(cx, value), true);
    }
    default:
      throw new UnsupportedError(type.kind);
  }
}

/** Stores a string or a list. Returns the pointer, and writes the length to `cx.lowered`. */
type StoreIntoRange = (cx: Context, value: unknown) => number;

function storePointerAndLength(intoRange: StoreIntoRange): Store {
  return (cx, value, ptr) => {
    const begin = intoRange(cx, value);
    const { view } = cx.memory;
    view.setInt32(ptr, begin, true);
    view.setInt32(ptr + 4, cx.lowered, true);
  };
}

const storeString: Store = storePointerAndLength(storeStringIntoRange);

/** The maximum number of bytes that a 32-bit length can express. */
const MAX_BYTE_LENGTH = 2 ** 32 - 1;

function tooLong(byteLength: number): WrongValue {
  return new WrongValue(`expected a list of at most ${MAX_BYTE_LENGTH} bytes, got one of ${byteLength}`);
}

/** Implements `store_list_into_range`. */
export function stageStoreListIntoRange(stager: Stager, type: ValueTypeNode): StoreIntoRange {
  if (type.element.kind === 'u8') return storeBytesIntoRange;
  return storeElementsIntoRange(stager, type.element, toList(type.element));
}

const toBytes = toNumberList('u8');

/** Stores a `list<u8>`, which is by far the most common list. */
function storeBytesIntoRange(cx: Context, value: unknown): number {
  const elements = value instanceof Uint8Array ? value : toBytes(value);
  const { length } = elements;
  if (length > MAX_BYTE_LENGTH) throw tooLong(length);
  const ptr = cx.allocate(1, length);
  storeBytes(cx, elements, ptr);
  cx.lowered = length;
  return ptr;
}

export function stageStoreMapIntoRange(stager: Stager, type: ValueTypeNode): StoreIntoRange {
  return storeElementsIntoRange(stager, type.entry, toPairs(type.element));
}

function storeElementsIntoRange(
  stager: Stager,
  element: ValueTypeNode,
  elementsOf: (value: unknown) => ArrayLike<unknown>,
): StoreIntoRange {
  const { size, alignment } = element.layout;
  const intoValidRange = stageStoreListIntoValidRange(stager, element);
  return (cx, value) => {
    const elements = elementsOf(value);
    const { length } = elements;
    const byteLength = length * size;
    if (byteLength > MAX_BYTE_LENGTH) throw tooLong(byteLength);
    const ptr = cx.allocate(alignment, byteLength);
    intoValidRange(cx, elements, ptr);
    cx.lowered = length;
    return ptr;
  };
}

function toList(element: ValueTypeNode): (value: unknown) => ArrayLike<unknown> {
  const numbers = numberKindOf(element);
  return numbers === undefined ? toElements : toNumberList(numbers);
}

function stageStoreListIntoValidRange(
  stager: Stager,
  element: ValueTypeNode,
): (cx: Context, elements: ArrayLike<unknown>, ptr: number) => void {
  const numbers = numberKindOf(element);
  if (numbers !== undefined) return storeNumbers(numbers);
  const { size } = element.layout;
  const store = stager.store(element);
  return (cx, elements, ptr) => {
    let i = 0;
    try {
      for (; i < elements.length; i++) store(cx, elements[i], ptr + i * size);
    } catch (error) {
      throw within(error, i);
    }
  };
}

function stageStoreList(stager: Stager, type: ValueTypeNode): Store {
  const { length } = type;
  if (length === undefined) return storePointerAndLength(stageStoreListIntoRange(stager, type));
  const elementsOf = fixedElements(type.element, length);
  const intoValidRange = stageStoreListIntoValidRange(stager, type.element);
  return (cx, value, ptr) => intoValidRange(cx, elementsOf(value), ptr);
}

/** Returns the elements of a list whose length is part of its type. */
export function fixedElements(element: ValueTypeNode, length: number): (value: unknown) => ArrayLike<unknown> {
  const listOf = toList(element);
  return (value) => requireLength(listOf(value), length, 'list');
}

function stageStoreRecord(stager: Stager, type: ValueTypeNode): Store {
  const types = type.fields;
  const { offsets } = layoutOfFields(types);
  const stores = types.map((each) => stager.store(each));
  const count = stores.length;
  if (type.kind === 'tuple') {
    return (cx, value, ptr) => {
      const elements = toTuple(value, count);
      let i = 0;
      try {
        for (; i < count; i++) stores[i]!(cx, elements[i], ptr + offsets[i]!);
      } catch (error) {
        throw within(error, i);
      }
    };
  }
  const keys = type.labels.map(toCamelCase);
  return (cx, value, ptr) => {
    const record = toObject(value, 'record');
    let i = 0;
    try {
      for (; i < count; i++) stores[i]!(cx, record[keys[i]!], ptr + offsets[i]!);
    } catch (error) {
      throw within(error, keys[i]!);
    }
  };
}

function stageStoreVariant(stager: Stager, type: ValueTypeNode): Store {
  const cases = casesOf(type);
  const { size } = discriminantLayout(cases.length);
  const offset = payloadOffset(cases);
  const stores = cases.map((each) => (each.type === undefined ? undefined : stager.store(each.type)));
  const { indexOf, payloadOf } = matchCase(type);
  const isTagged = type.kind !== 'option' || isTaggedOption(type);
  return (cx, value, ptr) => {
    const index = indexOf(value);
    const { view } = cx.memory;
    if (size === 1) view.setUint8(ptr, index);
    else if (size === 2) view.setUint16(ptr, index, true);
    else view.setUint32(ptr, index, true);
    try {
      stores[index]?.(cx, payloadOf(value), ptr + offset);
    } catch (error) {
      throw isTagged ? within(error, 'val') : error;
    }
  };
}

function stageStoreFlags(labels: readonly string[]): Store {
  const pack = flagsOf(labels);
  if (labels.length <= 8) return (cx, value, ptr) => cx.memory.view.setUint8(ptr, pack(value));
  if (labels.length <= 16) return (cx, value, ptr) => cx.memory.view.setUint16(ptr, pack(value), true);
  return (cx, value, ptr) => cx.memory.view.setInt32(ptr, pack(value), true);
}
