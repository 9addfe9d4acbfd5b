/** `decidable/tables`: read models that are tables of a database, written and read with Kysely. */

export type { TableStatement } from '../../core/processors/processor-store.ts';
export {
  type Create,
  defineTables,
  type TableChange,
  type TableHandler,
  type TablesDefinition,
  type TablesModule,
  type TablesReader,
} from './define-tables.ts';
export type {
  Addition,
  ChangedValue,
  ColumnValue,
  NewRow,
  RowKey,
  TableChanges,
  UpdatedColumns,
  UpsertedColumns,
} from './table-changes.ts';
