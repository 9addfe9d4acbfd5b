/** `decidable/tables`: read models that are tables of a database, written and read with Kysely. */
export {
  type Create,
  defineTables,
  type TableHandler,
  type TablesDefinition,
  type TablesModule,
  type TablesReader,
} from './define-tables.ts';
export type { Placeholder, Placeholders, PreparedTableHandler } from './prepared-queries.ts';
