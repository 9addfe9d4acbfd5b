/**
 * What a host may offer beside its world (wit/worlds.wit): to decide with the command's id known.
 *
 * A component whose run-time library asks for the time or for random numbers is given what follows from the id. So they are
 * the same whenever and wherever the command is decided: again after a conflict, again on redelivery, and again by whoever
 * proves the decision from its record. The event sourcer looks for this; a decider in the process has no use for it.
 */
export interface DecidesById<State, Command, Event> {
  /** `decider.decide`, for the command with this UUID in lower-case text. @throws as `decider.decide`. */
  decideById?(commandId: string, state: State, command: Command): readonly Event[];
}
