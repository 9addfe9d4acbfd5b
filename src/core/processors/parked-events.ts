/** Makes parked events, and reads them without manual paging. */
import type { RecordedEvent } from '../messages.ts';
import type { ParkedEvent, ParkedFilter, ProcessorStore, StopReason, SubscriptionId } from './processor-store.ts';

const PAGE = 1_000;

/** Yields all parked events that the filter selects, in the order of subscription, key and position. */
export async function* readParked(
  processors: ProcessorStore,
  filter: Omit<ParkedFilter, 'after' | 'limit'> = {},
): AsyncGenerator<ParkedEvent> {
  let after: ParkedFilter['after'];
  for (;;) {
    const page = await processors.listParked({ ...filter, limit: PAGE, ...(after === undefined ? {} : { after }) });
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    after = { subscription: last.subscription, key: last.key, position: last.event.context.position };
  }
}

/** Returns the parked events of a subscription by key, in the order of their positions. */
export async function parkedByKey(
  processors: ProcessorStore,
  subscription: SubscriptionId,
): Promise<ReadonlyMap<string, readonly ParkedEvent[]>> {
  const byKey = new Map<string, ParkedEvent[]>();
  for await (const parked of readParked(processors, { subscription })) {
    const events = byKey.get(parked.key);
    if (events === undefined) byKey.set(parked.key, [parked]);
    else events.push(parked);
  }
  return byKey;
}

/** Makes a parked event. @param reason `undefined` if it waits for an earlier event of its key. */
export function parkedEvent(
  subscription: SubscriptionId,
  share: number,
  key: string,
  event: RecordedEvent,
  reason: StopReason | undefined,
  parkedAt: number,
): ParkedEvent {
  const attempts = reason === undefined ? 0 : 1;
  return { subscription, share, key, event, reason, attempts, parkedAt, requested: undefined };
}
