/** Checks and makes the common parts of the modules of `defineDecider`, `defineEventHandler` and `defineProjector`. */
import type { Codec } from '../codec/codec.ts';
import { msgpack } from '../codec/msgpack.ts';
import { DefinitionError, FaultError } from '../errors.ts';
import type { EventSource } from '../messages.ts';
import { isText, mustBe } from '../predicates.ts';
import type { EventType } from '../types.ts';
import { eventSources, eventSourceTable, readDefinitions } from './event-sources.ts';
import { faultOf } from './handler-fault.ts';
import type { Definition, Message } from './message.ts';
import { checkIdentity, eventTypeOf, lendMessage, type MessageTable } from './message-table.ts';
import type { StandardSchema } from './schema.ts';
import { fingerprint } from './state-fingerprint.ts';
import { States } from './states.ts';

/** The fields of every definition. */
interface CommonDefinition<State> {
  readonly name: string;
  readonly version: string;
  readonly state: StandardSchema<unknown, State>;
  readonly codec?: Codec | undefined;
  readonly initialState: unknown;
}

/** The common parts of a module. */
export interface ModuleBasis<State> {
  readonly name: string;
  readonly codec: Codec;
  readonly states: States<State>;
  /** The common fields of the module. */
  readonly fields: {
    readonly name: string;
    readonly version: string;
    readonly stateSchema: StandardSchema<unknown, State>;
  };
  /** The common fields of its descriptor. */
  readonly descriptor: {
    readonly name: string;
    readonly version: string;
    readonly contentType: string;
    readonly digest: undefined;
  };
}

/**
 * Checks the common fields of a definition, and makes the common parts of its module.
 *
 * @param known the names of all fields of the definition.
 * @throws DefinitionError with the place of the field.
 */
export function moduleBasis<State>(
  definition: CommonDefinition<State>,
  known: Readonly<Record<string, true>>,
  place: string,
): ModuleBasis<State> {
  const name = checkIdentity(definition, known, place);
  const { version, state, codec = msgpack, initialState } = definition;
  return {
    name,
    codec,
    states: new States<State>(state, initialState, name, codec),
    fields: { name, version, stateSchema: state },
    descriptor: { name, version, contentType: codec.contentType, digest: undefined },
  };
}

/** The common parts of a module that reads events, and finds the state for an event by its key. */
export interface ReaderBasis<State> extends ModuleBasis<State> {
  readonly events: MessageTable;
  readonly eventType: EventType<Message>;
  readonly eventDefinitions: Readonly<Record<string, Definition>>;
  readonly descriptor: ModuleBasis<State>['descriptor'] & { readonly events: readonly EventSource[] };
  /** Returns the key of an event. @throws FaultError `key-failed`. */
  key(event: unknown): string | undefined;
  /** Returns the fingerprints of the key, the schema and the initial state. */
  codeFingerprints(): Readonly<Record<'key' | 'state' | 'initialState', string>>;
}

/**
 * Checks the common fields of a reader of events, and makes the common parts of its module.
 *
 * @param known the names of all fields of the definition.
 * @throws DefinitionError with the place of the field.
 */
export function readerBasis<State>(
  definition: CommonDefinition<State> & { readonly events: Readonly<Record<string, unknown>>; readonly key: unknown },
  known: Readonly<Record<string, true>>,
  place: string,
): ReaderBasis<State> {
  const basis = moduleBasis(definition, known, place);
  const { name, codec, states, descriptor } = basis;
  const events = eventSourceTable(definition.events, `${name}.events`);
  const { key, state } = definition;
  if (typeof key !== 'function') throw new DefinitionError(`${name}.key`, mustBe('a function', key));
  return {
    ...basis,
    events,
    eventType: eventTypeOf<Message>(events, codec),
    eventDefinitions: readDefinitions(events),
    descriptor: { ...descriptor, events: eventSources(events) },
    key: (event) => keyOf(key as (event: unknown) => unknown, event as Message),
    codeFingerprints: () => ({
      key: fingerprint(key),
      state: fingerprint(state),
      initialState: fingerprint(states.initial()),
    }),
  };
}

/** Returns the checked key of an event. Errors of the author's function become faults of the module. */
function keyOf(key: (event: unknown) => unknown, event: Message): string | undefined {
  let value: unknown;
  try {
    value = key(lendMessage(event));
  } catch (cause) {
    throw faultOf(cause, 'key-failed', 'key', event.type);
  }
  if (value === undefined || isText(value)) return value;
  const expected = mustBe(
    'a string without lone surrogates, or undefined if the event does not concern the module',
    value,
  );
  throw new FaultError({
    code: 'key-failed',
    message: `the key of ${event.type} ${expected}`,
    details: [['type', event.type]],
  });
}
