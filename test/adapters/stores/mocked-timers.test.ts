/** A program under test may replace the global timers. The stores and the event sourcer still finish their work. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { connect } from '@nats-io/transport-node';
import Sqlite from 'better-sqlite3';
import { isAppendFailure } from 'decidable';
import { createMemoryStore } from 'decidable/memory';
import { createNatsStore } from 'decidable/nats';
import { createSqliteStore } from 'decidable/sqlite';
import { skipWithoutBinary, startNatsServer, uniqueName } from '../../servers/nats.ts';
import { ANY, decision, envelope, FORWARD } from './commands.ts';

const folder = mkdtempSync(join(tmpdir(), 'decidable-timers-'));
after(() => rmSync(folder, { recursive: true }));
let files = 0;
const newFile = (): string => join(folder, `${files++}.db`);

describe('mocked timers', () => {
  for (const [name, open] of [
    ['memory', () => createMemoryStore()],
    ['SQLite', () => createSqliteStore({ file: newFile(), durability: 'normal' })],
  ] as const) {
    test(`do not stop the ${name} store from committing one group after another`, async ({ mock }) => {
      await using store = open();
      mock.timers.enable();
      for (let group = 0; group < 3; group++) {
        await Promise.all(Array.from({ length: 5 }, () => store.append('s-1', [envelope('Done')], ANY, decision({}))));
      }
      assert.equal((await store.readAll(FORWARD)).length, 15);
    });
  }

  test('do not stop the SQLite store from waiting for another process', async ({ mock }) => {
    const file = newFile();
    await using store = createSqliteStore({ file, durability: 'normal', busyTimeout: 20 });
    const rival = new Sqlite(file);
    rival.exec('begin immediate');
    mock.timers.enable();
    await assert.rejects(store.append('s-1', [envelope('Done')], ANY, decision()));
    rival.exec('rollback');
    rival.close();
    assert.equal((await store.append('s-1', [envelope('Done')], ANY, decision())).revision, 0n);
  });

  test('do not stop the NATS store from waiting for a server', {
    skip: skipWithoutBinary,
    timeout: 30_000,
  }, async ({ mock }) => {
    await using server = await startNatsServer();
    const name = uniqueName();
    await using store = await createNatsStore({ url: server.url, name, timeout: 200, busyTimeout: 200 });
    mock.timers.enable();
    await store.append('s-1', [envelope('Done')], ANY, decision());
    server.signal('SIGSTOP');
    await assert.rejects(store.append('s-1', [envelope('Done')], ANY, decision()), (error) => {
      return isAppendFailure(error, 'failure') && error.payload.val.code === 'unknown-outcome';
    });
    server.signal('SIGCONT');
    assert.ok((await store.readAll(FORWARD)).length > 0);
    // The client's own timers are cleared when the stores are closed.
    mock.timers.reset();
  });

  test('do not stop processes from taking turns on a stream of the NATS store', {
    skip: skipWithoutBinary,
    timeout: 30_000,
  }, async ({ mock }) => {
    await using server = await startNatsServer();
    const options = { url: server.url, name: uniqueName(), storage: 'memory' } as const;
    await using store = await createNatsStore(options);
    await using other = await createNatsStore(options);
    await Promise.all([store, other].map((one) => one.append('s-1', [], ANY, decision())));
    mock.timers.enable();
    // A process that ends in its turn does not announce the end. Its turn is over when its lease ends.
    const connection = await connect({ servers: server.url });
    connection.publish(`${options.name}.turns`, JSON.stringify({ process: 'ended', stream: 's-1', number: 1 }));
    await connection.flush();
    // The server sends the announcement to both before it answers them.
    for (const one of [store, other]) assert.equal((await one.readAll(FORWARD)).length, 0);
    await Promise.all([store, other].map((one) => one.append('s-1', [envelope('Done')], ANY, decision())));
    assert.equal((await store.readAll(FORWARD)).length, 2);
    mock.timers.reset();
    await connection.close();
  });
});
