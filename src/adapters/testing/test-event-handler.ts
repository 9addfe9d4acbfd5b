/** `testEventHandler`: tests of a process manager in the form given events, when an event, then reactions. */
import {
  type Envelope,
  type EventContext,
  type Message,
  type ProcessManager,
  type Reacted,
  type Reaction,
  type RejectedCommand,
  type RejectionDetail,
  reject,
  type Types,
} from '../../core/index.ts';
import { equalBytes } from '../../core/storage/equal-bytes.ts';
import { NondeterminismError } from './ambient/forbidden-call.ts';
import { runIsolated } from './ambient/without-ambient.ts';
import { checkContext, contextAt } from './context.ts';
import { ExpectationError, type Story } from './expectation.ts';
import { messageTypes, plain, sameEnvelope, type Typed, withHandle } from './message-types.ts';
import { type Said, Saying } from './sentence.ts';
import { showMessage, showRejection, showValue } from './show.ts';
import { envelopesOf, type StoredEvent, shownEvent } from './stored-event.ts';

/**
 * The expectations about the reactions to an event. An expectation throws an {@link ExpectationError} if it fails, and
 * otherwise returns the sentence, so that another expectation can follow.
 */
export interface ReactionThen<State, Command> {
  /** Expects exactly these reactions, in order. `dispatchCommand` and similar functions make them. */
  then(...reactions: readonly Reacted<Command>[]): Said<this>;
  /** Expects no reactions. The event may have changed the process. */
  thenNothing(): Said<this>;
  /** Expects that the event does not belong to a process. */
  thenNotConcerned(): Said<this>;
  /** Expects this state of the process after the event. */
  thenState(state: State): Said<this>;
}

/** The step after `given`. It needs an event or a rejection next. */
export interface ReactionWhen<State, Command, Event> {
  /**
   * Passes an event to the process manager.
   * @param context the context that a store would add. Missing fields have the same values in each test.
   */
  when(event: Event, context?: Partial<EventContext>): ReactionThen<State, Command>;
  /**
   * Reports that a command of the process was rejected. The process is that of the last given event.
   * @param code the code of the rejection.
   * @throws TypeError if no given event belongs to a process.
   */
  whenRejected(
    command: Command,
    code: string,
    details?: Readonly<Record<string, RejectionDetail>>,
  ): ReactionThen<State, Command>;
}

/** The start of a test of a process manager. */
export interface EventHandlerTest<State, Command, Event> {
  /**
   * Sets the earlier events of any processes, with the oldest first. The events of the process under test are folded.
   */
  given(...events: readonly (Event | StoredEvent)[]): ReactionWhen<State, Command, Event>;
}

type Reached =
  | { readonly tag: 'not-concerned' }
  | { readonly tag: 'reacted'; readonly reactions: readonly Reaction[]; readonly state: Uint8Array };

/**
 * Starts tests of a process manager. The process manager handles each event twice without clock, randomness and the
 * rest of the ambient world, and the results must be equal.
 *
 * @param messages for a component, the definitions of the same domain in TypeScript. They define the messages of the
 *   test.
 * @throws TypeError if `messages` is missing and the module's messages are handles.
 * @example
 * const { given } = testEventHandler(billing);
 * given(booked).when(left).then(cancelDeadline('bill'), dispatchCommand(SendBill({ roomId: '7' })));
 */
