import assert from 'node:assert/strict';
import { isAppendFailure, isFault } from '../../../core/errors.ts';
import type { EventStore } from '../../../core/event-store.ts';
import type { RecordedEvent } from '../../../core/messages.ts';
import type { InlineProjection, ProcessorStore, Share } from '../../../core/processors/processor-store.ts';
import { ANY, decision, rejected, some } from '../event-store/fixtures.ts';
import { BALANCES, bytes, type CheckProcessors, type ClosableProcessors, commit, fence, parked } from './fixtures.ts';
import { claimedWith, type LinesTable, linesTable } from './lines-table.ts';

const ACCOUNT = 'account-1';

type Changes = InlineProjection['changes'];

/** A store with an inline read model, which inserts a row for each event. */
interface InlineStory {
  readonly processors: ProcessorStore;
  readonly lines: LinesTable;
  readonly share: Share;
  /** The statements for events. */
  readonly inserting: Changes;
  /** Appends events of the type `Done`. The decision is a new one if none is passed. */
  append(count: number, decided?: Parameters<EventStore['append']>[3], stream?: string): Promise<unknown>;
  /** Returns the number of events in the stream of the account. */
  storedEvents(): Promise<number>;
  /** Adds the read model. @returns the function that removes it. */
  add(changes?: Changes, isCurrent?: boolean): () => void;
  checkpoint(): Promise<bigint | undefined>;
}

async function inlineStory(store: ClosableProcessors): Promise<InlineStory> {
  const { processors } = store;
  assert.ok(processors.inline !== undefined, 'a store with the capability "inline" has the function "inline"');
  assert.ok(isEventStore(store), 'a store with the capability "inline" is an event store');
  const lines = await linesTable(processors);
  const inserting: Changes = (events) => ({
    statements: events.map(({ context: { position } }) => lines.insert(Number(position), 1)),
  });
  return {
    processors,
    lines,
    share: await claimedWith(processors, lines),
    inserting,
    append: (count, decided = decision(), stream = ACCOUNT) => store.append(stream, some(count), ANY, decided),
    storedEvents: async () => (await store.readStream(ACCOUNT, { direction: 'forward' })).length,
    add: (changes = inserting, isCurrent = true) =>
      processors.inline!({
        subscription: BALANCES,
        isCurrent: () => isCurrent,
        events: [{ category: 'account', type: 'Done' }],
        changes,
      }),
    checkpoint: async () => (await processors.listShares(BALANCES))[0]?.checkpoint,
  };
}

function isEventStore(
  store: ClosableProcessors,
): store is ClosableProcessors & Pick<EventStore, 'append' | 'readStream'> {
  return store.append !== undefined && store.readStream !== undefined;
}

const positionsOf = (events: readonly RecordedEvent[]): bigint[] => events.map(({ context }) => context.position);

