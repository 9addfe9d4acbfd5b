/**
 * The events of a decision. Each event was checked and encoded when it was decided (`Shape.enter`). So its envelope
 * exists, and no other code has a reference to its data.
 */
import type { Envelope } from '../messages.ts';
import type { Message } from './message.ts';
import { Itself } from './private-fields.ts';

class Entered extends Itself {
  readonly #table: object;
  #envelope: Envelope | undefined;

  constructor(event: object, table: object, envelope: Envelope) {
    super(event);
    this.#table = table;
    this.#envelope = envelope;
  }

  static take(event: object, table: object): Envelope | undefined {
    if (!(#envelope in event) || event.#table !== table) return undefined;
    const envelope = event.#envelope;
    event.#envelope = undefined;
    return envelope;
  }

  static isTaken(event: object): boolean {
    return #envelope in event && event.#envelope === undefined;
  }
}

/** Makes an event that was checked and encoded. @param table the events of its module. */
export function enteredEvent(type: string, data: unknown, envelope: Envelope, table: object): Message {
  const event: Message = { type, data };
  new Entered(event, table, envelope);
  return event;
}

/**
 * Returns the envelope of an event that a decision of the same module has made. Later calls return undefined, because
 * the code that received the event may have changed it.
 */
export function takeEnvelope(event: Message, table: object): Envelope | undefined {
  return Entered.take(event, table);
}

/**
 * The event types that `defineDecider` has made. Their `toEnvelope` and `fromEnvelope` are a pair: the bytes of an
 * event that was checked and encoded are decoded to an equal event (`Shape.enter`).
 */
const ownTypes = new WeakSet<object>();

/** Marks an event type that `defineDecider` makes. */
export function ownEventType<Type extends object>(type: Type): Type {
  ownTypes.add(type);
  return type;
}

/**
 * Returns whether decoding the envelopes that `types.event` has just made for the events would return equal events.
 * This is known only for event types that `defineDecider` has made. A wrapper with another decoder is another object.
 */
export function areAsDecoded(type: object, events: readonly unknown[]): boolean {
  return ownTypes.has(type) && areTaken(events);
}

/** Returns whether all events were checked and encoded, and their envelopes were taken. */
export function areTaken(events: readonly unknown[] | undefined): events is readonly Message[] {
  if (events === undefined) return false;
  for (let index = 0; index < events.length; index++) {
    const event = events[index];
    if (typeof event !== 'object' || event === null || !Entered.isTaken(event)) return false;
  }
  return true;
}