export function testEventHandler<State, Command, Event>(
  module: ProcessManager<State, Command, Event>,
): EventHandlerTest<State, Command, Event>;
export function testEventHandler<Handle, CommandHandle, EventHandle, State, Command, Event>(
  module: ProcessManager<Handle, CommandHandle, EventHandle>,
  messages: Typed<State, Command, Event>,
): EventHandlerTest<State, Command, Event>;
export function testEventHandler<Handle, CommandHandle, EventHandle, State, Command, Event>(
  module: ProcessManager<Handle, CommandHandle, EventHandle>,
  messages?: Typed<State, Command, Event>,
): EventHandlerTest<State, Command, Event> {
  const types = messageTypes('testEventHandler', module, messages);
  return {
    given: (...events) => {
      // Schemas run here and must be deterministic too, so that a default that reads the clock is found.
      const history = runIsolated(() => envelopesOf(types.event, events));
      const given = ['given', events.map((before) => showMessage(shownEvent(before)))] as const;
      return {
        when(event, context = {}) {
          checkContext('testEventHandler', context);
          const envelope = runIsolated(() => types.event.toEnvelope(event));
          const occurrence = { envelope, context: { ...contextAt(history.length), ...context } };
          const reached = reactTwice(envelope.type, () => reactToEvent(module, history, occurrence));
          return expectations(reached, [given, ['when', [showMessage(plain(event))]]], types);
        },
        whenRejected(command, code, details = {}) {
          const rejected = rejectedCommand(types.command.toEnvelope(command), code, details, history.length);
          const reached = reactTwice(rejected.command.type, () => reactToRejection(module, history, rejected));
          const when = `rejected ${showMessage(plain(command))}: ${showRejection(rejected.rejection)}`;
          return expectations(reached, [given, ['when', [when]]], types);
        },
      };
    },
  };
}

function reactTwice(what: string, react: () => Reached): Reached {
  const [reached, again] = runIsolated((inOtherProcess) => [react(), inOtherProcess(react)] as const);
  if (sameReached(reached, again)) return reached;
  throw new NondeterminismError(
    `${what} was handled twice from the same history with different results; expected a pure function of state and event`,
  );
}

function rejectedCommand(
  command: Envelope,
  code: string,
  details: Readonly<Record<string, RejectionDetail>>,
  index: number,
): RejectedCommand {
  const { id, stream, recordedAt } = contextAt(index);
  return { commandId: id, command, stream, rejection: reject(code, undefined, details).payload, recordedAt };
}

function reactToEvent<State, Command, Event>(
  module: ProcessManager<State, Command, Event>,
  history: readonly Envelope[],
  now: { readonly envelope: Envelope; readonly context: EventContext },
): Reached {
  const { types, eventHandler } = module;
  const key = withHandle(types.event, now.envelope, (event) => eventHandler.key(event));
  if (key === undefined) return { tag: 'not-concerned' };
  return react(module, history, key, (before) =>
    withHandle(types.event, now.envelope, (event) => {
      const state = eventHandler.evolve(before, event);
      return [
        state,
        () => withHandle(types.event, now.envelope, (same) => eventHandler.handle(state, same, now.context)),
      ];
    }),
  );
}

function reactToRejection<State, Command, Event>(
  module: ProcessManager<State, Command, Event>,
  history: readonly Envelope[],
  rejected: RejectedCommand,
): Reached {
  const { types, eventHandler } = module;
  const keys = history.map((envelope) => withHandle(types.event, envelope, (event) => eventHandler.key(event)));
  const key = keys.findLast((found) => found !== undefined);
  if (key === undefined)
    throw new TypeError('no given event belongs to a process; add the event that started the process to given(…)');
  return react(module, history, key, (before) => {
    const state = eventHandler.evolveRejected(before, rejected);
    return [state, () => eventHandler.handleRejected(state, rejected)];
  });
}

/** Folds the events of the process and the next event or rejection, and returns the reactions. */
function react<State, Command, Event>(
  { types, eventHandler }: ProcessManager<State, Command, Event>,
  history: readonly Envelope[],
  key: string,
  happen: (state: State) => readonly [state: State, handle: () => readonly Reaction[]],
): Reached {
  let state = eventHandler.initialState();
  try {
    for (const envelope of history) {
      withHandle(types.event, envelope, (event) => {
        if (eventHandler.key(event) === key) state = eventHandler.evolve(state, event);
      });
    }
    const [after, handle] = happen(state);
    state = after;
    return { tag: 'reacted', reactions: handle(), state: types.state.toBytes(state) };
  } finally {
    types.state.drop?.(state);
  }
}

