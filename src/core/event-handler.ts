/**
 * `event-handler` (wit/event-handler.wit): a process manager. It receives an event and returns commands and deadlines.
 */
import type { Envelope, EventContext, EventSource, RejectedCommand } from './messages.ts';

/** Describes a process manager to its host: the events that it receives and the commands that it may send. */
export interface HandlerDescriptor {
  /** The name of the process manager, which is also the category of the streams of its processes. */
  readonly name: string;
  readonly version: string;
  /** The content type of payloads and of stored states. */
  readonly contentType: string;
  /** SHA-256 of the module's code, if the module provides it. */
  readonly digest?: Uint8Array | undefined;
  /** The events that the process manager reacts to. */
  readonly events: readonly EventSource[];
  /** The command types that the process manager dispatches or schedules. */
  readonly commands: readonly string[];
}

/** A command that is sent at a given time, unless it is cancelled first. */
export interface Deadline {
  /** The id of the deadline, which is unique in the process. Scheduling the same id again moves the deadline. */
  readonly id: string;
  /** Milliseconds since the Unix epoch. */
  readonly dueAt: bigint;
  /** The command to send. */
  readonly command: Envelope;
}

/** A reaction to an event. Commands are envelopes, because another module owns their types and streams. */
export type Reaction =
  /** Sends the command. */
  | { readonly tag: 'dispatch'; readonly val: Envelope }
  /** Sends the command of the deadline at its time, unless the deadline is cancelled first. */
  | { readonly tag: 'schedule'; readonly val: Deadline }
  /** Cancels the deadline with this id, if it is not due yet. */
  | { readonly tag: 'cancel'; readonly val: string }
  /** The process has ended. Its deadlines are cancelled, and later events of its key lead to no reactions. */
  | { readonly tag: 'end' };

/** The process manager's seven functions. */
export interface EventHandler<State, Event> {
  /** Describes the process manager. */
  describe(): HandlerDescriptor;

  /** Returns the key of the process that the event belongs to, or undefined if the event does not concern a process. */
  key(event: Event): string | undefined;

  /** Returns the state of a process before its first event. */
  initialState(): State;

  /**
   * Consumes the state and returns the next one. The caller must not use `state` again.
   * @throws FaultError if the event breaks an invariant of the state.
   */
  evolve(state: State, event: Event): State;

  /**
   * Returns the reactions to the event. The state has already folded the event.
   * @throws FaultError if the handler cannot do its work.
   */
  handle(state: State, event: Event, context: EventContext): readonly Reaction[];

  /**
   * Folds the rejection of a command of the process. Consumes the state and returns the next one.
   * @throws FaultError if the rejection breaks an invariant of the state.
   */
  evolveRejected(state: State, rejected: RejectedCommand): State;

  /**
   * Returns the reactions to the rejection, for example a compensating command. The state has already folded the
   * rejection.
   * @throws FaultError if the handler does not expect the rejection, so that nothing is skipped silently.
   */
  handleRejected(state: State, rejected: RejectedCommand): readonly Reaction[];
}
