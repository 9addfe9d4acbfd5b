/** New, older, foreign, corrupt and full files. No data is lost, and foreign files are not changed. */

import assert from 'node:assert/strict';
import { closeSync, existsSync, openSync, readFileSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import Sqlite from 'better-sqlite3';
import { isStoreFailure } from 'decidable';
import { createSqliteStore } from 'decidable/sqlite';
import { verifyChain } from 'decidable/storage';
import { APPLICATION_ID, FORMAT_VERSION } from '../../../../src/adapters/stores/sqlite/migrations.ts';
import { open } from '../../../../src/adapters/stores/sqlite/open.ts';
import { checkOptions } from '../../../../src/adapters/stores/sqlite/options.ts';
import { prepareMerged, prepareStatements } from '../../../../src/adapters/stores/sqlite/statements.ts';
import { ANY, decision, envelope, FORWARD, rejected } from '../commands.ts';
import { failureOf, filled, folder, newFile, refusal } from './files.ts';

describe('a new file', () => {
  test('is a SQLite database of our application id and format version, with a write-ahead log', async () => {
    const file = await filled(1);
    const database = new Sqlite(file);
    const pragma = (name: string): unknown => database.pragma(name, { simple: true });
    assert.deepEqual(['application_id', 'user_version', 'journal_mode'].map(pragma), [
      APPLICATION_ID,
      FORMAT_VERSION,
      'wal',
    ]);
    assert.equal(APPLICATION_ID, Buffer.from('Dcdb').readUInt32BE());
    assert.deepEqual(database.pragma('foreign_key_check'), []);
    database.close();
  });

  test('is flushed at each commit with durability full, the default, and not with normal', () => {
    for (const [durability, synchronous] of [
      ['full', 2],
      ['normal', 1],
    ] as const) {
      const file = newFile();
      const database = open({ ...checkOptions({ file, durability }), path: file });
      assert.equal(database.pragma('synchronous', { simple: true }), synchronous);
      database.close();
    }
  });

  test('is not opened by an engine in which the driver would crash', (context) => {
    const file = newFile();
    context.mock.property(process, 'versions', { ...process.versions, napi: '9', node: '22.13.1' });
    assert.throws(
      () => createSqliteStore({ file }),
      (error) =>
        isStoreFailure(error, 'failure') &&
        error.payload.val.code === 'unsupported-engine' &&
        /22\.13\.1.*22\.14/.test(error.message),
    );
    assert.equal(existsSync(file), false);
  });

  test('is created if the file is empty, but not in a folder that does not exist', () => {
    const file = newFile();
    writeFileSync(file, '');
    assert.equal(refusal({ file }), 'opened');
    assert.equal(refusal({ file: join(folder, 'nowhere', 'bank.db') }), 'io');
    assert.equal(refusal({ file: join(folder, 'absent.db'), readOnly: true }), 'io');
    assert.equal(existsSync(join(folder, 'absent.db')), false);
    assert.equal(refusal({ file: folder }), 'not-a-store');
  });

  describe('a new file that another process creates at the same moment', () => {
    /**
     * Calls `first` before the first pragma that begins with this text. If `first` throws, the pragma throws the same
     * error.
     */
    function before(context: TestContext, begin: string, first: () => void): void {
      const { pragma } = Sqlite.prototype;
      const { mock } = context.mock.method(
        Sqlite.prototype,
        'pragma',
        function (this: Sqlite.Database, ...args: Parameters<typeof pragma>) {
          if (args[0].startsWith(begin)) {
            mock.restore();
            first();
          }
          return pragma.apply(this, args);
        },
      );
    }

    test('is opened as a store, even if only a part of it was visible at first', (context) => {
      const file = newFile();
      // The file has no id at the first check and has tables at the second, unless the opener waits until both exist.
      before(context, 'user_version', () => void refusal({ file, busyTimeout: 0 }));
      assert.equal(refusal({ file }), 'opened');
    });

    test('is waited for, even if SQLite does not wait', (context) => {
      const file = newFile();
      // A connection that has read the file and wants to write fails immediately, because the other may wait for it.
      before(context, 'journal_mode', () => {
        throw new Sqlite.SqliteError('database is locked', 'SQLITE_BUSY');
      });
      assert.equal(refusal({ file }), 'opened');
    });

    test('is waited for no longer than the timeout', () => {
      const file = newFile();
      const rival = new Sqlite(file);
      rival.exec('begin immediate');
      assert.equal(refusal({ file, busyTimeout: 20 }), 'busy');
      rival.close();
      assert.equal(refusal({ file }), 'opened');
    });
  });

  test('keeps its commits when it is opened again', async () => {
    const file = newFile();
    const [yes, no] = [decision(), rejected()];
    const key = { moduleName: 'm', moduleVersion: '1', stream: 's-1' };
    const snapshot = { revision: 0n, contentType: 'x', state: Uint8Array.of(7) };
    {
      await using store = createSqliteStore({ file });
      await store.append('s-1', [envelope('Done')], ANY, yes);
      await store.append('s-1', [], ANY, no);
      await store.saveSnapshot(key, snapshot);
    }
    await using store = createSqliteStore({ file });
    assert.deepEqual((await store.findDecision(yes.commandId))?.decision, yes);
    assert.deepEqual((await store.findDecision(no.commandId))?.decision, no);
    assert.deepEqual(await store.loadSnapshot(key), snapshot);
    assert.equal((await store.append('s-1', [envelope('Done')], ANY, decision())).firstPosition, 2n);
    assert.deepEqual(await verifyChain(store), { intact: true, streams: 1, commits: 3 });
  });
});

describe('a file that is not a store', () => {
  test('is refused, and left unchanged', () => {
    const [text, other, named] = [newFile(), newFile(), newFile()];
    writeFileSync(text, 'Dear Sir or Madam,\n'.repeat(200));
    const database = new Sqlite(other);
    database.exec('create table customers (name text)');
    database.close();
    const another = new Sqlite(named);
    another.pragma('application_id = 1234');
    another.close();
    for (const file of [text, other, named]) {
      const before = readFileSync(file);
      assert.equal(refusal({ file }), 'not-a-store');
      assert.deepEqual(readFileSync(file), before);
      assert.equal(existsSync(`${file}-wal`), false);
    }
  });
});

describe('a corrupt file', () => {
  test('is reported as corrupt when a damaged page is read', async () => {
    const file = await filled(2_000);
    // Every page after the first few is damaged, so the schema can be read but the rows cannot.
    const handle = openSync(file, 'r+');
    const size = statSync(file).size;
    for (let page = 16; page * 4096 < size; page++) writeSync(handle, Buffer.alloc(4096, 0xa5), 0, 4096, page * 4096);
    closeSync(handle);
    await using store = createSqliteStore({ file });
    const reading = store.readAll({ ...FORWARD, limit: 10_000 });
    await assert.rejects(reading, (error) => isStoreFailure(error, 'failure') && error.payload.val.code === 'corrupt');
    assert.equal(await failureOf(store.append('s-1', [envelope('Done')], ANY, decision())), 'corrupt');
  });

  test('is reported as corrupt if its tables contradict one another', async () => {
    const file = await filled();
    const database = new Sqlite(file);
    database.pragma('foreign_keys = OFF');
    database.exec('delete from event_types');
    database.close();
    await using store = createSqliteStore({ file });
    const reading = store.readStream('s-1', { direction: 'forward' });
    await assert.rejects(reading, (error) => isStoreFailure(error, 'failure') && error.payload.val.code === 'corrupt');
  });
});

describe('a full disk', () => {
  test('fails appends without losing earlier commits, until there is room', async () => {
    const file = newFile();
    const acknowledged: string[] = [];
    let refusals = 0;
    {
      await using store = createSqliteStore({ file, durability: 'normal', maxPages: 60 });
      for (let index = 0; index < 60; index++) {
        const given = decision();
        const code = await failureOf(
          store.append(`s-${index % 5}`, [envelope('Done', new Uint8Array(6_000))], ANY, given),
        );
        if (code === 'none') acknowledged.push(given.commandId);
        else assert.equal(code, 'full');
        refusals += code === 'full' ? 1 : 0;
      }
      assert.ok(refusals > 0 && acknowledged.length > 0);
      assert.equal((await store.readAll(FORWARD)).length, acknowledged.length);
    }
    await using store = createSqliteStore({ file, durability: 'normal' });
    for (const commandId of acknowledged) assert.ok(await store.findDecision(commandId));
    assert.equal(
      (await store.append('s-1', [envelope('Done')], ANY, decision())).firstPosition,
      BigInt(acknowledged.length + 1),
    );
    const verdict = await verifyChain(store);
    assert.ok(verdict.intact && verdict.commits === acknowledged.length + 1);
  });

  test('fails only the append that has no room among several concurrent appends', async () => {
    await using store = createSqliteStore({ file: newFile(), durability: 'normal', maxPages: 100 });
    const sizes = [10, 20, 2_000_000, 30, 40];
    const appends = sizes.map((size, index) =>
      store.append('s-1', [envelope('Done'), envelope(`T${index}`, new Uint8Array(size))], ANY, decision()),
    );
    const codes = await Promise.all(appends.map(failureOf));
    assert.deepEqual(codes, ['none', 'none', 'full', 'none', 'none']);
    const read = await store.readAll(FORWARD);
    assert.deepEqual(
      read.map(({ event }) => event.type),
      ['Done', 'T0', 'Done', 'T1', 'Done', 'T3', 'Done', 'T4'],
    );
    assert.deepEqual(await verifyChain(store), { intact: true, streams: 1, commits: 4 });
  });
});

describe('the statements', () => {
  test('use an index and do not sort', async () => {
    const database = new Sqlite(await filled());
    const statements = Object.entries(prepareStatements(database)).map(([name, { source }]) => [name, source] as const);
    const filtered = (['forward', 'backward'] as const).map(
      (direction) => [`merged ${direction}`, prepareMerged(database, direction, 3).source] as const,
    );
    for (const [name, source] of [...statements, ...filtered]) {
      if (/^(BEGIN|COMMIT|PRAGMA)/.test(source)) continue;
      const values = Array.from(source.matchAll(/\?/g), () => null);
      const plan = database.prepare(`explain query plan ${source}`).all(...values);
      const steps = plan.map((step) => String(Object(step).detail));
      const scans = steps.filter((step) => /^SCAN (?!json_each|branch|last_|\(subquery)|TEMP B-TREE/.test(step));
      assert.deepEqual(scans, EXPECTED_SCANS[name] ?? [], `${name}: ${steps.join('; ')}`);
    }
    database.close();
  });

  const EXPECTED_SCANS: Readonly<Record<string, readonly string[]>> = {
    // A few rows for each category, and no events.
    eventTypesOfNames: ['SCAN event_types'],
    // One row for each module and command type.
    commandTypeId: ['SCAN command_types'],
  };
});
