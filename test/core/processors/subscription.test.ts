/**
 * `subscribe`: the history and new events are one sequence, even if others append while the reader stops and resumes.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { type EventStore, isStoreFailure, type RecordedEvent, subscribe } from 'decidable';
import { createMemoryStore } from 'decidable/memory';
import { createSqliteStore } from 'decidable/sqlite';
import fc from 'fast-check';
import { decision, envelope } from '../../adapters/stores/commands.ts';

const folder = mkdtempSync(join(tmpdir(), 'decidable-subscription-'));
after(() => rmSync(folder, { recursive: true }));

let files = 0;
const stores = {
  memory: () => createMemoryStore(),
  SQLite: () => createSqliteStore({ file: join(folder, `${files++}.db`), durability: 'normal' }),
};

const append = (store: EventStore, stream: string, ...types: string[]) =>
  store.append(
    stream,
    types.map((type) => envelope(type)),
    { tag: 'any' },
    decision(),
  );

const placeOf = ({ context }: RecordedEvent): bigint => context.position;

for (const [name, open] of Object.entries(stores)) {
  describe(`a subscription to the ${name} store`, () => {
    test('reads the history first and then new events', async () => {
      await using store = open();
      await append(store, 'a-1', 'Happened', 'Happened');
      const seen: string[] = [];
      for await (const { events } of subscribe(store)) {
        seen.push(...events.map(({ context }) => context.stream));
        if (seen.length === 2) void append(store, 'a-2', 'Happened');
        if (seen.length === 3) break;
      }
      assert.deepEqual(seen, ['a-1', 'a-1', 'a-2']);
    });

    test('reads only the categories and types that it names, and its position moves past the others', async () => {
      await using store = open();
      await append(store, 'a-1', 'Wanted', 'Other');
      await append(store, 'b-1', 'Wanted', 'Wanted');
      const pages = subscribe(store, { categories: ['a'], eventTypes: ['Wanted'] });
      const first = (await pages.next()).value;
      assert.deepEqual(
        first.events.map(({ context }) => context.stream),
        ['a-1'],
      );
      const { firstPosition } = await append(store, 'b-2', 'Wanted');
      const second = (await pages.next()).value;
      assert.deepEqual([second.events, second.position], [[], firstPosition]);
    });

    test('reads no more than a page at a time', async () => {
      await using store = open();
      await append(store, 'a-1', ...Array.from({ length: 7 }, () => 'Happened'));
      const sizes: number[] = [];
      for await (const { events, position, head } of subscribe(store, { pageSize: 3 })) {
        sizes.push(events.length);
        if (position === head) break;
      }
      assert.deepEqual(sizes, [3, 3, 1]);
    });

    test('ends with the reason of its signal while it waits', async () => {
      await using store = open();
      const controller = new AbortController();
      const next = subscribe(store, { signal: controller.signal }).next();
      const reason = new Error('enough');
      controller.abort(reason);
      await assert.rejects(next, (error) => error === reason);
    });

    test('fails if the store is closed while it waits', async () => {
      await using store = open();
      const next = subscribe(store).next();
      await store.close();
      await assert.rejects(next, (error) => isStoreFailure(error, 'closed'));
    });

    test('reads each event once and in order, whenever readers start, stop and resume while writers append', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 30 }),
          fc.array(fc.record({ pageSize: fc.integer({ min: 1, max: 5 }), stopAfter: fc.integer({ min: 1, max: 9 }) }), {
            minLength: 1,
            maxLength: 4,
          }),
          async (commits, readers) => {
            await using store = open();
            const total = commits.reduce((sum, events) => sum + events, 0);
            const writing = Promise.all(
              commits.map((events, index) => append(store, `s-${index % 3}`, ...Array(events).fill('Happened'))),
            );
            const reading = readers.map(async ({ pageSize, stopAfter }) => {
              const seen: bigint[] = [];
              let checkpoint: bigint | undefined;
              while (seen.length < total) {
                // A reader that stops and starts again continues at the position that it has kept.
                let unread = stopAfter;
                for await (const { events, position } of subscribe(store, { after: checkpoint, pageSize })) {
                  seen.push(...events.map(placeOf));
                  checkpoint = position;
                  if ((unread -= events.length) <= 0 || seen.length >= total) break;
                }
              }
              return seen;
            });
            await writing;
            const all = (
              await store.readAll({
                direction: 'forward',
                categories: [],
                eventTypes: [],
                events: [],
              })
            ).map(placeOf);
            for (const seen of await Promise.all(reading)) assert.deepEqual(seen, all);
          },
        ),
        { numRuns: 30 },
      );
    });
  });
}

test('an option that does not exist is refused', () => {
  const options = { after: 3n, from: 3n };
  assert.throws(() => subscribe(createMemoryStore(), options), { code: 'invalid-definition' });
  assert.throws(() => subscribe(createMemoryStore(), { pageSize: 0 }), { code: 'invalid-definition' });
});
