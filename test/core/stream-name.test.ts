import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { categoryOf, checkStreamName } from 'decidable';
import fc from 'fast-check';

describe('a stream name', () => {
  test('is 1 to 255 bytes of UTF-8 without NUL or lone surrogates', () => {
    const anything = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)), maxLength: 130 }),
      fc.string({ unit: fc.constantFrom('a', 'ü', '口', '🏦', '-'), minLength: 60, maxLength: 260 }),
    );
    fc.assert(
      fc.property(anything, (name) => {
        const bytes = Buffer.from(name, 'utf8');
        const inside =
          bytes.length >= 1 && bytes.length <= 255 && !bytes.includes(0) && bytes.toString('utf8') === name;
        assert.equal(checkStreamName(name) === undefined, inside);
      }),
    );
  });

  test('is refused with its problem and the position of the problem', () => {
    assert.equal(checkStreamName(''), 'is empty; it needs at least one byte');
    assert.equal(checkStreamName('x'.repeat(256)), 'has 256 bytes of UTF-8; at most 255 are allowed');
    assert.equal(checkStreamName('🏦'.repeat(64)), 'has 256 bytes of UTF-8; at most 255 are allowed');
    assert.equal(checkStreamName('a-\0'), 'has a NUL (at index 2)');
    assert.equal(checkStreamName('a\ud800'), 'has a lone surrogate, which UTF-8 cannot encode: "a\\ud800"');
    assert.equal(checkStreamName(7 as never), 'is of type number, not a string');
  });

  test('has as its category the part before the first hyphen', () => {
    const cases = { 'account-1': 'account', 'a-b-c': 'a', account: 'account', '-1': '', '-': '', 'a.b-1': 'a.b' };
    for (const [name, category] of Object.entries(cases)) assert.equal(categoryOf(name), category);
  });
});
