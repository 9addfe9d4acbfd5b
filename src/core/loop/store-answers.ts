/** Checks the answers of a store, which may be written in JavaScript without types. */
import { CommandFailure } from '../errors.ts';
import type { Appended } from '../event-store.ts';
import type { RecordedEvent } from '../messages.ts';
import { storeCorrupt } from './failures.ts';

/**
 * Checks that a page has no gap, because a gap would lead to a state that the stream never had. Only the first and the
 * last revision are compared, because pages are in order.
 *
 * @throws CommandFailure `store` with the code `corrupt`.
 */
export function checkPage(stream: string, page: readonly RecordedEvent[], next: bigint, limit: number): void {
  if (Array.isArray(page) && page.length === 0) return;
  const [first, last] = Array.isArray(page) ? [revisionOf(page[0]), revisionOf(page.at(-1))] : [];
  if (first === next && last === next + BigInt(page.length - 1) && page.length <= limit) return;
  const returned = Array.isArray(page)
    ? `${page.length} events with the revisions ${first} to ${last}`
    : `a value of type ${typeof page}`;
  throw storeCorrupt(
    `expected at most ${limit} events from revision ${next} of stream ${JSON.stringify(stream)}, but the store returned ` +
      returned,
  );
}

function revisionOf(event: Partial<RecordedEvent> | undefined): bigint | undefined {
  return event?.context?.revision;
}

/**
 * Checks that a store describes the commit that it has stored. Otherwise a command would be acknowledged although
 * nothing may be stored.
 *
 * @throws CommandFailure `store` with the code `unknown-outcome`.
 */
export function checkAppended(stream: string, appended: Partial<Appended> | undefined, events: number): void {
  if (isOfCommit(appended ?? {}, events)) return;
  const message =
    `expected the revisions, the position, the time and the hash of a commit with ${events} events on stream ` +
    `${JSON.stringify(stream)}, but the append of the store returned something else; mend the store, and send the ` +
    'command again with the same command id';
  throw new CommandFailure({ tag: 'store', val: { code: 'unknown-outcome', message } }, message);
}

function isOfCommit(
  { firstRevision, firstPosition, revision, recordedAt, hash }: Partial<Appended>,
  events: number,
): boolean {
  if (typeof recordedAt !== 'bigint' || !ArrayBuffer.isView(hash)) return false;
  if (events === 0) return true;
  if (typeof firstRevision !== 'bigint' || typeof firstPosition !== 'bigint') return false;
  return revision === firstRevision + BigInt(events - 1);
}
