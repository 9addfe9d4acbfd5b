/**
 * The interface `types` of a module whose messages are plain data, for `defineDecider`, `defineEventHandler` and
 * `defineProjector`.
 *
 * A message that is read is decoded, upgraded to the newest version, and checked. A message of the program is checked
 * and encoded (`Shape.enter`) when its envelope is made, and an event of a decision when it is decided.
 */
import type { Codec, Subject } from '../codec/codec.ts';
import { copyForeign, copyValue } from '../codec/copy.ts';
import { DefinitionError, FaultError, isFault } from '../errors.ts';
import type { Envelope, WritePrecondition } from '../messages.ts';
import { checkOptionNames } from '../option-names.ts';
import { isText, mustBe } from '../predicates.ts';
import type { CommandType, EventType } from '../types.ts';
import { unknownName } from '../unknown-names.ts';
import { ownEventType, takeEnvelope } from './entered-event.ts';
import { textOf } from './handler-fault.ts';
import type { CommandDefinition, Definition, Message, Snapshots, Source } from './message.ts';
import { defineCommand, defineEvent } from './message.ts';
import type { Shape, StandardSchema } from './schema.ts';
import { shapeOf } from './schema.ts';

/** One message type, ready to be read and written. */
export interface MessageEntry {
  readonly type: string;
  readonly definition: Definition;
  readonly shape: Shape<unknown>;
  readonly subject: Subject;
}

/** The message types of a module, by name. */
export type MessageTable<Entry extends MessageEntry = MessageEntry> = ReadonlyMap<string, Entry>;

/** Returns the definition unchanged. A plain schema becomes a definition of version 1. */
function definitionOf(kind: 'command' | 'event', type: string, source: Source, place: string): Definition {
  const define: (type: string, schema: StandardSchema) => Definition = kind === 'command' ? defineCommand : defineEvent;
  // A schema may have its own field `kind`, as those of arktype do.
  if ('~standard' in source || !('kind' in source)) return define(type, source);
  if (source.kind !== kind)
    throw new DefinitionError(
      place,
      `is the definition of ${source.kind === 'event' ? 'an event' : 'a command'}, expected one of ${kind === 'event' ? 'an event' : 'a command'}`,
    );
  if (source.type !== type) {
    throw new DefinitionError(place, `is the definition of ${source.type}; use its type as the key`);
  }
  return source;
}

/**
 * Makes the table of `commands` or of `events`.
 *
 * @throws DefinitionError that names the entry.
 */
export function messageTable(
  kind: 'command' | 'event',
  sources: Readonly<Record<string, Source>>,
  place: string,
): Map<string, MessageEntry> {
  if (typeof sources !== 'object' || sources === null)
    throw new DefinitionError(place, 'must be an object with definitions');
  const entries = Object.entries(sources).map(([type, source]): [string, MessageEntry] => {
    const at = `${place}.${type}`;
    if (source === null || (typeof source !== 'object' && typeof source !== 'function')) {
      throw new DefinitionError(
        at,
        `must be a schema, or the result of ${kind === 'command' ? 'defineCommand' : 'defineEvent'}`,
      );
    }
    return [type, messageEntry(kind, type, definitionOf(kind, type, source, at), at)];
  });
  checkUniqueNames(entries, kind, place);
  return new Map(entries);
}

/**
 * Makes the entry of a message type.
 * @param type the message's name in the module: its own type, or the reader's name for it.
 */
export function messageEntry(kind: Subject['kind'], type: string, definition: Definition, place: string): MessageEntry {
  // The codec gets the type under which the message is stored.
  const subject: Subject = Object.freeze({ kind, type: definition.type, schemaVersion: definition.schemaVersion });
  return { type, definition, shape: shapeOf(definition.schema, place), subject };
}

/** Checks that no former name is the name of another message, because stored messages could not be distinguished. */
function checkUniqueNames(entries: readonly (readonly [string, MessageEntry])[], kind: string, place: string): void {
  const owners = new Map(entries.map(([type]) => [type, type]));
  for (const [type, { definition }] of entries) {
    for (const alias of definition.aliases) {
      const owner = owners.get(alias);
      if (owner !== undefined) {
        throw new DefinitionError(
          `${place}.${type}.aliases`,
          `${alias} is also a name of the ${kind} ${owner}; a name belongs to one ${kind}`,
        );
      }
      owners.set(alias, type);
    }
  }
}

