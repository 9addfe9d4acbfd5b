/**
 * Random schemas of three libraries, each with its values. A description of a type ({@link Kind}) becomes a schema of
 * zod, of valibot or of arktype, and an arbitrary of the values that the schema accepts and returns unchanged.
 */
import { type } from 'arktype';
import fc from 'fast-check';
import * as v from 'valibot';
import { z } from 'zod';
import type { StandardSchema } from '../../../src/core/define/schema.ts';

/** The description of a type. */
export type Kind =
  | { readonly is: 'text' | 'integer' | 'float' | 'bigint' | 'flag' | 'nothing' | 'date' | 'bytes' }
  | { readonly is: 'list' | 'dictionary' | 'set' | 'map'; readonly of: Kind }
  | { readonly is: 'record'; readonly fields: readonly (readonly [name: string, field: Kind, optional: boolean])[] };

/** A library of schemas. */
export type Library = 'zod' | 'zod with refinements' | 'valibot' | 'valibot, one problem at a time' | 'arktype';

export const LIBRARIES: readonly Library[] = [
  'zod',
  'zod with refinements',
  'valibot',
  'valibot, one problem at a time',
  'arktype',
];

const LEAVES = ['text', 'integer', 'float', 'bigint', 'flag', 'nothing', 'date', 'bytes'] as const;

/**
 * Any type with a few levels. Sets and maps contain only strings or booleans, because arktype cannot describe their
 * elements.
 */
export const anyKind: fc.Arbitrary<Kind> = fc.letrec<{ kind: Kind }>((tie) => ({
  kind: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    { weight: 3, arbitrary: fc.constantFrom(...LEAVES).map((is) => ({ is })) },
    fc.record({ is: fc.constantFrom('list' as const, 'dictionary' as const), of: tie('kind') }),
    fc.record({
      is: fc.constantFrom('set' as const, 'map' as const),
      of: fc.constantFrom('text' as const, 'flag' as const).map((is) => ({ is })),
    }),
    {
      weight: 3,
      arbitrary: fc
        .uniqueArray(fc.tuple(fc.constantFrom('b', 'a', 'z', 'aa', '10', '9', 'Ä'), tie('kind'), fc.boolean()), {
          minLength: 1,
          maxLength: 4,
          selector: ([name]) => name,
        })
        .map((fields) => ({ is: 'record' as const, fields })),
    },
  ),
})).kind;

/** The schema of a type. */
export function schemaOf(kind: Kind, library: Library): StandardSchema {
  switch (library) {
    case 'zod':
      return zodOf(kind);
    case 'zod with refinements':
      return zodOf(kind).refine(() => true);
    case 'valibot':
      return valibotOf(kind);
    case 'valibot, one problem at a time':
      return v.config(valibotOf(kind), { abortEarly: true });
    case 'arktype':
      return arktypeOf(kind);
  }
}

function zodOf(kind: Kind): z.ZodType {
  switch (kind.is) {
    case 'text':
      return z.string();
    case 'integer':
      return z.int();
    case 'float':
      return z.number();
    case 'bigint':
      return z.bigint();
    case 'flag':
      return z.boolean();
    case 'nothing':
      return z.null();
    case 'date':
      return z.date();
    case 'bytes':
      return z.instanceof(Uint8Array);
    case 'list':
      return z.array(zodOf(kind.of));
    case 'dictionary':
      return z.record(z.string(), zodOf(kind.of));
    case 'set':
      return z.set(zodOf(kind.of));
    case 'map':
      return z.map(z.string(), zodOf(kind.of));
    case 'record':
      return z.object(
        Object.fromEntries(
          kind.fields.map(([name, field, optional]) => [name, optional ? zodOf(field).optional() : zodOf(field)]),
        ),
      );
  }
}

type ValibotSchema = v.GenericSchema<unknown, unknown>;

function valibotOf(kind: Kind): ValibotSchema {
  switch (kind.is) {
    case 'text':
      return v.string() as ValibotSchema;
    case 'integer':
      return v.pipe(v.number(), v.integer()) as ValibotSchema;
    case 'float':
      return v.number() as ValibotSchema;
    case 'bigint':
      return v.bigint() as ValibotSchema;
    case 'flag':
      return v.boolean() as ValibotSchema;
    case 'nothing':
      return v.null() as ValibotSchema;
    case 'date':
      return v.date() as ValibotSchema;
    case 'bytes':
      return v.instance(Uint8Array) as ValibotSchema;
    case 'list':
      return v.array(valibotOf(kind.of)) as ValibotSchema;
    case 'dictionary':
      return v.record(v.string(), valibotOf(kind.of)) as ValibotSchema;
    case 'set':
      return v.set(valibotOf(kind.of)) as ValibotSchema;
    case 'map':
      return v.map(v.string(), valibotOf(kind.of)) as ValibotSchema;
    case 'record':
      return v.object(
        Object.fromEntries(
          kind.fields.map(([name, field, optional]) => [
            name,
            optional ? v.optional(valibotOf(field)) : valibotOf(field),
          ]),
        ),
      ) as ValibotSchema;
  }
}

