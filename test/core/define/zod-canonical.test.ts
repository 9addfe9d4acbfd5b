import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import { msgpack, type StandardSchema, type Subject } from 'decidable';
import { arbitraryOf } from 'decidable/testing/arbitraries';
import fc from 'fast-check';
import { z } from 'zod';
import { copyValue } from '../../../src/core/codec/copy.ts';
import { shapeOf } from '../../../src/core/define/schema.ts';
import { canonicalFormOf, UNDECIDED } from '../../../src/core/define/zod-canonical.ts';

const address = z.object({ street: z.string().min(1), zip: z.string().regex(/^\d{5}$/) });

/** The schemas for which the canonical form exists. */
const known: Record<string, StandardSchema> = {
  text: z.string(),
  'bounded text': z.string().min(2).max(5),
  'text of one length': z.string().length(3),
  'text by a pattern': z.string().regex(/^[a-z]+$/),
  number: z.number(),
  'bounded number': z.number().gt(-1).lte(3),
  'whole number': z.int(),
  'bounded whole number': z.int().min(1).lt(9),
  'big integer': z.bigint(),
  'positive big integer': z.bigint().positive(),
  flag: z.boolean(),
  nothing: z.null(),
  time: z.date(),
  anything: z.unknown(),
  'text with a refinement': z.string().refine((text) => text !== 'x'),
  'text that is trimmed': z.string().trim(),
  'text in a format': z.uuid(),
  'an e-mail address': z.email(),
  'text by a pattern with a memory': z.string().regex(/a/g),
  multiples: z.int().multipleOf(5),
  'a number of 32 bits': z.int32(),
  'a bounded time': z.date().min(new Date(0)),
  'a readonly record': z.object({ a: z.int() }).readonly(),
  'a record that catches': z.object({ a: z.int().catch(0) }),
  'an optional field with a default inside': z.object({ currency: z.string().default('EUR').optional() }),
  literal: z.literal(['a', 1, true, null]),
  choice: z.enum(['on', 'off']),
  record: address,
  'strict record': z.strictObject({ id: z.int(), note: z.string().optional() }),
  'record in a record': z.object({ name: z.string(), address: address.nullable(), since: z.date().optional() }),
  'record with a default': z.object({ currency: z.string().default('EUR') }),
  list: z.array(z.int()),
  'bounded list': z.array(address).min(1).max(3),
  tuple: z.tuple([z.string(), z.int()]),
  dictionary: z.record(z.string(), z.bigint()),
  'one of several values': z.union([z.string(), z.int(), z.null()]),
  'one of several records': z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('circle'), radius: z.number() }),
    z.object({ kind: z.literal(['square', 'cube']), side: z.int() }),
  ]),
};

/** The schemas for which it does not exist. */
const left: Record<string, unknown> = {
  'a refinement around an option': z
    .string()
    .optional()
    .refine((text) => text !== 'x'),
  'a refinement of a record': z.object({ a: z.int() }).refine(({ a }) => a > 1),
  'a refinement deep inside': z.object({ a: z.array(z.object({ b: z.int() }).refine(({ b }) => b > 1)) }),
  'a transform': z.string().transform((text) => text.length),
  coercion: z.coerce.number(),
  'an exact optional field': z.object({ a: z.int().exactOptional() }),
  'a loose record': z.looseObject({ a: z.int() }),
  'one of several records without a tag': z.union([z.object({ a: z.int() }), z.object({ a: z.int(), b: z.int() })]),
  'one of several values of which one is trimmed': z.union([z.string().trim(), z.string()]),
  'keys with rules': z.record(z.string().min(2), z.int()),
  recursion: z.object({
    get next() {
      return z.array(left['recursion'] as z.ZodType);
    },
  }),
  'another library': { '~standard': { version: 1, vendor: 'other', validate: () => ({ value: 1 }) } },
};

/** Values with one additional, missing or different field. */
function nearly(value: unknown): fc.Arbitrary<unknown> {
  if (typeof value !== 'object' || value === null || value instanceof Date) return fc.anything();
  if (Array.isArray(value)) return fc.anything().map((item) => [...value, item]);
  const key = fc.constantFrom('extra', ...Object.keys(value));
  return fc.tuple(key, fc.oneof(fc.anything(), fc.constant(undefined))).map(([at, item]) => ({ ...value, [at]: item }));
}

/** Returns the value that is read from its bytes. `inspect` shows the order of fields and -0. */
function inBytes(schema: StandardSchema, value: unknown): unknown {
  return shapeOf(schema, 'x').read(msgpack.decode(msgpack.encode(value, subject), subject), subject);
}

/** Returns the objects in a value, the value itself included. */
function objectsIn(value: unknown): Set<unknown> {
  if (typeof value !== 'object' || value === null) return new Set();
  return new Set([value, ...Object.values(value).flatMap((part) => [...objectsIn(part)])]);
}

const subject: Subject = { kind: 'event', type: 'Settled', schemaVersion: 1 };

