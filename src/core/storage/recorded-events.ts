/**
 * The events that a store returns (wit/messages.wit, `recorded-event`), cheap enough to replay a million of them. The
 * events of one decision share one object. An id costs a SHA-1, so ids are derived on demand (docs/architecture.md,
 * "Ids are derived").
 */
import type { Appended } from '../event-store.ts';
import { eventId } from '../ids.ts';
import { type JsonConvertible, type JsonValue, toJson } from '../json.ts';
import type { Decision, Envelope, EventContext, RecordedEvent } from '../messages.ts';

/**
 * The id is derived each time it is read. It is an own property, so that `{ ...context }` and `structuredClone` copy
 * it. The property costs 0.1 µs for each event. A SHA-1 for each event would cost ten times as much.
 */
const ID: PropertyDescriptor & ThisType<StoredEventContext> = {
  enumerable: true,
  configurable: true,
  get() {
    return eventId(this.causationId, this.index);
  },
};

/** The context of a stored event. `JSON.stringify` writes its bigints as strings. */
export class StoredEventContext implements EventContext, JsonConvertible {
  /** The UUIDv5 of the command id and the event's index in its decision. */
  declare readonly id: string;
  readonly stream: string;
  readonly revision: bigint;
  readonly position: bigint;
  readonly recordedAt: bigint;
  readonly correlationId: string;
  readonly causationId: string;
  /** The event's index in its decision, from 0. */
  readonly index: number;

  constructor(
    stream: string,
    revision: bigint,
    position: bigint,
    recordedAt: bigint,
    correlationId: string,
    causationId: string,
    index: number,
  ) {
    this.stream = stream;
    this.revision = revision;
    this.position = position;
    this.recordedAt = recordedAt;
    this.correlationId = correlationId;
    this.causationId = causationId;
    this.index = index;
    Object.defineProperty(this, 'id', ID);
  }

  toJSON(): JsonValue {
    return toJson({ ...this });
  }
}

/** Returns the events of an appended decision as a later read would return them, without reading the store. */
export function recordedEvents(
  stream: string,
  events: readonly Envelope[],
  decision: Decision,
  appended: Appended,
): readonly RecordedEvent[] {
  const { firstRevision, firstPosition, recordedAt } = appended;
  if (firstRevision === undefined || firstPosition === undefined) return [];
  const { correlationId, commandId, contentType } = decision;
  const recorded: RecordedEvent[] = new Array(events.length);
  // The numbers are incremented in place, because nearly every decision has one event.
  let revision = firstRevision;
  let position = firstPosition;
  for (let index = 0; index < events.length; index++) {
    if (index > 0) {
      revision++;
      position++;
    }
    const context = new StoredEventContext(stream, revision, position, recordedAt, correlationId, commandId, index);
    recorded[index] = { context, event: events[index]!, contentType };
  }
  return recorded;
}
