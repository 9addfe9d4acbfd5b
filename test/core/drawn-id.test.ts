/** Drawn ids: UUIDv4 in the one form that this package writes, and never one twice. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawnUuid } from '../../src/core/drawn-id.ts';
import { isUuid } from '../../src/core/ids.ts';

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
