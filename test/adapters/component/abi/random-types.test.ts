/** Random values of random nested types. A guest returns each value unchanged. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { probe, relay } from './probe.ts';
import { types, valuesOf } from './random-values.ts';
import { guestTypeOf, toJavaScript, valueTypeOf } from './vectors/vectors.ts';

describe('a random value of a random type', () => {
  for (const [from, to] of [
    ['utf8', 'utf8'],
    ['utf8', 'utf16'],
    ['utf16', 'latin1+utf16'],
    ['latin1+utf16', 'utf8'],
    ['latin1+utf16', 'latin1+utf16'],
  ] as const) {
    test(`is unchanged after passing through guests with strings in ${from} and ${to}`, async () => {
      let flattened = 0;
      await fc.assert(
        fc.asyncProperty(types, fc.integer({ min: 1, max: 2 ** 31 - 1 }), async (type, seed) => {
          const { flat } = valueTypeOf(type).layout;
          if (flat.length <= 16) flattened++;
          const guestType = guestTypeOf(type, flat.join(' '));
          const [one, other, between] = [
            await probe(guestType, from),
            await probe(guestType, to),
            await relay(guestType, from, to),
          ];
          for (const each of fc.sample(valuesOf(type), { numRuns: 10, seed })) {
            const value = toJavaScript(type, each);
            const lowered = one.take(value);
            assert.deepStrictEqual(one.pass(lowered), value, JSON.stringify(type));
            assert.deepStrictEqual(other.pass(between.pass(lowered)), value, JSON.stringify(type));
          }
        }),
        { numRuns: 50 },
      );
      assert.ok(flattened > 10);
    });
  }
});
