/** Generated UUIDs, and their texts and bytes. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isUuid } from 'decidable';
import fc from 'fast-check';
import { readUuid, toHex, uuidV4, uuidV7, writeUuid } from '../../src/core/uuid.ts';

test('uuidV4 returns a different UUID of version 4 each time, in lower case', () => {
  const ids = Array.from({ length: 2_000 }, uuidV4);
  for (const id of ids) {
    assert.ok(isUuid(id), id);
    assert.match(id, /^.{8}-.{4}-4.{3}-[89ab].{3}-.{12}$/);
  }
  assert.equal(new Set(ids).size, ids.length);
});

test('every digit of uuidV4 that is not fixed by the standard has every value', () => {
  const digits = Array.from({ length: 36 }, () => new Set<string>());
  for (let times = 0; times < 2_000; times++) for (const [at, set] of digits.entries()) set.add(uuidV4()[at]!);
  const kinds = digits.map((set) => set.size);
  const expected = kinds.map((_, at) => ([8, 13, 14, 18, 23].includes(at) ? 1 : at === 19 ? 4 : 16));
  assert.deepEqual(kinds, expected);
});

test('uuidV7 returns a different UUID of version 7 each time, which begins with the time', () => {
  for (const time of [0, 1, 1_700_000_000_123, 2 ** 48 - 1]) {
    const id = uuidV7(time);
    assert.match(id, /^.{8}-.{4}-7.{3}-[89ab].{3}-.{12}$/);
    assert.equal(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16), time);
  }
  const ids = Array.from({ length: 600 }, () => uuidV7(1_700_000_000_123));
  assert.equal(new Set(ids).size, ids.length);
});

test('writeUuid writes the bytes that readUuid reads, at any index', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.nat({ max: 8 }), (bytes, at) => {
      const memory = new Uint8Array(24);
      memory.set(bytes, at);
      const text = readUuid(memory, at);
      assert.equal(text.replaceAll('-', ''), toHex(bytes));
      const written = new Uint8Array(24);
      writeUuid(text, written, at);
      assert.deepEqual(written, memory);
    }),
  );
});

test('isUuid accepts exactly the UUIDs in lower case, in any order of calls', () => {
  const uuid = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => readUuid(bytes, 0));
  const nearly = fc
    .tuple(uuid, fc.nat({ max: 35 }), fc.constantFrom('-', 'g', 'A', '/', ':', '`', ' ', 'é', '０', ''))
    .map(([text, at, character]) => text.slice(0, at) + character + text.slice(at + 1));
  const texts = fc.array(
    fc.oneof(
      uuid,
      nearly,
      uuid.map((text) => text.toUpperCase()),
    ),
    { maxLength: 6 },
  );
  const calls = texts.chain((known) => fc.array(fc.constantFrom('', ...known)));
  fc.assert(
    fc.property(calls, (sequence) => {
      for (const text of sequence) {
        assert.equal(isUuid(text), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text));
        if (!isUuid(text)) continue;
        const written = new Uint8Array(16);
        writeUuid(text, written, 0);
        assert.equal(toHex(written), text.replaceAll('-', ''));
      }
    }),
  );
});
