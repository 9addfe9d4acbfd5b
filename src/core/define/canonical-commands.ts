/** An optional function of a module whose commands are plain messages. It is not part of wit/worlds.wit. */
import type { Envelope } from '../messages.ts';
import type { Message } from './message.ts';

/** An accepted command: the value for its module, and the bytes that are recorded. */
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
   * Copies the caller's message, applies its schema once, and encodes the result. The command equals the value that the
   * module decodes from the bytes, so the record contains exactly the value that was decided.
   *
   * @throws FaultError if the message does not fit its schema.
   */
  canonicalCommand?(message: Message): CanonicalCommand<Command>;
}
