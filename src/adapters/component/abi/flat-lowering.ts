/**
 * *CanonicalABI.md*, "Flat Lowering": writes values to core parameters and results.
 */

import { toCamelCase } from '../camel-case.ts';
import { UnsupportedError } from '../errors.ts';
import { type CaseNode, casesOf, joinedPayloads } from '../types/cases.ts';
import type { FlatType } from '../types/layout.ts';
import type { ValueTypeNode } from '../types/nodes.ts';
import type { Context, CoreValue } from './canonical-options.ts';
import { flatPlaces } from './flat-lifting.ts';
import { isTaggedOption, matchCase, toBigInt, toCharCode, toNumber, toObject, toTuple } from './javascript-values.ts';
import { coerce } from './joined-payloads.ts';
import { canonicalizeNan } from './loading.ts';
import { flagsOf, memberView } from './members.ts';
import { lowerBorrow, lowerOwn } from './resource-handles.ts';
import type { Lower, Stager } from './staging.ts';
import { fixedElements, stageStoreListIntoRange, stageStoreMapIntoRange } from './storing.ts';
import { storeStringIntoRange } from './strings.ts';
import { within } from './wrong-value.ts';

/** The staged `lower_flat` of a type that flattens to one core value. */
export type LowerOne = (context: Context, value: unknown) => CoreValue;

export function stageLower(stager: Stager, type: ValueTypeNode): Lower {
  switch (type.kind) {
    case 'string':
      return lowerString;
    case 'list':
      return stageLowerList(stager, type);
    case 'map':
      return lowerPointerAndLength(stageStoreMapIntoRange(stager, type));
    case 'record': {
      const lower = stageLowerRecord(stager, type);
      const view = memberView(type.labels);
      return view === undefined ? lower : (cx, value, flat, at) => lower(cx, view(value), flat, at);
    }
    case 'tuple':
      return stageLowerRecord(stager, type);
    case 'variant':
    case 'enum':
    case 'option':
    case 'result':
      return stageLowerVariant(stager, type);
    default: {
      const lower = stageLowerOne(stager, type);
      return (cx, value, flat, at) => {
        flat[at] = lower(cx, value);
      };
    }
  }
}

export function stageLowerOne(stager: Stager, type: ValueTypeNode): LowerOne {
  switch (type.kind) {
    case 'bool':
      return (_, value) => (value ? 1 : 0);
    case 'u8':
      return (_, value) => toNumber(value) & 0xff;
    case 'u16':
      return (_, value) => toNumber(value) & 0xffff;
    case 's8':
      return (_, value) => (toNumber(value) << 24) >> 24;
    case 's16':
      return (_, value) => (toNumber(value) << 16) >> 16;
    case 'u32':
    case 's32':
      return (_, value) => toNumber(value) | 0;
    case 'u64':
    case 's64':
      return (_, value) => toBigInt(value);
    case 'f32':
    case 'f64':
      return (_, value) => canonicalizeNan(toNumber(value));
    case 'char':
      return (_, value) => toCharCode(value);
    case 'flags': {
      const pack = flagsOf(type.labels);
      return (_, value) => pack(value);
    }
    case 'own':
      return lowerOwn(stager, type.resource!);
    case 'borrow':
      return lowerBorrow(stager, type.resource!);
    case 'stream':
    case 'future':
    case 'error-context':
      throw new UnsupportedError(type.kind);
    default: {
      const lower = stager.lower(type);
      return (cx, value) => {
        const flat: CoreValue[] = [0];
        lower(cx, value, flat, 0);
        return flat[0]!;
      };
    }
  }
}

/** Implements `lower_flat_string`. */
function lowerString(cx: Context, value: unknown, flat: CoreValue[], at: number): void {
  flat[at] = storeStringIntoRange(cx, value);
  flat[at + 1] = cx.lowered;
}

/** Implements `lower_flat_list`. */
function lowerPointerAndLength(intoRange: (cx: Context, value: unknown) => number): Lower {
  return (cx, value, flat, at) => {
    flat[at] = intoRange(cx, value);
    flat[at + 1] = cx.lowered;
  };
}

function stageLowerList(stager: Stager, type: ValueTypeNode): Lower {
  const { length } = type;
  if (length === undefined) return lowerPointerAndLength(stageStoreListIntoRange(stager, type));
  const elementsOf = fixedElements(type.element, length);
  const lower = stager.lower(type.element);
  const step = type.element.layout.flat.length;
  return (cx, value, flat, at) => {
    const elements = elementsOf(value);
    let i = 0;
    try {
      for (; i < length; i++) lower(cx, elements[i], flat, at + i * step);
    } catch (error) {
      throw within(error, i);
    }
  };
}

function stageLowerRecord(stager: Stager, type: ValueTypeNode): Lower {
  const types = type.fields;
  const lowers = types.map((each) => stager.lower(each));
  const places = flatPlaces(types);
  const count = lowers.length;
  if (type.kind === 'tuple') {
    return (cx, value, flat, at) => {
      const elements = toTuple(value, count);
      let i = 0;
      try {
        for (; i < count; i++) lowers[i]!(cx, elements[i], flat, at + places[i]!);
      } catch (error) {
        throw within(error, i);
      }
    };
  }
  const keys = type.labels.map(toCamelCase);
  if (count === 3) {
    const [key0 = '', key1 = '', key2 = ''] = keys;
    const [lower0, lower1, lower2] = lowers;
    const [, place1 = 0, place2 = 0] = places;
    return (cx, value, flat, at) => {
      const record = toObject(value, 'record');
      let key = key0;
      try {
        lower0!(cx, record[key0], flat, at);
        key = key1;
        lower1!(cx, record[key1], flat, at + place1);
        key = key2;
        lower2!(cx, record[key2], flat, at + place2);
      } catch (error) {
        throw within(error, key);
      }
    };
  }
  return (cx, value, flat, at) => {
    const record = toObject(value, 'record');
    let i = 0;
    try {
      for (; i < count; i++) lowers[i]!(cx, record[keys[i]!], flat, at + places[i]!);
    } catch (error) {
      throw within(error, keys[i]!);
    }
  };
}

function stageLowerVariant(stager: Stager, type: ValueTypeNode): Lower {
  const cases = casesOf(type);
  const joined = joinedPayloads(cases);
  const zeros = joined.map((flat): CoreValue => (flat === 'i64' ? 0n : 0));
  const lowers = cases.map((each) => stageLowerCase(stager, each, joined));
  const { indexOf, payloadOf } = matchCase(type);
  const isTagged = type.kind !== 'option' || isTaggedOption(type);
  return (cx, value, flat, at) => {
    const index = indexOf(value);
    flat[at] = index;
    for (let i = 0; i < zeros.length; i++) flat[at + 1 + i] = zeros[i]!;
    try {
      lowers[index]?.(cx, payloadOf(value), flat, at + 1);
    } catch (error) {
      throw isTagged ? within(error, 'val') : error;
    }
  };
}

function stageLowerCase(stager: Stager, { type }: CaseNode, joined: readonly FlatType[]): Lower | undefined {
  if (type === undefined) return undefined;
  const lower = stager.lower(type);
  const have = type.layout.flat;
  if (have.every((each, index) => each === joined[index])) return lower;
  return (cx, value, flat, at) => {
    lower(cx, value, flat, at);
    for (let i = 0; i < have.length; i++) flat[at + i] = coerce(flat[at + i]!, have[i]!, joined[i]!);
  };
}
