/** Features that only the SQLite store has: several connections, shared transactions, waiting, backups. */

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, mock as mocks, test } from 'node:test';
import Sqlite from 'better-sqlite3';
import { isAppendFailure, isStoreFailure, readEvents } from 'decidable';
import { createSqliteStore } from 'decidable/sqlite';
import { verifyChain } from 'decidable/storage';
import { Writer } from '../../../../src/adapters/stores/sqlite/writer.ts';
import { ANY, decision, envelope, FORWARD } from '../commands.ts';

const folder = mkdtempSync(join(tmpdir(), 'decidable-sqlite-'));
after(() => rmSync(folder, { recursive: true }));
let files = 0;
const newFile = (): string => join(folder, `${files++}.db`);

describe('two connections to one file', () => {
  test('see the commits of the other connection, regardless of their caches', async () => {
    const file = newFile();
    await using one = createSqliteStore({ file, durability: 'normal' });
    await using other = createSqliteStore({ file, durability: 'normal' });
    for (let round = 0; round < 20; round++) {
      const [writer, rival] = round % 2 === 0 ? [one, other] : [other, one];
      const revision = BigInt(round);
      const guard =
        round === 0 ? ({ tag: 'no-stream' } as const) : ({ tag: 'at-revision', val: revision - 1n } as const);
      const appended = await writer.append('s-1', [envelope(`T${round % 3}`)], guard, decision());
      assert.deepEqual([appended.revision, appended.firstPosition], [revision, revision + 1n]);
      const late = rival.append('s-1', [envelope('Late')], guard, decision());
      await assert.rejects(
        late,
        (error) => isAppendFailure(error, 'conflict') && error.payload.val.actual === revision,
      );
    }
    assert.deepEqual(await verifyChain(one), { intact: true, streams: 1, commits: 20 });
    assert.deepEqual(await other.readAll(FORWARD), await one.readAll(FORWARD));
  });

  test('recognize a command that the other has recorded', async () => {
    const file = newFile();
    await using one = createSqliteStore({ file, durability: 'normal' });
    await using other = createSqliteStore({ file, durability: 'normal' });
    const given = decision();
    await other.append('s-1', [envelope('Done')], ANY, decision());
    await one.append('s-1', [envelope('Done')], ANY, given);
    await assert.rejects(other.append('s-1', [envelope('Done')], ANY, given), (error) =>
      isAppendFailure(error, 'duplicate'),
    );
  });
});

describe('another process that writes', () => {
  test('is waited for, and the waiting appends are then committed together', async () => {
    const file = newFile();
    await using store = createSqliteStore({ file, durability: 'normal', busyTimeout: 600_000 });
    const rival = new Sqlite(file);
    rival.exec('begin immediate');
    const appends = Array.from({ length: 5 }, () => store.append('s-1', [envelope('Done')], ANY, decision()));
    // This does not depend on the clock, because the store has tried several times and yielded to the event loop.
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    assert.equal((await store.readAll(FORWARD)).length, 0);
    rival.exec('rollback');
    rival.close();
    assert.equal((await Promise.all(appends)).length, 5);
  });

  test('for longer than the timeout fails the append, and nothing is written', async () => {
    const file = newFile();
    await using store = createSqliteStore({ file, durability: 'normal', busyTimeout: 20 });
    const rival = new Sqlite(file);
    rival.exec('begin immediate');
    const given = decision();
    const append = store.append('s-1', [envelope('Done')], ANY, given);
    await assert.rejects(append, (error) => isAppendFailure(error, 'failure') && error.payload.val.code === 'busy');
    rival.exec('rollback');
    rival.close();
    assert.equal(await store.findDecision(given.commandId), undefined);
    assert.equal((await store.append('s-1', [envelope('Done')], ANY, given)).revision, 0n);
  });
});

describe('a file that is locked for readers too', () => {
  /** Statements of all connections, whose next reads fail as if another process recovered the log. */
  const locked = (times: number): (() => void) => {
    const database = new Sqlite(':memory:');
    const statement: { all(...values: unknown[]): unknown } = Object.getPrototypeOf(database.prepare('select 1'));
    database.close();
    const all = statement.all;
    const { mock } = mocks.method(statement, 'all', function (this: unknown, ...values: unknown[]) {
      if (mock.callCount() < times) throw new Sqlite.SqliteError('database is locked', 'SQLITE_BUSY_RECOVERY');
      return all.apply(this, values);
    });
    return () => mock.restore();
  };

  test('is waited for', async () => {
    await using store = createSqliteStore({ file: newFile(), durability: 'normal' });
    await store.append('s-1', [envelope('Done')], ANY, decision());
    const restore = locked(3);
    try {
      assert.equal((await store.readAll(FORWARD)).length, 1);
    } finally {
      restore();
    }
  });

  test('for longer than the timeout fails the read', async () => {
    await using store = createSqliteStore({ file: newFile(), durability: 'normal', busyTimeout: 10 });
    const restore = locked(Infinity);
    try {
      const reading = store.readAll(FORWARD);
      await assert.rejects(reading, (error) => isStoreFailure(error, 'failure') && error.payload.val.code === 'busy');
    } finally {
      restore();
    }
  });
});

