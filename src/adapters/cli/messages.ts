/**
 * Decodes payloads for people and programs. The module that owns a message decodes it, so that old schema versions are
 * upgraded. A message of an unknown type, or of a component, is decoded by its content type.
 */
import { msgpack } from '../../core/codec/msgpack.ts';
import { type JsonValue, toJson } from '../../core/json.ts';
import type { AnyModule } from '../../core/loop/bound-module.ts';
import type { Envelope, RecordedEvent } from '../../core/messages.ts';
import { processModule } from '../../core/processors/process-module.ts';
import type { AnySystemDefinition } from '../../core/processors/system-parts.ts';
import type { Descriptor } from '../../core/routing.ts';
import { categoryOf } from '../../core/stream-name.ts';
import { json } from '../codecs/json.ts';
import { CommandLineError } from './failures.ts';

/** A decoded payload. */
export interface DecodedPayload {
  /** The message's data. It is absent if the payload cannot be decoded. */
  readonly data?: JsonValue;
  /** The payload's bytes. They are present only if they cannot be decoded. */
  readonly payload?: Uint8Array;
  /**
   * The module that decoded the payload, `content-type` if it was decoded without a module, or `none` if it could not
   * be decoded.
   */
  readonly decodedBy: string;
  /** The failure of the module that owns the message. */
  readonly problem?: string;
}

type MessageKind = 'command' | 'event';

/** A module with its descriptor, which is read only once because a component runs guest code for it. */
interface Owner {
  readonly module: AnyModule;
  readonly descriptor: Descriptor;
}

export class Messages {
  readonly #deciders: readonly Owner[];
  /** The process managers by category, because each stores its reactions in its own streams. */
  readonly #processes: ReadonlyMap<string, Owner>;
  /** A cache of the owners of events, by category and type. */
  readonly #owners = new Map<string, Owner | undefined>();

  constructor(system: AnySystemDefinition | undefined) {
    this.#deciders = (system?.deciders ?? []).map(ownerOf);
    const processes = (system?.processManagers ?? []).map((manager) => ownerOf(processModule(manager)));
    this.#processes = new Map(processes.map((owner) => [owner.descriptor.category, owner]));
  }

  /** Returns the module with this name. @throws CommandLineError `not-found` that names the modules of the system. */
  module(name: string): AnyModule {
    const found = this.#named(name);
    if (found !== undefined) return found.module;
    const known = this.#all().map(({ descriptor }) => descriptor.name);
    throw new CommandLineError(
      'not-found',
      `the system has no module "${name}"; its modules are ${known.join(', ') || 'none'}`,
      { argument: '--module' },
    );
  }

