/**
 * `defineDecider`: a command handler from three data structures and two functions.
 *
 * Source: Jérémie Chassaing, "Functional Event Sourcing Decider"; wit/decider.wit, wit/types.wit, wit/routing.wit.
 */
import type { Draft, Immutable } from 'immer';
import type { Codec } from '../codec/codec.ts';
import { copyForeign } from '../codec/copy.ts';
import { DefinitionError, FaultError, type RejectionError } from '../errors.ts';
import { mustBe } from '../predicates.ts';
import type { Descriptor, ForeignEvents } from '../routing.ts';
import type { Types } from '../types.ts';
import type { OptionNames } from '../unknown-names.ts';
import type { CommandHandler } from '../worlds.ts';
import { recordAuthorFunctions } from './author-functions.ts';
import type { CanonicalCommands } from './canonical-commands.ts';
import { type CommandEntry, Decisions, type EventEntry, kindOf } from './decision.ts';
import { checkedCategory, ownedEvents } from './event-category.ts';
import { faultOf } from './handler-fault.ts';
import {
  type CheckedSources,
  type CommandDefinitions,
  type DataOf,
  type EventDefinitions,
  type Message,
  type MessageOf,
  type Source,
  storedNames,
} from './message.ts';
import {
  checkHandlers,
  commandTypeOf,
  definitionsOf,
  enterMessage,
  entryOf,
  eventTypeOf,
  lendMessage,
  type MessageEntry,
  type MessageTable,
  messageTable,
  policiesOf,
} from './message-table.ts';
import { moduleBasis } from './module-basis.ts';
import { usingRejections } from './reject.ts';
import type { StandardSchema } from './schema.ts';
import { fingerprintOf, type StateFingerprint } from './state-fingerprint.ts';

/**
 * Folds an event into the state: it changes the draft, or returns the state that replaces it, but not both. The draft
 * is an immer draft, so a handler replaces a date or an array of bytes instead of changing it.
 *
 * TypeScript widens the literals of a function without parameters before it infers the state's type. A handler that
 * returns `{ status: 'closed' }` therefore needs the parameter, even if it does not use it: `(_draft) => …`.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: a handler that changes its draft returns nothing.
export type Evolve<State, Data> = (draft: Draft<State>, data: Data) => State | Draft<State> | void;

/** The result of a decision: its events, possibly none, or a rejection. */
export type Decided<Event> = readonly Event[] | RejectionError;

/**
 * A decision in steps: `const next = yield [Deposited(…)]` returns the state after those events. The events of all
 * steps and of the `return` are one decision, in order. A rejection at any step discards all of them.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: a generator that has yielded all its events returns nothing.
export type DecidedInSteps<State, Event> = Generator<readonly Event[], Decided<Event> | void, Immutable<State>>;

/** A pure function of state and command. It is a generator if it needs the state after its own events. */
export type Decide<State, Data, Event> = (
  state: Immutable<State>,
  data: Data,
) => Decided<Event> | DecidedInSteps<State, Event>;

/**
 * {@link Decide} as a conditional type, so that TypeScript infers the state before the type of a generator. Otherwise
 * `yield` would have the type of a type parameter (observed in 5.6, 6.0 and 7.0). A test in test/core/types checks the
 * type of `yield`.
 */
type DeferredDecide<State, Data, Event> = [State] extends [infer Known] ? Decide<Known, Data, Event> : never;

/**
 * {@link Evolve} as a conditional type, for the same reason as {@link DeferredDecide}. The state is inferred from its
 * schema only, and the draft of a union is a union of drafts (`NoInfer` would hide the union from `Draft`).
 */
export type DeferredEvolve<State, Data> = [State] extends [infer Known] ? Evolve<Known, Data> : never;

/**
 * A state, in which an empty set may be written `new Set()`.
 *
 * TypeScript infers the initial state before the schema's type, so `new Set()` is a `Set<unknown>`. This type accepts
 * that set, and refuses a set of another type. The schema checks the values when the module is defined.
 */
export type InitialState<State> = [State] extends [infer Known] ? WithUntypedSets<Known> : never;

type WithUntypedSets<State> =
  State extends ReadonlySet<unknown>
    ? State | UntypedSet
    : State extends ReadonlyMap<unknown, unknown> | Date | ArrayBufferView | ((...args: never) => unknown)
      ? State
      : { [Key in keyof State]: WithUntypedSets<State[Key]> };

/**
 * A type that matches only `Set<unknown>`. The members are properties, because TypeScript compares methods bivariantly.
 */
interface UntypedSet {
  readonly size: number;
  readonly add: (value: unknown) => unknown;
  readonly has: (value: unknown) => boolean;
  readonly delete: (value: unknown) => boolean;
  readonly clear: () => void;
}

