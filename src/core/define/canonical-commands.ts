/** An addition to the world of a module (wit/worlds.wit) whose commands are plain messages. */
import type { Envelope } from '../messages.ts';
import type { Message } from './message.ts';

/** A command that has entered: its module's value, and the bytes that are recorded. */
export interface CanonicalCommand<Command> {
  readonly command: Command;
  readonly envelope: Envelope;
}

/**
 * A module that takes commands as messages. The event sourcer looks for this; a module without it, as a component is, gets its
 * commands as envelopes.
 */
export interface CanonicalCommands<Command> {
  /**
   * Takes in a command, once: copies the caller's message, applies its schema, and writes the bytes. The command is equal to
   * what the module reads from the bytes, so the decision can be explained from its record.
   *
   * @throws FaultError if the message does not fit its schema.
   */
  canonicalCommand?(message: Message): CanonicalCommand<Command>;
}
