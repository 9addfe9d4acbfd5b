/** Applies the events of an append to the inline read models, in the same transaction. */
import type { ReadAllOptions } from '../../../core/event-store.ts';
import type { RecordedEvent } from '../../../core/messages.ts';
import { inlineFault, MAX_MISSED_EVENTS } from '../../../core/processors/inline-projection.ts';
import { subscriptionKey } from '../../../core/processors/listing.ts';
import type { InlineProjection } from '../../../core/processors/processor-store.ts';
import { lowestCheckpoint } from '../../../core/processors/share-progress.ts';
import { InlineRefusal } from './failures.ts';
import { writeChanges } from './processors-commit.ts';
import { documentOf, recordOf, shareOf } from './processors-rows.ts';
import type { ProcessorStatements } from './processors-statements.ts';
import type { TableStatements } from './processors-tables.ts';

/** Reads the events of the file in the current transaction. */
export interface EventReader {
  lastPosition(): bigint | undefined;
  readAll(options: ReadAllOptions): readonly RecordedEvent[];
}

/**
 * Thrown if processes that do not run the system have appended too many events. The append is rolled back, and these
 * events are applied first, step by step, so that no transaction locks the file for long.
 */
export class InlineBehind extends Error {}

/**
 * Applies all events after the checkpoints of the projection. It must be called in the transaction of an append.
 * @throws InlineRefusal, InlineBehind
 */
export function projectInline(
  statements: ProcessorStatements,
  tables: TableStatements,
  projection: InlineProjection,
  reader: EventReader,
): void {
  if (!projectPage(statements, tables, projection, reader)) throw new InlineBehind();
}

/**
 * Applies the next events after the checkpoints of the projection. It must be called in a transaction.
 * @returns true if no events are left.
 * @throws InlineRefusal
 */
export function projectPage(
  statements: ProcessorStatements,
  tables: TableStatements,
  projection: InlineProjection,
  reader: EventReader,
): boolean {
  const { subscription, events } = projection;
  const row = statements.subscription.get(subscription.name, subscription.version);
  if (row === undefined) return true; // The version was dropped, so it has no rows.
  const { definition } = recordOf(row);
  // Another process has rebuilt the read model with different code, and applies these events itself.
  if (!projection.isCurrent(definition)) return true;
  const [id] = row;
  const shares = statements.shares.all(id).map((row) => shareOf(subscription, row));
  const afterPosition = lowestCheckpoint(shares);
  const head = reader.lastPosition();
  if (head === undefined || (afterPosition !== undefined && afterPosition >= head)) return true;
  const missed = reader.readAll({
    direction: 'forward',
    afterPosition,
    limit: MAX_MISSED_EVENTS,
    categories: [],
    eventTypes: [],
    events,
  });
  const isLast = missed.length < MAX_MISSED_EVENTS;
  const position = isLast ? head : missed.at(-1)!.context.position;
  try {
    const changes = projection.changes(missed, {
      shares,
      documents: (keys) => statements.documents.all(id, JSON.stringify(keys)).map(documentOf),
      isParked: (key) => statements.parkedOf.get(id, key) !== undefined,
    });
    writeChanges(statements, tables, new Map([[subscriptionKey(subscription), id]]), changes);
  } catch (error) {
    throw new InlineRefusal(inlineFault(subscription, error));
  }
  for (const { share, checkpoint } of shares) {
    if (checkpoint === undefined || checkpoint < position) statements.moveCheckpoint.run(Number(position), id, share);
  }
  return isLast;
}
