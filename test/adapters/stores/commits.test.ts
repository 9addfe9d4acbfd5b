/** Reading commits and verifying their chain, in both stores and in files that were changed from outside. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import Sqlite from 'better-sqlite3';
import type { EventStore } from 'decidable';
import { createMemoryStore } from 'decidable/memory';
import { createSqliteStore, type SqliteStore } from 'decidable/sqlite';
import { type ChainProgress, type ChainVerdict, type CommitSource, verifyChain } from 'decidable/storage';
import { ANY, decision, envelope, rejected } from './commands.ts';

const folder = mkdtempSync(join(tmpdir(), 'decidable-commits-'));
after(() => rmSync(folder, { recursive: true }));
let files = 0;
const newFile = (): string => join(folder, `${files++}.db`);

/** Three streams, with events, rejections and a decision without events. */
async function fill(store: EventStore): Promise<string[]> {
  const ids: string[] = [];
  for (let commit = 0; commit < 30; commit++) {
    const given = commit % 5 === 4 ? rejected() : decision();
    const events = commit % 5 === 4 ? [] : Array.from({ length: commit % 4 }, () => envelope('Done'));
    await store.append(`s-${commit % 3}`, events, ANY, given);
    ids.push(given.commandId);
  }
  return ids;
}

for (const [name, open] of [
  ['the memory store', () => createMemoryStore()],
  ['the SQLite store', () => createSqliteStore({ file: newFile(), durability: 'normal' })],
] as const) {
  describe(`commits of ${name}`, () => {
    const check = (what: string, body: (store: EventStore & CommitSource, ids: string[]) => Promise<void>): void => {
      test(what, async () => {
        await using store = open();
        await body(store, await fill(store));
      });
    };

    check('are read in the order of the stream, in pages, with their events', async (store, ids) => {
      const expected = ids.filter((_, index) => index % 3 === 1);
      const whole = await store.readCommits('s-1');
      assert.deepEqual(
        whole.map(({ decision }) => decision.decision.commandId),
        expected,
      );
      for (const { decision, events } of whole) {
        assert.deepEqual(await store.findDecision(decision.decision.commandId), decision);
        assert.equal(decision.eventCount, events.length);
      }
      const read = await store.readStream('s-1', { direction: 'forward' });
      assert.deepEqual(
        whole.flatMap(({ events }) => events),
        read.map(({ event }) => event),
      );
      assert.deepEqual(await store.readCommits('s-1', { after: expected[2], limit: 3 }), whole.slice(3, 6));
      assert.deepEqual(await store.readCommits('s-1', { after: expected.at(-1) }), []);
      assert.deepEqual(await store.readCommits('s-1', { after: ids[0] }), []);
      assert.deepEqual(await store.readCommits('s-9'), []);
    });

    check('end in the heads that the store lists for its streams', async (store, ids) => {
      const heads = await store.readStreams();
      assert.deepEqual(
        heads.map(({ stream }) => stream),
        ['s-0', 's-1', 's-2'],
      );
      for (const [index, { stream, revision, hash }] of heads.entries()) {
        assert.deepEqual(hash, (await store.findDecision(ids[27 + index]!))?.hash);
        const [last] = await store.readStream(stream, { direction: 'backward', limit: 1 });
        assert.equal(revision, last?.context.revision);
      }
      assert.deepEqual(await store.readStreams({ after: 's-0', limit: 1 }), heads.slice(1, 2));
      assert.deepEqual(await store.readStreams({ after: 's-9' }), []);
      await store.append('only-no', [], ANY, rejected());
      const [no] = await store.readStreams({ after: 's-2' });
      assert.deepEqual([no?.stream, no?.revision], ['only-no', undefined]);
    });

    check('form intact chains', async (store) => {
      assert.deepEqual(await verifyChain(store), { intact: true, streams: 3, commits: 30 });
      assert.deepEqual(await verifyChain(store, 's-2'), { intact: true, streams: 1, commits: 10 });
      assert.deepEqual(await verifyChain(store, 's-9'), { intact: true, streams: 1, commits: 0 });
    });

    test('form intact chains over many pages', async () => {
      await using store = open();
      const writes = Array.from({ length: 2_345 }, () => store.append('s-1', [envelope('Done')], ANY, decision()));
      await Promise.all(writes);
      assert.deepEqual(await verifyChain(store), { intact: true, streams: 1, commits: 2_345 });
    });

    check('are counted for the caller while they are verified', async (store) => {
      const seen: ChainProgress[] = [];
      await verifyChain(store, undefined, { onProgress: (progress) => seen.push(progress) });
      assert.deepEqual(seen, [
        { streams: 1, commits: 10 },
        { streams: 2, commits: 20 },
        { streams: 3, commits: 30 },
      ]);
    });

    test('let timers fire while they are verified', async () => {
      await using store = open();
      const append = (index: number) => store.append(`s-${index % 50}`, [envelope('Done')], ANY, decision());
      await Promise.all(Array.from({ length: 10_000 }, (_, index) => append(index)));
      let hasFired = false;
      setTimeout(() => (hasFired = true), 0);
      await verifyChain(store);
      assert.equal(hasFired, true);
    });

    check('are not verified further if the caller aborts', async (store) => {
      const ended = new AbortController();
      const seen: ChainProgress[] = [];
      const verifying = verifyChain(store, undefined, {
        onProgress: (progress) => {
          seen.push(progress);
          ended.abort();
        },
        signal: ended.signal,
      });
      await assert.rejects(verifying, { name: 'AbortError' });
      assert.equal(seen.length, 1);
    });
  });
}

