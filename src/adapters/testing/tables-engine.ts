/** Runs a table read model on a database in memory, as the runner of a system does. Tests that expect rows use it. */
import type { RecordedEvent } from '../../core/index.ts';
import type { Processor } from '../../core/processors/processor.ts';
import type { TableStatement } from '../../core/processors/processor-store.ts';
import { tablePrefix } from '../../core/processors/table-prefix.ts';
import { equalBytes } from '../../core/storage/equal-bytes.ts';
import { quoted } from '../../core/storage/sql-identifier.ts';
import { showValue } from './show.ts';

/** A stored row. Integers beyond 2^53 are `bigint`. */
export type Row = Readonly<Record<string, unknown>>;

/**
 * The parts of the driver that the test kit uses. The driver's own types are not used, because users may not have
 * installed them.
 */
interface Database {
  defaultSafeIntegers(on: boolean): unknown;
  exec(sql: string): unknown;
  prepare(sql: string): {
    run(...parameters: readonly unknown[]): unknown;
    all(...parameters: readonly unknown[]): unknown[];
  };
  close(): unknown;
}

/** Opens an empty database. */
export type OpenDatabase = () => Database;

/** Loads the driver. The driver is imported only when a test needs rows. */
export async function loadDatabase(): Promise<OpenDatabase> {
  const { default: Sqlite } = await import('better-sqlite3');
  return () => new Sqlite(':memory:');
}

/** Returns the statements for some events. */
export function statementsAfter(processor: Processor, events: readonly RecordedEvent[]): readonly TableStatement[] {
  const batch = processor.batch(new AbortController().signal);
  for (const event of events) {
    const opened = processor.open(event);
    if (opened !== undefined) batch.apply({ event, ...opened }, 0);
  }
  return batch.changes().statements ?? [];
}

/**
 * Returns the rows of a table after some events.
 * @param table the name that the handlers use.
 * @throws the driver's error if a statement fails or the table does not exist.
 */
export function rowsAfter(
  open: OpenDatabase,
  processor: Processor,
  events: readonly RecordedEvent[],
  table: string,
): readonly Row[] {
  const database = open();
  try {
    database.defaultSafeIntegers(true);
    for (const { sql } of processor.tables?.create ?? []) database.exec(sql);
    for (const { sql, parameters } of statementsAfter(processor, events)) database.prepare(sql).run(...parameters);
    const name = quoted(`${tablePrefix(processor.subscription)}${table}`);
    const rows = database.prepare(`select * from ${name}`).all() as Row[];
    return rows.map((row) => Object.fromEntries(Object.entries(row).map(([column, value]) => [column, exact(value)])));
  } finally {
    database.close();
  }
}

/** Returns a statement with the table names of its handler. */
export function withoutPrefix(processor: Processor, { sql, parameters }: TableStatement): TableStatement {
  return { sql: sql.replaceAll(tablePrefix(processor.subscription), ''), parameters };
}

function exact(value: unknown): unknown {
  return typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

/** Returns whether rows are exactly these, in any order. An expected row may leave out columns. */
export function sameRows(found: readonly Row[], expected: readonly Row[]): boolean {
  if (found.length !== expected.length) return false;
  const left = [...found];
  // An expected row with more columns matches fewer rows, so it is matched first.
  const specific = [...expected].sort((one, other) => Object.keys(other).length - Object.keys(one).length);
  return specific.every((row) => {
    const index = left.findIndex((candidate) => fits(candidate, row));
    if (index >= 0) left.splice(index, 1);
    return index >= 0;
  });
}

function fits(found: Row, expected: Row): boolean {
  return Object.entries(expected).every(([column, value]) => {
    const stored = found[column];
    return stored instanceof Uint8Array && value instanceof Uint8Array
      ? equalBytes(stored, value)
      : Object.is(stored, value);
  });
}

/** Returns rows for a failure message, with the expected columns only. */
export function showRows(rows: readonly Row[], expected: readonly Row[]): string[] {
  const columns = new Set(expected.flatMap((row) => Object.keys(row)));
  return rows.map((row) => {
    const shown = Object.entries(row).filter(([column]) => columns.size === 0 || columns.has(column));
    return showValue(Object.fromEntries(shown));
  });
}
