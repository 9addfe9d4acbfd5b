/** Reading: by stream, over all events, and commit by commit. The arguments have been checked. */
import type { RecordedCommit } from '../../../core/chain.ts';
import type { ReadAllOptions, ReadStreamOptions } from '../../../core/event-store.ts';
import { DEFAULT_READ_LIMIT } from '../../../core/limits.ts';
import type { RecordedDecision, RecordedEvent } from '../../../core/messages.ts';
import type { ReadCommitsOptions, ReadStreamsOptions, StreamHead } from '../../../core/verify-chain.ts';
import { type Contents, lastRevision, recordedDecision, recordedEvent, type StoredCommit } from './contents.ts';

export function readStream(contents: Contents, name: string, options: ReadStreamOptions): readonly RecordedEvent[] {
  const { direction, fromRevision, limit = DEFAULT_READ_LIMIT } = options;
  const events = contents.byName.get(name)?.events ?? [];
  const found: RecordedEvent[] = [];
  const at = (revision: number): void => {
    const commit = events[revision]!;
    found.push(recordedEvent(commit, revision - commit.revision));
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

export function readAll({ events }: Contents, options: ReadAllOptions): readonly RecordedEvent[] {
  const { direction, afterPosition, limit = DEFAULT_READ_LIMIT } = options;
  const wanted = filter(options);
  const found: RecordedEvent[] = [];
  const at = (position: number): void => {
    const commit = events[position - 1]!;
    const index = position - commit.position;
    if (wanted(commit, index)) found.push(recordedEvent(commit, index));
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

function filter({ categories, eventTypes }: ReadAllOptions): (commit: StoredCommit, index: number) => boolean {
  if (categories.length === 0 && eventTypes.length === 0) return () => true;
  const [ofCategories, ofTypes] = [new Set(categories), new Set(eventTypes)];
  return ({ of, events }, index) =>
    (ofTypes.size === 0 || ofTypes.has(events[index]!.type)) &&
    (ofCategories.size === 0 || ofCategories.has(of.category));
}

export function findDecision(contents: Contents, commandId: string): RecordedDecision | undefined {
  const commit = contents.byCommand.get(commandId);
  return commit === undefined ? undefined : recordedDecision(commit);
}

export function readCommits(contents: Contents, name: string, options: ReadCommitsOptions): readonly RecordedCommit[] {
  const stream = contents.byName.get(name);
  if (stream === undefined) return [];
  const after = options.after === undefined ? undefined : contents.byCommand.get(options.after);
  if (options.after !== undefined && after?.of !== stream) return [];
  const start = after === undefined ? 0 : after.index + 1;
  return stream.commits
    .slice(start, start + (options.limit ?? DEFAULT_READ_LIMIT))
    .map((commit) => ({ decision: recordedDecision(commit), events: commit.events }));
}

export function readStreams(contents: Contents, options: ReadStreamsOptions): readonly StreamHead[] {
  const after = options.after === undefined ? undefined : contents.byName.get(options.after);
  if (options.after !== undefined && after === undefined) return [];
  const start = after === undefined ? 0 : after.index + 1;
  return contents.streams.slice(start, start + (options.limit ?? DEFAULT_READ_LIMIT)).map((stream) => ({
    stream: stream.name,
    revision: lastRevision(stream),
    hash: stream.commits.at(-1)!.hash, // a stream is added by its first commit
  }));
}