type ArktypeSchema = type.Any;

function arktypeOf(kind: Kind): ArktypeSchema {
  switch (kind.is) {
    case 'text':
      return type('string');
    case 'integer':
      return type('number.integer');
    case 'float':
      return type('number');
    case 'bigint':
      return type('bigint');
    case 'flag':
      return type('boolean');
    case 'nothing':
      return type('null');
    case 'date':
      return type('Date');
    case 'bytes':
      return type.instanceOf(Uint8Array);
    case 'list':
      return arktypeOf(kind.of).array();
    case 'dictionary':
      return type({ '[string]': arktypeOf(kind.of) });
    case 'set':
      return type.instanceOf(Set);
    case 'map':
      return type.instanceOf(Map);
    case 'record':
      return type(
        Object.fromEntries(
          kind.fields.map(([name, field, optional]) => [optional ? `${name}?` : name, arktypeOf(field)]),
        ) as Record<string, never>,
      );
  }
}

/** The values of a type. */
export function valuesOf(kind: Kind): fc.Arbitrary<unknown> {
  switch (kind.is) {
    case 'text':
      return fc.string({ unit: 'grapheme', maxLength: 5 });
    case 'integer':
      return fc.oneof(fc.constantFrom(0, 1, -1), fc.maxSafeInteger());
    case 'float':
      return fc.oneof(fc.constantFrom(0, -0, 1, 2 ** 60), fc.double({ noNaN: true, noDefaultInfinity: true }));
    case 'bigint':
      return fc.oneof(fc.constantFrom(0n, 1n), fc.bigInt());
    case 'flag':
      return fc.boolean();
    case 'nothing':
      return fc.constant(null);
    case 'date':
      return fc.date({ noInvalidDate: true });
    case 'bytes':
      return fc.uint8Array({ minLength: 1, maxLength: 4 });
    case 'list':
      return fc.array(valuesOf(kind.of), { maxLength: 3 });
    case 'dictionary':
      return fc.dictionary(key, valuesOf(kind.of), { maxKeys: 3, noNullPrototype: true });
    case 'set':
      return fc.array(valuesOf(kind.of), { maxLength: 3 }).map((items) => new Set(items));
    case 'map':
      return fc.array(fc.tuple(key, valuesOf(kind.of)), { maxLength: 3 }).map((entries) => new Map(entries));
    case 'record': {
      const fields = kind.fields.map(([name, field]): [string, fc.Arbitrary<unknown>] => [name, valuesOf(field)]);
      const requiredKeys = kind.fields.flatMap(([name, , optional]) => (optional ? [] : [name]));
      return fc.record(Object.fromEntries(fields), { noNullPrototype: true, requiredKeys });
    }
  }
}

const key = fc.string({ unit: 'grapheme', maxLength: 3 }).filter((name) => name !== '__proto__');

/** Changes every part of a value that can be changed. */
export function vandalize(value: unknown, seen: Set<unknown> = new Set()): void {
  if (typeof value !== 'object' || value === null || seen.has(value)) return;
  seen.add(value);
  for (const inner of innerOf(value)) vandalize(inner, seen);
  for (const act of ACTS) {
    try {
      act(value);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // The property is frozen or protected.
    }
  }
}

function innerOf(value: object): unknown[] {
  if (value instanceof Map) return [...value.keys(), ...value.values()];
  if (value instanceof Set) return [...value];
  return ArrayBuffer.isView(value) ? [] : Object.values(value);
}

const ACTS: readonly ((value: object) => void)[] = [
  (value) => value instanceof Date && value.setTime(5),
  (value) => value instanceof Date && value.setUTCFullYear(1999),
  (value) => value instanceof Uint8Array && value.fill(255),
  (value) => value instanceof Set && value.add('vandal'),
  (value) => value instanceof Set && value.clear(),
  (value) => value instanceof Map && value.set('vandal', 1),
  (value) => value instanceof Map && value.clear(),
  (value) => Array.isArray(value) && value.push('vandal'),
  (value) => Array.isArray(value) && value.reverse(),
  (value) => {
    for (const name of Object.keys(value)) Reflect.set(value, name, 'vandal');
  },
  (value) => Reflect.set(value, 'vandal', 1),
  (value) => {
    for (const name of Object.keys(value)) Reflect.deleteProperty(value, name);
  },
];
