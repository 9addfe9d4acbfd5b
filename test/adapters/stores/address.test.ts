/** The addresses of stores. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { DefinitionError, isAppendFailure, isStoreFailure } from 'decidable';
import { createNatsStore } from 'decidable/nats';
import { createPostgresStore } from 'decidable/postgres';
import { createSqliteStore } from 'decidable/sqlite';
import { AddressError, type AddressPart, openStore } from 'decidable/stores';
import { decision, envelope } from 'decidable/testing';
import { sharedNats, skipWithoutBinary, skipWithoutNats, startNatsServer, uniqueName } from '../../servers/nats.ts';
import { startPostgres } from '../../servers/postgres.ts';

const folder = mkdtempSync(join(tmpdir(), 'decidable-address-'));
after(() => rmSync(folder, { recursive: true }));

const ANY = { tag: 'any' } as const;

/** Recognizes a failure of a store by its code. */
const hasCode =
  (code: string) =>
  (error: unknown): boolean =>
    (isStoreFailure(error, 'failure') || isAppendFailure(error, 'failure')) && error.payload.val.code === code;

describe('the address of a SQLite store', () => {
  const addresses: readonly (readonly [address: string, file: string])[] = [
    ['plain.db', 'plain.db'],
    ['sqlite:scheme.db', 'scheme.db'],
    ['SQLite:upper.db', 'upper.db'],
    ['sqlite:parameters.db?durability=normal&busyTimeout=500&maxPages=1000', 'parameters.db'],
    ['sqlite:with%20space%3F.db', 'with space?.db'],
    ['what?durability=x%20.db', 'what?durability=x%20.db'],
    ['sqlite:ümläut.db', 'ümläut.db'],
    [`sqlite:${join(folder, 'absolute.db')}`, 'absolute.db'],
    [`${pathToFileURL(join(folder, 'url.db')).href.replace('file:', 'sqlite:')}`, 'url.db'],
    [`sqlite://localhost${join(folder, 'localhost.db')}`, 'localhost.db'],
  ];
  for (const [address, file] of addresses) {
    test(`names a file: ${address.replace(folder, '')}`, async () => {
      await using store = await openStore(address, { folder });
      await store.append('s-1', [envelope('Done')], ANY, decision());
      assert.ok(existsSync(join(folder, file)));
    });
  }

  test('is relative to the current folder if no folder is passed', async () => {
    const before = process.cwd();
    process.chdir(folder);
    try {
      await using store = await openStore('current.db');
      await store.append('s-1', [envelope('Done')], ANY, decision());
      assert.ok(existsSync(join(folder, 'current.db')));
    } finally {
      process.chdir(before);
    }
  });

  test('has parameters that reach the store', async () => {
    await using store = await openStore('sqlite:full.db?maxPages=40', { folder });
    const large = envelope('Done', new Uint8Array(200_000));
    await assert.rejects(store.append('s-1', [large], ANY, decision()), hasCode('full'));
  });

  test('opens a store that is only read', async () => {
    const file = join(folder, 'read.db');
    await createSqliteStore({ file }).close();
    await using store = await openStore(file, { readOnly: true });
    await assert.rejects(store.append('s-1', [], ANY, decision()), hasCode('read-only'));
  });

  test('makes no store if the caller forbids it', async () => {
    await assert.rejects(openStore('missing.db', { folder, create: false }), (error) =>
      isStoreFailure(error, 'failure'),
    );
    assert.equal(existsSync(join(folder, 'missing.db')), false);
  });
});

describe('the address of a memory store', () => {
  test('opens an empty store', async () => {
    await using store = await openStore('memory:');
    assert.deepEqual(await store.readLog(), []);
    assert.equal(store.backup, undefined);
  });

  test('is refused if the store is only read', async () => {
    for (const options of [{ readOnly: true }, { create: false }]) {
      await assert.rejects(openStore('memory:', options), hasCode('unsupported'));
    }
  });

  test('opens a store with the clock of the caller', async () => {
    await using store = await openStore('memory:', { now: () => 7 });
    const { recordedAt } = await store.append('s-1', [], ANY, decision());
    assert.equal(recordedAt, 7n);
  });
});

