/**
 * Random flips of one bit in a SQLite file, in each column of the payloads, the records and the hashes. The long form,
 * over all bytes of a file, is `test/adapters/stores/soak/tampering.ts --flips all`.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import Sqlite from 'better-sqlite3';
import { createSqliteStore } from 'decidable/sqlite';
import fc from 'fast-check';
import { bankVerdict, tellBankStory } from './bank-story.ts';

/** The columns that the chain covers, apart from the keys of rows. */
const COLUMNS = {
  events: ['payload'],
  decisions: [
    'payload',
    'hash',
    'command_id',
    'seen_revision',
    'event_count',
    'revision',
    'rejection',
    'causation_id',
    'actor',
    'correlation_id',
    'recorded_at',
  ],
  command_types: ['module_name', 'module_version', 'content_type', 'type', 'schema_version'],
  event_types: ['type', 'schema_version'],
} as const;

type Value = bigint | string | Buffer;

interface Cell {
  readonly table: keyof typeof COLUMNS;
  readonly column: string;
  readonly row: bigint;
  readonly value: Value;
}

/** Returns the value with one other bit. A text remains ASCII, and a number remains one of 48 bits. */
function flipped(value: Value, at: number): Value {
  if (typeof value === 'bigint') return value ^ (1n << BigInt(at % 48));
  const bytes = Buffer.from(value);
  const bits = typeof value === 'string' ? 7 : 8;
  bytes[Math.floor(at / bits) % bytes.length]! ^= 1 << (at % bits);
  return typeof value === 'string' ? bytes.toString() : bytes;
}

describe('a SQLite file with one other bit', () => {
  const folder = mkdtempSync(join(tmpdir(), 'decidable-bits-'));
  const file = join(folder, 'bank.db');
  const cells = new Map<string, Cell[]>();

  before(async () => {
    await using store = createSqliteStore({ file, durability: 'normal', now: () => 1_700_000_000_000 });
    await tellBankStory(store);
  });
  after(() => rmSync(folder, { recursive: true }));

  before(() => {
    const database = new Sqlite(file, { readonly: true }).defaultSafeIntegers();
    for (const [table, columns] of Object.entries(COLUMNS)) {
      for (const column of columns) {
        const query = `select rowid as row, ${column} as value from ${table} where ${column} is not null`;
        const found = database
          .prepare<[], { row: bigint; value: Value }>(query)
          .all()
          .filter(({ value }) => typeof value === 'bigint' || value.length > 0);
        cells.set(
          `${table}.${column}`,
          found.map((cell) => ({ ...cell, table: table as Cell['table'], column })),
        );
      }
    }
    database.close();
  });

  async function verdict(): Promise<string> {
    await using store = createSqliteStore({ file, readOnly: true });
    return await bankVerdict(store);
  }

  test('is intact before the change, and has a value in each column', async () => {
    assert.equal(await verdict(), 'intact');
    assert.deepEqual(
      [...cells].filter(([, found]) => found.length === 0),
      [],
    );
  });

  test('is found to be damaged, whichever of 400 random bits it is', async () => {
    const database = new Sqlite(file);
    database.pragma('ignore_check_constraints = on');
    const change = ({ table, column, row }: Cell, value: Value) =>
      database.prepare(`update ${table} set ${column} = ? where rowid = ?`).run(value, row);
    // Each column is as likely as any other one, so that columns of few or short values are changed too.
    const bit = fc.record({ column: fc.constantFrom(...cells.keys()), cell: fc.nat(), at: fc.nat({ max: 2 ** 16 }) });
    await fc.assert(
      fc.asyncProperty(bit, async ({ column, cell, at }) => {
        const all = cells.get(column)!;
        const chosen = all[cell % all.length]!;
        change(chosen, flipped(chosen.value, at));
        try {
          assert.notEqual(await verdict(), 'intact', `${column} of row ${chosen.row}`);
        } finally {
          change(chosen, chosen.value);
        }
      }),
      { numRuns: 400 },
    );
    database.close();
    assert.equal(await verdict(), 'intact');
  });
});
