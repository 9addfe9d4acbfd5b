/** The fixtures of the suite's tests. */
import assert from 'node:assert/strict';
import { isAppendFailure, isStoreFailure } from '../../../core/errors.ts';
import type { AppendError, EventStore, ReadAllOptions, StoreError } from '../../../core/event-store.ts';
import type { Decision, Envelope, Precondition, RecordedEvent } from '../../../core/messages.ts';
import { readEvents } from '../../../core/storage/read-events.ts';
import { decision, envelope } from '../builders.ts';

export { decision, envelope };

/** A store that can be closed. The suite closes each store that it opens. */
export interface ClosableStore extends EventStore {
  close(): Promise<void>;
}

/** Registers a test with a new store. */
export type Check = (name: string, body: (store: ClosableStore) => Promise<void>) => void;

export const ANY: Precondition = { tag: 'any' };
export const NO_STREAM: Precondition = { tag: 'no-stream' };
export const STREAM_EXISTS: Precondition = { tag: 'stream-exists' };
export const at = (val: bigint): Precondition => ({ tag: 'at-revision', val });

export const rejected = (): Decision =>
  decision({ outcome: { tag: 'rejected', val: { code: 'no', message: 'not so', details: [['why', 'because']] } } });

export const some = (count: number, type = 'Done'): Envelope[] =>
  Array.from({ length: count }, (_, index) => envelope(type, Uint8Array.of(index & 255, index >> 8)));

export async function refused<Tag extends AppendError['tag']>(
  appending: Promise<unknown>,
  tag: Tag,
): Promise<Extract<AppendError, { tag: Tag }>> {
  const error = await errorOf(appending, tag);
  if (!isAppendFailure(error, tag)) throw error;
  return error.payload;
}

export async function failed<Tag extends StoreError['tag']>(
  reading: Promise<unknown>,
  tag: Tag,
): Promise<Extract<StoreError, { tag: Tag }>> {
  const error = await errorOf(reading, tag);
  if (!isStoreFailure(error, tag)) throw error;
  return error.payload;
}

/** Returns the error of a call that must fail. */
function errorOf(call: Promise<unknown>, tag: string): Promise<unknown> {
  return call.then(
    (value) => assert.fail(`expected ${tag} to be thrown, but the call returned ${value}`),
    (error: unknown) => error,
  );
}

export const all = (changes: Partial<ReadAllOptions> = {}): ReadAllOptions => ({
  direction: 'forward',
  categories: [],
  eventTypes: [],
  events: [],
  ...changes,
});

export async function collected(events: AsyncIterable<RecordedEvent>): Promise<RecordedEvent[]> {
  const found: RecordedEvent[] = [];
  for await (const event of events) found.push(event);
  return found;
}

export const readWhole = (store: EventStore, stream: string): Promise<RecordedEvent[]> =>
  collected(readEvents(store, { stream }));

export const revisions = (events: readonly RecordedEvent[]): bigint[] => events.map(({ context }) => context.revision);
