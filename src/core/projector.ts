/** `projector` (wit/projector.wit): a read model. Each of its documents is folded from the events with its key. */
import type { EventContext, EventSource } from './messages.ts';

/** Describes a read model to its host: the events that it receives. */
export interface ProjectorDescriptor {
  readonly name: string;
  readonly version: string;
  /** The content type of payloads and of stored states. */
  readonly contentType: string;
  /** SHA-256 of the module's code, if the module provides it. */
  readonly digest?: Uint8Array | undefined;
  /** The events that the read model reads. */
  readonly events: readonly EventSource[];
}

/** The read model's four functions. */
export interface Projector<State, Event> {
  /** Describes the read model. */
  describe(): ProjectorDescriptor;

  /** Returns the key of the document that the event changes, or undefined if it changes no document. */
  key(event: Event): string | undefined;

  /** Returns the document before its first event. */
  initialState(): State;

  /**
   * Consumes the document and returns the next one, or undefined to drop the document.
   * @throws FaultError if the event breaks an invariant of the document.
   */
  project(state: State, event: Event, context: EventContext): State | undefined;
}
