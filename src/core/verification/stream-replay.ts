/** Replays one stream: folds its events, and decides its commands again. */
import { copyValue } from '../codec/copy.ts';
import { isRejection } from '../errors.ts';
import type { BoundModule } from '../loop/bound-module.ts';
import { moduleFailure } from '../loop/failures.ts';
import { foldRecorded } from '../loop/fold.ts';
import { LiveState } from '../loop/live-state.ts';
import type { Envelope, Outcome, RecordedDecision, RecordedEvent, Rejection } from '../messages.ts';
import type { RecordedCommit } from '../storage/chain.ts';
import { equalBytes } from '../storage/equal-bytes.ts';
import { recordedEvents } from '../storage/recorded-events.ts';
import type { DecisionPlace, Difference } from './difference.ts';

/** Events have positions only in a store, and modules do not see them in a fold. */
const NO_POSITION = 0n;

export class StreamReplay {
  readonly #stream: string;
  /** The state of each module that may decide on the stream. */
  readonly #states: ReadonlyMap<string, LiveState>;
  readonly #reread: (until: bigint) => AsyncIterable<RecordedCommit>;
  #commits = 0;

  /** @param reread reads the stream's commits up to the one with this revision once more. */
  constructor(
    stream: string,
    modules: readonly BoundModule[],
    reread: (until: bigint) => AsyncIterable<RecordedCommit>,
  ) {
    this.#stream = stream;
    this.#reread = reread;
    this.#states = new Map(modules.map((module) => [module.name, initialState(module, stream)]));
  }

  /**
   * Decides the commit's command again if `decides`, and folds its events. Returns the first difference.
   */
  async add(commit: RecordedCommit, decides: boolean): Promise<Difference | undefined> {
    const place = placeOf(commit, this.#stream, this.#commits++);
    const live = this.#states.get(place.module);
    try {
      if (decides && live !== undefined) {
        const difference = await this.#decideAgain(live, commit, place);
        if (difference !== undefined) return difference;
      }
      const events = eventsOf(this.#stream, commit);
      if (events.length > 0) for (const state of this.#states.values()) foldRecorded(state, events);
    } catch (error) {
      return { reason: 'failure', place, error };
    }
    return undefined;
  }

  /** Releases the states. */
  end(): void {
    for (const state of this.#states.values()) state.release();
  }

  async #decideAgain(live: LiveState, commit: RecordedCommit, place: DecisionPlace): Promise<Difference | undefined> {
    const { decision } = commit.decision;
    if (decision.seenRevision === live.revision) return compare(live, commit, place);
    // Under the preconditions `any` and `stream-exists`, events that the decision did not see can precede its own.
    const earlier = initialState(live.module, this.#stream);
    try {
      if (decision.seenRevision !== undefined) {
        for await (const each of this.#reread(decision.seenRevision))
          foldRecorded(earlier, eventsOf(this.#stream, each));
      }
      return compare(earlier, commit, place);
    } finally {
      earlier.release();
    }
  }
}

function initialState(module: BoundModule, stream: string): LiveState {
  try {
    return new LiveState(module, stream, module.decider.initialState(), undefined);
  } catch (error) {
    throw moduleFailure(error, `module ${module.name} making its initial state`, [['module', module.name]]);
  }
}

function placeOf({ decision: { decision } }: RecordedCommit, stream: string, commit: number): DecisionPlace {
  const { commandId, command, contentType, module } = decision;
  return { stream, commit, commandId, command, contentType, module: module.name };
}

function eventsOf(stream: string, { decision, events }: RecordedCommit): readonly RecordedEvent[] {
  const { firstRevision, recordedAt, hash } = decision;
  const firstPosition = firstRevision === undefined ? undefined : NO_POSITION;
  return recordedEvents(stream, events, decision.decision, { firstRevision, firstPosition, recordedAt, hash });
}

function compare(live: LiveState, commit: RecordedCommit, place: DecisionPlace): Difference | undefined {
  const { decision: recorded } = commit;
  const { decided, outcome } = decideAgain(live, recorded);
  const expected = recorded.decision.outcome;
  if (!isSameOutcome(expected, outcome)) return { reason: 'outcome', place, recorded: expected, decided: outcome };
  const { events } = commit;
  for (let event = 0; event < Math.max(events.length, decided.length); event++) {
    if (isSameEnvelope(events[event], decided[event])) continue;
    return { reason: 'event', place, event, recorded: events[event], decided: decided[event] };
  }
  return undefined;
}

/** Decides a recorded command on the state, which does not change. The module's failures are thrown. */
function decideAgain(
  { module, handle }: LiveState,
  { decision }: RecordedDecision,
): { readonly decided: readonly Envelope[]; readonly outcome: Outcome } {
  const { types } = module;
  const command = types.command.fromEnvelope(decision.command);
  let events: readonly unknown[] = [];
  try {
    events = module.decide(decision.commandId, handle, command);
    return { decided: events.map((event) => types.event.toEnvelope(event)), outcome: { tag: 'accepted' } };
  } catch (error) {
    if (!isRejection(error)) throw error;
    return { decided: [], outcome: { tag: 'rejected', val: copyValue(error.payload) as Rejection } };
  } finally {
    for (const event of events) module.releaseEvent(event);
    module.releaseCommand(command);
  }
}

function isSameEnvelope(one: Envelope | undefined, other: Envelope | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return one.type === other.type && one.schemaVersion === other.schemaVersion && equalBytes(one.payload, other.payload);
}

function isSameOutcome(one: Outcome, other: Outcome): boolean {
  if (one.tag === 'accepted' || other.tag === 'accepted') return one.tag === other.tag;
  const { code, message, details } = one.val;
  return (
    code === other.val.code &&
    message === other.val.message &&
    JSON.stringify(details) === JSON.stringify(other.val.details)
  );
}
