/**
 * `defineEventHandler`: a process manager. It handles events of several deciders, sends commands and sets deadlines.
 *
 * Source: wit/event-handler.wit; Gregor Hohpe and Bobby Woolf, "Enterprise Integration Patterns", process manager.
 */
import type { Draft, Immutable } from 'immer';
import type { Codec } from '../codec/codec.ts';
import { copyValue } from '../codec/copy.ts';
import { DefinitionError, FaultError } from '../errors.ts';
import type { HandlerDescriptor, Reaction } from '../event-handler.ts';
import { LAST_TIME } from '../limits.ts';
import type { EventContext, RejectedCommand } from '../messages.ts';
import { checkOptionNames } from '../option-names.ts';
import { isText, millisecondsOf, mustBe } from '../predicates.ts';
import type { CommandType } from '../types.ts';
import { type OptionNames, unknownName } from '../unknown-names.ts';
import type { ProcessManager } from '../worlds.ts';
import { recordAuthorFunctions } from './author-functions.ts';
import type { DeferredEvolve, InitialState } from './decider.ts';
import type { Recipe } from './draft.ts';
import type { CheckedEventSources, ReadEventDefinitions } from './event-sources.ts';
import { faultOf } from './handler-fault.ts';
import type { CheckedSources, CommandDefinitions, DataOf, Message, MessageOf, Source } from './message.ts';
import {
  checkHandlers,
  commandTypeOf,
  definitionsOf,
  entryOf,
  type MessageTable,
  messageTable,
} from './message-table.ts';
import { readerBasis } from './module-basis.ts';
import type { StandardSchema } from './schema.ts';
import { type CodeFingerprints, fingerprintsOf } from './state-fingerprint.ts';
import { lend } from './state-value.ts';
import { stateFault } from './states.ts';

/**
 * A reaction of a process manager. The functions {@link dispatchCommand}, {@link scheduleCommand},
 * {@link cancelDeadline} and {@link endProcess} return reactions.
 */
export type Reacted<Command> =
  | { readonly tag: 'dispatch'; readonly command: Command }
  | { readonly tag: 'schedule'; readonly id: string; readonly at: Date | bigint; readonly command: Command }
  | { readonly tag: 'cancel'; readonly id: string }
  | { readonly tag: 'end' };

/** Sends a command: `dispatchCommand(RemindMember({ memberId }))`. */
export function dispatchCommand<Command extends Message>(command: Command): Reacted<Command> {
  return { tag: 'dispatch', command };
}

/**
 * Sends a command at a given time, unless the deadline is cancelled first. Scheduling the same id again moves the
 * deadline.
 *
 * @example scheduleCommand('bill', new Date(Number(recordedAt) + DAY), SendBill({ roomId }))
 * @param id unique in the process.
 * @param at a date, or milliseconds since the Unix epoch, up to the last time of a `Date`. Compute it from the event or
 * its `recordedAt`, because a handler must not read the clock.
 */
export function scheduleCommand<Command extends Message>(
  id: string,
  at: Date | bigint,
  command: Command,
): Reacted<Command> {
  return { tag: 'schedule', id, at, command };
}

/** Cancels the deadline with this id, if it is not due yet: `cancelDeadline('bill')`. */
export function cancelDeadline(id: string): Reacted<never> {
  return { tag: 'cancel', id };
}

/**
 * Ends the process: `handle: { GuestLeft: () => [endProcess()] }`. Its deadlines are cancelled, and later events of its
 * key lead to no reactions.
 */
export function endProcess(): Reacted<never> {
  return { tag: 'end' };
}

/** A rejected command with its decoded data, for a handler. */
export interface RejectedData<Data> extends Omit<RejectedCommand, 'command'> {
  /** The data of the command. */
  readonly data: Data;
}

/** The reaction of a process manager to the rejection of its command. */
export interface RejectionHandler<State, Data, Command> {
  /** Changes the state of the process. */
  // biome-ignore lint/suspicious/noConfusingVoidType: a handler that changes its draft returns nothing.
  readonly evolve?: (draft: Draft<State>, rejected: RejectedData<Data>) => State | Draft<State> | void;
  /** Returns the reactions, for example a compensating command. The state has already folded the rejection. */
  readonly handle?: (state: Immutable<State>, rejected: RejectedData<Data>) => readonly Reacted<Command>[];
}

