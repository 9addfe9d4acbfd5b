/**
 * An optional function of a module, in addition to its world (wit/worlds.wit): `decide` with the command's id.
 *
 * If a component's runtime reads the time or random numbers, it gets values that are derived from the id. The values
 * are the same each time the command is decided: after a conflict, after a duplicate, and when its record is verified.
 * The event sourcer uses the function if the module has it. A module in the process does not need it.
 */
export interface CommandIdAware<State, Command, Event> {
  /**
   * Decides the command with this id.
   *
   * @param commandId a UUID in lower-case text.
   * @throws the same errors as `decider.decide`.
   */
  decideWithCommandId?(commandId: string, state: State, command: Command): readonly Event[];
}
