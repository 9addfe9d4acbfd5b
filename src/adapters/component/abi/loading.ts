/** *CanonicalABI.md*, "Loading": reads values from linear memory. */

import { toCamelCase } from '../camel-case.ts';
import { UnsupportedError } from '../errors.ts';
import { elementCost, slotCost } from '../limits.ts';
import { casesOf, payloadOffset } from '../types/cases.ts';
import { discriminantLayout, layoutOfFields } from '../types/layout.ts';
import type { ValueTypeNode } from '../types/nodes.ts';
import type { Context } from './canonical-options.ts';
import { flagsFrom, isTaggedOption, recordTemplate } from './javascript-values.ts';
import { loadNumbers, type NumberKind, numberKindOf } from './number-lists.ts';
import { liftBorrow, liftOwn, liftOwnAsHandle } from './resource-handles.ts';
import type { Load, Stager } from './staging.ts';
import { loadString } from './strings.ts';

export function stageLoad(stager: Stager, type: ValueTypeNode): Load {
  switch (type.kind) {
    case 'bool':
      return (cx, ptr) => cx.memory.view.getUint8(ptr) !== 0;
    case 'u8':
      return (cx, ptr) => cx.memory.view.getUint8(ptr);
    case 'u16':
      return (cx, ptr) => cx.memory.view.getUint16(ptr, true);
    case 'u32':
      return (cx, ptr) => cx.memory.view.getUint32(ptr, true);
    case 'u64':
      return (cx, ptr) => cx.memory.view.getBigUint64(ptr, true);
    case 's8':
      return (cx, ptr) => cx.memory.view.getInt8(ptr);
    case 's16':
      return (cx, ptr) => cx.memory.view.getInt16(ptr, true);
    case 's32':
      return (cx, ptr) => cx.memory.view.getInt32(ptr, true);
    case 's64':
      return (cx, ptr) => cx.memory.view.getBigInt64(ptr, true);
    case 'f32':
      return (cx, ptr) => canonicalizeNan(cx.memory.view.getFloat32(ptr, true));
    case 'f64':
      return (cx, ptr) => canonicalizeNan(cx.memory.view.getFloat64(ptr, true));
    case 'char':
      return (cx, ptr) => convertI32ToChar(cx, cx.memory.view.getUint32(ptr, true));
    case 'string':
      return loadString(stager.representation);
    case 'list':
      return stageLoadList(stager, type);
    case 'map':
      return stageLoadMap(stager, type);
    case 'record':
    case 'tuple':
      return stageLoadRecord(stager, type);
    case 'variant':
    case 'enum':
    case 'option':
    case 'result':
      return stageLoadVariant(stager, type);
    case 'flags':
      return stageLoadFlags(type.labels);
    case 'own': {
      if (stager.representation === 'handles') {
        const slot = stager.slotOf(type.resource!);
        return (cx, ptr) => liftOwnAsHandle(cx, slot, cx.memory.view.getInt32(ptr, true));
      }
      const lift = liftOwn(stager, type.resource!);
      return (cx, ptr) => lift(cx, cx.memory.view.getInt32(ptr, true));
    }
    case 'borrow': {
      const lift = liftBorrow(stager, type.resource!);
      return (cx, ptr) => lift(cx, cx.memory.view.getInt32(ptr, true));
    }
    default:
      throw new UnsupportedError(type.kind);
  }
}

/** Removes the payload of a NaN (`canonicalize_nan32` and `canonicalize_nan64`). */
export function canonicalizeNan(value: number): number {
  return Number.isNaN(value) ? Number.NaN : value;
}

export function convertI32ToChar(cx: Context, code: number): string {
  if (code >= 0x110000 || (code >= 0xd800 && code <= 0xdfff)) throw cx.trap('invalid `char` bit pattern');
  return String.fromCodePoint(code);
}

/** The maximum number of bytes of a list (`MAX_LIST_BYTE_LENGTH`). */
const MAX_LIST_BYTE_LENGTH = 2 ** 28 - 1;

