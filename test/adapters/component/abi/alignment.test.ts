/** *CanonicalABI.md*, "Alignment", for 32-bit memories. `vectors/` has the results for all types. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ValueTypeNode } from '../../../../src/adapters/component/types/nodes.ts';
import { type VectorType, valueTypeOf } from './vectors/vectors.ts';

function alignment(type: VectorType): number {
  return valueTypeOf(type).layout.alignment;
}

describe('alignment', () => {
  for (const [bytes, ...types] of [
    [1, 'bool', 's8', 'u8'],
    [2, 's16', 'u16'],
    [4, 's32', 'u32', 'f32', 'char', 'string', 'error-context', 'stream', 'future'],
    [8, 's64', 'u64', 'f64'],
  ] as const) {
    test(`is ${bytes} for ${types.join(', ')}`, () => {
      assert.deepEqual(
        types.map(alignment),
        types.map(() => bytes),
      );
    });
  }

  test('is 4 for handles', () => {
    const handle = (kind: 'own' | 'borrow') => new ValueTypeNode(kind, [], []);
    assert.equal(handle('own').layout.alignment, 4);
    assert.equal(handle('borrow').layout.alignment, 4);
  });

  test('is that of a pointer for a list or map', () => {
    assert.deepEqual(
      [alignment(['list', 'u8']), alignment(['list', 'u64']), alignment(['map', 'u64', 'u64'])],
      [4, 4, 4],
    );
  });

  test('is that of the elements for a fixed-length list', () => {
    assert.deepEqual([alignment(['list', 'u8', 100]), alignment(['list', 'u64', 1])], [1, 8]);
  });

  test('is the largest alignment of the fields for a record or tuple, in any order', () => {
    for (const kind of ['record', 'tuple']) {
      assert.equal(alignment([kind, 'u8', 'u8']), 1);
      assert.equal(alignment([kind, 'u64', 'u8']), 8);
      assert.equal(alignment([kind, 'u8', 'u16', 'u8']), 2);
    }
  });

  test('is the largest alignment of the discriminant and the payloads for a variant', () => {
    assert.equal(alignment(['variant', 3]), 1);
    assert.equal(alignment(['variant', null, 'u8']), 1);
    assert.equal(alignment(['variant', 'u8', 'u32', 'u16']), 4);
    assert.equal(alignment(['variant', 'f64', null]), 8);
    assert.equal(alignment(['variant', 300, 'u8']), 2);
    assert.equal(alignment(['option', 'u16']), 2);
    assert.equal(alignment(['result', 'u8', 'u64']), 8);
  });
});

describe('discriminant_type', () => {
  test('is the smallest integer that can number the cases', () => {
    for (const [cases, bytes] of [
      [1, 1],
      [2, 1],
      [256, 1],
      [257, 2],
      [65536, 2],
      [65537, 4],
    ] as const) {
      assert.equal(alignment(['enum', cases]), bytes, `${cases}`);
    }
  });
});

describe('alignment_flags', () => {
  test('is that of the smallest integer with a bit for each flag', () => {
    for (const [labels, bytes] of [
      [1, 1],
      [8, 1],
      [9, 2],
      [16, 2],
      [17, 4],
      [32, 4],
    ] as const) {
      assert.equal(alignment(['flags', labels]), bytes, `${labels}`);
    }
  });
});
