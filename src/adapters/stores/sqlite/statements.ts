/** The queries of the event store, built and typed by Kysely (`schema.ts`), and prepared once for each connection. */
import type { Database, Statement } from 'better-sqlite3';
import { type Compilable, sql } from 'kysely';
import type { Direction } from '../../../core/event-store.ts';
import { type CommandTypeRow, type DecisionRow, type EventRow, payloadOf, type SnapshotRow } from './rows.ts';
import { bound, compiler, ofEvent } from './schema.ts';

const decisionColumns = [
  'decisions.id',
  sql<string>`hex(decisions.command_id)`.as('command_id'),
  'decisions.stream_id',
  'decisions.command_type_id',
  payloadOf('decisions'),
  'decisions.seen_revision',
  'decisions.event_count',
  'decisions.revision',
  'decisions.rejection',
  'decisions.causation_id',
  'decisions.correlation_id',
  'decisions.actor',
  'decisions.key_id',
  'decisions.recorded_at',
  sql<string>`hex(decisions.hash)`.as('hash'),
] as const;

const number = bound<number>();
const text = bound<string>();
const bytes = bound<Uint8Array>();

/** Selects the values of a bound JSON array. */
const listed = sql<string>`(select value from json_each(?))`;

/** Selects events with their decisions. In SQLite, a cross join fixes the order of the loops: events first. */
const selectEvents = compiler
  .selectFrom('events')
  .leftJoin('decisions', ofEvent)
  .select([
    'events.position',
    'events.stream_id',
    'events.revision',
    'events.event_type_id',
    payloadOf('events'),
    sql<string>`hex(decisions.command_id)`.as('command_id'),
    'decisions.command_type_id',
    sql<number>`events.revision - decisions.revision + decisions.event_count - 1`.as('index'),
    'decisions.correlation_id',
    'decisions.recorded_at',
  ]);

export interface Statements {
  /** Begins a transaction whose view of the file stays the same until `endRead`. */
  readonly beginRead: Statement<[]>;
  readonly endRead: Statement<[]>;
  /**
   * Reads a number that changes when another connection has committed
   * (https://www.sqlite.org/pragma.html#pragma_data_version).
   */
  readonly dataVersion: Statement<[], number>;
  readonly lastPosition: Statement<[], number | null>;
  readonly lastDecision: Statement<[], number | null>;
  readonly streamId: Statement<[name: string], number>;
  readonly streamName: Statement<[id: number], unknown>;
  /** Selects the names of streams. The ids are a JSON array. */
  readonly streamNames: Statement<[ids: string], [id: number, name: unknown]>;
  readonly head: Statement<[streamId: number, again: number], [revision: unknown, hash: unknown]>;
  readonly addStream: Statement<[name: string]>;
  readonly eventTypeId: Statement<[category: string, type: string, schemaVersion: number], number>;
  readonly eventType: Statement<[id: number], [type: unknown, schemaVersion: unknown]>;
  readonly addEventType: Statement<[category: string, type: string, schemaVersion: number]>;
  /** Selects the ids of event types. The parameter is a JSON array. */
  readonly eventTypesOfCategories: Statement<[categories: string], number>;
  readonly eventTypesOfNames: Statement<[types: string], number>;
  readonly eventTypesOfBoth: Statement<[categories: string, types: string], number>;
  /** Selects the ids of event types. The parameter is a JSON array of pairs of a category and a type. */
  readonly eventTypesOfEvents: Statement<[events: string], number>;
  readonly commandTypeId: Statement<CommandTypeRow, number>;
  readonly commandType: Statement<[id: number], Unchecked<CommandTypeRow>>;
  readonly addCommandType: Statement<CommandTypeRow>;
  readonly addDecision: Statement<DecisionValues>;
  readonly addEvent: Statement<
    [position: number, streamId: number, revision: number, decisionId: number, eventTypeId: number, payload: Uint8Array]
  >;
  readonly decisionByCommand: Statement<[commandId: Uint8Array], DecisionRow>;
  /** Selects the events of a stream after revision `after`, up to `last`. */
  readonly payloads: Statement<[streamId: number, after: number, last: number], PayloadRow>;
  /** Selects decisions in the order of their commits. */
  readonly logForward: Statement<[afterId: number, limit: number], DecisionRow>;
  readonly logBackward: Statement<[beforeId: number, limit: number], DecisionRow>;
  readonly streams: Statement<[afterId: number, limit: number], [id: number, name: unknown]>;
  readonly streamForward: Statement<[streamId: number, from: number, limit: number], EventRow>;
  readonly streamBackward: Statement<[streamId: number, from: number, limit: number], EventRow>;
  readonly allForward: Statement<[after: number, limit: number], EventRow>;
  readonly allBackward: Statement<[before: number, limit: number], EventRow>;
  /** Selects the events of some types by a scan of all events. The ids of the types are a JSON array. */
  readonly scanForward: Statement<[types: string, after: number, limit: number], EventRow>;
  readonly scanBackward: Statement<[types: string, before: number, limit: number], EventRow>;
  readonly loadSnapshot: Statement<[stream: string, moduleName: string, moduleVersion: string], SnapshotRow>;
  readonly saveSnapshot: Statement<
    [
      stream: string,
      moduleName: string,
      moduleVersion: string,
      revision: number,
      contentType: string,
      state: Uint8Array,
      checksum: Uint8Array,
    ]
  >;
  readonly dropSnapshot: Statement<[stream: string, moduleName: string, moduleVersion: string]>;
}