function sameReached(left: Reached, right: Reached): boolean {
  if (left.tag !== 'reacted' || right.tag !== 'reacted') return left.tag === right.tag;
  return sameReactions(left.reactions, right.reactions) && equalBytes(left.state, right.state);
}

function sameReactions(left: readonly Reaction[], right: readonly Reaction[]): boolean {
  return left.length === right.length && left.every((reaction, index) => sameReaction(reaction, right[index]!));
}

function sameReaction(left: Reaction, right: Reaction): boolean {
  if (left.tag === 'dispatch' && right.tag === 'dispatch') return sameEnvelope(left.val, right.val);
  if (left.tag === 'cancel' && right.tag === 'cancel') return left.val === right.val;
  if (left.tag === 'end') return right.tag === 'end';
  if (left.tag !== 'schedule' || right.tag !== 'schedule') return false;
  const [one, other] = [left.val, right.val];
  return one.id === other.id && one.dueAt === other.dueAt && sameEnvelope(one.command, other.command);
}

function expectations<State, Command, Event>(
  reached: Reached,
  story: Story,
  types: Types<State, Command, Event>,
): ReactionThen<State, Command> {
  const show = (reaction: Reaction): string =>
    showReaction(reaction, (envelope) => plain(types.command.fromEnvelope(envelope)));
  const actual = reached.tag === 'reacted' ? reached.reactions.map(show) : ['not concerned'];
  const fail = (expected: readonly string[], was: readonly string[] = actual): never => {
    throw new ExpectationError(story, expected, was);
  };
  const saying = new Saying<ReactionThen<State, Command>>();
  const held = (): never => saying.held(self) as never; // Every expectation returns `this`.
  const self: ReactionThen<State, Command> = {
    // biome-ignore lint/suspicious/noThenProperty: given, when, then. `Saying` handles a runner that awaits it.
    then(...reactions) {
      if (saying.isAwaited(reactions)) return held();
      const expected = reactions.map((reaction) => reactionOf(reaction, types));
      if (reached.tag === 'reacted' && sameReactions(reached.reactions, expected)) return held();
      return fail(expected.map(show));
    },
    thenNothing() {
      return reached.tag === 'reacted' && reached.reactions.length === 0 ? held() : fail([]);
    },
    thenNotConcerned() {
      return reached.tag === 'not-concerned' ? held() : fail(['not concerned']);
    },
    thenState(state) {
      if (reached.tag === 'not-concerned') return fail([`state ${showValue(state)}`]);
      if (equalBytes(reached.state, types.state.toBytes(state))) return held();
      return fail([`state ${showValue(state)}`], [`state ${showValue(types.state.fromBytes(reached.state))}`]);
    },
  };
  return self;
}

function reactionOf<State, Command, Event>(reacted: Reacted<Command>, types: Types<State, Command, Event>): Reaction {
  if (reacted.tag === 'cancel') return { tag: 'cancel', val: reacted.id };
  if (reacted.tag === 'end') return { tag: 'end' };
  const command = types.command.toEnvelope(reacted.command);
  if (reacted.tag === 'dispatch') return { tag: 'dispatch', val: command };
  const dueAt = reacted.at instanceof Date ? BigInt(reacted.at.getTime()) : reacted.at;
  return { tag: 'schedule', val: { id: reacted.id, dueAt, command } };
}

function showReaction(reaction: Reaction, read: (envelope: Envelope) => Message): string {
  switch (reaction.tag) {
    case 'dispatch':
      return `dispatch ${showMessage(read(reaction.val))}`;
    case 'schedule': {
      const { id, dueAt, command } = reaction.val;
      return `schedule ${showValue(id)} at ${new Date(Number(dueAt)).toISOString()}: ${showMessage(read(command))}`;
    }
    case 'cancel':
      return `cancel ${showValue(reaction.val)}`;
    case 'end':
      return 'end of the process';
  }
}
