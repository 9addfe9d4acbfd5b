/**
 * Stores on databases, roles and clients whose settings are not the usual ones, as administrators and programs set
 * them.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { inspect } from 'node:util';
import { defineDecider, defineProjector, defineSystem, isAppendFailure, isStoreFailure, readEvents } from 'decidable';
import { createPostgresStore, type PostgresStore, type PostgresStoreOptions } from 'decidable/postgres';
import { verifyChain } from 'decidable/storage';
import { Client, escapeIdentifier, Pool, types } from 'pg';
import { z } from 'zod';
import { startPostgres } from '../../../servers/postgres.ts';
import { ANY, decision, envelope } from '../commands.ts';

const server = await startPostgres();
after(() => server.remove());
let roles = 0;

const deposited = z.object({ id: z.string(), amount: z.int() });

const account = defineDecider({
  name: 'account',
  version: '1.0.0',
  state: z.object({ value: z.int() }),
  commands: { Deposit: deposited },
  events: { Deposited: deposited },
  category: 'account',
  streamId: ({ data }) => data.id,
  initialState: { value: 0 },
  evolve: {
    Deposited: (state, { amount }) => {
      state.value += amount;
    },
  },
  decide: { Deposit: (_state, data) => [{ type: 'Deposited', data }] },
});

const balances = defineProjector({
  name: 'balances',
  version: '1',
  state: z.object({ value: z.int() }),
  events: account.events,
  key: ({ data }) => data.id,
  initialState: { value: 0 },
  project: {
    Deposited: (document, { amount }) => {
      document.value += amount;
    },
  },
});

const accounts = defineSystem({ name: 'accounts', deciders: [account], readModels: [balances] });

const BYTES = Uint8Array.from({ length: 256 }, (_, byte) => byte);

async function sql(text: string): Promise<void> {
  const client = new Client({ connectionString: server.url });
  await client.connect();
  await client.query(text);
  await client.end();
}

/** The address of the database for a new role that may create schemas and has its own settings. */
async function addressOfRole(...settings: readonly string[]): Promise<string> {
  const role = `role_${roles++}`;
  await sql(`create role ${role} login; grant create on database postgres to ${role};
    ${settings.map((setting) => `alter role ${role} set ${setting};`).join('')}`);
  return server.url.replace('postgres@', `${role}@`);
}

/** Appends alone and in groups, and reads all of it. */
async function use(store: PostgresStore): Promise<void> {
  await store.append('s-0', [envelope('Done', BYTES)], ANY, decision());
  await store.append('s-0', [envelope('Done', BYTES), envelope('Other\\', BYTES)], ANY, decision());
  await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      store.append(`s-${index % 5}`, [envelope('Done', BYTES)], ANY, decision()),
    ),
  );
  await store.append('s-0', [], ANY, decision());
  const key = { stream: 's-0', moduleName: 'm', moduleVersion: '1' };
  await store.saveSnapshot(key, { revision: 0n, contentType: 'x', state: BYTES });
  assert.deepEqual((await store.loadSnapshot(key))?.state, BYTES);
  let events = 0;
  for await (const { event } of readEvents(store)) {
    assert.deepEqual(event.payload, BYTES);
    events++;
  }
  assert.equal(events, 23);
  assert.deepEqual(await verifyChain(store), { intact: true, streams: 5, commits: 23 });
}

const isFailure =
  (code: string) =>
  (error: unknown): boolean =>
    (isStoreFailure(error, 'failure') || isAppendFailure(error, 'failure')) && error.payload.val.code === code;

