/** Replays one stream: folds its events, and decides its commands again. */
import type { BoundModule } from '../loop/bound-module.ts';
import { foldDecoded, foldRecorded } from '../loop/fold.ts';
import type { LiveState } from '../loop/live-state.ts';
import { initialState } from '../loop/loader.ts';
import type { RecordedCommit } from '../storage/chain.ts';
import { type DecidedAgain, decideAgain, eventsOf, isSameEnvelope, isSameOutcome } from './decide-again.ts';
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
   * difference. It returns a promise only if earlier commits have to be read again, because a promise for each commit
   * takes 0.4 µs.
   */
  add(
    commit: RecordedCommit,
    module: BoundModule | undefined,
  ): Difference | undefined | Promise<Difference | undefined> {
    const index = this.#commits++;
    const live = module && this.#states.get(module);
    try {
      if (live === undefined) {
        this.#fold(commit, undefined);
        return undefined;
      }
      const { seenRevision } = commit.decision.decision;
      if (seenRevision !== live.revision) return this.#addEarlier(live.module, commit, index);
      const again = decideAgain(live, commit.decision.decision);
      const difference = compare(again, commit, this.#stream, index);
      if (difference !== undefined) return difference;
      this.#fold(commit, live, again.events);
      return undefined;
    } catch (error) {
      return this.#failure(error, commit, index);
    }
  }

  /** Releases the states. */
  end(): void {
    for (const state of this.#states.values()) state.release();
  }

  /**
   * Decides on the state of the recorded decision. Under the preconditions `any` and `stream-exists`, events that were
   * not folded before the decision can precede its events.
   */
  async #addEarlier(module: BoundModule, commit: RecordedCommit, index: number): Promise<Difference | undefined> {
    const { decision } = commit.decision;
    try {
      const earlier = initialState(module, this.#stream);
      try {
        if (decision.seenRevision !== undefined) {
          for await (const each of this.#reread(decision.seenRevision)) foldRecorded(earlier, eventsOf(each));
        }
        const difference = compare(decideAgain(earlier, decision), commit, this.#stream, index);
        if (difference !== undefined) return difference;
      } finally {
        earlier.release();
      }
      this.#fold(commit, undefined);
      return undefined;
    } catch (error) {
      return this.#failure(error, commit, index);
    }
  }

  /**
   * Folds the commit's events into all states.
   *
   * Events that were decided again can be folded into the state that decided them. Their bytes are equal to the
   * recorded ones, so decoding the recorded bytes would return equal events. It would take a tenth of a
   * verification's time.
   */
  #fold(commit: RecordedCommit, decided: LiveState | undefined, events?: readonly unknown[]): void {
    const { firstRevision, decision } = commit.decision;
    if (firstRevision === undefined) return;
    const isDecoded = events !== undefined && decision.contentType === decided?.module.contentType;
    if (isDecoded) foldDecoded(decided!, events, commit.events, firstRevision);
    if (isDecoded && this.#states.size === 1) return;
    const recorded = eventsOf(commit);
    for (const state of this.#states.values()) if (!isDecoded || state !== decided) foldRecorded(state, recorded);
  }

  #failure(error: unknown, commit: RecordedCommit, index: number): Difference {
    return { reason: 'failure', place: placeOf(commit, this.#stream, index), error };
  }
}

function placeOf({ decision: { decision } }: RecordedCommit, stream: string, commit: number): DecisionPlace {
  const { commandId, command, contentType, module } = decision;
  return { stream, commit, commandId, command, contentType, module: module.name };
}

function compare(
  { decided, outcome }: DecidedAgain,
  commit: RecordedCommit,
  stream: string,
  index: number,
): Difference | undefined {
  const recorded = commit.decision.decision.outcome;
  if (!isSameOutcome(recorded, outcome)) {
    return { reason: 'outcome', place: placeOf(commit, stream, index), recorded, decided: outcome };
  }
  const { events } = commit;
  for (let event = 0; event < Math.max(events.length, decided.length); event++) {
    if (isSameEnvelope(events[event], decided[event])) continue;
    const place = placeOf(commit, stream, index);
    return { reason: 'event', place, event, recorded: events[event], decided: decided[event] };
  }
  return undefined;
}