/** Returns the definitions of a table by type. */
export function definitionsOf(table: MessageTable): Record<string, Definition> {
  return Object.freeze(Object.fromEntries([...table].map(([type, { definition }]) => [type, definition])));
}

/** Returns the entry of a type, or of a former name. @throws FaultError with code `unknown-type`. */
export function entryOf<Entry extends MessageEntry>(
  table: MessageTable<Entry>,
  type: string,
  kind: 'command' | 'event',
): Entry {
  const entry = table.get(type) ?? entryOfAlias(table, type);
  if (entry === undefined) throw unknownType(table, type, kind);
  return entry;
}

function entryOfAlias<Entry extends MessageEntry>(table: MessageTable<Entry>, alias: string): Entry | undefined {
  for (const entry of table.values()) if (entry.definition.aliases.includes(alias)) return entry;
  return undefined;
}

function unknownType(table: MessageTable, type: unknown, kind: 'command' | 'event'): FaultError {
  const known = [...table.keys()];
  return new FaultError({
    code: 'unknown-type',
    message: unknownName(kind, String(type), known),
    details: [
      ['type', String(type)],
      ['known', known.join(', ')],
    ],
  });
}

/** Decodes a message, upgrades it to the newest version and checks it. */
function readMessage(entry: MessageEntry, envelope: Envelope, codec: Codec): Message {
  const { type, definition, shape, subject } = entry;
  const version = envelope.schemaVersion;
  if (version === definition.schemaVersion) {
    return { type, data: shape.read(decodePayload(codec, envelope.payload, subject), subject) };
  }
  if (version > definition.schemaVersion) throw newerVersion(subject, version);
  if (!(Number.isInteger(version) && version >= 1)) throw invalidVersion(subject, version);
  const old = decodePayload(codec, envelope.payload, { ...subject, schemaVersion: version });
  // The result is copied, because the upcaster may keep its objects.
  return { type, data: shape.read(copyForeign(upcast(definition, version, old)), subject) };
}

/**
 * Decodes a payload.
 * @throws FaultError from the codec, or with the code `undecodable-payload` if the codec throws another error.
 */
export function decodePayload(codec: Codec, payload: Uint8Array, subject: Subject): unknown {
  try {
    return codec.decode(payload, subject);
  } catch (cause) {
    if (isFault(cause)) throw cause;
    throw new FaultError(
      {
        code: 'undecodable-payload',
        message: `${subject.type}: the payload cannot be decoded as ${codec.contentType}: ${textOf(cause)}`,
        details: [
          ['type', subject.type],
          ['schema-version', String(subject.schemaVersion)],
        ],
      },
      { cause },
    );
  }
}

function upcast(definition: Definition, from: number, old: unknown): unknown {
  let data = old;
  for (let version = from; version < definition.schemaVersion; version++) {
    try {
      data = definition.upcast[version]!(data as never); // The definition was checked to have every step.
    } catch (cause) {
      throw new FaultError(
        {
          code: 'upcast-failed',
          message: `${definition.type}: the upcaster from schema version ${version} failed: ${textOf(cause)}`,
          details: [
            ['type', definition.type],
            ['schema-version', String(version)],
          ],
        },
        { cause },
      );
    }
  }
  return data;
}

function newerVersion(subject: Subject, version: number): FaultError {
  const newest = subject.schemaVersion;
  return new FaultError({
    code: 'newer-schema-version',
    message:
      `${subject.type}: schema version ${version} is newer than ${newest}, the newest version of this module; ` +
      'run the version of the module that wrote it, or a later one',
    details: [
      ['type', subject.type],
      ['schema-version', String(version)],
      ['newest-known', String(newest)],
    ],
  });
}

function invalidVersion(subject: Subject, version: number): FaultError {
  return new FaultError({
    code: 'invalid-schema-version',
    message: `${subject.type}: the schema version must be a positive integer, not ${version}`,
    details: [
      ['type', subject.type],
      ['schema-version', String(version)],
    ],
  });
}