export function inline(check: CheckProcessors): void {
  check('an append writes the statements of its events, and moves the checkpoint', async (store) => {
    const { add, append, lines, checkpoint } = await inlineStory(store);
    const seen: bigint[] = [];
    add((events) => {
      seen.push(...positionsOf(events));
      return { statements: events.map(({ context }) => lines.insert(Number(context.position), 1)) };
    });
    await append(2);
    assert.equal(seen.length, 2);
    assert.deepEqual(
      (await lines.rows()).map(([id]) => BigInt(id)),
      seen,
    );
    assert.equal(await checkpoint(), seen[1]);
    await append(1);
    assert.equal(seen.length, 3);
    assert.equal(new Set(seen).size, 3);
  });

  check('an append fails if its events cannot be processed, and nothing is stored', async (store) => {
    const { add, append, lines, storedEvents, checkpoint, inserting } = await inlineStory(store);
    const remove = add(() => {
      throw new Error('this event cannot be processed');
    });
    await assert.rejects(append(1), (error) => isFault(error) && error.code === 'inline-projection-failed');
    assert.equal(await storedEvents(), 0);
    assert.deepEqual(await lines.rows(), []);
    assert.equal(await checkpoint(), undefined);
    remove();
    add(inserting);
    await append(1);
    assert.deepEqual([await storedEvents(), (await lines.rows()).length], [1, 1]);
  });

  check('an append fails if a statement of its events fails, and nothing is stored', async (store) => {
    const { add, append, lines, storedEvents, checkpoint } = await inlineStory(store);
    const same = lines.insert(7, 1);
    add((events) => ({ statements: events.map(() => same) }));
    await assert.rejects(append(2), (error) => isFault(error) && error.code === 'inline-projection-failed');
    assert.equal(await storedEvents(), 0);
    assert.deepEqual(await lines.rows(), []);
    assert.equal(await checkpoint(), undefined);
    await append(1);
    assert.deepEqual(await lines.rows(), [[7, 1, null]]);
  });

  check('an append that fails does not affect simultaneous appends', async (store) => {
    const { add, append, lines, storedEvents } = await inlineStory(store);
    const poison = decision();
    add((events) => {
      if (events.some(({ context }) => context.causationId === poison.commandId)) throw new Error('poison');
      return { statements: events.map(({ context }) => lines.insert(Number(context.position), 1)) };
    });
    const results = await Promise.allSettled([append(1), append(1, poison), append(1)]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
    assert.deepEqual([await storedEvents(), (await lines.rows()).length], [2, 2]);
  });

  check('a duplicate and a rejection change no row', async (store) => {
    const { add, append, lines } = await inlineStory(store);
    add();
    const decided = decision();
    await append(1, decided);
    await assert.rejects(append(1, decided), (error) => isAppendFailure(error, 'duplicate'));
    await append(0, rejected());
    assert.equal((await lines.rows()).length, 1);
  });

  check('events before the read model was added are processed with the next append, once', async (store) => {
    const { add, append, lines } = await inlineStory(store);
    await append(3);
    assert.deepEqual(await lines.rows(), []);
    add();
    await append(1);
    assert.equal((await lines.rows()).length, 4);
    await append(1);
    assert.equal((await lines.rows()).length, 5);
  });

  check('only the events that the read model names are processed', async (store) => {
    const { add, append, lines, checkpoint } = await inlineStory(store);
    add();
    await append(1);
    const before = await checkpoint();
    await append(1, decision(), 'order-1');
    assert.equal((await lines.rows()).length, 1);
    await append(1);
    assert.equal((await lines.rows()).length, 2);
    assert.ok((await checkpoint())! > before!);
  });

  check('a member whose checkpoint is older than an append is fenced off', async (store) => {
    const { add, append, lines, processors, share } = await inlineStory(store);
    add();
    await append(1);
    // The member would process the event of the append a second time.
    const late = processors.commit({ fences: [fence(share, 9n)], statements: [lines.insert(100, 1)] });
    await assert.rejects(late, { code: 'fenced' });
    assert.equal((await lines.rows()).length, 1);
  });

  check('a read model can read its documents and parked keys', async (store) => {
    const { add, append, processors, share } = await inlineStory(store);
    const put = (text: string) => ({ subscription: BALANCES, key: 'a', state: bytes(text), position: 0n });
    await commit(processors, share, { documents: [put('1')], park: [parked(share, 'b', 0n, true)] });
    const seen: unknown[] = [];
    add((_, { shares, documents, isParked }) => {
      seen.push(shares.length, documents(['a', 'x']), isParked('a'), isParked('b'));
      return { documents: [put('2')] };
    });
    await append(1);
    // The checkpoint of the commit above is position 0, which may be that of the first event.
    if (seen.length === 0) await append(1);
    assert.deepEqual(seen, [1, [{ key: 'a', state: bytes('1'), position: 0n }], false, true]);
    assert.deepEqual((await processors.readDocument(BALANCES, 'a'))?.state, bytes('2'));
  });

  check('a read model that was removed, dropped or rebuilt with other code is not updated', async (store) => {
    const { add, append, lines, processors, storedEvents } = await inlineStory(store);
    add()();
    const outdated = add(undefined, false);
    await append(1);
    assert.deepEqual(await lines.rows(), []);
    outdated();
    add();
    await processors.dropSubscription(BALANCES);
    await append(1);
    assert.equal(await storedEvents(), 2);
  });
}
