/**
 * The request that carries a command (docs/guides/nats.md lists the headers, for clients in other languages). It has
 * the payload of the command. Strings in headers are percent-encoded UTF-8, because a header is one line of ASCII.
 */
import type { MsgHdrs } from '@nats-io/transport-node';
import type { CommandOptions } from '../../../core/event-sourcer.ts';
import type { Envelope, Precondition } from '../../../core/messages.ts';
import { unknownName } from '../../../core/unknown-names.ts';
import { tokenOf } from './subjects.ts';

const TYPE = 'Decidable-Type';
const SCHEMA_VERSION = 'Decidable-Schema-Version';
const COMMAND_ID = 'Decidable-Command-Id';
const CORRELATION_ID = 'Decidable-Correlation-Id';
const CAUSATION_ID = 'Decidable-Causation-Id';
const ACTOR = 'Decidable-Actor';
const PRECONDITION = 'Decidable-Precondition';
const DEADLINE = 'Decidable-Deadline';
const CONTENT_TYPE = 'Content-Type';

const DECIDABLE_HEADERS: readonly string[] = [
  TYPE,
  SCHEMA_VERSION,
  COMMAND_ID,
  CORRELATION_ID,
  CAUSATION_ID,
  ACTOR,
  PRECONDITION,
  DEADLINE,
];

/** The content type of a payload that is plain JSON data instead of the encoding of the command's module. */
export const JSON_DATA = 'application/json';

/** Returns the subjects of the commands of a store. */
export function commandSubjects(name: string): string {
  return `${name}.commands.*`;
}

/** Returns the subject of commands of one type, so that permissions of NATS can allow single types. */
export function commandSubject(name: string, type: string): string {
  return `${name}.commands.${tokenOf(type)}`;
}

export function writeRequest(headers: MsgHdrs, { type, schemaVersion }: Envelope, options: CommandOptions): void {
  const texts: Readonly<Record<string, string | undefined>> = {
    [TYPE]: type,
    [SCHEMA_VERSION]: String(schemaVersion),
    [COMMAND_ID]: options.commandId,
    [CORRELATION_ID]: options.correlationId,
    [CAUSATION_ID]: options.causationId,
    [ACTOR]: options.actor,
    [PRECONDITION]: options.precondition === undefined ? undefined : preconditionText(options.precondition),
    [DEADLINE]: options.deadline?.toString(),
  };
  for (const [name, text] of Object.entries(texts)) if (text !== undefined) headers.set(name, encodeURIComponent(text));
}

/** A decoded request. It has `data` instead of an envelope if the payload is plain JSON. */
export interface CommandRequest {
  readonly type: string;
  readonly envelope: Envelope;
  readonly isJson: boolean;
  readonly options: CommandOptions;
}

/** Reads a request. @throws InvalidRequest that names the header. */
export function readRequest(headers: MsgHdrs | undefined, payload: Uint8Array): CommandRequest {
  // A misspelled command id would make the command different each time that it is sent. Names are case-sensitive.
  for (const name of headers?.keys() ?? []) {
    if (!/^decidable-/i.test(name) || DECIDABLE_HEADERS.includes(name)) continue;
    throw new InvalidRequest(name, unknownName('header', name, DECIDABLE_HEADERS));
  }
  const text = (name: string): string | undefined => {
    if (headers?.has(name) !== true) return undefined;
    const value = headers.last(name);
    if (value === '') throw new InvalidRequest(name, 'must have a value; omit the header instead');
    try {
      return decodeURIComponent(value);
    } catch {
      throw new InvalidRequest(name, `must be percent-encoded UTF-8, got ${JSON.stringify(value)}`);
    }
  };
  const type = text(TYPE);
  if (type === undefined) throw new InvalidRequest(TYPE, 'is missing; set it to the type of the command');
  const deadline = text(DEADLINE);
  const precondition = text(PRECONDITION);
  return {
    type,
    envelope: { type, schemaVersion: Number(text(SCHEMA_VERSION) ?? '1'), payload },
    isJson: text(CONTENT_TYPE)?.split(';', 1)[0]?.trim().toLowerCase() === JSON_DATA,
    options: {
      commandId: text(COMMAND_ID),
      correlationId: text(CORRELATION_ID),
      causationId: text(CAUSATION_ID),
      actor: text(ACTOR),
      precondition: precondition === undefined ? undefined : preconditionOf(precondition),
      deadline: deadline === undefined ? undefined : integerOf(DEADLINE, deadline),
    },
  };
}

/** A header of a request is missing or invalid. */
export class InvalidRequest extends Error {
  readonly header: string;

  constructor(header: string, message: string) {
    super(message);
    this.header = header;
  }
}

function preconditionText(precondition: Precondition): string {
  return precondition.tag === 'at-revision' ? `at-revision ${precondition.val}` : precondition.tag;
}

function preconditionOf(text: string): Precondition {
  switch (text) {
    case 'any':
    case 'no-stream':
    case 'stream-exists':
      return { tag: text };
    default: {
      const [tag, revision = '', ...rest] = text.split(' ');
      if (tag === 'at-revision' && rest.length === 0) return { tag, val: integerOf(PRECONDITION, revision) };
      const known = 'any, no-stream, stream-exists or at-revision and a number';
      throw new InvalidRequest(PRECONDITION, `must be ${known}, got ${JSON.stringify(text)}`);
    }
  }
}

function integerOf(header: string, text: string): bigint {
  if (/^\d{1,19}$/.test(text)) return BigInt(text);
  throw new InvalidRequest(header, `must be a whole number, got ${JSON.stringify(text)}`);
}
