/** *Explainer.md*, "JS API": `ToWebAssemblyValue` and `ToJSValue`, what no other value of the ABI has: JavaScript's own. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { named, throughCoreValues, throughMemory } from './guests.ts';

describe('what JavaScript passes is coerced as Explainer.md says', () => {
  it('integers wrap', async () => {
    const echo = await throughCoreValues({ type: 'u8', flat: 'i32' });
    assert.equal(echo(256 + 7), 7);
    const signed = await throughMemory({ type: 's16', flat: 'i32' });
    assert.equal(signed(0x8000), -0x8000);
    const big = await throughMemory({ type: 'u64', flat: 'i64' });
    assert.equal(big(-1n), 2n ** 64n - 1n);
  });

  it('a list may be anything that can be iterated', async () => {
    const echo = await throughMemory({ type: '(list u8)', flat: 'i32 i32' });
    assert.deepEqual(echo([1, 2, 300]), Uint8Array.of(1, 2, 44));
    assert.deepEqual(echo(new Set([4, 5])), Uint8Array.of(4, 5));
    assert.deepEqual(echo(Int16Array.of(6, 7)), Uint8Array.of(6, 7));
  });

  it('a map may be an object, and the last of equal keys wins', async () => {
    const echo = await throughMemory({ type: '(map string u8)', flat: 'i32 i32' });
    assert.deepEqual(echo({ a: 1 }), new Map([['a', 1]]));
    assert.deepEqual(
      echo([
        ['a', 1],
        ['a', 2],
      ]),
      new Map([['a', 2]]),
    );
  });

  it('missing flags are off', async () => {
    const echo = await throughMemory(named('(flags "a" "b")', 'i32'));
    assert.deepEqual(echo({ b: true }), { a: false, b: true });
  });

  it('a value of the wrong kind is a TypeError, and the instance stays usable', async () => {
    for (const [type, flat, wrong, right] of [
      ['string', 'i32 i32', 5, 'x'],
      ['u32', 'i32', undefined, 5],
      ['u64', 'i64', 'x', 5n],
      ['char', 'i32', 'two', '2'],
      ['(list string)', 'i32 i32', 5, ['x']],
      ['(tuple u8 u8)', 'i32 i32', [1], [1, 2]],
      ['(list u8 2)', 'i32 i32', [1], Uint8Array.of(1, 2)],
      ['(result u8)', 'i32 i32', { tag: 'maybe' }, { tag: 'ok', val: 1 }],
    ] as const) {
      const echo = await throughCoreValues({ type, flat });
      assert.throws(() => echo(wrong), TypeError, type);
      assert.deepEqual(echo(right), right);
    }
  });
});
