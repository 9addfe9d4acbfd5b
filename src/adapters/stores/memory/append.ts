/**
 * The append with its checks (docs/architecture.md, "One commit per decision"): command id, precondition, chain,
 * events, decision. It is synchronous.
 */

import type { Appended } from '../../../core/event-store.ts';
import type { Decision, Envelope, Precondition } from '../../../core/messages.ts';
import { conflict, duplicate, recordedTime, satisfies } from '../../../core/storage/arguments.ts';
import { CHAIN_START, chainedContent } from '../../../core/storage/chain.ts';
import { sha256 } from '../../../core/storage/sha256.ts';
import { categoryOf } from '../../../core/stream-name.ts';
import { type Contents, commitOf, lastRevision, recordedDecision, type Stream } from './contents.ts';

/** @throws AppendFailure `duplicate` or `conflict`; the arguments have been checked. */
export function append(
  contents: Contents,
  name: string,
  events: readonly Envelope[],
  precondition: Precondition,
  decision: Decision,
  now: number,
): Appended {
  const { commands, log } = contents;
  const { commandId } = decision;
  const known = commands.find(commandId);
  if (known >= 0) throw duplicate(recordedDecision(contents, known, commitOf(contents, known)));
  const existing = contents.byName.get(name);
  const before = lastRevision(existing);
  if (!satisfies(precondition, before)) throw conflict(name, precondition, before);

  const revision = existing?.events.length ?? 0;
  const position = contents.events.length + 1;
  const firstRevision = events.length > 0 ? BigInt(revision) : undefined;
  const recordedAt = recordedTime(now);
  // The hashed bytes are kept, not the caller's buffers, because codecs reuse those.
  const chained = chainedContent(existing?.hash ?? CHAIN_START, {
    stream: name,
    firstRevision,
    recordedAt,
    decision,
    events,
  });
  const hash = sha256(chained);
  const address = log.add(chained, hash);

  const stream = existing ?? added(contents, name, hash);
  const number = contents.addresses.push(address) - 1;
  contents.positions.push(position);
  commands.add(commandId);
  for (let count = 0; count < events.length; count++) {
    stream.events.push(number);
    contents.events.push(number);
  }
  stream.commits.push(number);
  stream.hash = hash;
  return {
    firstRevision,
    firstPosition: events.length > 0 ? BigInt(position) : undefined,
    revision: events.length === 1 ? firstRevision : lastRevision(stream),
    recordedAt,
    hash,
  };
}

function added(contents: Contents, name: string, hash: Uint8Array): Stream {
  const stream = { name, category: categoryOf(name), index: contents.streams.length, events: [], commits: [], hash };
  contents.streams.push(stream);
  contents.byName.set(name, stream);
  return stream;
}
