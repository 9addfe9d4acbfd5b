/**
 * `defineDecider`: a command handler from three data structures and two functions.
 *
 * Source: Jérémie Chassaing, "Functional Event Sourcing Decider"; wit/decider.wit, wit/types.wit, wit/routing.wit.
 */
import type { Draft, Immutable } from 'immer';
import type { Codec } from '../codec/codec.ts';
import { msgpack } from '../codec/msgpack.ts';
import { DefinitionError, FaultError, isFault, isRejection, type RejectionError } from '../errors.ts';
import { MAX_EVENTS_PER_DECISION } from '../limits.ts';
import type { OptionNames } from '../option-names.ts';
import type { Descriptor, ForeignEvents } from '../routing.ts';
import type { Types } from '../types.ts';
import type { CommandHandler } from '../worlds.ts';
import { fold, type Recipe } from './draft.ts';
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
  checkIdentity,
  commandTypeOf,
  definitionsOf,
  entryOf,
  eventTypeOf,
  initialStateOf,
  type MessageEntry,
  type MessageTable,
  messageTable,
  policiesOf,
  stateTypeOf,
  textOf,
} from './message-table.ts';
import { usingRejections } from './reject.ts';
import { type StandardSchema, shapeOf } from './schema.ts';

/**
 * What an event does to the state: changes the draft, or returns the state that takes its place. The draft of a small state
 * is a copy (`fold.ts`), so immer's `current` and `original` are not for drafts here; a spread of the draft does.
 *
 * TypeScript widens the literals of a function that has no parameters before it knows the state: where one returns
 * `{ status: 'closed' }`, let it name its draft, `(_draft) => …`.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: a handler that changes its draft returns nothing.
export type Evolve<State, Data> = (draft: Draft<State>, data: Data) => State | Draft<State> | void;

/** What a decision ends with: its events (none: nothing needs to happen), or a rejection. */
export type Decided<Event> = readonly Event[] | RejectionError;

/**
 * A decision in steps: `const next = yield [Deposited(…)]` hands back the state after those events. All of them are one
 * decision: what is yielded and what is returned at the end, in order; a rejection at any step leaves none.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: a generator that has yielded everything returns nothing.
export type DecidedInSteps<State, Event> = Generator<readonly Event[], Decided<Event> | void, Immutable<State>>;

/** A pure function of state and command; a generator where it needs the state after its own events. */
export type Decide<State, Data, Event> = (
  state: Immutable<State>,
  data: Data,
) => Decided<Event> | DecidedInSteps<State, Event>;

/**
 * {@link Decide}, written as a conditional type: TypeScript then waits until it knows the state before it gives a generator
 * its type. Else `yield` would give a type parameter (seen in 5.6, 6.0 and 7.0; test/core/types holds that it does not).
 */
type DeferredDecide<State, Data, Event> = [State] extends [infer Known] ? Decide<Known, Data, Event> : never;

/**
 * {@link Evolve}, in the same way: the state is inferred from its schema alone, and the draft of a state that is one of
 * several shapes is one of several drafts (`NoInfer` would hide that from `Draft`).
 */
export type DeferredEvolve<State, Data> = [State] extends [infer Known] ? Evolve<Known, Data> : never;

/**
 * A state, in which an empty set may be written `new Set()`.
 *
 * TypeScript reads the initial state before it knows the schema's type, so `new Set()` is a `Set<unknown>` to it. That set is
 * accepted here, and a set of another type is refused. The values are checked by the schema when the module is defined.
 */
export type InitialState<State> = [State] extends [infer Known] ? WithUntypedSets<Known> : never;

type WithUntypedSets<State> =
  State extends ReadonlySet<unknown>
    ? State | UntypedSet
    : State extends ReadonlyMap<unknown, unknown> | Date | ArrayBufferView | ((...args: never) => unknown)
      ? State
      : { [Key in keyof State]: WithUntypedSets<State[Key]> };

/** `Set<unknown>` and nothing else. The members are properties, because TypeScript compares methods bivariantly. */
interface UntypedSet {
  readonly size: number;
  readonly add: (value: unknown) => unknown;
  readonly has: (value: unknown) => boolean;
  readonly delete: (value: unknown) => boolean;
  readonly clear: () => void;
}

/** What `defineDecider` takes. */
export interface DeciderDefinition<State, Commands, Events> {
  /** With the version, identifies the module in decision records and snapshots: `bank.account`. */
  readonly name: string;
  readonly version: string;
  readonly state: StandardSchema<unknown, State>;
  /** By type: definitions (`defineCommand`), or plain schemas. */
  readonly commands: Commands;
  /** By type: definitions (`defineEvent`), or plain schemas. */
  readonly events: Events;
  /** Canonical MessagePack where nothing is said. */
  readonly codec?: Codec;
  /** `skip` where other modules write to the same streams; `fault` where nothing is said. */
  readonly foreignEvents?: ForeignEvents;
  /** The stream whose history decides the command: `account-${command.data.accountId}`. */
  readonly streamId: (command: NoInfer<MessageOf<Commands>>) => string;
  /** The state before any event. */
  readonly initialState: InitialState<State>;
  readonly evolve: { readonly [Type in keyof Events]: DeferredEvolve<State, DataOf<Events[Type]>> };
  readonly decide: {
    readonly [Type in keyof Commands]: DeferredDecide<State, DataOf<Commands[Type]>, MessageOf<Events>>;
  };
}