describe('the address of a PostgreSQL store', () => {
  test('names the database, the schema and options of the store and of the driver', async () => {
    const server = await startPostgres();
    try {
      const socket = `postgres://postgres@/postgres?host=${dirname(server.data)}&port=${server.port}&schema=bank`;
      await assert.rejects(openStore(socket, { create: false }), hasCode('not-found'));
      const address = `${server.url}?schema=bank&listen=false&pollInterval=50&application_name=teller`;
      await assert.rejects(openStore(address, { create: false }), hasCode('not-found'));
      await assert.rejects(openStore(address, { readOnly: true }), hasCode('not-found'));
      await using store = await openStore(address);
      await store.append('s-1', [envelope('Done')], ANY, decision());
      await using reader = await openStore(address.replace('postgres:', 'postgresql:'), { readOnly: true });
      assert.equal((await reader.readLog()).length, 1);
      await assert.rejects(reader.append('s-1', [], ANY, decision()), hasCode('read-only'));
    } finally {
      await server.remove();
    }
  });
});

describe('the address of a NATS store', { skip: skipWithoutNats }, () => {
  test('names the server, the store and its options', async () => {
    await using server = await sharedNats();
    const address = `${server.url}/${uniqueName()}?replicas=1&storage=memory&timeout=10000`;
    await using store = await openStore(address);
    await store.append('s-1', [envelope('Done')], ANY, decision());
    await using again = await openStore(address, { create: false });
    assert.equal((await again.readLog()).length, 1);
    await assert.rejects(openStore(`${server.url}/${uniqueName()}`, { readOnly: true }), hasCode('not-found'));
  });

  test('has the credentials of all servers', { skip: skipWithoutBinary }, async () => {
    const lines = ['authorization { user: ada, password: "p@ss/word" }'];
    await using server = await startNatsServer({ lines });
    const host = server.url.replace('nats://', '');
    await assert.rejects(openStore(`nats://${host}/bank`));
    await using store = await openStore(`nats://ada:p%40ss%2Fword@${host}/bank`);
    assert.deepEqual(await store.readLog(), []);
  });
});