type DecisionValues = [
  id: number,
  commandId: Uint8Array,
  streamId: number,
  commandTypeId: number,
  payload: Uint8Array,
  seenRevision: number | null,
  eventCount: number,
  revision: number | null,
  rejection: string | null,
  causationId: string | null,
  correlationId: string | null,
  actor: string | null,
  keyId: string | null,
  recordedAt: number,
  hash: Uint8Array,
];

/** The columns of a row before they are checked. */
type Unchecked<Row extends unknown[]> = { [Column in keyof Row]: unknown };

type PayloadRow = [eventTypeId: unknown, payload: unknown];

/**
 * The maximum number of branches of a merged read. With more of them, a scan of the whole table is faster.
 */
export const MAX_BRANCHES = 64;

/**
 * Selects events of up to {@link MAX_BRANCHES} types in the order of their positions. It reads the first `limit` events
 * of each type from the index and merges them. (With `in`, SQLite would sort all matches for each page.) The parameters
 * are the id, the position and the limit of each type, and then the limit.
 */
export function prepareMerged(database: Database, direction: Direction, types: number): Statement<number[], EventRow> {
  const [behind, order] = direction === 'forward' ? (['>', 'asc'] as const) : (['<', 'desc'] as const);
  const branch = compiler.selectFrom(
    compiler
      .selectFrom('events')
      .select('position')
      .where('event_type_id', '=', number)
      .where('position', behind, number)
      .orderBy('position', order)
      .limit(number)
      .as('branch'),
  );
  let merged = branch.select('position');
  for (let more = 1; more < types; more++) merged = merged.unionAll(branch.select('position'));
  return rows(
    database,
    selectEvents.where('events.position', 'in', merged).orderBy('events.position', order).limit(number),
  );
}

/** Prepares a query whose rows are arrays, which take a third of the time of objects. */
export function rows<Values extends unknown[], Row>(database: Database, query: Compilable): Statement<Values, Row> {
  return statement<Values, Row>(database, query).raw();
}

/** Prepares a query with one column. It returns the column's value instead of a row. */
export function values<Values extends unknown[], Value>(
  database: Database,
  query: Compilable,
): Statement<Values, Value> {
  return statement<Values, Value>(database, query).pluck();
}

export function statement<Values extends unknown[], Row>(
  database: Database,
  query: Compilable,
): Statement<Values, Row> {
  const { sql: text, parameters } = query.compile();
  if (parameters.length > 0) throw new Error(`the query contains a literal value; use bound() instead: ${text}`);
  // The driver's types test whether `Values` is an array, even though it is declared as one.
  return database.prepare(independentOfValues(text)) as Statement<Values, Row>;
}

