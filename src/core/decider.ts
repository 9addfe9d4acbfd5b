/**
 * `decider` (wit/decider.wit): the three functions of a decider. A decision is a pure function of history and command.
 *
 * Source: Jérémie Chassaing, "Functional Event Sourcing Decider".
 */
export interface Decider<State, Command, Event> {
  /** Returns the state before any event. */
  initialState(): State;

  /**
   * Consumes the state and returns the next one. The caller must not use `state` again.
   * @throws FaultError if the event breaks an invariant of the state.
   */
  evolve(state: State, event: Event): State;

  /**
   * Returns the events that the command leads to. An empty list means that nothing needs to happen.
   * @throws RejectionError if the domain refuses the command.
   */
  decide(state: State, command: Command): readonly Event[];
}
