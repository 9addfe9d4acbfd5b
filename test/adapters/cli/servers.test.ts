/** The commands of the program on stores of servers, which are named by addresses. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { createSqliteStore } from 'decidable/sqlite';
import { verifyChain } from 'decidable/storage';
import { type OpenedStore, openStore } from 'decidable/stores';
import { decision, envelope } from 'decidable/testing';
import { Client } from 'pg';
import { type EngineName, Engines, skipWithout } from '../../servers/engines.ts';
import { bankFile, decidable, ended, newFile, start } from './program.ts';

const engines = new Engines();
after(() => engines[Symbol.asyncDispose]());

const SECRET = 's3cret';

/** A server that trusts its clients accepts any password. */
function withPassword(address: string): string {
  return address.replace('postgres@', `postgres:${SECRET}@`);
}

describe('decidable on a PostgreSQL store', () => {
  test('copies, reads, writes and verifies it, and prints no password', async () => {
    const store = withPassword(await engines.newAddress('PostgreSQL'));
    const commands: readonly (readonly string[])[] = [
      ['copy', await bankFile(), store],
      ['copy', store, newFile(), '--json'],
      ['dispatch', 'Open', '{"accountId":"c"}', '--store', store],
      ['events', '--store', store],
      ['subscriptions', '--store', store],
      ['verify', '--store', store],
    ];
    for (const args of commands) {
      const { status, stdout, stderr } = await decidable(args);
      assert.equal(status, 0, `${args}: ${stderr}`);
      assert.doesNotMatch(stdout + stderr, new RegExp(SECRET), args.join(' '));
    }
  });

  test('prints no password if no server answers', async () => {
    const store = `postgres://ada:${SECRET}@127.0.0.1:1/bank?retryTimeout=1`;
    for (const args of [
      ['events', '--store', store],
      ['copy', store, newFile()],
      ['copy', await bankFile(), store, '--json'],
    ]) {
      const { status, stdout, stderr } = await decidable(args);
      assert.notEqual(status, 0);
      assert.doesNotMatch(stdout + stderr, new RegExp(SECRET), args.join(' '));
    }
  });

  test('names the transaction that hides events, also as JSON', async () => {
    const address = await engines.newAddress('PostgreSQL');
    await decidable(['copy', await bankFile(), address]);
    const client = new Client({ connectionString: address.replace(/\?.*/, ''), application_name: 'report' });
    await client.connect();
    try {
      const { rows } = await client
        .query('begin; select pg_current_xact_id(); select pg_backend_pid() as pid')
        .then((results) => (results as unknown as { rows: { pid: number }[] }[]).at(-1)!);
      const { pid } = rows[0]!;
      await decidable(['dispatch', 'Open', '{"accountId":"c"}', '--store', address]);
      const shown = await decidable(['subscriptions', '--store', address]);
      assert.match(shown.stdout, new RegExp(`\\b${pid}\\b.*report`));
      const json = await decidable(['subscriptions', '--store', address, '--json']);
      assert.ok(Array.isArray(JSON.parse(json.stdout)));
      const { warning } = JSON.parse(json.stderr);
      assert.deepEqual([warning.code, warning.processId], ['hiding-transaction', pid]);
    } finally {
      await client.end();
    }
    const { stdout, stderr } = await decidable(['subscriptions', '--store', address, '--json']);
    assert.ok(Array.isArray(JSON.parse(stdout)));
    assert.equal(stderr, '');
  });
});

const COMMITS = 3_000;

for (const name of ['PostgreSQL', 'NATS'] satisfies EngineName[]) {
  test(`a copy to ${name} continues after SIGKILL`, { skip: skipWithout(name) }, async () => {
    const source = newFile();
    {
      await using store = createSqliteStore({ file: source, durability: 'normal' });
      const append = (index: number) =>
        store.append(`s-${index % 50}`, [envelope('Done', new Uint8Array(300))], { tag: 'any' }, decision());
      await Promise.all(Array.from({ length: COMMITS }, (_, index) => append(index)));
    }
    const copy = await engines.newAddress(name);
    const child = start(['copy', source, copy]);
    const closed = once(child, 'close');
    await using store = await openStore(copy);
    while ((await commitsOf(store)) === 0) await pause(1);
    child.kill('SIGKILL');
    await closed;
    const before = await commitsOf(store);
    assert.ok(before < COMMITS, `${before} commits`);
    const { status, stdout, stderr } = await ended(start(['copy', source, copy, '--json']));
    assert.equal(status, 0, stderr);
    assert.equal(JSON.parse(stdout).added, COMMITS - before);
    assert.deepEqual(await verifyChain(store), { intact: true, streams: 50, commits: COMMITS });
  });
}

async function commitsOf(store: OpenedStore): Promise<number> {
  return (await store.readLog({ limit: 100_000 })).length;
}