/** Implements `load_list_from_range`, for a list of variable length. */
export function stageLoadListFromRange(
  stager: Stager,
  element: ValueTypeNode,
): (cx: Context, ptr: number, length: number) => unknown {
  const { size, alignment } = element.layout;
  const fromValidRange = stageLoadListFromValidRange(stager, element);
  return (cx, ptr, length) => {
    checkList(cx, ptr, length * size, alignment);
    return fromValidRange(cx, ptr, length);
  };
}

function checkList(cx: Context, ptr: number, byteLength: number, alignment: number): void {
  if (byteLength > MAX_LIST_BYTE_LENGTH) throw cx.trap('list content out-of-bounds: too many bytes');
  if ((ptr & (alignment - 1)) !== 0) throw cx.trap('unaligned pointer: list');
  if (cx.isOutOfBounds(ptr, byteLength)) {
    throw cx.trap('list content out-of-bounds: list pointer/length out of bounds of memory');
  }
  cx.lift(byteLength);
}

function stageLoadListFromValidRange(
  stager: Stager,
  element: ValueTypeNode,
): (cx: Context, ptr: number, length: number) => unknown {
  const numbers: NumberKind | undefined = numberKindOf(element);
  if (numbers !== undefined) return loadNumbers(numbers, stager.representation);
  const { size } = element.layout;
  const cost = costOf(element);
  const load = stager.load(element);
  return (cx, ptr, length) => {
    cx.lift(length * cost);
    const values: unknown[] = [];
    for (let at = ptr; values.length < length; at += size) values.push(load(cx, at));
    return values;
  };
}

/**
 * Returns the number of bytes that a value costs in JavaScript, without its strings and lists, which are counted when
 * they are lifted.
 */
function costOf(type: ValueTypeNode): number {
  const { kind, inside, labels } = type;
  if (numberKindOf(type) !== undefined || kind === 'bool' || kind === 'enum') return slotCost;
  if (kind === 'list' || kind === 'map') return elementCost;
  if (kind === 'flags') return elementCost + labels.length * slotCost;
  const costs = inside.map((one) => (one === undefined ? 0 : costOf(one)));
  const isRecord = kind === 'record' || kind === 'tuple';
  return costs.reduce((all, cost) => (isRecord ? all + cost : Math.max(all, cost)), 0) + elementCost;
}

function stageLoadList(stager: Stager, type: ValueTypeNode): Load {
  const { length } = type;
  if (length !== undefined) {
    const fromValidRange = stageLoadListFromValidRange(stager, type.element);
    return (cx, ptr) => fromValidRange(cx, ptr, length);
  }
  if (type.element.kind === 'u8' && stager.representation !== 'direct') return loadBytes;
  const fromRange = stageLoadListFromRange(stager, type.element);
  return (cx, ptr) => {
    const { view } = cx.memory;
    return fromRange(cx, view.getUint32(ptr, true), view.getUint32(ptr + 4, true));
  };
}

/** Loads a `list<u8>`, which is by far the most common list. */
function loadBytes(cx: Context, ptr: number): unknown {
  const { view } = cx.memory;
  const begin = view.getUint32(ptr, true);
  const length = view.getUint32(ptr + 4, true);
  checkList(cx, begin, length, 1);
  return cx.memory.bytes.slice(begin, begin + length);
}

/** Loads a map, which is a list of pairs. In JavaScript, the last of several pairs with the same key is kept. */
export function stageLoadMapFromRange(
  stager: Stager,
  type: ValueTypeNode,
): (cx: Context, ptr: number, length: number) => unknown {
  const pair = type.entry;
  if (stager.representation === 'direct') return stageLoadListFromRange(stager, pair);
  const { size, alignment } = pair.layout;
  const [loadKey, loadValue] = pair.fields.map((each) => stager.load(each)) as [Load, Load];
  const valueOffset = layoutOfFields(pair.fields).offsets[1]!;
  const cost = costOf(pair);
  return (cx, ptr, length) => {
    checkList(cx, ptr, length * size, alignment);
    cx.lift(length * cost);
    const map = new Map<unknown, unknown>();
    for (let i = 0, at = ptr; i < length; i++, at += size) {
      map.set(loadKey(cx, at), loadValue(cx, at + valueOffset));
    }
    return map;
  };
}

