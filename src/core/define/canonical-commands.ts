/** An addition to the world of a module (wit/worlds.wit) whose commands are plain messages. */
import type { Envelope } from '../messages.ts';
import type { Message } from './message.ts';

/** A command that has entered: the value of its module, and the bytes that are recorded. */
export interface CanonicalCommand<Command> {
  readonly command: Command;
  readonly envelope: Envelope;
}

/**
 * A module that accepts commands as messages. A module without this function, such as a component, gets its commands as
 * envelopes.
 */
export interface CanonicalCommands<Command> {
  /**
   * Takes in a command, once. It copies the caller's message, applies its schema, and encodes the result. The command
   * equals the value that the module decodes from the bytes, so the decision can be explained from its record.
   *
   * @throws FaultError if the message does not fit its schema.
   */
  canonicalCommand?(message: Message): CanonicalCommand<Command>;
}
