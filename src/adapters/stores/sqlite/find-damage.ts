/**
 * Checks all data of a file that reads use and that the hashes of the commits do not cover. SQLite compares each table
 * with its indexes. Then one pass reads the file as a log: decisions in the order of their ids, and the events of each
 * decision in the order of their positions. The same pass compares the indexes of the decisions. Ids and positions have
 * no gaps. So a missing row leaves a gap, and an added or moved row does not match.
 */
import type { Database } from 'better-sqlite3';
import { EngineFailure } from '../../../core/storage/engine-failure.ts';
import type { Damage } from '../../../core/storage/verify-chain.ts';
import { categoryOf, checkStreamName } from '../../../core/stream-name.ts';
import {
  AuditedDecisions,
  type AuditedEvent,
  type AuditStatements,
  prepareAuditStatements,
} from './audit-statements.ts';
import { text } from './columns.ts';
import { fileFailure } from './failures.ts';
import { addCommands, addWithoutEvents, drawSeed, EntrySums, prepareIndexStatements } from './index-sums.ts';
import { checkedSnapshot } from './read.ts';

const TABLES = ['streams', 'event_types', 'command_types', 'decisions', 'events', 'snapshots'] as const;

/** The number of rows that are read in one step. */
const PAGE = 1_000;
/** The number of snapshots that are read in one step, because they may be large. */
const SNAPSHOT_PAGE = 20;

/**
 * Checks the file step by step. Between two steps the caller may let the process do other work, if the view does not
 * include later commits.
 *
 * @returns undefined if there is no damage.
 * @throws the driver's error.
 */
export function* findDamage(view: Database, file: string): Generator<void, Damage | undefined> {
  try {
    return (yield* disagreeingIndex(view)) ?? (yield* new Audit(view).run());
  } catch (error) {
    const failure = fileFailure(error, file);
    if (!(failure instanceof EngineFailure) || failure.failure.code !== 'corrupt') throw error;
    return damaged('the file', failure.message);
  }
}

/**
 * Compares each table with its indexes. SQLite compares them in one step, which takes about a second for a million
 * events.
 */
function* disagreeingIndex(view: Database): Generator<void, Damage | undefined> {
  for (const table of TABLES) {
    // `index-sums.ts` compares the indexes of the decisions in less time.
    const damage = disagreement(view, table, table === 'decisions' ? 'quick_check' : 'integrity_check');
    if (damage !== undefined) return damage;
    yield;
  }
  return undefined;
}

function disagreement(view: Database, table: string, check: 'quick_check' | 'integrity_check'): Damage | undefined {
  const result = text(view.pragma(`${check}(${table})`, { simple: true }), check);
  return result === 'ok' ? undefined : damaged(table, result);
}

class Audit {
  readonly #statements: AuditStatements;
  /** The category of each stream, by the id of the stream, which counts from 1. */
  readonly #categories: string[] = [''];
  /** The number of a stream's events in the decisions that were read, by the stream's id. */
  readonly #eventCounts: number[] = [0];
  /** The category of each event type, by its id. */
  readonly #eventTypes = new Map<unknown, string>();
  readonly #commandTypes = new Set<unknown>();
  #lastStream = 0;
  #lastDecision = 0;
  #lastPosition = 0;
  /** Events that were read but not assigned to a decision yet, and the index of the next one. */
  #events: readonly AuditedEvent[] = [];
  #nextEvent = 0;
  readonly #view: Database;
  readonly #seed = drawSeed();
  /** The entries that the indexes of the decisions should have. */
  readonly #commands = new EntrySums(this.#seed);
  readonly #withoutEvents = new EntrySums(this.#seed);

  constructor(view: Database) {
    this.#view = view;
    this.#statements = prepareAuditStatements(view);
  }

