/**
 * The messages of processes: what a process is told (its commands) and what it decides (its events), with their encoding in
 * canonical MessagePack.
 *
 * A command holds everything that the handler is given, the event's context included. So a decision of a process is a pure
 * function of its history and its command, like any other.
 */
import { msgpack } from '../codec/msgpack.ts';
import { FaultError } from '../errors.ts';
import type { Envelope, EventContext, RejectedCommand } from '../messages.ts';

/** What a process is told. */
export type ProcessInput =
  | { readonly tag: 'event'; readonly key: string; readonly context: EventContext; readonly event: Envelope }
  | { readonly tag: 'rejected'; readonly key: string; readonly rejected: RejectedCommand };

/** What a process decides. The reactions come first, and last what it saw, if its state depends on that. */
export type ProcessEvent =
  | { readonly type: 'CommandDispatched'; readonly command: Envelope }
  | { readonly type: 'DeadlineScheduled'; readonly id: string; readonly dueAt: bigint; readonly command: Envelope }
  | { readonly type: 'DeadlineCancelled'; readonly id: string }
  | { readonly type: 'ProcessEnded' }
  | { readonly type: 'EventObserved'; readonly event: Envelope }
  | { readonly type: 'RejectionObserved'; readonly rejected: RejectedCommand };

/** The types of {@link ProcessEvent} that the dispatcher acts on. */
export const REACTION_TYPES: readonly ProcessEvent['type'][] = [
  'CommandDispatched',
  'DeadlineScheduled',
  'DeadlineCancelled',
  'ProcessEnded',
];

export const PROCESS_EVENT_TYPES: readonly ProcessEvent['type'][] = [
  ...REACTION_TYPES,
  'EventObserved',
  'RejectionObserved',
];

/** The type of the command by which a process is told that its command was rejected. */
export function rejectionType(commandType: string): string {
  return `${commandType}:rejected`;
}

export function encodeInput(input: ProcessInput): Envelope {
  const type = input.tag === 'event' ? input.event.type : rejectionType(input.rejected.command.type);
  return {
    type,
    schemaVersion: 1,
    payload: msgpack.encode(plain(input), { kind: 'command', type, schemaVersion: 1 }),
  };
}

export function decodeInput({ type, payload }: Envelope): ProcessInput {
  const fields = new Fields(msgpack.decode(payload, { kind: 'command', type, schemaVersion: 1 }), type);
  const key = fields.text('key');
  if (fields.has('rejected')) return { tag: 'rejected', key, rejected: rejectedOf(fields.record('rejected')) };
  return { tag: 'event', key, context: contextOf(fields.record('context')), event: envelopeOf(fields.record('event')) };
}

export function encodeEvent(event: ProcessEvent): Envelope {
  const { type, ...fields } = event;
  return { type, schemaVersion: 1, payload: msgpack.encode(fields, { kind: 'event', type, schemaVersion: 1 }) };
}

export function decodeEvent({ type, payload }: Envelope): ProcessEvent {
  const fields = new Fields(msgpack.decode(payload, { kind: 'event', type, schemaVersion: 1 }), type);
  switch (type) {
    case 'CommandDispatched':
      return { type, command: envelopeOf(fields.record('command')) };
    case 'DeadlineScheduled':
      return {
        type,
        id: fields.text('id'),
        dueAt: fields.integer('dueAt'),
        command: envelopeOf(fields.record('command')),
      };
    case 'DeadlineCancelled':
      return { type, id: fields.text('id') };
    case 'ProcessEnded':
      return { type };
    case 'EventObserved':
      return { type, event: envelopeOf(fields.record('event')) };
    case 'RejectionObserved':
      return { type, rejected: rejectedOf(fields.record('rejected')) };
    default:
      throw new FaultError({
        code: 'unknown-type',
        message: `${type} is not an event of a process; a process has ${PROCESS_EVENT_TYPES.join(', ')}`,
        details: [['type', type]],
      });
  }
}

/** The context of a stored event may be an object with a getter: what is encoded is a record of its own fields. */
function plain(input: ProcessInput): object {
  if (input.tag === 'rejected') return { key: input.key, rejected: input.rejected };
  const { id, stream, revision, position, recordedAt, correlationId, causationId } = input.context;
  const context = { id, stream, revision, position, recordedAt, correlationId, causationId };
  return { key: input.key, context, event: input.event };
}

function envelopeOf(fields: Fields): Envelope {
  return {
    type: fields.text('type'),
    schemaVersion: Number(fields.integer('schemaVersion')),
    payload: fields.bytes('payload'),
  };
}

function contextOf(fields: Fields): EventContext {
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

function rejectedOf(fields: Fields): RejectedCommand {
  const rejection = fields.record('rejection');
  return {
    commandId: fields.text('commandId'),
    command: envelopeOf(fields.record('command')),
    stream: fields.text('stream'),
    rejection: {
      code: rejection.text('code'),
      message: rejection.text('message'),
      details: rejection.pairs('details'),
    },
    recordedAt: fields.integer('recordedAt'),
  };
}

/** Reads the fields of a decoded record. A field of another type is a fault that names it. */
class Fields {
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
    if (typeof value !== 'string') throw wrongField(`${this.#place}.${name}`, 'a text');
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
