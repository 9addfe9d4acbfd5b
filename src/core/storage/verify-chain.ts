/** The check of the hash chain (docs/chain.md): every commit's hash is computed again from what the store gives back. */
import { CHAIN_START, commitHash, type RecordedCommit } from './chain.ts';

/** A stream and where its chain ends: whoever keeps such hashes elsewhere can tell later that nothing was taken away. */
export interface StreamHead {
  readonly stream: string;
  /** The last revision; undefined: the stream has no events, only decisions without any. */
  readonly revision: bigint | undefined;
  /** The hash of the last commit. */
  readonly hash: Uint8Array;
}

/** Which of a stream's commits to read. */
export interface ReadCommitsOptions {
  /** Read on behind the commit of this command id, exclusive; undefined: from the stream's first commit. */
  readonly after?: string | undefined;
  /** At most so many commits; undefined: 1,000. A shorter list than the limit ends the stream. */
  readonly limit?: number | undefined;
}

/** Which of the store's streams to read. */
export interface ReadStreamsOptions {
  /** Read on behind this stream, exclusive; undefined: from the first stream that was written. */
  readonly after?: string | undefined;
  /** At most so many streams; undefined: 1,000. A shorter list than the limit ends the store. */
  readonly limit?: number | undefined;
}

/** A store whose commits can be read as they were made. */
export interface CommitSource {
  /** The commits of a stream in order; none where nothing was ever decided on it. @throws StoreFailureError */
  readCommits(stream: string, options?: ReadCommitsOptions): Promise<readonly RecordedCommit[]>;
  /** The streams in the order of their first commits. @throws StoreFailureError */
  readStreams(options?: ReadStreamsOptions): Promise<readonly StreamHead[]>;
}

/** The first commit, in the order of the stream, at which a chain does not hold. */
export interface BrokenCommit {
  readonly stream: string;
  /** The commit's place in its stream, from 0. */
  readonly commit: number;
  readonly commandId: string;
  /** The revision of the commit's first event; undefined: it has none. */
  readonly firstRevision: bigint | undefined;
  /**
   * `hash`: the commit, or one before it, is not what was committed. `revision`: its events do not follow those before
   * it. `event-count`: it has fewer or more events than its decision record says.
   */
  readonly reason: 'hash' | 'revision' | 'event-count';
  /** What the hash should be, by what the store gave back. */
  readonly expected: Uint8Array;
  /** The hash that the store holds. */
  readonly actual: Uint8Array;
}

/** What {@link verifyChain} found: how much is intact, or the first commit that is not. */
export type ChainVerdict =
  | { readonly intact: true; readonly streams: number; readonly commits: number }
  | { readonly intact: false; readonly broken: BrokenCommit };

/**
 * Verifies the chain of one stream, or of every stream where none is named, page by page.
 *
 * A chain shows that what is there is what was committed; it cannot show that its end was cut off. Keep the hashes of
 * {@link CommitSource.readStreams} elsewhere, and look for them again.
 *
 * @throws StoreFailureError where the store cannot be read.
 */
export async function verifyChain(store: CommitSource, stream?: string): Promise<ChainVerdict> {
  let streams = 0;
  let commits = 0;
  for await (const name of stream === undefined ? streamNames(store) : [stream]) {
    const verdict = await verifyStream(store, name);
    if (typeof verdict !== 'number') return { intact: false, broken: verdict };
    streams++;
    commits += verdict;
  }
  return { intact: true, streams, commits };
}

async function* streamNames(store: CommitSource): AsyncGenerator<string> {
  const limit = 1_000;
  let after: string | undefined;
  for (;;) {
    const heads = await store.readStreams({ after, limit });
    for (const head of heads) yield head.stream;
    if (heads.length < limit) return;
    after = heads.at(-1)?.stream;
  }
}

/** The number of commits of an intact stream. */
async function verifyStream(store: CommitSource, stream: string): Promise<number | BrokenCommit> {
  const limit = 1_000;
  let after: string | undefined;
  let previous = CHAIN_START;
  let next = 0n;
  let count = 0;
  for (;;) {
    const page = await store.readCommits(stream, { after, limit });
    for (const { decision: recorded, events } of page) {
      const { decision, firstRevision, recordedAt, hash } = recorded;
      const expected = commitHash(previous, { stream, firstRevision, recordedAt, decision, events });
      const reason = !equal(expected, hash)
        ? 'hash'
        : recorded.eventCount !== events.length
          ? 'event-count'
          : firstRevision !== (events.length === 0 ? undefined : next)
            ? 'revision'
            : undefined;
      if (reason !== undefined) {
        const { commandId } = decision;
        return { stream, commit: count, commandId, firstRevision, reason, expected, actual: hash };
      }
      previous = hash;
      next += BigInt(events.length);
      count++;
    }
    if (page.length < limit) return count;
    after = page.at(-1)?.decision.decision.commandId;
  }
}

function equal(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}
