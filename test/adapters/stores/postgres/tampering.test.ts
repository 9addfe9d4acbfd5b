/**
 * A PostgreSQL store whose rows were changed by SQL. These are samples of all changes, each of which is undone.
 * PostgreSQL itself compares pages with checksums.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createPostgresStore } from 'decidable/postgres';
import { verifyChain } from 'decidable/storage';
import { Client } from 'pg';
import { type PostgresServer, startPostgres } from '../../../servers/postgres.ts';
import { verdictOn } from '../tampering/examine.ts';
import { ask, storyClock, tellStory } from '../tampering/story.ts';

/** The number of changes to try, spread evenly over all of them. */
const SAMPLE = 50;
const TABLES = ['streams', 'commits', 'event_types', 'commits_by_type', 'snapshots'] as const;

/** A change of one row. The server refuses it if it violates a constraint. */
interface Change {
  readonly name: string;
  readonly sql: string;
}

/** The SQL of values that differ from the column's value. */
const OTHERS: Readonly<Record<string, (column: string) => readonly string[]>> = {
  bigint: (column) => [`${column} + 1`, `${column} - 1`, `${column} + 70000`],
  integer: (column) => [`${column} + 1`, `${column} - 1`],
  text: (column) => [`${column} || 'x'`, `'x' || ${column}`, `''`],
  uuid: () => ['gen_random_uuid()'],
  bytea: (column) => [
    `set_byte(${column}, 0, get_byte(${column}, 0) # 1)`,
    `set_byte(${column}, length(${column}) / 2, get_byte(${column}, length(${column}) / 2) # 128)`,
    `substr(${column}, 2)`,
    `''`,
  ],
};

