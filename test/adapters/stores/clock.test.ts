/** A store records the time of its clock, which is an option. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { isAppendFailure } from 'decidable';
import { createMemoryStore } from 'decidable/memory';
import { createSqliteStore } from 'decidable/sqlite';
import { ANY, decision, envelope } from './commands.ts';

const folder = mkdtempSync(join(tmpdir(), 'decidable-clock-'));
after(() => rmSync(folder, { recursive: true }));
let files = 0;

const stores = {
  memory: (now: () => number) => createMemoryStore({ now }),
  SQLite: (now: () => number) => createSqliteStore({ file: join(folder, `${files++}.db`), now }),
};

for (const [name, open] of Object.entries(stores)) {
  describe(`the clock of the ${name} store`, () => {
    test('must return whole milliseconds, or the append is refused without a write', async () => {
      let time = 0;
      await using store = open(() => time);
      for (time of [1.5, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
        const appending = store.append('s-1', [envelope('Done')], ANY, decision());
        await assert.rejects(
          appending,
          (error) => isAppendFailure(error, 'invalid-argument') && error.payload.val.argument === 'now',
          String(time),
        );
      }
      time = 1_700_000_000_000;
      const { firstRevision, firstPosition, recordedAt } = await store.append(
        's-1',
        [envelope('Done')],
        ANY,
        decision(),
      );
      assert.deepEqual([firstRevision, firstPosition, recordedAt], [0n, 1n, 1_700_000_000_000n]);
    });
  });
}
