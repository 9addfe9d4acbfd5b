/** A store is copied commit by commit, to a store of the same engine or of another. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import Sqlite from 'better-sqlite3';
import { DefinitionError, isStoreFailure, type RecordedEvent } from 'decidable';
import { verifyChain } from 'decidable/storage';
import {
  CopyError,
  type CopyErrorCode,
  type CopyProgress,
  copyStore,
  type OpenedStore,
  openStore,
} from 'decidable/stores';
import { decision, envelope } from 'decidable/testing';
import { ENGINES, type EngineName, Engines, skipWithout } from '../../servers/engines.ts';

const folder = mkdtempSync(join(tmpdir(), 'decidable-copy-'));
after(() => rmSync(folder, { recursive: true }));

const ANY = { tag: 'any' } as const;
const FORWARD = { direction: 'forward', categories: [], eventTypes: [], events: [] } as const;

const engines = new Engines();
after(() => engines[Symbol.asyncDispose]());

const open = async (name: EngineName): Promise<OpenedStore> => openStore(await engines.newAddress(name));

const pairs: readonly (readonly [from: EngineName, to: EngineName])[] = [
  ['memory', 'memory'],
  ['memory', 'SQLite'],
  ['SQLite', 'memory'],
  ['SQLite', 'SQLite'],
  ['SQLite', 'PostgreSQL'],
  ['PostgreSQL', 'NATS'],
  ['NATS', 'PostgreSQL'],
  ['PostgreSQL', 'SQLite'],
];

/** Appends commits to seven streams: events, rejections, decisions without events. */
async function fill(store: OpenedStore, commits: number): Promise<void> {
  const rejected = { tag: 'rejected', val: { code: 'no', message: 'not so', details: [['why', 'because']] } } as const;
  const writes = Array.from({ length: commits }, (_, index) => {
    const given = index % 11 === 5 ? decision({ outcome: rejected, actor: 'kai' }) : decision();
    const events = index % 11 === 5 ? [] : Array.from({ length: index % 4 }, () => envelope('Done'));
    return store.append(`s-${index % 7}`, events, ANY, given);
  });
  await Promise.all(writes);
}

const identities = (events: readonly RecordedEvent[]) =>
  events.map(({ event, contentType, context: { position: _, ...context } }) => ({ event, contentType, ...context }));

async function eventsOf(store: OpenedStore): Promise<readonly RecordedEvent[]> {
  return store.readAll({ ...FORWARD, limit: 100_000 });
}

async function assertSame(copy: OpenedStore, source: OpenedStore): Promise<void> {
  assert.deepEqual(await copy.readLog({ limit: 100_000 }), await source.readLog({ limit: 100_000 }));
  assert.deepEqual(identities(await eventsOf(copy)), identities(await eventsOf(source)));
  assert.deepEqual((await verifyChain(copy)).intact, true);
}

async function assertFails(copying: Promise<unknown>, code: CopyErrorCode): Promise<void> {
  await assert.rejects(copying, (error) => error instanceof CopyError && error.code === code);
}

for (const [fromName, toName] of pairs) {
  describe(`a copy from ${fromName} to ${toName}`, { skip: skipWithout(fromName, toName) }, () => {
    test('has the commits, hashes and events of the source in its order', async () => {
      await using from = await open(fromName);
      await using to = await open(toName);
      await fill(from, 2_500);
      const { commits, events, streams, added } = await copyStore(from, to);
      assert.deepEqual([commits, streams, added], [2_500, 7, 2_500]);
      assert.equal(events, (await eventsOf(from)).length);
      await assertSame(to, from);
    });

    test('is continued if it is incomplete', async () => {
      await using from = await open(fromName);
      await using to = await open(toName);
      await fill(from, 300);
      await to.importCommits(await from.readLog({ limit: 123 }));
      assert.equal((await copyStore(from, to)).added, 177);
      assert.equal((await copyStore(from, to)).added, 0);
      await fill(from, 10);
      assert.equal((await copyStore(from, to)).added, 10);
      await assertSame(to, from);
    });

    test('follows the source until its signal is aborted', async () => {
      await using from = await open(fromName);
      await using to = await open(toName);
      await fill(from, 50);
      const finish = new AbortController();
      const [first, last] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const onProgress = ({ phase, commits }: CopyProgress): void => {
        if (phase !== 'following') return;
        first.resolve();
        if (commits === 150) last.resolve();
      };
      const copying = copyStore(from, to, { follow: finish.signal, onProgress });
      await first.promise;
      for (let round = 0; round < 10; round++) await fill(from, 10);
      await last.promise;
      // The last commit has no event, so it does not wake any reader.
      await from.append('s-0', [], ANY, decision());
      finish.abort();
      assert.equal((await copying).commits, 151);
      await assertSame(to, from);
    });

    test('is refused if the destination has other commits', async () => {
      await using from = await open(fromName);
      await using to = await open(toName);
      await fill(from, 20);
      await to.append('other-1', [envelope('Done')], ANY, decision());
      await assertFails(copyStore(from, to), 'other-contents');
      assert.equal((await to.readLog()).length, 1);
    });

    test('is refused if the destination was written after the copy', async () => {
      await using from = await open(fromName);
      await using to = await open(toName);
      await fill(from, 20);
      await copyStore(from, to);
      await to.append('s-0', [envelope('Done')], ANY, decision());
      await assertFails(copyStore(from, to), 'other-contents');
    });

    test('is continued after it was cancelled', async () => {
      await using from = await open(fromName);
      await using to = await open(toName);
      await fill(from, 2_000);
      const cancel = new AbortController();
      const reason = new Error('enough');
      const onProgress = ({ phase }: CopyProgress): void => {
        if (phase === 'copying') cancel.abort(reason);
      };
      const copying = copyStore(from, to, { onProgress, signal: cancel.signal });
      await assert.rejects(copying, (error) => error === reason);
      const { length } = await to.readLog({ limit: 10_000 });
      assert.ok(length > 0 && length < 2_000);
      assert.equal((await copyStore(from, to)).added, 2_000 - length);
      await assertSame(to, from);
    });
  });
}

