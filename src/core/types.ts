/**
 * `types` (wit/types.wit): commands, events and states as opaque handles. Only the module that exports this knows what is
 * inside; bytes exist at the edges alone, where something is stored or sent.
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

/** `resource command`. */
export interface CommandType<Command> {
  /** @throws FaultError where the bytes, the type or the shape are wrong. */
  fromEnvelope(envelope: Envelope): Command;
  /** Canonical: equal commands give equal bytes. */
  toEnvelope(command: Command): Envelope;
  /** `resource.drop`, which the WIT implies. Missing where a handle needs no release. */
  drop?(command: Command): void;
}

/** `resource event`. */
export interface EventType<Event> {
  /**
   * Old schema versions are brought forward here.
   * @throws FaultError where the bytes, the type or the shape are wrong.
   */
  fromEnvelope(envelope: Envelope): Event;
  toEnvelope(event: Event): Envelope;
  /** `resource.drop`, which the WIT implies. Missing where a handle needs no release. */
  drop?(event: Event): void;
}

/** `resource state`. */
export interface StateType<State> {
  /** @throws FaultError where the bytes or the shape are wrong. */
  fromBytes(bytes: Uint8Array): State;
  toBytes(state: State): Uint8Array;
  /** `resource.drop`, which the WIT implies. Missing where a handle needs no release. */
  drop?(state: State): void;
}
