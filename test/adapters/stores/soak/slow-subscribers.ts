/** Subscribers that stall, or that are slower than the writers, for as long as the caller wants. */
import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import { readEvents, subscribe } from 'decidable';
import type { OpenedStore } from 'decidable/stores';
import { decision, envelope } from 'decidable/testing';

const WRITERS = 8;

/** Writers that append events to five streams until they are stopped. */
class Writers {
  written = 0;
  #isOver = false;
  readonly #running: Promise<unknown>;

  constructor(store: OpenedStore) {
    this.#running = Promise.all(Array.from({ length: WRITERS }, (_, writer) => this.#write(store, writer)));
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#running;
  }

  async #write(store: OpenedStore, writer: number): Promise<void> {
    for (let index = 0; !this.#isOver; index++) {
      await store.append(`s-${(writer + index) % 5}`, [envelope('Done')], { tag: 'any' }, decision());
      this.written++;
    }
  }
}

/**
 * Stops reading for the given time while others write, and reads the rest.
 * @returns the number of events.
 */
export async function stallingSubscriber(store: OpenedStore, milliseconds: number): Promise<number> {
  const pages = subscribe(store);
  const writers = new Writers(store);
  const seen = (await pages.next()).value.events.map(
    ({ context }: { context: { position: bigint } }) => context.position,
  );
  await setTimeout(milliseconds);
  await writers.stop();
  while (seen.length < writers.written) {
    for (const { context } of (await pages.next()).value.events) seen.push(context.position);
  }
  await pages.return(undefined as never);
  return assertComplete(store, seen);
}

/**
 * Reads in small pages with pauses while others write for the given time, and reads the rest without pauses.
 * @returns the number of events.
 */
export async function slowSubscriber(store: OpenedStore, milliseconds: number): Promise<number> {
  const writers = new Writers(store);
  let isWriting = true;
  const writing = setTimeout(milliseconds)
    .then(() => writers.stop())
    .finally(() => {
      isWriting = false;
    });
  const seen: bigint[] = [];
  for await (const { events } of subscribe(store, { pageSize: 7 })) {
    for (const { context } of events) seen.push(context.position);
    if (isWriting) await setTimeout(20);
    else if (seen.length >= writers.written) break;
  }
  await writing;
  return assertComplete(store, seen);
}

/** Each event was delivered once, in the order of the positions, and none is missing. */
async function assertComplete(store: OpenedStore, seen: readonly bigint[]): Promise<number> {
  let index = 0;
  for await (const { context } of readEvents(store)) assert.equal(seen[index++], context.position);
  assert.equal(seen.length, index);
  return index;
}
