import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { msgpack } from '../../src/core/msgpack.ts';
import { reviveAtIssues, reviveIntegers } from '../../src/core/revive-integers.ts';

const subject = { kind: 'event', type: 'Deposited', schemaVersion: 1 } as const;

/** There and back through bytes, as the schema says it. */
function roundTrip(schema: z.ZodType, value: unknown): unknown {
  return schema.parse(reviveIntegers(schema)(msgpack.decode(msgpack.encode(value, subject), subject)));
}

test('an amount that the schema calls a bigint comes back as a bigint, small or large', () => {
  const schema = z.object({ amount: z.bigint(), note: z.string() });
  for (const amount of [0n, 5n, -5n, 2n ** 53n, 2n ** 64n - 1n, 2n ** 80n]) {
    assert.deepEqual(roundTrip(schema, { amount, note: 'x' }), { amount, note: 'x' });
  }
});

test('a large whole number that the schema calls a number comes back as a number', () => {
  for (const ratio of [2 ** 53, 2 ** 60, -(2 ** 62), 1e300]) {
    assert.deepEqual(roundTrip(z.object({ ratio: z.number() }), { ratio }), { ratio });
  }
});

test('bigints are revived in every place that a schema can hold one', () => {
  const Node = z.object({
    value: z.bigint(),
    get next() {
      return Node.optional();
    },
  });
  const schema = z.object({
    list: z.array(z.bigint()),
    tuple: z.tuple([z.number(), z.bigint()], z.bigint()),
    record: z.record(z.string(), z.bigint()),
    set: z.set(z.bigint()),
    map: z.map(z.bigint(), z.bigint()),
    nullable: z.bigint().nullable(),
    optional: z.bigint().optional(),
    fallback: z.bigint().default(3n),
    readonly: z.object({ a: z.bigint() }).readonly(),
    literal: z.literal(7n),
    branded: z.bigint().brand<'Amount'>(),
    both: z.intersection(z.object({ a: z.bigint() }), z.object({ b: z.bigint() })),
    lazy: z.lazy(() => z.bigint()),
    node: Node,
    rest: z.object({ name: z.unknown() }).catchall(z.bigint()),
  });
  const value = {
    list: [1n, 2n],
    tuple: [1, 2n, 3n],
    record: { a: 1n },
    set: new Set([1n, 2n ** 60n]),
    map: new Map([[1n, 2n]]),
    nullable: 1n,
    optional: 1n,
    fallback: 1n,
    readonly: { a: 1n },
    literal: 7n,
    branded: 1n,
    both: { a: 1n, b: 2n },
    lazy: 1n,
    node: { value: 1n, next: { value: 2n } },
    rest: { name: 5, more: 6n },
  };
  assert.deepEqual(roundTrip(schema, value), value);
});

test('in a union the option that the value is meant for decides', () => {
  const tagged = z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('exact'), amount: z.bigint() }),
    z.object({ kind: z.literal('about'), amount: z.number() }),
  ]);
  assert.deepEqual(roundTrip(tagged, { kind: 'exact', amount: 5n }), { kind: 'exact', amount: 5n });
  assert.deepEqual(roundTrip(tagged, { kind: 'about', amount: 5 }), { kind: 'about', amount: 5 });

  const plain = z.union([z.object({ a: z.bigint() }), z.object({ b: z.object({ c: z.bigint() }) }), z.string()]);
  for (const value of [{ a: 5n }, { b: { c: 5n } }, 'five']) assert.deepEqual(roundTrip(plain, value), value);

  assert.equal(roundTrip(z.union([z.bigint(), z.null()]), 5n), 5n);
  assert.equal(roundTrip(z.union([z.number(), z.bigint()]), 5), 5, 'a number fits as it is');
});

test('a value that does not fit its schema is left for the validation to refuse', () => {
  const schema = z.object({ amount: z.bigint() });
  for (const value of ['text', null, 5, [], { amount: 'many' }, { amount: 1.5 }]) {
    assert.equal(schema.safeParse(reviveIntegers(schema)(structuredClone(value))).success, false);
  }
});

test('a schema of another library is helped by the paths of its issues', () => {
  const zod = z.object({ lines: z.array(z.object({ price: z.bigint() })), ratio: z.number() });
  const foreign = { '~standard': zod['~standard'] };
  const decoded = { lines: [{ price: 5 }, { price: 2n ** 60n }], ratio: 2n ** 60n };
  assert.equal(reviveIntegers(foreign)(decoded), decoded, 'it cannot be walked');

  const first = zod['~standard'].validate(decoded);
  assert.ok(!(first instanceof Promise) && first.issues);
  const revived = reviveAtIssues(decoded, first.issues);
  assert.deepEqual(revived?.value, { lines: [{ price: 5n }, { price: 2n ** 60n }], ratio: 2 ** 60 });
  assert.deepEqual(reviveAtIssues(5, [{ message: 'not a bigint' }] as never), { value: 5n }, 'the root too');
  assert.equal(reviveAtIssues({ a: 'text' }, [{ path: ['a'] }]), undefined, 'nothing to change');
});