describe('a copy between any two engines', { skip: skipWithout(...ENGINES) }, () => {
  for (const toName of ENGINES) {
    test(`to ${toName} has the same chains from each source, and can be continued`, async () => {
      for (const fromName of ENGINES) {
        await using from = await open(fromName);
        await using to = await open(toName);
        await fill(from, 40);
        await to.importCommits(await from.readLog({ limit: 13 }));
        assert.deepEqual([fromName, (await copyStore(from, to)).added], [fromName, 27]);
        await assertSame(to, from);
      }
    });
  }
});

describe('a damaged source', () => {
  for (const toName of ENGINES) {
    test(`is refused by a copy to ${toName}, which keeps the commits before the damage`, {
      skip: skipWithout(toName),
    }, async () => {
      const file = join(folder, `damaged-${toName}.db`);
      const whole = await openStore(file);
      for (let index = 0; index < 30; index++) await whole.append('s-1', [envelope('Done')], ANY, decision());
      await whole.close();
      const database = new Sqlite(file);
      assert.equal(database.prepare(`update events set payload = x'00' where position = 20`).run().changes, 1);
      database.close();
      await using from = await openStore(file);
      await using to = await open(toName);
      await assert.rejects(
        copyStore(from, to),
        (error) => isStoreFailure(error, 'failure') && error.payload.val.code === 'diverged',
      );
      const stored = await to.readLog({ limit: 100 });
      assert.ok(stored.length < 20);
      assert.equal((await verifyChain(to)).intact, true);
    });
  }
});

describe('a copy', () => {
  test('is empty if its source is empty', async () => {
    await using from = await openStore('memory:');
    await using to = await openStore('memory:');
    const { commits, streams } = await copyStore(from, to);
    assert.deepEqual([commits, streams], [0, 0]);
  });

  test('is compared with the source when it is continued', async () => {
    const file = join(folder, 'changed.db');
    await using from = await openStore('memory:');
    await fill(from, 50);
    const first = await openStore(file);
    await copyStore(from, first);
    await first.close();
    const database = new Sqlite(file);
    assert.equal(database.prepare(`update events set payload = x'00' where position = 40`).run().changes, 1);
    database.close();
    await using to = await openStore(file);
    await assertFails(copyStore(from, to), 'copy-differs');
  });

  test('reads few large commits at a time', async () => {
    await using from = await openStore('memory:');
    await using to = await openStore('memory:');
    for (let index = 0; index < 30; index++) {
      await from.append('s-1', [envelope('Done', new Uint8Array(2 ** 20))], ANY, decision());
    }
    const counts: number[] = [];
    const onProgress = ({ phase, commits }: CopyProgress): void => {
      if (phase === 'copying') counts.push(commits);
    };
    await copyStore(from, to, { onProgress });
    assert.ok(counts.slice(1).every((count, index) => count - counts[index]! <= 4));
  });

  test('refuses unknown options', async () => {
    await using store = await openStore('memory:');
    const copying = copyStore(store, store, { folow: true } as never);
    await assert.rejects(copying, (error) => error instanceof DefinitionError);
  });
});
