/** A snapshot that was changed in the file. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import Sqlite from 'better-sqlite3';
import { createEventSourcer, defineCommand, defineDecider, defineEvent } from 'decidable';
import { createSqliteStore } from 'decidable/sqlite';
import { z } from 'zod';
import { failureOf, newFile } from './sqlite/files.ts';

const Count = defineCommand('Count', z.object({}), { snapshot: { every: 2 } });
const Counted = defineEvent('Counted', z.object({}));
const counter = defineDecider({
  name: 'counter',
  version: '1.0.0',
  state: z.object({ value: z.number() }),
  commands: { Count },
  events: { Counted },
  category: 'counter',
  streamId: () => '1',
  initialState: { value: 0 },
  evolve: {
    Counted: (state) => {
      state.value++;
    },
  },
  decide: { Count: () => [Counted({})] },
});
const KEY = { moduleName: 'counter', moduleVersion: '1.0.0', stream: 'counter-1' };

/** A file with three events and a snapshot, after a change of the snapshot's row. */
async function changed(sql: string): Promise<string> {
  const file = newFile();
  {
    const store = createSqliteStore({ file });
    await using sourcer = createEventSourcer({ store, modules: [counter], closeStore: true });
    for (let count = 0; count < 3; count++) await sourcer.dispatch(Count({}));
  }
  const database = new Sqlite(file);
  assert.equal(database.prepare(sql).run().changes, 1);
  database.close();
  return file;
}

const changes: Readonly<Record<string, string>> = {
  'another state': `update snapshots set state = x'81a576616c756563'`,
  'another revision': 'update snapshots set revision = revision - 1',
  'another content type': `update snapshots set content_type = 'x'`,
  'another checksum': 'update snapshots set checksum = zeroblob(32)',
};

describe('a snapshot that was changed', () => {
  for (const [what, sql] of Object.entries(changes)) {
    test(`is not returned by the store: ${what}`, async () => {
      await using store = createSqliteStore({ file: await changed(sql) });
      assert.equal(await failureOf(store.loadSnapshot(KEY)), 'corrupt');
    });

    test(`is dropped, and the stream is replayed: ${what}`, async () => {
      const store = createSqliteStore({ file: await changed(sql) });
      const dropped: unknown[] = [];
      const observer = {
        snapshotDropped: ({ stream, revision }: { stream: string; revision: bigint | undefined }) =>
          dropped.push([stream, revision]),
      };
      await using sourcer = createEventSourcer({ store, modules: [counter], closeStore: true, observer });
      const { state } = await sourcer.state(counter, 'counter-1');
      assert.deepEqual(state, { value: 3 });
      assert.deepEqual(dropped, [['counter-1', undefined]]);
      assert.equal(await store.loadSnapshot(KEY), undefined);
    });
  }

  test('is not used as the snapshot of another stream', async () => {
    const file = await changed(`update snapshots set stream = 'counter-2'`);
    await using store = createSqliteStore({ file });
    assert.equal(await failureOf(store.loadSnapshot({ ...KEY, stream: 'counter-2' })), 'corrupt');
  });
});
