/**
 * Composition of deciders: `combine` two, `adapt` one to other types, run `many` of one kind. These are pure functions
 * over pure deciders, and their laws are tested (test/core/define/composition.test.ts).
 *
 * They need deciders whose states are values, such as those of `defineDecider`: `combine(cat.decider, bulb.decider)`.
 *
 * Source: Jérémie Chassaing, "Functional Event Sourcing Decider" (compose, many, adapt, neutral); fmodel (`combine`,
 * `mapLeftOnCommand`, `dimapOnEvent`, `dimapOnState`).
 */
import type { Decider } from '../decider.ts';

/** A message of one of two deciders. */
export type Either<Left, Right> =
  | { readonly tag: 'left'; readonly val: Left }
  | { readonly tag: 'right'; readonly val: Right };

/** Marks a message of the left decider: `left({ type: 'Deposit', data })`. */
export function left<const Left>(val: Left): { readonly tag: 'left'; readonly val: Left } {
  return { tag: 'left', val };
}

/** Marks a message of the right decider: `right({ type: 'Reserve', data })`. */
export function right<const Right>(val: Right): { readonly tag: 'right'; readonly val: Right } {
  return { tag: 'right', val };
}

/**
 * Combines two deciders into one. Each command goes to one of them, each event comes from one of them, and neither can
 * read the other's state. The operation is associative, with {@link neutral} as its unit, up to the nesting of pairs.
 *
 * @example const room = combine(lamp.decider, heater.decider);
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

/** The decider without commands and events: the unit of {@link combine}. */
export const neutral: Decider<null, never, never> = {
  initialState: () => null,
  evolve: (state) => state,
  decide: () => [],
};

/** The mapping between the outer types and those of a decider. */
export interface Adapter<State, Command, Event, OuterState, OuterCommand, OuterEvent> {
  /** Returns the command of the decider, or undefined if the decision has no events. */
  readonly command: (command: OuterCommand) => Command | undefined;
  /**
   * Maps events in both directions. `in` returns undefined for events that do not change the state. It must accept
   * every result of `out`.
   */
  readonly event: { readonly in: (event: OuterEvent) => Event | undefined; readonly out: (event: Event) => OuterEvent };
  /** Maps states in both directions, without loss: `in` reverses `out`. */
  readonly state: { readonly in: (state: OuterState) => State; readonly out: (state: State) => OuterState };
}

/**
 * Adapts a decider to other types. Adapting with identities does not change a decider. Adapting twice is the same as
 * adapting once with the composed functions.
 *
 * @example adapt(account, { command, event, state }) // a decider of the outer types
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

/** A message of one of many deciders, with its id. */
export interface Addressed<Id, Message> {
  /** Selects the decider. */
  readonly id: Id;
  readonly message: Message;
}

/**
 * Runs many deciders of one kind, each identified by an id (compared like the keys of a `Map`). A decider without
 * events is in its initial state and uses no memory. Folding an event takes time in proportion to the number of
 * deciders that have events.
 *
 * ```ts
 * const accounts = many(account.decider);
 * const events = accounts.decide(accounts.initialState(), { id: '0001', message: Deposit({ amount: 5n }) });
 * ```
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