describe('the log after an append', () => {
  const TOUCHED = Date.UTC(2001, 0, 1);
  const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  async function lastChange(durability: 'full' | 'normal'): Promise<number> {
    const file = newFile();
    await using store = createSqliteStore({ file, durability });
    mocks.timers.enable({ apis: ['Date'], now: TOUCHED });
    try {
      await store.append('s-1', [envelope('Done')], ANY, decision());
      await nextTurn();
    } finally {
      mocks.timers.reset();
    }
    return statSync(`${file}-wal`).mtimeMs;
  }

  test('is touched if the commit waited for the disk, so that other processes look at it when it is visible', async () => {
    assert.equal(await lastChange('full'), TOUCHED);
  });

  test('is touched after the last of several commits in one turn of the event loop', async () => {
    const file = newFile();
    await using store = createSqliteStore({ file });
    mocks.timers.enable({ apis: ['Date'], now: TOUCHED });
    try {
      for (let count = 0; count < 3; count++) {
        await store.append('s-1', [envelope('Done')], ANY, decision());
        assert.notEqual(statSync(`${file}-wal`).mtimeMs, TOUCHED);
      }
      await nextTurn();
      assert.equal(statSync(`${file}-wal`).mtimeMs, TOUCHED);
    } finally {
      mocks.timers.reset();
    }
  });

  test('is touched before the store is closed', async () => {
    const file = newFile();
    await using other = createSqliteStore({ file });
    await other.findDecision(decision().commandId);
    const store = createSqliteStore({ file });
    mocks.timers.enable({ apis: ['Date'], now: TOUCHED });
    try {
      await store.append('s-1', [envelope('Done')], ANY, decision());
      await store.close();
      assert.equal(statSync(`${file}-wal`).mtimeMs, TOUCHED);
    } finally {
      mocks.timers.reset();
    }
  });

  test('is not touched if the commit was visible with the write', async () => {
    assert.notEqual(await lastChange('normal'), TOUCHED);
  });
});

describe('a group of writes', () => {
  /** A database that only counts, and whose statements fail on request. */
  class Double {
    readonly log: string[] = [];
    readonly failing = new Map<string, string>();
    inTransaction = false;
    prepare(sql: string): { run(): void } {
      return {
        run: () => {
          this.log.push(sql);
          if (sql.startsWith('BEGIN')) this.inTransaction = true;
          const code = this.failing.get(sql);
          if (code !== undefined) throw new Sqlite.SqliteError('told to fail', code);
          if (!sql.startsWith('BEGIN')) this.inTransaction = false;
        },
      };
    }
  }
  const listener = { began: () => false, committing: () => {}, committed: () => {}, undone: () => {} };
  const writerOn = (double: Double): { write<Result>(run: () => Result): Promise<Result> } => {
    const writer = new Writer(double as never, 'double.db', 0, listener);
    return {
      write: (run) =>
        new Promise((resolve, reject) => {
          let result: ReturnType<typeof run>;
          const keep = (): void => {
            result = run();
          };
          writer.add({ run: keep, acknowledge: () => resolve(result), fail: reject });
        }),
    };
  };

  test('shares one transaction, and a lone write does not wait', async () => {
    const double = new Double();
    const writer = writerOn(double);
    await Promise.all(Array.from({ length: 64 }, (_, index) => writer.write(() => index)));
    assert.deepEqual(double.log, ['BEGIN IMMEDIATE', 'COMMIT']);
    assert.equal(await writer.write(() => 'alone'), 'alone');
    assert.deepEqual(double.log.slice(2), ['BEGIN IMMEDIATE', 'COMMIT']);
  });

  test('includes writes that arrive a few microtasks later', async () => {
    const double = new Double();
    const writer = writerOn(double);
    const late = async (rounds: number): Promise<void> => {
      for (let round = 0; round < rounds; round++) await undefined;
      await writer.write(() => {});
    };
    await Promise.all([0, 1, 2, 3].map(late));
    assert.deepEqual(double.log, ['BEGIN IMMEDIATE', 'COMMIT']);
  });

  test('is acknowledged only after the commit', async () => {
    const double = new Double();
    const writer = writerOn(double);
    const order: string[] = [];
    const writes = [1, 2].map((index) =>
      writer
        .write(() => order.push(`ran ${index}`))
        .then(() => order.push(`acknowledged ${index}, ${double.log.at(-1)}`)),
    );
    await Promise.all(writes);
    assert.deepEqual(order, ['ran 1', 'ran 2', 'acknowledged 1, COMMIT', 'acknowledged 2, COMMIT']);
  });

  for (const [sqlite, code] of [
    ['SQLITE_FULL', 'full'],
    ['SQLITE_IOERR_WRITE', 'io'],
    ['SQLITE_IOERR_FSYNC', 'unknown-outcome'],
  ] as const) {
    test(`whose commit fails with ${sqlite} fails as a whole with ${code}, and is rolled back`, async () => {
      const double = new Double();
      const writer = writerOn(double);
      double.failing.set('COMMIT', sqlite);
      const outcomes = await Promise.allSettled([1, 2, 3].map((index) => writer.write(() => index)));
      for (const outcome of outcomes) {
        assert.ok(outcome.status === 'rejected');
        assert.equal(outcome.reason.failure.code, code);
      }
      assert.deepEqual(double.log, ['BEGIN IMMEDIATE', 'COMMIT', 'ROLLBACK']);
      double.failing.clear();
      assert.equal(await writer.write(() => 'after'), 'after');
    });
  }

  test('is repeated in separate transactions if one write fails', async () => {
    const double = new Double();
    const writer = writerOn(double);
    const ran: number[] = [];
    const outcomes = await Promise.allSettled(
      [1, 2, 3].map((index) =>
        writer.write(() => {
          ran.push(index);
          if (index === 2) throw new Sqlite.SqliteError('told to fail', 'SQLITE_FULL');
          return index;
        }),
      ),
    );
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
    assert.deepEqual(ran, [1, 2, 1, 2, 3]);
    const alone = ['BEGIN IMMEDIATE', 'COMMIT'];
    const undone = ['BEGIN IMMEDIATE', 'ROLLBACK'];
    assert.deepEqual(double.log, [...undone, ...alone, ...undone, ...alone]);
  });
});

