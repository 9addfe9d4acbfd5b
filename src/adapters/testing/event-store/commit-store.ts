/** The fixtures for tests of stores whose commits are read and imported. */
import type { EventStore } from '../../../core/event-store.ts';
import type { RecordedCommit } from '../../../core/storage/chain.ts';
import type { CommitImport, CommitLog } from '../../../core/storage/commit-transfer.ts';
import type { CommitSource } from '../../../core/storage/verify-chain.ts';
import { ANY, type ClosableStore, decision, rejected, some } from './fixtures.ts';

/** A store whose commits can be read, verified and imported. The suite closes each store that it opens. */
export interface ClosableCommitStore extends ClosableStore, CommitSource, CommitLog, CommitImport {}

/** Registers a test. Its body gets an empty store, and a function that opens more of them. */
export type CheckCommits = (
  name: string,
  body: (store: ClosableCommitStore, openOther: () => Promise<ClosableCommitStore>) => Promise<void>,
) => void;

/** Appends thirty commits to three streams, with events, rejections and decisions without events. Returns their ids. */
export async function fill(store: EventStore): Promise<string[]> {
  const ids: string[] = [];
  for (let commit = 0; commit < 30; commit++) {
    const given = commit % 5 === 4 ? rejected() : decision({ seenRevision: commit === 7 ? 1n : undefined });
    await store.append(`s-${commit % 3}`, commit % 5 === 4 ? [] : some(commit % 4), ANY, given);
    ids.push(given.commandId);
  }
  return ids;
}

/** Returns the ids of the commands, in the order of the commits. */
export const commandIds = (commits: readonly RecordedCommit[]): string[] =>
  commits.map(({ decision: { decision } }) => decision.commandId);
