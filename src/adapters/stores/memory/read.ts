/** Reading: by stream, over all events, and commit by commit. The arguments have been checked. */
import type { RecordedCommit } from '../../../core/chain.ts';
import type { ReadAllOptions, ReadStreamOptions } from '../../../core/event-store.ts';
import { DEFAULT_READ_LIMIT } from '../../../core/limits.ts';
import type { RecordedEvent } from '../../../core/messages.ts';
import { categoryOf } from '../../../core/stream-name.ts';
import type { ReadCommitsOptions, ReadStreamsOptions, StreamHead } from '../../../core/verify-chain.ts';
import { type Contents, lastRevision } from './contents.ts';

export function readStream(contents: Contents, name: string, options: ReadStreamOptions): readonly RecordedEvent[] {
  const events = contents.byName.get(name)?.events ?? [];
  const limit = options.limit ?? DEFAULT_READ_LIMIT;
  if (options.direction === 'forward') {
    const from = Number(options.fromRevision ?? 0n);
    return events.slice(from, from + limit);
  }
  const end = Math.min(events.length, options.fromRevision === undefined ? Infinity : Number(options.fromRevision) + 1);
  return events.slice(Math.max(0, end - limit), end).reverse();
}

export function readAll({ events }: Contents, options: ReadAllOptions): readonly RecordedEvent[] {
  const { direction, afterPosition } = options;
  const limit = options.limit ?? DEFAULT_READ_LIMIT;
  const wanted = filter(options);
  const found: RecordedEvent[] = [];
  if (direction === 'forward') {
    // The event at position p is at index p - 1: the one behind it, at p.
    for (let at = Number(afterPosition ?? 0n); at < events.length && found.length < limit; at++) {
      if (wanted(events[at]!)) found.push(events[at]!);
    }
  } else {
    const behind = afterPosition === undefined ? events.length : Math.min(events.length, Number(afterPosition) - 1);
    for (let at = behind - 1; at >= 0 && found.length < limit; at--) {
      if (wanted(events[at]!)) found.push(events[at]!);
    }
  }
  return found;
}

function filter({ categories, eventTypes }: ReadAllOptions): (event: RecordedEvent) => boolean {
  if (categories.length === 0 && eventTypes.length === 0) return () => true;
  const [ofCategories, ofTypes] = [new Set(categories), new Set(eventTypes)];
  return ({ context, event }) =>
    (ofTypes.size === 0 || ofTypes.has(event.type)) &&
    (ofCategories.size === 0 || ofCategories.has(categoryOf(context.stream)));
}

export function readCommits(contents: Contents, name: string, options: ReadCommitsOptions): readonly RecordedCommit[] {
  const stream = contents.byName.get(name);
  if (stream === undefined) return [];
  const after = options.after === undefined ? undefined : contents.byCommand.get(options.after);
  if (options.after !== undefined && after?.of !== stream) return [];
  const start = after === undefined ? 0 : after.index + 1;
  return stream.commits
    .slice(start, start + (options.limit ?? DEFAULT_READ_LIMIT))
    .map(({ decision, events }) => ({ decision, events }));
}

export function readStreams(contents: Contents, options: ReadStreamsOptions): readonly StreamHead[] {
  const after = options.after === undefined ? undefined : contents.byName.get(options.after);
  if (options.after !== undefined && after === undefined) return [];
  const start = after === undefined ? 0 : after.index + 1;
  return contents.streams.slice(start, start + (options.limit ?? DEFAULT_READ_LIMIT)).map((stream) => ({
    stream: stream.name,
    revision: lastRevision(stream),
    hash: stream.commits.at(-1)!.decision.hash, // a stream is added by its first commit
  }));
}
