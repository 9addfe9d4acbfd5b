/** A reader of tables cannot write, whatever SQL text a program runs on it, and leaves its connection as it was. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { defineSystem } from 'decidable';
import { createPostgresStore } from 'decidable/postgres';
import { createSqliteStore } from 'decidable/sqlite';
import { defineTables } from 'decidable/tables';
import { CompiledQuery, type Kysely, sql } from 'kysely';
import { account } from '../../core/processors/transfers.ts';
import { startPostgres } from '../../servers/postgres.ts';

const folder = mkdtempSync(join(tmpdir(), 'decidable-reader-'));
after(() => rmSync(folder, { recursive: true }));
const server = await startPostgres();
after(() => server.remove());
let names = 0;

interface Lines {
  lines: { id: string };
}

const notes = defineTables({
  name: 'notes',
  version: '1',
  events: { Opened: account.events.Opened },
  create: (db: Kysely<Lines>) => [
    db.schema.createTable('lines').addColumn('id', 'text', (column) => column.primaryKey()),
  ],
  handle: { Opened: ({ insert }, { accountId }) => insert('lines', { id: accountId }) },
});
const bank = defineSystem({ name: 'bank', deciders: [account], readModels: [notes] });

/** Runs SQL text on one connection of the reader, and returns the errors. */
async function run(db: Kysely<Lines>, texts: readonly string[]): Promise<readonly (Error | undefined)[]> {
  return db.connection().execute(async (connection) => {
    const errors: (Error | undefined)[] = [];
    for (const text of texts) {
      const error = await connection.executeQuery(CompiledQuery.raw(text)).then(
        () => undefined,
        (reason: Error) => reason,
      );
      errors.push(error);
    }
    return errors;
  });
}

