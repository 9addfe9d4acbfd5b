/** A handler can only change the tables of its read model, and only with statements that change rows. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { defineSystem, type EventStore } from 'decidable';
import { createPostgresStore } from 'decidable/postgres';
import { createSqliteStore } from 'decidable/sqlite';
import { defineTables, type TableChange } from 'decidable/tables';
import { type Kysely, sql } from 'kysely';
import { account } from '../../core/processors/transfers.ts';
import { startPostgres } from '../../servers/postgres.ts';
import { CONTEXT } from './deposits.ts';

const folder = mkdtempSync(join(tmpdir(), 'decidable-own-tables-'));
after(() => rmSync(folder, { recursive: true }));
const server = await startPostgres();
after(() => server.remove());
let files = 0;
const openSqlite = async () => createSqliteStore({ file: join(folder, `${files++}.db`), durability: 'normal' });
const openPostgres = () => createPostgresStore({ url: server.url, schema: `own ${files++}`, maxConnections: 6 });

interface Lines {
  lines: { id: string; amount: number };
  totals: { id: string; amount: number };
}

/** A Kysely of tables that the types of the read model do not have. */
type Untyped = Kysely<Record<string, Record<string, unknown>>>;

function modelOf(query: (db: Untyped) => unknown, name = 'notes') {
  return defineTables({
    name,
    version: '1',
    events: { Opened: account.events.Opened, Deposited: account.events.Deposited },
    create: (db: Kysely<Lines>) =>
      (['lines', 'totals'] as const).map((table) =>
        db.schema
          .createTable(table)
          .addColumn('id', 'text', (column) => column.primaryKey())
          .addColumn('amount', 'integer'),
      ),
    handle: {
      Opened: ({ insert }, { accountId }) => insert('lines', { id: accountId, amount: 0 }),
      Deposited: ({ db }) => query(db as Untyped) as TableChange,
    },
  });
}

const deposited = account.events.Deposited({ accountId: 'a', amount: 5 });