/** Checks and encodes a message. Returns its data and its envelope. @throws FaultError as `Shape.enter`. */
export function enterMessage(
  { type, subject, shape }: MessageEntry,
  data: unknown,
  codec: Codec,
): { readonly data: unknown; readonly envelope: Envelope } {
  const entered = shape.enter(data, subject, codec);
  return {
    data: entered.data,
    envelope: { type, schemaVersion: subject.schemaVersion, payload: entered.payload },
  };
}

/** Returns a copy of a message for a handler, because the handler may change the data. */
export function lendMessage(message: Message): Message {
  return { type: message.type, data: copyValue(message.data) };
}

/** Makes `types.command` of a table. */
export function commandTypeOf<Command extends Message>(table: MessageTable, codec: Codec): CommandType<Command> {
  return {
    fromEnvelope: (envelope) => readMessage(entryOf(table, envelope.type, 'command'), envelope, codec) as Command,
    toEnvelope: (command) => enterMessage(entryOf(table, command.type, 'command'), command.data, codec).envelope,
  };
}

/** Makes `types.event` of a table. An event that a decision has made is encoded already. */
export function eventTypeOf<Event extends Message>(table: MessageTable, codec: Codec): EventType<Event> {
  return ownEventType({
    fromEnvelope: (envelope) => readMessage(entryOf(table, envelope.type, 'event'), envelope, codec) as Event,
    toEnvelope: (event) =>
      takeEnvelope(event, table) ?? enterMessage(entryOf(table, event.type, 'event'), event.data, codec).envelope,
  });
}

/** Returns the policies of a command. For a plain schema, they are the defaults. */
export function policiesOf(definition: Definition): { precondition: WritePrecondition; snapshot: Snapshots } {
  const { precondition = 'stream-unchanged', snapshot = 'never' } = definition as Partial<CommandDefinition>;
  return { precondition, snapshot };
}

/**
 * Checks the fields that every definition has, and refuses unknown fields.
 *
 * @param known the names of all its fields.
 * @returns the module's name.
 * @throws DefinitionError with the place of the field.
 */
export function checkIdentity(
  definition: { readonly name: string; readonly version: string; readonly codec?: Codec | undefined },
  known: Readonly<Record<string, true>>,
  place: string,
): string {
  const name: unknown = Object(definition).name;
  checkOptionNames(definition, known, isText(name) && name !== '' ? name : place);
  if (!isText(name) || name === '') throw new DefinitionError(`${place}.name`, mustBe(TEXT, name));
  const { version, codec } = definition;
  if (!isText(version) || version === '') throw new DefinitionError(`${name}.version`, mustBe(TEXT, version));
  if (codec !== undefined) checkCodec(codec, `${name}.codec`);
  return name;
}

const TEXT = 'a non-empty string without lone surrogates';

function checkCodec(codec: Codec, place: string): void {
  const { contentType, encode, decode } = Object(codec);
  if (isText(contentType) && contentType !== '' && typeof encode === 'function' && typeof decode === 'function') return;
  throw new DefinitionError(place, mustBe('a codec, { contentType, encode, decode }', codec));
}

/**
 * Checks the handlers of messages, by type.
 *
 * @throws DefinitionError if an entry is not a function, has an unknown type or (if all are needed) is missing.
 */
export function checkHandlers(
  handlers: object,
  types: MessageTable,
  kind: 'command' | 'event',
  place: string,
  needed: 'all' | 'some',
): void {
  if (typeof handlers !== 'object' || handlers === null) {
    throw new DefinitionError(place, mustBe('an object of functions', handlers));
  }
  for (const [type, handler] of Object.entries(handlers)) {
    const at = `${place}.${type}`;
    if (!types.has(type)) throw new DefinitionError(at, unknownName(kind, type, [...types.keys()]));
    if (typeof handler !== 'function') throw new DefinitionError(at, mustBe('a function', handler));
  }
  if (needed === 'some') return;
  for (const type of types.keys()) {
    if (!Object.hasOwn(handlers, type))
      throw new DefinitionError(`${place}.${type}`, 'is missing; add a function for this type');
  }
}
