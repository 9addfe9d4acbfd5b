/**
 * Changes of a file that its owner did not make. Each column of each row is changed, set to null and swapped with that
 * of another row. Rows and the entries of indexes are deleted, copied and inserted. SQLite's own guards
 * (constraints, types, the relation of tables and indexes) are switched off, because a damaged page does not respect
 * them.
 */
import { copyFileSync } from 'node:fs';
import Sqlite from 'better-sqlite3';

export interface Attack {
  readonly name: string;
  run(file: string): void;
}

type Value = number | string | Buffer | null;
type Row = Record<string, Value>;

/** All attacks on a file, in an order that does not change. */
export function attacksOn(file: string): readonly Attack[] {
  const database = new Sqlite(file, { readonly: true });
  const tables = database
    .prepare<[], string>(
      `select name from sqlite_schema where type = 'table' and name not like 'sqlite_%' order by name`,
    )
    .pluck()
    .all();
  const attacks = tables.flatMap((table) => attacksOnTable(database, table));
  const indexes = database
    .prepare<[], IndexEntry>(`select name, tbl_name, rootpage from sqlite_schema where type = 'index' order by name`)
    .all();
  attacks.push(...indexes.flatMap((index) => attacksOnIndex(database, file, index)));
  database.close();
  return attacks;
}

function attacksOnTable(database: Sqlite.Database, table: string): Attack[] {
  const rows = database
    .prepare<[], Row & { row_id: number }>(`select rowid as row_id, * from ${table} order by rowid`)
    .all();
  const columns = database.pragma(`table_info(${table})`) as { name: string }[];
  const attacks: Attack[] = [];
  const attack = (name: string, change: (open: Sqlite.Database) => void): void => {
    attacks.push({ name: `${table}: ${name}`, run: (file) => unguarded(file, table, change) });
  };
  for (const [index, row] of rows.entries()) {
    const rowid = row.row_id;
    for (const { name: column } of columns) {
      for (const value of othersThan(row[column] ?? null)) {
        attack(`row ${rowid}, ${column} becomes ${shown(value)}`, (open) =>
          open.prepare(`update ${table} set ${column} = ? where rowid = ?`).run(value, rowid),
        );
      }
      for (const other of rows.slice(index + 1)) {
        if (String(other[column]) === String(row[column])) continue;
        attack(`rows ${rowid} and ${other.row_id} swap ${column}`, (open) => swap(open, table, column, row, other));
      }
    }
    for (const other of rows.slice(index + 1)) {
      attack(`rows ${rowid} and ${other.row_id} swap their ids`, (open) => {
        const move = open.prepare(`update ${table} set rowid = ? where rowid = ?`);
        move.run(-1, rowid);
        move.run(rowid, other.row_id);
        move.run(other.row_id, -1);
      });
    }
    attack(`row ${rowid} is deleted`, (open) => open.prepare(`delete from ${table} where rowid = ?`).run(rowid));
    for (const id of [rowid + 1000, -rowid]) {
      attack(`row ${rowid} is copied to ${id}`, (open) => insert(open, table, { ...row, row_id: id }));
    }
    for (const { name: column } of columns) {
      const [value] = othersThan(row[column] ?? null);
      attack(`row ${rowid} is copied with another ${column}`, (open) =>
        insert(open, table, { ...row, row_id: rowid + 1000, [column]: value ?? null }),
      );
    }
  }
  return attacks;
}

/** Other values of the same type, and values of other types. */
function othersThan(value: Value): Value[] {
  const others = ((): Value[] => {
    if (value === null) return [0, 'other', Buffer.of(1)];
    if (typeof value === 'number') return [value + 1, value - 1, value + 1000, -1, 2 ** 60, 1.5, null, String(value)];
    if (typeof value === 'string') return [`${value}x`, `x${value}`, '', '{}', null, 5, Buffer.from(value)];
    return [
      Buffer.from(value.map((byte) => byte ^ 1)),
      value.subarray(1),
      Buffer.of(),
      null,
      value.toString('latin1'),
      5,
    ];
  })();
  return others.filter((other) => shown(other) !== shown(value));
}

function shown(value: Value | undefined): string {
  return Buffer.isBuffer(value) ? `x'${value.toString('hex').slice(0, 20)}'/${value.length}` : JSON.stringify(value);
}

function swap(open: Sqlite.Database, table: string, column: string, row: Row, other: Row): void {
  const set = open.prepare(`update ${table} set ${column} = ? where rowid = ?`);
  const isKey = row[column] === row.row_id && other[column] === other.row_id;
  // The values are swapped by way of a third value, because the column may be unique.
  set.run(-1000, row.row_id ?? null);
  set.run(row[column] ?? null, other.row_id ?? null);
  set.run(other[column] ?? null, isKey ? -1000 : (row.row_id ?? null));
}

function insert(open: Sqlite.Database, table: string, row: Row): void {
  const { row_id: rowid, ...columns } = row;
  const key = open.pragma(`table_info(${table})`) as { name: string; pk: number }[];
  const primary = key.find(({ pk }) => pk === 1)?.name;
  if (primary !== undefined) columns[primary] = rowid ?? null;
  const names = Object.keys(columns);
  const all = primary === undefined ? ['rowid', ...names] : names;
  const values = primary === undefined ? [rowid, ...Object.values(columns)] : Object.values(columns);
  open.prepare(`insert into ${table} (${all}) values (${all.map(() => '?')})`).run(...values);
}

interface IndexEntry {
  readonly name: string;
  readonly tbl_name: string;
  readonly rootpage: number;
}