describe('a role', () => {
  for (const settings of [
    [`bytea_output = 'escape'`],
    ['standard_conforming_strings = off', 'escape_string_warning = off'],
    [`default_transaction_isolation = 'serializable'`],
    [`default_transaction_isolation = 'repeatable read'`],
    [`DateStyle = 'SQL, DMY'`, `IntervalStyle = 'sql_standard'`, 'extra_float_digits = -5', `TimeZone = 'Asia/Tokyo'`],
    [`client_encoding = 'LATIN1'`, 'search_path = nowhere', 'quote_all_identifiers = on', 'array_nulls = off'],
    [`statement_timeout = '30s'`, `lock_timeout = '30s'`, `idle_in_transaction_session_timeout = '30s'`],
    ['enable_indexscan = off', 'enable_indexonlyscan = off', `plan_cache_mode = 'force_custom_plan'`],
  ]) {
    test(`can have ${settings.join(', ')}`, async () => {
      const url = await addressOfRole(...settings);
      await using store = await createPostgresStore({ url, schema: `settings_${roles}` });
      await use(store);
    });
  }

  test('that may only read by default gets a typed error', async () => {
    const url = await addressOfRole('default_transaction_read_only = on');
    await assert.rejects(createPostgresStore({ url, schema: 'read_only' }), isFailure('read-only'));
  });
});

describe('roles with the permissions of the guide', () => {
  test('run a system and read it, and cannot do more', async () => {
    const guide = readFileSync(new URL('../../../../docs/guides/postgres.md', import.meta.url), 'utf8');
    const [, grants] = /```sql\n(.*?)```/s.exec(guide) ?? [];
    const owner = await addressOfRole();
    await sql('create role bank_app login; create role bank_reader login');
    const app = server.url.replace('postgres@', 'bank_app@');
    const reader = server.url.replace('postgres@', 'bank_reader@');
    const schema = 'bank';
    await assert.rejects(createPostgresStore({ url: app, schema }), isFailure('read-only'));
    await (await createPostgresStore({ url: owner, schema })).close();
    await assert.rejects(createPostgresStore({ url: app, schema }), isFailure('read-only'));
    await sql(`set role role_${roles - 1}; ${grants}`);

    await using store = await createPostgresStore({ url: app, schema });
    await use(store);
    await using running = await accounts.start({ store });
    const { position } = await running.dispatch(account.commands.Deposit({ id: '1', amount: 5 }));
    await running.caughtUp(position);
    assert.deepEqual(await running.readModel(balances).get('1'), { value: 5 });

    await using read = await createPostgresStore({ url: reader, schema, readOnly: true });
    assert.equal((await verifyChain(read)).intact, true);
    assert.ok((await read.awaitEvents(undefined)) > 0n);
    assert.ok((await read.processors.listSubscriptions()).length > 0);
    await using writer = await createPostgresStore({ url: reader, schema });
    await assert.rejects(writer.append('s-1', [envelope('Done')], ANY, decision()), isFailure('read-only'));
  });
});

describe('a connection that is refused', () => {
  test('because the database does not exist is reported as not-found', async () => {
    const url = server.url.replace(/postgres$/, 'missing');
    await assert.rejects(createPostgresStore({ url }), isFailure('not-found'));
  });

  test('because the role has too many is reported as busy', async () => {
    const url = await addressOfRole();
    const schema = `limited_${roles}`;
    await sql(`alter role role_${roles - 1} connection limit 1`);
    const other = new Client({ connectionString: url });
    await other.connect();
    await assert.rejects(createPostgresStore({ url, schema }), isFailure('busy'));
    await other.end();
  });

  test('does not show the password', async () => {
    const url = server.url.replace('postgres@', 'missing:s3cret%3F@');
    await assert.rejects(createPostgresStore({ url }), (error) => {
      assert.doesNotMatch(inspect(error, { depth: 9, showHidden: true }), /s3cret/);
      return isFailure('io')(error);
    });
  });
});