describe('a file that was changed from outside', () => {
  /** The verdict on stream `s-1`, whose commits have 1, rejected, 3, 2, 1, 0, rejected, 2 … events. */
  async function afterwards(change: (database: Sqlite.Database) => void): Promise<ChainVerdict> {
    const file = newFile();
    const store = createSqliteStore({ file, durability: 'normal' });
    await fill(store);
    await store.close();
    const database = new Sqlite(file);
    change(database);
    database.close();
    const again: SqliteStore = createSqliteStore({ file });
    try {
      return await verifyChain(again);
    } finally {
      await again.close();
    }
  }

  const decisionAt = (commit: number): string =>
    `(select d.id from decisions d join streams s on s.id = d.stream_id where s.name = 's-1' order by d.id limit 1 offset ${commit})`;

  const changed: readonly (readonly [what: string, sql: string, commit: number])[] = [
    ['an event', `update events set payload = x'00' where decision_id = ${decisionAt(2)}`, 2],
    ['a command', `update decisions set payload = x'00' where id = ${decisionAt(4)}`, 4],
    ['a rejection', `update decisions set rejection = null where id = ${decisionAt(1)}`, 1],
    ['an actor', `update decisions set actor = 'someone' where id = ${decisionAt(0)}`, 0],
    ['a time', `update decisions set recorded_at = recorded_at + 1 where id = ${decisionAt(9)}`, 9],
    ['a hash', `update decisions set hash = zeroblob(32) where id = ${decisionAt(3)}`, 3],
  ];
  for (const [what, sql, commit] of changed) {
    test(`has a broken chain from the first commit that was changed: ${what}`, async () => {
      const verdict = await afterwards((database) => {
        database.pragma('foreign_keys = OFF');
        assert.ok(database.prepare(sql).run().changes > 0);
      });
      assert.ok(!verdict.intact && verdict.broken.reason !== 'damage');
      const { broken } = verdict;
      assert.deepEqual([broken.stream, broken.commit, broken.reason], ['s-1', commit, 'hash']);
      assert.notDeepEqual(broken.expected, broken.actual);
    });
  }

  const damaged: readonly (readonly [what: string, sql: string, place: RegExp])[] = [
    ['a commit that is gone', `delete from decisions where id = ${decisionAt(1)}`, /^decisions\.id 6$/],
    ['an event that is gone', `delete from events where position = 9`, /^events\.position 10$/],
    ['a decision whose events are left', `delete from decisions where id = ${decisionAt(3)}`, /^decisions\.id 12$/],
    ['the order of two commits', `update decisions set id = 1000 where id = ${decisionAt(5)}`, /^decisions\.id 18$/],
    [
      'an event that points to another decision',
      `update events set decision_id = 3 where position = 5`,
      /^events\.position 5$/,
    ],
    [
      'an event that points to no decision',
      `update events set decision_id = 99 where position = 5`,
      /^events\.position 5$/,
    ],
    [
      'an inserted decision that has no events',
      `insert into decisions select 31, x'00112233445566778899aabbccddeeff', stream_id, command_type_id, payload,
       seen_revision, 1, revision + 1, rejection, causation_id, correlation_id, actor, key_id, recorded_at, hash
       from decisions where id = 30`,
      /^decisions\.id 31$/,
    ],
    ['the category of an event type', `update event_types set category = 'other'`, /^events\.position 1$/],
    [
      'the positions of two events',
      `update events set position = -position; update events set position = case position when -1 then 2 when -2 then 1 else -position end`,
      /^events\.position 1$/,
    ],
  ];
  for (const [what, sql, place] of damaged) {
    test(`is reported as damaged at the row that contradicts the other rows: ${what}`, async () => {
      const verdict = await afterwards((database) => {
        database.pragma('foreign_keys = OFF');
        database.exec(sql);
      });
      assert.ok(!verdict.intact && verdict.broken.reason === 'damage');
      assert.match(verdict.broken.place, place);
    });
  }

  test('is not reported as truncated by one commit, unless its head is known from elsewhere', async () => {
    const verdict = await afterwards((database) => {
      // The last commit of the store is a rejection, which has no events.
      assert.equal(database.prepare('delete from decisions where id = 30 and event_count = 0').run().changes, 1);
    });
    assert.deepEqual(verdict, { intact: true, streams: 3, commits: 29 });
  });
});
