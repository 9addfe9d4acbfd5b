/**
 * Deciders compose: two side by side, one in other clothes, many of one kind. Pure functions over pure deciders, whose
 * laws are tested (test/core/define/composition.test.ts).
 *
 * They are for deciders whose states are values, as those of `defineDecider` are: `combine(cat.decider, bulb.decider)`.
 *
 * Source: Jérémie Chassaing, "Functional Event Sourcing Decider" (compose, many, adapt, neutral); fmodel (`combine`,
 * `mapLeftOnCommand`, `dimapOnEvent`, `dimapOnState`).
 */
import type { Decider } from '../decider.ts';

/** One of two: what a combined decider takes and gives. */
export type Either<Left, Right> =
  | { readonly tag: 'left'; readonly val: Left }
  | { readonly tag: 'right'; readonly val: Right };

/** For the left one of two. */
export function left<const Left>(val: Left): { readonly tag: 'left'; readonly val: Left } {
  return { tag: 'left', val };
}

/** For the right one of two. */
export function right<const Right>(val: Right): { readonly tag: 'right'; readonly val: Right } {
  return { tag: 'right', val };
}

/**
 * Two deciders side by side. Each command goes to one of them and each event comes from one of them; neither sees the
 * other's state. Associative, with {@link neutral} as its unit, up to the nesting of pairs.
 */
export function combine<StateL, CommandL, EventL, StateR, CommandR, EventR>(
  leftDecider: Decider<StateL, CommandL, EventL>,
  rightDecider: Decider<StateR, CommandR, EventR>,
): Decider<readonly [StateL, StateR], Either<CommandL, CommandR>, Either<EventL, EventR>> {
  return {
    initialState: () => [leftDecider.initialState(), rightDecider.initialState()],
    evolve: ([stateL, stateR], event) =>
      event.tag === 'left'
        ? [leftDecider.evolve(stateL, event.val), stateR]
        : [stateL, rightDecider.evolve(stateR, event.val)],
    decide: ([stateL, stateR], command) =>
      command.tag === 'left'
        ? leftDecider.decide(stateL, command.val).map(left)
        : rightDecider.decide(stateR, command.val).map(right),
  };
}

/** The decider that nothing can be asked of: the unit of {@link combine}. */
export const neutral: Decider<null, never, never> = {
  initialState: () => null,
  evolve: (state) => state,
  decide: () => [],
};

/** How a decider is seen from outside. What is undefined is none of its concern. */
export interface Adapter<State, Command, Event, OuterState, OuterCommand, OuterEvent> {
  /** The command as the decider takes it; undefined: it decides nothing, without events. */
  readonly command: (command: OuterCommand) => Command | undefined;
  /** Both ways: `in` gives undefined for events that leave the state as it is; what came `out` must come `in` again. */
  readonly event: { readonly in: (event: OuterEvent) => Event | undefined; readonly out: (event: Event) => OuterEvent };
  /** Both ways, without loss: `in` undoes `out`. */
  readonly state: { readonly in: (state: OuterState) => State; readonly out: (state: State) => OuterState };
}

/**
 * A decider in other clothes. Adapting by identities changes nothing; adapting twice is adapting once by the composed
 * functions.
 */
export function adapt<State, Command, Event, OuterState, OuterCommand, OuterEvent>(
  decider: Decider<State, Command, Event>,
  adapter: Adapter<State, Command, Event, OuterState, OuterCommand, OuterEvent>,
): Decider<OuterState, OuterCommand, OuterEvent> {
  const { command: commandIn, event, state } = adapter;
  return {
    initialState: () => state.out(decider.initialState()),
    evolve: (outer, outerEvent) => {
      const inner = event.in(outerEvent);
      return inner === undefined ? outer : state.out(decider.evolve(state.in(outer), inner));
    },
    decide: (outer, outerCommand) => {
      const inner = commandIn(outerCommand);
      return inner === undefined ? [] : decider.decide(state.in(outer), inner).map(event.out);
    },
  };
}

/** What is sent to, or comes from, one of many. */
export interface Addressed<Id, Message> {
  readonly id: Id;
  readonly message: Message;
}

/**
 * Many of one kind, told apart by id (compared as keys of a `Map`). One that has no events yet is in its initial state, and
 * takes no room. An event costs time in proportion to the number of those that have events.
 */
export function many<Id, State, Command, Event>(
  decider: Decider<State, Command, Event>,
): Decider<ReadonlyMap<Id, State>, Addressed<Id, Command>, Addressed<Id, Event>> {
  const stateOf = (states: ReadonlyMap<Id, State>, id: Id): State =>
    states.has(id) ? (states.get(id) as State) : decider.initialState();
  return {
    initialState: () => new Map(),
    evolve: (states, { id, message }) => new Map(states).set(id, decider.evolve(stateOf(states, id), message)),
    decide: (states, { id, message }) =>
      decider.decide(stateOf(states, id), message).map((event) => ({ id, message: event })),
  };
}
