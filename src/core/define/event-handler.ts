/**
 * `defineEventHandler`: a process manager. Events of several deciders go in, commands and deadlines come out.
 *
 * Source: wit/event-handler.wit; Gregor Hohpe and Bobby Woolf, "Enterprise Integration Patterns", process manager.
 */
import type { Immutable } from 'immer';
import type { Codec } from '../codec/codec.ts';
import { msgpack } from '../codec/msgpack.ts';
import { DefinitionError, FaultError } from '../errors.ts';
import type { HandlerDescriptor, Reaction } from '../event-handler.ts';
import type { EventContext } from '../messages.ts';
import type { CommandType } from '../types.ts';
import type { ProcessManager } from '../worlds.ts';
import { type DeferredEvolve, faultOf, type InitialState } from './decider.ts';
import { fold, type Recipe } from './draft.ts';
import type {
  CheckedSources,
  CommandDefinitions,
  DataOf,
  EventDefinitions,
  Message,
  MessageOf,
  Source,
} from './message.ts';
import {
  checkHandlers,
  checkIdentity,
  commandTypeOf,
  definitionsOf,
  entryOf,
  eventTypeOf,
  initialStateOf,
  messageTable,
  stateTypeOf,
} from './message-table.ts';
import { type StandardSchema, shapeOf } from './schema.ts';

/** What a handler wants to happen. Made by {@link dispatch}, {@link schedule} and {@link cancel}. */
export type Reacted<Command> =
  | { readonly tag: 'dispatch'; readonly command: Command }
  | { readonly tag: 'schedule'; readonly id: string; readonly at: Date | bigint; readonly command: Command }
  | { readonly tag: 'cancel'; readonly id: string };

/** Sends a command: `dispatch(RemindMember({ memberId }))`. */
export function dispatch<Command extends Message>(command: Command): Reacted<Command> {
  return { tag: 'dispatch', command };
}

/**
 * Sends a command at a time, unless it is cancelled before. Scheduling the same id again moves it.
 * @param id unique in the process.
 * @param at a date, or milliseconds since the Unix epoch. Time is data: take it from the event or its `recordedAt`.
 */
export function schedule<Command extends Message>(id: string, at: Date | bigint, command: Command): Reacted<Command> {
  return { tag: 'schedule', id, at, command };
}

/** Cancels the deadline with this id, if it is still to come. */
export function cancel(id: string): Reacted<never> {
  return { tag: 'cancel', id };
}

/** What to do about an event: called with the state after it. A pure function, like `decide`. */
export type Handle<State, Data, Command> = (
  state: Immutable<State>,
  data: Data,
  context: EventContext,
) => readonly Reacted<Command>[];

/** {@link Handle}, with the state as its schema says: see `DeferredEvolve`. */
type DeferredHandle<State, Data, Command> = [State] extends [infer Known] ? Handle<Known, Data, Command> : never;

/** What `defineEventHandler` takes. */
export interface EventHandlerDefinition<State, Commands, Events> {
  /** Part of the ids of the commands that it sends: a new name sends them anew. */
  readonly name: string;
  readonly version: string;
  readonly state: StandardSchema<unknown, State>;
  /** The events that it reads, by the definitions of the deciders that own them. */
  readonly events: Events;
  /** The commands that it sends, by the definitions of the deciders that take them. */
  readonly commands: Commands;
  /** The codec of those deciders: canonical MessagePack where nothing is said. */
  readonly codec?: Codec;
  /** Which process an event belongs to; undefined: not concerned. */
  readonly key: (event: NoInfer<MessageOf<Events>>) => string | undefined;
  readonly initialState: InitialState<State>;
  /** The events that change the state. */
  readonly evolve: { readonly [Type in keyof Events]?: DeferredEvolve<State, DataOf<Events[Type]>> };
  /** The events that it reacts to. */
  readonly handle: {
    readonly [Type in keyof Events]?: DeferredHandle<State, DataOf<Events[Type]>, MessageOf<Commands>>;
  };
}

/** What `defineEventHandler` gives: a module as a host takes it, and what typed callers need. */
export interface EventHandlerModule<State, Commands, Events>
  extends ProcessManager<State, MessageOf<Commands>, MessageOf<Events>> {
  readonly name: string;
  readonly version: string;
  readonly commands: CommandDefinitions<Commands>;
  readonly events: EventDefinitions<Events>;
  readonly stateSchema: StandardSchema<unknown, State>;
}

/**
 * Defines a process manager. Commands leave as envelopes of their own definition, and are checked by it.
 * @throws DefinitionError where the parts do not fit together, with the place.
 */
export function defineEventHandler<
  State,
  const Commands extends Readonly<Record<string, Source>>,
  const Events extends Readonly<Record<string, Source>>,
