/// <reference lib="esnext.disposable" preserve="true" />
/** `decidable events`: prints stored events, and waits for new ones with `--follow`. */
import type { EventStore } from '../../../core/event-store.ts';
import type { RecordedEvent } from '../../../core/messages.ts';
import { subscribe } from '../../../core/processors/subscription.ts';
import { readPages } from '../../../core/storage/read-events.ts';
import { categoryOf } from '../../../core/stream-name.ts';
import { DONE } from '../exit-codes.ts';
import { CommandLineError } from '../failures.ts';
import type { Messages } from '../messages.ts';
import { type Output, oneLine } from '../output.ts';
import type { Session } from '../session.ts';
import { endOnSecondSignal } from '../signals.ts';

export interface EventsOptions {
  readonly category?: readonly string[] | undefined;
  readonly type?: readonly string[] | undefined;
  readonly stream?: string | undefined;
  readonly after?: bigint | undefined;
  readonly limit?: number | undefined;
  readonly backward?: boolean | undefined;
  readonly follow?: boolean | undefined;
}

export async function events(session: Session, options: EventsOptions): Promise<number> {
  checkOptions(options);
  const messages = await session.messages();
  await using store = await session.openToRead();
  using _signals = options.follow ? endOnSecondSignal(session.halt, () => {}) : undefined;
  const { signal } = session.halt;
  let left = options.limit ?? Number.POSITIVE_INFINITY;
  try {
    for await (const page of pages(store, options, signal)) {
      const shown = page.filter((event) => isWanted(event, options)).slice(0, left);
      await print(shown, messages, session.output);
      left -= shown.length;
      if (left === 0 || signal.aborted) break;
    }
  } catch (error) {
    // Ctrl-C is the normal way to end --follow.
    if (!signal.aborted) throw error;
  }
  return DONE;
}

/** Checks the options. @throws CommandLineError if they exclude one another. */
function checkOptions({ follow, backward, stream, category }: EventsOptions): void {
  if (follow && backward)
    throw new CommandLineError('usage', '--follow cannot be combined with --backward; omit one of the two', {
      argument: '--backward',
    });
  if (stream !== undefined && category !== undefined) {
    throw new CommandLineError('usage', '--stream cannot be combined with --category; omit one of the two', {
      argument: '--category',
    });
  }
}

async function* pages(
  store: EventStore,
  options: EventsOptions,
  signal: AbortSignal,
): AsyncGenerator<readonly RecordedEvent[]> {
  const { category, type: eventTypes, stream, after, backward, follow, limit } = options;
  const pageSize = Math.min(limit ?? 1_000, 1_000);
  if (follow) {
    const categories = stream === undefined ? category : [categoryOf(stream)];
    for await (const { events } of subscribe(store, { after, categories, eventTypes, signal })) yield events;
    return;
  }
  const direction = backward ? 'backward' : 'forward';
  if (stream !== undefined) yield* readPages(store, { direction, stream, signal });
  else yield* readPages(store, { direction, afterPosition: after, categories: category, eventTypes, pageSize, signal });
}

/** Applies the part of the filter that the store does not apply. */
function isWanted({ context, event }: RecordedEvent, { stream, type, after, backward }: EventsOptions): boolean {
  if (stream === undefined) return true;
  if (context.stream !== stream || (type !== undefined && !type.includes(event.type))) return false;
  return after === undefined || (backward ? context.position < after : context.position > after);
}

async function print(events: readonly RecordedEvent[], messages: Messages, output: Output): Promise<void> {
  if (output.isJson) await output.records(events.map((event) => eventRecord(event, messages)));
  else await output.text(...events.map((event) => eventLine(event, messages, output)));
}

/** Returns an event as an object for JSON. */
export function eventRecord(recorded: RecordedEvent, messages: Messages): object {
  const { context, event, contentType } = recorded;
  const { position, stream, revision, recordedAt, id, causationId, correlationId } = context;
  return {
    position,
    stream,
    revision,
    type: event.type,
    schemaVersion: event.schemaVersion,
    recordedAt: new Date(Number(recordedAt)),
    id,
    causationId,
    correlationId,
    contentType,
    ...messages.event(recorded),
  };
}

/** Returns an event as one line. */
export function eventLine(recorded: RecordedEvent, messages: Messages, output: Output): string {
  const { context, event } = recorded;
  const { position, stream, revision, recordedAt } = context;
  const { data, payload, problem } = messages.event(recorded);
  const content = payload === undefined ? JSON.stringify(data) : `(${payload.length} bytes of ${recorded.contentType})`;
  return [
    output.styled('dim', `${String(position).padStart(7)}  ${new Date(Number(recordedAt)).toISOString()}`),
    `${oneLine(stream)}@${revision}`,
    output.styled('bold', oneLine(event.type)),
    oneLine(content),
    ...(problem === undefined ? [] : [output.styled('yellow', `(${oneLine(problem)})`)]),
  ].join('  ');
}
