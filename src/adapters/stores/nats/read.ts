/** Reads of one stream, of all events, and of commits. The arguments have been checked. */
import type { ReadAllOptions, ReadStreamOptions } from '../../../core/event-store.ts';
import { DEFAULT_READ_LIMIT } from '../../../core/limits.ts';
import type { RecordedEvent } from '../../../core/messages.ts';
import type { RecordedCommit } from '../../../core/storage/chain.ts';
import type { ReadLogOptions } from '../../../core/storage/commit-transfer.ts';
import { eventFilter } from '../../../core/storage/event-filter.ts';
import type { ReadCommitsOptions, ReadStreamsOptions, StreamHead } from '../../../core/storage/verify-chain.ts';
import type { Appender } from './append.ts';
import {
  addEvents,
  headOf,
  indexOf,
  positionOf,
  recordedCommitOf,
  recordedDecisionOf,
  type StoredCommit,
  sequenceOf,
} from './commit-message.ts';
import type { CommitPart, CommitReader } from './commit-reader.ts';
import type { Heads } from './heads.ts';
import type { ReadAhead } from './read-ahead.ts';
import { readSubjects } from './read-subjects.ts';
import type { Subjects } from './subjects.ts';

/** The number of messages of one page. */
const PAGE = 1_000;
/** The number of commits of a stream that are read and skipped instead of searched. */
const NEAR = 256;
/** The numbers of messages of the first and the largest window, counted back from the end. */
const FIRST_WINDOW = 64;
const LARGEST_WINDOW = 65_536;

export interface ReadingParts {
  readonly subjects: Subjects;
  readonly reader: CommitReader;
  readonly appender: Appender;
  readonly heads: Heads;
  readonly density: Density;
  readonly ahead: ReadAhead;
}

/**
 * The number of events of a commit, as the last reads found it. A reader requests as many messages as it needs. The
 * server sends all messages of a page, even if the reader has stopped.
 */
export class Density {
  #eventsOfCommit = 1;