/**
 * An index is a table without row ids, whose key is the columns of the index and the row id. Under another name in the
 * schema, it can be changed like one.
 */
function attacksOnIndex(database: Sqlite.Database, file: string, index: IndexEntry): Attack[] {
  const columns = (database.pragma(`index_info(${index.name})`) as { name: string }[]).map(({ name }) => name);
  const keys = [...columns, 'row'];
  const attacks: Attack[] = [];
  const attack = (name: string, change: (open: Sqlite.Database) => void): void => {
    attacks.push({ name: `index ${index.name}: ${name}`, run: (path) => disguised(path, index, keys, change) });
  };
  let entries: Row[] = [];
  const copy = `${file}.imposter`;
  copyFileSync(file, copy);
  disguised(copy, index, keys, (open) => {
    entries = open.prepare<[], Row>('select * from imposter').all();
  });
  const where = keys.map((key) => `${key} is ?`).join(' and ');
  for (const entry of entries) {
    const old = keys.map((key) => entry[key] ?? null);
    const label = old.map(shown).join(', ');
    attack(`entry ${label} is deleted`, (open) => open.prepare(`delete from imposter where ${where}`).run(...old));
    for (const key of keys) {
      // A table without row ids has no nulls in its key.
      const values = othersThan(entry[key] ?? null).filter((value) => value !== null);
      for (const value of values.slice(0, 4)) {
        attack(`entry ${label}, ${key} becomes ${shown(value)}`, (open) =>
          open.prepare(`update or replace imposter set ${key} = ? where ${where}`).run(value, ...old),
        );
        attack(`entry ${label} is copied with ${key} ${shown(value)}`, (open) =>
          open
            .prepare(`insert or replace into imposter values (${keys.map(() => '?')})`)
            .run(...keys.map((name) => (name === key ? value : (entry[name] ?? null)))),
        );
      }
    }
    for (const other of entries) {
      if (other.row === entry.row) continue;
      attack(`entry ${label} leads to row ${other.row}`, (open) =>
        open.prepare(`update or replace imposter set row = ? where ${where}`).run(other.row ?? null, ...old),
      );
    }
  }
  return attacks;
}

interface Definition {
  readonly rowid: number;
  readonly type: string;
  readonly name: string;
  readonly tbl_name: string;
  readonly rootpage: number;
  readonly sql: string | null;
}

/**
 * Changes a table whose definition has lost its constraints and types for as long as the change takes. If a unique
 * index does not allow the change, the indexes are hidden too, and do not follow it.
 */
function unguarded(file: string, table: string, change: (open: Sqlite.Database) => void): void {
  for (const hidden of [false, true]) {
    if (isDone(file, table, hidden, change)) return;
  }
}

function isDone(file: string, table: string, hidden: boolean, change: (open: Sqlite.Database) => void): boolean {
  let definitions: readonly Definition[] = [];
  schema(file, (open) => {
    definitions = open
      .prepare<[string], Definition>('select rowid, * from sqlite_schema where tbl_name = ?')
      .all(table);
    const sql = definitions.find(({ type }) => type === 'table')?.sql ?? '';
    open.prepare('update sqlite_schema set sql = ? where name = ?').run(loosened(sql, hidden), table);
    if (hidden) open.prepare(`delete from sqlite_schema where type = 'index' and tbl_name = ?`).run(table);
  });
  const open = new Sqlite(file);
  open.pragma('foreign_keys = off');
  let isRefused = false;
  open.exec('begin');
  try {
    change(open);
    open.exec('commit');
  } catch (error) {
    if (!(error instanceof Sqlite.SqliteError) || !/^SQLITE_(CONSTRAINT|MISMATCH)/.test(error.code)) throw error;
    // A row id is a unique whole number, even without a schema.
    isRefused = true;
    open.exec('rollback');
  }
  open.close();
  schema(file, (again) => {
    again.prepare('delete from sqlite_schema where tbl_name = ?').run(table);
    const restore = again.prepare(
      'insert into sqlite_schema (rowid, type, name, tbl_name, rootpage, sql) values (?, ?, ?, ?, ?, ?)',
    );
    for (const { rowid, type, name, tbl_name, rootpage, sql } of definitions) {
      restore.run(rowid, type, name, tbl_name, rootpage, sql);
    }
  });
  return !isRefused;
}

function loosened(sql: string, hidden: boolean): string {
  const loose = sql
    .replaceAll(/ not null/g, '')
    .replaceAll(/ strict$/g, '')
    .replaceAll(/ (integer|text|blob)(?! primary key)/g, '');
  return hidden
    ? loose.replaceAll(/ unique(?! \()/g, '').replaceAll(/, constraint "\w+" unique \([^)]*\)/g, '')
    : loose;
}

function disguised(
  file: string,
  { rootpage }: IndexEntry,
  keys: readonly string[],
  change: (open: Sqlite.Database) => void,
): void {
  const sql = `create table imposter (${keys}, primary key (${keys})) without rowid`;
  schema(file, (open) =>
    open.prepare(`insert into sqlite_schema values ('table', 'imposter', 'imposter', ?, ?)`).run(rootpage, sql),
  );
  const open = new Sqlite(file);
  change(open);
  open.close();
  schema(file, (again) => again.exec(`delete from sqlite_schema where name = 'imposter'`));
}

function schema(file: string, change: (open: Sqlite.Database) => void): void {
  const open = new Sqlite(file);
  open.unsafeMode(true);
  open.pragma('writable_schema = on');
  change(open);
  open.close();
}