describe('a PostgreSQL store that was changed', () => {
  let server: PostgresServer;
  let changes: readonly Change[];
  let commandIds: readonly string[];

  before(async () => {
    server = await startPostgres();
    await onDatabase('postgres', 'create database story');
    const store = await createPostgresStore({ url: address('story'), now: storyClock() });
    await tellStory(store);
    await store.close();
    const saved = TABLES.map((table) => `create table saved.${table} as select * from decidable.${table}`);
    await onDatabase('story', `create schema saved; ${saved.join('; ')}`);
    await undo();
    changes = await allChanges();
    const ids = await onDatabase('story', 'select command_id as id from decidable.commits');
    commandIds = ids.map(({ id }) => String(id));
  });
  after(() => server?.remove());

  const address = (database: string): string => server.url.replace(/postgres$/, database);

  async function onDatabase(database: string, sql: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const client = new Client({ connectionString: address(database) });
    await client.connect();
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  }

  async function allChanges(): Promise<readonly Change[]> {
    const found: Change[] = [];
    for (const table of TABLES) {
      const columns = await onDatabase(
        'story',
        `select column_name as name, data_type as type from information_schema.columns
        where table_schema = 'decidable' and table_name = '${table}'`,
      );
      const rows = await onDatabase('story', `select ctid::text as row from decidable.${table}`);
      for (const { row } of rows) {
        const where = `where ctid = '${String(row)}'`;
        // A missing snapshot only costs a replay.
        if (table !== 'snapshots') {
          found.push({ name: `${table} ${row} is deleted`, sql: `delete from decidable.${table} ${where}` });
        }
        for (const { name, type } of columns) {
          for (const value of OTHERS[String(type)]?.(String(name)) ?? assert.fail(`unknown type ${type}`)) {
            const sql = `update decidable.${table} set ${name} = ${value} ${where}`;
            found.push({ name: `${table} ${row}: ${name} becomes ${value}`, sql });
          }
        }
      }
    }
    return found;
  }

  /** Changes a row. Returns false if the server refuses the change. */
  async function isChanged(sql: string): Promise<boolean> {
    try {
      // Foreign keys are not checked, because a damaged page does not respect them.
      await onDatabase('story', `set session_replication_role = replica; ${sql}`);
      return true;
    } catch {
      return false;
    }
  }

  /** Undoes all changes. The rows are at the same places afterwards. */
  async function undo(): Promise<void> {
    const restored = TABLES.map(
      (table) =>
        `truncate decidable.${table};
        insert into decidable.${table} overriding system value select * from saved.${table} order by ctid`,
    );
    await onDatabase('story', restored.join('; '));
  }

  test('is intact before the change', async () => {
    await using store = await createPostgresStore({ url: address('story'), readOnly: true });
    assert.deepEqual(await verifyChain(store), { intact: true, streams: 4, commits: 10 });
  });

  test('is not intact if a commit with or without events has another position', async () => {
    await using store = await createPostgresStore({ url: address('story'), maxConnections: 2 });
    const set = (id: unknown, position: unknown): Promise<unknown> =>
      onDatabase('story', `update decidable.commits set position = ${position} where command_id = '${id}'`);
    const rows = await onDatabase(
      'story',
      'select command_id as id, position, event_count as events from decidable.commits order by position',
    );
    for (const { id, position } of rows) {
      for (const other of [`${position} + 1000`, `${position} - 1000`, `${position} + 70000`]) {
        await set(id, other);
        assert.notEqual(await verdictOn(store), 'intact', `${id} at ${other}`);
      }
      await set(id, position);
    }
    const rejections = rows.filter(({ events }) => events === 0);
    assert.ok(rejections.length > 2);
    for (const [index, one] of rejections.entries()) {
      for (const other of rejections.slice(index + 1)) {
        await set(one.id, -1);
        await set(other.id, one.position);
        await set(one.id, other.position);
        assert.notEqual(await verdictOn(store), 'intact', `${one.id} and ${other.id} are swapped`);
        await set(one.id, -1);
        await set(other.id, other.position);
        await set(one.id, one.position);
      }
    }
    assert.equal(await verdictOn(store), 'intact');
  });

  test('is not intact if two commits of a stream are moved by the same bits', async () => {
    await using store = await createPostgresStore({ url: address('story'), maxConnections: 2 });
    const pairs = await onDatabase(
      'story',
      `select a.command_id as one, b.command_id as other, b.stream
      from decidable.commits a join decidable.commits b on a.stream = b.stream and a.number < b.number
        join decidable.streams s on s.name = b.stream and s.commits = b.number + 1
        and 0 = (select count(*) from decidable.commits_by_type t join unnest(array[a.position, b.position]) p on p = t.position)`,
    );
    assert.ok(pairs.length > 2);
    for (const { one, other, stream } of pairs) {
      // Positions of transactions with one commit end with 16 bits that are zero, so their order does not change.
      const moved = 'position = position # 4096';
      await onDatabase('story', `update decidable.commits set ${moved} where command_id in ('${one}', '${other}')`);
      await onDatabase('story', `update decidable.streams set ${moved} where name = '${stream}'`);
      assert.notEqual(await verdictOn(store), 'intact', `${one} and ${other}`);
      await undo();
    }
    assert.equal(await verdictOn(store), 'intact');
  });

  test('is not intact after a change of a row, and is read correctly or refused', async () => {
    await using store = await createPostgresStore({ url: address('story'), maxConnections: 2 });
    let [tried, accepted] = [0, 0];
    for (let index = 0; index < changes.length; index += Math.floor(changes.length / SAMPLE)) {
      const { name, sql } = changes[index]!;
      tried++;
      if (!(await isChanged(sql))) continue;
      accepted++;
      const verdict = await verdictOn(store);
      assert.notEqual(verdict, 'intact', name);
      assert.doesNotMatch(verdict, /^RAW/, name);
      for (const [question, answer] of await ask(store, commandIds)) {
        assert.doesNotMatch(answer, /^RAW/, `${name}: ${question}`);
      }
      await undo();
    }
    assert.ok(accepted > tried / 2, `${accepted} of ${tried}`);
    assert.equal(await verdictOn(store), 'intact');
  });
});
