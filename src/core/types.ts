/**
 * `types` (wit/types.wit): commands, events and states as opaque handles. Only the module that exports this interface
 * can read their content. They are encoded only when they are stored or sent.
 *
 * A resource of the WIT is a type parameter here, and its methods are functions over that opaque type:
 * `types.event.toEnvelope(event)`.
 */
import type { Envelope } from './messages.ts';

/** The resources `command`, `event` and `state` of a module. */
export interface Types<State, Command, Event> {
  readonly command: CommandType<Command>;
  readonly event: EventType<Event>;
  readonly state: StateType<State>;
}

/** `resource command`: a request to change a stream. */
export interface CommandType<Command> {
  /**
   * Decodes a command.
   * @throws FaultError if the bytes, the type or the shape are wrong.
   */
  fromEnvelope(envelope: Envelope): Command;
  /** Encodes the command. The encoding is canonical, so equal commands have equal bytes. */
  toEnvelope(command: Command): Envelope;
  /** Releases the handle, as `resource.drop` in the WIT does. A type that needs no release omits this function. */
  drop?(command: Command): void;
}

/** `resource event`: a fact that a decision has recorded. */
export interface EventType<Event> {
  /**
   * Decodes an event, and upgrades one of an older schema version.
   * @throws FaultError if the bytes, the type or the shape are wrong.
   */
  fromEnvelope(envelope: Envelope): Event;
  /** Encodes the event. */
  toEnvelope(event: Event): Envelope;
  /** Releases the handle, as `resource.drop` in the WIT does. A type that needs no release omits this function. */
  drop?(event: Event): void;
}

/** `resource state`: the result of folding a stream's events. */
export interface StateType<State> {
  /**
   * Decodes a state.
   * @throws FaultError if the bytes or the shape are wrong.
   */
  fromBytes(bytes: Uint8Array): State;
  /** Encodes the state. */
  toBytes(state: State): Uint8Array;
  /** Releases the handle, as `resource.drop` in the WIT does. A type that needs no release omits this function. */
  drop?(state: State): void;
}
