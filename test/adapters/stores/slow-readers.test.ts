/** Subscribers that are slower than the writers, and clocks that step backward, on every store. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type RecordedEvent, subscribe } from 'decidable';
import { verifyChain } from 'decidable/storage';
import { type OpenedStore, openStore } from 'decidable/stores';
import { decision, envelope } from 'decidable/testing';
import { type EngineName, Engines, skipWithout } from '../../servers/engines.ts';

const engines = new Engines();
after(() => engines[Symbol.asyncDispose]());

const ANY = { tag: 'any' } as const;
const WRITERS = 8;

/** Appends events from several writers, each of which waits for its append before the next one. */
async function write(store: OpenedStore, eventsOfEach: number): Promise<void> {
  const writer = async (number: number): Promise<void> => {
    for (let index = 0; index < eventsOfEach; index++) {
      await store.append(`s-${(number + index) % 5}`, [envelope('Done')], ANY, decision());
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, (_, number) => writer(number)));
}

/** Each event was delivered once, in the order of the positions, and none is missing. */
async function assertComplete(store: OpenedStore, seen: readonly RecordedEvent[]): Promise<void> {
  const stored = await store.readAll({
    direction: 'forward',
    limit: 100_000,
    categories: [],
    eventTypes: [],
    events: [],
  });
  assert.deepEqual(
    seen.map(({ context }) => context.position),
    stored.map(({ context }) => context.position),
  );
  for (const [index, { context }] of seen.entries()) {
    assert.ok(index === 0 || context.position > seen[index - 1]!.context.position);
  }
}

const names: readonly EngineName[] = ['memory', 'SQLite', 'PostgreSQL', 'NATS'];
for (const name of names) {
  describe(`a subscriber on ${name}`, { skip: skipWithout(name) }, () => {
    test('that stalls while others write gets every event once, in order', async () => {
      await using store = await openStore(await engines.newAddress(name));
      const pages = subscribe(store);
      const seen: RecordedEvent[] = [];
      await write(store, 1);
      seen.push(...(await pages.next()).value.events);
      // The subscriber does not read while the events of many pages are written.
      await write(store, 300);
      const total = WRITERS * 301;
      while (seen.length < total) seen.push(...(await pages.next()).value.events);
      await pages.return(undefined as never);
      await assertComplete(store, seen);
    });

    test('that is slower than the writers gets every event once, in order', async () => {
      await using store = await openStore(await engines.newAddress(name));
      const seen: RecordedEvent[] = [];
      const total = WRITERS * 60;
      const writing = write(store, 60);
      for await (const { events } of subscribe(store, { pageSize: 7 })) {
        seen.push(...events);
        // A slow handler, during which the writers continue.
        for (let turn = 0; turn < 5; turn++) await nextTurn();
        if (seen.length === total) break;
      }
      await writing;
      await assertComplete(store, seen);
    });
  });

  test(`a clock that steps backward changes no order on ${name}`, { skip: skipWithout(name) }, async () => {
    let time = 1_800_000_000_000;
    const now = (): number => (time -= 3_600_000);
    await using store = await openStore(await engines.newAddress(name), { now });
    const seen: RecordedEvent[] = [];
    const total = WRITERS * 10;
    const writing = write(store, 10);
    for await (const { events } of subscribe(store)) {
      seen.push(...events);
      if (seen.length === total) break;
    }
    await writing;
    await assertComplete(store, seen);
    assert.ok(seen.at(-1)!.context.recordedAt < seen[0]!.context.recordedAt);
    assert.equal((await verifyChain(store)).intact, true);
  });
}
