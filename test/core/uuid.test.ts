/** Drawn ids: UUIDs of version 4, or of version 7 with a time, in the one form that this package writes, and never one twice. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isUuid } from '../../src/core/ids.ts';
import { drawnUuid } from '../../src/core/uuid.ts';

test('drawn ids are UUIDs of version 4 in lower case, each another one', () => {
  const ids = Array.from({ length: 2_000 }, drawnUuid);
  for (const id of ids) {
    assert.ok(isUuid(id), id);
    assert.match(id, /^.{8}-.{4}-4.{3}-[89ab].{3}-.{12}$/);
  }
  assert.equal(new Set(ids).size, ids.length);
});

test('every other bit of a drawn id is drawn', () => {
  const digits = Array.from({ length: 36 }, () => new Set<string>());
  for (let times = 0; times < 2_000; times++) for (const [at, set] of digits.entries()) set.add(drawnUuid()[at]!);
  const kinds = digits.map((set) => set.size);
  const expected = kinds.map((_, at) => ([8, 13, 14, 18, 23].includes(at) ? 1 : at === 19 ? 4 : 16));
  assert.deepEqual(kinds, expected);
});

test('with a time, a drawn id is a UUID of version 7 that begins with it', () => {
  for (const time of [0, 1, 1_700_000_000_123, 2 ** 48 - 1]) {
    const id = drawnUuid(time);
    assert.match(id, /^.{8}-.{4}-7.{3}-[89ab].{3}-.{12}$/);
    assert.equal(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16), time);
  }
  const ids = Array.from({ length: 600 }, () => drawnUuid(1_700_000_000_123));
  assert.equal(new Set(ids).size, ids.length);
  assert.match(drawnUuid(), /^.{14}4/);
});
