/**
 * The messages of processes: input (commands) and decisions (events), encoded in canonical MessagePack.
 *
 * A command contains all arguments of the handler, including the event's context. So a decision of a process is a pure
 * function of its history and its command, like any other decision.
 */
import { msgpack } from '../codec/msgpack.ts';
import { FaultError } from '../errors.ts';
import type { Envelope, EventContext, EventName, RejectedCommand } from '../messages.ts';
import { categoryOf } from '../stream-name.ts';
import { contextOf, envelopeOf, Fields, plainContext } from './fields.ts';

/** The input of a process. */
export type ProcessInput =
  | { readonly tag: 'event'; readonly key: string; readonly context: EventContext; readonly event: Envelope }
  | { readonly tag: 'rejected'; readonly key: string; readonly rejected: RejectedCommand };

/** An event of a process. A decision has the reactions first, and the input last if the state depends on it. */
export type ProcessEvent =
  | { readonly type: 'CommandDispatched'; readonly command: Envelope }
  | { readonly type: 'DeadlineScheduled'; readonly id: string; readonly dueAt: bigint; readonly command: Envelope }
  | { readonly type: 'DeadlineCancelled'; readonly id: string }
  | { readonly type: 'ProcessEnded' }
  | { readonly type: 'EventObserved'; readonly category: string; readonly event: Envelope }
  | { readonly type: 'RejectionObserved'; readonly rejected: RejectedCommand };

/** The types of {@link ProcessEvent} that the dispatcher processes. */
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

/** Returns the type of the command that reports the rejection of a process's command. */
export function rejectionType(commandType: string): string {
  return `${commandType}:rejected`;
}

/** Returns the type of the command that reports an event. An event is identified by its category and its type. */
export function observationType({ category, type }: EventName): string {
  return `${category}.${type}`;
}

export function encodeInput(input: ProcessInput): Envelope {
  const type =
    input.tag === 'event'
      ? observationType({ category: categoryOf(input.context.stream), type: input.event.type })
      : rejectionType(input.rejected.command.type);
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
      return { type, category: fields.text('category'), event: envelopeOf(fields.record('event')) };
    case 'RejectionObserved':
      return { type, rejected: rejectedOf(fields.record('rejected')) };
    default:
      throw new FaultError({
        code: 'unknown-type',
        message: `unknown event type ${type}, expected one of ${PROCESS_EVENT_TYPES.join(', ')}`,
        details: [['type', type]],
      });
  }
}

function plain(input: ProcessInput): object {
  if (input.tag === 'rejected') return { key: input.key, rejected: input.rejected };
  return { key: input.key, context: plainContext(input.context), event: input.event };
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
