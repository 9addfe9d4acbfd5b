/** The check of the hash chain (docs/chain.md). It computes the hash of every commit that a store returns again. */
import { CHAIN_START, commitHash, type RecordedCommit } from './chain.ts';

/** A stream and the end of its chain. If the hash is kept elsewhere, a later removal of commits can be detected. */
export interface StreamHead {
  readonly stream: string;
  /** The last revision; `undefined` if the stream has only decisions without events. */
  readonly revision: bigint | undefined;
  /** The hash of the last commit. */
  readonly hash: Uint8Array;
}

/** Selects the commits of a stream to read. */
export interface ReadCommitsOptions {
  /** Continues after the commit of this command id, exclusive. By default, reads from the stream's first commit. */
  readonly after?: string | undefined;
  /**
   * The most commits to read. A list that is shorter than the limit ends the stream.
   * @default 1000
   */
  readonly limit?: number | undefined;
}

/** Selects the streams of a store to read. */
export interface ReadStreamsOptions {
  /** Continues after this stream, exclusive. By default, reads from the first stream that was written. */
  readonly after?: string | undefined;
  /**
   * The most streams to read. A list that is shorter than the limit ends the store.
   * @default 1000
   */
  readonly limit?: number | undefined;
}

/** A store whose commits can be read. */
export interface CommitSource {
  /**
   * Returns the commits of a stream in order. The list is empty if no decision was ever made on the stream.
   * @throws StoreFailureError
   */
  readCommits(stream: string, options?: ReadCommitsOptions): Promise<readonly RecordedCommit[]>;
  /**
   * Returns the streams in the order of their first commits.
   * @throws StoreFailureError
   */
  readStreams(options?: ReadStreamsOptions): Promise<readonly StreamHead[]>;
}

/** The first commit of a stream at which its chain is broken. */
export interface BrokenCommit {
  readonly stream: string;
  /** The commit's place in its stream, from 0. */
  readonly commit: number;
  readonly commandId: string;
  /** The revision of the commit's first event; `undefined` if it has no events. */
  readonly firstRevision: bigint | undefined;
  /**
   * - `hash`: the commit, or one before it, differs from the commit that was made.
   * - `revision`: the commit's events do not follow the events before it.
   * - `event-count`: the number of events differs from the number in the decision record.
   */
  readonly reason: 'hash' | 'revision' | 'event-count';
  /** The hash that was computed from the commits that the store returned. */
  readonly expected: Uint8Array;
  /** The hash that the store holds. */
  readonly actual: Uint8Array;
}

/** The result of {@link verifyChain}: the numbers of intact streams and commits, or the first broken commit. */
export type ChainVerdict =
  | { readonly intact: true; readonly streams: number; readonly commits: number }
  | { readonly intact: false; readonly broken: BrokenCommit };

/**
 * Verifies the chain of one stream page by page. If no stream is named, it verifies the chains of all streams.
 *
 * A chain shows that the existing commits are the commits that were made. It cannot show that commits at its end were
 * removed. To detect that, keep the hashes of {@link CommitSource.readStreams} elsewhere, and look for them again.
 *
 * @throws StoreFailureError if the store cannot be read.
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

/** Returns the number of commits of an intact stream, or its first broken commit. */
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
