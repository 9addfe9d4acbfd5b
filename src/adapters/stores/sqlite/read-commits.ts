/**
 * Reads the commits of a stream. Two lists are merged in the order of the decisions' ids: commits with events, which
 * are found by their events, and commits without events. Each list is read in pages, because a statement for each
 * commit takes 20 times as long.
 */
import { DEFAULT_READ_LIMIT } from '../../../core/limits.ts';
import type { Envelope } from '../../../core/messages.ts';
import type { RecordedCommit } from '../../../core/storage/chain.ts';
import type { ReadCommitsOptions } from '../../../core/storage/verify-chain.ts';
import { payloadBytes, uuidBytes, wholeNumber } from './columns.ts';
import { damage } from './failures.ts';
import { type Connection, eventsOfDecision, nextRevision, recordedDecision } from './read.ts';
import type { CommitEventRow, DecisionRow } from './rows.ts';

export function readCommits(
  connection: Connection,
  stream: string,
  options: ReadCommitsOptions,
): readonly RecordedCommit[] {
  const { statements } = connection;
  const streamId = statements.streamId.get(stream);
  if (streamId === undefined) return [];
  let after = 0;
  let next = 0;
  if (options.after !== undefined) {
    const row = statements.decisionByCommand.get(uuidBytes(options.after));
    if (row === undefined || row[2] !== streamId) return [];
    after = row[0];
    next = nextRevision(row);
  }
  const limit = options.limit ?? DEFAULT_READ_LIMIT;
  const commits: RecordedCommit[] = [];
  const withEvents = new CommitsWithEvents(connection, streamId, next, limit);
  const without = statements.withoutEvents.all(streamId, after, limit);
  let first = withEvents.next();
  let second = 0;
  while (commits.length < limit) {
    const row = without[second];
    if (first !== undefined && (row === undefined || first.row[0] < row[0])) {
      commits.push({ decision: recordedDecision(connection, first.row), events: first.events });
      first = withEvents.next();
    } else if (row !== undefined) {
      commits.push({ decision: recordedDecision(connection, row), events: [] });
      second++;
    } else {
      break;
    }
  }
  return commits;
}

/** The commits of a stream that have events, in order. */
class CommitsWithEvents {
  readonly #connection: Connection;
  readonly #streamId: number;
  readonly #limit: number;
  /** The revision of the next commit's first event. */
  #next: number;
  #events: readonly CommitEventRow[] = [];
  #decisions: ReadonlyMap<number, DecisionRow> = new Map();
  #at = 0;

  constructor(connection: Connection, streamId: number, next: number, limit: number) {
    this.#connection = connection;
    this.#streamId = streamId;
    this.#next = next;
    this.#limit = limit;
  }

  /** Returns the next commit, or undefined if the stream has no event at the next revision. */
  next(): { readonly row: DecisionRow; readonly events: readonly Envelope[] } | undefined {
    if (this.#at === this.#events.length) this.#readPage();
    const first = this.#events[this.#at];
    if (first === undefined || first[0] !== this.#next) return undefined;
    const row = this.#decisions.get(first[1]);
    if (row === undefined) throw damage('an event does not belong to its decision');
    const end = this.#endOf(first[1]);
    const last = nextRevision(row) - 1;
    const count = wholeNumber(row[6], 'decisions.event_count');
    // A page can end in the middle of a commit, and the rows of a damaged file may not match.
    const isWhole = count === end - this.#at && first[0] === last - count + 1;
    const events = isWhole ? this.#envelopes(end) : eventsOfDecision(this.#connection, row);
    this.#at = isWhole ? end : this.#events.length;
    this.#next = last + 1;
    return { row, events };
  }

  #readPage(): void {
    const { statements } = this.#connection;
    this.#events = statements.commitEvents.all(this.#streamId, this.#next, this.#limit);
    const ids = new Set(this.#events.map(([, decision]) => decision));
    const rows = statements.decisionsByIds.all(JSON.stringify([...ids]));
    this.#decisions = new Map(rows.map((row) => [row[0], row]));
    this.#at = 0;
  }

  /** Returns the end of the rows that have the same decision as the present one. */
  #endOf(decision: number): number {
    let end = this.#at + 1;
    while (this.#events[end]?.[1] === decision) end++;
    return end;
  }

  #envelopes(end: number): readonly Envelope[] {
    return this.#events.slice(this.#at, end).map(([, , eventType, payload]) => {
      const { type, schemaVersion } = this.#connection.cache.eventType(eventType);
      return { type, schemaVersion, payload: payloadBytes(payload, 'events.payload') };
    });
  }
}
