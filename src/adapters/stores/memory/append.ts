/** The guarded append (DESIGN §3): command id, precondition, chain, events, decision. Nothing in it waits. */
import { CHAIN_START, commitHash } from '../../../core/chain.ts';
import type { Appended } from '../../../core/event-store.ts';
import type { Decision, Envelope, Precondition } from '../../../core/messages.ts';
import { recordedEvents } from '../../../core/recorded.ts';
import { conflict, duplicate, holds } from '../../../core/store-arguments.ts';
import { categoryOf } from '../../../core/stream-name.ts';
import { type Contents, lastRevision, type Stream } from './contents.ts';

/** @throws AppendFailure `duplicate` or `conflict`; the arguments have been checked. */
export function append(
  contents: Contents,
  name: string,
  given: readonly Envelope[],
  precondition: Precondition,
  from: Decision,
  recordedAt: bigint,
): Appended {
  const known = contents.byCommand.get(from.commandId);
  if (known !== undefined) throw duplicate(known.decision);
  const existing = contents.byName.get(name);
  const before = lastRevision(existing);
  if (!holds(precondition, before)) throw conflict(name, precondition, before);

  // The caller's buffers are the caller's, and codecs reuse theirs.
  const events = given.map(copied);
  const decision: Decision = { ...from, command: copied(from.command) };
  const some = events.length > 0;
  const firstRevision = some ? BigInt(existing?.events.length ?? 0) : undefined;
  const firstPosition = some ? BigInt(contents.events.length + 1) : undefined;
  const previous = existing?.commits.at(-1)?.decision.hash ?? CHAIN_START;
  const hash = commitHash(previous, { stream: name, firstRevision, recordedAt, decision, events });

  const stream = existing ?? added(contents, name);
  const revision = some ? BigInt(stream.events.length + events.length - 1) : before;
  const appended: Appended = { firstRevision, firstPosition, revision, recordedAt, hash };
  for (const event of recordedEvents(name, events, decision, appended)) {
    stream.events.push(event);
    contents.events.push(event);
  }
  const commit = {
    index: stream.commits.length,
    of: stream,
    decision: { stream: name, decision, firstRevision, eventCount: events.length, recordedAt, hash },
    events,
  };
  stream.commits.push(commit);
  contents.byCommand.set(decision.commandId, commit);
  return appended;
}

function added(contents: Contents, name: string): Stream {
  const stream = { name, category: categoryOf(name), index: contents.streams.length, events: [], commits: [] };
  contents.streams.push(stream);
  contents.byName.set(name, stream);
  return stream;
}

function copied({ type, schemaVersion, payload }: Envelope): Envelope {
  return { type, schemaVersion, payload: new Uint8Array(payload) };
}
