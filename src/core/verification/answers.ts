/** The answers of modules to a recorded command, and their comparison. */
import { type AnyModule, BoundModule } from '../loop/bound-module.ts';
import { foldRecorded } from '../loop/fold.ts';
import type { LiveState } from '../loop/live-state.ts';
import { initialState } from '../loop/loader.ts';
import type { Decision, Envelope, Outcome, RecordedEvent } from '../messages.ts';
import { decideAgain, isSameEnvelope, isSameOutcome } from './decide-again.ts';

/** The answer of one module to a command: its events or its rejection, or the failure of the module. */
export type Answer =
  | { readonly tag: 'decided'; readonly outcome: Outcome; readonly events: readonly Envelope[] }
  | { readonly tag: 'failed'; readonly error: unknown };

/** A state, or the failure of folding it. */
export class Folded {
  readonly #live: LiveState | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(module: BoundModule, stream: string) {
    try {
      this.#live = initialState(module, stream);
    } catch (error) {
      this.#failure = { error };
    }
  }

  fold(events: readonly RecordedEvent[]): void {
    if (this.#live === undefined || this.#failure !== undefined) return;
    try {
      foldRecorded(this.#live, events);
    } catch (error) {
      this.#failure = { error };
    }
  }

  /** The last revision that is folded, or `undefined` if there is none, or if the stream cannot be folded. */
  get revision(): bigint | undefined {
    return this.#live?.revision;
  }

  answer(decision: Decision): Answer {
    if (this.#live === undefined || this.#failure !== undefined) {
      return { tag: 'failed', error: this.#failure?.error };
    }
    try {
      const { decided, outcome } = decideAgain(this.#live, decision);
      return { tag: 'decided', outcome, events: decided };
    } catch (error) {
      return { tag: 'failed', error };
    }
  }

  end(): void {
    this.#live?.release();
  }
}

/**
 * Returns whether two answers are equal. Any two failures are equal, because their texts may differ between languages.
 */
export function isSameAnswer(one: Answer, other: Answer): boolean {
  if (one.tag === 'failed' || other.tag === 'failed') return one.tag === other.tag;
  return (
    isSameOutcome(one.outcome, other.outcome) &&
    one.events.length === other.events.length &&
    one.events.every((event, index) => isSameEnvelope(event, other.events[index]))
  );
}

/** Checks a module that is compared. @throws DefinitionError if it is not a command handler. */
export function compared(module: unknown, place: string): BoundModule {
  // A release can fail only after a trap, which is an answer of its own.
  return new BoundModule(module as AnyModule, place, () => {});
}
