/** The memory store's index of command ids, compared with a `Map`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CommandIds } from '../../../src/adapters/stores/memory/command-ids.ts';

/** Ids that differ in few digits, so that parts of them are often the same. */
const digit = fc.constantFrom('0', '9', 'a', 'f');
const id = fc
  .tuple(digit, digit, digit, digit, digit)
  .map(([a, b, c, d, e]) => `${a}000000${b}-${c}000-7fff-8${d}00-00000000000${e}`);

test('the index finds the commit of each known command id and no other', () => {
  fc.assert(
    fc.property(fc.uniqueArray(id, { maxLength: 600 }), fc.array(id), (known, sought) => {
      const ids = new CommandIds();
      const model = new Map<string, number>();
      for (const uuid of known) {
        assert.equal(ids.find(uuid), -1);
        ids.add(uuid);
        model.set(uuid, model.size);
      }
      for (const uuid of [...known, ...sought]) assert.equal(ids.find(uuid), model.get(uuid) ?? -1);
    }),
    { numRuns: 50 },
  );
});
