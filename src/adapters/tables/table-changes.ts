/**
 * Changes of rows as data: a handler inserts, upserts, updates or removes a row by naming its columns. The statement
 * for a set of columns is compiled once, and each event only adds its values. Kysely needs 15 to 30 µs to build and
 * compile the query of an upsert, and a change takes less than 1 µs (docs/benchmarks.md).
 */
import {
  type Compilable,
  type Insertable,
  type Kysely,
  type RawBuilder,
  type Selectable,
  type SqlBool,
  sql,
  type Updateable,
} from 'kysely';
import { DefinitionError } from '../../core/errors.ts';
import type { TableStatement } from '../../core/processors/processor-store.ts';
import { unknownName } from '../../core/unknown-names.ts';

/** A number to add to the number in a column. `add` makes it. */
export class Addition {
  readonly amount: number | bigint;

  constructor(amount: number | bigint) {
    this.amount = amount;
  }
}

/** A value for a column. A column of numbers accepts bigints, and a column with nulls stores `undefined` as null. */
export type ColumnValue<Value> =
  | Value
  | (null extends Value ? undefined : never)
  | (number extends Value ? bigint : never);

/** A value for a column, or an addition if the column contains numbers and no nulls. */
export type ChangedValue<Value> =
  | ColumnValue<Value>
  | (null extends Value ? never : number extends Value ? Addition : bigint extends Value ? Addition : never);

/** The columns of a new row. */
export type NewRow<Table> = { readonly [Column in keyof Insertable<Table>]: ColumnValue<Insertable<Table>[Column]> };

/** The columns that identify rows, with their values. */
export type RowKey<Table, Column extends keyof Selectable<Table>> = {
  readonly [Name in Column]: Exclude<ColumnValue<Selectable<Table>[Name]>, null | undefined>;
};

type Changed<Columns> = { readonly [Column in keyof Columns]: ChangedValue<Columns[Column]> };

/** The columns of an inserted or updated row, without those of its key. */
export type UpsertedColumns<Table, Key extends PropertyKey> = Changed<Omit<Insertable<Table>, Key>>;

/** The columns to change, without those of the key. */
export type UpdatedColumns<Table, Key extends PropertyKey> = Changed<Omit<Updateable<Table>, Key>>;

/**
 * Makes the changes that a handler returns. The functions change nothing themselves. They can be destructured: `({
 * insert }, { orderId }) => insert('orders', { order_id: orderId })`.
 */
export interface TableChanges<Tables> {
  /** Inserts a row. The event fails if the table has a row with the same key. */
  insert<Table extends keyof Tables & string>(table: Table, row: NewRow<Tables[Table]>): TableStatement;
  /**
   * Inserts a row, or sets its other columns if the table has a row with this key. The key must be the primary key or
   * have a unique constraint.
   * @example upsert('balances', { account }, { balance: add(amount), entries: add(1) })
   */
  upsert<Table extends keyof Tables & string, Key extends keyof Selectable<Tables[Table]> & string>(
    table: Table,
    key: RowKey<Tables[Table], Key>,
    columns: UpsertedColumns<Tables[Table], Key>,
  ): TableStatement;
  /** Sets columns of the rows with these values in the columns of the key. */
  update<Table extends keyof Tables & string, Key extends keyof Selectable<Tables[Table]> & string>(
    table: Table,
    key: RowKey<Tables[Table], Key>,
    columns: UpdatedColumns<Tables[Table], Key>,
  ): TableStatement;
  /** Removes the rows with these values in the columns of the key. */
  remove<Table extends keyof Tables & string, Key extends keyof Selectable<Tables[Table]> & string>(
    table: Table,
    key: RowKey<Tables[Table], Key>,
  ): TableStatement;
  /** Adds to the stored number, as the value of a column. A row that `upsert` inserts gets the number itself. */
  add(amount: number | bigint): Addition;
  /**
   * A Kysely without a database, for all other queries. It builds and compiles a query for each event, which takes
   * several times as long as the rest of the read model's work for the event.
   */
  readonly db: Kysely<Tables>;
}

type Columns = Readonly<Record<string, unknown>>;

const NO_COLUMNS: Columns = {};

/** The maximum number of shapes that are kept for one kind of change and one table. */
const MAX_SHAPES = 100;

/** The maximum number of cached statement texts, for all tables together. */
const MAX_TEXTS = 10_000;

/** The changes of a read model, and the texts of their statements. */
export interface KnownChanges<Tables> {
  readonly changes: TableChanges<Tables>;
  /** Returns whether a change has this text. */
  isText(sql: string): boolean;
  /**
   * Removes all cached statements if there are too many. It must not be called between making the statements of an
   * event and using them.
   */
  trim(): void;
}

/** The statement for a set of columns. */
interface Shape {
  readonly keys: readonly string[];
  readonly columns: readonly string[];
  /** True for each column that is added to. */
  readonly additions: readonly boolean[];
  readonly sql: string;
  /** The index of the value of each parameter, among the values of the keys and the columns. */
  readonly order: readonly number[];
}

/** Builds the query of a shape. Its parameters are the indexes of the values. */
type Build = (db: Kysely<Record<string, Columns>>, table: string, shape: Omit<Shape, 'sql' | 'order'>) => Compilable;

/**
 * Makes the changes of a read model.
 * @param db compiles the statements.
 * @param tables the names of the tables.
 */
