/**
 * Appends a commit with the checks of docs/architecture.md, "One commit per decision": command id, precondition, chain,
 * events, decision. An append is synchronous.
 */

import type { Appended } from '../../../core/event-store.ts';
import type { Decision, Envelope, Precondition } from '../../../core/messages.ts';
import { conflict, duplicate, recordedTime, satisfies } from '../../../core/storage/arguments.ts';
import { CHAIN_START, type Commit, chainedContent, type RecordedCommit } from '../../../core/storage/chain.ts';
import { diverged, followsHead, isSameCommit } from '../../../core/storage/commit-transfer.ts';
import { sha256 } from '../../../core/storage/sha256.ts';
import { categoryOf } from '../../../core/stream-name.ts';
import { type Contents, commitOf, lastRevision, recordedDecision, type Stream } from './contents.ts';
import { findDecision } from './read.ts';

/** Appends a commit. The arguments have been checked. @throws AppendFailure `duplicate` or `conflict`. */
export function append(
  contents: Contents,
  name: string,
  events: readonly Envelope[],
  precondition: Precondition,
  decision: Decision,
  now: number,
): Appended {
  const known = contents.commands.find(decision.commandId);
  if (known >= 0) throw duplicate(recordedDecision(contents, known, commitOf(contents, known)));
  const existing = contents.byName.get(name);
  const before = lastRevision(existing);
  if (!satisfies(precondition, before)) throw conflict(name, precondition, before);

  const position = contents.events.length + 1;
  const firstRevision = events.length > 0 ? BigInt(existing?.events.length ?? 0) : undefined;
  const recordedAt = recordedTime(now);
  const stream = add(contents, existing, { stream: name, firstRevision, recordedAt, decision, events });
  return {
    firstRevision,
    firstPosition: events.length > 0 ? BigInt(position) : undefined,
    revision: events.length === 1 ? firstRevision : lastRevision(stream),
    recordedAt,
    hash: stream.hash,
  };
}

/**
 * Adds a commit of another store, unless this store has it already. Returns whether it was added.
 *
 * @throws StoreFailure with the code `diverged`.
 */
export function importCommit(contents: Contents, commit: RecordedCommit): boolean {
  const { stream, decision, firstRevision, recordedAt } = commit.decision;
  const known = findDecision(contents, decision.commandId);
  if (known !== undefined) {
    if (isSameCommit(known, commit)) return false;
    throw diverged(commit);
  }
  const existing = contents.byName.get(stream);
  const head = existing && { revision: lastRevision(existing), hash: existing.hash };
  if (!followsHead(head, commit)) throw diverged(commit);
  add(contents, existing, { stream, firstRevision, recordedAt, decision, events: commit.events });
  return true;
}

/** Adds a checked commit, and returns its stream. */
function add(contents: Contents, existing: Stream | undefined, commit: Commit): Stream {
  // The hashed bytes are kept instead of the caller's buffers, because codecs reuse those.
  const chained = chainedContent(existing?.hash ?? CHAIN_START, commit);
  const hash = sha256(chained);
  const address = contents.log.add(chained, hash);

  const stream = existing ?? added(contents, commit.stream, hash);
  const number = contents.addresses.push(address) - 1;
  contents.positions.push(contents.events.length + 1);
  contents.commands.add(commit.decision.commandId);
  for (let count = 0; count < commit.events.length; count++) {
    stream.events.push(number);
    contents.events.push(number);
  }
  stream.commits.push(number);
  stream.hash = hash;
  return stream;
}

function added(contents: Contents, name: string, hash: Uint8Array): Stream {
  const stream = { name, category: categoryOf(name), index: contents.streams.length, events: [], commits: [], hash };
  contents.streams.push(stream);
  contents.byName.set(name, stream);
  return stream;
}
