/** Reads events and commits. The arguments have been checked. */
import type { ReadAllOptions, ReadStreamOptions } from '../../../core/event-store.ts';
import { DEFAULT_READ_LIMIT } from '../../../core/limits.ts';
import type { RecordedDecision, RecordedEvent } from '../../../core/messages.ts';
import type { RecordedCommit } from '../../../core/storage/chain.ts';
import type { CommitEvents } from '../../../core/storage/commit-reader.ts';
import type { ReadLogOptions } from '../../../core/storage/commit-transfer.ts';
import { eventFilter } from '../../../core/storage/event-filter.ts';
import type { ReadCommitsOptions, ReadStreamsOptions, StreamHead } from '../../../core/storage/verify-chain.ts';
import { type Contents, commitEvents, commitOf, lastRevision, recordedDecision, recordedEvent } from './contents.ts';

/** Returns the events of commits. A commit is read once for all of its adjacent events. */
class Commits {
  readonly #contents: Contents;
  #number = -1;
  #commit: CommitEvents | undefined;

  constructor(contents: Contents) {
    this.#contents = contents;
  }

  get(number: number): CommitEvents {
    if (this.#commit !== undefined && this.#number === number) return this.#commit;
    this.#number = number;
    this.#commit = commitEvents(this.#contents, number);
    return this.#commit;
  }
}

export function readStream(contents: Contents, name: string, options: ReadStreamOptions): readonly RecordedEvent[] {
  const { direction, fromRevision, limit = DEFAULT_READ_LIMIT } = options;
  const events = contents.byName.get(name)?.events ?? [];
  const commits = new Commits(contents);
  const found: RecordedEvent[] = [];
  const at = (revision: number): void => {
    const number = events[revision]!;
    const commit = commits.get(number);
    found.push(recordedEvent(commit, contents.positions[number]!, revision - Number(commit.firstRevision)));
  };
  if (direction === 'forward') {
    const from = Number(fromRevision ?? 0n);
    for (let revision = from; revision < events.length && found.length < limit; revision++) at(revision);
  } else {
    const from = Math.min(events.length - 1, fromRevision === undefined ? Infinity : Number(fromRevision));
    for (let revision = from; revision >= 0 && found.length < limit; revision--) at(revision);
  }
  return found;
}

export function readAll(contents: Contents, options: ReadAllOptions): readonly RecordedEvent[] {
  const { direction, afterPosition, limit = DEFAULT_READ_LIMIT } = options;
  const { events, positions } = contents;
  const commits = new Commits(contents);
  const isWanted = eventFilter(options, (stream) => contents.byName.get(stream)!.category);
  const found: RecordedEvent[] = [];
  const at = (position: number): void => {
    const number = events[position - 1]!;
    const first = positions[number]!;
    const commit = commits.get(number);
    const index = position - first;
    if (isWanted(commit.events[index]!.type, commit.stream)) found.push(recordedEvent(commit, first, index));
  };
  if (direction === 'forward') {
    const from = Number(afterPosition ?? 0n) + 1;
    for (let position = from; position <= events.length && found.length < limit; position++) at(position);
  } else {
    const from = Math.min(events.length, afterPosition === undefined ? Infinity : Number(afterPosition) - 1);
    for (let position = from; position >= 1 && found.length < limit; position--) at(position);
  }
  return found;
}

export function findDecision(contents: Contents, commandId: string): RecordedDecision | undefined {
  const number = contents.commands.find(commandId);
  return number < 0 ? undefined : recordedDecision(contents, number, commitOf(contents, number));
}

export function readCommits(contents: Contents, name: string, options: ReadCommitsOptions): readonly RecordedCommit[] {
  const stream = contents.byName.get(name);
  if (stream === undefined) return [];
  const after = options.after === undefined ? -1 : placeOf(stream.commits, contents.commands.find(options.after));
  if (options.after !== undefined && after < 0) return [];
  return stream.commits
    .slice(after + 1, after + 1 + (options.limit ?? DEFAULT_READ_LIMIT))
    .map((number) => recordedCommit(contents, number));
}

export function readLog(contents: Contents, options: ReadLogOptions): readonly RecordedCommit[] {
  const { direction = 'forward', after, limit = DEFAULT_READ_LIMIT } = options;
  const step = direction === 'forward' ? 1 : -1;
  const count = contents.addresses.length;
  const known = after === undefined ? undefined : contents.commands.find(after);
  if (known === -1) return [];
  const found: RecordedCommit[] = [];
  let number = (known ?? (step > 0 ? -1 : count)) + step;
  for (; number >= 0 && number < count && found.length < limit; number += step) {
    found.push(recordedCommit(contents, number));
  }
  return found;
}

function recordedCommit(contents: Contents, number: number): RecordedCommit {
  const commit = commitOf(contents, number);
  return { decision: recordedDecision(contents, number, commit), events: commit.events };
}

/** Returns the index of a number in an ascending list, or -1. */
function placeOf(ascending: readonly number[], number: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (ascending[middle] === number) return middle;
    if (ascending[middle]! < number) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

export function readStreams(contents: Contents, options: ReadStreamsOptions): readonly StreamHead[] {
  const after = options.after === undefined ? undefined : contents.byName.get(options.after);
  if (options.after !== undefined && after === undefined) return [];
  const start = after === undefined ? 0 : after.index + 1;
  return contents.streams.slice(start, start + (options.limit ?? DEFAULT_READ_LIMIT)).map((stream) => ({
    stream: stream.name,
    revision: lastRevision(stream),
    hash: stream.hash,
  }));
}