/** {@link RejectionHandler} as a conditional type, for the same reason as `DeferredEvolve`. */
type DeferredRejectionHandler<State, Data, Command> = [State] extends [infer Known]
  ? RejectionHandler<Known, Data, Command> | 'ignore'
  : never;

/**
 * Returns the reactions to an event. A handler is a pure function like `decide`, and receives the state after the
 * event.
 */
export type HandleEvent<State, Data, Command> = (
  state: Immutable<State>,
  data: Data,
  context: EventContext,
) => readonly Reacted<Command>[];

/** {@link HandleEvent} as a conditional type, for the same reason as `DeferredEvolve`. */
type DeferredHandleEvent<State, Data, Command> = [State] extends [infer Known]
  ? HandleEvent<Known, Data, Command>
  : never;

/** The parts of a process manager. */
export interface EventHandlerDefinition<State, Commands, Events> {
  /** The name of the process manager. It is part of the ids of its commands, so a new name sends them again. */
  readonly name: string;
  /** The version of the process manager's code. A new version takes over the processes of the previous one. */
  readonly version: string;
  /** The schema of the state of a process. */
  readonly state: StandardSchema<unknown, State>;
  /**
   * The events that the process manager reads: definitions of the deciders that own them. The keys are the process
   * manager's own names.
   */
  readonly events: Events;
  /** The commands that the process manager sends: definitions of the deciders that accept them. */
  readonly commands: Commands;
  /**
   * The codec of the deciders that own the messages.
   * @default msgpack
   */
  readonly codec?: Codec;
  /**
   * Returns the key of the process that the event belongs to, or `undefined` if the event does not concern a process.
   */
  readonly key: (event: NoInfer<MessageOf<Events>>) => string | undefined;
  /** The state of a process before its first event. */
  readonly initialState: InitialState<State>;
  /** The functions that fold events into the state, by event. */
  readonly evolve: { readonly [Type in keyof Events]?: DeferredEvolve<State, DataOf<Events[Type]>> };
  /** The functions that return reactions to events, by event. */
  readonly handle: {
    readonly [Type in keyof Events]?: DeferredHandleEvent<State, DataOf<Events[Type]>, MessageOf<Commands>>;
  };
  /**
   * The handlers of rejections, by the type of the rejected command. `'ignore'` means that a rejection needs no
   * reaction. A rejection without an entry is a fault with the code `unhandled-rejection`, which the failure policy
   * handles.
   */
  readonly rejected?: {
    readonly [Type in keyof Commands]?: DeferredRejectionHandler<State, DataOf<Commands[Type]>, MessageOf<Commands>>;
  };
}

/** The result of `defineEventHandler`: a module for a host, with the definitions of its messages. */
export interface EventHandlerModule<State, Commands, Events>
  extends ProcessManager<State, MessageOf<Commands>, MessageOf<Events>>,
    Required<CodeFingerprints> {
  readonly name: string;
  readonly version: string;
  readonly commands: CommandDefinitions<Commands>;
  readonly events: ReadEventDefinitions<Events>;
  readonly stateSchema: StandardSchema<unknown, State>;
}

const NAMES: OptionNames<EventHandlerDefinition<never, never, never>> = {
  name: true,
  version: true,
  state: true,
  events: true,
  commands: true,
  codec: true,
  key: true,
  initialState: true,
  evolve: true,
  handle: true,
  rejected: true,
};

/**
 * Defines a process manager. The definitions of its commands check and encode them.
 *
 * ```ts
 * const stays = defineEventHandler({
 *   name: 'stays',
 *   version: '1',
 *   state: z.object({}),
 *   events: { GuestLeft: room.events.GuestLeft },
 *   commands: { SendBill: billing.commands.SendBill },
 *   key: (event) => event.data.roomId,
 *   initialState: {},
 *   evolve: {},
 *   handle: { GuestLeft: (_state, { roomId }) => [dispatchCommand(SendBill({ roomId })), endProcess()] },
 * });
 * ```
 *
 * @throws DefinitionError that names the invalid part.
 */