function stageLoadMap(stager: Stager, type: ValueTypeNode): Load {
  const fromRange = stageLoadMapFromRange(stager, type);
  return (cx, ptr) => {
    const { view } = cx.memory;
    return fromRange(cx, view.getUint32(ptr, true), view.getUint32(ptr + 4, true));
  };
}

function stageLoadRecord(stager: Stager, type: ValueTypeNode): Load {
  const types = type.fields;
  const { offsets } = layoutOfFields(types);
  const loads = types.map((each) => stager.load(each));
  const count = loads.length;
  if (type.kind === 'tuple') {
    return (cx, ptr) => {
      const tuple: unknown[] = [];
      for (let i = 0; i < count; i++) tuple.push(loads[i]!(cx, ptr + offsets[i]!));
      return tuple;
    };
  }
  const keys = type.labels.map(toCamelCase);
  const template = recordTemplate(keys);
  if (count === 3) {
    const [key0 = '', key1 = '', key2 = ''] = keys;
    const [load0, load1, load2] = loads;
    const [, offset1 = 0, offset2 = 0] = offsets;
    return (cx, ptr) => {
      const record = { ...template };
      record[key0] = load0!(cx, ptr);
      record[key1] = load1!(cx, ptr + offset1);
      record[key2] = load2!(cx, ptr + offset2);
      return record;
    };
  }
  return (cx, ptr) => {
    const record = { ...template };
    for (let i = 0; i < count; i++) record[keys[i]!] = loads[i]!(cx, ptr + offsets[i]!);
    return record;
  };
}

/** Returns the function that reads and checks the discriminant, and the offset of the payload. */
export function discriminantOf(type: ValueTypeNode): {
  readonly read: (cx: Context, ptr: number) => number;
  readonly offset: number;
} {
  const cases = casesOf(type);
  const count = cases.length;
  const { size } = discriminantLayout(count);
  return {
    offset: payloadOffset(cases),
    read: (cx, ptr) => {
      const { view } = cx.memory;
      const index =
        size === 1 ? view.getUint8(ptr) : size === 2 ? view.getUint16(ptr, true) : view.getUint32(ptr, true);
      if (index >= count) throw invalidDiscriminant(cx, index, count);
      return index;
    },
  };
}

function stageLoadVariant(stager: Stager, type: ValueTypeNode): Load {
  const { read, offset } = discriminantOf(type);
  const loads = casesOf(type).map((each) => (each.type === undefined ? undefined : stager.load(each.type)));
  const make = makeCase(type);
  return (cx, ptr) => {
    const index = read(cx, ptr);
    const load = loads[index];
    return make(index, load === undefined ? undefined : load(cx, ptr + offset));
  };
}

export function invalidDiscriminant(cx: Context, index: number, count: number): Error {
  return cx.trap(`invalid variant discriminant: ${index} of ${count} cases`);
}

/** Returns the function that creates the JavaScript value of a case from its lifted payload. */
export function makeCase(type: ValueTypeNode): (index: number, payload: unknown) => unknown {
  if (type.kind === 'enum') return (index) => type.labels[index];
  if (type.kind === 'option' && !isTaggedOption(type)) return (_, payload) => payload;
  const cases = casesOf(type);
  const tags = cases.map((each) => each.name);
  // A `result` always has a `val`, as in jco.
  const bare = cases.map((each) => each.type === undefined && type.kind !== 'result');
  return (index, payload) => (bare[index] ? { tag: tags[index] } : { tag: tags[index], val: payload });
}

function stageLoadFlags(labels: readonly string[]): Load {
  const unpack = flagsFrom(labels);
  if (labels.length <= 8) return (cx, ptr) => unpack(cx.memory.view.getUint8(ptr));
  if (labels.length <= 16) return (cx, ptr) => unpack(cx.memory.view.getUint16(ptr, true));
  return (cx, ptr) => unpack(cx.memory.view.getInt32(ptr, true));
}