  event({ event, context, contentType }: RecordedEvent): DecodedPayload {
    const category = categoryOf(context.stream);
    return this.#decoded(
      'event',
      event,
      contentType,
      this.#processes.get(category) ?? this.#eventOwner(category, event),
    );
  }

  /** Decodes a command. @param moduleName the module that decided it. */
  command(envelope: Envelope, contentType: string, moduleName: string): DecodedPayload {
    return this.#decoded('command', envelope, contentType, this.#named(moduleName));
  }

  #all(): readonly Owner[] {
    return [...this.#deciders, ...this.#processes.values()];
  }

  #named(name: string): Owner | undefined {
    return this.#all().find(({ descriptor }) => descriptor.name === name);
  }

  #eventOwner(category: string, { type }: Envelope): Owner | undefined {
    const key = `${category}-${type}`;
    if (this.#owners.has(key)) return this.#owners.get(key);
    // Modules of one category share the definitions of their events.
    const found = this.#deciders.find(
      ({ descriptor }) => descriptor.category === category && has(descriptor.events, type),
    );
    this.#owners.set(key, found);
    return found;
  }

  /**
   * Returns the owner of a message that a process has stored without its category, or undefined if several modules have
   * its type.
   */
  #onlyOwner(kind: 'commands' | 'events', { type }: Envelope): Owner | undefined {
    const owners = this.#deciders.filter(({ descriptor }) => has(descriptor[kind], type));
    return owners.length === 1 ? owners[0] : undefined;
  }

  #decoded(kind: MessageKind, envelope: Envelope, contentType: string, owner: Owner | undefined): DecodedPayload {
    // A module with functions that release handles is a component, whose messages have no readable content.
    if (owner === undefined || owner.module.types[kind].drop !== undefined) {
      return byContentType(kind, envelope, contentType);
    }
    const { name } = owner.descriptor;
    try {
      const message = owner.module.types[kind].fromEnvelope(envelope);
      const { type: _type, data, ...fields } = Object(message) as { readonly type?: unknown; readonly data?: unknown };
      return { data: toJson(data ?? this.#nested(fields, contentType)), decodedBy: name };
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      return { ...byContentType(kind, envelope, contentType), problem: `${name}: ${problem}` };
    }
  }

  /** Decodes the envelopes in the fields of a process's message. */
  #nested(fields: object, contentType: string): object {
    const entries = Object.entries(fields).map(([name, value]) => {
      if (name === 'command' && isEnvelope(value)) return [name, this.#message('command', value, contentType)];
      if (name === 'event' && isEnvelope(value)) return [name, this.#message('event', value, contentType)];
      const { command } = Object(value);
      if (!isEnvelope(command)) return [name, value];
      return [name, { ...Object(value), command: this.#message('command', command, contentType) }];
    });
    return Object.fromEntries(entries);
  }

  #message(kind: MessageKind, envelope: Envelope, contentType: string): object {
    const owner = this.#onlyOwner(kind === 'command' ? 'commands' : 'events', envelope);
    const owned = owner?.descriptor.contentType ?? contentType;
    const { data, payload } = this.#decoded(kind, envelope, owned, owner);
    return { type: envelope.type, data, payload };
  }
}

function ownerOf(module: { readonly routing: Pick<AnyModule['routing'], 'describe'> }): Owner {
  return { module: module as AnyModule, descriptor: module.routing.describe() };
}

function has(messages: readonly { readonly type: string }[], type: string): boolean {
  return messages.some((message) => message.type === type);
}

/** Decodes a state by its content type. */
export function stateByContentType(module: string, bytes: Uint8Array, contentType: string): DecodedPayload {
  return byContentType('state', { type: module, schemaVersion: 1, payload: bytes }, contentType);
}

/** Decodes an event's bytes by their content type. */
export function eventByContentType(event: Envelope, contentType: string): DecodedPayload {
  return byContentType('event', event, contentType);
}

/** Encodes a command's data for a module that accepts only bytes. */
export function encodeByContentType(type: string, schemaVersion: number, data: unknown, contentType: string): Envelope {
  const codec = codecOf(contentType);
  if (codec === undefined) {
    throw new CommandLineError(
      'usage',
      `${type} has payloads of ${contentType}, which cannot be encoded from JSON; send the command from a program`,
      { argument: 'json' },
    );
  }
  return { type, schemaVersion, payload: codec.encode(data, { kind: 'command', type, schemaVersion }) };
}

function byContentType(kind: MessageKind | 'state', envelope: Envelope, contentType: string): DecodedPayload {
  const { type, schemaVersion, payload } = envelope;
  try {
    const codec = codecOf(contentType);
    if (codec !== undefined) {
      const data = toJson(codec.decode(payload, { kind, type, schemaVersion }));
      return { data, decodedBy: 'content-type' };
    }
  } catch {
    // The stored bytes are shown instead.
  }
  return { payload, decodedBy: 'none' };
}

function codecOf(contentType: string): typeof msgpack | undefined {
  const [essence = ''] = contentType.split(';');
  if (essence === msgpack.contentType || essence === 'application/msgpack') return msgpack;
  return essence === 'application/json' || essence.endsWith('+json') ? json : undefined;
}

function isEnvelope(value: unknown): value is Envelope {
  const { type, payload } = Object(value);
  return typeof type === 'string' && payload instanceof Uint8Array;
}