/**
 * Returns a query whose plan does not depend on the bound values. SQLite reads the value of a plain placeholder when it
 * plans a query with a join, an order or a limit. It plans it again before each run, because the value may have
 * changed. That takes as long as `prepare`: 25 µs for the events of a stream, and 65 µs for a page of commits. SQLite
 * does not read the operand of a unary plus, which changes nothing else.
 */
function independentOfValues(text: string): string {
  return text.replaceAll('?', '+?');
}

export function prepareStatements(database: Database): Statements {
  const { fn } = compiler;
  const decisions = compiler.selectFrom('decisions').select(decisionColumns);
  const ofStream = selectEvents.where('events.stream_id', '=', number).limit(number);
  const lastEvent = compiler
    .selectFrom('events')
    .select('decision_id as id')
    .where('stream_id', '=', number)
    .orderBy('revision', 'desc')
    .limit(sql.lit(1))
    .as('last_event');
  const lastWithoutEvents = compiler
    .selectFrom('decisions')
    .select('id')
    .where('stream_id', '=', number)
    .where('event_count', '=', sql.lit(0))
    .orderBy('id', 'desc')
    .limit(sql.lit(1))
    .as('last_without_events');
  const eventTypeIds = compiler.selectFrom('event_types').select('id');
  // The unary plus prevents SQLite from using the index of types, whose matches it would have to sort for each page.
  const scan = selectEvents.where(
    sql<boolean>`+${sql.ref('events.event_type_id')} in (select value from json_each(?))`,
  );
  const snapshot = { stream: text, module_name: text, module_version: text };
  return {
    beginRead: database.prepare<[]>('BEGIN'),
    endRead: database.prepare<[]>('COMMIT'),
    dataVersion: database.prepare<[], number>('PRAGMA data_version').pluck(),
    lastPosition: values(database, compiler.selectFrom('events').select(fn.max('position').as('last'))),
    lastDecision: values(database, compiler.selectFrom('decisions').select(fn.max('id').as('last'))),

    streamId: values(database, compiler.selectFrom('streams').select('id').where('name', '=', text)),
    streamName: values(database, compiler.selectFrom('streams').select('name').where('id', '=', number)),
    streamNames: rows(
      database,
      compiler
        .selectFrom('streams')
        .select(['id', 'name'])
        .where('id', 'in', sql<number>`(select value from json_each(?))`),
    ),
    head: rows(
      database,
      compiler
        .selectFrom('decisions')
        .select(['revision', 'hash'])
        .where('id', '=', (query) =>
          query
            .selectFrom(
              query
                .selectFrom(lastEvent)
                .select('id')
                .unionAll(query.selectFrom(lastWithoutEvents).select('id'))
                .as('last'),
            )
            .select((last) => last.fn.max('id').as('id')),
        ),
    ),
    addStream: statement(database, compiler.insertInto('streams').values({ name: text })),

    eventTypeId: values(
      database,
      compiler
        .selectFrom('event_types')
        .select('id')
        .where('category', '=', text)
        .where('type', '=', text)
        .where('schema_version', '=', number),
    ),
    eventType: rows(
      database,
      compiler.selectFrom('event_types').select(['type', 'schema_version']).where('id', '=', number),
    ),
    addEventType: statement(
      database,
      compiler.insertInto('event_types').values({ category: text, type: text, schema_version: number }),
    ),
    eventTypesOfCategories: values(database, eventTypeIds.where('category', 'in', listed)),
    eventTypesOfNames: values(database, eventTypeIds.where('type', 'in', listed)),
    eventTypesOfBoth: values(database, eventTypeIds.where('category', 'in', listed).where('type', 'in', listed)),
    eventTypesOfEvents: values(
      database,
      eventTypeIds.where(sql<boolean>`(category, type) in (select value ->> 0, value ->> 1 from json_each(?))`),
    ),
    commandTypeId: values(
      database,
      compiler
        .selectFrom('command_types')
        .select('id')
        .where('module_name', '=', text)
        .where('module_version', '=', text)
        .where('module_digest', 'is', bytes)
        .where('content_type', '=', text)
        .where('type', '=', text)
        .where('schema_version', '=', number),
    ),
    commandType: rows(
      database,
      compiler
        .selectFrom('command_types')
        .select(['module_name', 'module_version', 'module_digest', 'content_type', 'type', 'schema_version'])
        .where('id', '=', number),
    ),
    addCommandType: statement(
      database,
      compiler.insertInto('command_types').values({
        module_name: text,
        module_version: text,
        module_digest: bytes,
        content_type: text,
        type: text,
        schema_version: number,
      }),
    ),

    addDecision: statement(
      database,
      compiler
        .insertInto('decisions')
        .values({
          id: number,
          command_id: bytes,
          stream_id: number,
          command_type_id: number,
          payload: bytes,
          seen_revision: number,
          event_count: number,
          revision: number,
          rejection: text,
          causation_id: text,
          correlation_id: text,
          actor: text,
          key_id: text,
          recorded_at: number,
          hash: bytes,
        })
        .onConflict((conflict) => conflict.column('command_id').doNothing()),
    ),
    addEvent: statement(
      database,
      compiler.insertInto('events').values({
        position: number,
        stream_id: number,
        revision: number,
        decision_id: number,
        event_type_id: number,
        payload: bytes,
      }),
    ),

    decisionByCommand: rows(database, decisions.where('command_id', '=', bytes)),
    payloads: rows(
      database,
      compiler
        .selectFrom('events')
        .select(['event_type_id', payloadOf('events')])
        .where('stream_id', '=', number)
        .where('revision', '>', number)
        .where('revision', '<=', number)
        .orderBy('revision'),
    ),
    logForward: rows(database, decisions.where('id', '>', number).orderBy('id').limit(number)),
    logBackward: rows(database, decisions.where('id', '<', number).orderBy('id', 'desc').limit(number)),
    streams: rows(
      database,
      compiler.selectFrom('streams').select(['id', 'name']).where('id', '>', number).orderBy('id').limit(number),
    ),
    streamForward: rows(database, ofStream.where('events.revision', '>=', number).orderBy('events.revision')),
    streamBackward: rows(database, ofStream.where('events.revision', '<=', number).orderBy('events.revision', 'desc')),
    allForward: rows(
      database,
      selectEvents.where('events.position', '>', number).orderBy('events.position').limit(number),
    ),
    allBackward: rows(
      database,
      selectEvents.where('events.position', '<', number).orderBy('events.position', 'desc').limit(number),
    ),

    scanForward: rows(database, scan.where('events.position', '>', number).orderBy('events.position').limit(number)),
    scanBackward: rows(
      database,
      scan.where('events.position', '<', number).orderBy('events.position', 'desc').limit(number),
    ),

    loadSnapshot: rows(
      database,
      compiler
        .selectFrom('snapshots')
        .select(['revision', 'content_type', 'state', 'checksum'])
        .where('stream', '=', text)
        .where('module_name', '=', text)
        .where('module_version', '=', text),
    ),
    saveSnapshot: statement(
      database,
      compiler
        .insertInto('snapshots')
        .values({ ...snapshot, revision: number, content_type: text, state: bytes, checksum: bytes })
        .onConflict((conflict) =>
          conflict
            .columns(['stream', 'module_name', 'module_version'])
            .doUpdateSet((row) => ({
              revision: row.ref('excluded.revision'),
              content_type: row.ref('excluded.content_type'),
              state: row.ref('excluded.state'),
              checksum: row.ref('excluded.checksum'),
            }))
            .whereRef('excluded.revision', '>=', 'snapshots.revision'),
        ),
    ),
    dropSnapshot: statement(
      database,
      compiler
        .deleteFrom('snapshots')
        .where('stream', '=', text)
        .where('module_name', '=', text)
        .where('module_version', '=', text),
    ),
  };
}
