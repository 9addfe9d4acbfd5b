/** Given these events, when this event comes, then these reactions: a test of a process manager as a sentence. */
import type { Envelope, EventContext, Message, ProcessManager, Reacted, Reaction, Types } from '../../core/index.ts';
import { NondeterminismError } from './ambient/forbidden-call.ts';
import { runIsolated } from './ambient/without-ambient.ts';
import { contextAt } from './context.ts';
import { ExpectationError, type Story } from './expectation.ts';
import { messageTypes, plain, sameBytes, sameEnvelope, type Typed, withHandle } from './messages-of.ts';
import { type Said, Saying } from './sentence.ts';
import { showMessage, showValue } from './show.ts';

/**
 * What an event led to. Each expectation holds or throws an {@link ExpectationError}, and returns the sentence, so that it can
 * expect more.
 */
export interface ReactionThen<State, Command> {
  /** Expects exactly these reactions, in order, as `dispatchCommand` and its like make them. */
  then(...reactions: readonly Reacted<Command>[]): Said<this>;
  /** Expects no reactions. The event may have changed the process. */
  thenNothing(): Said<this>;
  /** Expects that the event belongs to no process. */
  thenNotConcerned(): Said<this>;
  /** Expects this state of the process after the event. */
  thenState(state: State): Said<this>;
}

/** A sentence that still lacks its event. */
export interface ReactionWhen<State, Command, Event> {
  /** @param context what a store would have said of it; what is not named is made up, always in the same way. */
  when(event: Event, context?: Partial<EventContext>): ReactionThen<State, Command>;
}

/** Where the sentences about a process manager begin. */
export interface EventHandlerTest<State, Command, Event> {
  /** What happened before, in any process, the oldest first: those of the process of `when` are folded. */
  given(...events: readonly Event[]): ReactionWhen<State, Command, Event>;
}

type Reached =
  | { readonly tag: 'not-concerned' }
  | { readonly tag: 'reacted'; readonly reactions: readonly Reaction[]; readonly state: Uint8Array };

/**
 * Binds the sentences to a process manager: `const { given } = testEventHandler(reminders)`. What it does is done twice,
 * without clock, randomness and the rest of the ambient world.
 *
 * @param messages whose messages the test is written in, where the module is a component.
 * @throws TypeError where they are not given, and the module keeps its own behind handles.
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
    given: (...events) => ({
      when: (event, context = {}) => {
        const history = events.map((before) => types.event.toEnvelope(before));
        const now = types.event.toEnvelope(event);
        const react = (): Reached => reactOnce(module, history, now, { ...contextAt(history.length), ...context });
        const [reached, again] = runIsolated((inOtherProcess) => [react(), inOtherProcess(react)] as const);
        if (!sameReached(reached, again)) {
          throw new NondeterminismError(`${now.type} was handled twice from the same history, with different results`);
        }
        const story: Story = [
          ['given', events.map((before) => showMessage(plain(before)))],
          ['when', [showMessage(plain(event))]],
        ];
        return expectations(reached, story, types);
      },
    }),
  };
}

function reactOnce<State, Command, Event>(
  { types, eventHandler }: ProcessManager<State, Command, Event>,
  history: readonly Envelope[],
  now: Envelope,
  context: EventContext,
): Reached {
  const key = withHandle(types.event, now, (event) => eventHandler.key(event));
  if (key === undefined) return { tag: 'not-concerned' };
  let state = eventHandler.initialState();
  try {
    for (const envelope of history) {
      withHandle(types.event, envelope, (event) => {
        if (eventHandler.key(event) === key) state = eventHandler.evolve(state, event);
      });
    }
    const reactions = withHandle(types.event, now, (event) => {
      state = eventHandler.evolve(state, event);
      return eventHandler.handle(state, event, context);
    });
    return { tag: 'reacted', reactions, state: types.state.toBytes(state) };
  } finally {
    types.state.drop?.(state);
  }
}

function sameReached(left: Reached, right: Reached): boolean {
  if (left.tag !== 'reacted' || right.tag !== 'reacted') return left.tag === right.tag;
  return sameReactions(left.reactions, right.reactions) && sameBytes(left.state, right.state);
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
    // biome-ignore lint/suspicious/noThenProperty: given, when, then. A runner that awaits it is answered.
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
      if (sameBytes(reached.state, types.state.toBytes(state))) return held();
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