export function tableChanges<Tables>(db: Kysely<Tables>, tables: ReadonlySet<string>): KnownChanges<Tables> {
  const texts = new Set<string>();
  const allShapes: Map<string, Shape[]>[] = [];
  const change = (name: string, build: Build, needs: { readonly key: boolean; readonly columns: boolean }) => {
    const shapes = new Map<string, Shape[]>();
    allShapes.push(shapes);
    return (table: string, key: Columns, columns: Columns): TableStatement => {
      let known = shapes.get(table);
      if (known === undefined) {
        if (!tables.has(table)) throw new DefinitionError(name, unknownName('table', table, [...tables]));
        known = [];
        shapes.set(table, known);
      }
      const place = `${name} ${table}`;
      const keyNames = Object.keys(key);
      const columnNames = Object.keys(columns);
      for (const shape of known)
        if (fits(shape, keyNames, columnNames, columns)) return bound(shape, place, key, columns);
      if (needs.key && keyNames.length === 0)
        throw new DefinitionError(place, 'expected a key with at least one column');
      if (needs.columns && columnNames.length === 0) throw new DefinitionError(place, 'expected at least one column');
      const both = keyNames.find((column) => Object.hasOwn(columns, column));
      if (both !== undefined)
        throw new DefinitionError(`${place}.${both}`, 'is in the key and in the columns; omit it from the columns');
      const additions = columnNames.map((column) => columns[column] instanceof Addition);
      const names = { keys: keyNames, columns: columnNames, additions };
      const compiled = build(db as never, table, names).compile();
      const shape: Shape = { ...names, sql: compiled.sql, order: compiled.parameters as readonly number[] };
      if (known.length >= MAX_SHAPES) known.length = 0;
      known.push(shape);
      texts.add(shape.sql);
      return bound(shape, place, key, columns);
    };
  };
  const insert = change('insert', insertQuery, { key: false, columns: true });
  const remove = change('remove', removeQuery, { key: true, columns: false });
  const changes: TableChanges<Tables> = {
    insert: (table, row) => insert(table, NO_COLUMNS, row as Columns),
    upsert: change('upsert', upsertQuery, { key: true, columns: false }) as TableChanges<Tables>['upsert'],
    update: change('update', updateQuery, { key: true, columns: true }) as TableChanges<Tables>['update'],
    remove: (table, key) => remove(table, key as Columns, NO_COLUMNS),
    add: (amount) => new Addition(amount),
    db,
  };
  return {
    changes,
    isText: (text) => texts.has(text),
    trim() {
      if (texts.size < MAX_TEXTS) return;
      texts.clear();
      for (const shapes of allShapes) shapes.clear();
    },
  };
}

function fits(shape: Shape, keys: readonly string[], names: readonly string[], columns: Columns): boolean {
  if (keys.length !== shape.keys.length || names.length !== shape.columns.length) return false;
  for (let index = 0; index < keys.length; index++) if (keys[index] !== shape.keys[index]) return false;
  for (let index = 0; index < names.length; index++) {
    const name = names[index]!;
    if (name !== shape.columns[index]) return false;
    if (columns[name] instanceof Addition !== shape.additions[index]) return false;
  }
  return true;
}

function bound(shape: Shape, place: string, key: Columns, columns: Columns): TableStatement {
  const values: unknown[] = [];
  for (const name of shape.keys) {
    const value = key[name];
    // In SQL, null equals no value, so such a change would silently change no row.
    if (value === undefined || value === null) {
      throw new DefinitionError(`${place}.${name}`, `expected a value for a column of the key, got ${String(value)}`);
    }
    values.push(value);
  }
  for (const name of shape.columns) {
    const value = columns[name];
    values.push(value instanceof Addition ? value.amount : (value ?? null));
  }
  return { sql: shape.sql, parameters: shape.order.map((index) => values[index]) };
}

const insertQuery: Build = (db, table, shape) => db.insertInto(table).values(indexes(shape));

const upsertQuery: Build = (db, table, shape) =>
  db
    .insertInto(table)
    .values(indexes(shape))
    .onConflict((conflict) => {
      const target = conflict.columns([...shape.keys]);
      if (shape.columns.length === 0) return target.doNothing();
      return target.doUpdateSet(
        Object.fromEntries(
          shape.columns.map((column, index) => {
            const given = sql`excluded.${sql.id(column)}`;
            return [column, shape.additions[index] === true ? sql`${stored(table, column)} + ${given}` : given];
          }),
        ),
      );
    });

const updateQuery: Build = (db, table, { keys, columns, additions }) => {
  const changes = columns.map((column, index) => {
    const given = sql.val(keys.length + index);
    return [column, additions[index] === true ? sql`${sql.id(column)} + ${given}` : given];
  });
  return db.updateTable(table).set(Object.fromEntries(changes)).where(equal(keys));
};

const removeQuery: Build = (db, table, { keys }) => db.deleteFrom(table).where(equal(keys));

/** Returns a row whose values are their indexes. */
function indexes({ keys, columns }: Pick<Shape, 'keys' | 'columns'>): Record<string, number> {
  return Object.fromEntries([...keys, ...columns].map((column, index) => [column, index]));
}

function equal(keys: readonly string[]): RawBuilder<SqlBool> {
  return sql.join(
    keys.map((column, index) => sql`${sql.id(column)} = ${index}`),
    sql` and `,
  );
}

/** Returns the stored value. PostgreSQL requires the name of the table, because `excluded` has the same columns. */
function stored(table: string, column: string): RawBuilder<unknown> {
  return sql`${sql.table(table)}.${sql.id(column)}`;
}
