/** Commits a page of events: all its results and the new checkpoints, in one transaction. */
import { encodeDeadline, encodeRecordedEvent, encodeStopReason } from '../../../core/processors/fields.ts';
import { subscriptionKey, valueOfFenced } from '../../../core/processors/listing.ts';
import {
  type DocumentChange,
  FencedError,
  type ParkedEvent,
  type ProcessorCommit,
  type SubscriptionId,
} from '../../../core/processors/processor-store.ts';
import { shareOf } from './processors-rows.ts';
import { type DocumentValues, type ProcessorStatements, PUT_AT_ONCE } from './processors-statements.ts';
import type { TableStatements } from './processors-tables.ts';

/**
 * Returns the id of a subscription. Looks it up each time, because another process may have dropped the subscription
 * and opened it again.
 */
export function idOf(statements: ProcessorStatements, { name, version }: SubscriptionId): number | undefined {
  return statements.subscription.get(name, version)?.[0];
}

/**
 * Writes the results of a page of events, and moves the checkpoints. It must be called in a transaction.
 * @throws FencedError, StatementFailed
 */
export function commitPage(statements: ProcessorStatements, tables: TableStatements, commit: ProcessorCommit): void {
  const ids = new Map<string, number>();
  // All checks come before the first change.
  const checked = commit.fences.map((fence) => {
    const name = subscriptionKey(fence.subscription);
    const id = ids.get(name) ?? idOf(statements, fence.subscription);
    if (id !== undefined) ids.set(name, id);
    const row = id === undefined ? undefined : statements.share.get(id, fence.share);
    const stored = row === undefined ? undefined : shareOf(fence.subscription, row);
    if (stored?.holder === undefined || stored.token !== fence.token || stored.checkpoint !== fence.before) {
      throw new FencedError(fence);
    }
    return { id: id!, fence };
  });
  for (const { id, fence } of checked) {
    if (fence.checkpoint === fence.before) continue;
    statements.moveCheckpoint.run(Number(fence.checkpoint), id, fence.share);
  }
  writeChanges(statements, tables, ids, commit);
}

/** Writes the results of events. @throws StatementFailed */
export function writeChanges(
  statements: ProcessorStatements,
  tables: TableStatements,
  ids: Ids,
  commit: Omit<ProcessorCommit, 'fences'>,
): void {
  writeDocuments(statements, ids, commit.documents ?? []);
  tables.write(commit.statements ?? []);
  for (const { subscription, key, position } of commit.unpark ?? []) {
    statements.unpark.run(valueOfFenced(ids, subscription), key, Number(position));
  }
  for (const event of commit.park ?? []) parkEvent(statements, ids, event);
  for (const deadline of commit.setDeadlines ?? []) {
    const { subscription, stream, id, share, dueAt, commandId } = deadline;
    const owner = valueOfFenced(ids, subscription);
    statements.setDeadline.run(owner, stream, id, share, Math.ceil(dueAt), commandId, encodeDeadline(deadline));
  }
  for (const { subscription, stream, id } of commit.removeDeadlines ?? []) {
    statements.removeDeadline.run(valueOfFenced(ids, subscription), stream, id);
  }
  for (const { subscription, stream } of commit.endProcesses ?? []) {
    statements.endProcess.run(valueOfFenced(ids, subscription), stream);
  }
}

/**
 * Writes documents in the order of their keys, so that neighbours in the table are written one after another. Changes
 * of one key keep their order.
 */
function writeDocuments(statements: ProcessorStatements, ids: Ids, documents: readonly DocumentChange[]): void {
  if (documents.length === 0) return;
  const puts: DocumentValues[number][] = [];
  const [{ subscription: known }] = documents as readonly [DocumentChange];
  const knownId = valueOfFenced(ids, known);
  const changes = documents.length === 1 ? documents : documents.toSorted(byKey);
  for (const { subscription, key, state, position } of changes) {
    const id = subscription === known ? knownId : valueOfFenced(ids, subscription);
    if (state === undefined) {
      putAll(statements, puts);
      statements.dropDocument.run(id, key);
      continue;
    }
    puts.push(id, key, state, Number(position));
    if (puts.length === PUT_AT_ONCE * COLUMNS) {
      statements.putDocuments.run(puts);
      puts.length = 0;
    }
  }
  putAll(statements, puts);
}

/** The number of values of a document. */
const COLUMNS = 4;

function putAll(statements: ProcessorStatements, puts: DocumentValues[number][]): void {
  for (let at = 0; at < puts.length; at += COLUMNS) {
    statements.putDocument.run(...(puts.slice(at, at + COLUMNS) as DocumentValues));
  }
  puts.length = 0;
}

function byKey(one: DocumentChange, other: DocumentChange): number {
  if (one.key === other.key) return 0;
  return one.key < other.key ? -1 : 1;
}

function parkEvent(statements: ProcessorStatements, ids: Ids, parked: ParkedEvent): void {
  const { subscription, key, share, event, reason, attempts, parkedAt, requested } = parked;
  statements.park.run(
    valueOfFenced(ids, subscription),
    key,
    Number(event.context.position),
    share,
    encodeRecordedEvent(event),
    reason === undefined ? null : encodeStopReason(reason),
    attempts,
    Math.floor(parkedAt),
    requested ?? null,
  );
}

/** The ids of the subscriptions that are fenced, by name and version. */
type Ids = ReadonlyMap<string, number>;
