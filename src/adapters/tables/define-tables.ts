/**
 * `defineTables`: a read model of tables. Its handlers return queries instead of running them, so that the queries of a
 * page of events and the new checkpoint are one transaction. A handler can therefore be tested without a database.
 */
import type { Immutable } from 'immer';
import {
  type Compilable,
  createQueryId,
  type Dialect,
  DummyDriver,
  Kysely,
  type OperationNodeSource,
  type RootOperationNode,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  sql,
} from 'kysely';
import type { Codec } from '../../core/codec/codec.ts';
import { msgpack } from '../../core/codec/msgpack.ts';
import {
  type CheckedEventSources,
  eventSources,
  eventSourceTable,
  type ReadEventDefinitions,
  readDefinitions,
} from '../../core/define/event-sources.ts';
import type { DataOf, Message, MessageOf, Source } from '../../core/define/message.ts';
import { checkHandlers, checkIdentity, eventTypeOf } from '../../core/define/message-table.ts';
import { fingerprint, fingerprintsOf } from '../../core/define/state-fingerprint.ts';
import { DefinitionError, FaultError } from '../../core/errors.ts';
import type { EventContext, EventSource } from '../../core/messages.ts';
import { mustBe } from '../../core/predicates.ts';
import { UnsupportedByStore } from '../../core/processors/capabilities.ts';
import { definitionText } from '../../core/processors/definition-text.ts';
import type { EventReading } from '../../core/processors/event-reading.ts';
import type { InlineProcessor } from '../../core/processors/inline-projection.ts';
import type { ProcessorStore, TableEngine, TableSetup, TableStatement } from '../../core/processors/processor-store.ts';
import type { Replacement } from '../../core/processors/system-parts.ts';
import { tablePrefix } from '../../core/processors/table-prefix.ts';
import type { EventType } from '../../core/types.ts';
import type { OptionNames } from '../../core/unknown-names.ts';
import { findForeign, findForeignTable } from './own-tables.ts';
import { type KnownChanges, type TableChanges, tableChanges } from './table-changes.ts';
import { shortName, TableNamesPlugin } from './table-names.ts';
import { TablesProcessor } from './tables-processor.ts';

/**
 * A change of the tables: a statement of `TableChanges`, or a query of its Kysely that inserts, updates or deletes rows
 * of the read model's own tables. All others are refused with the fault `invalid-change`.
 */
export type TableChange = TableStatement | Compilable;

/**
 * Creates the tables of this version: `(db) => [db.schema.createTable('lines')…]`. The types of the tables come from
 * `db`.
 */
export type Create<Tables> = (db: Kysely<Tables>) => readonly Compilable[];

/**
 * Returns the changes for an event: one, several, or `undefined`. The changes of a page are executed in the order of
 * the events, so a change can use the effects of earlier events.
 * @example ({ insert }, { orderId }) => insert('orders', { order_id: orderId })
 */
export type TableHandler<Tables, Data> = (
  tables: TableChanges<Tables>,
  data: Immutable<Data>,
  context: EventContext,
) => TableChange | readonly TableChange[] | undefined;

/** The parts of a table read model. */
export interface TablesDefinition<Tables, Events> {
  /** The name of the read model. Its tables and its progress are stored under the name and the version. */
  readonly name: string;
  /** The version of the read model. Raise it if the tables or the handlers change. The new version gets new tables. */
  readonly version: string;
  /**
   * The events that the read model reads: definitions of the deciders that own them. The keys are the read model's own
   * names.
   */
  readonly events: Events;
  /**
   * The codec of the deciders that own the events.
   * @default msgpack
   */
  readonly codec?: Codec;
  /** Returns the schema builders of Kysely that create the tables and their indexes. */
  readonly create: Create<Tables>;
  /**
   * Returns the key of an event, or `undefined` if the event does not concern the tables. Events with one key are
   * processed in order, even if they are parked.
   * @default the stream of the event
   */
  readonly key?: (event: NoInfer<MessageOf<Events>>, context: EventContext) => string | undefined;
  /** The handlers by event type. */
  readonly handle: {
    readonly [Type in keyof Events]: TableHandler<NoInfer<Tables>, DataOf<Events[Type]>>;
  };
}

