import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type EventStore, type ReadEventsOptions, readEvents, readPages } from 'decidable';
import { createMemoryStore } from 'decidable/memory';
import { ANY, decision, envelope } from '../../adapters/stores/commands.ts';

/** Creates a store with 30 events, alternating between three streams. */
async function filled(): Promise<EventStore> {
  const store = createMemoryStore();
  for (let index = 0; index < 30; index++) {
    await store.append(`s-${index % 3}`, [envelope(`T${index % 2}`)], ANY, decision());
  }
  return store;
}

async function positions(store: EventStore, options: ReadEventsOptions): Promise<number[]> {
  const found: number[] = [];
  for await (const { context } of readEvents(store, options)) found.push(Number(context.position));
  return found;
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

describe('the events of a store', () => {
  test('are all read with any page size', async () => {
    const store = await filled();
    for (const pageSize of [1, 7, 10, 30, 31, undefined]) {
      assert.deepEqual(await positions(store, { pageSize }), upTo(30));
      assert.deepEqual(await positions(store, { pageSize, direction: 'backward' }), upTo(30).reverse());
      const ofStream = upTo(30).filter((position) => position % 3 === 2);
      assert.deepEqual(await positions(store, { pageSize, stream: 's-1' }), ofStream);
      assert.deepEqual(await positions(store, { pageSize, stream: 's-1', direction: 'backward' }), ofStream.reverse());
    }
  });

  test('are selected by the options', async () => {
    const store = await filled();
    assert.deepEqual(await positions(store, { afterPosition: 27n, pageSize: 2 }), [28, 29, 30]);
    assert.deepEqual(await positions(store, { stream: 's-0', fromRevision: 8n }), [25, 28]);
    assert.deepEqual(await positions(store, { stream: 's-0', fromRevision: 1n, direction: 'backward' }), [4, 1]);
    assert.deepEqual(await positions(store, { eventTypes: ['T1'], afterPosition: 26n, pageSize: 1 }), [28, 30]);
    assert.deepEqual(await positions(store, { categories: ['none'] }), []);
    assert.deepEqual(await positions(store, { stream: 'none' }), []);
  });

  test('are read in pages, and no page is empty', async () => {
    const sizes: number[] = [];
    for await (const page of readPages(await filled(), { pageSize: 10 })) sizes.push(page.length);
    assert.deepEqual(sizes, [10, 10, 10]);
  });

  test('are no longer read after an abort, which rejects with the reason of the signal', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const seen: bigint[] = [];
    const reading = async (): Promise<void> => {
      for await (const { context } of readEvents(await filled(), { pageSize: 4, signal: controller.signal })) {
        seen.push(context.position);
        if (context.position === 6n) controller.abort(reason);
      }
    };
    await assert.rejects(reading(), reason);
    assert.equal(seen.length, 8);
  });
});
