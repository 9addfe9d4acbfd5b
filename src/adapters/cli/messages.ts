/**
 * Payloads as values that people and programs can read. The module that owns a message decodes it, so that old schema versions
 * are upgraded. A type that the system does not know, or a handle of a component, is decoded by its content type.
 */
import { msgpack } from '../../core/codec/msgpack.ts';
import { type JsonValue, toJson } from '../../core/json.ts';
import type { AnyModule } from '../../core/loop/bound-module.ts';
import type { Envelope, RecordedEvent } from '../../core/messages.ts';
import { processModule } from '../../core/processors/process-module.ts';
import type { AnySystemDefinition } from '../../core/processors/system-parts.ts';
import { categoryOf } from '../../core/stream-name.ts';
import { json } from '../codecs/json.ts';
import { CommandLineError } from './failures.ts';

/** A payload, decoded. */
export interface DecodedPayload {
  /** The message's data. It is missing if nobody can decode the payload. */
  readonly data?: JsonValue;
  /** The payload's bytes, if nobody can decode them. */
  readonly payload?: Uint8Array;
  /** The name of the module that decoded the payload; `content-type` if none did, and `none` if it is not decoded. */
  readonly decodedBy: string;
  /** The failure of the module that owns the message. */
  readonly problem?: string;
}

type MessageKind = 'command' | 'event';

export class Messages {
  readonly #modules: readonly AnyModule[];
  /** Processes store their reactions in streams of their own. */
  readonly #processes: ReadonlyMap<string, AnyModule>;

  constructor(system: AnySystemDefinition | undefined) {
    this.#modules = system?.deciders ?? [];
    this.#processes = new Map(
      system?.processManagers.map((manager) => {
        return [manager.eventHandler.describe().name, processModule(manager) as unknown as AnyModule];
      }),
    );
  }

  /** All modules that own streams. */
  get modules(): readonly AnyModule[] {
    return [...this.#modules, ...this.#processes.values()];
  }

  /** The module with this name. @throws CommandLineError `not-found` that names the modules of the system. */
  module(name: string): AnyModule {
    const found = this.modules.find(({ routing }) => routing.describe().name === name);
    if (found !== undefined) return found;
    const known = this.modules.map(({ routing }) => routing.describe().name).join(', ');
    throw new CommandLineError('not-found', `the system has no module "${name}"; its modules are ${known || 'none'}`);
  }

  event({ event, context, contentType }: RecordedEvent): DecodedPayload {
    const category = categoryOf(context.stream);
    const process = this.#processes.get(category);
    return this.#decoded('event', event, contentType, process ?? this.#ownerOf('events', event.type, category));
  }

  /** @param moduleName The module that decided the command, if it is known. */
  command(envelope: Envelope, contentType: string, moduleName?: string): DecodedPayload {
    const module =
      moduleName === undefined
        ? this.#ownerOf('commands', envelope.type)
        : this.modules.find(({ routing }) => routing.describe().name === moduleName);
    return this.#decoded('command', envelope, contentType, module);
  }

  /**
   * The module of a message type. An event that a process has seen is stored without its category: several modules may have
   * its type, and nobody is its owner then.
   */
  #ownerOf(kind: 'commands' | 'events', type: string, category?: string): AnyModule | undefined {
    const [owner, ...others] = this.#modules.filter(({ routing }) => {
      const descriptor = routing.describe();
      return (
        (category ?? descriptor.category) === descriptor.category && descriptor[kind].some((one) => one.type === type)
      );
    });
    // Modules of one category share the definitions of their events.
    return category !== undefined || others.length === 0 ? owner : undefined;
  }

  #decoded(kind: MessageKind, envelope: Envelope, contentType: string, owner: AnyModule | undefined): DecodedPayload {
    // A module with handles has functions that release them, and its messages cannot be looked into.
    if (owner === undefined || owner.types[kind].drop !== undefined) {
      return byContentType(kind, envelope, contentType);
    }
    const { name } = owner.routing.describe();
    try {
      const message = owner.types[kind].fromEnvelope(envelope);
      const { type: _type, data, ...fields } = Object(message) as { readonly type?: unknown; readonly data?: unknown };
      return { data: toJson(data ?? this.#nested(fields, owner)), decodedBy: name };
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      return { ...byContentType(kind, envelope, contentType), problem: `${name}: ${problem}` };
    }
  }

  /** The fields of a process's message, with the envelopes in them decoded too. */
  #nested(fields: object, process: AnyModule): object {
    const { contentType } = process.routing.describe();
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
    const owner = this.#ownerOf(kind === 'command' ? 'commands' : 'events', envelope.type);
    const owned = owner?.routing.describe().contentType ?? contentType;
    const { data, payload } = this.#decoded(kind, envelope, owned, owner);
    return { type: envelope.type, data, payload };
  }
}

/** A state's bytes, decoded by their content type. */
export function stateByContentType(module: string, bytes: Uint8Array, contentType: string): DecodedPayload {
  return byContentType('state', { type: module, schemaVersion: 1, payload: bytes }, contentType);
}

/** Encodes a command's data for a module that takes its commands as bytes. */
export function encodeByContentType(type: string, schemaVersion: number, data: unknown, contentType: string): Envelope {
  const codec = codecOf(contentType);
  if (codec === undefined) {
    throw new CommandLineError(
      'usage',
      `${type} takes payloads of ${contentType}, which cannot be made from JSON here`,
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
    // The payload is shown as it is stored.
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