export function defineEventHandler<
  State,
  const Commands extends Readonly<Record<string, Source>>,
  const Events extends Readonly<Record<string, Source>>,
>(
  definition: EventHandlerDefinition<State, Commands, Events> & {
    readonly commands: CheckedSources<Commands, 'command'>;
    readonly events: CheckedEventSources<Events>;
  },
): EventHandlerModule<State, Commands, Events> {
  const basis = readerBasis(definition, NAMES, 'defineEventHandler');
  const { name, codec, events, states } = basis;
  const commands = messageTable('command', definition.commands, `${name}.commands`);
  checkHandlers(definition.evolve, events, 'event', `${name}.evolve`, 'some');
  checkHandlers(definition.handle, events, 'event', `${name}.handle`, 'some');
  const rejections = rejectionHandlers(definition.rejected ?? {}, commands, `${name}.rejected`);
  const evolvers = new Map(Object.entries(definition.evolve)) as ReadonlyMap<string, Recipe>;
  const handlers = new Map(Object.entries(definition.handle)) as ReadonlyMap<string, AnyHandle>;
  for (const type of events.keys()) {
    if (evolvers.has(type) || handlers.has(type)) continue;
    throw new DefinitionError(
      `${name}.events.${type}`,
      'has no function in evolve or handle; add one, or remove the event',
    );
  }
  const commandType = commandTypeOf<Message>(commands, codec);
  const descriptor: HandlerDescriptor = { ...basis.descriptor, commands: [...commands.keys()] };
  recordAuthorFunctions(
    descriptor,
    definition.evolve,
    definition.handle,
    ...Object.values(definition.rejected ?? {}),
    definition.key,
  );
  return {
    ...basis.fields,
    commands: definitionsOf(commands) as CommandDefinitions<Commands>,
    events: basis.eventDefinitions as ReadEventDefinitions<Events>,
    get codeFingerprints() {
      return {
        ...fingerprintsOf('evolve', definition.evolve),
        ...fingerprintsOf('handle', definition.handle),
        ...fingerprintsOf('rejected', definition.rejected ?? {}),
        ...basis.codeFingerprints(),
      };
    },
    types: {
      command: commandType as never,
      event: basis.eventType as never,
      state: states.type,
    },
    eventHandler: {
      describe: () => descriptor,
      key: basis.key,
      initialState: () => states.initial(),
      evolve: (state, event) => {
        const { type, data } = event as Message;
        const recipe = evolvers.get(entryOf(events, type, 'event').type);
        if (recipe === undefined) return state;
        try {
          return states.fold(state, recipe, copyValue(data));
        } catch (cause) {
          throw stateFault(cause, 'evolve-failed', `evolve.${type}`, type);
        }
      },
      handle: (state, event, context) => {
        const { type, data } = event as Message;
        const handle = handlers.get(entryOf(events, type, 'event').type);
        if (handle === undefined) return [];
        try {
          return reactionsOf(handle(lend(state), copyValue(data), context), `handle.${type}`, type, commandType);
        } catch (cause) {
          throw faultOf(cause, 'handle-failed', `handle.${type}`, type);
        }
      },
      evolveRejected: (state, rejected) => {
        const { type } = rejected.command;
        const recipe = rejectionHandlerOf(rejections, rejected).evolve;
        if (recipe === undefined) return state;
        try {
          return states.fold(state, recipe as Recipe, dataOf(rejected, commandType));
        } catch (cause) {
          throw stateFault(cause, 'evolve-failed', `rejected.${type}.evolve`, type);
        }
      },
      handleRejected: (state, rejected) => {
        const { type } = rejected.command;
        const { handle } = rejectionHandlerOf(rejections, rejected);
        if (handle === undefined) return [];
        try {
          const reacted = handle(lend(state), dataOf(rejected, commandType));
          return reactionsOf(reacted, `rejected.${type}.handle`, type, commandType);
        } catch (cause) {
          throw faultOf(cause, 'handle-failed', `rejected.${type}.handle`, type);
        }
      },
    },
  };
}

type AnyHandle = (state: unknown, data: unknown, context: EventContext) => unknown;

