/** The guarded append (DESIGN §3): command id, precondition, chain, events, decision. Nothing in it waits. */
import { CHAIN_START, commitHash } from '../../../core/chain.ts';
import type { Appended } from '../../../core/event-store.ts';
import type { Decision, Envelope, Precondition } from '../../../core/messages.ts';
import { conflict, duplicate, holds, recordedTime } from '../../../core/store-arguments.ts';
import { categoryOf } from '../../../core/stream-name.ts';
import {
  type Bytes,
  type Contents,
  lastRevision,
  recordedDecision,
  type StoredCommit,
  type Stream,
} from './contents.ts';

/** @throws AppendFailure `duplicate` or `conflict`; the arguments have been checked. */
export function append(
  contents: Contents,
  name: string,
  given: readonly Envelope[],
  precondition: Precondition,
  decision: Decision,
  recordedAt: number,
): Appended {
  const known = contents.byCommand.get(decision.commandId);
  if (known !== undefined) throw duplicate(recordedDecision(known));
  const existing = contents.byName.get(name);
  const before = lastRevision(existing);
  if (!holds(precondition, before)) throw conflict(name, precondition, before);

  const revision = existing?.events.length ?? 0;
  const position = contents.events.length + 1;
  const firstRevision = given.length > 0 ? BigInt(revision) : undefined;
  const previous = existing?.commits.at(-1)?.hash ?? CHAIN_START;
  const time = recordedTime(recordedAt);
  const hash = commitHash(previous, { stream: name, firstRevision, recordedAt: time, decision, events: given });

  const of = existing ?? added(contents, name);
  const events: Envelope[] = [];
  for (const event of given) events.push(copied(event, contents.bytes));
  const command = copied(decision.command, contents.bytes);
  const index = of.commits.length;
  const commit: StoredCommit = { of, index, decision, command, events, revision, position, recordedAt, hash };
  for (let count = 0; count < events.length; count++) {
    of.events.push(commit);
    contents.events.push(commit);
  }
  of.commits.push(commit);
  contents.byCommand.set(decision.commandId, commit);
  const firstPosition = given.length > 0 ? BigInt(position) : undefined;
  return { firstRevision, firstPosition, revision: lastRevision(of), recordedAt: time, hash };
}

function added(contents: Contents, name: string): Stream {
  const stream = { name, category: categoryOf(name), index: contents.streams.length, events: [], commits: [] };
  contents.streams.push(stream);
  contents.byName.set(name, stream);
  return stream;
}

/** The caller's buffers are the caller's, and codecs reuse theirs. */
function copied({ type, schemaVersion, payload }: Envelope, bytes: Bytes): Envelope {
  return { type, schemaVersion, payload: bytes.copyOf(payload) };
}