/** What `defineDecider` gives: a module as the event sourcer takes it, and what typed callers need. */
export interface DeciderModule<State, Commands, Events>
  extends CommandHandler<State, MessageOf<Commands>, MessageOf<Events>> {
  readonly name: string;
  readonly version: string;
  /** The definitions, which make commands: `account.commands.Deposit({ … })`. */
  readonly commands: CommandDefinitions<Commands>;
  /** The definitions, which make events, and from which event handlers and projectors are defined. */
  readonly events: EventDefinitions<Events>;
  readonly stateSchema: StandardSchema<unknown, State>;
  /**
   * A command from outside, where types end: a line of a file, the body of a request. Checked by the command's schema.
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

/** The part of a module that says what its handles are: of deciders, event handlers and projectors alike. */
interface AnyModule {
  readonly types: Types<unknown, unknown, unknown>;
}

interface CommandEntry extends MessageEntry {
  readonly decide: (state: unknown, data: unknown) => unknown;
}

interface EventEntry extends MessageEntry {
  readonly evolve: Recipe;
}

const NAMES: OptionNames<DeciderDefinition<never, never, never>> = {
  name: true,
  version: true,
  state: true,
  commands: true,
  events: true,
  codec: true,
  foreignEvents: true,
  streamId: true,
  initialState: true,
  evolve: true,
  decide: true,
};

/**
 * Defines a decider. All types are inferred: commands and events are unions of `{ type, data }`.
 *
 * Commands are checked when they are read or written, the decided events before anyone sees them; events that are read
 * are brought to their newest version first. States are frozen.
 *
 * @throws DefinitionError where the parts do not fit together, with the place.
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
  const name = checkIdentity(definition, NAMES, 'defineDecider');
  const { codec = msgpack, foreignEvents = 'fault' } = definition;
  const commandEntries = messageTable('command', definition.commands, `${name}.commands`);
  const eventEntries = messageTable('event', definition.events, `${name}.events`);
  checkHandlers(definition.decide, commandEntries, 'command', `${name}.decide`, 'all');
  checkHandlers(definition.evolve, eventEntries, 'event', `${name}.evolve`, 'all');
  if (typeof definition.streamId !== 'function') throw new DefinitionError(`${name}.streamId`, 'must be a function');
  if (foreignEvents !== 'fault' && foreignEvents !== 'skip') {
    throw new DefinitionError(`${name}.foreignEvents`, "must be 'fault' or 'skip'");
  }
  const stateShape = shapeOf(definition.state, `${name}.state`);
  const initialState = initialStateOf(stateShape, definition.initialState, name);
  const commands = withHandlers(commandEntries, 'decide', definition.decide) as MessageTable<CommandEntry>;
  const events = withHandlers(eventEntries, 'evolve', definition.evolve) as MessageTable<EventEntry>;
  const descriptor: Descriptor = {
    name,
    version: definition.version,
    contentType: codec.contentType,
    digest: undefined,
    foreignEvents,
    commands: [...commands.values()].flatMap(commandDescriptors),
    events: [...events.values()].flatMap(({ definition, subject: { schemaVersion } }) =>
      storedNames([definition]).map((type) => ({ type, schemaVersion })),
    ),
  };
  type Command = MessageOf<Commands>;
  type Event = MessageOf<Events>;
  return {
    name,
    version: definition.version,
    commands: definitionsOf(commands) as unknown as CommandDefinitions<Commands>,
    events: definitionsOf(events) as unknown as EventDefinitions<Events>,
    stateSchema: definition.state,
    command: (type, data) => {
      const entry = entryOf(commands, type, 'command');
      return { type: entry.type, data: entry.shape.checkDecoded(data, entry.subject) } as Command;
    },
    types: {
      command: commandTypeOf<Command & Message>(commands, codec) as never,
      event: eventTypeOf<Event & Message>(events, codec) as never,
      state: stateTypeOf(stateShape, name, codec),
    },
    decider: {
      initialState: () => initialState,
      evolve: (state, event) => evolve(events, state, event as Message) as State,
      decide: (state, command) =>
        usingRejections((command as Message).type, () =>
          decide(commands, events, codec, state, command as Message),
        ) as Event[],
    },
    routing: {
      describe: () => descriptor,
      streamId: (command) => streamId(definition.streamId as (command: unknown) => unknown, command as Message),
    },
  };
}

function withHandlers(table: MessageTable, key: string, handlers: object): MessageTable {
  const byType = new Map(Object.entries(handlers));
  return new Map([...table].map(([type, entry]) => [type, { ...entry, [key]: byType.get(type) }]));
}

/** A command under its name and under its former names. */
function commandDescriptors({ definition, subject }: MessageEntry): Descriptor['commands'] {
  const { precondition, snapshot } = policiesOf(definition);
  return storedNames([definition]).map((type) => ({
    type,
    schemaVersion: subject.schemaVersion,
    precondition,
    snapshot: snapshot === 'never' ? { tag: 'never' } : { tag: 'every', val: snapshot.every },
  }));
}

function evolve(events: MessageTable<EventEntry>, state: unknown, event: Message): unknown {
  const entry = entryOf(events, event.type, 'event');
  try {
    return fold(state, entry.evolve, event.data);
  } catch (cause) {
    throw faultOf(cause, 'evolve-failed', `evolve.${entry.type}`, entry.type);
  }
}

function decide(
  commands: MessageTable<CommandEntry>,
  events: MessageTable<EventEntry>,
  codec: Codec,
  state: unknown,
  command: Message,
): Message[] {
  const entry = entryOf(commands, command.type, 'command');
  const decided: Message[] = [];
  try {
    const answer = entry.decide(state, command.data);
    const last = isSteps(answer) ? takeSteps(answer, entry.type, events, codec, state, decided) : answer;
    if (isRejection(last)) throw last;
    if (last !== undefined || !isSteps(answer)) takeEvents(last, entry.type, events, codec, decided);
  } catch (cause) {
    if (isRejection(cause)) throw cause;
    throw faultOf(cause, 'decide-failed', `decide.${entry.type}`, entry.type);
  }
  return decided;
}

type Steps = Generator<unknown, unknown, unknown>;

function isSteps(answer: unknown): answer is Steps {
  return typeof answer === 'object' && answer !== null && Symbol.iterator in answer && !Array.isArray(answer);
}

/** Runs a generator to its end: each step's events are folded, and the state after them is handed back. */
function takeSteps(
  steps: Steps,
  command: string,
  events: MessageTable<EventEntry>,
  codec: Codec,
  before: unknown,
  decided: Message[],
): unknown {
  let state = before;
  let step = steps.next();
  try {
    while (step.done !== true) {
      const from = decided.length;
      takeEvents(step.value, command, events, codec, decided);
      for (let index = from; index < decided.length; index++) state = evolve(events, state, decided[index]!);
      step = steps.next(state);
    }
    return step.value;
  } finally {
    steps.return(undefined); // Where a step failed, its generator ends: its finally blocks run. Else it has ended.
  }
}

/**
 * Adds the events that a handler gave, each as it will come back from its bytes: nothing is stored that cannot be read
 * again, and what is folded now is what a replay folds.
 */
function takeEvents(
  given: unknown,
  command: string,
  events: MessageTable<EventEntry>,
  codec: Codec,
  decided: Message[],
): void {
  if (!Array.isArray(given)) throw noDecision(command, `gave ${kindOf(given)} in place of a list of events`);
  if (decided.length + given.length > MAX_EVENTS_PER_DECISION) {
    throw noDecision(command, `gave more than ${MAX_EVENTS_PER_DECISION} events`);
  }
  for (let index = 0; index < given.length; index++) {
    const event: Message | undefined = given[index];
    const entry = events.get(event?.type as string);
    if (entry === undefined) throw noDecision(command, `gave ${kindOf(event)}, which is no event of this module`);
    decided.push({ type: entry.type, data: entry.shape.settle(event?.data, entry.subject, codec) });
  }
}

function kindOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  if (isRejection(value)) return 'a rejection (return it, do not yield it)';
  if ('then' in value) return 'a promise';
  return 'type' in value ? `a message of type ${String(value.type)}` : 'an object without a type';
}

function noDecision(command: string, problem: string): FaultError {
  return new FaultError({
    code: 'invalid-decision',
    message: `decide.${command} ${problem}`,
    details: [['type', command]],
  });
}

function streamId(name: (command: unknown) => unknown, command: Message): string {
  let stream: unknown;
  try {
    stream = name(command);
  } catch (cause) {
    throw faultOf(cause, 'stream-id-failed', 'streamId', command.type);
  }
  if (typeof stream === 'string') return stream;
  throw new FaultError({
    code: 'stream-id-failed',
    message: `streamId gave ${kindOf(stream)} for ${command.type}, not the name of a stream`,
    details: [['type', command.type]],
  });
}

/** What a handler threw, as the fault of the module; a fault stays what it is. */
export function faultOf(cause: unknown, code: string, place: string, type: string): FaultError {
  if (isFault(cause)) return cause;
  return new FaultError(
    {
      code,
      message: `${place} failed: ${textOf(cause)}`,
      details: [
        ['type', type],
        ['cause', textOf(cause)],
      ],
    },
    { cause },
  );
}
