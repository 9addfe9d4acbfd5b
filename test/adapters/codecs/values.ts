/** Arbitrary values of the model that all codecs share (docs/encoding.md §1), and their equality. */
import fc from 'fast-check';
import { msgpack } from '../../../src/core/codec/msgpack.ts';

export const subject = { kind: 'event', type: 'Deposited', schemaVersion: 1 } as const;

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 12 }), fc.string({ unit: 'grapheme', maxLength: 60 }));
const key = text.filter((name) => name !== '__proto__');

const integer = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.bigInt(-(2n ** 64n), 2n ** 65n),
  fc.bigInt(-(2n ** 200n), 2n ** 200n),
  // Integers at the limits of every form.
  fc
    .tuple(fc.constantFrom(5, 7, 8, 15, 16, 31, 32, 53, 63, 64), fc.integer({ min: -2, max: 2 }), fc.boolean())
    .map(([bits, step, negative]) => (2n ** BigInt(bits) + BigInt(step)) * (negative ? -1n : 1n)),
);

const leaf = fc.oneof(
  fc.constantFrom(null, true, false),
  integer,
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  text,
  fc.uint8Array({ maxLength: 40 }),
  fc.date({ noInvalidDate: true }),
);

/** Removes elements that have the same encoding. Such sets are refused, which other tests show. */
function distinct<T>(values: readonly T[], of: (value: T) => unknown): T[] {
  return [...new Map(values.map((value) => [hex(msgpack.encode(of(value), subject)), value])).values()];
}

export const anyValue: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', maxDepth: 4 },
    leaf,
    fc.array(tie('value'), { maxLength: 20 }),
    fc.dictionary(key, fc.option(tie('value'), { nil: undefined, freq: 8 }), { maxKeys: 20, noNullPrototype: true }),
    fc.array(tie('value'), { maxLength: 4 }).map((values) => new Set(distinct(values, (value) => value))),
    fc
      .array(fc.tuple(tie('value'), tie('value')), { maxLength: 4 })
      .map((entries) => new Map(distinct(entries, ([name]) => name))),
  ),
})).value;

/** Converts a value to the form that a decoder returns, which is the same for all equal values. */
export function normal(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (typeof value === 'number') {
    const isLong = Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 64;
    return isLong && !Number.isSafeInteger(value) ? BigInt(value) : value + 0;
  }
  if (Array.isArray(value)) return value.map(normal);
  if (value instanceof Set) return new Set(Array.from(value, normal));
  if (value instanceof Map) return new Map(Array.from(value, ([name, held]) => [normal(name), normal(held)]));
  if (typeof value !== 'object' || value === null || value instanceof Date || value instanceof Uint8Array) return value;
  const fields = Object.entries(value).filter(([, held]) => held !== undefined);
  return Object.fromEntries(fields.map(([name, held]) => [name, normal(held)]));
}

/** Returns an equal value with another order of fields, the other kind of integers, and absent fields. */
export function disguised(value: unknown): unknown {
  if (typeof value === 'number' && Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 64)
    return BigInt(value);
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (Array.isArray(value)) return value.map(disguised);
  if (value instanceof Set) return new Set(Array.from(value, disguised).reverse());
  if (value instanceof Map) {
    return new Map(
      Array.from(value, ([name, held]): [unknown, unknown] => [disguised(name), disguised(held)]).reverse(),
    );
  }
  if (value instanceof Date) return new Date(value);
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).map(([name, held]): [string, unknown] => [name, disguised(held)]);
  const record: Record<string, unknown> = Object.create(null);
  for (const [name, held] of [['absent', undefined] as const, ...fields.reverse()]) record[name] ??= held;
  return record;
}
