/**
 * Values of all types, compared byte for byte with the values that the specification's executable reference lowers and
 * lifts.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { END, i32, type Probe, probe, relay, START } from '../probe.ts';
import {
  guestTypeOf,
  type Lowered,
  readVectors,
  toJavaScript,
  type VectorType,
  type VectorValue,
  valueTypeOf,
} from './vectors.ts';

interface LayoutVector {
  readonly type: VectorType;
  /** Size and alignment with pointers of 32 bits, and with pointers of 64. */
  readonly layout: readonly number[];
  /** The core types, at most 17 of them. */
  readonly flat: string;
}

interface ValueVector extends LayoutVector {
  readonly encoding: string;
  readonly values: readonly VectorValue[];
  /** Each value, passed as a parameter. */
  readonly lowered: readonly Lowered[];
  /** A list of all values, passed as a parameter. */
  readonly stored: Lowered;
}

const { vectors, layouts } = readVectors<{ vectors: readonly ValueVector[]; layouts: readonly LayoutVector[] }>(
  'values',
);

test('types have the size, alignment and core types that the reference computes', () => {
  for (const { type, layout, flat } of [...vectors, ...layouts]) {
    const valueType = valueTypeOf(type);
    const ours = valueType.layout;
    assert.deepEqual(
      [ours.size, ours.alignment, valueType.wide.size, valueType.wide.alignment],
      layout,
      JSON.stringify(type),
    );
    assert.equal(ours.flat.join(' '), flat, JSON.stringify(type));
  }
});

describe('a value of any type', () => {
  for (const { type, encoding, layout, flat, values, lowered, stored } of vectors) {
    test(`has the same bytes as in the reference: ${JSON.stringify(type)} (${encoding})`, async () => {
      const guestType = guestTypeOf(type, flat);
      const javaScript = values.map((value) => toJavaScript(type, value));
      const size = layout[0]!;
      const isOne = !flat.includes(' ');

      const inParams = await probe(guestType, encoding);
      const { take, pass, ask, give } = inParams;
      const between = await relay(guestType, encoding);
      for (const [index, value] of javaScript.entries()) {
        const flatValue = lowered[index]!;
        assert.deepEqual(take(value), flatValue, 'a parameter of a call into the guest');
        assert.deepStrictEqual(pass(flatValue), value, 'a parameter of a call to the host');
        assert.deepEqual(between.pass(flatValue), flatValue, 'a parameter of a call to another guest');
        if (isOne) {
          assert.deepStrictEqual(give(flatValue), value, 'a result of the guest');
          assert.deepEqual(ask(value, size), flatValue, 'a result of the host');
          assert.deepEqual(between.ask(flatValue, size), flatValue, 'a result of another guest');
          continue;
        }
        // The address of this value in the list of all values.
        const memory = stored.memory!;
        const element = { core: i32(START + index * size), memory };
        assert.deepStrictEqual(give(element), value, 'a result of the guest');
        for (const { area, realloc } of [ask(value, size), between.ask(element, size)]) {
          if (realloc === undefined) assert.equal(area, memory.slice(2 * index * size, 2 * (index + 1) * size));
        }
      }

      const list = ['list', type] as const;
      const listType = guestTypeOf(list, 'i32 i32');
      const inList = await probe(listType, encoding);
      const all = toJavaScript(list, values);
      assert.deepEqual(inList.take(all), stored, 'a list passed to the guest');
      assert.deepStrictEqual(inList.pass(stored), all, 'a list passed to the host');
      assert.deepEqual((await relay(listType, encoding)).pass(stored), stored, 'a list passed to another guest');

      assertUntouched(inList, all, stored);
      for (const [index, value] of javaScript.entries()) assertUntouched(inParams, value, lowered[index]!);

      // The list is at the end of the memory, so that reading beyond it would trap.
      if (stored.realloc!.includes(',')) return;
      const bytes = Buffer.from(stored.memory!, 'hex');
      bytes.copy(inList.recorder.bytes, END - bytes.length);
      const core = i32(END - bytes.length, values.length);
      assert.deepStrictEqual(inList.pass({ core }), all, 'a list at the end of the memory');
    });
  }
});

/** Checks that all bytes outside of the value and its padding are still 0xff. */
function assertUntouched({ recorder, take }: Probe, value: unknown, { memory = '' }: Lowered): void {
  recorder.bytes.fill(0xff, START, 2 * START + memory.length);
  take(value);
  const expected = Buffer.from(memory, 'hex');
  const found = recorder.before.subarray(START);
  for (const [at, byte] of expected.entries()) {
    if (byte !== 0 || found[at] !== 0xff) assert.equal(found[at], byte, `byte ${at}`);
  }
  const behind = found.subarray(expected.length, expected.length + 64);
  assert.ok(
    behind.every((byte) => byte === 0xff),
    'nothing is written after the value',
  );
}
