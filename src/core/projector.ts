/** `projector` (wit/projector.wit): a read model, documents that are each folded from the events that share its key. */
import type { EventContext } from './messages.ts';

/** What a host must know of a read model: which events to give it. */
export interface ProjectorDescriptor {
  readonly name: string;
  readonly version: string;
  readonly contentType: string;
  readonly digest: Uint8Array | undefined;
  /** The event types that it reads. */
  readonly events: readonly string[];
}

/** The read model's four functions. */
export interface Projector<State, Event> {
  describe(): ProjectorDescriptor;

  /** Which document the event changes; undefined: not concerned. */
  key(event: Event): string | undefined;

  /** The document before its first event. */
  initialState(): State;

  /**
   * Takes the document, gives one back; undefined drops the document.
   * @throws FaultError where the event breaks an invariant of the document.
   */
  project(state: State, event: Event, context: EventContext): State | undefined;
}