/** Reads the tables of a read model. */
export interface TablesReader<Tables> extends AsyncDisposable {
  /** A Kysely with a separate, read-only connection. */
  readonly db: Kysely<Tables>;
  /** Closes the connection. */
  close(): Promise<void>;
}

/** A table read model for `defineSystem`. */
export interface TablesModule<Tables, Events> {
  readonly kind: 'tables';
  readonly name: string;
  readonly version: string;
  /** The names of its tables in handlers and readers. */
  readonly tables: readonly string[];
  readonly events: ReadEventDefinitions<Events>;
  /** The events that the read model reads, with their categories. */
  readonly sources: readonly EventSource[];
  /** Decodes and encodes the events like their deciders. */
  readonly eventType: EventType<MessageOf<Events>>;
  /** Returns the compiled queries for an event, for tests and for the runner. */
  statementsOf(event: MessageOf<Events>, context: EventContext): readonly TableStatement[];
  processor(processors: ProcessorStore, reading: EventReading, replacement?: Replacement): InlineProcessor;
  reader(processors: ProcessorStore): TablesReader<Tables>;
}

const NAMES: OptionNames<TablesDefinition<unknown, unknown>> = {
  name: true,
  version: true,
  events: true,
  codec: true,
  create: true,
  key: true,
  handle: true,
};

/**
 * Defines a read model of tables.
 *
 * @example
 * interface Statements {
 *   lines: { account_id: string; position: number; amount: number };
 * }
 *
 * const statements = defineTables({
 *   name: 'statements',
 *   version: '1',
 *   events: { Deposited: account.events.Deposited },
 *   create: (db: Kysely<Statements>) => [
 *     db.schema.createTable('lines')
 *       .addColumn('account_id', 'text', (column) => column.notNull())
 *       .addColumn('position', 'integer', (column) => column.primaryKey())
 *       .addColumn('amount', 'integer', (column) => column.notNull()),
 *   ],
 *   handle: {
 *     Deposited: ({ insert }, { accountId, amount }, { position }) =>
 *       insert('lines', { account_id: accountId, position, amount }),
 *   },
 * });
 *
 * @throws DefinitionError that names the invalid part.
 */