const refused: readonly [title: string, query: (db: Untyped) => unknown, table?: string][] = [
  ['a delete of the events', (db) => db.deleteFrom('events'), 'events'],
  ['an update of the checkpoints', (db) => db.updateTable('shares').set({ checkpoint: 9 }), 'shares'],
  ['an insert into another table', (db) => db.insertInto('streams').values({ id: 1 }), 'streams'],
  ['a table of another read model', (db) => db.deleteFrom('other@1/lines'), 'other@1/lines'],
  ['a table of a schema', (db) => db.deleteFrom('main.lines'), 'main.lines'],
  ['an own table with the name of a schema', (db) => db.deleteFrom('main.notes@1/lines'), 'main.notes@1/lines'],
  ['a query without plugins', (db) => db.withoutPlugins().deleteFrom('lines'), 'lines'],
  ['a target with an alias', (db) => db.deleteFrom('events as lines'), 'events'],
  ['a second target', (db) => db.deleteFrom(['lines', 'events']), 'events'],
  [
    'another table in a subquery',
    (db) => db.deleteFrom('lines').where('id', 'in', db.selectFrom('events').select('id')),
    'events',
  ],
  [
    'another table in an inserted select',
    (db) => db.insertInto('lines').expression(db.selectFrom('events').selectAll()),
    'events',
  ],
  [
    'another table in a join',
    (db) =>
      db
        .insertInto('lines')
        .expression(
          db.selectFrom('totals').innerJoin('events as e', 'e.id', 'totals.id').select(['e.id', 'totals.amount']),
        ),
    'events',
  ],
  [
    'another table in using',
    (db) => db.deleteFrom('lines').using('events').whereRef('events.id', '=', 'lines.id'),
    'events',
  ],
  ['another table after from', (db) => db.updateTable('lines').from('events').set({ amount: 1 }), 'events'],
  [
    'another table in a common table expression',
    (db) => db.with('own', (query) => query.selectFrom('events').selectAll()).deleteFrom('lines'),
    'events',
  ],
  [
    'a change in a common table expression',
    (db) => db.with('own', (query) => query.deleteFrom('events').returningAll()).deleteFrom('lines'),
    'events',
  ],
  [
    'a target with the name of a common table expression',
    (db) => db.with('events', (query) => query.selectFrom('lines').selectAll()).deleteFrom('events'),
    'events',
  ],
  [
    'the name of an expression before it is defined',
    (db) =>
      db
        .with('own', (query) => query.selectFrom('events').selectAll())
        .with('events', (query) => query.selectFrom('lines').selectAll())
        .deleteFrom('lines'),
    'events',
  ],
  ['sql.table', (db) => db.deleteFrom('lines').where(sql<boolean>`id in (${sql.table('events')})`), 'events'],
  ['a reference after in', (db) => db.deleteFrom('lines').where('id', 'in', sql.ref('events'))],
  ['a literal after in', (db) => db.deleteFrom('lines').where('id', 'in', sql.lit('events'))],
  ['a name after in', (db) => db.deleteFrom('lines').where(sql<boolean>`id in events`)],
  ['text after in', (db) => db.deleteFrom('lines').where(sql<boolean>`id in 'events'`)],
  ['a select in text', (db) => db.deleteFrom('lines').where(sql<boolean>`exists (select 1 from events)`)],
  ['a comment in text', (db) => db.deleteFrom('lines').where(sql<boolean>`1 = 1 -- `)],
  ['a second statement', (db) => db.deleteFrom('lines').where(sql<boolean>`1 = 1; rollback`)],
  ['a table in text', (db) => db.deleteFrom('lines').where(sql<boolean>`exists (table events)`)],
  ['an open bracket in text', (db) => db.deleteFrom('lines').where(sql<boolean>`(1 = 1`)],
  ['a quoted name in text', (db) => db.deleteFrom('lines').where(sql<boolean>`"events" = 1`)],
  ['a bracket that closes another', (db) => db.deleteFrom('lines').where(sql<boolean>`1) or (1 = 1`.as('x') as never)],
  [
    'an insert into a common table expression',
    (db) =>
      db
        .with('events', (query) => query.selectFrom('lines').selectAll())
        .insertInto('events')
        .values({ id: 'a' }),
    'events',
  ],
  [
    'an update of a common table expression',
    (db) =>
      db
        .with('events', (query) => query.selectFrom('lines').selectAll())
        .updateTable('events')
        .set({ id: 'a' }),
    'events',
  ],
  ['text as a target of an update', (db) => db.updateTable(sql`events`.as('lines') as never).set({ id: 'a' } as never)],
  ['text in using', (db) => db.deleteFrom('lines').using(sql`events`.as('e') as never)],
  [
    'text in a join',
    (db) =>
      db
        .insertInto('lines')
        .expression(
          db
            .selectFrom('totals')
            .innerJoin(sql<{ id: string }>`events`.as('e'), 'e.id', 'totals.id')
            .select('totals.id'),
        ),
  ],
  [
    'text as the alias of a table',
    (db) =>
      db
        .insertInto('lines')
        .expression(db.selectFrom(db.fn('json_each', [sql.lit('[]')]).as<'e'>(sql`e, events`) as never).selectAll()),
  ],
  ['a backslash in quotes', (db) => db.deleteFrom('lines').where(sql<boolean>`id = 'a\\'`)],
  ['text as a target', (db) => db.deleteFrom(sql`events`.as('lines') as never)],
  [
    'text as a table',
    (db) => db.insertInto('lines').expression(db.selectFrom(sql`events`.as('e') as never).selectAll()),
  ],
  [
    'a comma in a join',
    (db) =>
      db.insertInto('lines').expression(
        db
          .selectFrom('totals')
          .innerJoin('lines', (on) => on.on(sql<boolean>`1 = 1, events`))
          .select('id'),
      ),
  ],
  ['a function with text in its name', (db) => db.updateTable('lines').set({ amount: db.fn('abs(1), events', []) })],
  ['a dropped table', (db) => db.schema.dropTable('lines')],
  ['a new table', (db) => db.schema.createTable('more').addColumn('id', 'text')],
  ['a select', (db) => db.selectFrom('lines').selectAll()],
  ['a whole statement of text', () => sql`delete from events`],
  ['compiled text', (db) => sql`delete from events`.compile(db)],
  ['a statement as data', () => ({ sql: 'delete from events', parameters: [] })],
  ['an object that compiles itself', () => ({ compile: () => ({ sql: 'delete from events', parameters: [] }) })],
  ['a promise', (db) => Promise.resolve(db.deleteFrom('lines'))],
  ['a text', () => 'delete from lines'],
];

