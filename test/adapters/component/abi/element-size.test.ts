/** *CanonicalABI.md*, "Element Size", of 32-bit memories. The cases of the validator test the limit of 2^28. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { payloadOffset } from '../../../../src/adapters/component/types/cases.ts';
import { layoutOfFields } from '../../../../src/adapters/component/types/layout.ts';
import { ValueTypeNode } from '../../../../src/adapters/component/types/nodes.ts';
import { type VectorType, valueTypeOf } from './vectors/vectors.ts';

function size(type: VectorType): number {
  return valueTypeOf(type).layout.size;
}

describe('elem_size', () => {
  for (const [bytes, ...types] of [
    [1, 'bool', 's8', 'u8'],
    [2, 's16', 'u16'],
    [4, 's32', 'u32', 'f32', 'char', 'error-context', 'stream', 'future'],
    [8, 's64', 'u64', 'f64', 'string'],
  ] as const) {
    test(`is ${bytes} for ${types.join(', ')}`, () => {
      assert.deepEqual(
        types.map(size),
        types.map(() => bytes),
      );
    });
  }

  test('is 4 for handles', () => {
    const handle = (kind: 'own' | 'borrow') => new ValueTypeNode(kind, [], []);
    assert.equal(handle('own').layout.size, 4);
    assert.equal(handle('borrow').layout.size, 4);
  });

  test('is that of a pointer and a length for a list or map', () => {
    assert.deepEqual([size(['list', 'u8']), size(['list', ['list', 'u64']]), size(['map', 'u64', 'u64'])], [8, 8, 8]);
  });

  test('is that of all elements for a fixed-length list, with the padding between them', () => {
    assert.equal(size(['list', 'u8', 5]), 5);
    assert.equal(size(['list', ['tuple', 'u32', 'u8'], 3]), 24);
    assert.equal(size(['list', ['list', 'u16', 2], 3]), 12);
  });

  test('counts the padding before each field and at the end of a record or tuple', () => {
    for (const kind of ['record', 'tuple']) {
      assert.equal(size([kind, 'u8']), 1);
      assert.equal(size([kind, 'u8', 'u32']), 8);
      assert.equal(size([kind, 'u32', 'u8']), 8);
      assert.equal(size([kind, 'u8', 'u64', 'u8']), 24);
      assert.equal(size([kind, 'u8', 'u16', 'u8', 'u32']), 12);
    }
  });

  test('puts each field at the next address that its alignment allows', () => {
    const fields = (['u8', 'u16', 'u8', 'u64', 'u8', 'string'] as const).map(valueTypeOf);
    assert.deepEqual(layoutOfFields(fields).offsets, [0, 2, 4, 8, 16, 20]);
  });

  test('is the sum of discriminant, padding and largest payload for a variant', () => {
    assert.equal(size(['variant', 3]), 1);
    assert.equal(size(['variant', null, 'u8']), 2);
    assert.equal(size(['variant', 'u8', 'u64', 'u16']), 16);
    assert.equal(size(['variant', ['tuple', 'u8', 'u8', 'u8'], 'u16']), 6);
    assert.equal(size(['variant', 300, 'u8']), 4);
    assert.equal(size(['option', 'u32']), 8);
    assert.equal(size(['result', null, null]), 1);
  });

  test('puts every payload of a variant at the alignment of the most aligned one', () => {
    const cases = (['u8', 'u64'] as const).map((type) => ({ name: type, type: valueTypeOf(type) }));
    assert.equal(payloadOffset(cases), 8);
    assert.equal(
      payloadOffset([
        { name: 'a', type: valueTypeOf('u8') },
        { name: 'b', type: undefined },
      ]),
      1,
    );
  });

  test('is that of the smallest integer for an enum or flags', () => {
    assert.deepEqual(
      [1, 256, 257, 65536, 65537].map((count) => size(['enum', count])),
      [1, 1, 2, 2, 4],
    );
    assert.deepEqual(
      [1, 8, 9, 16, 17, 32].map((count) => size(['flags', count])),
      [1, 1, 2, 2, 4, 4],
    );
  });
});
