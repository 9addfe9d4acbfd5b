/** The extent of a verification: the numbers of streams, commits, events and decisions that are verified. */
import type { ModuleIdentity } from '../messages.ts';
import type { RecordedCommit } from '../storage/chain.ts';

/** The extent of a verification. It counts whole streams only, so that a later run can continue after `last`. */
export interface VerificationProgress {
  /** The number of streams that are verified completely. */
  readonly streams: number;
  /** The number of commits whose hashes are verified. */
  readonly commits: number;
  /** The number of events of these commits. */
  readonly events: number;
  /** The number of commits whose commands were decided again. */
  readonly decisions: number;
  /** The decisions of other modules or versions. Only their chains are verified. */
  readonly unverified: readonly UnverifiedDecisions[];
  /**
   * The last stream that is verified. Pass it as `after` to continue. It is `undefined` if no stream is verified yet.
   */
  readonly last: string | undefined;
}

/** Decisions that could not be made again, because the system does not have this version of their module. */
export interface UnverifiedDecisions {
  /** The module that made the decisions. */
  readonly module: Pick<ModuleIdentity, 'name' | 'version'>;
  /** The number of its decisions. */
  readonly decisions: number;
}

/** The extent of a verification that has verified nothing. */
export const NOTHING: VerificationProgress = {
  streams: 0,
  commits: 0,
  events: 0,
  decisions: 0,
  unverified: [],
  last: undefined,
};

/** Adds two extents. The streams of `other` follow those of `one`. */
export function sumOf(one: VerificationProgress, other: VerificationProgress): VerificationProgress {
  return {
    streams: one.streams + other.streams,
    commits: one.commits + other.commits,
    events: one.events + other.events,
    decisions: one.decisions + other.decisions,
    unverified: addedByModule(one.unverified, other.unverified),
    last: other.last ?? one.last,
  };
}

/** Adds numbers of decisions module by module. */
function addedByModule(
  one: readonly UnverifiedDecisions[],
  other: readonly UnverifiedDecisions[],
): readonly UnverifiedDecisions[] {
  if (other.length === 0) return one;
  const sum = new Map<string, UnverifiedDecisions>();
  for (const each of [...one, ...other]) addUnverified(sum, each);
  return [...sum.values()];
}

function addUnverified(sum: Map<string, UnverifiedDecisions>, { module, decisions }: UnverifiedDecisions): void {
  const { name, version } = module;
  const key = JSON.stringify([name, version]);
  sum.set(key, { module: { name, version }, decisions: decisions + (sum.get(key)?.decisions ?? 0) });
}

/** The counts of one stream. */
export class StreamCounts {
  #commits = 0;
  #events = 0;
  #decisions = 0;
  readonly #unverified = new Map<string, UnverifiedDecisions>();

  add({ decision: { decision }, events }: RecordedCommit, isDecided: boolean): void {
    this.#commits++;
    this.#events += events.length;
    if (isDecided) this.#decisions++;
    else addUnverified(this.#unverified, { module: decision.module, decisions: 1 });
  }

  /** Returns the extent of the stream, when all of its commits are added. */
  extent(stream: string): VerificationProgress {
    return {
      streams: 1,
      commits: this.#commits,
      events: this.#events,
      decisions: this.#decisions,
      unverified: [...this.#unverified.values()],
      last: stream,
    };
  }
}