describe('a schema', () => {
  for (const schema of [
    'Bank "one"',
    `it's\\a;--`,
    'a$body$b$$',
    '😀'.repeat(15),
    'x'.repeat(63),
    ' ',
    'select',
    '%s',
  ]) {
    test(`can have the name ${JSON.stringify(schema)}, and its readers are notified`, async () => {
      await using writer = await createPostgresStore({ url: server.url, schema });
      // No poll wakes the reader.
      await using reader = await createPostgresStore({ url: server.url, schema, pollInterval: 600_000 });
      await use(writer);
      let position = await reader.awaitEvents(undefined);
      for (let round = 0; round < 3; round++) {
        const waiting = reader.awaitEvents(position);
        await writer.append('s-9', [envelope('Done')], ANY, decision());
        position = await waiting;
      }
    });
  }

  test('with a backslash in its name can be created by a role without standard strings', async () => {
    const url = await addressOfRole('standard_conforming_strings = off');
    await using store = await createPostgresStore({ url, schema: `back\\'slash` });
    await use(store);
  });

  test('is refused if PostgreSQL reserves its name', async () => {
    await assert.rejects(createPostgresStore({ url: server.url, schema: 'pg_bank' }), {
      code: 'invalid-definition',
      payload: { place: 'createPostgresStore.schema' },
    });
  });
});

describe('a program', () => {
  test('can change the parsers of all types of columns', async () => {
    const changed = Object.values(types.builtins).filter((type) => typeof type === 'number');
    const before = changed.map((type) => types.getTypeParser(type));
    for (const type of changed) types.setTypeParser(type, (value) => ({ value }));
    try {
      await using store = await createPostgresStore({ url: server.url, schema: 'parsers' });
      await use(store);
      const pool = new Pool({ connectionString: server.url, max: 3 });
      const pooled = await createPostgresStore({ pool, schema: 'pooled_parsers' });
      await use(pooled);
      await pooled.close();
      await pool.end();
    } finally {
      for (const [index, type] of changed.entries()) types.setTypeParser(type, before[index]!);
    }
  });

  test('whose only client has lost its connection gets a typed error without waiting for retryTimeout', async () => {
    const client = new Client({ connectionString: server.url });
    await client.connect();
    const store = await createPostgresStore({ client, schema: 'ended', retryTimeout: 600_000 });
    const { rows } = await client.query('select pg_backend_pid() as pid');
    const ended = new Promise<void>((resolve) => client.once('end', resolve));
    await sql(`select pg_terminate_backend(${rows[0].pid})`);
    await ended;
    await assert.rejects(store.append('s-1', [envelope('Done')], ANY, decision()), isFailure('io'));
    await assert.rejects(store.readStreams(), isFailure('io'));
    await store.close();
  });

  test('with a client that reads columns in the binary format gets a typed error, and no schema is created', async () => {
    const config = { connectionString: server.url, binary: true };
    const client = new Client(config);
    await client.connect();
    const options: PostgresStoreOptions = { client, schema: 'binary' };
    await assert.rejects(createPostgresStore(options), isFailure('unsupported-engine'));
    await client.end();
    const opened = createPostgresStore({ url: server.url, schema: 'binary', create: false });
    await assert.rejects(opened, isFailure('not-found'));
  });
});

describe('a database', () => {
  test('is refused if its server is older than version 14', async () => {
    // The role finds a function of its own, which returns the version of an older server.
    const url = await addressOfRole('search_path = older, pg_catalog');
    await sql(`create schema older; grant usage on schema older to public;
      create function older.current_setting(text) returns text language sql return '130023'`);
    await assert.rejects(createPostgresStore({ url, schema: 'too_old' }), isFailure('unsupported-engine'));
    await assert.rejects(
      createPostgresStore({ url: server.url, schema: 'too_old', create: false }),
      isFailure('not-found'),
    );
  });

  for (const encoding of ['SQL_ASCII', 'LATIN1']) {
    test(`with the encoding ${encoding} is refused`, async () => {
      const name = `in_${encoding}`;
      await sql(`create database ${escapeIdentifier(name)} encoding '${encoding}' template template0`);
      const url = server.url.replace(/postgres$/, name);
      await assert.rejects(createPostgresStore({ url }), isFailure('unsupported-engine'));
    });
  }

  test('with the collation of a language keeps names in the order of their bytes', async () => {
    await sql(`create database icu locale_provider icu icu_locale 'de-DE' template template0`);
    await using store = await createPostgresStore({ url: server.url.replace(/postgres$/, 'icu') });
    await use(store);
  });
});
