/**
 * Inline read models. Their changes are written in the transaction of the append, so that a read after a command shows
 * its effects.
 *
 * A projection applies all events after its checkpoints, not only those of its append, because a process that does not
 * run the system may have appended other events. So the rows are complete after each append of a process that runs the
 * system.
 */
import { FaultError } from '../errors.ts';
import { MAX_EVENTS_PER_DECISION } from '../limits.ts';
import type { RecordedEvent } from '../messages.ts';
import { changesBetween } from './definition-text.ts';
import { parkedEvent } from './parked-events.ts';
import type { Batch, Item, Processor } from './processor.ts';
import type { InlineProjection, ParkedEvent, Share, StoredDocument, SubscriptionId } from './processor-store.ts';
import { shareOf } from './shares.ts';

/** A processor whose batches can be filled synchronously. */
export interface InlineProcessor extends Processor {
  inlineBatch(stored: readonly StoredDocument[]): Pick<Batch, 'apply' | 'changes'>;
}

/**
 * The maximum number of events that are applied in one transaction. If an append finds that many missed events, they
 * are applied before it. The number exceeds the events of the longest decision, which cannot be applied before their
 * own append.
 */
export const MAX_MISSED_EVENTS: number = 2 * MAX_EVENTS_PER_DECISION;

/**
 * Makes a projection from a processor that no other code uses.
 * @param acceptsChanges true if the stored definition may differ.
 */
export function inlineProjection(
  processor: InlineProcessor,
  now: () => number,
  acceptsChanges: boolean,
): InlineProjection {
  const { subscription, definition, events: filter } = processor;
  return {
    subscription,
    isCurrent: (stored) => acceptsChanges || changesBetween(stored, definition).length === 0,
    events: filter,
    changes: (events, { shares, documents, isParked }) => {
      const items = events.flatMap((event) => itemOf(processor, shares, event));
      const batch = processor.inlineBatch(documents([...new Set(items.map(({ item }) => item.key))]));
      const park: ParkedEvent[] = [];
      for (const { item, share } of items) {
        const { key, event } = item;
        // Events of a key stay in order, so this event waits for the parked one.
        if (isParked(key)) park.push(parkedEvent(subscription, share, key, event, undefined, now()));
        else batch.apply(item, share);
      }
      return { ...batch.changes(), park };
    },
  };
}

function itemOf(
  processor: Processor,
  shares: readonly Share[],
  event: RecordedEvent,
): readonly { readonly item: Item; readonly share: number }[] {
  const opened = processor.open(event);
  if (opened === undefined) return [];
  const share = shareOf(opened.key, shares.length);
  const checkpoint = shares[share]?.checkpoint;
  if (checkpoint !== undefined && event.context.position <= checkpoint) return [];
  return [{ item: { event, ...opened }, share }];
}

/**
 * Makes the fault for an append whose events an inline read model cannot process. The event sourcer reports it as a
 * fault of the command.
 */
export function inlineFault({ name, version }: SubscriptionId, cause: unknown): FaultError {
  const { code } = (cause ?? {}) as { readonly code?: unknown };
  const text = cause instanceof Error ? cause.message : String(cause);
  return new FaultError(
    {
      code: 'inline-projection-failed',
      message: `the inline read model ${name} cannot process the events, so nothing was recorded: ${text}`,
      details: [
        ['readModel', name],
        ['version', version],
        ['cause', typeof code === 'string' ? code : 'unexpected-exception'],
      ],
    },
    { cause },
  );
}
