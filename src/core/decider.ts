/**
 * `decider` (wit/decider.wit): the three functions of a decider. A decision is a pure function of history and command.
 *
 * Source: Jérémie Chassaing, "Functional Event Sourcing Decider".
 */
export interface Decider<State, Command, Event> {
  /** The state before any event. */
  initialState(): State;

  /**
   * Takes the state, gives one back: the caller must not use `state` again.
   * @throws FaultError where the event breaks an invariant of the state.
   */
  evolve(state: State, event: Event): State;

  /**
   * No events means that nothing needs to happen.
   * @throws RejectionError where the domain says no.
   */
  decide(state: State, command: Command): readonly Event[];
}
