/** `event-handler` (wit/event-handler.wit): a process manager. An event goes in, commands and deadlines come out. */
import type { Envelope, EventContext } from './messages.ts';

/** What a host must know of a process manager: which events to give it, and which commands it may send. */
export interface HandlerDescriptor {
  readonly name: string;
  readonly version: string;
  readonly contentType: string;
  readonly digest: Uint8Array | undefined;
  /** The event types that it reacts to. */
  readonly events: readonly string[];
  /** The command types that it dispatches or schedules. */
  readonly commands: readonly string[];
}

/** A command that is to be sent at a time, unless it is cancelled before. */
export interface Deadline {
  /** Unique in the process; scheduling it again moves it. */
  readonly id: string;
  /** Milliseconds since the Unix epoch. */
  readonly dueAt: bigint;
  readonly command: Envelope;
}

/** Commands leave as envelopes, because another module owns their type and their stream. */
export type Reaction =
  | { readonly tag: 'dispatch'; readonly val: Envelope }
  | { readonly tag: 'schedule'; readonly val: Deadline }
  /** The deadline with this id, if it is still to come. */
  | { readonly tag: 'cancel'; readonly val: string };

/** The process manager's five functions. */
export interface EventHandler<State, Event> {
  describe(): HandlerDescriptor;

  /** Which process the event belongs to; undefined: not concerned. */
  key(event: Event): string | undefined;

  initialState(): State;

  /**
   * Takes the state, gives one back: the caller must not use `state` again.
   * @throws FaultError where the event breaks an invariant of the state.
   */
  evolve(state: State, event: Event): State;

  /**
   * Called with the state after the event.
   * @throws FaultError where the handler cannot do its work.
   */
  handle(state: State, event: Event, context: EventContext): readonly Reaction[];
}