/** The parts of a decider. */
export interface DeciderDefinition<State, Commands, Events> {
  /** The name of the module in decision records and snapshots: `bank.account`. */
  readonly name: string;
  /**
   * The version of the module's code. It is in each decision record. A snapshot of another version is not used.
   *
   * Raise it when the module decides or folds differently. A change of the `evolve` functions, of the state's schema or
   * of the events' schemas and upcasters is detected without a new version, and older snapshots are not used. A change
   * of a helper function, a constant or a package that those functions use is not detected.
   */
  readonly version: string;
  /** The schema of the state. States that are stored or returned by `evolve` must match it. */
  readonly state: StandardSchema<unknown, State>;
  /** Definitions (`defineCommand`) or plain schemas, by type. */
  readonly commands: Commands;
  /** Definitions (`defineEvent`) or plain schemas, by type. */
  readonly events: Events;
  /** The codec of the messages and the states. @default msgpack */
  readonly codec?: Codec;
  /**
   * The treatment of events of other modules. Use `'skip'` if other modules write to the same streams.
   * @default 'fault'
   */
  readonly foreignEvents?: ForeignEvents;
  /**
   * The category of the module's streams, a stream name without `-`, such as `account`. An event is identified by its
   * category and its type.
   */
  readonly category: string;
  /**
   * Returns the id of the stream whose history decides the command. The name of the stream is `<category>-<id>`, or the
   * category itself if the id is empty.
   *
   * @example (command) => command.data.accountId // the stream is `account-0001`
   */
  readonly streamId: (command: NoInfer<MessageOf<Commands>>) => string;
  /** The state before any event. */
  readonly initialState: InitialState<State>;
  /** The functions that fold events into the state, by event type. Each changes its draft, or returns a new state. */
  readonly evolve: { readonly [Type in keyof Events]: DeferredEvolve<State, DataOf<Events[Type]>> };
  /** The functions that decide commands, by command type. Each returns events or a rejection. */
  readonly decide: {
    readonly [Type in keyof Commands]: DeferredDecide<State, DataOf<Commands[Type]>, MessageOf<Events>>;
  };
}

/** The result of `defineDecider`: a module for the event sourcer, with the definitions of its messages. */
export interface DeciderModule<State, Commands, Events>
  extends CommandHandler<State, MessageOf<Commands>, MessageOf<Events>>,
    Required<CanonicalCommands<MessageOf<Commands>>>,
    StateFingerprint {
  readonly name: string;
  readonly version: string;
  /** The category of the module's streams. */
  readonly category: string;
  /** The definitions of the commands. Call one to make a command: `account.commands.Deposit({ … })`. */
  readonly commands: CommandDefinitions<Commands>;
  /** The definitions of the events, with the category. Pass them to `defineProjector` and to other readers. */
  readonly events: EventDefinitions<Events>;
  readonly stateSchema: StandardSchema<unknown, State>;
  /**
   * Makes a command from untyped data, such as a line of a file or the body of a request. The command's schema checks
   * it.
   *
   * @throws FaultError with code `unknown-type` or `invalid-shape`, and the place.
   */
  command(type: string, data: unknown): MessageOf<Commands>;
}

/** The state of a module: `StateOf<typeof account>`. */
export type StateOf<Module extends AnyModule> = ReturnType<Module['types']['state']['fromBytes']>;

/** The union of the commands of a module. */
export type CommandOf<Module extends AnyModule> = ReturnType<Module['types']['command']['fromEnvelope']>;

/** The union of the events of a module. */
export type EventOf<Module extends AnyModule> = ReturnType<Module['types']['event']['fromEnvelope']>;

/** The part that every kind of module has. */
interface AnyModule {
  readonly types: Types<unknown, unknown, unknown>;
}

const NAMES: OptionNames<DeciderDefinition<never, never, never>> = {
  name: true,
  version: true,
  state: true,
  commands: true,
  events: true,
  codec: true,
  foreignEvents: true,
  category: true,
  streamId: true,
  initialState: true,
  evolve: true,
  decide: true,
};

/**
 * Defines a decider, and infers all types. Commands and events are unions of `{ type, data }`.
 *
 * Schemas check commands when they are received, and the events of a decision before they are stored. An older event is
 * upgraded to its newest version when it is read. States are frozen.
 *
 * @example
 * const counter = defineDecider({
 *   name: 'counter',
 *   version: '1',
 *   category: 'counter',
 *   state: z.object({ count: z.number() }),
 *   commands: { Add: z.object({ id: z.string(), amount: z.number() }) },
 *   events: { Added: z.object({ amount: z.number() }) },
 *   streamId: ({ data }) => data.id,
 *   initialState: { count: 0 },
 *   decide: { Add: (_state, { amount }) => [{ type: 'Added', data: { amount } }] },
 *   evolve: { Added: (draft, { amount }) => void (draft.count += amount) },
 * });
 *
 * @throws DefinitionError that names the invalid part.
 */