test('events of more types than are merged are read in order', async () => {
  await using store = createSqliteStore({ file: newFile(), durability: 'normal' });
  const events = Array.from({ length: 300 }, (_, index) => envelope(`T${(index * 37) % 150}`));
  await store.append('s-1', events, ANY, decision());
  const eventTypes = Array.from({ length: 100 }, (_, index) => `T${index}`);
  for (const direction of ['forward', 'backward'] as const) {
    const read: string[] = [];
    for await (const { event } of readEvents(store, { eventTypes, direction, pageSize: 30 })) read.push(event.type);
    const wanted = events.map(({ type }) => type).filter((type) => eventTypes.includes(type));
    assert.deepEqual(direction === 'forward' ? read : read.reverse(), wanted);
  }
});

describe('a backup', () => {
  test('is a store with an intact chain, even if the store is in use', async () => {
    const [file, copy] = [newFile(), newFile()];
    await using store = createSqliteStore({ file, durability: 'normal' });
    for (let round = 0; round < 5; round++) {
      await Promise.all(
        Array.from({ length: 200 }, (_, index) => store.append(`s-${index % 9}`, [envelope('Done')], ANY, decision())),
      );
    }
    const steps: number[] = [];
    const backup = store.backup(copy, {
      pagesPerStep: 5,
      onProgress: ({ remainingPages }) => steps.push(remainingPages),
    });
    for (let index = 0; index < 50; index++) await store.append('s-1', [envelope('More')], ANY, decision());
    await backup;
    assert.ok(steps.length > 3 && steps[0]! > steps.at(-1)!);
    await using again = createSqliteStore({ file: copy });
    const verdict = await verifyChain(again);
    assert.ok(verdict.intact && verdict.commits === 1_000);
    const there = await again.readAll({ ...FORWARD, limit: 2_000 });
    assert.deepEqual(there, (await store.readAll({ ...FORWARD, limit: 2_000 })).slice(0, there.length));
  });

  test('contains the commits at its start, even if another connection commits at each of its steps', async () => {
    const [file, copy] = [newFile(), newFile()];
    await using store = createSqliteStore({ file, durability: 'normal' });
    await using rival = createSqliteStore({ file, durability: 'normal' });
    for (let index = 0; index < 100; index++) {
      await store.append('s-1', [envelope('Done', new Uint8Array(5_000))], ANY, decision());
    }
    const appends: Promise<unknown>[] = [];
    const backup = store.backup(copy, {
      pagesPerStep: 10,
      onProgress({ totalPages }) {
        assert.ok(appends.length < totalPages, 'the backup starts again and again');
        appends.push(rival.append('s-2', [envelope('Done')], ANY, decision()));
      },
    });
    await backup;
    await Promise.all(appends);
    assert.ok(appends.length > 10);
    await using again = createSqliteStore({ file: copy });
    assert.deepEqual(await verifyChain(again), { intact: true, streams: 1, commits: 100 });
    assert.equal((await rival.readAll({ ...FORWARD, categories: ['s'] })).length, 100 + appends.length);
  });

  test('is a store, even if the source is in memory', async () => {
    const copy = newFile();
    await using store = createSqliteStore({ file: ':memory:' });
    await store.append('s-1', [envelope('Done')], ANY, decision());
    await store.backup(copy);
    await using again = createSqliteStore({ file: copy });
    assert.deepEqual(await verifyChain(again), { intact: true, streams: 1, commits: 1 });
  });

  test('is not written if the file was replaced', async () => {
    const [file, copy] = [newFile(), newFile()];
    await using store = createSqliteStore({ file });
    renameSync(file, `${file}.old`);
    await createSqliteStore({ file }).close();
    const backup = store.backup(copy);
    await assert.rejects(backup, (error) => isStoreFailure(error, 'failure') && error.payload.val.code === 'moved');
    assert.equal(existsSync(copy), false);
  });

  test('is refused with an unknown or invalid option, which the error names', async () => {
    await using store = createSqliteStore({ file: newFile(), durability: 'normal' });
    for (const [name, value] of [
      ['pages', 5],
      ['progress', 5],
      ['signal', 5],
    ]) {
      const backup = store.backup(newFile(), { [String(name)]: value });
      await assert.rejects(
        backup,
        (error) => isStoreFailure(error, 'invalid-argument') && error.payload.val.argument === `options.${name}`,
      );
    }
  });

  test('leaves no file if it is cancelled', async () => {
    const [file, copy] = [newFile(), newFile()];
    await using store = createSqliteStore({ file, durability: 'normal' });
    await store.append('s-1', [envelope('Large', new Uint8Array(1_000_000))], ANY, decision());
    const controller = new AbortController();
    const reason = new Error('enough');
    const backup = store.backup(copy, {
      pagesPerStep: 1,
      signal: controller.signal,
      onProgress: () => controller.abort(reason),
    });
    await assert.rejects(backup, reason);
    assert.deepEqual(
      readdirSync(folder).filter((name) => join(folder, name).startsWith(copy)),
      [],
    );
    await assert.rejects(store.backup(copy, { signal: AbortSignal.abort(reason) }), reason);
  });

  test('does not replace an existing file', async () => {
    const [file, copy] = [newFile(), newFile()];
    await using store = createSqliteStore({ file, durability: 'normal' });
    writeFileSync(copy, 'mine');
    for (const name of [copy, file, '']) {
      await assert.rejects(store.backup(name), (error) => isStoreFailure(error, 'invalid-argument'));
    }
    for (const pagesPerStep of [0, -1, 1.5]) {
      const step = store.backup(newFile(), { pagesPerStep });
      await assert.rejects(step, (error) => isStoreFailure(error, 'invalid-argument'));
    }
    const nowhere = store.backup(join(folder, 'nowhere', 'copy.db'));
    await assert.rejects(nowhere, (error) => isStoreFailure(error, 'failure') && error.payload.val.code === 'io');
  });

  test('fails for the name of an unfinished backup, and leaves that backup intact', async () => {
    const [file, copy] = [newFile(), newFile()];
    await using store = createSqliteStore({ file, durability: 'normal' });
    await store.append('s-1', [envelope('Large', new Uint8Array(200_000))], ANY, decision());
    const outcomes = await Promise.allSettled([
      store.backup(copy, { pagesPerStep: 7 }),
      store.backup(copy, { pagesPerStep: 3 }),
    ]);
    const [failed, ...others] = outcomes.filter((outcome) => outcome.status === 'rejected');
    assert.ok(isStoreFailure(failed?.reason, 'invalid-argument'), String(failed?.reason));
    assert.deepEqual(others, []);
    await using again = createSqliteStore({ file: copy });
    assert.deepEqual(await verifyChain(again), await verifyChain(store));
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.endsWith('.partial')),
      [],
    );
  });

  test('is finished before the store is closed', async () => {
    const [file, copy] = [newFile(), newFile()];
    const store = createSqliteStore({ file, durability: 'normal' });
    await store.append('s-1', [envelope('Large', new Uint8Array(500_000))], ANY, decision());
    const backup = store.backup(copy, { pagesPerStep: 10 });
    await store.close();
    await backup;
    assert.ok(existsSync(copy));
    assert.equal(existsSync(`${file}-wal`), false);
    await assert.rejects(store.backup(newFile()), (error) => isStoreFailure(error, 'closed'));
  });
});