>(
  definition: EventHandlerDefinition<State, Commands, Events> & {
    readonly commands: CheckedSources<Commands, 'command'>;
    readonly events: CheckedSources<Events, 'event'>;
  },
): EventHandlerModule<State, Commands, Events> {
  const { codec = msgpack } = definition;
  const name = checkIdentity(definition, 'event handler');
  const commands = messageTable('command', definition.commands, `${name}.commands`);
  const events = messageTable('event', definition.events, `${name}.events`);
  checkHandlers(definition.evolve, events, `${name}.evolve`, 'some');
  checkHandlers(definition.handle, events, `${name}.handle`, 'some');
  const evolvers = new Map(Object.entries(definition.evolve)) as ReadonlyMap<string, Recipe>;
  const handlers = new Map(Object.entries(definition.handle)) as ReadonlyMap<string, AnyHandle>;
  for (const type of events.keys()) {
    if (evolvers.has(type) || handlers.has(type)) continue;
    throw new DefinitionError(`${name}.events.${type}`, 'is read for nothing: it has neither evolve nor handle');
  }
  if (typeof definition.key !== 'function') throw new DefinitionError(`${name}.key`, 'must be a function');
  const stateShape = shapeOf(definition.state, `${name}.state`);
  const initialState = initialStateOf(stateShape, definition.initialState, name);
  const commandType = commandTypeOf<Message>(commands, codec);
  const descriptor: HandlerDescriptor = {
    name,
    version: definition.version,
    contentType: codec.contentType,
    digest: undefined,
    events: [...events.keys()],
    commands: [...commands.keys()],
  };
  return {
    name,
    version: definition.version,
    commands: definitionsOf(commands) as unknown as CommandDefinitions<Commands>,
    events: definitionsOf(events) as unknown as EventDefinitions<Events>,
    stateSchema: definition.state,
    types: {
      command: commandType as never,
      event: eventTypeOf<Message>(events, codec) as never,
      state: stateTypeOf(stateShape, name, codec),
    },
    eventHandler: {
      describe: () => descriptor,
      key: (event) => keyOf(definition.key as (event: unknown) => unknown, event as Message),
      initialState: () => initialState,
      evolve: (state, event) => {
        const { type, data } = event as Message;
        const recipe = evolvers.get(entryOf(events, type, 'event').type);
        if (recipe === undefined) return state;
        try {
          return fold(state, recipe, data) as State;
        } catch (cause) {
          throw faultOf(cause, 'evolve-failed', `evolve.${type}`, type);
        }
      },
      handle: (state, event, context) => {
        const { type, data } = event as Message;
        const handle = handlers.get(entryOf(events, type, 'event').type);
        if (handle === undefined) return [];
        try {
          const reacted: unknown = handle(state, data, context);
          if (!Array.isArray(reacted)) throw noReaction(type, 'gave no list of reactions');
          return reacted.map((reaction: Reacted<Message>) => reactionOf(reaction, type, commandType));
        } catch (cause) {
          throw faultOf(cause, 'handle-failed', `handle.${type}`, type);
        }
      },
    },
  };
}

type AnyHandle = (state: unknown, data: unknown, context: EventContext) => unknown;

/** What a handler gave, as it leaves the module. */
function reactionOf(reacted: Reacted<Message>, event: string, commandType: CommandType<Message>): Reaction {
  switch (reacted?.tag) {
    case 'dispatch':
      return { tag: 'dispatch', val: commandType.toEnvelope(reacted.command) };
    case 'schedule':
      return {
        tag: 'schedule',
        val: {
          id: reacted.id,
          dueAt: millisecondsOf(reacted.at, reacted.id, event),
          command: commandType.toEnvelope(reacted.command),
        },
      };
    case 'cancel':
      return { tag: 'cancel', val: reacted.id };
    default:
      throw noReaction(event, 'gave something that dispatch, schedule or cancel did not make');
  }
}

/** The time as the contract has it, an unsigned number of milliseconds. */
function millisecondsOf(at: Date | bigint, id: string, event: string): bigint {
  const milliseconds = at instanceof Date && !Number.isNaN(at.getTime()) ? BigInt(at.getTime()) : at;
  if (typeof milliseconds === 'bigint' && milliseconds >= 0n) return milliseconds;
  throw noReaction(event, `scheduled ${id} at ${String(at)}, which is no time since 1970`);
}

function noReaction(event: string, problem: string): FaultError {
  return new FaultError({
    code: 'invalid-reaction',
    message: `handle.${event} ${problem}`,
    details: [['type', event]],
  });
}

/** The key of an event, checked. What the function throws is a fault of the module. */
export function keyOf(key: (event: unknown) => unknown, event: Message): string | undefined {
  let value: unknown;
  try {
    value = key(event);
  } catch (cause) {
    throw faultOf(cause, 'key-failed', 'key', event.type);
  }
  if (value === undefined || typeof value === 'string') return value;
  throw new FaultError({
    code: 'key-failed',
    message: `key gave ${String(value)} for ${event.type}: a key is a text, or undefined where the event is of no concern`,
    details: [['type', event.type]],
  });
}
