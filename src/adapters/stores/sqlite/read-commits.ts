/**
 * Reads the commits of a stream. Two lists are merged in the order of the decisions' ids: commits with events, which
 * are found by their events, and commits without events.
 */
import { DEFAULT_READ_LIMIT, MAX_EVENTS_PER_DECISION } from '../../../core/limits.ts';
import type { RecordedCommit } from '../../../core/storage/chain.ts';
import type { ReadCommitsOptions } from '../../../core/storage/verify-chain.ts';
import { uuidBytes } from './columns.ts';
import { PackedPage, packedStatements } from './packed-commits.ts';
import { type Connection, nextRevision } from './read.ts';

export function readCommits(
  connection: Connection,
  stream: string,
  options: ReadCommitsOptions,
): readonly RecordedCommit[] {
  const { statements, database } = connection;
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
  const withEvents = new CommitsWithEvents(connection, stream, streamId, next, limit);
  const withoutEvents = packedStatements(database).withoutEvents.get(streamId, after, limit) ?? null;
  const without = new PackedPage(connection, stream, streamId, withoutEvents);
  let first = withEvents.next();
  let second = without.next(0) ? without : undefined;
  while (first !== undefined || second !== undefined) {
    const isFirst = second === undefined || (first !== undefined && first.id < second.id);
    commits.push((isFirst ? first : second)!.commit!);
    // The next page is not read if it is not needed.
    if (commits.length === limit) break;
    if (isFirst) first = withEvents.next();
    else second = without.next(0) ? without : undefined;
  }
  return commits;
}

/** The commits of a stream that have events, in order. */
class CommitsWithEvents {
  readonly #connection: Connection;
  readonly #stream: string;
  readonly #streamId: number;
  /** The maximum number of events of a page. */
  #limit: number;
  /** The revision of the next commit's first event. */
  #next: number;
  #page: PackedPage;

  constructor(connection: Connection, stream: string, streamId: number, next: number, limit: number) {
    this.#connection = connection;
    this.#stream = stream;
    this.#streamId = streamId;
    this.#next = next;
    this.#limit = limit;
    this.#page = this.#read();
  }

  /** Returns the next commit, or undefined at the end of the stream. */
  next(): PackedPage | undefined {
    if (!this.#page.next(this.#next) && !this.#nextPage()) return undefined;
    this.#next += this.#page.commit!.events.length;
    return this.#page;
  }

  #nextPage(): boolean {
    this.#page = this.#read();
    if (this.#page.next(this.#next)) return true;
    if (this.#page.isEmpty) return false;
    // The page was too short for the commit.
    this.#limit = MAX_EVENTS_PER_DECISION;
    this.#page = this.#read();
    return this.#page.next(this.#next);
  }

  #read(): PackedPage {
    const rows = packedStatements(this.#connection.database).withEvents.get(this.#streamId, this.#next, this.#limit);
    return new PackedPage(this.#connection, this.#stream, this.#streamId, rows ?? null);
  }
}