  *run(): Generator<void, Damage | undefined> {
    for (const [id, category] of this.#statements.eventTypes.all()) {
      this.#eventTypes.set(id, text(category, 'event_types.category'));
    }
    for (const id of this.#statements.commandTypes.all()) this.#commandTypes.add(id);
    return (
      (yield* this.#streams()) ??
      (yield* this.#decisions()) ??
      this.#leftOver() ??
      (yield* this.#indexes()) ??
      (yield* this.#snapshots())
    );
  }

  *#streams(): Generator<void, Damage | undefined> {
    for (;;) {
      const rows = this.#statements.streams.all(this.#categories.length - 1, PAGE);
      for (const [id, name] of rows) {
        if (id !== this.#categories.length) return damaged(`streams.id ${id}`, 'the previous stream is missing');
        const stream = text(name, 'streams.name');
        const problem = checkStreamName(stream);
        if (problem !== undefined) return damaged(`streams.id ${id}`, `the stream name ${problem}`);
        this.#categories.push(categoryOf(stream));
        this.#eventCounts.push(0);
      }
      if (rows.length < PAGE) return undefined;
      yield;
    }
  }

  *#decisions(): Generator<void, Damage | undefined> {
    for (;;) {
      const decisions = new AuditedDecisions(this.#statements.decisions.get(this.#lastDecision, PAGE));
      let count = 0;
      for (; decisions.next(); count++) {
        const damage = this.#decision(decisions);
        if (damage !== undefined) return damage;
      }
      if (count < PAGE) return undefined;
      yield;
    }
  }

  /** Compares the indexes with the decisions that were read. */
  *#indexes(): Generator<void, Damage | undefined> {
    const statements = prepareIndexStatements(this.#view);
    const commands = new EntrySums(this.#seed);
    const withoutEvents = new EntrySums(this.#seed);
    const areInOrder =
      (yield* addCommands(statements, commands)) && (yield* addWithoutEvents(statements, withoutEvents));
    if (areInOrder && commands.equals(this.#commands) && withoutEvents.equals(this.#withoutEvents)) return undefined;
    // SQLite names the row.
    const place = 'decisions';
    return disagreement(this.#view, place, 'integrity_check') ?? damaged(place, 'an index differs from the table');
  }

  #decision(decision: AuditedDecisions): Damage | undefined {
    const { id, streamId: stream, commandTypeId, eventCount: count, revision } = decision;
    const place = `decisions.id ${id}`;
    if (id !== ++this.#lastDecision) return damaged(place, 'the previous decision is missing');
    this.#commands.addCommand(decision.bytes, decision.at, id);
    if (count === 0) this.#withoutEvents.addStream(stream, id);
    const events = this.#eventCounts[stream];
    if (stream === 0 || events === undefined) return damaged(place, `the stream with the id ${stream} is missing`);
    if (stream > this.#lastStream + 1) return damaged(place, 'the first decision of the previous stream is missing');
    this.#lastStream = Math.max(this.#lastStream, stream);
    if (!this.#commandTypes.has(commandTypeId)) return damaged(place, 'its command type is missing');
    const last = events + count - 1;
    if (revision !== last) return damaged(place, `its revision is ${revision} and should be ${last}`);
    this.#eventCounts[stream] = events + count;
    for (let next = events; next <= last; next++) {
      const damage = this.#event(id, stream, next);
      if (damage !== undefined) return damage;
    }
    return undefined;
  }

  #event(decisionId: number, stream: number, revision: number): Damage | undefined {
    if (this.#nextEvent === this.#events.length) {
      this.#events = this.#statements.events.all(this.#lastPosition, PAGE);
      this.#nextEvent = 0;
    }
    const event = this.#events[this.#nextEvent++];
    if (event === undefined) return damaged(`decisions.id ${decisionId}`, 'its events are missing');
    const [position, streamId, foundRevision, foundDecision, eventTypeId] = event;
    const place = `events.position ${position}`;
    if (position !== ++this.#lastPosition) return damaged(place, 'the previous event is missing');
    if (foundDecision !== decisionId) return damaged(place, `it should belong to decision ${decisionId}`);
    if (streamId !== stream) return damaged(place, 'its stream differs from the stream of its decision');
    if (foundRevision !== revision) return damaged(place, `its revision should be ${revision}`);
    const category = this.#eventTypes.get(eventTypeId);
    if (category === undefined) return damaged(place, 'its event type is missing');
    if (category !== this.#categories[stream]) return damaged(place, 'its event type belongs to another category');
    return undefined;
  }

  #leftOver(): Damage | undefined {
    const event = this.#events[this.#nextEvent] ?? this.#statements.events.get(this.#lastPosition, 1);
    if (event !== undefined) return damaged(`events.position ${event[0]}`, 'it does not belong to a decision');
    const streams = this.#categories.length - 1;
    if (streams > this.#lastStream) return damaged(`streams.id ${streams}`, 'it has no decisions');
    return undefined;
  }

  *#snapshots(): Generator<void, Damage | undefined> {
    let after = 0;
    for (;;) {
      const rows = this.#statements.snapshots.all(after, SNAPSHOT_PAGE);
      for (const [id, stream, moduleName, moduleVersion, streamId, ...row] of rows) {
        const key = {
          stream: text(stream, 'snapshots.stream'),
          moduleName: text(moduleName, 'snapshots.module_name'),
          moduleVersion: text(moduleVersion, 'snapshots.module_version'),
        };
        const { revision } = checkedSnapshot(key, row);
        const events = streamId === null ? 0 : (this.#eventCounts[streamId] ?? 0);
        if (revision >= events) {
          return damaged(
            `snapshots.stream ${JSON.stringify(key.stream)}`,
            `the stream has only ${events} events, but the snapshot has the revision ${revision}`,
          );
        }
        after = id;
      }
      if (rows.length < SNAPSHOT_PAGE) return undefined;
      yield;
    }
  }
}

function damaged(place: string, message: string): Damage {
  return { reason: 'damage', place, message: `${place}: ${message}` };
}