const allowed: readonly [title: string, query: (db: Untyped) => TableChange][] = [
  ['an alias', (db) => db.deleteFrom('lines as line').where('line.id', '=', 'a')],
  [
    'a common table expression',
    (db) =>
      db
        .with('own', (query) => query.selectFrom('totals').select('id'))
        .deleteFrom('lines')
        .where('id', 'in', (query: Untyped) => query.selectFrom('own').select('id') as never),
  ],
  [
    'a recursive expression',
    (db) =>
      db
        .withRecursive('n', (query) =>
          query
            .selectFrom('lines')
            .select('id')
            .union(query.selectFrom('n').select('id').where('id', '=', 'none')),
        )
        .deleteFrom('lines')
        .where('id', 'in', db.selectFrom('n' as never).select('id' as never) as never),
  ],
  [
    'a join and a function',
    (db) =>
      db
        .insertInto('totals')
        .columns(['id', 'amount'])
        .expression(
          db
            .selectFrom('lines as line')
            .leftJoin('totals', 'totals.id', 'line.id')
            .select(({ fn }) => ['line.id', fn.coalesce('totals.amount', sql.lit(3)).as('amount')]),
        ),
  ],
  [
    'text of an expression',
    (db) =>
      db
        .updateTable('lines')
        .set({ amount: sql`coalesce(amount, ${1}) + length('from a, (b')` })
        .where(sql<boolean>`id in (${sql.join(['a', 'b'])}) and ${sql.ref('lines.id')} is distinct from ${'c'}`),
  ],
];

describe('a change of another table', () => {
  for (const [title, query, table] of refused) {
    test(`is refused if the handler returns ${title}`, () => {
      assert.throws(
        () => modelOf(query).statementsOf(deposited, CONTEXT),
        (error: Error & Record<string, unknown>) => {
          assert.equal(error['code'], 'invalid-change', error.stack);
          const details = new Map((error['payload'] as { details: [string, string][] }).details);
          assert.deepEqual([details.get('model'), details.get('type')], ['notes', 'Deposited']);
          assert.equal(details.get('table'), table);
          return true;
        },
      );
    });
  }

  test('is refused in create', () => {
    const create = (db: Untyped) => [
      db.schema.createTable('lines').addColumn('id', 'text'),
      db.schema.dropTable('events'),
    ];
    const define = () =>
      defineTables({
        name: 'notes',
        version: '1',
        events: { Opened: account.events.Opened },
        create,
        handle: { Opened: () => undefined },
      });
    assert.throws(define, { code: 'invalid-definition', payload: { place: 'notes.create' } });
  });
});

const engines: readonly [name: string, open: () => Promise<EventStore & AsyncDisposable>][] = [
  ['SQLite', openSqlite],
  ['PostgreSQL', openPostgres],
];
for (const [engine, open] of engines) {
  describe(`a handler with queries on ${engine}`, () => {
    test('is parked with its event if the query names the events, which stay', async () => {
      await using store = await open();
      const model = modelOf((db) => db.deleteFrom('events'));
      const system = defineSystem({ name: 'bank', deciders: [account], readModels: [model] });
      await using running = await system.start({
        store: store as never,
        failurePolicy: { retries: 0, finally: 'park' },
      });
      await running.dispatch(account.commands.Open({ accountId: 'a' }));
      // Another transaction of the PostgreSQL server may still hide the event, so its position is awaited.
      const { position } = await running.dispatch(account.commands.Deposit({ accountId: 'a', amount: 5 }));
      await running.caughtUp(position);
      assert.deepEqual(
        (await running.parked.list()).map(({ reason }) => reason?.code),
        ['invalid-change'],
      );
      assert.deepEqual(
        await running
          .dispatch(account.commands.Deposit({ accountId: 'a', amount: 5 }))
          .then(({ revision }) => revision),
        2n,
      );
    });

    test('may use aliases, expressions, functions and text of its own tables', async () => {
      await using store = await open();
      const readModels = allowed
        .filter(([title]) => engine === 'PostgreSQL' || title !== 'an alias')
        .map(([title, query]) => modelOf(query, title));
      const system = defineSystem({ name: 'bank', deciders: [account], readModels });
      await using running = await system.start({ store: store as never });
      await running.dispatch(account.commands.Open({ accountId: 'a' }));
      await running.dispatch(account.commands.Deposit({ accountId: 'a', amount: 5 }));
      await running.caughtUp();
      assert.deepEqual(await running.parked.list(), []);
    });
  });
}