  /** Returns the number of messages that contain about this number of events. */
  messagesFor(events: number): number {
    return Math.min(PAGE, Math.ceil(events / this.#eventsOfCommit)) + 1;
  }

  /** Updates the number from the commits of a read. */
  learn(commits: number, events: number): void {
    if (commits > 0) this.#eventsOfCommit = Math.max(1, events / commits);
  }
}

export async function readStream(
  parts: ReadingParts,
  stream: string,
  { direction, fromRevision, limit = DEFAULT_READ_LIMIT }: ReadStreamOptions,
): Promise<readonly RecordedEvent[]> {
  if (direction === 'forward') return forward(parts, stream, Number(fromRevision ?? 0n), limit);
  const last = await parts.reader.last(parts.subjects.commits(stream));
  const events = last?.numbers.events ?? 0;
  if (events === 0) return [];
  const end = Math.min(events - 1, fromRevision === undefined ? Infinity : Number(fromRevision));
  const start = Math.max(0, end - limit + 1);
  return (await forward(parts, stream, start, end - start + 1)).toReversed();
}

async function forward(
  parts: ReadingParts,
  stream: string,
  revision: number,
  limit: number,
): Promise<readonly RecordedEvent[]> {
  const subject = parts.subjects.commits(stream);
  const found: RecordedEvent[] = [];
  const from = await locate(parts, stream, revision);
  let [read, contained] = [0, 0];
  for await (const commits of parts.reader.commits(subject, from, parts.density.messagesFor(limit))) {
    for (const commit of commits) {
      const { events, count } = commit.numbers;
      parts.density.learn(++read, (contained += count));
      const first = events - count;
      if (events > revision) addEvents(commit, found, Math.max(0, revision - first), revision + limit - first);
      if (found.length === limit) return found;
    }
  }
  return found;
}

/**
 * Returns a sequence number at or shortly before the commit with this revision. It is found by a binary search, because
 * each message has the number of events of its stream. A stream's messages are scattered among those of all streams.
 */
async function locate({ reader, subjects, heads }: ReadingParts, stream: string, revision: number): Promise<number> {
  const known = heads.get(stream);
  if (known !== undefined && revision >= known.events) return known.sequence + 1;
  if (revision <= NEAR) return 1;
  const subject = subjects.commits(stream);
  const last = await reader.last(subject);
  if (last === undefined) return 1;
  if (revision >= last.numbers.events) return last.message.sequence + 1;
  // The commit is at `low` or after it, and before `high`.
  let low = { sequence: 1, events: 0 };
  let high = last.message.sequence + 1;
  while (revision - low.events > NEAR && high - low.sequence > NEAR) {
    const middle = Math.floor((low.sequence + high) / 2);
    const part: CommitPart | undefined = await reader.first(subject, middle);
    if (part === undefined || part.numbers.events - part.numbers.count > revision) {
      high = middle;
      continue;
    }
    const { message, numbers } = part;
    if (numbers.events > revision) return message.sequence - numbers.part + 1;
    low = { sequence: message.sequence + 1, events: numbers.events };
  }
  return low.sequence;
}

export async function readAll(parts: ReadingParts, options: ReadAllOptions): Promise<readonly RecordedEvent[]> {
  const { direction, afterPosition, limit = DEFAULT_READ_LIMIT } = options;
  const subjects = readSubjects(parts.subjects, options);
  if (subjects.length === 0) return [];
  const isWanted = eventFilter(options);
  const found: RecordedEvent[] = [];
  if (direction === 'forward') {
    // Positions before the first message have the sequence number 0, which the server refuses.
    const isFromStart = afterPosition === undefined || sequenceOf(afterPosition) === 0;
    const from = isFromStart ? 1 : sequenceOf(afterPosition);
    const first = isFromStart ? 0 : indexOf(afterPosition) + 1;
    // The commit of the position is read again, because it may have more events.
    let [read, contained] = [0, 0];
    const pageSize = parts.density.messagesFor(limit);
    for await (const commits of merged(parts, subjects, from, pageSize, parts.ahead)) {
      for (const commit of commits) {
        parts.density.learn(++read, (contained += commit.numbers.count));
        addEvents(commit, found, commit.sequence === from ? first : 0, Infinity, isWanted);
        if (found.length >= limit) return found.length === limit ? found : found.slice(0, limit);
      }
    }
    return found;
  }
  for await (const commits of backward(parts, subjects, afterPosition)) {
    const events: RecordedEvent[] = [];
    for (const commit of commits) {
      const isFirst = afterPosition !== undefined && commit.sequence === sequenceOf(afterPosition);
      addEvents(commit, events, 0, isFirst ? indexOf(afterPosition) : Infinity, isWanted);
    }
    found.push(...events.reverse());
    if (found.length >= limit) return found.slice(0, limit);
  }
  return found;
}

/**
 * Reads the commits of several subjects in the order of their sequence numbers. Each subject is read separately, at a
 * different time. So the reader first determines the last sequence number, up to which all subjects are complete. The
 * read ends there.
 */
async function* merged(
  { reader, subjects }: ReadingParts,
  filters: readonly string[],
  from: number,
  pageSize: number,
  ahead?: ReadAhead,
): AsyncGenerator<readonly StoredCommit[]> {
  if (filters.length === 1) {
    yield* reader.commits(filters[0]!, from, pageSize, ahead);
    return;
  }
  const last = (await reader.last(subjects.allCommits))?.message.sequence ?? 0;
  const sources = filters.map((filter) => new Source(reader.commits(filter, from, pageSize, ahead)));
  for (;;) {
    await Promise.all(sources.map((source) => source.fill()));
    const commits: StoredCommit[] = [];
    let next = earliest(sources);
    for (; next?.next !== undefined && next.next.sequence <= last; next = earliest(sources)) {
      commits.push(next.next);
      next.advance();
      // The next commit of this source may come before those of the others.
      if (next.next === undefined) break;
    }
    yield commits;
    if (next === undefined || (next.next !== undefined && next.next.sequence > last)) return;
  }
}

/** The commits of one subject. */
class Source {
  readonly #pages: AsyncGenerator<readonly StoredCommit[]>;
  #page: readonly StoredCommit[] = [];
  #at = 0;
  #hasEnded = false;

  constructor(pages: AsyncGenerator<readonly StoredCommit[]>) {
    this.#pages = pages;
  }

  /** The next commit. It is `undefined` at the end of a page, and after the last commit. */
  get next(): StoredCommit | undefined {
    return this.#page[this.#at];
  }

  advance(): void {
    this.#at++;
  }

  /** Reads pages until there is a next commit, unless there are no more commits. */
  async fill(): Promise<void> {
    while (this.next === undefined && !this.#hasEnded) {
      const { value, done } = await this.#pages.next();
      this.#hasEnded = done === true;
      this.#page = value ?? [];
      this.#at = 0;
    }
  }
}

/** Returns the source whose next commit comes first, or `undefined` if no source has one. */
function earliest(sources: readonly Source[]): Source | undefined {
  return sources.reduce<Source | undefined>((first, source) => {
    if (source.next === undefined) return first;
    return first?.next !== undefined && first.next.sequence < source.next.sequence ? first : source;
  }, undefined);
}

/** Reads commits from the end, in windows that grow. Each array is in ascending order. */
async function* backward(
  parts: ReadingParts,
  filters: readonly string[],
  beforePosition: bigint | undefined,
): AsyncGenerator<readonly StoredCommit[]> {
  const last = await parts.reader.last(parts.subjects.allCommits);
  if (last === undefined) return;
  let high = Math.min(last.message.sequence, beforePosition === undefined ? Infinity : sequenceOf(beforePosition));
  for (let size = FIRST_WINDOW; high >= 1; size = Math.min(size * 4, LARGEST_WINDOW)) {
    const low = Math.max(1, high - size + 1);
    const commits: StoredCommit[] = [];
    for await (const page of merged(parts, filters, low, Math.min(size, PAGE))) {
      for (const commit of page) if (commit.sequence <= high) commits.push(commit);
      if ((page.at(-1)?.sequence ?? 0) > high) break;
    }
    yield commits;
    high = low - 1;
  }
}

/** Returns the position of the last event, or `undefined` if the store has no events. */
export async function lastPosition(parts: ReadingParts): Promise<bigint | undefined> {
  const last = await parts.reader.last(parts.subjects.allCommits);
  if (last === undefined) return undefined;
  const { message, numbers } = last;
  if (numbers.count > 0 && numbers.part === numbers.parts) return positionOf(message.sequence, numbers.count - 1);
  const filter = { categories: [], eventTypes: [], events: [] };
  const [event] = await readAll(parts, { direction: 'backward', limit: 1, ...filter });
  return event?.context.position;
}

export async function readCommits(
  parts: ReadingParts,
  stream: string,
  { after, limit = DEFAULT_READ_LIMIT }: ReadCommitsOptions,
): Promise<readonly RecordedCommit[]> {
  let from = 1;
  if (after !== undefined) {
    const commit = await parts.appender.find(after);
    if (commit === undefined || recordedDecisionOf(commit).stream !== stream) return [];
    from = commit.sequence + 1;
  }
  const found: RecordedCommit[] = [];
  for await (const commits of parts.reader.commits(parts.subjects.commits(stream), from, Math.min(limit, PAGE))) {
    for (const commit of commits) {
      found.push(recordedCommitOf(commit));
      if (found.length === limit) return found;
    }
  }
  return found;
}

export async function readLog(
  parts: ReadingParts,
  { direction = 'forward', after, limit = DEFAULT_READ_LIMIT }: ReadLogOptions,
): Promise<readonly RecordedCommit[]> {
  const commit = after === undefined ? undefined : await parts.appender.find(after);
  if (after !== undefined && commit === undefined) return [];
  const { allCommits } = parts.subjects;
  const found: RecordedCommit[] = [];
  if (direction === 'forward') {
    const from = commit === undefined ? 1 : commit.sequence + 1;
    for await (const commits of parts.reader.commits(allCommits, from, Math.min(limit, PAGE), parts.ahead)) {
      for (const next of commits) {
        found.push(recordedCommitOf(next));
        if (found.length === limit) return found;
      }
    }
    return found;
  }
  const before = commit === undefined ? undefined : positionOf(commit.sequence - 1, 0);
  for await (const commits of backward(parts, [allCommits], before)) {
    for (const next of commits.toReversed()) {
      found.push(recordedCommitOf(next));
      if (found.length === limit) return found;
    }
  }
  return found;
}

/** Lists streams. The first commit of a stream is the one whose guard requires a subject without messages. */
export async function readStreams(
  parts: ReadingParts,
  { after, limit = DEFAULT_READ_LIMIT }: ReadStreamsOptions,
): Promise<readonly StreamHead[]> {
  const { reader, subjects } = parts;
  let from = 1;
  if (after !== undefined) {
    const first = await reader.first(subjects.commits(after), 1);
    if (first === undefined) return [];
    from = first.message.sequence + first.numbers.parts;
  }
  const found: StreamHead[] = [];
  for await (const messages of reader.messages(subjects.allCommits, from, PAGE)) {
    const begun = messages.filter(({ headers }) => headers.last('Nats-Expected-Last-Subject-Sequence') === '0');
    found.push(...(await Promise.all(begun.map(({ subject }) => headAt(parts, subject)))));
    if (found.length >= limit) return found.slice(0, limit);
  }
  return found;
}

async function headAt({ reader }: ReadingParts, subject: string): Promise<StreamHead> {
  const last = await reader.last(subject);
  if (last === undefined) throw new Error('expected a last commit on a subject that has a first one');
  const commit = await reader.commit(last.message.sequence);
  if (commit === undefined) throw new Error('expected a message that was read before');
  const { events, hash } = headOf(commit);
  const { stream } = recordedDecisionOf(commit);
  return { stream, revision: events === 0 ? undefined : BigInt(events - 1), hash };
}
