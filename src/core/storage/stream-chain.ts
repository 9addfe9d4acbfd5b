/** The chain of one stream, checked commit by commit (docs/chain.md). */
import { CHAIN_START, commitHash, isCommitHash, type RecordedCommit } from './chain.ts';
import { equalBytes } from './equal-bytes.ts';

/** A stream and the end of its chain. Keep heads elsewhere to detect later that commits were removed from the end. */
export interface StreamHead {
  readonly stream: string;
  /** The last revision, or `undefined` if the stream has only decisions without events. */
  readonly revision: bigint | undefined;
  /** The hash of the last commit. */
  readonly hash: Uint8Array;
}

/** The first commit of a stream at which its chain is broken. */
export interface BrokenCommit {
  readonly stream: string;
  /** The commit's index in its stream, from 0. */
  readonly commit: number;
  /** The id of the command whose decision the commit has. */
  readonly commandId: string;
  /** The revision of the commit's first event, or `undefined` if it has no events. */
  readonly firstRevision: bigint | undefined;
  /**
   * `hash`: the commit or an earlier one was changed. `revision`: the revisions of its events are not consecutive.
   * `event-count`: the number of events differs from the decision record.
   */
  readonly reason: 'hash' | 'revision' | 'event-count';
  /** The hash that was computed from the stored commit. */
  readonly expected: Uint8Array;
  /** The hash that is stored. */
  readonly actual: Uint8Array;
}

/** Checks the commits of a stream from its first one. */
export class StreamChain {
  readonly #stream: string;
  #hash: Uint8Array = CHAIN_START;
  #next = 0n;
  #commits = 0;

  constructor(stream: string) {
    this.#stream = stream;
  }

  /** Adds the next commit. Returns the damage if the commit does not follow the previous one. */
  add({ decision: recorded, events }: RecordedCommit): BrokenCommit | undefined {
    const { decision, firstRevision, recordedAt, hash } = recorded;
    const stream = this.#stream;
    const commit = { stream, firstRevision, recordedAt, decision, events };
    const reason = !isCommitHash(hash, this.#hash, commit)
      ? 'hash'
      : recorded.eventCount !== events.length
        ? 'event-count'
        : firstRevision !== (events.length === 0 ? undefined : this.#next)
          ? 'revision'
          : undefined;
    if (reason !== undefined) {
      const { commandId } = decision;
      const expected = commitHash(this.#hash, commit);
      return { stream, commit: this.#commits, commandId, firstRevision, reason, expected, actual: hash };
    }
    this.#hash = hash;
    if (events.length > 0) this.#next += events.length === 1 ? 1n : BigInt(events.length);
    this.#commits++;
    return undefined;
  }

  /** Returns whether the last commit is this head. */
  endsWith({ revision, hash }: Pick<StreamHead, 'revision' | 'hash'>): boolean {
    return equalBytes(hash, this.#hash) && revision === (this.#next === 0n ? undefined : this.#next - 1n);
  }
}
