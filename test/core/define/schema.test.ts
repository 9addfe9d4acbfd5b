import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { msgpack, type SchemaIssue, type StandardSchema, type Subject } from 'decidable';
import { arbitraryOf } from 'decidable/testing/arbitraries';
import fc from 'fast-check';
import { z } from 'zod';
import { shapeOf } from '../../../src/core/define/schema.ts';
import { bridgeOf } from '../../../src/core/define/zod-integers.ts';
import { faultIn } from './fault-in.ts';

const subject: Subject = { kind: 'event', type: 'Measured', schemaVersion: 1 };

/** Encodes and decodes a value. */
function stored(value: unknown): unknown {
  return msgpack.decode(msgpack.encode(value, subject), subject);
}

/** A schema of another library, which validates like zod but hides the definitions of zod. */
function foreign<T>(schema: z.ZodType<T>): StandardSchema<unknown, T> {
  return { '~standard': { version: 1, vendor: 'foreign', validate: (value) => schema['~standard'].validate(value) } };
}

describe('decoded integers', () => {
  const tree = z.object({
    count: z.bigint(),
    get parts() {
      return z.array(tree).optional();
    },
  });
  const schemas: Record<string, z.ZodType> = {
    'a record': z.object({ cents: z.bigint(), pieces: z.int(), weight: z.number() }),
    'a number beyond 53 bits': z.object({ big: z.number(), bigger: z.bigint() }),
    lists: z.array(z.tuple([z.bigint(), z.int()])),
    'sets and maps': z.object({ set: z.set(z.bigint()), map: z.map(z.bigint(), z.array(z.bigint())) }),
    dictionaries: z.record(z.string(), z.bigint()),
    'options and defaults': z.object({ a: z.bigint().optional(), b: z.bigint().nullable(), c: z.bigint().default(1n) }),
    literals: z.literal([1n, 2, 'x']),
    'tagged choices': z.discriminatedUnion('unit', [
      z.object({ unit: z.literal('cents'), amount: z.bigint() }),
      z.object({ unit: z.literal('euros'), amount: z.number() }),
    ]),
    'tags that are integers': z.discriminatedUnion('v', [
      z.object({ v: z.literal(1n), amount: z.bigint() }),
      z.object({ v: z.literal(2), amount: z.number() }),
    ]),
    'untagged choices': z.union([z.object({ cents: z.bigint() }), z.object({ euros: z.number() })]),
    intersections: z.intersection(z.object({ a: z.bigint() }), z.object({ b: z.bigint() })),
    'whatever is left over': z.object({ name: z.string() }).catchall(z.bigint()),
    'schemas that hold themselves': tree,
    'lazy schemas': z.lazy(() => z.object({ a: z.bigint() })),
  };
  for (const [words, schema] of Object.entries(schemas)) {
    test(`are read in the form of the schema: ${words}`, () => {
      const shape = shapeOf(schema, 'Measured');
      fc.assert(
        fc.property(arbitraryOf(fc, schema), (value) => {
          assert.deepEqual(shape.read(stored(value), subject), stripped(value));
        }),
      );
    });
  }

  test('are found by the issues of a schema of another library', () => {
    const shape = shapeOf(foreign(schemas['lists']!), 'Measured');
    assert.deepEqual(shape.read(stored([[1n, 2]]), subject), [[1n, 2]]);
    const record = shapeOf(foreign(schemas['a number beyond 53 bits']!), 'Measured');
    const value = { big: 2 ** 60, bigger: 2n ** 60n };
    assert.deepEqual(record.read(stored(value), subject), value);
    assert.deepEqual(
      faultIn(() => record.read({ big: 'x', bigger: 1 }, subject)).payload.details.map(([name]) => name),
      ['type', 'schema-version', 'Measured.data.big', 'Measured.data.bigger'],
    );
  });

  test('are not changed in a value of the program', () => {
    const fault = faultIn(() =>
      shapeOf(z.object({ cents: z.bigint() }), 'Measured').enter({ cents: 5 }, subject, msgpack),
    );
    assert.deepEqual(
      fault.payload.details.map(([name]) => name),
      ['type', 'schema-version', 'Measured.data.cents'],
    );
  });

  test('are not changed in the decoded value itself', () => {
    const decoded = Object.freeze({ list: Object.freeze([1, 2]) });
    assert.deepEqual(bridgeOf(z.object({ list: z.array(z.bigint()) }))?.(decoded), { list: [1n, 2n] });
    const same = { name: 'x' };
    assert.equal(bridgeOf(z.object({ name: z.string() }))?.(same) ?? same, same);
  });

  test('are refused by the schema if the other form would lose digits', () => {
    const fault = faultIn(() => shapeOf(z.number(), 'n').read(2n ** 60n + 1n, subject));
    assert.equal(fault.payload.details[2]?.[0], 'Measured.data');
  });
});

