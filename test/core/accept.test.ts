import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { z } from 'zod';
import { arbitraryOf } from '../../src/adapters/testing/arbitraries.ts';
import { acceptOf } from '../../src/core/accept.ts';
import type { StandardSchema } from '../../src/core/schema.ts';

const address = z.object({ street: z.string().min(1), zip: z.string().regex(/^\d{5}$/) });

/** What the short cut knows. */
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

/** What it leaves to the schema. */
const left: Record<string, unknown> = {
  'a refinement': z.string().refine((text) => text !== 'x'),
  'a refinement around an option': z
    .string()
    .optional()
    .refine((text) => text !== 'x'),
  'a refinement of a record': z.object({ a: z.int() }).refine(({ a }) => a > 1),
  'a refinement deep inside': z.object({ a: z.array(z.object({ b: z.int().refine((b) => b > 1) })) }),
  trimming: z.string().trim(),
  'a transform': z.string().transform((text) => text.length),
  coercion: z.coerce.number(),
  'a readonly value, which is frozen': z.object({ a: z.int() }).readonly(),
  'an exact optional field': z.object({ a: z.int().exactOptional() }),
  'a loose record': z.looseObject({ a: z.int() }),
  'an address': z.email(),
  'a pattern with a memory': z.string().regex(/a/g),
  multiples: z.int().multipleOf(5),
  '32 bits': z.int32(),
  'one of several records without a tag': z.union([z.object({ a: z.int() }), z.object({ a: z.int(), b: z.int() })]),
  maps: z.map(z.string(), z.int()),
  'keys with rules': z.record(z.string().min(2), z.int()),
  recursion: z.object({
    get next() {
      return z.array(left['recursion'] as z.ZodType);
    },
  }),
  'another library': { '~standard': { version: 1, vendor: 'other', validate: () => ({ value: 1 }) } },
};

/** Values that are nearly right: one field more, less or other than a schema asks for. */
function nearly(value: unknown): fc.Arbitrary<unknown> {
  if (typeof value !== 'object' || value === null || value instanceof Date) return fc.anything();
  if (Array.isArray(value)) return fc.anything().map((item) => [...value, item]);
  const key = fc.constantFrom('extra', ...Object.keys(value));
  return fc.tuple(key, fc.oneof(fc.anything(), fc.constant(undefined))).map(([at, item]) => ({ ...value, [at]: item }));
}

describe('the short cut', () => {
  for (const [words, schema] of Object.entries(known)) {
    it(`takes ${words} only as the schema gives it back`, () => {
      const accept = acceptOf(schema);
      assert.ok(accept !== undefined, 'there is no short cut');
      const valid = arbitraryOf(fc, schema);
      const values = fc.oneof(valid, valid.chain(nearly), fc.anything({ withBigInt: true, withDate: true }));
      fc.assert(
        fc.property(values, (value) => {
          if (!accept(value)) return;
          assert.deepEqual(schema['~standard'].validate(value), { value });
        }),
        { numRuns: 300 },
      );
    });

    it(`is taken by ${words}`, () => {
      const accept = acceptOf(schema);
      // Not by every text outside the basic plane: zod has counted its length in two ways.
      const plain = fc.sample(arbitraryOf(fc, schema), 200).filter((value) => !/[\ud800-\udfff]/.test(inspect(value)));
      assert.ok(plain.length > 0);
      for (const value of plain) assert.equal(accept?.(value), true, inspect(value));
    });
  }

  for (const [words, schema] of Object.entries(left)) {
    it(`is not there for ${words}`, () => assert.equal(acceptOf(schema), undefined));
  }

  it('does not count the length of texts, where zod has counted in two ways', () => {
    const pair = '\u{1F4D6}'; // One code point, two units.
    assert.equal(acceptOf(z.string().min(2))?.(pair), false);
    assert.equal(acceptOf(z.string().length(2))?.(pair), false);
    assert.equal(acceptOf(z.string().max(1))?.(pair), false);
    assert.equal(acceptOf(z.string().min(1))?.(pair), true);
  });

  it('leaves to the schema what has to be stripped or filled in', () => {
    assert.equal(acceptOf(address)?.({ street: 'x', zip: '12345', door: 4 }), false);
    assert.equal(acceptOf(known['record with a default'])?.({}), false);
    assert.equal(acceptOf(address)?.(Object.assign(Object.create({ zip: '12345' }), { street: 'x' })), false);
  });
});
