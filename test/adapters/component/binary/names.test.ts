/** The cache of decoded names finds a name by a hash of its bytes, and never returns another name. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Reader } from '../../../../src/adapters/component/binary/reader.ts';
import { memoizeByName, remember } from '../../../../src/adapters/component/engine/name-cache.ts';
import { maxRecent, maxRecentLength } from '../../../../src/adapters/component/limits.ts';

function read(name: string): string {
  const bytes = new TextEncoder().encode(name);
  assert.ok(bytes.length < 128);
  return new Reader(Uint8Array.of(bytes.length, ...bytes)).name('a name');
}

describe('a decoded name', () => {
  test('does not depend on the names that were decoded before', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 20 })), (names) => {
        for (const name of [...names, ...names]) assert.equal(read(name), name);
      }),
    );
  });

  test('is correct if its bytes have the hash of another name', () => {
    // 31 × 65 + 97 = 31 × 66 + 66
    for (let time = 0; time < 2; time++)
      for (const name of ['Aa', 'BB', 'AaBB', 'BBAa', 'AaAa', 'BBBB']) assert.equal(read(name), name);
  });

  test('is correct if it is not ASCII', () => {
    for (let time = 0; time < 2; time++)
      for (const name of ['é', 'Ã©', '\ufeffa', 'a', '🎈']) assert.equal(read(name), name);
  });
});

describe('a cache of names', () => {
  test('computes each result once', () => {
    let times = 0;
    const find = memoizeByName((name) => `${name} ${++times}`);
    assert.deepEqual([find('a'), find('b'), find('a')], ['a 1', 'b 2', 'a 1']);
  });

  test('has a bounded number of entries', () => {
    const known = new Map<string, number>();
    for (let index = 0; index <= maxRecent; index++) remember(known, `n${index}`, index, 1);
    assert.deepEqual([...known], [[`n${maxRecent}`, maxRecent]]);
  });

  test('does not store a name that is too long', () => {
    const known = new Map<number, boolean>();
    for (const length of [maxRecentLength, maxRecentLength + 1]) remember(known, length, true, length);
    assert.deepEqual([...known.keys()], [maxRecentLength]);
  });
});
