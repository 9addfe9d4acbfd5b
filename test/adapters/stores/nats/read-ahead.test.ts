/** Readers that continue page by page. The store requests their next page before they do. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type EventStore, readEvents } from 'decidable';
import { createNatsStore } from 'decidable/nats';
import { skipWithoutBinary, startNatsServer, uniqueName } from '../../../servers/nats.ts';
import { ANY, decision, envelope } from '../commands.ts';

const EVERYTHING = { categories: [], eventTypes: [], events: [] };

/** Returns the position after the given number of events, which are read in pages of ten. */
async function readSome(store: EventStore, count: number): Promise<bigint | undefined> {
  let position: bigint | undefined;
  for (let read = 0; read < count; read += 10) {
    const page = await store.readAll({ direction: 'forward', limit: 10, afterPosition: position, ...EVERYTHING });
    position = page.at(-1)?.context.position;
  }
  return position;
}

describe('a reader of many pages on a NATS server', { skip: skipWithoutBinary }, () => {
  test('gets an event that was appended after its next page had been requested', async () => {
    await using server = await startNatsServer();
    await using store = await createNatsStore({ url: server.url, name: uniqueName(), storage: 'memory' });
    const append = (): Promise<unknown> => store.append('s-1', [envelope('Done')], ANY, decision());
    for (let count = 0; count < 35; count++) await append();
    const afterPosition = await readSome(store, 30);
    // The page with the events 30 to 34 was requested, and arrives before the answers to these requests.
    for (let count = 0; count < 3; count++) await append();
    const page = await store.readAll({ direction: 'forward', limit: 10, afterPosition, ...EVERYTHING });
    assert.deepEqual(
      page.map(({ context }) => context.revision),
      [30n, 31n, 32n, 33n, 34n, 35n, 36n, 37n],
    );
  });

  test('gets each event once, with any filter, while others read at the same time', async () => {
    await using server = await startNatsServer();
    await using store = await createNatsStore({ url: server.url, name: uniqueName(), storage: 'memory' });
    const stored: string[] = [];
    for (let count = 0; count < 400; count++) {
      const [category, type] = [`c${count % 3}`, count % 5 === 0 ? 'Rare' : 'Often'];
      const payload = new Uint8Array(count === 100 ? 2_500_000 : 10);
      const given = decision();
      await store.append(`${category}-${count % 7}`, [envelope(type), envelope('Often', payload)], ANY, given);
      stored.push(`${category} ${type} ${given.commandId}`, `${category} Often ${given.commandId}`);
    }
    const read = async (pageSize: number, categories: string[], eventTypes: string[]): Promise<void> => {
      const found: string[] = [];
      for await (const { context, event } of readEvents(store, { pageSize, categories, eventTypes })) {
        found.push(`${context.stream.split('-')[0]} ${event.type} ${context.causationId}`);
      }
      const wanted = stored.filter((text) => {
        const [category = '', type = ''] = text.split(' ');
        return (
          (categories.length === 0 || categories.includes(category)) &&
          (eventTypes.length === 0 || eventTypes.includes(type))
        );
      });
      assert.deepEqual(found, wanted);
    };
    const readers = [3, 10, 64, 1_000].flatMap((pageSize) => [
      read(pageSize, [], []),
      read(pageSize, ['c1'], []),
      read(pageSize, ['c0', 'c2'], ['Rare']),
      read(pageSize, [], ['Rare']),
      read(pageSize, ['none', 'c1'], []),
    ]);
    await Promise.all(readers);
  });
});