export function defineDecider<
  State,
  const Commands extends Readonly<Record<string, Source>>,
  const Events extends Readonly<Record<string, Source>>,
>(
  definition: DeciderDefinition<State, Commands, Events> & {
    readonly commands: CheckedSources<Commands, 'command'>;
    readonly events: CheckedSources<Events, 'event'>;
  },
): DeciderModule<State, Commands, Events> {
  const basis = moduleBasis(definition, NAMES, 'defineDecider');
  const { name, codec, states } = basis;
  const { foreignEvents = 'fault' } = definition;
  const commandEntries = messageTable('command', definition.commands, `${name}.commands`);
  const category = checkedCategory(definition.category, `${name}.category`);
  const eventSources = messageTable('event', definition.events, `${name}.events`);
  const eventEntries = ownedEvents(eventSources, category, `${name}.events`);
  checkHandlers(definition.decide, commandEntries, 'command', `${name}.decide`, 'all');
  checkHandlers(definition.evolve, eventEntries, 'event', `${name}.evolve`, 'all');
  if (typeof definition.streamId !== 'function') {
    throw new DefinitionError(`${name}.streamId`, mustBe('a function', definition.streamId));
  }
  if (foreignEvents !== 'fault' && foreignEvents !== 'skip') {
    throw new DefinitionError(`${name}.foreignEvents`, mustBe("'fault' or 'skip'", foreignEvents));
  }
  const commands = withHandlers(commandEntries, 'decide', definition.decide) as MessageTable<CommandEntry>;
  const events = withHandlers(eventEntries, 'evolve', definition.evolve) as MessageTable<EventEntry>;
  const descriptor: Descriptor = {
    ...basis.descriptor,
    category,
    foreignEvents,
    commands: [...commands.values()].flatMap(commandDescriptors),
    events: [...events.values()].flatMap(({ definition, subject: { schemaVersion } }) =>
      storedNames([definition]).map((type) => ({ type, schemaVersion })),
    ),
  };
  recordAuthorFunctions(descriptor, definition.decide, definition.evolve, definition.streamId);
  const decisions = new Decisions(commands, events, states, codec);
  let fingerprint: string | undefined;
  type Command = MessageOf<Commands>;
  type Event = MessageOf<Events>;
  return {
    ...basis.fields,
    category,
    commands: definitionsOf(commands) as CommandDefinitions<Commands>,
    events: definitionsOf(events) as EventDefinitions<Events>,
    command: (type, data) => {
      const entry = entryOf(commands, type, 'command');
      return { type: entry.type, data: entry.shape.read(copyForeign(data), entry.subject) } as Command;
    },
    types: {
      command: commandTypeOf<Command & Message>(commands, codec) as never,
      event: eventTypeOf<Event & Message>(events, codec) as never,
      state: states.type,
    },
    decider: {
      initialState: () => states.initial(),
      evolve: (state, event) => decisions.evolve(state, event as Message),
      decide: (state, command) =>
        usingRejections((command as Message).type, () => decisions.decide(state, command as Message)) as Event[],
    },
    routing: {
      describe: () => descriptor,
      streamId: (command) => streamId(definition.streamId as (command: unknown) => unknown, command as Message),
    },
    get stateFingerprint() {
      fingerprint ??= fingerprintOf({
        schema: definition.state,
        initial: states.initial(),
        events,
        evolve: definition.evolve,
      });
      return fingerprint;
    },
    canonicalCommand: ({ type, data }) => {
      const entry = entryOf(commands, type, 'command');
      const entered = enterMessage(entry, data, codec);
      return { command: { type: entry.type, data: entered.data } as Command, envelope: entered.envelope };
    },
  };
}

function withHandlers(table: MessageTable, key: string, handlers: object): MessageTable {
  const byType = new Map(Object.entries(handlers));
  return new Map([...table].map(([type, entry]) => [type, { ...entry, [key]: byType.get(type) }]));
}

/** Returns a descriptor for the command's name and one for each former name. */
function commandDescriptors({ definition, subject }: MessageEntry): Descriptor['commands'] {
  const { precondition, snapshot } = policiesOf(definition);
  return storedNames([definition]).map((type) => ({
    type,
    schemaVersion: subject.schemaVersion,
    precondition,
    snapshot: snapshot === 'never' ? { tag: 'never' } : { tag: 'every', val: snapshot.every },
  }));
}

function streamId(name: (command: unknown) => unknown, command: Message): string {
  let stream: unknown;
  try {
    stream = name(lendMessage(command));
  } catch (cause) {
    throw faultOf(cause, 'stream-id-failed', 'streamId', command.type);
  }
  if (typeof stream === 'string') return stream;
  throw new FaultError({
    code: 'stream-id-failed',
    message: `streamId returned ${kindOf(stream)} for ${command.type}, expected a string, the id of a stream`,
    details: [['type', command.type]],
  });
}
