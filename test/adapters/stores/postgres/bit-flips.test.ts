/** Random flips of one bit in the rows of a PostgreSQL store: in payloads and records, in hashes and in numbers. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createPostgresStore, type PostgresStore } from 'decidable/postgres';
import fc from 'fast-check';
import { Client } from 'pg';
import { bankVerdict, tellBankStory } from '../../../core/verification/bank-story.ts';
import { type PostgresServer, startPostgres } from '../../../servers/postgres.ts';

/** The column that identifies a row, for each table with the flipped columns. Most flips are in the content. */
const TABLES = {
  commits: {
    key: 'position',
    columns: [
      'content',
      'content',
      'content',
      'hash',
      'command_id',
      'recorded_at',
      'event_count',
      'revision',
      'number',
    ],
  },
  streams: { key: 'id', columns: ['hash', 'revision', 'commits', 'name'] },
  event_types: { key: 'id', columns: ['category', 'type'] },
} as const;

/** The statement that flips a bit of a value. Run twice, it restores the value. */
const FLIP: Readonly<Record<string, (column: string, bit: number) => string>> = {
  bytea: (column, bit) => flipped(column, bit),
  uuid: (column, bit) => `encode(${flipped(`uuid_send(${column})`, bit)}, 'hex')::uuid`,
  // One of the lowest three bits of a character, so that the text remains ASCII.
  text: (column, bit) => {
    const bytes = `convert_to(${column}, 'UTF8')`;
    const at = `(${bit} % length(${bytes}))`;
    return `convert_from(set_byte(${bytes}, ${at}, get_byte(${bytes}, ${at}) # ${1 << (bit % 3)}), 'UTF8')`;
  },
  bigint: (column, bit) => `${column} # (1::bigint << ${bit % 40})`,
  integer: (column, bit) => `${column} # (1 << ${bit % 20})`,
};

function flipped(bytes: string, bit: number): string {
  const at = `(${bit} % (8 * length(${bytes})))`;
  return `set_bit(${bytes}, ${at}, 1 - get_bit(${bytes}, ${at}))`;
}

interface Place {
  readonly table: keyof typeof TABLES;
  readonly column: string;
  readonly type: string;
  readonly keys: readonly string[];
}

describe('a PostgreSQL store with one other bit', () => {
  let server: PostgresServer;
  let client: Client;
  let store: PostgresStore;
  const places: Place[] = [];

  before(async () => {
    server = await startPostgres();
    store = await createPostgresStore({ url: server.url, maxConnections: 2 });
    await tellBankStory(store);
    client = new Client({ connectionString: server.url });
    await client.connect();
    // Foreign keys are not checked, because a damaged page does not respect them.
    await client.query('set session_replication_role = replica');
    for (const [table, { key, columns }] of Object.entries(TABLES)) {
      const { rows } = await client.query(`select ${key} as key from decidable.${table} order by ${key}`);
      for (const column of columns) {
        const found = await client.query(
          `select data_type as type from information_schema.columns
          where table_schema = 'decidable' and table_name = '${table}' and column_name = '${column}'`,
        );
        const keys = rows.map((row) => String(row.key));
        places.push({ table: table as Place['table'], column, type: String(found.rows[0].type), keys });
      }
    }
  });
  after(async () => {
    await client?.end();
    await store?.close();
    await server?.remove();
  });

  test('is intact before the change', async () => {
    assert.equal(await bankVerdict(store), 'intact');
  });

  test('is found to be damaged, whichever of 40 random bits it is', async () => {
    const flip = fc.record({ place: fc.constantFrom(...places), row: fc.nat(), bit: fc.nat({ max: 2 ** 16 }) });
    await fc.assert(
      fc.asyncProperty(flip, async ({ place: { table, column, type, keys }, row, bit }) => {
        const key = keys[row % keys.length];
        const value = FLIP[type]?.(column, bit) ?? assert.fail(`unknown type ${type}`);
        const update = `update decidable.${table} set ${column} = ${value} where ${TABLES[table].key} = ${key}`;
        await client.query(update);
        const verdict = await bankVerdict(store);
        await client.query(update);
        assert.notEqual(verdict, 'intact', update);
      }),
      { numRuns: 40, endOnFailure: true },
    );
    assert.equal(await bankVerdict(store), 'intact');
  });
});
