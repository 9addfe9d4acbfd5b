/**
 * *CanonicalABI.md*, "Flat Lifting": reads values from core parameters and results.
 *
 * The core types of a value determine the positions of its parts, so no iterator is needed.
 */

import { toCamelCase } from '../camel-case.ts';
import { UnsupportedError } from '../errors.ts';
import { type CaseNode, casesOf, joinedPayloads } from '../types/cases.ts';
import type { FlatType } from '../types/layout.ts';
import type { ValueTypeNode } from '../types/nodes.ts';
import type { Context, CoreValue } from './canonical-options.ts';
import { flagsFrom, recordTemplate } from './javascript-values.ts';
import { coerce } from './joined-payloads.ts';
import {
  canonicalizeNan,
  convertI32ToChar,
  invalidDiscriminant,
  makeCase,
  stageLoadListFromRange,
  stageLoadMapFromRange,
} from './loading.ts';
import { numberKindOf, numbersFrom } from './number-lists.ts';
import { liftBorrow, liftOwn } from './resource-handles.ts';
import type { Lift, Stager } from './staging.ts';
import { loadStringFromRange } from './strings.ts';

export function stageLift(stager: Stager, type: ValueTypeNode): Lift {
  switch (type.kind) {
    case 'string':
      return liftPointerAndLength(loadStringFromRange(stager.representation));
    case 'list':
      return stageLiftList(stager, type);
    case 'map':
      return liftPointerAndLength(stageLoadMapFromRange(stager, type));
    case 'record':
    case 'tuple':
      return stageLiftRecord(stager, type);
    case 'variant':
    case 'enum':
    case 'option':
    case 'result':
      return stageLiftVariant(stager, type);
    default: {
      const lift = stageLiftOne(stager, type);
      return (cx, flat, at) => lift(cx, flat[at]);
    }
  }
}

/** The staged `lift_flat` of a type that flattens to one core value. */
export type LiftOne = (context: Context, value: CoreValue | undefined) => unknown;

export function stageLiftOne(stager: Stager, type: ValueTypeNode): LiftOne {
  switch (type.kind) {
    case 'bool':
      return (_, value) => i32(value) !== 0;
    case 'u8':
      return (_, value) => i32(value) & 0xff;
    case 'u16':
      return (_, value) => i32(value) & 0xffff;
    case 'u32':
      return (_, value) => i32(value) >>> 0;
    case 'u64':
      return (_, value) => BigInt.asUintN(64, i64(value));
    case 's8':
      return (_, value) => (i32(value) << 24) >> 24;
    case 's16':
      return (_, value) => (i32(value) << 16) >> 16;
    case 's32':
      return (_, value) => i32(value) | 0;
    case 's64':
      return (_, value) => BigInt.asIntN(64, i64(value));
    case 'f32':
    case 'f64':
      return (_, value) => canonicalizeNan(f64(value));
    case 'char':
      return (cx, value) => convertI32ToChar(cx, i32(value) >>> 0);
    case 'flags': {
      const unpack = flagsFrom(type.labels);
      return (_, value) => unpack(i32(value));
    }
    case 'own': {
      const lift = liftOwn(stager, type.resource!);
      return (cx, value) => lift(cx, i32(value));
    }
    case 'borrow': {
      const lift = liftBorrow(stager, type.resource!);
      return (cx, value) => lift(cx, i32(value));
    }
    case 'stream':
    case 'future':
    case 'error-context':
      throw new UnsupportedError(type.kind);
    default: {
      const lift = stager.lift(type);
      return (cx, value) => lift(cx, [value ?? 0], 0);
    }
  }
}

// `CoreValueIter.next`. The engine has checked the type of each core value.

function i32(value: CoreValue | undefined): number {
  return value as number;
}

function i64(value: CoreValue | undefined): bigint {
  return value as bigint;
}

function f64(value: CoreValue | undefined): number {
  return value as number;
}

/** Implements `lift_flat_string` and `lift_flat_list`. */
function liftPointerAndLength(fromRange: ReturnType<typeof stageLoadListFromRange>): Lift {
  return (cx, flat, at) => fromRange(cx, i32(flat[at]) >>> 0, i32(flat[at + 1]) >>> 0);
}

function stageLiftList(stager: Stager, type: ValueTypeNode): Lift {
  const { length } = type;
  if (length === undefined) return liftPointerAndLength(stageLoadListFromRange(stager, type.element));
  const lift = stager.lift(type.element);
  const step = type.element.layout.flat.length;
  const numbers = numberKindOf(type.element);
  return (cx, flat, at) => {
    const values: unknown[] = [];
    for (let i = 0; i < length; i++) values.push(lift(cx, flat, at + i * step));
    return numbers === undefined ? values : numbersFrom(numbers, values);
  };
}

function stageLiftRecord(stager: Stager, type: ValueTypeNode): Lift {
  const types = type.fields;
  const lifts = types.map((each) => stager.lift(each));
  const places = flatPlaces(types);
  const count = lifts.length;
  if (type.kind === 'tuple') {
    return (cx, flat, at) => {
      const tuple: unknown[] = [];
      for (let i = 0; i < count; i++) tuple.push(lifts[i]!(cx, flat, at + places[i]!));
      return tuple;
    };
  }
  const keys = type.labels.map(toCamelCase);
  const template = recordTemplate(keys);
  return (cx, flat, at) => {
    const record = { ...template };
    for (let i = 0; i < count; i++) record[keys[i]!] = lifts[i]!(cx, flat, at + places[i]!);
    return record;
  };
}

/** Returns the index of the first core value of each value. */
export function flatPlaces(types: readonly ValueTypeNode[]): readonly number[] {
  let next = 0;
  return types.map((type) => {
    const place = next;
    next += type.layout.flat.length;
    return place;
  });
}

function stageLiftVariant(stager: Stager, type: ValueTypeNode): Lift {
  const cases = casesOf(type);
  const joined = joinedPayloads(cases);
  const lifts = cases.map((each) => stageLiftCase(stager, each, joined));
  const make = makeCase(type);
  return (cx, flat, at) => {
    const index = i32(flat[at]) >>> 0;
    if (index >= lifts.length) throw invalidDiscriminant(cx, index, lifts.length);
    const lift = lifts[index];
    return make(index, lift === undefined ? undefined : lift(cx, flat, at + 1));
  };
}

/** Lifts the payload of a case from the core types that all cases share (`CoerceValueIter`). */
function stageLiftCase(stager: Stager, { type }: CaseNode, joined: readonly FlatType[]): Lift | undefined {
  if (type === undefined) return undefined;
  const lift = stager.lift(type);
  const wanted = type.layout.flat;
  if (wanted.every((want, index) => want === joined[index])) return lift;
  return (cx, flat, at) => {
    const coerced: CoreValue[] = [];
    for (let i = 0; i < wanted.length; i++) coerced.push(coerce(flat[at + i]!, joined[i]!, wanted[i]!));
    return lift(cx, coerced, 0);
  };
}
