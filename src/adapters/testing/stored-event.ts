/** Events that an older version of a program stored, to test upcasters and former names. */
import { type Codec, type Envelope, type EventType, type Message, msgpack } from '../../core/index.ts';

/** An event that was stored by an older version. {@link storedEvent} returns it, and `given` accepts it. */
export interface StoredEvent {
  readonly 'decidable/stored-event': true;
  readonly envelope: Envelope;
  readonly data: unknown;
}

/**
 * Makes an event that an older version of the program stored, for `given`. The event is read like an event of a store:
 * decoded, and upgraded to the newest version.
 *
 * @param type the name under which the event was stored.
 * @param codec the codec of the module at that time. @default msgpack
 * @example given(storedEvent('Priced', 1, { euros: 5n })).when(Sell({ seats: 1 })).then(Sold({ cents: 500n }));
 */
export function storedEvent(type: string, schemaVersion: number, data: unknown, codec: Codec = msgpack): StoredEvent {
  const payload = codec.encode(data, { kind: 'event', type, schemaVersion });
  return { 'decidable/stored-event': true, envelope: { type, schemaVersion, payload }, data };
}

function isStored(event: unknown): event is StoredEvent {
  return typeof event === 'object' && event !== null && 'decidable/stored-event' in event;
}

/** Returns the envelopes of a test's events. */
export function envelopesOf<Event>(type: EventType<Event>, events: readonly (Event | StoredEvent)[]): Envelope[] {
  return events.map((event) => (isStored(event) ? event.envelope : type.toEnvelope(event)));
}

/** Returns an event of a test as a message, for failure messages. */
export function shownEvent(event: unknown): Message {
  if (!isStored(event)) return event as Message; // The events of a test are plain data.
  const { type, schemaVersion } = event.envelope;
  return { type: `${type} (version ${schemaVersion})`, data: event.data };
}