interface AnyRejectionHandler {
  readonly evolve?: (draft: never, rejected: never) => unknown;
  readonly handle?: (state: unknown, rejected: RejectedData<unknown>) => unknown;
}

const REJECTION_HANDLER: OptionNames<AnyRejectionHandler> = { evolve: true, handle: true };

/** Checks the handlers of rejections. @throws DefinitionError that names the entry. */
function rejectionHandlers(
  rejected: object,
  commands: MessageTable,
  place: string,
): ReadonlyMap<string, AnyRejectionHandler> {
  const handlers = new Map<string, AnyRejectionHandler>();
  for (const [type, handler] of Object.entries(rejected)) {
    const at = `${place}.${type}`;
    if (!commands.has(type)) {
      throw new DefinitionError(at, unknownName('command', type, [...commands.keys()]));
    }
    if (handler === undefined) continue;
    if (handler !== 'ignore') checkOptionNames(handler, REJECTION_HANDLER, at);
    handlers.set(type, handler === 'ignore' ? {} : handler);
  }
  return handlers;
}

function rejectionHandlerOf(
  handlers: ReadonlyMap<string, AnyRejectionHandler>,
  { command: { type }, rejection }: RejectedCommand,
): AnyRejectionHandler {
  const handler = handlers.get(type);
  if (handler !== undefined) return handler;
  throw new FaultError({
    code: 'unhandled-rejection',
    message:
      `${type} was rejected with the code ${rejection.code}, and the process manager has no handler ` +
      `rejected.${type}; add one, or 'ignore'`,
    details: [
      ['type', type],
      ['rejection', rejection.code],
    ],
  });
}

function dataOf({ command, ...rejected }: RejectedCommand, commandType: CommandType<Message>): RejectedData<unknown> {
  return { ...(copyValue(rejected) as typeof rejected), data: commandType.fromEnvelope(command).data };
}

function reactionsOf(
  reacted: unknown,
  place: string,
  type: string,
  commandType: CommandType<Message>,
): readonly Reaction[] {
  if (!Array.isArray(reacted))
    throw invalidReaction(place, type, 'did not return an array of reactions; return [] if there are none');
  return reacted.map((reaction: Reacted<Message>) => reactionOf(reaction, place, type, commandType));
}

/** Encodes a reaction. */
function reactionOf(
  reacted: Reacted<Message>,
  place: string,
  type: string,
  commandType: CommandType<Message>,
): Reaction {
  switch (reacted?.tag) {
    case 'dispatch':
      return { tag: 'dispatch', val: commandType.toEnvelope(reacted.command) };
    case 'schedule':
      return {
        tag: 'schedule',
        val: {
          id: deadlineId(reacted.id, place, type),
          dueAt: dueAt(reacted.at, reacted.id, place, type),
          command: commandType.toEnvelope(reacted.command),
        },
      };
    case 'cancel':
      return { tag: 'cancel', val: deadlineId(reacted.id, place, type) };
    case 'end':
      return { tag: 'end' };
    default:
      throw invalidReaction(
        place,
        type,
        'returned a value that is not a reaction; use dispatchCommand, scheduleCommand, cancelDeadline or endProcess',
      );
  }
}

/** Checks the id of a deadline. */
function deadlineId(id: unknown, place: string, type: string): string {
  if (isText(id) && id !== '') return id;
  const expected = mustBe('a non-empty string without lone surrogates', id);
  throw invalidReaction(place, type, `returned a deadline whose id ${expected}`);
}

/** Returns the time in milliseconds, as the contract requires. */
function dueAt(at: Date | bigint, id: string, place: string, type: string): bigint {
  const milliseconds = millisecondsOf(at);
  if (milliseconds !== undefined && milliseconds <= LAST_TIME) return milliseconds;
  throw invalidReaction(
    place,
    type,
    `scheduled ${id} at ${String(at)}, expected a Date, or milliseconds since the Unix epoch as a bigint up to ${LAST_TIME}; ` +
      'do not schedule a command that never has to be sent',
  );
}

function invalidReaction(place: string, type: string, problem: string): FaultError {
  return new FaultError({ code: 'invalid-reaction', message: `${place} ${problem}`, details: [['type', type]] });
}
