import { StoreFailure } from '../../../core/errors.ts';
import type { ReadStreamOptions } from '../../../core/event-store.ts';
import type { RecordedEvent } from '../../../core/messages.ts';

/**
 * Checks the events that a component returned for a read of a stream. They must be of this stream, with consecutive
 * revisions from the requested one, because a gap, a duplicate or another stream's event leads to a wrong state.
 *
 * @returns the events
 * @throws StoreFailure `failure` with the code `corrupt`, which names the first wrong event.
 */
export function checkedStreamPage(
  stream: string,
  { direction, fromRevision, limit }: ReadStreamOptions,
  events: readonly RecordedEvent[],
): readonly RecordedEvent[] {
  const isForward = direction === 'forward';
  let expected = isForward ? (fromRevision ?? 0n) : undefined;
  for (const [index, { context }] of events.entries()) {
    const { revision } = context;
    // A stream that is read backward may end before the requested revision.
    const isAfterStart = !isForward && index === 0 && fromRevision !== undefined && revision > fromRevision;
    if (context.stream === stream && !isAfterStart && (expected === undefined || revision === expected)) {
      expected = isForward ? revision + 1n : revision - 1n;
      continue;
    }
    throw corrupt(
      `expected the event at index ${index} to be of stream ${JSON.stringify(stream)} and revision ` +
        `${expected ?? `at most ${fromRevision}`}, but the component returned one of stream ` +
        `${JSON.stringify(context.stream)} and revision ${revision}`,
    );
  }
  if (limit === undefined || events.length <= limit) return events;
  throw corrupt(`expected at most ${limit} events of stream ${JSON.stringify(stream)}, got ${events.length}`);
}

function corrupt(message: string): StoreFailure {
  return new StoreFailure({ tag: 'failure', val: { code: 'corrupt', message } }, message);
}
