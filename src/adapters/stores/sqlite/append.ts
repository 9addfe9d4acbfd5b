/**
 * Appends a commit with the checks of docs/architecture.md, "One commit per decision": command id, precondition, chain,
 * events, decision. An append runs inside a transaction.
 */

import type { Appended } from '../../../core/event-store.ts';
import type { Decision, Envelope, Precondition } from '../../../core/messages.ts';
import { conflict, duplicate, recordedTime, satisfies } from '../../../core/storage/arguments.ts';
import { type Commit, commitHash, HASH_BYTES, type RecordedCommit } from '../../../core/storage/chain.ts';
import { diverged, followsHead, isSameCommit } from '../../../core/storage/commit-transfer.ts';
import { categoryOf } from '../../../core/stream-name.ts';
import { uuidBytes } from './columns.ts';
import { damage } from './failures.ts';
import { commandTypeRow, type Head } from './id-cache.ts';
import { type Connection, findDecision } from './read.ts';

/**
 * A reused buffer for binding, because the driver copies the bytes. A small typed array is in V8's heap, and V8 moves
 * it out when the driver requests its address, which costs half a microsecond for every command.
 */
const COMMAND_ID = new Uint8Array(16);
const HASH = new Uint8Array(HASH_BYTES);

/**
 * Appends one commit. The arguments have been checked. All other checks are made before a row is changed, because
 * `writer.ts` relies on this order.
 *
 * @throws AppendFailure `duplicate` or `conflict`.
 */
export function append(
  connection: Connection,
  stream: string,
  events: readonly Envelope[],
  precondition: Precondition,
  decision: Decision,
  recordedAt: number,
): Appended {
  const head = connection.cache.head(stream);
  const before = head.revision < 0 ? undefined : BigInt(head.revision);
  if (!satisfies(precondition, before)) {
    refuseDuplicate(connection, decision);
    throw conflict(stream, precondition, before);
  }
  const time = recordedTime(recordedAt);
  const firstRevision = events.length > 0 ? BigInt(head.revision + 1) : undefined;
  const commit = { stream, firstRevision, recordedAt: time, decision, events };
  const hash = commitHash(head.hash, commit);
  const firstPosition = add(connection, head, commit, hash);
  const last = head.revision + events.length;
  return { firstRevision, firstPosition, revision: last < 0 ? undefined : BigInt(last), recordedAt: time, hash };
}

/**
 * Adds a commit of another store, unless this store has it already. Returns whether it was added. All checks are made
 * before a row is changed.
 *
 * @throws StoreFailure with the code `diverged`.
 */
export function importCommit(connection: Connection, commit: RecordedCommit): boolean {
  const { stream, decision, firstRevision, recordedAt, hash } = commit.decision;
  const known = findDecision(connection, decision.commandId);
  if (known !== undefined) {
    if (isSameCommit(known, commit)) return false;
    throw diverged(commit);
  }
  const head = connection.cache.head(stream);
  const revision = head.revision < 0 ? undefined : BigInt(head.revision);
  if (!followsHead({ revision, hash: head.hash }, commit)) throw diverged(commit);
  add(connection, head, { stream, firstRevision, recordedAt, decision, events: commit.events }, hash);
  return true;
}

/**
 * Adds a commit after its stream's head. Returns the position of its first event.
 *
 * @throws AppendFailure `duplicate`.
 */
function add(connection: Connection, head: Head, commit: Commit, hash: Uint8Array): bigint | undefined {
  const { cache, statements } = connection;
  const { stream, decision, events, recordedAt } = commit;
  const ids =
    knownIds(connection, stream, events, decision, head) ?? addedIds(connection, stream, events, decision, head);
  const count = events.length;
  const decisionId = cache.nextDecisionId();
  const last = head.revision + count;
  const { outcome } = decision;
  HASH.set(hash);
  const added = statements.addDecision.run(
    decisionId,
    uuidBytes(decision.commandId, COMMAND_ID),
    ids.stream,
    ids.commandType,
    decision.command.payload,
    decision.seenRevision === undefined ? null : Number(decision.seenRevision),
    count,
    last < 0 ? null : last,
    outcome.tag === 'accepted' ? null : JSON.stringify(outcome.val),
    decision.causationId ?? null,
    decision.correlationId === decision.commandId ? null : decision.correlationId,
    decision.actor ?? null,
    decision.keyId ?? null,
    Number(recordedAt),
    HASH,
  );
  if (added.changes === 0) {
    cache.returnDecisionId();
    refuseDuplicate(connection, decision);
    throw damage(`the decision of ${decision.commandId}, which is in the index of command ids, is missing`);
  }

  let firstPosition: bigint | undefined;
  for (let index = 0; index < count; index++) {
    const position = cache.nextPosition();
    if (index === 0) firstPosition = BigInt(position);
    statements.addEvent.run(
      position,
      ids.stream,
      head.revision + 1 + index,
      decisionId,
      ids.eventTypes[index]!,
      events[index]!.payload,
    );
  }
  cache.moved(stream, { streamId: ids.stream, revision: last, hash, eventTypes: head.eventTypes });
  return firstPosition;
}

interface Ids {
  readonly stream: number;
  readonly commandType: number;
  readonly eventTypes: readonly number[];
}

/** Returns the ids of the names, or `undefined` if the file does not have one of them yet. */
function knownIds(
  { cache }: Connection,
  stream: string,
  events: readonly Envelope[],
  decision: Decision,
  head: Head,
): Ids | undefined {
  if (head.streamId === undefined) return undefined;
  const commandType = cache.commandTypeId(decision);
  if (commandType === undefined) return undefined;
  const eventTypes: number[] = [];
  for (const { type, schemaVersion } of events) {
    const id = cache.eventTypeId(head, stream, type, schemaVersion);
    if (id === undefined) return undefined;
    eventTypes.push(id);
  }
  return { stream: head.streamId, commandType, eventTypes };
}

/** Adds the names that the file does not have yet, and returns all ids. */
function addedIds(
  connection: Connection,
  stream: string,
  events: readonly Envelope[],
  decision: Decision,
  head: Head,
): Ids {
  refuseDuplicate(connection, decision);
  const { cache, statements } = connection;
  const category = categoryOf(stream);
  return {
    stream: head.streamId ?? Number(statements.addStream.run(stream).lastInsertRowid),
    commandType:
      cache.commandTypeId(decision) ??
      Number(statements.addCommandType.run(...commandTypeRow(decision)).lastInsertRowid),
    eventTypes: events.map(
      ({ type, schemaVersion }) =>
        cache.eventTypeId(head, stream, type, schemaVersion) ??
        Number(statements.addEventType.run(category, type, schemaVersion).lastInsertRowid),
    ),
  };
}

function refuseDuplicate(connection: Connection, { commandId }: Decision): void {
  const first = findDecision(connection, commandId);
  if (first !== undefined) throw duplicate(first);
}
