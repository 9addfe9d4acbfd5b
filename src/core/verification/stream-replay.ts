/** Replays one stream. It folds the events, and decides the commands again. */
import type { BoundModule } from '../loop/bound-module.ts';
import { foldRecorded } from '../loop/fold.ts';
import type { LiveState } from '../loop/live-state.ts';
import { initialState } from '../loop/loader.ts';
import type { RecordedCommit } from '../storage/chain.ts';
import { decideAgain, eventsOf, isSameEnvelope, isSameOutcome } from './decide-again.ts';
import type { DecisionPlace, Difference } from './difference.ts';

export class StreamReplay {
  readonly #stream: string;
  /** The state of each module that may decide on the stream. */
  readonly #states: ReadonlyMap<BoundModule, LiveState>;
  readonly #reread: (until: bigint) => AsyncIterable<RecordedCommit>;
  #commits = 0;

  /**
   * Begins at the start of a stream.
   * @param reread reads the stream's commits again, up to the one with this revision.
   */
  constructor(
    stream: string,
    modules: readonly BoundModule[],
    reread: (until: bigint) => AsyncIterable<RecordedCommit>,
  ) {
    this.#stream = stream;
    this.#reread = reread;
    this.#states = new Map(modules.map((module) => [module, initialState(module, stream)]));
  }

  /**
   * Decides the commit's command again with the module, if there is one, and folds its events. Returns the first
   * difference.
   */
  async add(commit: RecordedCommit, module: BoundModule | undefined): Promise<Difference | undefined> {
    const place = placeOf(commit, this.#stream, this.#commits++);
    const live = module && this.#states.get(module);
    try {
      if (live !== undefined) {
        const difference = await this.#decideAgain(live, commit, place);
        if (difference !== undefined) return difference;
      }
      const events = eventsOf(commit);
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
    // Under the preconditions `any` and `stream-exists`, events that were not folded before the decision can precede
    // its events.
    const earlier = initialState(live.module, this.#stream);
    try {
      if (decision.seenRevision !== undefined) {
        for await (const each of this.#reread(decision.seenRevision)) foldRecorded(earlier, eventsOf(each));
      }
      return compare(earlier, commit, place);
    } finally {
      earlier.release();
    }
  }
}

function placeOf({ decision: { decision } }: RecordedCommit, stream: string, commit: number): DecisionPlace {
  const { commandId, command, contentType, module } = decision;
  return { stream, commit, commandId, command, contentType, module: module.name };
}

function compare(live: LiveState, commit: RecordedCommit, place: DecisionPlace): Difference | undefined {
  const { decision: recorded } = commit;
  const { decided, outcome } = decideAgain(live, recorded.decision);
  const expected = recorded.decision.outcome;
  if (!isSameOutcome(expected, outcome)) return { reason: 'outcome', place, recorded: expected, decided: outcome };
  const { events } = commit;
  for (let event = 0; event < Math.max(events.length, decided.length); event++) {
    if (isSameEnvelope(events[event], decided[event])) continue;
    return { reason: 'event', place, event, recorded: events[event], decided: decided[event] };
  }
  return undefined;
}
