/** `testTables`: tests of a table read model in the form given events, then rows. */
import type { Kysely } from 'kysely';
import type { Envelope, EventContext, EventType, RecordedEvent } from '../../core/index.ts';
import { EventReading } from '../../core/processors/event-reading.ts';
import type { Processor } from '../../core/processors/processor.ts';
import type { ProcessorStore, TableStatement } from '../../core/processors/processor-store.ts';
import type { AnyTables } from '../../core/processors/system-parts.ts';
import { runIsolated } from './ambient/without-ambient.ts';
import { checkContext, contextAt } from './context.ts';
import { ExpectationError, type Story } from './expectation.ts';
import { type Said, Saying } from './sentence.ts';
import { showMessage, showValue } from './show.ts';
import { envelopesOf, type StoredEvent, shownEvent } from './stored-event.ts';
import { loadDatabase, rowsAfter, sameRows, showRows, statementsAfter, withoutPrefix } from './tables-engine.ts';

/** A table read model of `decidable/tables` with the types of its tables. */
export interface TablesModel<Tables> extends AnyTables {
  reader(processors: ProcessorStore): { readonly db: Kysely<Tables> };
}

/** A table read model with its events. */
export interface TablesUnderTest<Tables, Event> extends TablesModel<Tables> {
  readonly eventType: EventType<Event>;
}

/** A row with the columns that a test compares. */
export type ExpectedRow<Row> = Row extends object ? { readonly [Column in keyof Row]?: Row[Column] } : never;

/**
 * The expectations about the tables. An expectation throws an {@link ExpectationError} if it fails, and otherwise
 * returns the sentence, so that another expectation can follow.
 */
export interface TablesThen<Tables> {
  /** Expects exactly these rows of one table, in any order. A row may leave out columns. */
  thenRows<Table extends keyof Tables & string>(table: Table, rows: readonly ExpectedRow<Tables[Table]>[]): Said<this>;
  /** Expects exactly these statements of the last event, in order, with the table names of the handler. */
  thenStatements(...statements: readonly TableStatement[]): Said<this>;
  /** Expects that the last event changes no table. */
  thenNothing(): Said<this>;
}

/** A test of a table read model with its events so far. */
export interface TablesGiven<Tables, Event> extends TablesThen<Tables> {
  /**
   * Adds the next event.
   * @param context the context that a store would add. Missing fields have the same values in each test.
   */
  when(event: Event, context?: Partial<EventContext>): TablesGiven<Tables, Event>;
}

/** The start of a test of a table read model. */
export interface TablesTest<Tables, Event> {
  /** Sets the events, with the oldest first. */
  given(...events: readonly (Event | StoredEvent)[]): TablesGiven<Tables, Event>;
}

/** A placeholder for the store, which is not used because the test passes the events. */
const NO_PROCESSORS = {} as ProcessorStore;

/**
 * Starts tests of a table read model. Its handlers run without clock, randomness and the rest of the ambient world. For
 * each expectation of rows, their statements run on a new database in memory. The tests need better-sqlite3, which is
 * installed with this package.
 *
 * @example
 * const { given } = await testTables(statements);
 * given(opened, deposited).thenRows('lines', [{ text: 'opened' }, { text: 'deposit', amount: 1250 }]);
 */
export async function testTables<Tables, Event>(
  model: TablesUnderTest<Tables, Event>,
): Promise<TablesTest<Tables, Event>> {
  const open = await loadDatabase();
  const processor = model.processor(NO_PROCESSORS, new EventReading([]));
  const after = (happened: readonly Happened<Event>[]): TablesGiven<Tables, Event> => {
    const events = runIsolated(() => recorded(model.eventType, happened));
    const story: Story = [['given', happened.map(({ event }) => showMessage(shownEvent(event)))]];
    const saying = new Saying<TablesGiven<Tables, Event>>();
    const held = (): never => saying.held(self) as never; // Every expectation returns `this`.
    const exactly = (expected: readonly TableStatement[]): never => {
      const found = runIsolated(() => statementsOfLast(processor, events));
      if (showStatements(found).join('\n') === showStatements(expected).join('\n')) return held();
      throw new ExpectationError(story, showStatements(expected), showStatements(found));
    };
    const self: TablesGiven<Tables, Event> = {
      when: (event, context = {}) => {
        checkContext('testTables', context);
        return after([...happened, { event, context }]);
      },
      thenRows(table, rows) {
        const found = rowsAfter(open, processor, events, table);
        if (sameRows(found, rows)) return held();
        throw new ExpectationError(story, showRows(rows, rows), showRows(found, rows));
      },
      thenStatements: (...statements) => exactly(statements),
      thenNothing: () => exactly([]),
    };
    return self;
  };
  return { given: (...events) => after(events.map((event) => ({ event, context: {} }))) };
}

interface Happened<Event> {
  readonly event: Event | StoredEvent;
  readonly context: Partial<EventContext>;
}

function recorded<Event>(type: EventType<Event>, happened: readonly Happened<Event>[]): readonly RecordedEvent[] {
  const envelopes: readonly Envelope[] = envelopesOf(
    type,
    happened.map(({ event }) => event),
  );
  return envelopes.map((event, index) => ({
    event,
    context: { ...contextAt(index), ...happened[index]?.context },
    contentType: '',
  }));
}

function statementsOfLast(processor: Processor, events: readonly RecordedEvent[]): readonly TableStatement[] {
  return statementsAfter(processor, events.slice(-1)).map((statement) => withoutPrefix(processor, statement));
}

function showStatements(statements: readonly TableStatement[]): string[] {
  return statements.map(({ sql, parameters }) => `${sql} ${showValue([...parameters])}`);
}
