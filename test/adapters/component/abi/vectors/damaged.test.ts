/**
 * Core values and bytes with one wrong bit, byte or word. If the reference still lifts a value, the loader lifts the
 * same value. If the reference traps, the loader traps.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isTrap } from 'decidable/component';
import { probe, relay } from '../probe.ts';
import { guestTypeOf, type Lowered, readVectors, toJavaScript, type VectorType, type VectorValue } from './vectors.ts';

interface DamagedVector {
  readonly type: VectorType;
  readonly encoding: string;
  readonly flat: string;
  /** The lifted value, which is missing if the reference traps. */
  readonly cases: readonly (Lowered & { readonly value?: VectorValue })[];
}

const { vectors } = readVectors<{ vectors: readonly DamagedVector[] }>('damaged');

describe('a damaged value', () => {
  for (const { type, encoding, flat, cases } of vectors) {
    test(`is lifted, or traps, as in the reference: ${JSON.stringify(type)} (${encoding})`, async () => {
      const guestType = guestTypeOf(type, flat);
      for (const { value, ...written } of cases) {
        const { pass } = await probe(guestType, encoding);
        const between = await relay(guestType, encoding);
        if (value === undefined) {
          assert.throws(() => pass(written), isTrap, `${written.core} ${written.memory}`);
          assert.throws(() => between.pass(written), isTrap, `${written.core} ${written.memory}`);
          continue;
        }
        const expected = toJavaScript(type, value);
        assert.deepStrictEqual(pass(written), expected);
        assert.deepStrictEqual(pass(between.pass(written)), expected);
      }
    });
  }
});