describe('a wrong address', () => {
  const wrong: readonly (readonly [address: string, part: AddressPart, parameter?: string])[] = [
    ['', 'address'],
    ['  ', 'address'],
    ['mysql://localhost/bank', 'scheme'],
    ['file:bank.db', 'scheme'],
    ['memory:bank', 'path'],
    ['memory:?durability=normal', 'parameter', 'durability'],
    ['sqlite:', 'path'],
    ['sqlite:?durability=normal', 'path'],
    ['sqlite:%zz.db', 'path'],
    ['sqlite://server/bank.db', 'host'],
    ['sqlite:bank.db?durabilty=normal', 'parameter', 'durabilty'],
    ['sqlite:bank.db?toString=1', 'parameter', 'toString'],
    ['sqlite:bank.db?durability=some', 'parameter', 'durability'],
    ['sqlite:bank.db?busyTimeout=-1', 'parameter', 'busyTimeout'],
    ['sqlite:bank.db?busyTimeout=1e3', 'parameter', 'busyTimeout'],
    ['sqlite:bank.db?maxPages=0', 'parameter', 'maxPages'],
    ['sqlite:bank.db?maxPages=1&maxPages=2', 'parameter', 'maxPages'],
    ['postgres:bank', 'host'],
    ['postgres://host:port/bank', 'host'],
    ['postgres://user:pass word@/x y:z@host/bank', 'host'],
    ['postgres://one,two/bank', 'host'],
    ['postgres://user:password@one:5432,two:5432/bank', 'host'],
    ['postgres://host/bank?shema=bank', 'parameter', 'shema'],
    ['postgres://host/bank?listen=yes', 'parameter', 'listen'],
    ['postgres://host/bank?maxConnections=1', 'parameter', 'maxConnections'],
    ['nats:bank', 'host'],
    ['nats:///bank', 'host'],
    ['nats://host:port/bank', 'host'],
    ['nats://one,/bank', 'host'],
    ['nats://[/bank', 'host'],
    ['nats://host:99999/bank', 'host'],
    ['nats://host/bank/two', 'path'],
    ['nats://host/b.nk', 'path'],
    ['nats://host/bank?replicas=2', 'parameter', 'replicas'],
    ['nats://host/bank?monitoring=', 'parameter', 'monitoring'],
  ];
  for (const [address, part, parameter] of wrong) {
    test(`is refused with its ${part}: ${JSON.stringify(address)}`, async () => {
      await assert.rejects(openStore(address, { folder }), (error) => {
        assert.ok(error instanceof AddressError);
        assert.equal(error.code, 'invalid-address');
        assert.deepEqual([error.payload.part, error.payload.parameter], [part, parameter]);
        return true;
      });
    });
  }

  test('is refused if it is not a text', async () => {
    await assert.rejects(openStore(7 as never), { payload: { part: 'address' } });
  });

  test('is refused without a word of its credentials', async () => {
    for (const address of [
      'mysql://ada:s3cret@host/bank?password=s3cret',
      'mysql://s3cret@host',
      'x1:s://s3cret/@h',
      'postgres://ada:s3cret?@h:port/b',
    ]) {
      await assert.rejects(openStore(address), ({ message }) => !message.includes('s3cret'));
    }
  });
});

describe('a wrong server of a store', () => {
  test('is refused before a connection is made, without a word of its credentials', async () => {
    const secret = (place: string): string => `://ada:s3cret@${place}`;
    const stores: readonly (readonly [place: string, open: () => Promise<unknown>])[] = [
      ['createPostgresStore.url', () => createPostgresStore({ url: `postgres${secret('host:port/bank')}` })],
      ['createPostgresStore.url', () => createPostgresStore({ url: `mysql${secret('host/bank')}` })],
      ['createPostgresStore.pool', () => createPostgresStore({ pool: `postgres${secret('host/bank')}` as never })],
      ['createPostgresStore.client', () => createPostgresStore({ client: `postgres${secret('host/bank')}` as never })],
      ['createNatsStore.url', () => createNatsStore({ url: `nats${secret('[')}` })],
      ['createNatsStore.url', () => createNatsStore({ url: `nats${secret('host:99999')}` })],
      ['createNatsStore.url', () => createNatsStore({ url: [`nats${secret('host')}`, ''] })],
      ['createNatsStore.connection', () => createNatsStore({ connection: `nats${secret('host')}` as never })],
      ['createNatsStore.monitoring', () => createNatsStore({ monitoring: `http${secret('host:port')}` })],
      [
        'createNatsStore.monitoring',
        () => {
          const systemConnection = { requestMany: () => undefined } as never;
          return createNatsStore({ monitoring: `http${secret('host:8222')}`, systemConnection });
        },
      ],
    ];
    for (const [place, open] of stores) {
      await assert.rejects(open, (error: DefinitionError) => {
        assert.deepEqual([error.code, error.payload], ['invalid-definition', { place }]);
        assert.doesNotMatch(inspect(error, { depth: 9, showHidden: true }), /s3cret/);
        return true;
      });
    }
  });
});

describe('wrong options of openStore', () => {
  test('are refused with their names', async () => {
    for (const [options, place] of [
      [{ readonly: true }, 'openStore.readonly'],
      [{ readOnly: 1 }, 'openStore.readOnly'],
      [{ create: 'yes' }, 'openStore.create'],
    ] as const) {
      await assert.rejects(
        openStore('memory:', options as never),
        (error) => error instanceof DefinitionError && error.payload.place === place,
      );
    }
  });
});
