/** Tests of reads: by stream and over all events, in pages, with filters, and during writes. */
import assert from 'node:assert/strict';
import { eventId } from '../../../core/ids.ts';
import type { EventName } from '../../../core/messages.ts';
import { readEvents } from '../../../core/storage/read-events.ts';
import { ANY, all, type Check, collected, decision, envelope, readWhole, revisions, some } from './fixtures.ts';

const named = (category: string, type: string): EventName => ({ category, type });

export function reading(check: Check): void {
  check('an event is read as it was appended, with a derived id', async (store) => {
    const from = decision({ correlationId: 'journey', contentType: 'application/x' });
    const events = [envelope('Opened', Uint8Array.of(), 2), envelope('Used', Uint8Array.of(0, 255), 1)];
    await store.append('other', some(1), ANY, decision());
    const { recordedAt, firstPosition } = await store.append('s-1', events, ANY, from);
    const read = await readWhole(store, 's-1');
    assert.deepEqual(
      read.map(({ event }) => event),
      events,
    );
    for (const [index, { context, contentType }] of read.entries()) {
      assert.equal(contentType, 'application/x');
      assert.equal(context.id, eventId(from.commandId, index));
      assert.equal(context.stream, 's-1');
      assert.equal(context.revision, BigInt(index));
      assert.equal(context.position, firstPosition! + BigInt(index));
      assert.equal(context.recordedAt, recordedAt);
      assert.equal(context.correlationId, 'journey');
      assert.equal(context.causationId, from.commandId);
    }
    assert.deepEqual(await store.readAll(all({ afterPosition: firstPosition! - 1n })), read);
  });

  check('a stream is read forward and backward, from a revision, in pages', async (store) => {
    for (let commit = 0; commit < 5; commit++) await store.append('s-1', some(5), ANY, decision());
    const page = async (direction: 'forward' | 'backward', fromRevision?: bigint, limit?: number): Promise<number[]> =>
      revisions(await store.readStream('s-1', { direction, fromRevision, limit })).map(Number);
    const upward = Array.from({ length: 25 }, (_, index) => index);
    assert.deepEqual(await page('forward'), upward);
    assert.deepEqual(await page('backward'), upward.toReversed());
    assert.deepEqual(await page('forward', 7n, 3), [7, 8, 9]);
    assert.deepEqual(await page('backward', 7n, 3), [7, 6, 5]);
    assert.deepEqual(await page('backward', 1n, 3), [1, 0]);
    assert.deepEqual(await page('forward', 24n, 3), [24]);
    assert.deepEqual(await page('forward', 25n), []);
    assert.deepEqual(await page('backward', 99n, 2), [24, 23]);
    assert.deepEqual(await page('forward', 2n ** 63n - 1n), []);
    assert.deepEqual(await store.readStream('s-2', { direction: 'forward', limit: 1 }), []);
  });

  check('positions grow over all streams, and are read in that order from either end', async (store) => {
    for (let commit = 0; commit < 12; commit++) await store.append(`s-${commit % 3}`, some(2), ANY, decision());
    const whole = await store.readAll(all());
    const positions = whole.map(({ context }) => context.position);
    assert.equal(positions.length, 24);
    for (const [index, position] of positions.entries()) {
      if (index > 0) assert.ok(position > positions[index - 1]!);
    }
    assert.deepEqual(await store.readAll(all({ direction: 'backward' })), whole.toReversed());
    assert.deepEqual(await store.readAll(all({ afterPosition: positions[9]!, limit: 4 })), whole.slice(10, 14));
    assert.deepEqual(
      await store.readAll(all({ direction: 'backward', afterPosition: positions[3]!, limit: 9 })),
      whole.slice(0, 3).reverse(),
    );
    assert.deepEqual(await store.readAll(all({ afterPosition: positions.at(-1)! })), []);
    assert.deepEqual(await store.readAll(all({ direction: 'backward', afterPosition: positions[0]! })), []);
  });

  check('a read without a limit returns a thousand events, and the next read returns the rest', async (store) => {
    await store.append('s-1', some(1_000), ANY, decision());
    await store.append('s-1', some(1_000), ANY, decision());
    await store.append('s-1', some(345), ANY, decision());
    const first = await store.readStream('s-1', { direction: 'forward' });
    assert.equal(first.length, 1_000);
    assert.equal((await store.readAll(all())).length, 1_000);
    assert.equal((await store.readAll(all({ limit: 5_000 }))).length, 2_345);
    const upward = Array.from({ length: 2_345 }, (_, index) => BigInt(index));
    assert.deepEqual(revisions(await readWhole(store, 's-1')), upward);
    assert.deepEqual(revisions(await collected(readEvents(store))), upward);
    const backward = await collected(readEvents(store, { stream: 's-1', direction: 'backward', pageSize: 7 }));
    assert.deepEqual(revisions(backward), upward.toReversed());
  });

  check('categories, event types and events are filters that can be combined, page by page', async (store) => {
    const events: [stream: string, type: string][] = [];
    for (let index = 0; index < 240; index++) {
      const stream = `${['account', 'card', 'loan'][index % 3]}-${index % 7}`;
      events.push([stream, ['Opened', 'Used', 'Closed', 'Moved'][index % 4]!]);
      await store.append(stream, [envelope(events[index]![1])], ANY, decision());
    }
    await store.append('account', [envelope('Used')], ANY, decision());
    await store.append('-account', [envelope('Used')], ANY, decision());
    events.push(['account', 'Used'], ['-account', 'Used']);
    const [accountUsed, cardUsed] = [named('account', 'Used'), named('card', 'Used')];
    for (const [categories, eventTypes, names = []] of [
      [[], [], [accountUsed]],
      [[], [], [accountUsed, named('loan', 'Opened'), named('', 'Used')]],
      [[], [], [accountUsed, accountUsed]],
      [[], [], [named('nothing', 'Used')]],
      [['account'], [], [accountUsed, cardUsed]],
      [['loan'], [], [accountUsed, cardUsed]],
      [[], ['Used', 'Moved'], [cardUsed, named('card', 'Closed')]],
      [['card'], ['Closed'], [accountUsed, cardUsed, named('card', 'Closed')]],
      [['account'], []],
      [['card', 'loan'], []],
      [[], ['Used']],
      [[], ['Opened', 'Moved', 'Never']],
      [
        ['account', 'card'],
        ['Used', 'Closed'],
      ],
      [[''], []],
      [['nothing'], []],
      [['account'], ['Never']],
    ] as const) {
      const wanted = events.filter(
        ([stream, type]) =>
          (categories.length === 0 || categories.some((name) => name === stream.split('-')[0])) &&
          (eventTypes.length === 0 || eventTypes.some((name) => name === type)) &&
          (names.length === 0 || names.some((name) => name.type === type && name.category === stream.split('-')[0])),
      );
      for (const pageSize of [1, 10, 1_000]) {
        for (const direction of ['forward', 'backward'] as const) {
          const read = await collected(
            readEvents(store, { categories, eventTypes, events: names, pageSize, direction }),
          );
          const found = read.map(({ context, event }) => [context.stream, event.type]);
          assert.deepEqual(direction === 'forward' ? found : found.reverse(), wanted);
        }
      }
    }
  });

  check('a reader during writes gets every event', async (store) => {
    const seen: bigint[] = [];
    let writing = true;
    const follow = async (): Promise<void> => {
      for (let after: bigint | undefined; ; ) {
        const last = !writing;
        const page = await store.readAll(all({ afterPosition: after, limit: 7 }));
        seen.push(...page.map(({ context }) => context.position));
        after = page.at(-1)?.context.position ?? after;
        if (last && page.length === 0) return;
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const following = follow();
    for (let round = 0; round < 20; round++) {
      await Promise.all(Array.from({ length: 10 }, (_, index) => store.append(`s-${index}`, some(2), ANY, decision())));
    }
    writing = false;
    await following;
    const there = (await store.readAll(all({ limit: 1_000 }))).map(({ context }) => context.position);
    assert.equal(there.length, 400);
    assert.deepEqual(seen, there);
  });
}
