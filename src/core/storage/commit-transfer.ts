/**
 * Copies commits between stores. One store returns its commits in the order in which they were made. Another store adds
 * them unchanged, with their revisions, times, decision records and hashes. Only positions are new, in the same order.
 *
 * A commit that does not follow the end of its stream's chain is refused. So a copy that was interrupted can be
 * repeated, and the receiving store detects a commit that was changed, omitted or reordered.
 */
import { StoreFailure } from '../errors.ts';
import type { Direction } from '../event-store.ts';
import type { RecordedDecision } from '../messages.ts';
import { CHAIN_START, commitHash, type RecordedCommit } from './chain.ts';
import { equalBytes } from './equal-bytes.ts';
import type { StreamHead } from './verify-chain.ts';

/** The part of a store's commits to read. */
export interface ReadLogOptions {
  /**
   * The order of the commits. With `'forward'`, the oldest one is first.
   * @default 'forward'
   */
  readonly direction?: Direction | undefined;
  /**
   * Continues after the commit of this command id, exclusive. Returns nothing if the store does not have that commit.
   * Without this option, reading begins with the first commit, or with the last commit if read backward.
   */
  readonly after?: string | undefined;
  /**
   * The maximum number of commits to return. A shorter list than the limit means that the end was reached.
   * @default 1_000
   */
  readonly limit?: number | undefined;
}

/** A store that returns the commits of all streams in one order. */
export interface CommitLog {
  /**
   * Returns commits of all streams, also those without events, in an order that never changes. The commits of a stream
   * are in its order, and events are in the order of their positions. A commit that is made later comes after every
   * commit that was returned.
   *
   * @throws StoreFailure if the store cannot be read.
   */
  readLog(options?: ReadLogOptions): Promise<readonly RecordedCommit[]>;
}

/** A store that adds the commits of another store. */
export interface CommitImport {
  /**
   * Adds commits of another store unchanged, one after another. Revisions, times, decisions and hashes are kept. Events
   * get new positions in the order of the list. A commit that the store has already, in the same stream and with the
   * same hash, is skipped. If a commit is refused, commits before it in the list may have been added.
   *
   * Inline read models process the events with the next append, or by their processor.
   *
   * @throws StoreFailure `failure` with the code `diverged` if a commit does not follow the last commit of its stream,
   *   or if the store has another commit with its command id; `invalid-argument` if an item is not a commit.
   */
  importCommits(commits: readonly RecordedCommit[]): Promise<void>;
}

/**
 * Returns whether a commit is the next one of its stream. Its hash and its revision must follow from the end of the
 * stream. A store checks it before it adds the commit.
 *
 * @param head the end of the stream, or `undefined` if the store has no commit of the stream.
 */
export function followsHead(head: Pick<StreamHead, 'revision' | 'hash'> | undefined, commit: RecordedCommit): boolean {
  const { decision: recorded, events } = commit;
  const { stream, decision, firstRevision, recordedAt, hash } = recorded;
  const next = head?.revision === undefined ? 0n : head.revision + 1n;
  if (firstRevision !== undefined && firstRevision !== next) return false;
  return equalBytes(
    commitHash(head?.hash ?? CHAIN_START, { stream, firstRevision, recordedAt, decision, events }),
    hash,
  );
}

/** Returns whether a stored decision is the decision of the commit. */
export function isSameCommit(stored: RecordedDecision, { decision }: RecordedCommit): boolean {
  return stored.stream === decision.stream && equalBytes(stored.hash, decision.hash);
}

/** Returns the error that `importCommits` throws for a commit that it cannot add. */
export function diverged({ decision: { stream, decision } }: RecordedCommit): StoreFailure {
  const message =
    `the commit of command ${decision.commandId} does not follow the last commit of stream ${JSON.stringify(stream)}: ` +
    'this store has other commits, a commit before this one was left out, or this one was changed; ' +
    'verify both stores, and copy into an empty store';
  return new StoreFailure({ tag: 'failure', val: { code: 'diverged', message } }, message);
}
