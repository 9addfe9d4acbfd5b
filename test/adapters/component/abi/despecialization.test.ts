/**
 * *CanonicalABI.md*, "Despecialization": the canonical ABI of a specialized value type is that of its expansion. So
 * values of both have the same core values and the same bytes.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { probe } from './probe.ts';
import { guestTypeOf, type VectorType, valueTypeOf } from './vectors/vectors.ts';

/** A value of the specialized type, and the same value of its expansion. */
type Pair = readonly [specialized: unknown, expanded: unknown];

async function assertSame(specialized: VectorType, expanded: VectorType, values: readonly Pair[]): Promise<void> {
  const layout = valueTypeOf(expanded).layout;
  assert.deepEqual({ ...valueTypeOf(specialized).layout }, { ...layout });
  const flat = layout.flat.join(' ');
  const probeOf = (type: VectorType, core: string) => probe(guestTypeOf(type, core));
  const [one, other] = [await probeOf(specialized, flat), await probeOf(expanded, flat)];
  const lists = [
    await probeOf(['list', specialized], 'i32 i32'),
    await probeOf(['list', expanded], 'i32 i32'),
  ] as const;
  for (const [value, same] of values) {
    assert.deepEqual(one.take(value), other.take(same));
    assert.deepEqual(lists[0].take([value, value]), lists[1].take([same, same]));
  }
}

describe('despecialize', () => {
  test('converts a tuple to a record whose labels are the positions', () =>
    assertSame(
      ['tuple', 'u8', 'f64', 'string'],
      ['record', 'u8', 'f64', 'string'],
      [[[1, 2, 'x'], { f0: 1, f1: 2, f2: 'x' }]],
    ));

  test('converts an enum to a variant without payloads', () =>
    assertSame(
      ['enum', 300],
      ['variant', 300],
      [
        ['c0', { tag: 'c0' }],
        ['c299', { tag: 'c299' }],
      ],
    ));

  test('converts an option to a variant of none and some, in this order', () =>
    assertSame(
      ['option', 'u64'],
      ['variant', null, 'u64'],
      [
        [undefined, { tag: 'c0' }],
        [7n, { tag: 'c1', val: 7n }],
      ],
    ));

  test('converts a result to a variant of ok and error, in this order', async () => {
    await assertSame(
      ['result', 'u8', 'f64'],
      ['variant', 'u8', 'f64'],
      [
        [
          { tag: 'ok', val: 5 },
          { tag: 'c0', val: 5 },
        ],
        [
          { tag: 'err', val: 0.5 },
          { tag: 'c1', val: 0.5 },
        ],
      ],
    );
    await assertSame(['result', null, null], ['variant', 2], [[{ tag: 'err' }, { tag: 'c1' }]]);
  });

  test('converts a map to a list of tuples of key and value', () =>
    assertSame(
      ['map', 'u8', 'u32'],
      ['list', ['tuple', 'u8', 'u32']],
      [
        [
          new Map([
            [1, 2],
            [3, 4],
          ]),
          [
            [1, 2],
            [3, 4],
          ],
        ],
      ],
    ));

  test('does not change strings and flags', () => {
    assert.notDeepEqual(valueTypeOf('string').layout.flat, valueTypeOf(['list', 'char']).layout.flat.slice(1));
    assert.equal(valueTypeOf(['flags', 8]).layout.size, 1);
    assert.equal(valueTypeOf(['record', ...new Array<VectorType>(8).fill('bool')]).layout.size, 8);
  });
});
