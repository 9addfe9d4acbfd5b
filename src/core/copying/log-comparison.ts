/** Compares the commits of two stores in order. */
import { commitContent, type RecordedCommit } from '../storage/chain.ts';
import type { CommitLog } from '../storage/commit-transfer.ts';
import { equalBytes } from '../storage/equal-bytes.ts';
import { finish, putBytes, putOptionalU64, putText, start } from '../storage/field-writer.ts';
import { sha256 } from '../storage/sha256.ts';
import { Turns } from '../storage/turns.ts';
import type { CommitSource } from '../storage/verify-chain.ts';

/** A place in the order of commits. */
export interface LogPlace {
  /** The command of the last commit, or `undefined` at the beginning. */
  readonly after: string | undefined;
  /** The number of commits up to this place. */
  readonly commits: number;
  /** The number of events up to this place. */
  readonly events: number;
}

export const LOG_START: LogPlace = { after: undefined, commits: 0, events: 0 };

/** Returns the place after a page of commits. */
export function placeAfter(place: LogPlace, page: readonly RecordedCommit[]): LogPlace {
  return {
    after: page.at(-1)?.decision.decision.commandId ?? place.after,
    commits: place.commits + page.length,
    events: place.events + page.reduce((sum, { events }) => sum + events.length, 0),
  };
}

/** The first commit of the copy that differs from that of the source at the same place. */
export interface DifferentCommit {
  readonly stream: string;
  readonly commandId: string;
  /** True if both stores have the command, in the same stream and with the same hash. */
  readonly hasSameHash: boolean;
}

/** Returns the first commit of `copy` that differs from the one of `source` with the same index. */
export function differentCommit(
  source: readonly RecordedCommit[],
  copy: readonly RecordedCommit[],
): DifferentCommit | undefined {
  for (const [index, commit] of copy.entries()) {
    const original = source[index];
    if (original !== undefined && isSame(original, commit)) continue;
    const { stream, decision, hash } = commit.decision;
    const first = original?.decision;
    const hasSameHash =
      first !== undefined &&
      first.stream === stream &&
      first.decision.commandId === decision.commandId &&
      equalBytes(first.hash, hash);
    return { stream, commandId: decision.commandId, hasSameHash };
  }
  return undefined;
}

function isSame(one: RecordedCommit, other: RecordedCommit): boolean {
  return equalBytes(one.decision.hash, other.decision.hash) && equalBytes(contentOf(one), contentOf(other));
}

function contentOf({ decision: recorded, events }: RecordedCommit): Uint8Array {
  const { stream, decision, firstRevision, recordedAt } = recorded;
  return commitContent({ stream, decision, firstRevision, recordedAt, events });
}

/** The maximum number of commits of a page. */
const MAX_PAGE = 1_000;

/** The size of the first page, before the size of a commit is known. */
const FIRST_PAGE = 16;

/** The target size of a page in bytes, so that large commits do not need more memory than small ones. */
const PAGE_BYTES = 4 * 2 ** 20;

/** Reads a log in pages of a bounded size. */
export class LogReader {
  readonly #log: CommitLog;
  #limit = FIRST_PAGE;

  constructor(log: CommitLog) {
    this.#log = log;
  }

  /** Returns the commits after a place. The list is empty at the end of the log. */
  async next({ after }: LogPlace, limit: number = this.#limit): Promise<readonly RecordedCommit[]> {
    const page = await this.#log.readLog({ after, limit: Math.min(limit, this.#limit) });
    const bytes = page.reduce((sum, commit) => sum + bytesOf(commit), 0);
    if (page.length > 0) {
      this.#limit = Math.max(1, Math.min(MAX_PAGE, Math.floor((PAGE_BYTES * page.length) / bytes)));
    }
    return page;
  }
}

function bytesOf({ decision: { decision }, events }: RecordedCommit): number {
  return events.reduce((sum, { payload }) => sum + payload.length + 100, decision.command.payload.length + 300);
}

/** The ends of all chains of a store, in any order. */
export interface Heads {
  readonly streams: number;
  /**
   * The exclusive or of the SHA-256 of all heads. It does not depend on the order in which a store lists its streams.
   */
  readonly digest: Uint8Array;
}

export async function headsOf(store: CommitSource, signal: AbortSignal | undefined): Promise<Heads> {
  const digest = new Uint8Array(32);
  const turns = new Turns();
  let streams = 0;
  let after: string | undefined;
  for (;;) {
    const heads = await store.readStreams({ after, limit: MAX_PAGE });
    for (const { stream, revision, hash } of heads) {
      start();
      putText(stream);
      putOptionalU64(revision);
      putBytes(hash);
      const one = sha256(finish());
      for (let index = 0; index < digest.length; index++) digest[index]! ^= one[index]!;
    }
    streams += heads.length;
    if (heads.length < MAX_PAGE) return { streams, digest };
    after = heads.at(-1)?.stream;
    await turns.next();
    signal?.throwIfAborted();
  }
}

export function sameHeads(one: Heads, other: Heads): boolean {
  return one.streams === other.streams && equalBytes(one.digest, other.digest);
}
