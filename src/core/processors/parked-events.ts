/** Reading parked events without paging by hand. */
import type { ParkedEvent, ParkedFilter, ProcessorStore } from './processor-store.ts';

const PAGE = 1_000;

/** All parked events that the filter selects, in the order of subscription, key and position. */
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