describe('the canonical form', () => {
  for (const [words, schema] of Object.entries(known)) {
    test(`accepts ${words} only if the schema returns it unchanged`, () => {
      const form = canonicalFormOf(schema);
      assert.ok(form !== undefined, 'there is no short cut');
      const valid = arbitraryOf(fc, schema);
      const values = fc.oneof(valid, valid.chain(nearly), fc.anything({ withBigInt: true, withDate: true }));
      fc.assert(
        fc.property(values, (value) => {
          const canonical = form(value, 'none');
          if (canonical === UNDECIDED) return;
          assert.deepEqual(schema['~standard'].validate(canonical), { value: canonical });
          assert.equal(inspect(canonical), inspect(inBytes(schema, value)));
        }),
        { numRuns: 150 },
      );
    });

    test(`copies ${words} if a caller holds it`, () => {
      const form = canonicalFormOf(schema);
      const valid = arbitraryOf(fc, schema);
      fc.assert(
        fc.property(fc.oneof(valid, valid.chain(nearly)), (value) => {
          const before = inspect(value, { depth: 9 });
          const copy = form?.(value, 'caller');
          assert.equal(inspect(value, { depth: 9 }), before);
          assert.equal(inspect(copy, { depth: 9 }), inspect(form?.(copyValue(value), 'none'), { depth: 9 }));
          const originals = objectsIn(value);
          for (const object of objectsIn(copy)) assert.ok(!originals.has(object));
        }),
        { numRuns: 60 },
      );
    });

    // The codec handles numbers of an unknown kind and free keys that are not in order. The schema handles a field with
    // a default.
    if (['anything', 'dictionary', 'an optional field with a default inside'].includes(words)) continue;

    test(`is returned for ${words}`, () => {
      const form = canonicalFormOf(schema);
      // Strings outside the basic plane are excluded, because versions of zod count their lengths differently.
      const plain = fc.sample(arbitraryOf(fc, schema), 200).filter((value) => !/[\ud800-\udfff]/.test(inspect(value)));
      assert.ok(plain.length > 0);
      for (const value of plain) assert.notEqual(form?.(value, 'none'), UNDECIDED, inspect(value));
    });
  }

  for (const [words, schema] of Object.entries(left)) {
    test(`does not exist for ${words}`, () => assert.equal(canonicalFormOf(schema), undefined));
  }

  test('does not count the lengths of strings that versions of zod count differently', () => {
    const pair = '\u{1F4D6}'; // The string has one code point and two code units.
    for (const schema of [z.string().min(2), z.string().length(2), z.string().max(1)]) {
      assert.equal(canonicalFormOf(schema)?.(pair, 'none'), UNDECIDED);
    }
    assert.equal(canonicalFormOf(z.string().min(1))?.(pair, 'none'), pair);
  });

  test('leaves values with unknown fields or defaults to the schema', () => {
    const form = canonicalFormOf(address);
    assert.equal(form?.({ street: 'x', zip: '12345', door: 4 }, 'none'), UNDECIDED);
    assert.equal(canonicalFormOf(known['record with a default'])?.({}, 'none'), UNDECIDED);
    assert.equal(form?.(Object.assign(Object.create({ zip: '12345' }), { street: 'x' }), 'none'), UNDECIDED);
  });

  test('reads each field of a caller once', () => {
    const reads: string[] = [];
    const counted = (fields: object): object =>
      new Proxy(fields, {
        get(target, key) {
          if (typeof key === 'string') reads.push(key);
          return Reflect.get(target, key);
        },
      });
    const value = counted({ since: counted({ year: 1999 }), name: 'Emma' });
    const form = canonicalFormOf(z.object({ name: z.string(), since: z.object({ year: z.int() }) }));
    assert.deepEqual(form?.(value, 'caller'), { name: 'Emma', since: { year: 1999 } });
    assert.deepEqual(reads.sort(), ['name', 'since', 'year']);
  });

  test('has its fields in order, without undefined ones', () => {
    const value = canonicalFormOf(z.object({ b: z.int(), a: z.int(), c: z.int().optional() }))?.(
      { c: undefined, b: 1, a: 2 },
      'none',
    );
    assert.equal(inspect(value), '{ a: 2, b: 1 }');
    const same = { a: 1, b: 2 };
    assert.equal(canonicalFormOf(z.object({ b: z.int(), a: z.int() }))?.(same, 'none'), same);
  });
});

describe('a value from a caller', () => {
  const schemas: Record<string, StandardSchema> = {
    ...known,
    'sets and maps': z.object({ set: z.set(z.string()), map: z.map(z.string(), z.int()) }),
    'refined records': z.object({ b: z.int(), a: z.int().optional() }).refine(() => true),
    'numbers of both kinds': z.union([z.bigint(), z.number()]),
  };
  for (const [words, schema] of Object.entries(schemas)) {
    test(`equals the value that is read from its bytes: ${words}`, () => {
      const shape = shapeOf(schema, 'x');
      fc.assert(
        fc.property(arbitraryOf(fc, schema), (value) => {
          const { data, payload } = shape.enter(value, subject, msgpack);
          assert.deepEqual(payload, msgpack.encode(data, subject));
          assert.equal(inspect(data, { depth: 9 }), inspect(inBytes(schema, value), { depth: 9 }));
        }),
      );
    });
  }
});