/** Fields that are undefined are absent in the bytes. */
function stripped(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (value instanceof Set || value instanceof Map) return value;
  if (Array.isArray(value)) return value.map(stripped);
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, field]) => (field === undefined ? [] : [[key, stripped(field)]])),
  );
}

describe('an issue of a schema', () => {
  const schema = z.object({ lines: z.array(z.object({ 'unit price': z.int().positive() })), note: z.string() });

  test('is reported with type and path', () => {
    const fault = faultIn(() => shapeOf(schema, 'x').enter({ lines: [{ 'unit price': 0.5 }] }, subject, msgpack));
    assert.equal(fault.code, 'invalid-event');
    const places = fault.payload.details.map(([name]) => name);
    assert.deepEqual(places, ['type', 'schema-version', 'Measured.data.lines[0]["unit price"]', 'Measured.data.note']);
  });

  test('is reported if it is among the first five, and the others are counted', () => {
    const fault = faultIn(() =>
      shapeOf(z.array(z.int()), 'x').enter(['a', 'b', 'c', 'd', 'e', 'f', 'g'], subject, msgpack),
    );
    // The number is only in the text, because the details name the first five.
    assert.match(fault.message, /2 more/);
    assert.equal(fault.payload.details.length, 7);
  });

  test('is reported with its path if the library has paths of objects', () => {
    const issues: SchemaIssue[] = [{ message: 'must be odd', path: [{ key: 'lines' }, { key: 3 }] }];
    const odd: StandardSchema = { '~standard': { version: 1, vendor: 'odd', validate: () => ({ issues }) } };
    assert.equal(
      faultIn(() => shapeOf(odd, 'x').enter({}, subject, msgpack)).message,
      'Measured.data.lines[3]: must be odd',
    );
  });

  test('is a fault if the schema is asynchronous only for some values', async () => {
    const late: StandardSchema = {
      '~standard': {
        version: 1,
        vendor: 'late',
        validate: (value) => (value === undefined ? { issues: [] } : Promise.reject(new Error('nobody waits'))),
      },
    };
    const fault = faultIn(() => shapeOf(late, 'x').enter({}, subject, msgpack));
    assert.equal(fault.code, 'asynchronous-schema');
    await new Promise((resolve) => setImmediate(resolve)); // An unhandled rejection would end the process here.
  });
});

describe('the interface of schemas', () => {
  test('is that of the specification', () => {
    const ours: StandardSchema<string, number> = null as unknown as StandardSchemaV1<string, number>;
    const theirs: StandardSchemaV1<string, number> = null as unknown as StandardSchema<string, number>;
    assert.equal(ours, theirs);
  });
});

describe('a schema with the field __proto__', () => {
  test('is refused when the module is defined, because no value can hold that field', () => {
    const state = z.object({ ['__proto__']: z.string() });
    const define = (): unknown => shapeOf(z.object({ inner: state }), 'bank.state');
    assert.throws(define, { code: 'invalid-definition', payload: { place: 'bank.state.inner' } });
  });
});