export function defineTables<Tables, const Events extends Readonly<Record<string, Source>>>(
  definition: TablesDefinition<Tables, Events> & { readonly events: CheckedEventSources<Events> },
): TablesModule<Tables, Events> {
  const name = checkIdentity(definition, NAMES, 'defineTables');
  const { version, codec = msgpack, key } = definition;
  if (typeof definition.create !== 'function') {
    throw new DefinitionError(`${name}.create`, mustBe('a function', definition.create));
  }
  if (key !== undefined && typeof key !== 'function') {
    throw new DefinitionError(`${name}.key`, mustBe('a function', key));
  }
  const events = eventSourceTable(definition.events, `${name}.events`);
  checkHandlers(definition.handle, events, 'event', `${name}.handle`, 'all');
  const tables = tablesOf(definition.create as Create<unknown>, `${name}.create`);
  const prefix = tablePrefix({ name, version });
  /** Makes the tables under prefixed names, and the queries that write them. */
  const underPrefix = (own: string, engine?: TableEngine): Compiled => {
    const compiler = compilerOf<Tables>(own, tables, engine);
    const known = tableChanges(compiler, tables);
    const accept = acceptorOf(
      compiler,
      known,
      new Set([...tables].map((table) => shortName(own + table, engine))),
      engine,
    );
    const handlers = new Map(Object.entries(definition.handle as Readonly<Record<string, AnyHandler<Tables>>>));
    return {
      setup: {
        create: definition.create(compiler).map(compiled),
        drop: [...tables].reverse().map((table) => compiled(compiler.schema.dropTable(table).ifExists())),
        ...(own === prefix
          ? {}
          : {
              replacing: {
                setup: compiledFor(engine).setup,
                rename: [...tables].map((table) => renamed(own + table, prefix + table, engine)),
              },
            }),
      },
      statementsOf: ({ type, data }, context) => {
        known.trim();
        const returned = handlers.get(type)?.(known.changes, data as never, context);
        if (returned === undefined) return [];
        return (Array.isArray(returned) ? returned : [returned]).map((change) => accept(change, name, type));
      },
    };
  };
  const { setup, statementsOf } = underPrefix(prefix);
  /** Returns the statements for an engine. The text of the definition has the statements for SQLite on every engine. */
  const compiledFor = (engine: TableEngine | undefined): Compiled =>
    engine === undefined ? { setup, statementsOf } : underPrefix(prefix, engine);
  const fingerprints = (): Readonly<Record<string, string>> => ({
    ...fingerprintsOf('handle', definition.handle as Readonly<Record<string, unknown>>),
    key: fingerprint(key),
  });
  const eventType: EventType<Message> = eventTypeOf<Message>(events, codec);
  return {
    kind: 'tables',
    name,
    version,
    tables: [...tables],
    events: readDefinitions(events) as ReadEventDefinitions<Events>,
    sources: eventSources(events),
    eventType: eventType as never,
    statementsOf,
    processor: ({ tables: { engine } = {} }, reading, replacement) =>
      new TablesProcessor({
        subscription: replacement?.subscription ?? { name, version },
        definition: definitionText(
          { events: eventSources(events), create: setup.create.map(({ sql }) => sql) },
          { codeFingerprints: fingerprints() },
        ),
        ...(replacement === undefined
          ? compiledFor(engine)
          : underPrefix(tablePrefix({ name: `${name}+${replacement.id}`, version }), engine)),
        canStore: (value) => engine?.canStore(value) ?? false,
        reading,
        eventType,
        keyOf: (event, context) => (key === undefined ? context.stream : key(event as never, context)),
      }),
    reader: (processors) => {
      if (processors.tables === undefined) throw new UnsupportedByStore(name, 'tables');
      const db = new Kysely<Tables>({
        dialect: processors.tables.readDialect() as Dialect,
        plugins: [new TableNamesPlugin(prefix, tables, processors.tables.engine)],
      });
      const close = (): Promise<void> => db.destroy();
      return { db, close, [Symbol.asyncDispose]: close };
    },
  };
}

/** The statements of a read model for an engine and a prefix of the table names. */
interface Compiled {
  readonly setup: TableSetup;
  readonly statementsOf: StatementsOf;
}

type StatementsOf = (event: Message, context: EventContext) => readonly TableStatement[];

type AnyHandler<Tables> = TableHandler<Tables, unknown>;

/** The maximum number of allowed queries whose texts are cached. */
const MAX_QUERIES = 1_000;

type Acceptor = (change: TableChange, model: string, type: string) => TableStatement;

/**
 * Makes the function that converts a change to a statement. The function accepts the statements of the read model's own
 * changes, and queries that write to its own tables.
 * @param own the names of the tables in the database.
 */
