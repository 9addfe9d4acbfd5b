/**
 * Encodes and decodes the messages of processes and the data that stores keep for processors, in canonical MessagePack.
 */
import { msgpack } from '../codec/msgpack.ts';
import { FaultError } from '../errors.ts';
import type { Envelope, EventContext, RecordedEvent } from '../messages.ts';
import type { StopReason } from './processor-store.ts';

const PARKED = { kind: 'event', type: 'parked event', schemaVersion: 1 } as const;
const DEADLINE = { kind: 'command', type: 'deadline', schemaVersion: 1 } as const;

/** Returns the reason of a stop as JSON, for stores of rows. JSON escapes the characters that a database refuses. */
export function encodeStopReason({ code, message, position, at }: StopReason): string {
  return JSON.stringify({ code, message, position: position?.toString(), at });
}

/** Decodes the result of {@link encodeStopReason}. */
export function decodeStopReason(text: string): StopReason {
  const { code, message, position, at } = JSON.parse(text) as Record<string, string | number | undefined>;
  return {
    code: String(code),
    message: String(message),
    position: position === undefined ? undefined : BigInt(position),
    at: Number(at),
  };
}

/** Encodes a recorded event, for stores that keep parked events. */
export function encodeRecordedEvent({ context, event, contentType }: RecordedEvent): Uint8Array {
  return msgpack.encode({ context: plainContext(context), event, contentType }, PARKED);
}

/** Decodes the result of {@link encodeRecordedEvent}. @throws FaultError with the code `undecodable-payload`. */
export function decodeRecordedEvent(bytes: Uint8Array): RecordedEvent {
  const fields = new Fields(msgpack.decode(bytes, PARKED), PARKED.type);
  return {
    context: contextOf(fields.record('context')),
    event: envelopeOf(fields.record('event')),
    contentType: fields.text('contentType'),
  };
}

/** The command of a deadline and the context of the reaction that set it. */
export interface DeadlineContent {
  readonly command: Envelope;
  readonly context: EventContext;
}

/** Encodes the content of a deadline, for stores that keep deadlines. */
export function encodeDeadline({ command, context }: DeadlineContent): Uint8Array {
  return msgpack.encode({ command, context: plainContext(context) }, DEADLINE);
}

/** Decodes the result of {@link encodeDeadline}. @throws FaultError with the code `undecodable-payload`. */
export function decodeDeadline(bytes: Uint8Array): DeadlineContent {
  const fields = new Fields(msgpack.decode(bytes, DEADLINE), DEADLINE.type);
  return { command: envelopeOf(fields.record('command')), context: contextOf(fields.record('context')) };
}

/** Returns the context as a plain object, because a stored event's context has getters, which cannot be encoded. */
export function plainContext(context: EventContext): EventContext {
  const { id, stream, revision, position, recordedAt, correlationId, causationId } = context;
  return { id, stream, revision, position, recordedAt, correlationId, causationId };
}

export function envelopeOf(fields: Fields): Envelope {
  return {
    type: fields.text('type'),
    schemaVersion: Number(fields.integer('schemaVersion')),
    payload: fields.bytes('payload'),
  };
}

export function contextOf(fields: Fields): EventContext {
  return {
    id: fields.text('id'),
    stream: fields.text('stream'),
    revision: fields.integer('revision'),
    position: fields.integer('position'),
    recordedAt: fields.integer('recordedAt'),
    correlationId: fields.text('correlationId'),
    causationId: fields.text('causationId'),
  };
}

/** Reads the fields of a decoded record. If a field has another type, it throws a fault that names the field. */
export class Fields {
  readonly #record: Readonly<Record<string, unknown>>;
  readonly #place: string;

  constructor(value: unknown, place: string) {
    if (typeof value !== 'object' || value === null) throw wrongField(place, 'a record');
    this.#record = value as Readonly<Record<string, unknown>>;
    this.#place = place;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#record, name);
  }

  record(name: string): Fields {
    return new Fields(this.#record[name], `${this.#place}.${name}`);
  }

  text(name: string): string {
    const value = this.#record[name];
    if (typeof value !== 'string') throw wrongField(`${this.#place}.${name}`, 'a string');
    return value;
  }

  integer(name: string): bigint {
    const value = this.#record[name];
    if (typeof value === 'bigint') return value;
    if (!Number.isSafeInteger(value)) throw wrongField(`${this.#place}.${name}`, 'an integer');
    return BigInt(value as number);
  }

  bytes(name: string): Uint8Array {
    const value = this.#record[name];
    if (!(value instanceof Uint8Array)) throw wrongField(`${this.#place}.${name}`, 'bytes');
    return value;
  }

  pairs(name: string): readonly (readonly [string, string])[] {
    const value = this.#record[name];
    const isPair = (pair: unknown): pair is [string, string] =>
      Array.isArray(pair) && pair.length === 2 && pair.every((part) => typeof part === 'string');
    if (!Array.isArray(value) || !value.every(isPair)) throw wrongField(`${this.#place}.${name}`, 'a list of pairs');
    return value;
  }
}

function wrongField(place: string, expected: string): FaultError {
  return new FaultError({
    code: 'undecodable-payload',
    message: `${place}: expected ${expected}`,
    details: [['path', place]],
  });
}
