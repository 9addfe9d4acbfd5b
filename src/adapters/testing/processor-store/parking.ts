import assert from 'node:assert/strict';
import type { ParkedFilter, ProcessorStore } from '../../../core/processors/processor-store.ts';
import { BALANCES, type CheckProcessors, claimed, commit, NOW, OTHER, parked } from './fixtures.ts';

async function places(processors: ProcessorStore, filter: ParkedFilter = {}): Promise<[string, bigint][]> {
  return (await processors.listParked(filter)).map(({ key, event }) => [key, event.context.position]);
}

export function parking(check: CheckProcessors): void {
  check('parked events are listed in the order of subscription, key and position', async ({ processors }) => {
    const [share, other] = [await claimed(processors), await claimed(processors, OTHER)];
    const events = [parked(share, 'b', 2n, true), parked(share, 'a', 9n, false), parked(share, 'a', 3n, true)];
    await commit(processors, share, { park: events });
    await commit(processors, other, { park: [parked(other, 'a', 1n, true)] });
    const all = await processors.listParked();
    assert.deepEqual(all, [events[2], events[1], events[0], parked(other, 'a', 1n, true)]);
    assert.deepEqual(await processors.listParked({ subscription: BALANCES, key: 'a' }), [events[2], events[1]]);
    const [, last] = await processors.listParked({ limit: 2 });
    const after = { subscription: last!.subscription, key: last!.key, position: last!.event.context.position };
    assert.deepEqual(await processors.listParked({ after }), all.slice(2));
  });

  check('parking an event again replaces it', async ({ processors }) => {
    let share = await claimed(processors);
    share = await commit(processors, share, { park: [parked(share, 'a', 3n, true)] });
    const again = { ...parked(share, 'a', 3n, true), attempts: 2, parkedAt: NOW + 5 };
    await commit(processors, share, { park: [again] });
    assert.deepEqual(await processors.listParked(), [again]);
  });

  check('a retry is requested for all events of a key', async ({ processors }) => {
    const share = await claimed(processors);
    await commit(processors, share, {
      park: [parked(share, 'a', 3n, true), parked(share, 'a', 4n, false), parked(share, 'b', 5n, true)],
    });
    assert.equal(await processors.requestRetry(BALANCES, 'a'), 2);
    assert.equal(await processors.requestRetry(BALANCES, 'x'), 0);
    assert.deepEqual(await places(processors, { requested: 'retry' }), [
      ['a', 3n],
      ['a', 4n],
    ]);
  });

  check('a parked event that was processed is removed', async ({ processors }) => {
    let share = await claimed(processors);
    share = await commit(processors, share, { park: [parked(share, 'a', 3n, true), parked(share, 'a', 4n, false)] });
    await commit(processors, share, { unpark: [{ subscription: BALANCES, key: 'a', position: 3n }] });
    assert.deepEqual(await places(processors), [['a', 4n]]);
  });

  check('the first event of a key is dropped, or all of them', async ({ processors }) => {
    const share = await claimed(processors);
    await commit(processors, share, { park: [3n, 4n, 5n].map((position) => parked(share, 'a', position, true)) });
    assert.equal(await processors.dropParked(BALANCES, 'a', 'first'), 1);
    assert.deepEqual(await places(processors), [
      ['a', 4n],
      ['a', 5n],
    ]);
    assert.equal(await processors.dropParked(BALANCES, 'a', 'all'), 2);
    assert.equal(await processors.dropParked(BALANCES, 'a', 'all'), 0);
  });
}