function acceptorOf<Tables>(
  compiler: Kysely<Tables>,
  known: KnownChanges<Tables>,
  own: ReadonlySet<string>,
  engine: TableEngine | undefined,
): Acceptor {
  const writes = new Set(['InsertQueryNode', 'UpdateQueryNode', 'DeleteQueryNode']);
  if (engine !== undefined) writes.add('MergeQueryNode');
  /** The texts of queries that were checked. The check depends only on the text. */
  const checked = new Set<string>();
  return (change, model, type) => {
    const { toOperationNode, sql: text } = (change ?? {}) as Partial<OperationNodeSource & TableStatement>;
    if (typeof text === 'string' && known.isText(text)) return change as TableStatement;
    if (typeof toOperationNode !== 'function') throw invalidChange(model, type, shownChange(change));
    const node = (change as unknown as OperationNodeSource).toOperationNode();
    if (!writes.has(node.kind)) throw invalidChange(model, type, `a query of the kind ${node.kind}`);
    const query = compiler.getExecutor().compileQuery(node as RootOperationNode, createQueryId());
    if (!checked.has(query.sql)) {
      const foreign = findForeign(node, own);
      if (foreign !== undefined) throw invalidChange(model, type, foreign.problem, foreign.table);
      if (checked.size >= MAX_QUERIES) checked.clear();
      checked.add(query.sql);
    }
    return { sql: query.sql, parameters: query.parameters };
  };
}

function invalidChange(model: string, type: string, given: string, table?: string): FaultError {
  return new FaultError({
    code: 'invalid-change',
    message:
      `${model}.handle.${type}: expected changes, such as insert(…), or queries of db that change rows ` +
      `in tables made by create, got ${given}`,
    details: [['model', model], ['type', type], ...(table === undefined ? [] : [['table', table] as const])],
  });
}

function shownChange(change: unknown): string {
  if (typeof change !== 'object' || change === null) return change === null ? 'null' : typeof change;
  const { sql: text } = change as Partial<TableStatement>;
  if (typeof text === 'string') return `the statement "${text}"; return the query without compile()`;
  return `an instance of ${change.constructor?.name ?? 'an object'}`;
}

/** Makes a Kysely that compiles queries and has no database. */
function compilerOf<Tables>(prefix: string, tables: ReadonlySet<string>, engine?: TableEngine): Kysely<Tables> {
  return new Kysely<Tables>({
    dialect: (engine?.compileDialect() as Dialect | undefined) ?? SQLITE,
    plugins: tables.size === 0 ? [] : [new TableNamesPlugin(prefix, tables, engine)],
  });
}

const SQLITE: Dialect = {
  createAdapter: () => new SqliteAdapter(),
  createDriver: () => new DummyDriver(),
  createIntrospector: (db) => new SqliteIntrospector(db),
  createQueryCompiler: () => new SqliteQueryCompiler(),
};

/** Returns the names of the tables that `create` makes. @throws DefinitionError if it makes no table. */
function tablesOf(create: Create<unknown>, place: string): ReadonlySet<string> {
  const names = new Set<string>();
  const nodes: RootOperationNode[] = [];
  const queries = create(compilerOf('', new Set()));
  if (!Array.isArray(queries)) throw new DefinitionError(place, 'must return an array of schema builders');
  for (const query of queries) {
    const node = (query as Partial<OperationNodeSource>).toOperationNode?.();
    if (node === undefined) continue;
    nodes.push(node as RootOperationNode);
    if (node.kind !== 'CreateTableNode') continue;
    names.add((node as unknown as CreatedTable).table.table.identifier.name);
  }
  if (names.size === 0) throw new DefinitionError(place, 'must create at least one table');
  for (const node of nodes) {
    const foreign = findForeignTable(node, names);
    if (foreign !== undefined) throw new DefinitionError(place, `must not contain ${foreign.problem}`);
  }
  return names;
}

interface CreatedTable {
  readonly table: { readonly table: { readonly identifier: { readonly name: string } } };
}

/** Renames a table. Its indexes keep their names. */
function renamed(from: string, to: string, engine: TableEngine | undefined): TableStatement {
  // The schema builder would interpret the text before a dot, as in a version, as the name of a schema.
  const query = sql`alter table ${sql.id(shortName(from, engine))} rename to ${sql.id(shortName(to, engine))}`;
  return compiled({ compile: () => query.compile(compilerOf('', new Set(), engine)) });
}

function compiled(query: Compilable): TableStatement {
  const { sql: text, parameters } = query.compile();
  return { sql: text, parameters };
}
