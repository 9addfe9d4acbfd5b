/**
 * Servers whose disk is full. Appends fail with a code, nothing is stored in part, and appends succeed again when there
 * is space. `crash.test.ts` has the same for SQLite.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { type EventStore, isAppendFailure, readEvents } from 'decidable';
import { createNatsStore } from 'decidable/nats';
import { createPostgresStore } from 'decidable/postgres';
import { type CommitSource, verifyChain } from 'decidable/storage';
import { Client } from 'pg';
import { skipWithoutBinary, startNatsServer, uniqueName } from '../../servers/nats.ts';
import { startPostgres } from '../../servers/postgres.ts';
import { SmallDisk } from '../../servers/small-disk.ts';
import { ANY, decision, envelope } from './commands.ts';

const MEGABYTE = 1_048_576;

/** The commits that a store has acknowledged and refused. */
class Commits {
  readonly acknowledged: string[] = [];
  readonly refused: string[] = [];
  readonly #store: EventStore & CommitSource;

  constructor(store: EventStore & CommitSource) {
    this.#store = store;
  }

  /** Appends a commit of three events. Returns the code of the failure, or undefined. */
  async append(bytes: number): Promise<string | undefined> {
    const given = decision();
    // The bytes are random, because the server compresses others.
    const events = Array.from({ length: 3 }, () => envelope('Done', new Uint8Array(randomBytes(bytes / 3))));
    try {
      await this.#store.append(`s-${this.acknowledged.length % 3}`, events, ANY, given);
      this.acknowledged.push(given.commandId);
      return undefined;
    } catch (error) {
      assert.ok(isAppendFailure(error, 'failure'), String(error));
      this.refused.push(given.commandId);
      return error.payload.val.code;
    }
  }

  /** Appends until the store refuses a commit, and returns the code. */
  async appendUntilRefused(bytes: number): Promise<string> {
    for (;;) {
      const code = await this.append(bytes);
      if (code !== undefined) return code;
    }
  }

  /** Exactly the acknowledged commits are stored, each of them whole. */
  async check(): Promise<void> {
    const events = new Map<string, number>();
    for await (const { context } of readEvents(this.#store)) {
      events.set(context.causationId, (events.get(context.causationId) ?? 0) + 1);
    }
    assert.deepEqual([...events.keys()], this.acknowledged);
    for (const count of events.values()) assert.equal(count, 3);
    for (const id of this.refused) assert.equal(await this.#store.findDecision(id), undefined);
    assert.equal((await verifyChain(this.#store)).intact, true);
  }
}

test('a PostgreSQL server with a full disk stores no part of a commit, until there is space', async (context) => {
  using disk = SmallDisk.mount(250);
  if (disk === undefined) {
    context.skip('mounting a file system needs root on Linux');
    return;
  }
  const server = await startPostgres({ durable: true, under: disk.folder });
  try {
    await using store = await createPostgresStore({ url: server.url, maxConnections: 3, retryTimeout: 5_000 });
    const commits = new Commits(store);
    for (let index = 0; index < 10; index++) assert.equal(await commits.append(1_000), undefined);
    // The log of the server gets a new file, so that the tables find no space first. Without space for its log, the
    // server ends.
    const client = new Client({ connectionString: server.url });
    await client.connect();
    await client.query('select pg_switch_wal()');
    await client.query('checkpoint');
    await client.end();
    await commits.append(1_000);
    disk.fill(3 * MEGABYTE);
    assert.equal(await commits.appendUntilRefused(600_000), 'full');
    assert.equal(await commits.append(600_000), 'full');
    await commits.check();
    disk.empty();
    for (let index = 0; index < 10; index++) assert.equal(await commits.append(600_000), undefined);
    await commits.check();
  } finally {
    await server.remove();
  }
});

test('a NATS server without storage stores no part of a commit, until it gets more', {
  skip: skipWithoutBinary,
}, async () => {
  await using server = await startNatsServer({ jetstream: ['max_file_store: 4MB'] });
  await using store = await createNatsStore({ url: server.url, name: uniqueName(), timeout: 1_000 });
  const commits = new Commits(store);
  assert.equal(await commits.appendUntilRefused(300_000), 'full');
  assert.equal(await commits.append(300_000), 'full');
  await commits.check();
  await server.restart({ jetstream: ['max_file_store: 64MB'] });
  for (let index = 0; index < 10; index++) assert.equal(await commits.append(300_000), undefined);
  await commits.check();
});

test('a JetStream stream at its limit stores no part of a commit, until the limit is raised', {
  skip: skipWithoutBinary,
}, async () => {
  await using server = await startNatsServer();
  const name = uniqueName();
  await using store = await createNatsStore({ url: server.url, name, timeout: 5_000 });
  const connection = await connect({ servers: server.url });
  const manager = await jetstreamManager(connection);
  await manager.streams.update(name, { max_bytes: 6 * MEGABYTE });
  const commits = new Commits(store);
  // These commits are larger than a message, so each of them is a batch.
  assert.equal(await commits.appendUntilRefused(2_400_000), 'full');
  await commits.check();
  await manager.streams.update(name, { max_bytes: -1 });
  assert.equal(await commits.append(2_400_000), undefined);
  await commits.check();
  await connection.close();
});
