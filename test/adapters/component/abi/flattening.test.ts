/** *CanonicalABI.md*, "Flattening". `vectors/` has the results for all types and many functions. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FunctionNode, ValueTypeNode } from '../../../../src/adapters/component/types/nodes.ts';
import { signatureOf } from '../../../../src/adapters/component/types/signature.ts';
import { type VectorType, valueTypeOf } from './vectors/vectors.ts';

function flat(type: VectorType): string {
  return valueTypeOf(type).layout.flat.join(' ');
}

function functionOf(params: readonly VectorType[], result?: VectorType): FunctionNode {
  const named = params.map((type, index) => ({ name: `p${index}`, type: valueTypeOf(type) }));
  return new FunctionNode(false, named, result === undefined ? undefined : valueTypeOf(result));
}

const many = (count: number, type: VectorType = 'u8') => new Array<VectorType>(count).fill(type);

describe('flatten_functype', () => {
  test('passes up to 16 core values as parameters, and a pointer to a tuple for more', () => {
    const at = (count: number) => signatureOf(functionOf(many(count)));
    assert.deepEqual([at(16).spillsParams, at(16).flatParams], [false, 16]);
    assert.deepEqual([at(17).spillsParams, at(17).flatParams], [true, 1]);
    assert.equal(signatureOf(functionOf(many(8, 'string'))).spillsParams, false);
    assert.equal(signatureOf(functionOf([...many(8, 'string'), 'u8'])).spillsParams, true);
  });

  test('returns one core value, and a pointer for more', () => {
    const spills = (result?: VectorType) => signatureOf(functionOf([], result)).spillsResult;
    assert.deepEqual(
      [spills(), spills('u64'), spills(['tuple', 'f32']), spills(['result', null, null])],
      [false, false, false, false],
    );
    assert.deepEqual([spills('string'), spills(['tuple', 'u8', 'u8']), spills(['option', 'u8'])], [true, true, true]);
  });
});

describe('flatten_type', () => {
  for (const [core, ...types] of [
    ['i32', 'bool', 'u8', 'u16', 'u32', 's8', 's16', 's32', 'char', 'error-context', 'stream', 'future'],
    ['i64', 'u64', 's64'],
    ['f32', 'f32'],
    ['f64', 'f64'],
    ['i32 i32', 'string'],
  ] as const) {
    test(`is ${core} for ${types.join(', ')}`, () => {
      assert.deepEqual(
        types.map(flat),
        types.map(() => core),
      );
    });
  }

  test('is i32 for flags and handles', () => {
    const handle = (kind: 'own' | 'borrow') => new ValueTypeNode(kind, [], []);
    assert.equal(flat(['flags', 32]), 'i32');
    assert.deepEqual(handle('own').layout.flat, ['i32']);
    assert.deepEqual(handle('borrow').layout.flat, ['i32']);
  });

  test('is a pointer and a length for a list or map', () => {
    assert.deepEqual([flat(['list', 'f64']), flat(['map', 'u8', 'f64'])], ['i32 i32', 'i32 i32']);
  });

  test('repeats the core types of the elements for a fixed-length list', () => {
    assert.equal(flat(['list', ['tuple', 'u8', 'f32'], 3]), 'i32 f32 i32 f32 i32 f32');
  });

  test('is the sequence of the core types of the fields for a record or tuple', () => {
    for (const kind of ['record', 'tuple']) assert.equal(flat([kind, 'u8', 'string', 'f64']), 'i32 i32 i32 f64');
  });
});

describe('flatten_variant', () => {
  test('begins with the discriminant', () => {
    assert.equal(flat(['variant', 2]), 'i32');
    assert.equal(flat(['enum', 300]), 'i32');
  });

  test('has as many core values as its longest case', () => {
    assert.equal(flat(['variant', null, 'string', 'u8']), 'i32 i32 i32');
    assert.equal(flat(['option', ['tuple', 'f32', 'f64', 'u8']]), 'i32 f32 f64 i32');
  });

  test('joins the core types of its cases position by position', () => {
    assert.equal(
      flat(['variant', ['tuple', 'u32', 'f32'], ['tuple', 'f32', 'f32', 'f64'], ['tuple', 'u8', 'u64']]),
      'i32 i32 i64 f64',
    );
  });
});

describe('join', () => {
  const core: Record<string, VectorType> = { i32: 'u32', i64: 'u64', f32: 'f32', f64: 'f64' };
  const joined = (a: string, b: string) => flat(['variant', core[a]!, core[b]!]).slice('i32 '.length);

  test('keeps equal types', () => {
    for (const type of Object.keys(core)) assert.equal(joined(type, type), type);
  });

  test('returns i32 for i32 and f32', () => {
    assert.deepEqual([joined('i32', 'f32'), joined('f32', 'i32')], ['i32', 'i32']);
  });

  test('returns i64 for every other pair', () => {
    for (const a of Object.keys(core)) {
      for (const b of Object.keys(core)) {
        if (a === b || (/32/.test(a) && /32/.test(b))) continue;
        assert.equal(joined(a, b), 'i64', `${a} and ${b}`);
      }
    }
  });
});
