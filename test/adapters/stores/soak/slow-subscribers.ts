/** Subscribers that stall, or that are slower than the writers, for as long as the caller wants. */
import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import { type RecordedEvent, readEvents, subscribe } from 'decidable';
import type { OpenedStore } from 'decidable/stores';
import { decision, envelope } from 'decidable/testing';

const WRITERS = 8;

/** Writers that append events to five streams until they are stopped. */
class Writers {
  written = 0;
  #isOver = false;
  readonly #running: Promise<unknown>;

  /** @param pause the milliseconds between two appends of a writer. */
  constructor(store: OpenedStore, pause: number) {
    this.#running = Promise.all(Array.from({ length: WRITERS }, (_, writer) => this.#write(store, writer, pause)));
    this.#running.catch(() => {}); // `stop` reports it
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#running;
  }

  async #write(store: OpenedStore, writer: number, pause: number): Promise<void> {
    for (let index = 0; !this.#isOver; index++) {
      await store.append(`s-${(writer + index) % 5}`, [envelope('Done')], { tag: 'any' }, decision());
      this.written++;
      if (pause > 0) await setTimeout(pause);
    }
  }
}

/**
 * Checks that each event is received once and in order. It keeps only the last position and the last revision of each
 * stream, so that an hour of events needs no memory.
 */
class Received {
  count = 0;
  position: bigint | undefined;
  readonly #revisions = new Map<string, bigint>();

  add(events: readonly RecordedEvent[]): void {
    for (const { context } of events) {
      assert.ok(this.position === undefined || context.position > this.position);
      assert.equal(context.revision, this.#revisions.get(context.stream) ?? 0n);
      this.position = context.position;
      this.#revisions.set(context.stream, context.revision + 1n);
      this.count++;
    }
  }
}

/**
 * Stops reading for the given time while others write, and reads the rest.
 * @returns the number of events.
 */
export async function stallingSubscriber(store: OpenedStore, milliseconds: number): Promise<number> {
  const pages = subscribe(store);
  const writers = new Writers(store, 0);
  const received = new Received();
  received.add((await pages.next()).value.events);
  await setTimeout(milliseconds);
  await writers.stop();
  while (received.count < writers.written) received.add((await pages.next()).value.events);
  await pages.return(undefined as never);
  return assertComplete(store, received);
}

/**
 * Reads in small pages with pauses while others write for the given time, and reads the rest with another subscription
 * in large pages.
 * @returns the number of events.
 */
export async function slowSubscriber(store: OpenedStore, milliseconds: number): Promise<number> {
  // The writers append at most 2,000 events per second, and the subscriber reads 350.
  const writers = new Writers(store, 4);
  let isWriting = true;
  const writing = setTimeout(milliseconds)
    .then(() => writers.stop())
    .finally(() => {
      isWriting = false;
    });
  const received = new Received();
  for await (const { events } of subscribe(store, { pageSize: 7 })) {
    received.add(events);
    if (!isWriting) break;
    await setTimeout(20);
  }
  await writing;
  const rest = subscribe(store, { after: received.position });
  while (received.count < writers.written) received.add((await rest.next()).value.events);
  await rest.return(undefined as never);
  return assertComplete(store, received);
}

/** No event is missing. */
async function assertComplete(store: OpenedStore, { count, position }: Received): Promise<number> {
  let stored = 0;
  let last: bigint | undefined;
  for await (const { context } of readEvents(store)) {
    stored++;
    last = context.position;
  }
  assert.deepEqual([count, position], [stored, last]);
  return stored;
}
