/** `projector` (wit/projector.wit): a read model. Its documents are each folded from the events with their key. */
import type { EventContext, EventSource } from './messages.ts';

/** Describes a read model to its host: the events that it receives. */
export interface ProjectorDescriptor {
  readonly name: string;
  readonly version: string;
  readonly contentType: string;
  readonly digest?: Uint8Array | undefined;
  /** The events that it reads. */
  readonly events: readonly EventSource[];
}

/** The read model's four functions. */
export interface Projector<State, Event> {
  /** Describes the read model. */
  describe(): ProjectorDescriptor;

  /** The key of the document that the event changes; undefined if it changes no document. */
  key(event: Event): string | undefined;

  /** The document before its first event. */
  initialState(): State;

  /**
   * Consumes the document and returns the next one; undefined drops the document.
   * @throws FaultError if the event breaks an invariant of the document.
   */
  project(state: State, event: Event, context: EventContext): State | undefined;
}