describe('a reader of tables on PostgreSQL', () => {
  const write = (schema: string) => `insert into "${schema}"."notes@1/lines" (id) values ('x')`;
  const hidden = (schema: string) => `with x as (${write(schema)} returning *) select * from x`;

  /** Texts that end with one that writes. */
  const attacks: Readonly<Record<string, (schema: string) => readonly string[]>> = {
    'after a commit': (schema) => ['commit', write(schema), hidden(schema)],
    'after a rollback': (schema) => ['rollback', hidden(schema)],
    'after the end of an aborted transaction': (schema) => ['select 1/0', 'end', 'abort', 'rollback', hidden(schema)],
    'in another transaction': (schema) => ['commit', 'begin read write', 'begin', hidden(schema), 'commit'],
    'in a transaction that is read and write': (schema) => [
      'start transaction read write',
      hidden(schema),
      'start transaction isolation level serializable read write',
      hidden(schema),
      'commit',
    ],
    'in several statements of one text': (schema) => [
      `commit; ${write(schema)}`,
      `select 1; commit; ${write(schema)}`,
      `rollback; begin; ${write(schema)}; commit`,
      `begin; commit; ${write(schema)}`,
      `savepoint "a"; commit; ${write(schema)}`,
    ],
    'after a change of the mode': (schema) => [
      'set transaction read write',
      `select set_config('transaction_read_only', 'off', true)`,
      'set session characteristics as transaction read write',
      `select set_config('default_transaction_read_only', 'off', false)`,
      hidden(schema),
      'commit',
      hidden(schema),
      'begin',
      `select set_config('transaction_read_only', 'off', true)`,
      hidden(schema),
      'commit',
    ],
    'in a comment or a block': (schema) => [
      `/* */ commit`,
      `-- \n commit`,
      `do $$ begin commit; ${write(schema)}; end $$`,
      `prepare transaction 'a'`,
      hidden(schema),
    ],
    'in a temporary table or a file': () => [
      'create temp table x (id text)',
      'select 1 as id into temp x',
      `copy (select 1) to program 'touch /tmp/x'`,
    ],
  };
  for (const [title, textsOf] of Object.entries(attacks)) {
    test(`does not write ${title}`, async () => {
      const schema = `reader ${names++}`;
      await using store = await createPostgresStore({ url: server.url, schema, maxConnections: 3 });
      await using running = await bank.start({ store });
      const { position } = await running.dispatch(account.commands.Open({ accountId: 'a' }));
      await running.caughtUp(position);
      await using reader = running.readModel(notes);
      const errors = await run(reader.db, textsOf(schema));
      assert.ok(errors.some((error) => error !== undefined));
      assert.deepEqual(await reader.db.selectFrom('lines').selectAll().execute(), [{ id: 'a' }]);
    });
  }

  test('leaves its connection as it was', async () => {
    const schema = `reader ${names++}`;
    await using store = await createPostgresStore({ url: server.url, schema, maxConnections: 2 });
    await using running = await bank.start({ store });
    await using reader = running.readModel(notes);
    const { position } = await running.dispatch(account.commands.Open({ accountId: 'a' }));
    await running.caughtUp(position);
    const settings = ['search_path', 'default_transaction_read_only', 'statement_timeout', 'role'];
    const shown = async (): Promise<readonly unknown[]> => {
      const all = await Promise.all(
        settings.map((name) => sql<{ value: string }>`select current_setting(${name}) as value`.execute(reader.db)),
      );
      return all.map(({ rows }) => rows[0]?.value);
    };
    const before = await shown();
    for (let round = 0; round < 4; round++) {
      await run(reader.db, [
        'commit',
        `select set_config('search_path', 'pg_catalog', false)`,
        `select set_config('default_transaction_read_only', 'on', false)`,
        `select set_config('statement_timeout', '1', false)`,
        `set search_path = pg_catalog`,
        'set role pg_monitor',
        'commit',
      ]);
    }
    assert.deepEqual(await shown(), before);
    const next = await running.dispatch(account.commands.Open({ accountId: 'b' }));
    await running.caughtUp(next.position);
    assert.deepEqual((await reader.db.selectFrom('lines').selectAll().execute()).length, 2);
  });

  test('reads one snapshot in a transaction of Kysely, and the newest rows after it', async () => {
    const schema = `reader ${names++}`;
    await using store = await createPostgresStore({ url: server.url, schema, maxConnections: 4 });
    await using running = await bank.start({ store });
    await using reader = running.readModel(notes);
    const openAccount = async (accountId: string): Promise<void> => {
      const { position } = await running.dispatch(account.commands.Open({ accountId }));
      await running.caughtUp(position);
    };
    await openAccount('a');
    await reader.db.connection().execute(async (connection) => {
      const count = async (db: Kysely<Lines>): Promise<number> =>
        (await db.selectFrom('lines').selectAll().execute()).length;
      await connection
        .transaction()
        .setIsolationLevel('repeatable read')
        .execute(async (transaction) => {
          assert.equal(await count(transaction), 1);
          await openAccount('b');
          assert.equal(await count(transaction), 1);
        });
      assert.equal(await count(connection), 2);
    });
    const controlled = await reader.db.startTransaction().execute();
    const saved = await controlled.savepoint('one').execute();
    await assert.rejects(sql`select 1/0`.execute(saved));
    const restored = await saved.rollbackToSavepoint('one').execute();
    assert.equal((await restored.selectFrom('lines').selectAll().execute()).length, 2);
    await controlled.commit().execute();
  });
});

describe('a reader of tables on SQLite', () => {
  test('does not write or copy the file, and reads the newest rows after a transaction that was left open', async () => {
    const file = join(folder, `${names++}.db`);
    const copy = join(folder, 'copy.db');
    await using store = createSqliteStore({ file, durability: 'normal' });
    await using running = await bank.start({ store });
    await using reader = running.readModel(notes);
    const openAccount = async (accountId: string): Promise<void> => {
      const { position } = await running.dispatch(account.commands.Open({ accountId }));
      await running.caughtUp(position);
    };
    const count = async (): Promise<number> => (await reader.db.selectFrom('lines').selectAll().execute()).length;
    await openAccount('a');
    const write = `insert into "notes@1/lines" (id) values ('x')`;
    await run(reader.db, ['begin immediate', write, 'commit', 'rollback', 'begin exclusive', write]);
    assert.equal(await count(), 1);
    await run(reader.db, [
      `commit; ${write}`,
      'pragma query_only = 0',
      'pragma writable_schema = 1',
      `attach '${copy}' as copy`,
      `vacuum into '${copy}'`,
      `select load_extension('${copy}')`,
      `select writefile('${copy}', 'x')`,
      write,
    ]);
    assert.equal(existsSync(copy), false);
    await run(reader.db, ['begin', 'select * from "notes@1/lines"']);
    await openAccount('b');
    assert.equal(await count(), 2);
  });
});
