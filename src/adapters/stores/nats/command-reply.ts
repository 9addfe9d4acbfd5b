/**
 * The reply to a command, in JSON: `{ "result": … }` or `{ "error": { "code", "payload", "message" } }`. Integers of 64
 * bits are strings and bytes are base64, as everywhere in the package's JSON.
 */
import { CommandFailure } from '../../../core/errors.ts';
import type { CommandError, CommandResult } from '../../../core/event-sourcer.ts';
import { toJson } from '../../../core/json.ts';
import type { Precondition, RecordedEvent } from '../../../core/messages.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function resultReply(result: CommandResult): Uint8Array {
  const { commandId, stream, module, outcome, events, revision, position, duplicate, attempts } = result;
  return reply({ result: { commandId, stream, module, outcome, events, revision, position, duplicate, attempts } });
}

export function errorReply(error: CommandError, message: string): Uint8Array {
  return reply({ error: { code: error.tag, payload: error, message } });
}

function reply(value: object): Uint8Array {
  return encoder.encode(JSON.stringify(toJson(value)));
}

/** Converts a value for JSON. A bigint becomes a string, and bytes become base64. */
type Json<Value> = Value extends bigint | Uint8Array
  ? string
  : Value extends string | number | boolean | null | undefined
    ? Value
    : { readonly [Name in keyof Value]: Json<Value[Name]> };

interface Reply {
  readonly result?: Json<CommandResult>;
  readonly error?: { readonly payload: Json<CommandError>; readonly message: string };
}

/**
 * Reads a reply.
 * @throws CommandFailure if the command failed.
 */
export function readReply(payload: Uint8Array): CommandResult {
  const { result, error } = JSON.parse(decoder.decode(payload)) as Reply;
  if (error !== undefined) throw new CommandFailure(commandErrorOf(error.payload), error.message);
  if (result === undefined) throw new SyntaxError('expected a reply with a result or an error');
  const { events, revision, position, outcome, ...others } = result;
  return {
    ...others,
    outcome: outcome as CommandResult['outcome'],
    events: events.map(eventOf),
    revision: integer(revision),
    position: integer(position),
  };
}

function integer(text: string | undefined): bigint | undefined {
  return text === undefined ? undefined : BigInt(text);
}

function eventOf({ context, event, contentType }: Json<RecordedEvent>): RecordedEvent {
  const { revision, position, recordedAt, ...others } = context;
  return {
    context: { ...others, revision: BigInt(revision), position: BigInt(position), recordedAt: BigInt(recordedAt) },
    event: { ...event, payload: new Uint8Array(Buffer.from(event.payload, 'base64')) },
    contentType,
  };
}

function commandErrorOf(error: Json<CommandError>): CommandError {
  if (error.tag !== 'conflict') return error as CommandError;
  const { precondition, actual, stream } = error.val;
  const expected = precondition as { readonly tag: Precondition['tag']; readonly val?: string };
  return {
    tag: 'conflict',
    val: {
      stream,
      precondition:
        expected.tag === 'at-revision'
          ? { tag: 'at-revision', val: BigInt(expected.val ?? '0') }
          : { tag: expected.tag },
      actual: integer(actual),
    },
  };
}
